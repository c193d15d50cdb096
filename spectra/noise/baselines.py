r"""
Null values: what the metrics of a tail give for pure noise of the same shape.

For independent elements, from the Marchenko-Pastur law, in the limit of large size; `ratio` is M/N.
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
    The tail whose eigenvalues multiply to 1, of noise.

    Examples
    --------
    >>> ERGTail._fields
    ('fraction', 'edge')
    """

    fraction: float
    """Share of the eigenvalues in the tail."""
    edge: float
    """Where it starts, in units of the mean eigenvalue."""


def _start(fraction: float, ratio: float) -> float:
    """Return where the tail with that share of the law starts."""
    if not 0 < fraction <= 1:
        msg = f"`fraction` must be above 0 and at most 1, got {fraction!r}"
        raise ArgumentError(msg)
    return float(_mp.quantile(fraction, ratio))


def hill_alpha(ratio: float, /, *, fraction: float = 0.5) -> float:
    r"""
    Compute the power-law exponent that the largest eigenvalues of noise appear to have.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    fraction : float, default: 0.5
        Share of the eigenvalues in the tail.

    Returns
    -------
    float
        :math:`1 + f / \int_{q}^{\lambda_+} \ln(\lambda / q) \rho(\lambda) d\lambda`, q being the
        quantile with the share f above it.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    See Also
    --------
    spectra.tails.hill.alpha : What it is the null value of.

    Notes
    -----
    The limit of both the Hill estimator and the fitted alpha, for a tail of that share.

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
    Compute how far the largest eigenvalues of noise are from the best power law.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    fraction : float
        Share of the eigenvalues in the tail.

    Returns
    -------
    float
        Kolmogorov-Smirnov distance of the tail from the power law of :func:`hill_alpha`. Samples
        add fluctuations of about 0.5 / sqrt(tail).

    Raises
    ------
    ArgumentError
        If an argument is out of range.

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
    return float(np.max(np.abs(_mp.survival(x, ratio) / fraction - model)))


def erg_tail(ratio: float, /) -> ERGTail:
    r"""
    Find the tail of noise whose eigenvalues multiply to 1.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ERGTail
        Its share and start: :math:`\int_{edge}^{\lambda_+} \ln\lambda \rho(\lambda) d\lambda = 0`.

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
    # below 1, the mean, the integral only falls as the start does
    start = brentq(lambda x: _mp.integral(np.log, ratio, start=x), lower, 1.0, xtol=1e-15)
    return ERGTail(float(_mp.survival(start, ratio)), float(start))
