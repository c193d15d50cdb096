"""Parts of an operator's input: the matrices and kernels that the operator computes with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.models.tensors import MOST_PARTS
from spectra_io.formats.onnx_model.graph.calls import Call
from spectra_io.formats.onnx_model.graph.fates import groups, role
from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings
from spectra_io.formats.onnx_model.graph.values import Value, cut, picked, reshaped, transposed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    *("UNKNOWN_SCALE", "Around", "Part", "Purpose", "Rule", "Unread"),
    *("bounded", "misfit", "numbered", "outputs", "rows", "upright"),
]


class Part(NamedTuple):
    """
    A weight of an operator, as a matrix or kernel.

    Examples
    --------
    >>> Part("i", None).groups
    1
    """

    label: str
    """Name of the part, if the operator has several weights in one input."""
    value: Value | None
    """A matrix (out, in), or a kernel (out, in, positions...); ``None`` if it is not known."""
    groups: int = 1
    """Number of groups of a convolution."""


Around = Surroundings


class Unread(NamedTuple):
    """
    The reason why no weights are made of an input.

    Examples
    --------
    >>> Unread("3 bits: not read").role
    'quantized'
    """

    reason: str
    """What was seen, for a person."""
    role: str = "quantized"
    """One of :data:`spectra.models.roles.ROLES`."""


UNKNOWN_SCALE = Unread("its scale is not known")
"""The reason of integers whose scale the network computes."""

Rule = Callable[[Call, Value, Around], list[Part] | Unread]
"""Function that makes weights of an input, or returns the reason why it does not."""


class Purpose(NamedTuple):
    """
    The role of an input of an operator, and the rule that makes weights of it.

    Examples
    --------
    >>> Purpose("bias").parts is None
    True
    """

    role: str
    """One of :data:`spectra.models.roles.ROLES`."""
    parts: Rule | None = None
    """Rule that returns the weights, or the reason why there are none."""


def bounded(parts: list[Part] | Unread) -> list[Part] | Unread:
    """Return weights, or the reason if one takes too much work for the stored numbers."""
    if isinstance(parts, Unread):
        return parts
    for value in (part.value for part in parts):
        if value is None:
            return Unread("computed in more steps than are followed", "unknown")
        main = value.roots[0]
        if value.size > 1 and (main.is_filled or math.prod(main.shape) <= 1):
            return Unread("filled with one number", "constant")
        if value.grown:
            return Unread(f"{value.size} elements made of {value.stored} stored ones", "unknown")
    return parts


def misfit(call: Call, index: int, *shapes: tuple[int, ...]) -> Unread | None:
    """Return the reason if a constant input has none of these shapes, the usual one last."""
    value = call.input(index) if index >= 0 else None
    if value is None or value.shape in shapes:
        return None
    seen, wanted = ("x".join(map(str, shape)) or "1" for shape in (value.shape, shapes[-1]))
    return Unread(f"input {index} has the shape {seen}, not {wanted}")


def numbered(value: Value | None, make: Callable[[Value], list[Part]]) -> list[Part]:
    """Return the parts of every matrix of a stack, (..., rows, columns)."""
    if value is None or value.depth > 30:
        return [Part("", None)]
    ahead = value.shape[:-2]
    if len(value.shape) < 2 or math.prod(ahead) > MOST_PARTS:
        return []
    if not ahead:
        return make(value)
    found = []
    for i in range(value.shape[0]):
        one = cut(value, 0, i, i + 1)
        inner = one and reshaped(one, one.shape[1:])
        parts = numbered(inner or None, make)
        several = value.shape[0] > 1
        found += [
            p._replace(label=".".join(filter(None, [str(i) if several else "", p.label])))
            for p in parts
        ]
    return found


def rows(value: Value, sizes: Sequence[int], labels: Sequence[str] = ()) -> list[Part]:
    """Cut a matrix (out, in) into parts of its outputs."""
    names = labels or [str(i) for i in range(len(sizes))]
    if len(sizes) < 2:
        return [Part("", value)]
    ends = np.cumsum(sizes).tolist()
    return [
        Part(name, cut(value, 0, end - size, end))
        for name, size, end in zip(names, sizes, ends, strict=True)
        if size
    ]


def upright(value: Value) -> Value | None:
    """Return a matrix that is stored (in, out) as (out, in)."""
    return transposed(value, (1, 0))


def outputs(call: Call, value: Value | None, around: Around, axis: int = -1) -> list[Part]:
    """Return a matrix (out, in), split as the network uses the columns of the result."""
    if value is None:
        return [Part("", None)]
    place = Place(around, call.outputs[0] if call.outputs else "")
    found = groups(place, value.shape[0], axis=axis) if call.outputs else ()
    if not found:  # what was cut from a matrix is told apart by its use
        return [Part(role(place) if value.label else "", value)]
    return [Part(one.label, picked(value, one.runs)) for one in found]
