"""Norms and sums of constants along axes (ReduceL2, ReduceSum, ...)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra._typing import AnyArray
from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.values import Value, mapped

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["REDUCTIONS"]

_Step = Callable[[AnyArray], AnyArray]
_STEPS: dict[str, tuple[_Step, np.ufunc, _Step]] = {  # of each element, along axes, of the result
    "ReduceSum": (np.positive, np.add, np.positive),
    "ReduceMean": (np.positive, np.add, np.positive),
    "ReduceL1": (np.abs, np.add, np.positive),
    "ReduceL2": (np.square, np.add, np.sqrt),
    "ReduceSumSquare": (np.square, np.add, np.positive),
    "ReduceProd": (np.positive, np.multiply, np.positive),
    "ReduceMax": (np.positive, np.maximum, np.positive),
    "ReduceMin": (np.positive, np.minimum, np.positive),
}


def _reduced(
    x: AnyArray, *, operator: str, axes: tuple[int, ...], shape: tuple[int, ...], to: str
) -> AnyArray:
    before, along, after = _STEPS[operator]
    count = x.size // math.prod(shape) if operator == "ReduceMean" else 1
    with np.errstate(all="ignore"):
        real = after(along.reduce(before(x.astype(np.float64)), axes) / count)
        out: AnyArray = np.asarray(real).astype(to).reshape(shape)
    return out


def _reduce(call: Call, value: Value) -> list[Value | None]:
    ndim, given = len(value.shape), call.wholes("axes", 1)
    if value.dtype not in REALS or call.unknown(1) or not value.size:
        return [None]
    axes = {counted(axis, ndim) for axis in given or []}
    if not axes and call.whole("noop_with_empty_axes", 0):
        return [None]
    axes = axes or set(range(ndim))
    if not axes <= set(range(ndim)):
        return [None]
    keeps = call.whole("keepdims", 1)
    sides = [1 if i in axes else n for i, n in enumerate(value.shape) if keeps or i not in axes]
    function = partial(
        _reduced,
        operator=call.operator,
        axes=tuple(sorted(axes)),
        shape=tuple(sides),
        to=value.dtype,
    )
    return [mapped(value, function, sides)]


def _normalized(x: AnyArray, *, axis: int, order: int, to: str) -> AnyArray:
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        norm = np.linalg.norm(wide, order, axis, keepdims=True)
        out: AnyArray = np.where(norm == 0, 0, wide / norm).astype(to)
    return out


def _normalize(call: Call, value: Value) -> list[Value | None]:
    axis, order = counted(call.whole("axis", -1), len(value.shape)), call.whole("p", 2)
    if value.dtype not in REALS or not 0 <= axis < len(value.shape) or order not in (1, 2):
        return [None]
    function = partial(_normalized, axis=axis, order=order, to=value.dtype)
    return [mapped(value, function, value.shape)]


REDUCTIONS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    **dict.fromkeys(_STEPS, _reduce),
    "LpNormalization": _normalize,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
