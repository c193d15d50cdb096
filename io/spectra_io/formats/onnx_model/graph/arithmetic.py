"""Arithmetic and dequantization of constants (Cast, Mul, DequantizeLinear, ...)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers int4 and its like with numpy)
import numpy as np

from spectra.dtypes import DTYPES
from spectra.models.lazy import Derived
from spectra.models.quantization import affine
from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.values import Value, mapped
from spectra_io.formats.onnx_model.numbers import dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray

__all__ = ["COMPUTATIONS", "dequantized", "with_helpers"]

_INTEGERS = {t.name: t.bits for t in DTYPES if t.kind == "integer"}
_QUANTIZED = {name: bits for name, bits in _INTEGERS.items() if bits <= 16}  # by QuantizeLinear
_FLOATS = {t.name: t.bits for t in DTYPES if t.kind == "float" and t.bits >= 16}


def _cast(call: Call, value: Value) -> list[Value | None]:
    dtype = dtype_name(call.whole("to", 0))
    if value.dtype == dtype or _FLOATS.get(value.dtype, 99) < _FLOATS.get(dtype, 0):
        # left narrow: nothing is lost, and the next operator widens the numbers itself
        return [replace(value, dtype=dtype)]
    known = dtype in _FLOATS and value.dtype in {**_FLOATS, **_INTEGERS}
    return [mapped(value, _as_type, value.shape, dtype=dtype, to=dtype) if known else None]


def _as_type(array: AnyArray, *, to: str) -> AnyArray:
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = array.astype(to)
        return out


_ARITHMETIC = {"Mul": np.multiply, "Div": np.divide, "Add": np.add, "Sub": np.subtract}


def _computed(*arrays: AnyArray, operator: str, to: str) -> AnyArray:
    with np.errstate(all="ignore"):
        out: AnyArray = _ARITHMETIC[operator](*(a.astype(to, copy=False) for a in arrays))
    return out


def _arithmetic(call: Call, value: Value) -> list[Value | None]:
    """Return a constant scaled or shifted by another."""
    other = call.input(1)
    if other is None or len(call.inputs) != 2 or {value.dtype, other.dtype} - set(_FLOATS):
        return [None]
    main, helper = (value, other) if value.size >= other.size else (other, value)
    try:
        shape = np.broadcast_shapes(value.shape, other.shape)
    except ValueError:
        return [None]
    if math.prod(shape) != main.size or max(main.depth, helper.depth) > 40:
        return [None]
    function = mapped(main, _computed, shape, operator=call.operator, to=main.dtype)
    return [with_helpers(function, (value, other), (helper,))]


def with_helpers(
    made: Value | None, inputs: Sequence[Value | None], helpers: Sequence[Value | None]
) -> Value | None:
    """
    Extend a function of one array to several arrays, some of them scales or zero points.

    Parameters
    ----------
    made : Value, optional
        Result of :func:`spectra_io.formats.onnx_model.graph.values.mapped` for the first array.
    inputs : sequence of Value or None
        Arrays that the function takes, in order; ``None`` for an optional one.
    helpers : sequence of Value or None
        Arrays among `inputs` that are not weights, such as scales.

    Returns
    -------
    Value or None
        The result; ``None`` if `made` is.

    Examples
    --------
    >>> with_helpers(None, [], []) is None
    True
    """
    if made is None or not isinstance(made.source, Derived):
        return None
    given = [v for v in inputs if v is not None]
    stored = [root for v in helpers if v is not None for root in (*v.roots, *v.helpers)]
    kept = {id(s): s for s in (*made.helpers, *stored) if s not in made.roots}
    return Value(
        made.shape,
        made.dtype,
        Derived(made.source.function, tuple(v.source for v in given)),
        made.roots,
        tuple(kept.values()),
        made.label,
        depth=1 + max(v.depth for v in given),
    )


def dequantized(
    value: Value,
    scale: Value | None,
    zero_point: Value | None,
    /,
    *,
    axis: int | None = None,
    block_size: int = 0,
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
    if scale is None or scale.dtype not in _FLOATS or scale.size > max(value.size, 1):
        return None
    if len(scale.shape) == 1 and scale.size == 1:
        axis = None
    at = None if axis is None or not scale.shape else axis
    made = mapped(
        value, _real, value.shape, dtype=scale.dtype, axis=at, block_size=block_size, to=scale.dtype
    )
    return with_helpers(made, (value, scale, zero_point), (scale, zero_point))


def _single(array: AnyArray) -> AnyArray:
    """Return an array of one number without its axes, which some exporters add."""
    return array.reshape(()) if array.size == 1 else array


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
    return affine(q, scale, zero_point, axis=axis, block_size=block_size)


def _dequantize(call: Call, value: Value) -> list[Value | None]:
    scale, zero = call.input(1), call.input(2)
    if call.unknown(2):
        return [None]
    axis = counted(call.whole("axis", 1), len(value.shape))
    return [dequantized(value, scale, zero, axis=axis, block_size=call.whole("block_size", 0))]


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
    axis = at if scale.shape else None
    made = mapped(value, _rounded, value.shape, dtype=to, axis=axis, to=to)
    return [with_helpers(made, (value, scale, zero), (scale, zero))]


COMPUTATIONS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    "Cast": _cast,
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
