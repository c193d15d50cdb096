"""Products of two constant matrices, as of the factors of a low-rank update."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.values import Value, combined

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["PRODUCTS"]

_FLOPS = 64  # multiplications of a matrix product in the time of an elementwise operation


def _turned(x: AnyArray, turned: bool) -> AnyArray:
    return x.swapaxes(-1, -2) if turned and x.ndim > 1 else x


def _product(
    a: AnyArray,
    b: AnyArray,
    *added: AnyArray,
    turned: tuple[bool, bool],
    factors: tuple[float, float],
    to: str,
) -> AnyArray:
    wide = np.promote_types(to, np.float32)
    with np.errstate(all="ignore"):
        out = _turned(a.astype(wide), turned[0]) @ _turned(b.astype(wide), turned[1])
        if factors[0] != 1:
            out = out * wide.type(factors[0])
        for c in added:
            out = out + c.astype(wide) * wide.type(factors[1])
        real: AnyArray = out.astype(to)
    return real


def _shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of a product of arrays, as of numpy.matmul."""
    if not a or not b or a[-1] != b[max(len(b) - 2, 0)]:
        return None
    try:
        ahead = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return None
    return (*ahead, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def _multiplied(
    call: Call, value: Value, turned: tuple[bool, bool], added: Value | None = None
) -> list[Value | None]:
    other = call.input(1)
    given = [v for v in (value, other, added) if v is not None]
    if other is None or {v.dtype for v in given} - {*REALS}:
        return [None]
    sides = [
        (*v.shape[:-2], *v.shape[-2:][::-1]) if turn and len(v.shape) > 1 else v.shape
        for v, turn in zip((value, other), turned, strict=True)
    ]
    if (shape := _shape(sides[0], sides[1])) is None:
        return [None]
    factors = (call.number("alpha", 1.0), call.number("beta", 1.0))
    summed = added is not None and added.size == math.prod(shape)
    main = added if added is not None and summed else max(other, value, key=lambda v: v.size)
    made = combined(
        partial(_product, turned=turned, factors=factors, to=main.dtype),
        given,
        shape,
        main=main,
        joins=True,
        work=math.prod(shape) * (1 + sides[0][-1] // _FLOPS),
    )
    return [None if made is None else replace(made, product=not summed)]


def _matmul(call: Call, value: Value) -> list[Value | None]:
    plain = not any(call.whole(name, 0) for name in ("transBatchA", "transBatchB"))
    turned = (bool(call.whole("transA", 0)), bool(call.whole("transB", 0)))
    return _multiplied(call, value, turned) if plain and len(call.inputs) == 2 else [None]


def _gemm(call: Call, value: Value) -> list[Value | None]:
    other, added = call.input(1), call.input(2)
    if other is None or call.unknown(2) or not len(value.shape) == len(other.shape) == 2:
        return [None]
    turned = (bool(call.whole("transA", 0)), bool(call.whole("transB", 0)))
    return _multiplied(call, value, turned, added)


PRODUCTS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    **dict.fromkeys(("MatMul", "FusedMatMul", "TransposeMatMul"), _matmul),
    "Gemm": _gemm,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
