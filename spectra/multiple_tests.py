"""
Several independent tests taken together, by Sidak's rule.

References
----------
Sidak (1967), doi:10.1080/01621459.1967.10482935.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["combined", "level_each"]


def combined(p: npt.ArrayLike, /) -> float:
    """
    Combine the p-values of independent tests into one.

    Parameters
    ----------
    p : array_like
        One of each test; ``nan`` where there is none.

    Returns
    -------
    float
        Probability that the smallest of so many is as small: 1 - (1 - min)**num.

    Examples
    --------
    >>> round(combined([0.5, 0.00568, 0.9]), 3)
    0.017
    """
    values = np.asarray(p, dtype=np.float64).ravel()
    values = values[~np.isnan(values)]
    if not len(values):
        return math.nan
    smallest = min(float(values.min()), 1 - 1e-16)
    return -math.expm1(len(values) * math.log1p(-smallest))


def level_each(level: float, num: int, /) -> float:
    """
    Compute the level of each of several independent tests.

    Parameters
    ----------
    level : float
        Probability that any of them is wrong.
    num : int
        How many.

    Returns
    -------
    float
        1 - (1 - level)**(1/num).

    Raises
    ------
    ArgumentError
        If `level` is not between 0 and 1, or `num` is not at least 1.

    Examples
    --------
    >>> round(level_each(0.05, 9), 5)
    0.00568
    """
    if not (isinstance(level, Real) and 0 < level < 1):
        msg = f"`level` must be between 0 and 1, got {level!r}"
        raise ArgumentError(msg)
    _checks.count("num", num)
    return float(level) if num == 1 else -math.expm1(math.log1p(-level) / num)
