"""Gates of recurrent cells: LSTM, GRU and RNN, and LSTM of integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.models.structure import GATES
from spectra_io.formats.onnx_model.graph.operators._parts import (
    UNKNOWN_SCALE,
    Around,
    Part,
    Rule,
    Unread,
    misfit,
)
from spectra_io.formats.onnx_model.graph.values import Value, combined, cut, reshaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["gates", "integer_gates"]


def gates(call: Call, value: Value, around: Around) -> list[Part]:
    """Return the gates of W or R, (directions, gates x hidden, columns)."""
    known = GATES["onnx"]
    return _gates(value, known.get(call.operator, known["LSTM"]))


def _gates(value: Value | None, gates: Sequence[str]) -> list[Part]:
    if value is None or len(value.shape) != 3 or value.shape[1] % len(gates):
        return []
    directions, height, columns = value.shape
    if directions not in (1, 2):
        return []
    hidden, found = height // len(gates), []
    names = ("forward", "reverse") if directions == 2 else ("",)
    for d, direction in enumerate(names):
        for g, gate in enumerate(gates):
            one = cut(value, 0, d, d + 1)
            part = one and cut(one, 1, g * hidden, (g + 1) * hidden)
            matrix = part and reshaped(part, (hidden, columns))
            found.append(Part(".".join(filter(None, [direction, gate])), matrix))
    return found


def integer_gates(scale: int, zero: int) -> Rule:
    """
    Return the rule for W or R of com.microsoft's DynamicQuantizeLSTM.

    They are stored as (directions, columns, gates x hidden), unlike those of LSTM, with a scale
    and a zero point for each direction, or for each direction and row of the gates.
    """

    def rule(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        scales, zeros = call.input(scale), call.input(zero)
        if scales is None or call.unknown(zero):
            return UNKNOWN_SCALE
        if len(value.shape) != 3:
            return []
        directions, columns, height = value.shape
        shapes = ((directions,), (directions, 1), (directions, height))
        if fault := misfit(call, scale, *shapes) or misfit(call, zero, *shapes):
            return fault
        shape = (directions, height, columns)
        given = [value, scales, zeros]
        made = combined(_real, given, shape, main=value, dtype=scales.dtype)
        return _gates(made, GATES["onnx"]["LSTM"]) if made else [Part("", None)]

    return rule


def _real(q: AnyArray, scales: AnyArray, zeros: AnyArray | None = None) -> AnyArray:
    """Return real numbers, the rows of the gates before the columns."""
    sides = (len(q), -1, 1)
    numbers = q.swapaxes(1, 2).astype(np.int32)
    if zeros is not None:
        numbers = numbers - zeros.reshape(sides).astype(np.int32)
    out: AnyArray = numbers.astype(scales.dtype) * scales.reshape(sides)
    return out
