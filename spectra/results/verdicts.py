"""Words for layers: the verdict, the reading of alpha in the literature, collapse of the scale."""

from __future__ import annotations

import math
from enum import IntEnum

__all__ = [
    "OVER_TRAINED_BELOW",
    "UNDER_TRAINED_ABOVE",
    "Collapse",
    "Reading",
    "Verdict",
    "reading_of_alpha",
]

OVER_TRAINED_BELOW = 2.0
"""Alpha below which a layer is read as over-trained."""
UNDER_TRAINED_ABOVE = 6.0
"""Alpha above which a layer is read as under-trained."""


class Verdict(IntEnum):
    """
    Verdict on a layer, by the rules of :func:`spectra.results.diagnosis.judge`.

    Examples
    --------
    >>> [word.name.lower() for word in Verdict][1:4]
    ['broken', 'too_small_to_tell', 'like_noise']
    """

    NOT_JUDGED = 0
    BROKEN = 1
    TOO_SMALL_TO_TELL = 2
    LIKE_NOISE = 3
    TRAPPED = 4
    NOISE_AND_SIGNAL = 5
    HEAVY_TAILED = 6
    STRUCTURED = 7


class Reading(IntEnum):
    """
    Reading of an alpha in the literature.

    Examples
    --------
    >>> [word.name.lower() for word in Reading]
    ['none', 'over_trained', 'well_trained', 'under_trained']
    """

    NONE = 0
    OVER_TRAINED = 1
    WELL_TRAINED = 2
    UNDER_TRAINED = 3


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


def reading_of_alpha(alpha: float, /) -> Reading:
    """
    Return how the literature reads an alpha.

    Parameters
    ----------
    alpha : float
        Power-law exponent, ``nan`` if there is no fit.

    Returns
    -------
    Reading
        Over-trained below 2, under-trained above 6, well-trained from 2 to 6.

    Notes
    -----
    The bands are empirical, found on networks for vision and language trained to convergence. Pure
    noise has an alpha too, mostly between 2 and 6 if it has 100 eigenvalues or fewer, and so has
    noise with a few spikes. :func:`spectra.analyze` therefore gives a reading only for layers whose
    verdict is heavy-tailed.

    References
    ----------
    Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8.

    Examples
    --------
    >>> [reading_of_alpha(alpha).name for alpha in (3.1, 1.9, float("nan"))]
    ['WELL_TRAINED', 'OVER_TRAINED', 'NONE']
    """
    if math.isnan(alpha):
        return Reading.NONE
    if alpha < OVER_TRAINED_BELOW:
        return Reading.OVER_TRAINED
    return Reading.UNDER_TRAINED if alpha > UNDER_TRAINED_ABOVE else Reading.WELL_TRAINED
