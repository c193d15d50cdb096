r"""
The Marchenko-Pastur law: the eigenvalues of noise, and what the tail metrics make of them.

For W with N rows, M <= N columns and independent elements of variance 1/N, the eigenvalues of
``W.T @ W`` follow this law in the limit of large N and M; their mean is 1. `ratio` is M/N
throughout, one over the aspect ratio Q. What a metric gives for this law is its null value: what
pure noise of that shape would give.

With :math:`\lambda = 1 + \gamma + 2 \sqrt\gamma \cos\theta` the density becomes
:math:`(2/\pi) \sin^2\theta / \lambda` on :math:`0 < \theta < \pi`, smooth, and the survival
function elementary.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "ERGTail",
    "edges",
    "erg_tail",
    "hill_alpha",
    "mean_log",
    "quantile",
    "survival",
    "tail_distance",
]

_NODES = 128
_EXACT = {"xtol": 1e-15, "rtol": 1e-15}


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


def _checked(ratio: float) -> float:
    if not 0 < ratio <= 1:
        msg = f"`ratio` must be M/N, above 0 and at most 1, got {ratio!r}"
        raise ArgumentError(msg)
    return float(ratio)


def _checked_fraction(fraction: float) -> float:
    if not 0 < fraction <= 1:
        msg = f"`fraction` must be above 0 and at most 1, got {fraction!r}"
        raise ArgumentError(msg)
    return float(fraction)


def edges(ratio: float, /, *, variance: float = 1.0) -> tuple[float, float]:
    r"""
    Compute where the law starts and ends.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    variance : float, default: 1.0
        N times that of the elements: the mean eigenvalue.

    Returns
    -------
    lower : float
        Lower edge, :math:`\sigma^2 (1 - \sqrt{M/N})^2`.
    upper : float
        Upper edge, :math:`\sigma^2 (1 + \sqrt{M/N})^2`.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> edges(0.25)
    (0.25, 2.25)
    """
    root = math.sqrt(_checked(ratio))
    return variance * (1 - root) ** 2, variance * (1 + root) ** 2


def _eigenvalue(theta: npt.ArrayLike, ratio: float) -> FloatArray:
    angle = np.asarray(theta, dtype=np.float64)
    # 1 + g + 2 sqrt(g) cos(theta), without the cancellation near theta = pi
    root = math.sqrt(ratio)
    value: FloatArray = (1 - root) ** 2 + 4 * root * np.cos(angle / 2) ** 2
    return value


def _angle(x: FloatArray, ratio: float) -> FloatArray:
    lower, _ = edges(ratio)
    cosine = np.sqrt(np.clip((x - lower) / (4 * math.sqrt(ratio)), 0.0, 1.0))
    return 2 * np.arccos(cosine)


def _survival_at(theta: FloatArray, ratio: float) -> FloatArray:
    """Return the share of the law at angles below theta, that is above its eigenvalue."""
    root = math.sqrt(ratio)
    quotient = (1 + ratio) / (4 * ratio) * theta - np.sin(theta) / (2 * root)
    # (1 - root) / (1 + root) * tan(theta / 2) runs off at pi; arctan2 does not
    rest = np.arctan2((1 - root) * np.sin(theta / 2), (1 + root) * np.cos(theta / 2))
    share = (2 / math.pi) * (quotient - (1 - ratio) / (2 * ratio) * rest)
    return np.clip(share, 0.0, 1.0)


def survival(x: npt.ArrayLike, ratio: float, /) -> FloatArray:
    """
    Compute the share of the law above a value.

    Parameters
    ----------
    x : array_like
        Where, in units of the mean eigenvalue.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        From 1 below the lower edge to 0 above the upper.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> survival([0.1, 1.0, 3.0], 0.25).round(4)
    array([1.    , 0.4466, 0.    ])
    """
    values = np.asarray(x, dtype=np.float64)
    return _survival_at(_angle(values, _checked(ratio)), ratio)


def _angle_of(fraction: float, ratio: float) -> float:
    from scipy.optimize import brentq

    whole = float(_survival_at(np.asarray(math.pi), ratio))  # 1, to within rounding
    if fraction >= whole:
        return math.pi
    return float(
        brentq(lambda t: float(_survival_at(np.asarray(t), ratio)) - fraction, 0, math.pi, **_EXACT)
    )


def quantile(fraction: float, ratio: float, /) -> float:
    """
    Compute the value that a share of the law lies above.

    Parameters
    ----------
    fraction : float
        The share, above 0 and at most 1; 0.5 gives the median.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    float
        In units of the mean eigenvalue.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> round(quantile(0.5, 0.25), 6)
    0.916004
    """
    angle = _angle_of(_checked_fraction(fraction), _checked(ratio))
    return float(_eigenvalue(angle, ratio))


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _mean_above(function: Callable[[FloatArray], FloatArray], theta: float, ratio: float) -> float:
    """Integrate a function of the eigenvalue over the law, from an angle up to the edge."""
    nodes, weights = _legendre()
    angle = theta * (nodes + 1) / 2
    values = _eigenvalue(angle, ratio)
    density = (2 / math.pi) * np.sin(angle) ** 2 / values
    return float(theta / 2 * weights @ (density * function(values)))


def mean_log(ratio: float, /) -> float:
    r"""
    Compute the mean logarithm of the eigenvalues of noise.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    float
        :math:`E \ln\lambda = (Q - 1) \ln(Q / (Q - 1)) - 1` with Q = N/M, mean eigenvalue 1.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Goodman (1963), doi:10.1214/aoms/1177704251, in the limit of large size.

    Examples
    --------
    >>> mean_log(1.0), round(mean_log(0.5), 5)
    (-1.0, -0.30685)
    """
    Q = 1 / _checked(ratio)
    return -1.0 if Q == 1 else -(Q - 1) * math.log1p(-1 / Q) - 1


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
    spectra.hill.alpha : What it is the null value of.

    Notes
    -----
    The limit of both the Hill estimator and the fitted alpha, for a tail of that share.

    Examples
    --------
    >>> round(hill_alpha(1.0), 5), round(hill_alpha(1 / 32), 5)
    (2.12168, 7.84872)
    """
    theta = _angle_of(_checked_fraction(fraction), _checked(ratio))
    start = float(_eigenvalue(theta, ratio))
    excess = _mean_above(lambda x: np.log(x / start), theta, ratio) if start > 0 else math.inf
    return 1 + fraction / excess


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
    theta = _angle_of(_checked_fraction(fraction), _checked(ratio))
    start = float(_eigenvalue(theta, ratio))
    if not start > 0:
        return 1.0
    angles = np.linspace(0.0, theta, 2001)
    excess = np.log(_eigenvalue(angles, ratio) / start)
    model = np.exp((1 - hill_alpha(ratio, fraction=fraction)) * excess)
    return float(np.max(np.abs(_survival_at(angles, ratio) / fraction - model)))


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

    _checked(ratio)
    one = float(_angle(np.array(1.0), ratio))  # from there on the integral only falls
    theta = float(brentq(lambda t: _mean_above(np.log, t, ratio), one, math.pi, **_EXACT))
    return ERGTail(float(_survival_at(np.asarray(theta), ratio)), float(_eigenvalue(theta, ratio)))
