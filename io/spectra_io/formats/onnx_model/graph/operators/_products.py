"""Products with a constant matrix: MatMul, Gemm, Einsum, fused attention, and tables of Gather."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._parts import (
    Around,
    Part,
    numbered,
    outputs,
    rows,
    upright,
)
from spectra_io.formats.onnx_model.graph.values import Value, reshaped, transposed

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["einsum", "gemm", "gemm_left", "heads", "left_factor", "right_factor", "table"]

_EQUATION = re.compile(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]*)")


def right_factor(call: Call, value: Value, around: Around) -> list[Part]:
    """Return W of x @ W, stored (in, out), or the matrices of a stack."""
    flipped = call.whole("transB", 0)  # of com.microsoft's FusedMatMul
    return numbered(value, lambda W: outputs(call, W if flipped else upright(W), around))


def left_factor(call: Call, value: Value, around: Around) -> list[Part]:
    flipped = call.whole("transA", 0)
    return numbered(value, lambda W: [Part("", upright(W) if flipped else W)])


def gemm(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    return outputs(call, value if call.whole("transB", 0) else upright(value), around)


def gemm_left(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    return [Part("", upright(value) if call.whole("transA", 0) else value)]


def table(call: Call, value: Value, around: Around) -> list[Part]:
    return [Part("", value)] if len(value.shape) == 2 else []


def einsum(call: Call, value: Value, around: Around) -> list[Part]:
    """Return (out, in), in being the summed indices, for each index that all terms share."""
    if "equation" not in call.attributes:
        return []
    equation = call.attributes["equation"].s.decode("utf-8", "replace").replace(" ", "")
    if not (match := _EQUATION.fullmatch(equation)):
        return []
    at = 0 if call.input(0) is value else 1
    mine, other, result = match[1 + at], match[2 - at], match[3]
    if len(mine) != len(value.shape) or len(set(mine)) != len(mine):
        return []
    stacked = [c for c in mine if c in other and c in result]
    summed = [c for c in mine if c not in result]
    kept = [c for c in mine if c in result and c not in other]
    moved = transposed(value, tuple(mine.index(c) for c in (*stacked, *kept, *summed)))
    sides = dict(zip(mine, value.shape, strict=True))
    shape = [math.prod(sides[c] for c in axes) for axes in (stacked, kept, summed)]
    return numbered(moved and reshaped(moved, shape), lambda W: [Part("", W)])


def heads(call: Call, value: Value | None, around: Around) -> list[Part]:
    """Return q, k and v of com.microsoft's Attention, stored (in, q + k + v)."""
    if value is None or len(value.shape) != 2:
        return []
    columns = value.shape[1]
    given = call.attributes.get("qkv_hidden_sizes")
    sizes = list(given.ints) if given else [columns // 3] * 3
    matrix = upright(value)
    if len(sizes) != 3 or sum(sizes) != columns or min(sizes) < 0 or matrix is None:
        return [Part("", matrix)]
    return rows(matrix, sizes, "qkv")
