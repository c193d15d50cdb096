"""Judge a layer in one word: by its alpha, and by the evidence for a power law."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.tails.alternatives import Law, Vuong

__all__ = [
    "FEWEST_IN_TAIL",
    "OVER_TRAINED_BELOW",
    "SIGNIFICANT",
    "UNDER_TRAINED_ABOVE",
    "Collapse",
    "Likelier",
    "Support",
    "Verdict",
    "band_of_alpha",
    "likelier_law",
    "power_law_support",
]

OVER_TRAINED_BELOW = 2.0
"""Alpha below which a layer counts as over-trained."""
UNDER_TRAINED_ABOVE = 6.0
"""Alpha above which a layer counts as under-trained."""
FEWEST_IN_TAIL = 50
"""Smallest number of eigenvalues in a tail whose shape is judged."""
SIGNIFICANT = 0.1
"""Significance threshold of the tests (Clauset et al. use 0.1)."""


class Verdict(IntEnum):
    """
    Verdict on a layer by its alpha.

    Examples
    --------
    >>> [v.name.lower() for v in Verdict]
    ['not_fitted', 'over_trained', 'well_trained', 'under_trained']
    """

    NOT_FITTED = 0
    OVER_TRAINED = 1
    WELL_TRAINED = 2
    UNDER_TRAINED = 3


class Support(IntEnum):
    """
    Verdict on whether a tail is a power law.

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
    Law that describes a tail significantly better than the power law.

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


class Collapse(IntEnum):
    """
    Verdict on whether the scale of a layer has collapsed.

    Examples
    --------
    >>> [word.name.lower() for word in Collapse]
    ['not_compared', 'no', 'by_frobenius_norm', 'by_spectral_norm', 'by_both']
    """

    NOT_COMPARED = 0
    NO = 1
    BY_FROBENIUS_NORM = 2
    BY_SPECTRAL_NORM = 3
    BY_BOTH = 4


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
        The likeliest law among those with a negative ratio and a p-value of at most 0.1.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.tails.alternatives import compare
    >>> likelier_law(compare(np.random.default_rng(0).lognormal(size=500), xmin=0.2)).name
    'LOGNORMAL'
    """
    better = {law: t.ratio for law, t in tests.items() if t.ratio < 0 and t.p <= SIGNIFICANT}
    return Likelier[min(better, key=better.__getitem__).upper()] if better else Likelier.NONE


def power_law_support(num_tail: float, p: float, tests: Mapping[Law, Vuong], /) -> Support:
    """
    Judge whether the evidence supports a power law.

    Parameters
    ----------
    num_tail : float
        Number of eigenvalues in the tail.
    p : float
        The p-value of :func:`spectra.tails.bootstrap.goodness_of_fit`, ``nan`` if there is no fit.
    tests : mapping of str to Vuong
        Likelihood-ratio tests of :func:`spectra.tails.alternatives.compare`, by law.

    Returns
    -------
    Support
        Too few points for a tail of fewer than 50 eigenvalues. Rejected if p is at most 0.1, or if
        another law is significantly likelier (its p-value is at most 0.1). Supported if the power
        law is not rejected and the exponential law, the border of heavy tails, is significantly
        less likely. Else not distinguishable.

    Notes
    -----
    A short tail has too few points for any p: a small p speaks against this power law, but tails
    that short are found at the edge of any spectrum.

    Without a test against the exponential law a power law is never supported.

    A lognormal, a stretched exponential and a truncated power law contain the power law as a limit,
    so none of them can be less likely: supported means that none of them is needed. True power laws
    are rejected in 8 to 15 % of samples, as the significances of the tests together imply; the
    page on metrics has the rates for other data. No power law was supported in 1,400 Gaussian
    matrices.

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
    if num_tail < FEWEST_IN_TAIL:
        return Support.TOO_FEW_POINTS
    if p <= SIGNIFICANT or likelier_law(tests):
        return Support.REJECTED
    heavy = "exponential" in tests and tests["exponential"].p <= SIGNIFICANT
    return Support.SUPPORTED if heavy else Support.NOT_DISTINGUISHABLE


def band_of_alpha(alpha: float, /) -> Verdict:
    """
    Return the verdict for an alpha.

    Parameters
    ----------
    alpha : float
        Power-law exponent, ``nan`` if there is no fit.

    Returns
    -------
    Verdict
        Over-trained below 2, under-trained above 6, well-trained from 2 to 6.

    Notes
    -----
    The bands are empirical, found on networks for vision and language trained to convergence. Pure
    noise has an alpha too: with 500 eigenvalues its verdict is mostly under-trained, with 100 and
    fewer as often well-trained. Check the length of the tail and D as well.

    References
    ----------
    Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8.

    Examples
    --------
    >>> band_of_alpha(3.1).name, band_of_alpha(1.9).name, band_of_alpha(float("nan")).name
    ('WELL_TRAINED', 'OVER_TRAINED', 'NOT_FITTED')
    """
    if math.isnan(alpha):
        return Verdict.NOT_FITTED
    if alpha < OVER_TRAINED_BELOW:
        return Verdict.OVER_TRAINED
    return Verdict.UNDER_TRAINED if alpha > UNDER_TRAINED_ABOVE else Verdict.WELL_TRAINED
