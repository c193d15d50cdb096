"""The intervals on which a density is above 0, found from the density alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import FloatArray

__all__ = ["intervals_of"]

_POINTS = 512
_PARTS, _ROUNDS = 16, 13  # until the places are as close as numbers are
_ABOVE = 1e-7  # density, in units of one over the width, that counts


def intervals_of(
    pdf: Callable[[FloatArray], FloatArray], low: float, high: float
) -> tuple[tuple[float, float], ...]:
    """
    Find the intervals between two bounds, to about 1e-14 of the width.

    A gap or an interval of less than a thousandth of the width may be overlooked.
    """
    if not high > low:
        return ()
    width = high - low
    angles = np.pi * (np.arange(_POINTS) + 0.5) / _POINTS
    grid = low + width * (1 - np.cos(angles)) / 2
    if low == 0:  # a hard edge may be steep
        grid = np.sort(np.concatenate([grid, high * np.geomspace(1e-12, 1e-3, _POINTS // 8)]))

    def inside(x: FloatArray) -> FloatArray:
        return np.asarray(pdf(x) * width > _ABOVE)

    full = np.concatenate([[False], inside(grid).astype(bool), [False]])
    places = np.concatenate([[low], grid, [high]])
    changes = np.flatnonzero(full[1:] != full[:-1])
    left, right = places[changes], places[changes + 1]
    rising = ~full[changes]
    ends = _between(inside, left, right, rising)
    for bound in (low, high):  # an end that differs from a bound by rounding is the bound
        ends = np.where(np.abs(ends - bound) <= 1e-12 * width, bound, ends)
    return tuple(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))


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
