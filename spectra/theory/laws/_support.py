"""The intervals on which a density is above 0, found from the density alone."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import FloatArray

__all__ = ["intervals_of"]

_POINTS = 512
_PARTS, _ROUNDS = 16, 13  # until the places are as close as numbers are
_ABOVE = 1e-7  # density, in units of one over the width, that counts
_DEEP = 0.95  # of the lower of two peaks, below which an interval is divided at a minimum


def intervals_of(
    pdf: Callable[[FloatArray], FloatArray], low: float, high: float, *, places: FloatArray
) -> tuple[tuple[float, float], ...]:
    """
    Find the intervals between two bounds, to about 1e-14 of the width.

    The density is looked at on a grid and at the places given, near which it lies. An interval in
    which it falls low between two peaks, perhaps to 0, is divided there. An infinite bound belongs
    to a tail that begins at the outermost place.
    """
    if not high > low:
        return ()
    tails = math.isinf(low), math.isinf(high)
    low = float(places.min()) if tails[0] else low
    high = float(places.max()) if tails[1] else high
    width = high - low
    angles = np.pi * (np.arange(_POINTS) + 0.5) / _POINTS
    grid = np.concatenate([low + width * (1 - np.cos(angles)) / 2, places])
    if low == 0:  # a hard edge may be steep
        grid = np.concatenate([grid, high * np.geomspace(1e-12, 1e-3, _POINTS // 8)])
    grid = np.unique(grid[(grid > low) & (grid < high)])

    def inside(x: FloatArray) -> FloatArray:
        return np.asarray(pdf(x) * width > _ABOVE)

    heights = pdf(grid) * width
    above = heights > _ABOVE
    above[0], above[-1] = above[0] or tails[0], above[-1] or tails[1]
    full = np.concatenate([[False], above, [False]])
    around = np.concatenate([[low], grid, [high]])
    changes = np.flatnonzero(full[1:] != full[:-1])
    left, right = around[changes], around[changes + 1]
    rising = ~full[changes]
    ends = _between(inside, left, right, rising)
    for bound in (low, high):  # an end that differs from a bound by rounding is the bound
        ends = np.where(np.abs(ends - bound) <= 1e-12 * width, bound, ends)
    ends[:1] = -math.inf if tails[0] else ends[:1]
    ends[-1:] = math.inf if tails[1] else ends[-1:]
    valleys = _valleys(pdf, grid, heights)
    found: list[tuple[float, float]] = []
    for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        cuts = [start, *valleys[(valleys > start) & (valleys < end)].tolist(), end]
        found += pairwise(cuts)
    return tuple(found)


def _valleys(
    pdf: Callable[[FloatArray], FloatArray], grid: FloatArray, heights: FloatArray
) -> FloatArray:
    """Return the places of the deep minima of a density above 0."""
    if len(grid) < 3:
        return np.empty(0)
    peak_before = np.maximum.accumulate(heights)
    peak_after = np.maximum.accumulate(heights[::-1])[::-1]
    is_low = (heights[1:-1] < heights[:-2]) & (heights[1:-1] <= heights[2:])
    peaks = np.minimum(peak_before, peak_after)[1:-1]
    lowest = 1 + np.flatnonzero(is_low & (heights[1:-1] > _ABOVE) & (heights[1:-1] < _DEEP * peaks))
    if not len(lowest):
        return np.empty(0)
    left, right = grid[lowest - 1], grid[lowest + 1]
    parts = np.linspace(0, 1, _PARTS + 1)
    for _ in range(_ROUNDS):
        places = left[:, None] + (right - left)[:, None] * parts
        least = np.clip(pdf(places.ravel()).reshape(places.shape).argmin(axis=1), 1, _PARTS - 1)
        row = np.arange(len(left))
        left, right = places[row, least - 1], places[row, least + 1]
    return (left + right) / 2


def _between(
    inside: Callable[[FloatArray], FloatArray],
    left: FloatArray,
    right: FloatArray,
    rising: FloatArray,
) -> FloatArray:
    """Return where the density begins or ends between two places, by sixteenths."""
    parts = np.linspace(0, 1, _PARTS + 1)[1:-1]
    for _ in range(_ROUNDS):
        places = left[:, None] + (right - left)[:, None] * parts
        same = inside(places.ravel()).reshape(places.shape) != rising[:, None]  # as on the left
        num = np.where(same.all(axis=1), len(parts), np.argmin(same, axis=1))
        padded = np.column_stack([left, places, right])
        row = np.arange(len(left))
        left, right = padded[row, num], padded[row, num + 1]
    return (left + right) / 2
