"""Purposes: the role of each input of an operator, and the rule that makes weights of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._attributes import KEPT
from spectra_io.formats.onnx_model.graph.operators._choices import chosen
from spectra_io.formats.onnx_model.graph.operators._onnxruntime import (
    BLOCKED,
    CHANNELS_LAST,
    ONNXRUNTIME,
)
from spectra_io.formats.onnx_model.graph.operators._parts import Purpose
from spectra_io.formats.onnx_model.graph.operators._products import FUSED, gemm_left, left_factor
from spectra_io.formats.onnx_model.graph.operators._scales import with_scales
from spectra_io.formats.onnx_model.graph.operators._standard import MACHINE_LEARNING, STANDARD
from spectra_io.formats.onnx_model.graph.operators._tables import block_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["ROLES", "biases", "kept", "place", "purpose"]

_LEFT = (left_factor, gemm_left)
_STANDARD = with_scales(STANDARD)

ROLES: Mapping[str, Mapping[str, Mapping[int, Purpose]]] = {
    "": _STANDARD,
    "ai.onnx": _STANDARD,
    "ai.onnx.ml": MACHINE_LEARNING,
    "com.microsoft": with_scales(ONNXRUNTIME),
    "com.microsoft.nchwc": BLOCKED,
    "com.ms.internal.nhwc": with_scales(CHANNELS_LAST),
}
"""Purposes of operator inputs by domain, operator and position; other inputs are constants."""


def biases(call: Call, /) -> list[int]:
    """
    Return the inputs of an operator that are biases.

    Parameters
    ----------
    call : Call
        The operator.

    Returns
    -------
    list of int
        Their positions.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> biases(Call("Conv", {}, ["x", "w", "b"], [None] * 3, ["y"]))
    [2]
    """
    known = ROLES["com.microsoft"].get(call.operator, {})
    return [index for index, one in known.items() if one.role == "bias"]


def kept(domain: str, operator: str, /) -> tuple[str, ...]:
    """
    Return the attributes of an operator that hold weights.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    operator : str
        Type of the operator.

    Returns
    -------
    tuple of str
        Their names; they count as its inputs after the first.

    Examples
    --------
    >>> kept("ai.onnx.ml", "LinearRegressor")
    ('coefficients', 'intercepts')
    """
    return KEPT.get(operator, ()) if domain == "ai.onnx.ml" else ()


def place(domain: str, call: Call, index: int, /) -> str:
    """
    Return the words for an input of an operator, or for an attribute that counts as one.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    call : Call
        The operator.
    index : int
        Position of the input.

    Returns
    -------
    str
        Words for a person.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> place("", Call("Gemm", {}, ["x", "w"], [None, None], ["y"]), 1)
    'input 1 of Gemm'
    """
    names = kept(domain, call.operator)
    known = names[index - 1] if 0 < index <= len(names) else ""
    beside = call.number("alpha", 1.0) if call.operator in FUSED else 1.0
    words = f", without the factor {beside:g} beside it" if beside != 1 else ""
    return f"{f'attribute {known}' if known else f'input {index}'} of {call.operator}{words}"


_CHOICES = {  # by operator: the rule for the stack that is its first input
    "Gather": chosen,
    "GatherND": chosen,
    "GatherBlockQuantized": block_stack,
}
_ADDS_VECTOR = {"Add", "Sum"}
_NOTHING, _BIAS = Purpose("constant"), Purpose("bias")


def purpose(domain: str, call: Call, index: int, /) -> Purpose:
    """
    Return the purpose of a constant input of an operator.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    call : Call
        The operator.
    index : int
        Position of the input.

    Returns
    -------
    Purpose
        The role, and the rule that makes weights of the input.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> purpose("", Call("Gemm", {}, ["x", "w"], [None, None], ["y"]), 1).role
    'dense'
    """
    value = call.input(index)
    vector = value is not None and sum(size > 1 for size in value.shape) == 1
    if call.operator in _ADDS_VECTOR and vector and None in call.inputs:
        return _BIAS
    if not index and call.operator in _CHOICES and value is not None and len(value.shape) == 3:
        return Purpose("dense", _CHOICES[call.operator])
    found = ROLES.get(domain, {}).get(call.operator, {}).get(index, _NOTHING)
    # in a product of two constants, the first is the activations
    left = found.parts in _LEFT and call.input(1) is not None
    # a product that is cut into heads is made of positions and a weight
    heads = found.role == "dense" and value is not None and value.product and len(value.shape) > 2
    return _NOTHING if left or heads else found
