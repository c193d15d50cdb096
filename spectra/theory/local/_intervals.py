"""Intervals spread over unfolded eigenvalues, and means of what is computed in each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import FloatArray

__all__ = ["Intervals", "over_draws"]


class Intervals(NamedTuple):
    """Intervals of one length in one draw."""

    x: FloatArray
    """Eigenvalues, ascending."""
    length: float
    """Length of the intervals."""
    starts: FloatArray
    """Lower ends of the intervals."""
    first: FloatArray
    """Index of the first eigenvalue in each interval."""
    counts: FloatArray
    """Number of eigenvalues in each interval."""


def _spread(x: FloatArray, length: float, num: int) -> Intervals | None:
    """Return intervals spread evenly over the eigenvalues, None if they are longer."""
    if len(x) < 2 or x[-1] - x[0] < length:
        return None
    starts = x[0] + (x[-1] - x[0] - length) * (np.arange(num) + 0.5) / num
    first = np.searchsorted(x, starts)
    return Intervals(x, length, starts, first, np.searchsorted(x, starts + length) - first)


def over_draws(
    statistic: Callable[[Intervals], FloatArray], draws: FloatArray, lengths: FloatArray, num: int
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of a statistic over intervals and draws, and its error over draws."""
    kept = [row[~np.isnan(row)] for row in draws.reshape(-1, draws.shape[-1])]
    found = []
    for length in lengths.ravel().tolist():
        spread = [_spread(row, length, num) for row in kept]
        means = [float(statistic(one).mean()) for one in spread if one is not None]
        value = np.mean(means) if means else math.nan
        error = np.std(means, ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
        found.append((value, error))
    values, errors = np.array(found).reshape(-1, 2).T
    return values.reshape(lengths.shape), errors.reshape(lengths.shape)
