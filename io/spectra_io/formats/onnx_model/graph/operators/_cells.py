"""Gates of recurrent cells: LSTM, GRU and RNN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.models.structure import GATES
from spectra_io.formats.onnx_model.graph.operators._parts import Around, Part
from spectra_io.formats.onnx_model.graph.values import Value, cut, reshaped

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["gates"]


def gates(call: Call, value: Value | None, around: Around) -> list[Part]:
    """Return the gates of W or R, (directions, gates x hidden, columns)."""
    gates = GATES["onnx"][call.operator]
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
