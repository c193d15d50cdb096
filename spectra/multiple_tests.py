"""
Combine several independent tests by Sidak's rule.

References
----------
Sidak (1967), doi:10.1080/01621459.1967.10482935.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["combined", "significance_each"]


def combined(p: npt.ArrayLike, /) -> float:
    """
    Combine the p-values of independent tests into one.

    Parameters
    ----------
    p : array_like
        The p-value of each test; ``nan`` for a test without a p-value.

    Returns
    -------
    float
        Probability that the smallest of num p-values is at most min: 1 - (1 - min)**num.

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


def significance_each(significance: float, num: int, /) -> float:
    """
    Return the significance of each of several independent tests for an overall significance.

    Parameters
    ----------
    significance : float
        Overall significance: probability that any of the tests rejects a true hypothesis.
    num : int
        Number of tests.

    Returns
    -------
    float
        Significance of each test, 1 - (1 - significance)**(1/num).

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1, or `num` is not at least 1.

    Examples
    --------
    >>> round(significance_each(0.05, 9), 5)
    0.00568
    """
    _checks.share("significance", significance)
    _checks.count("num", num)
    return float(significance) if num == 1 else -math.expm1(math.log1p(-significance) / num)
