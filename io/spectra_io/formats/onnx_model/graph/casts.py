"""Casts of constants from one number type to another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers bfloat16 and its like with numpy)
import numpy as np

from spectra.dtypes import DTYPES
from spectra_io.formats.onnx_model.graph.values import Value, mapped, retyped
from spectra_io.formats.onnx_model.numbers import dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["CASTS", "INTEGERS", "REALS"]

REALS = {t.name: t.bits for t in DTYPES if t.kind == "float" and t.bits >= 16}
"""Bits of the types that arithmetic is done with, by name."""

INTEGERS = {t.name: t.bits for t in DTYPES if t.kind == "integer"}
"""Bits of the integer types, by name."""

_NARROW = {  # the largest number of each
    "float8_e4m3fn": 448.0,
    "float8_e4m3fnuz": 240.0,
    "float8_e5m2": 57344.0,
    "float8_e5m2fnuz": 57344.0,
    "float6_e2m3fn": 7.5,
    "float6_e3m2fn": 28.0,
    "float4_e2m1fn": 6.0,
}
_POWERS = {"float8_e8m0fnu"}
_KNOWN = {*REALS, *INTEGERS, *_NARROW, *_POWERS, "bool"}


def _cast(call: Call, value: Value) -> list[Value | None]:
    return [_as(value, dtype_name(call.whole("to", 0)), saturated=bool(call.whole("saturate", 1)))]


def _cast_like(call: Call, value: Value) -> list[Value | None]:
    other = call.input(1)
    saturated = bool(call.whole("saturate", 1))
    return [None if other is None else _as(value, other.dtype, saturated=saturated)]


def _as(value: Value, dtype: str, *, saturated: bool) -> Value | None:
    if value.dtype == dtype or REALS.get(value.dtype, 99) < REALS.get(dtype, 0):
        # left narrow: nothing is lost, and the next operator widens the numbers itself
        return retyped(value, dtype)
    if value.dtype not in _KNOWN:
        return None
    if dtype in REALS or (dtype == "bool" and value.dtype not in _POWERS):
        return mapped(value, _as_type, value.shape, dtype=dtype, elementwise=True, to=dtype)
    if dtype in _NARROW and value.dtype in REALS:
        function = partial(_as_narrow, to=dtype, saturated=saturated)
        return mapped(value, function, value.shape, dtype=dtype, elementwise=True)
    return None


def _as_type(array: AnyArray, *, to: str) -> AnyArray:
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = array.astype(to)
        return out


def _as_narrow(array: AnyArray, *, to: str, saturated: bool) -> AnyArray:
    """Return floats of 8 bits or fewer; too large ones become the largest if saturated."""
    if not saturated:
        return _as_type(array, to=to)
    largest = np.float32(_NARROW[to])
    wide = array.astype(np.promote_types(array.dtype, np.float32))
    return _as_type(wide.clip(-largest, largest), to=to)


CASTS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    "Cast": _cast,
    "CastLike": _cast_like,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
