"""
Judge in a word whether a sample is a power law.

References
----------
Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, sections 4 to 6.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import spectra._checks as _checks
import spectra.tails.alternatives as _alternatives
import spectra.tails.power_law as _power_law
from spectra.multiple_tests import significance_each
from spectra.tails.bootstrap import goodness_of_fit
from spectra.tails.samples import positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from spectra.tails.alternatives import Law, Vuong

__all__ = [
    "FEWEST",
    "SIGNIFICANT",
    "Judgement",
    "Likelier",
    "Support",
    "judge",
    "likelier_law",
    "power_law_support",
]

FEWEST = 20
"""Smallest number of data that can support a power law."""
SIGNIFICANT = 0.1
"""Significance of the tests (Clauset et al. use 0.1)."""


class Support(IntEnum):
    """
    Word for what the data say of a power law.

    Examples
    --------
    >>> [s.name.lower() for s in Support]
    ['not_fitted', 'too_few_points', 'supported', 'not_distinguishable', 'rejected']
    """

    NOT_FITTED = 0
    TOO_FEW_POINTS = 1
    SUPPORTED = 2
    NOT_DISTINGUISHABLE = 3
    REJECTED = 4


class Likelier(IntEnum):
    """
    Law that describes data significantly better than the power law.

    Examples
    --------
    >>> Likelier.NONE == 0
    True
    """

    NONE = 0
    EXPONENTIAL = 1
    LOGNORMAL = 2
    STRETCHED_EXPONENTIAL = 3
    TRUNCATED_POWER_LAW = 4


class Judgement(NamedTuple):
    """
    Judgement of a sample: whether it is a power law.

    Examples
    --------
    >>> Judgement._fields[:4]
    ('support', 'likelier', 'alpha', 'num')
    """

    support: Support
    """The word of :func:`power_law_support`."""
    likelier: Likelier
    """The law that is significantly likelier than the power law, if there is one."""
    alpha: float
    """Exponent of the power law; ``nan`` if the data are too few."""
    num: int
    """Number of data in the tail that the power law was fitted to."""
    p: float
    """The p-value of :func:`spectra.tails.bootstrap.goodness_of_fit`."""
    heaviness: float
    """Log-likelihood ratio of power law and exponential for all data, over its deviation."""


def likelier_law(tests: Mapping[Law, Vuong], /) -> Likelier:
    """
    Return the law that is significantly likelier than the power law.

    Parameters
    ----------
    tests : mapping of str to Vuong
        Likelihood-ratio tests of :func:`spectra.tails.alternatives.compare`, by law.

    Returns
    -------
    Likelier
        The likeliest law among those that are significantly likelier, at a joint significance of
        0.1 (of four tests 0.026 each, by Sidak's rule).

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.tails.alternatives import compare
    >>> likelier_law(compare(np.random.default_rng(0).lognormal(size=500), xmin=0.2)).name
    'LOGNORMAL'
    """
    each = significance_each(SIGNIFICANT, max(1, len(tests)))
    better = {law: t.ratio for law, t in tests.items() if t.ratio < 0 and t.p <= each}
    return Likelier[min(better, key=better.__getitem__).upper()] if better else Likelier.NONE


def power_law_support(num: float, p: float, tests: Mapping[Law, Vuong], /) -> Support:
    """
    Judge by the results of tests whether data support a power law.

    Parameters
    ----------
    num : float
        Number of data.
    p : float
        The p-value of :func:`spectra.tails.bootstrap.goodness_of_fit`, ``nan`` if there is no fit.
    tests : mapping of str to Vuong
        Likelihood-ratio tests of :func:`spectra.tails.alternatives.compare`, by law.

    Returns
    -------
    Support
        Rejected if p is at most 0.1, or if another law is significantly likelier, by
        :func:`likelier_law`. Else too few points for fewer than 20 data. Supported if the
        exponential law, the border of heavy tails, is significantly less likely. Else not
        distinguishable.

    Notes
    -----
    Few data can reject a power law, but not support one: a tail of a dozen points is compatible
    with any law. Without a test against the exponential law a power law is never supported.

    A lognormal, a stretched exponential and a truncated power law contain the power law as a limit,
    so none of them can be less likely: supported means that none of them is needed. True power laws
    are rejected in 8 to 13 % of samples; ``docs/methods/support.md`` has the rates for other data.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, sections 4 to 6.

    Examples
    --------
    >>> [power_law_support(*known, {}).name for known in [(118, 0.4), (118, 0.04), (12, 0.4)]]
    ['NOT_DISTINGUISHABLE', 'REJECTED', 'TOO_FEW_POINTS']
    """
    if math.isnan(p):
        return Support.NOT_FITTED
    if p <= SIGNIFICANT or likelier_law(tests):
        return Support.REJECTED
    if num < FEWEST:
        return Support.TOO_FEW_POINTS
    test = tests.get("exponential")
    heavy = test is not None and test.ratio > 0 and test.p <= SIGNIFICANT
    return Support.SUPPORTED if heavy else Support.NOT_DISTINGUISHABLE


def judge(
    x: npt.ArrayLike,
    /,
    *,
    resamples: int = 100,
    rng: int | np.random.Generator | None = 0,
) -> Judgement:
    """
    Judge whether a sample has a power-law tail.

    Parameters
    ----------
    x : array_like, shape (n,)
        Data that belong to the tail, in any order; zeros are left out.
    resamples : int, default: 100
        Number of samples drawn for the p-value.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the draws, or the generator to draw from; None for an unseeded one.

    Returns
    -------
    Judgement
        Word, exponent and p-value. Fewer than 20 data are too few points, without a fit.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The power law and the laws that contain it are compared above the fitted xmin, power law and
    exponential on all data: above an xmin of its own choice, an exponential is hard to tell from a
    power law.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> [judge(x).support.name for x in (rng.pareto(1.5, 300) + 1, rng.exponential(size=300) + 1)]
    ['SUPPORTED', 'REJECTED']
    """
    _checks.count("resamples", resamples)
    values, _ = positive(x)
    if len(values) < FEWEST:
        word = Support.TOO_FEW_POINTS if len(values) else Support.NOT_FITTED
        return Judgement(word, Likelier.NONE, math.nan, 0, math.nan, math.nan)
    fitted = _power_law.fit(values)
    whole = _alternatives.compare(values, xmin=float(values.min()), laws=["exponential"])
    heaviness = whole["exponential"].R
    if not fitted.num_tail:
        return Judgement(Support.NOT_FITTED, Likelier.NONE, math.nan, 0, math.nan, heaviness)
    p = goodness_of_fit(values, resamples=resamples, rng=rng, fitted=fitted).p
    tests = {**_alternatives.compare(values, xmin=fitted.xmin), **whole}
    word = power_law_support(len(values), p, tests)
    return Judgement(word, likelier_law(tests), fitted.alpha, fitted.num_tail, p, heaviness)
