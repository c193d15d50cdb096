"""Constants made larger: repeated, padded, or filled with one number (Expand, Pad, ...)."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.models.lazy import Held
from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.values import Stored, Value, combined, mapped, of, small
from spectra_io.formats.onnx_model.numbers import single

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["FILLINGS"]

_MAX_NDIM = 32


def _bounded(value: Value | None) -> list[Value | None]:
    return [None if value is None or value.grown else value]


def _shape(call: Call, value: Value) -> list[Value | None]:
    """Return the shape of a constant, as a constant of its own."""
    ends = slice(call.whole("start", 0), call.whole("end", len(value.shape)))
    sides = np.array(value.shape[ends], np.int64)
    return [of(Stored(f"shape of {value.roots[0].name}", sides.shape, "int64", Held(sides)))]


def _expanded(x: AnyArray, *, sides: tuple[int, ...]) -> AnyArray:
    out: AnyArray = np.broadcast_to(x, sides)
    return out


def _expand(call: Call, value: Value) -> list[Value | None]:
    wanted = small(call.input(1))
    if wanted is None or len(wanted) > _MAX_NDIM or min(wanted, default=0) < 0:
        return [None]
    try:
        sides = np.broadcast_shapes(value.shape, tuple(wanted))
    except ValueError:
        return [None]
    return _bounded(mapped(value, _expanded, sides, sides=sides))


def _tiled(x: AnyArray, *, repeats: tuple[int, ...]) -> AnyArray:
    out: AnyArray = np.tile(x, repeats)
    return out


def _tile(call: Call, value: Value) -> list[Value | None]:
    repeats = small(call.input(1))
    if repeats is None or len(repeats) != len(value.shape) or min(repeats, default=0) < 0:
        return [None]
    sides = [n * times for n, times in zip(value.shape, repeats, strict=True)]
    return _bounded(mapped(value, _tiled, sides, repeats=tuple(repeats)))


def _full(shape: AnyArray, *, number: float, to: str) -> AnyArray:
    out: AnyArray = np.full(tuple(map(int, shape)), number).astype(to)
    return out


def _constant_of_shape(call: Call, value: Value) -> list[Value | None]:
    """Return an array filled with one number, as a constant of its own: none of it is stored."""
    sides = small(value)
    if sides is None or len(sides) > _MAX_NDIM or min(sides, default=0) < 0:
        return [None]
    number: AnyArray | None = np.zeros(1, np.float32)
    if "value" in call.attributes:
        number = single(call.attributes["value"].t)
    kind = "" if number is None else number.dtype.name
    if number is None or kind not in {*REALS, "bool"}:
        return [None]
    made = mapped(value, _full, sides, dtype=kind, number=float(number[0]), to=kind)
    if made is None or made.grown:
        return [None]
    return [of(Stored(f"filled by {call.label}", made.shape, kind, made.source, is_filled=True))]


def _padded(x: AnyArray, *fill: AnyArray, pads: tuple[tuple[int, int], ...]) -> AnyArray:
    number = fill[0].reshape(()) if fill else 0
    out: AnyArray = np.pad(x, pads, constant_values=number)
    return out


def _pad(call: Call, value: Value) -> list[Value | None]:
    """Return a constant with a margin of one number."""
    mode = call.attributes["mode"].s if "mode" in call.attributes else b"constant"
    pads, axes, ndim = call.wholes("pads", 1), small(call.input(3)), len(value.shape)
    fill = call.input(2)
    if mode != b"constant" or pads is None or any(map(call.unknown, (2, 3))):
        return [None]
    if call.number("value", 0) or (fill is not None and fill.size != 1):
        return [None]
    places = [counted(a, ndim) for a in (range(ndim) if axes is None else axes)]
    count = len(places)
    if len(pads) != 2 * count or min(pads, default=0) < 0 or not {*places} <= {*range(ndim)}:
        return [None]
    around = dict(zip(places, zip(pads[:count], pads[count:], strict=True), strict=True))
    every = tuple(around.get(i, (0, 0)) for i in range(ndim))
    sides = [n + before + after for n, (before, after) in zip(value.shape, every, strict=True)]
    function = partial(_padded, pads=every)
    return _bounded(combined(function, [value, fill], sides, main=value))


def _triangular(x: AnyArray, *, k: int, upper: bool) -> AnyArray:
    out: AnyArray = (np.triu if upper else np.tril)(x, k)
    return out


def _trilu(call: Call, value: Value) -> list[Value | None]:
    k, upper = small(call.input(1)), bool(call.whole("upper", 1))
    if call.unknown(1) or len(value.shape) < 2 or (k is not None and len(k) != 1):
        return [None]
    least = math.prod(value.shape[-2:])
    offset = min(max(k[0], -least), least) if k else 0
    return [mapped(value, _triangular, value.shape, k=offset, upper=upper)]


FILLINGS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    "Shape": _shape,
    "Expand": _expand,
    "Tile": _tile,
    "ConstantOfShape": _constant_of_shape,
    "Pad": _pad,
    "Trilu": _trilu,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
