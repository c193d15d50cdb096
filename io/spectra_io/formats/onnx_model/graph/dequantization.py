"""Dequantization and rounding of constants (DequantizeLinear, QuantizeLinear)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.models.quantization import affine
from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.casts import INTEGERS, REALS
from spectra_io.formats.onnx_model.graph.values import Value, combined, cut
from spectra_io.formats.onnx_model.numbers import dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray

__all__ = ["DEQUANTIZATIONS", "dequantized"]

_QUANTIZED = {name: bits for name, bits in INTEGERS.items() if bits <= 16}  # by QuantizeLinear
_POWERS = "float8_e8m0fnu"  # scales that are powers of two


def dequantized(
    value: Value,
    scale: Value | None,
    zero_point: Value | None,
    /,
    *,
    axis: int | None = None,
    block_size: int = 0,
    dtype: str = "",
) -> Value | None:
    """
    Dequantize integers of a graph.

    Parameters
    ----------
    value : Value
        The integers.
    scale : Value, optional
        A single scale, one scale per slice along `axis`, or one per block.
    zero_point : Value, optional
        Zero points in the shape of the scale; 0 by default.
    axis : int, optional
        Axis of the scales, not negative.
    block_size : int, default: 0
        Numbers along the axis that share a scale; 0 for a whole slice.
    dtype : str, optional
        Type of the result; by default that of the scale.

    Returns
    -------
    Value or None
        Real numbers; ``None`` if the scale is not known.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.values import Stored, of
    >>> q = of(Stored("q", (3,), "int8", lambda: np.arange(3, dtype=np.int8)))
    >>> s = of(Stored("s", (), "float32", lambda: np.float32(0.5)))
    >>> dequantized(q, s, None).source()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if scale is None or scale.dtype not in {*REALS, _POWERS} or scale.size > max(value.size, 1):
        return None
    spread = max(scale.size, 1 if zero_point is None else zero_point.size) > 1
    at = axis if block_size or spread else None
    to = dtype or ("float32" if scale.dtype == _POWERS else scale.dtype)
    function = partial(_real, axis=at, block_size=block_size, to=to)
    made = combined(function, [value, scale, zero_point], value.shape, main=value, dtype=to)

    def slices(along: int, start: int, stop: int) -> Value | None:
        """Dequantize a slice, with the scales of the slice."""
        part = cut(value, along, start, stop)
        mine = [_slice(given, value, at, along, start, stop) for given in (scale, zero_point)]
        if part is None or mine[0] is None or (block_size and along == at):
            return None
        if zero_point is not None and mine[1] is None:
            return None
        return dequantized(part, *mine, axis=at, block_size=block_size, dtype=to)

    return made and replace(made, slices=slices)


def _slice(
    given: Value | None, value: Value, axis: int | None, along: int, start: int, stop: int
) -> Value | None:
    """Return the scales or zero points of a slice; one that others share as it is."""
    if given is None or given.size == 1 or (len(given.shape) == 1 and along != axis):
        return given
    own = 0 if len(given.shape) == 1 else along
    same = own < len(given.shape) and given.shape[own] == value.shape[along]
    return cut(given, own, start, stop) if same else None


def _single(array: AnyArray) -> AnyArray:
    """Return an array of one number without its axes, which some exporters add."""
    return array.reshape(()) if array.size == 1 else array


def _spread(array: AnyArray, count: int) -> AnyArray:
    """Return one number as often as others stand beside it."""
    return np.broadcast_to(array.reshape(()), (count,)) if array.size == 1 else array


def _real(
    q: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    *,
    axis: int | None,
    block_size: int,
    to: str,
) -> AnyArray:
    scale = scale.astype(to, copy=False)
    if axis is None:
        scale, zero_point = _single(scale), None if zero_point is None else _single(zero_point)
    elif not block_size and 0 <= axis < q.ndim:
        scale = _spread(scale, q.shape[axis])
        zero_point = None if zero_point is None else _spread(zero_point, q.shape[axis])
    return affine(q, scale, zero_point, axis=axis, block_size=block_size)


def _dequantize(call: Call, value: Value) -> list[Value | None]:
    scale, zero = call.input(1), call.input(2)
    if call.unknown(2):
        return [None]
    axis = counted(call.whole("axis", 1), len(value.shape))
    made = dtype_name(call.whole("output_dtype", 0))
    return [
        dequantized(
            value,
            scale,
            zero,
            axis=axis,
            block_size=call.whole("block_size", 0),
            dtype=made if made in REALS else "",
        )
    ]


def _rounded(
    x: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    *,
    axis: int | None,
    to: str,
) -> AnyArray:
    """Return the integers nearest to x / scale + zero_point, ties to even."""
    if axis is not None:
        sides = [-1 if i == axis else 1 for i in range(x.ndim)]
        scale = scale.reshape(sides)
        zero_point = None if zero_point is None else zero_point.reshape(sides)
    bits = _QUANTIZED[to]
    least = 0 if to.startswith("u") else -(1 << (bits - 1))
    with np.errstate(all="ignore"):
        shifted = np.rint(x / scale) + (0 if zero_point is None else zero_point.astype(np.float64))
        finite = np.nan_to_num(shifted, nan=0.0)
    out: AnyArray = finite.clip(least, least + (1 << bits) - 1).astype(to)
    return out


def _quantize(call: Call, value: Value) -> list[Value | None]:
    """Return rounded weights, of a network trained for few bits."""
    scale, zero = call.input(1), call.input(2)
    to = zero.dtype if zero else "uint8"
    if scale is None or call.unknown(2) or to not in _QUANTIZED or call.whole("block_size", 0):
        return [None]
    at = counted(call.whole("axis", 1), len(value.shape))
    if scale.shape not in ((), value.shape[at : at + 1]):
        return [None]
    if zero is not None and zero.shape != scale.shape and (scale.shape or zero.shape != (1,)):
        return [None]
    function = partial(_rounded, axis=at if scale.shape else None, to=to)
    given, alike = [value, scale, zero], not scale.shape
    made = combined(function, given, value.shape, main=value, dtype=to, elementwise=alike)
    return [made]


DEQUANTIZATIONS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
