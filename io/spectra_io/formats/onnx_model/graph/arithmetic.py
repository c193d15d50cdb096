"""Arithmetic: operators that make other numbers of constants, such as those that integers mean."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers int4 and its like with numpy)
import numpy as np

from spectra.models.lazy import Derived
from spectra.models.quantization import affine
from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.values import Value, mapped
from spectra_io.formats.onnx_model.numbers import dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray

__all__ = ["COMPUTATIONS", "dequantized", "with_helpers"]

_INTEGERS = ("int", "uint")
_RANGES = {
    **{f"int{bits}": (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for bits in (2, 4, 8, 16)},
    **{f"uint{bits}": (0, (1 << bits) - 1) for bits in (2, 4, 8, 16)},
}
_FLOATS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}


def _cast(call: Call, value: Value) -> list[Value | None]:
    dtype = dtype_name(call.whole("to", 0))
    if value.dtype == dtype or _FLOATS.get(value.dtype, 99) < _FLOATS.get(dtype, 0):
        # nothing is lost, and half the memory kept: what computes with it widens it
        return [replace(value, dtype=dtype)]
    known = dtype in _FLOATS and (value.dtype in _FLOATS or value.dtype.startswith(_INTEGERS))
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
    """Scale or shift one constant by another."""
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
    Let a function of one array take more of them, and say which tensors these are.

    Parameters
    ----------
    made : Value, optional
        What :func:`spectra_io.formats.onnx_model.graph.values.mapped` made of the array alone.
    inputs : sequence of Value or None
        What the function takes, in order; those left out are ``None``.
    helpers : sequence of Value or None
        Which of them are no weights themselves.

    Returns
    -------
    Value or None
        ``None`` if there is none to begin with.

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
    Return the real numbers that integers stand for.

    Parameters
    ----------
    value : Value
        The integers.
    scale : Value, optional
        One for all, one for each slice along `axis`, or one for each block of it.
    zero_point : Value, optional
        Of the same shape as the scale; 0 if left out.
    axis : int, optional
        Counted from the first.
    block_size : int, default: 0
        Numbers along the axis that have a scale together; 0 if it is not blocks.

    Returns
    -------
    Value or None
        ``None`` if the scale is not known.

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
    """Return one number without the axes that some exporters put around it."""
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
    least, most = _RANGES[to]
    with np.errstate(all="ignore"):
        shifted = np.rint(x / scale) + (0 if zero_point is None else zero_point.astype(np.float64))
        finite = np.nan_to_num(shifted, nan=0.0)
    out: AnyArray = finite.clip(least, most).astype(to)
    return out


def _quantize(call: Call, value: Value) -> list[Value | None]:
    """Round weights, as networks do that were trained for few bits."""
    scale, zero = call.input(1), call.input(2)
    to = zero.dtype if zero else "uint8"
    if scale is None or call.unknown(2) or to not in _RANGES or call.whole("block_size", 0):
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
"""What comes out of an operator, given its first input; ``None`` for what is not followed."""
