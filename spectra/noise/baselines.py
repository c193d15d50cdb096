r"""
Baselines: the values that the metrics of a tail have for pure noise of the same shape.

They follow from the Marchenko-Pastur law, for independent elements and in the limit of large size;
`ratio` is M/N.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError

__all__ = ["ERGTail", "erg_tail", "hill_alpha", "tail_distance"]

_POINTS = 4001


class ERGTail(NamedTuple):
    """
    The tail of pure noise whose eigenvalues multiply to 1.

    Examples
    --------
    >>> ERGTail._fields
    ('fraction', 'edge')
    """

    fraction: float
    """Share of the eigenvalues in the tail."""
    edge: float
    """Smallest eigenvalue of the tail, in units of the mean eigenvalue."""


def _start(fraction: float, ratio: float) -> float:
    """Return the eigenvalue above which that share of the law lies."""
    if not 0 < fraction <= 1:
        msg = f"`fraction` must be above 0 and at most 1, got {fraction!r}"
        raise ArgumentError(msg)
    return float(_mp.isf(fraction, ratio))


def hill_alpha(ratio: float, /, *, fraction: float = 0.5) -> float:
    r"""
    Compute the power-law exponent that an estimate gives for the largest eigenvalues of noise.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    fraction : float, default: 0.5
        Share of the eigenvalues in the tail.

    Returns
    -------
    float
        :math:`1 + f / \int_{q}^{\lambda_+} \ln(\lambda / q) \rho(\lambda) d\lambda`, where the
        share f of the law lies above q.

    Raises
    ------
    ArgumentError
        If `ratio` or `fraction` is out of range.

    See Also
    --------
    spectra.tails.hill.alpha : The estimate from eigenvalues.

    Notes
    -----
    Both the Hill estimator and the fitted alpha of a tail of that share tend to this value.

    Examples
    --------
    >>> round(hill_alpha(1.0), 5), round(hill_alpha(1 / 32), 5)
    (2.12168, 7.84872)
    """
    start = _start(fraction, ratio)
    if not start > 0:
        return 1.0
    return 1 + fraction / _mp.integral(lambda x: np.log(x / start), ratio, start=start)


def tail_distance(ratio: float, /, *, fraction: float) -> float:
    """
    Compute the distance of the largest eigenvalues of noise from their best power law.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    fraction : float
        Share of the eigenvalues in the tail.

    Returns
    -------
    float
        Kolmogorov-Smirnov distance of the tail from the power law of :func:`hill_alpha`. In a
        sample, fluctuations of about 0.5 / sqrt(number of eigenvalues in the tail) are added.

    Raises
    ------
    ArgumentError
        If `ratio` or `fraction` is out of range.

    Examples
    --------
    >>> round(tail_distance(0.5, fraction=0.5), 4), round(tail_distance(0.5, fraction=0.01), 4)
    (0.1574, 0.1167)
    """
    start = _start(fraction, ratio)
    if not start > 0:
        return 1.0
    x = np.linspace(start, _mp.edges(ratio)[1], _POINTS)
    model = (x / start) ** (1 - hill_alpha(ratio, fraction=fraction))
    return float(np.max(np.abs(_mp.sf(x, ratio) / fraction - model)))


def erg_tail(ratio: float, /) -> ERGTail:
    r"""
    Find the tail of pure noise whose eigenvalues multiply to 1.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ERGTail
        Share and start of the tail: the start solves
        :math:`\int_{edge}^{\lambda_+} \ln\lambda \rho(\lambda) d\lambda = 0`.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, the trace-log condition.

    Examples
    --------
    >>> [round(value, 5) for value in erg_tail(0.5)]
    [0.8145, 0.31165]
    """
    from scipy.optimize import brentq

    lower, _ = _mp.edges(ratio)
    # below 1, the mean eigenvalue, the integral falls as its start falls
    start = brentq(lambda x: _mp.integral(np.log, ratio, start=x), lower, 1.0, xtol=1e-15)
    return ERGTail(float(_mp.sf(start, ratio)), float(start))
