"""
Several tests taken together: by Sidak's rule if they are independent, by Holm's in any case.

References
----------
Sidak (1967), doi:10.1080/01621459.1967.10482935; Holm (1979), Scandinavian Journal of Statistics 6,
65.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["combined", "holm", "significance_each"]


def _as_values(p: npt.ArrayLike) -> FloatArray:
    """Return p-values in one dimension; those that are None are not known."""
    each = np.array(p, dtype=object).ravel().tolist()
    return _checks.as_real([math.nan if value is None else value for value in each], "p")


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
    values = _as_values(p)
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


def holm(p: npt.ArrayLike, significance: float, /) -> AnyArray:
    """
    Return which of several tests reject, with a bound on the probability of any false rejection.

    Parameters
    ----------
    p : array_like
        The p-value of each test; ``nan`` for a test without a p-value, which does not reject.
    significance : float
        Probability that any of the tests rejects a true hypothesis, at most.

    Returns
    -------
    ndarray of bool
        Whether each test rejects: the smallest p-value is compared with `significance` over the
        number of tests, the next with `significance` over one less, and so on to the first that is
        larger.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Examples
    --------
    >>> holm([0.01, 0.03, 0.02, 0.9], 0.05)
    array([ True, False, False, False])
    """
    _checks.share("significance", significance)
    values = _as_values(p)
    order = np.argsort(values)  # nan last
    num = int(np.isfinite(values).sum())
    fails = values[order[:num]] > significance / np.arange(num, 0, -1)
    rejected = np.zeros(len(values), dtype=bool)
    rejected[order[: int(np.argmax(fails)) if fails.any() else num]] = True
    return rejected
