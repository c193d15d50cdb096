"""Moving: sketches of what operators move, cut, join, repeat and pick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.shapes._numbers import (
    counting,
    elements,
    of_shape,
    same_ndim,
    whole,
    wholes,
)
from spectra_io.formats.onnx_model.graph.shapes._sides import (
    MAX_NDIM,
    MAX_NUMBERS,
    Length,
    array_of,
    broadcast,
    cut,
    product,
    quotient,
)
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING, Sketch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.shapes._numbers import Given, Rule

__all__ = ["MOVING"]


def _shape(call: Call, given: Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [Sketch((None,))]
    start, end = call.whole("start", 0), call.whole("end", len(shape))
    part = shape[start:end]
    return [counting(array_of(part, (len(part),)))]


def _reshape(call: Call, given: Given) -> list[Sketch]:
    wanted = given[1].numbers if len(given) > 1 else None
    if "shape" in call.attributes:
        wanted = array_of(call.attributes["shape"].ints, (len(call.attributes["shape"].ints),))
    if wanted is None:
        sides = given[1].shape if len(given) > 1 else None
        count = sides[0] if sides and len(sides) == 1 else None
        known = isinstance(count, int) and 0 <= count <= MAX_NDIM
        return [Sketch((None,) * count if isinstance(count, int) and known else None)]
    shape = _filled(wanted.ravel().tolist(), given[0].shape, keep=not call.whole("allowzero", 0))
    return [of_shape(given[0].numbers, shape)]


def _filled(
    wanted: Sequence[Length], shape: tuple[Length, ...] | None, *, keep: bool
) -> tuple[Length, ...]:
    """Return the lengths of a reshaped array, with 0 and -1 replaced where that is possible."""
    sides = [
        (shape[i] if shape is not None and i < len(shape) else None) if n == 0 and keep else n
        for i, n in enumerate(wanted)
    ]
    if -1 in sides:
        rest = [n for n in sides if n != -1]
        sides[sides.index(-1)] = quotient(shape or (None,), rest)
    return tuple(None if isinstance(side, int) and side < 0 else side for side in sides)


def _transpose(call: Call, given: Given) -> list[Sketch]:
    shape = given[0].shape
    given_axes = call.attributes.get("perm")
    if shape is None:
        return [Sketch((None,) * min(len(given_axes.ints), MAX_NDIM)) if given_axes else NOTHING]
    axes = list(given_axes.ints) if given_axes else list(reversed(range(len(shape))))
    fits = sorted(axes) == list(range(len(shape)))
    return [Sketch(tuple(shape[axis] for axis in axes)) if fits else NOTHING]


def _squeeze(call: Call, given: Given) -> list[Sketch]:
    shape, axes = given[0].shape, wholes(call, given, "axes", 1)
    if shape is None or axes is None:
        return [NOTHING]
    gone = {counted(axis, len(shape)) for axis in axes}
    left = tuple(side for i, side in enumerate(shape) if i not in gone)
    return [of_shape(given[0].numbers, left)]


def _unsqueeze(call: Call, given: Given) -> list[Sketch]:
    shape, axes = given[0].shape, wholes(call, given, "axes", 1)
    if shape is None or axes is None or len(shape) + len(axes) > MAX_NDIM:
        return [NOTHING]
    ndim = len(shape) + len(axes)
    new, sides = {counted(axis, ndim) for axis in axes}, iter(shape)
    if len(new) != len(axes) or any(not 0 <= axis < ndim for axis in new):
        return [NOTHING]
    wider = tuple(1 if i in new else next(sides) for i in range(ndim))
    return [of_shape(given[0].numbers, wider)]


def _flatten(call: Call, given: Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [Sketch((None, None))]
    axis = counted(call.whole("axis", 1), len(shape))
    return [Sketch((product(shape[:axis]), product(shape[axis:])))]


def _concat(call: Call, given: Given) -> list[Sketch]:
    shapes = [one.shape for one in given]
    first = next((shape for shape in shapes if shape is not None), None)
    if first is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 1), len(first))
    if not 0 <= axis < len(first):
        return [NOTHING]
    counts = [shape[0] if shape and len(shape) == 1 else None for shape in shapes]
    few = sum(n for n in counts if isinstance(n, int)) <= MAX_NUMBERS
    numbers = [n for one in given if few and (n := elements(one)) is not None and n.ndim == 1]
    if len(first) == 1 and len(numbers) == len(given):
        return [counting(np.concatenate(numbers))]
    sides = [shape[axis] if shape is not None and axis < len(shape) else None for shape in shapes]
    known = [side for side in sides if isinstance(side, int)]
    total = sum(known) if len(known) == len(sides) else None
    return [Sketch((*first[:axis], total, *first[axis + 1 :]))]


def _split(call: Call, given: Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 0), len(shape))
    known = wholes(call, given, "split", 1)
    sizes: Sequence[Length] = known if known is not None else [None] * len(call.outputs)
    return [Sketch((*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]


def _slice(call: Call, given: Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [NOTHING]
    starts, ends = wholes(call, given, "starts", 1), wholes(call, given, "ends", 2)
    axes, steps = wholes(call, given, "axes", 3), wholes(call, given, "steps", 4)
    if axes is None and len(given) > 3:
        return [Sketch((None,) * len(shape))]
    axes = list(range(len(starts or []))) if axes is None else axes
    at = [counted(axis, len(shape)) for axis in axes]
    if starts is None or ends is None or not len(starts) == len(ends) == len(axes):
        return [Sketch(tuple(None if i in at else n for i, n in enumerate(shape)))]
    strides = [1] * len(axes) if len(given) <= 4 or not call.names[4] else steps
    if strides is None or len(strides) != len(axes) or min(strides, default=1) < 1:
        return [Sketch(tuple(None if i in at else n for i, n in enumerate(shape)))]
    spans = dict(zip(at, map(slice, starts, ends, strides), strict=True))
    numbers = given[0].numbers
    if numbers is not None and numbers.ndim == 1 and set(spans) <= {0}:
        return [counting(numbers[spans.get(0, slice(None))])]
    return [Sketch(tuple(cut(n, spans[i]) if i in spans else n for i, n in enumerate(shape)))]


def _gather(call: Call, given: Given) -> list[Sketch]:
    shape, index = given[0].shape, given[1] if len(given) > 1 else NOTHING
    if shape is None or index.shape is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 0), len(shape))
    out = (*shape[:axis], *index.shape, *shape[axis + 1 :])
    numbers, which = given[0].numbers, whole(given, 1)
    if numbers is None or which is None or numbers.ndim != 1:
        return [Sketch(out if len(out) <= MAX_NDIM else None)]
    if any(not -numbers.size <= i < numbers.size for i in which):
        return [NOTHING]
    found = array_of([numbers[i] for i in which], (len(which),))
    return [of_shape(found, index.shape)]


def _like_indices(call: Call, given: Given) -> list[Sketch]:
    return [Sketch(given[1].shape) if len(given) > 1 else NOTHING]


def _unpacked(call: Call, given: Given) -> list[Sketch]:
    """Return the sketch of what is looked up in a packed table, of another width than that."""
    made = _gather(call, given)[0].shape
    return [Sketch((*made[:-1], None)) if made else NOTHING]


def _gather_nd(call: Call, given: Given) -> list[Sketch]:
    shape, index = given[0].shape, given[1].shape if len(given) > 1 else None
    if shape is None or not index or not isinstance(index[-1], int) or call.whole("batch_dims", 0):
        return [NOTHING]
    return [Sketch((*index[:-1], *shape[index[-1] :]))]


def _expand(call: Call, given: Given) -> list[Sketch]:
    numbers = elements(given[1]) if len(given) > 1 else None
    wanted = None if numbers is None else tuple(numbers.ravel().tolist())
    return [Sketch(broadcast(given[0].shape, wanted))]


def _tiled(call: Call, given: Given) -> list[Sketch]:
    shape, numbers = given[0].shape, given[0].numbers
    times = (
        given[1].numbers.ravel().tolist() if given[1:] and given[1].numbers is not None else None
    )
    if shape is None or times is None or len(times) != len(shape):
        return same_ndim(call, given)
    few = numbers is not None and numbers.ndim == 1 and isinstance(times[0], int)
    if numbers is not None and few and 0 <= times[0] * numbers.size <= MAX_NUMBERS:
        return [counting(np.tile(numbers, times[0]))]
    return [Sketch(tuple(product([n, k]) for n, k in zip(shape, times, strict=True)))]


MOVING: dict[str, Rule] = {
    "Tile": _tiled,
    "Shape": _shape,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Gather": _gather,
    "GatherBlockQuantized": _unpacked,
    "GatherElements": _like_indices,
    "GatherND": _gather_nd,
    "Slice": _slice,
    "Split": _split,
    "Expand": _expand,
    "Flatten": _flatten,
}
"""Sketches of the outputs of an operator, given those of its inputs."""
