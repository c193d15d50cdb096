"""Verdicts: what alpha says of a layer, in one word."""

from __future__ import annotations

import math
from enum import IntEnum

__all__ = ["OVER_TRAINED_BELOW", "UNDER_TRAINED_ABOVE", "Verdict", "judge"]

OVER_TRAINED_BELOW = 2.0
UNDER_TRAINED_ABOVE = 6.0


class Verdict(IntEnum):
    """
    What alpha says of a layer.

    Examples
    --------
    >>> [v.name.lower() for v in Verdict]
    ['not_fitted', 'over_trained', 'well_trained', 'under_trained']
    """

    NOT_FITTED = 0
    OVER_TRAINED = 1
    WELL_TRAINED = 2
    UNDER_TRAINED = 3


def judge(alpha: float, /) -> Verdict:
    """
    Name the band that alpha lies in.

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
    noise has an alpha too: with 500 eigenvalues it mostly reads under-trained, with 100 and fewer
    as often well-trained. Look at the length of the tail and at D as well.

    References
    ----------
    Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8.

    Examples
    --------
    >>> judge(3.1).name, judge(1.9).name, judge(float("nan")).name
    ('WELL_TRAINED', 'OVER_TRAINED', 'NOT_FITTED')
    """
    if math.isnan(alpha):
        return Verdict.NOT_FITTED
    if alpha < OVER_TRAINED_BELOW:
        return Verdict.OVER_TRAINED
    return Verdict.UNDER_TRAINED if alpha > UNDER_TRAINED_ABOVE else Verdict.WELL_TRAINED
