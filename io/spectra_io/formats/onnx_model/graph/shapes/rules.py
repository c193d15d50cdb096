"""Rules: sketches of the results of operators, given those of their inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.shapes._computing import COMPUTING, NEEDS_TWO
from spectra_io.formats.onnx_model.graph.shapes._moving import MOVING
from spectra_io.formats.onnx_model.graph.shapes._sides import MAX_NDIM
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.shapes.sketches import Sketch

__all__ = ["MAX_INPUTS", "sketches"]

MAX_INPUTS = 4096
"""Inputs of an operator of which anything is told; an operator in a real graph has fewer."""

_RULES = COMPUTING | MOVING
_DOMAINS = frozenset(
    ("", "ai.onnx", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")
)


def sketches(call: Call, given: Sequence[Sketch], /) -> list[Sketch]:
    """
    Return what is known of the outputs of an operator.

    Parameters
    ----------
    call : Call
        The operator.
    given : sequence of Sketch
        What is known of each input.

    Returns
    -------
    list of Sketch
        One for each output of which something is known, the first ones.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.shapes.sketches import Sketch
    >>> call = Call("MatMul", {}, ["x", "w"], [None, None], ["y"])
    >>> sketches(call, [Sketch((None, 5, 8)), Sketch((8, 24))])[0].shape
    (None, 5, 24)
    """
    if call.domain not in _DOMAINS or len(call.names) > MAX_INPUTS:
        return []
    rule = _RULES.get(call.operator) or _RULES.get(call.kind)
    needed = 2 if rule in NEEDS_TWO else 1
    operands = [given[index] for index in call.operands]
    if rule is None or len(operands) < needed:
        return []
    found = rule(call, operands)
    return [one if one.ndim is None or one.ndim <= MAX_NDIM else NOTHING for one in found]
