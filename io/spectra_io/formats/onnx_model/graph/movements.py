"""Shape operators (Transpose, Reshape, Split, ...)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.values import (
    Value,
    cut,
    joined,
    reshaped,
    small,
    transposed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOVEMENTS", "split_sizes"]

_MAX_NDIM = 32


def _reshaped(value: Value, shape: Sequence[int]) -> Value | None:
    if math.prod(shape) != value.size or min(shape, default=0) < 0:
        return None
    if tuple(shape) == value.shape:
        return value
    return reshaped(value, shape)


def _same(call: Call, value: Value) -> list[Value | None]:
    return [value]


def _transpose(call: Call, value: Value) -> list[Value | None]:
    given = call.attributes.get("perm")
    axes = tuple(given.ints) if given else tuple(reversed(range(len(value.shape))))
    return [transposed(value, axes)]


def _reshape(call: Call, value: Value) -> list[Value | None]:
    wanted = call.wholes("shape", 1)
    if wanted is None or wanted.count(-1) > 1 or len(wanted) > _MAX_NDIM:
        return [None]
    keeps = not call.whole("allowzero", 0)
    shape = [
        value.shape[i] if keeps and n == 0 and i < len(value.shape) else n
        for i, n in enumerate(wanted)
    ]
    if -1 in shape:
        rest = math.prod(n for n in shape if n != -1)
        shape[shape.index(-1)] = value.size // rest if rest else 0
    return [_reshaped(value, shape)]


def _flatten(call: Call, value: Value) -> list[Value | None]:
    axis = counted(call.whole("axis", 1), len(value.shape))
    return [_reshaped(value, (math.prod(value.shape[:axis]), math.prod(value.shape[axis:])))]


def _squeeze(call: Call, value: Value) -> list[Value | None]:
    ndim = len(value.shape)
    given = call.wholes("axes", 1)
    if call.unknown(1):
        return [None]
    ones = {i for i in range(ndim) if value.shape[i] == 1}
    axes = ones if given is None else {counted(a, ndim) for a in given}
    if not axes <= ones:
        return [None]
    return [_each_piece(value, [n for i, n in enumerate(value.shape) if i not in axes])]


def _unsqueeze(call: Call, value: Value) -> list[Value | None]:
    given = call.wholes("axes", 1)
    if given is None or len(given) + len(value.shape) > _MAX_NDIM:
        return [None]
    ndim = len(value.shape) + len(given)
    axes = {counted(a, ndim) for a in given}
    if len(axes) != len(given) or any(not 0 <= a < ndim for a in axes):
        return [None]
    sides = iter(value.shape)
    return [_each_piece(value, [1 if i in axes else next(sides) for i in range(ndim)])]


def _each_piece(value: Value, shape: Sequence[int]) -> Value | None:
    """Insert or remove axes of length one; a joined value stays joined, along the moved axis."""
    if value.pieces is None:
        return _reshaped(value, shape)
    along, pieces = value.pieces
    before, length = math.prod(value.shape[:along]), value.shape[along]
    places = (i for i, n in enumerate(shape) if n == length and math.prod(shape[:i]) == before)
    if (place := next(places, None)) is None:
        return _reshaped(value, shape)
    moved = [_reshaped(p, [*shape[:place], p.shape[along], *shape[place + 1 :]]) for p in pieces]
    kept = [p for p in moved if p is not None]
    return joined(kept, place) if len(kept) == len(moved) else None


def _slice(call: Call, value: Value) -> list[Value | None]:
    starts, ends = call.wholes("starts", 1), call.wholes("ends", 2)
    if starts is None or ends is None or call.unknown(3) or call.unknown(4):
        return [None]
    axes, steps = call.wholes("axes", 3), call.wholes("steps", 4)
    axes = list(range(len(starts))) if axes is None else axes
    if not len(starts) == len(ends) == len(axes) or set(steps or [1]) != {1}:
        return [None]
    found: Value | None = value
    for start, stop, axis in zip(starts, ends, axes, strict=True):
        at = counted(axis, len(value.shape))
        if found is None or not 0 <= at < len(value.shape):
            return [None]
        first, last, _ = slice(start, stop).indices(found.shape[at])
        found = cut(found, at, first, max(first, last))
    return [found]


def _split(call: Call, value: Value) -> list[Value | None]:
    axis = counted(call.whole("axis", 0), len(value.shape))
    if not 0 <= axis < len(value.shape):
        return []
    sizes = split_sizes(call, value.shape[axis])
    found, begin = [], 0
    for size in sizes:
        found.append(cut(value, axis, begin, begin + size))
        begin += size
    return found


def split_sizes(call: Call, length: int, /) -> list[int]:
    """
    Return the lengths of the parts into which a Split operator splits an axis.

    Parameters
    ----------
    call : Call
        The Split operator.
    length : int
        Length of the axis.

    Returns
    -------
    list of int
        One length per output; empty if they are not known, or do not add up to `length`.

    Examples
    --------
    >>> split_sizes(Call("Split", {}, ["x"], [None], ["a", "b"]), 6)
    [3, 3]
    """
    sizes = call.wholes("split", 1)
    if sizes is None and not call.unknown(1):
        count = len(call.outputs)
        step = -(-length // count) if count else 0
        sizes = [min(step, max(0, length - step * i)) for i in range(count)]
    fits = sizes is not None and sum(sizes) == length and min(sizes, default=-1) >= 0
    return sizes if fits and sizes and len(sizes) == len(call.outputs) else []


def _concat(call: Call, value: Value) -> list[Value | None]:
    known = [v for v in call.inputs if v is not None]
    if len(known) < len(call.inputs):
        return [None]
    return [joined(known, counted(call.whole("axis", 1), len(value.shape)))]


def _gather(call: Call, value: Value) -> list[Value | None]:
    """Return one slice of a constant, if the index is a single constant number."""
    index = call.input(1)
    which = small(index)
    axis = counted(call.whole("axis", 0), len(value.shape))
    if index is None or index.shape or not which or not 0 <= axis < len(value.shape):
        return [None]
    at = counted(which[0], value.shape[axis])
    part = cut(value, axis, at, at + 1)
    return [_reshaped(part, [n for i, n in enumerate(value.shape) if i != axis]) if part else None]


MOVEMENTS: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    "Identity": _same,
    "Dropout": _same,
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Split": _split,
    "Concat": _concat,
    "Gather": _gather,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
