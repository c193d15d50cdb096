"""Products with a constant matrix: MatMul, Gemm, Einsum and fused attention."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.operators._parts import (
    Around,
    Part,
    Unread,
    numbered,
    outputs,
    rows,
    upright,
)
from spectra_io.formats.onnx_model.graph.values import (
    Value,
    joined,
    mapped,
    reshaped,
    transposed,
)

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = [
    "FUSED",
    *("einsum", "gemm", "gemm_left", "heads", "keys_and_values", "left_factor", "right_factor"),
    *("router_and_expert", "stack", "times_alpha"),
]

_TERM = r"([a-zA-Z]*(?:\.\.\.)?[a-zA-Z]*)"
_EQUATION = re.compile(f"{_TERM},{_TERM}->{_TERM}")
FUSED = frozenset(("FusedMatMul", "FusedMatMulActivation", "TransposeMatMul"))
"""Products whose alpha is a factor that the network has beside them, of inputs or of the result."""

_MAX_EQUATION = 200  # characters; there are 52 letters for the axes
_LONGEST = 40  # characters of an equation in a reason


def _scaled(W: AnyArray, *, factor: float, to: str) -> AnyArray:
    wide = np.promote_types(to, np.float32)
    with np.errstate(over="ignore"):
        out: AnyArray = (W.astype(wide) * wide.type(factor)).astype(to)
    return out


def times_alpha(call: Call, value: Value) -> Value | None:
    """
    Multiply a weight by the attribute alpha of its product.

    Parameters
    ----------
    call : Call
        The product.
    value : Value
        The weight.

    Returns
    -------
    Value or None
        The weight itself if alpha is 1, and if it is not of real numbers; ``None`` if too many
        operators precede it.
    """
    factor = call.number("alpha", 1.0)
    if factor == 1 or value.dtype not in REALS:
        return value
    if value.pieces is not None:
        axis, pieces = value.pieces
        parts = [times_alpha(call, piece) for piece in pieces]
        kept = [part for part in parts if part is not None]
        return joined(kept, axis) if len(kept) == len(parts) else None
    function = partial(_scaled, factor=factor, to=value.dtype)
    return mapped(value, function, value.shape, elementwise=True)


def _with_alpha(call: Call, value: Value) -> Value | None:
    """Return a weight times alpha, unless an optimizer made alpha of a factor beside it."""
    return value if call.operator in FUSED else times_alpha(call, value)


def right_factor(call: Call, value: Value, around: Around) -> list[Part]:
    """Return W of x @ W, stored (in, out), or the matrices of a stack."""
    flipped = call.whole("transB", 0)  # of com.microsoft's FusedMatMul
    stack = _matrices_last(value, bool(call.whole("transBatchB", 0)))
    W = stack and _with_alpha(call, stack)
    return numbered(W, lambda W: outputs(call, W if flipped else upright(W), around))


def left_factor(call: Call, value: Value, around: Around) -> list[Part]:
    flipped = call.whole("transA", 0)
    stack = _matrices_last(value, bool(call.whole("transBatchA", 0)))
    W = stack and _with_alpha(call, stack)
    return numbered(W, lambda W: [Part("", upright(W) if flipped else W)])


def _matrices_last(value: Value, batch_last: bool) -> Value | None:
    """Return a stack (..., rows, columns); the first side may be stored next to the last."""
    ndim = len(value.shape)
    if not batch_last or ndim < 3:
        return value
    return transposed(value, (*range(1, ndim - 1), 0, ndim - 1))


def gemm(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    W = times_alpha(call, value)
    return outputs(call, W if call.whole("transB", 0) else W and upright(W), around)


def gemm_left(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    W = times_alpha(call, value)
    return [Part("", W and upright(W) if call.whole("transA", 0) else W)]


def einsum(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """
    Return (out, in), in being the summed indices.

    There is a matrix for each index that all terms share, and for each index of the weight and the
    result alone that comes before the summed ones, if another comes after them: the experts of
    ``td,edf->tef``.
    """
    given = call.attributes.get("equation")
    equation = given.s.decode("utf-8", "replace").replace(" ", "") if given else ""
    unread = Unread(f"equation {equation[:_LONGEST]!r}: not read", "unknown")
    if len(equation) > _MAX_EQUATION or not (match := _EQUATION.fullmatch(equation)):
        return unread
    at = 0 if call.input(0) is value else 1
    mine, other, result = match[1 + at], match[2 - at], match[3]
    if len(mine) != len(value.shape) or len(set(mine)) != len(mine) or "." in mine:
        return unread
    stacked = [c for c in mine if c in other and c in result]
    summed = [c for c in mine if c not in result]
    kept = [c for c in mine if c in result and c not in other]
    named = other.replace(".", "")
    if not summed or not set(summed) <= set(named) or len(set(named)) != len(named):
        return unread
    ahead = [c for c in kept if mine.index(c) < min(map(mine.index, summed))]
    if len(ahead) < len(kept):
        stacked, kept = [*stacked, *ahead], kept[len(ahead) :]
    moved = transposed(value, tuple(mine.index(c) for c in (*stacked, *kept, *summed)))
    sides = dict(zip(mine, value.shape, strict=True))
    shape = [math.prod(sides[c] for c in axes) for axes in (stacked, kept, summed)]
    return numbered(moved and reshaped(moved, shape), lambda W: [Part("", W)])


def stack(call: Call, value: Value, around: Around) -> list[Part]:
    """Return the matrices (out, in) of a stack, stored (..., in, out)."""
    return numbered(value, lambda W: [Part("", upright(W))])


def keys_and_values(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return k and v of com.microsoft's DecoderAttention, stored (in, k + v)."""
    if len(value.shape) != 2 or value.shape[1] % 2:
        return Unread("not twice as many columns as of k: not read", "unknown")
    matrix = upright(value)
    return rows(matrix, [value.shape[1] // 2] * 2, "kv") if matrix else [Part("", None)]


def router_and_expert(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the router, and gate and up of the shared expert, of RouterGateUpProj."""
    count = call.whole("router_size", 0)
    if len(value.shape) != 2 or not 0 < count < value.shape[1] or (value.shape[1] - count) % 2:
        return Unread(f"router_size {count}: not read", "unknown")
    matrix, half = upright(value), (value.shape[1] - count) // 2
    sizes = [count, half, half]
    return rows(matrix, sizes, ("router", "gate", "up")) if matrix else [Part("", None)]


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
