r"""
The Marchenko-Pastur law: the eigenvalues of noise.

For W with N rows, M <= N columns and independent elements of variance 1/N, the eigenvalues of
``W.T @ W`` follow this law in the limit of large N and M; their mean is 1. `ratio` is M/N
throughout, one over the aspect ratio Q.

With :math:`\lambda = 1 + \gamma + 2 \sqrt\gamma \cos\theta` the density becomes
:math:`(2/\pi) \sin^2\theta / \lambda` on :math:`0 < \theta < \pi`, smooth, and the survival
function elementary.
"""

from __future__ import annotations

import math
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["cdf", "density", "edges", "integral", "mean_log", "moments", "quantile", "survival"]

_NODES = 128
_HALVINGS = 52


def _checked(ratio: float) -> float:
    if not (isinstance(ratio, Real) and 0 < ratio <= 1):
        msg = f"`ratio` must be M/N, above 0 and at most 1, got {ratio!r}"
        raise ArgumentError(msg)
    return float(ratio)


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
        If an argument is out of range.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> edges(0.25)
    (0.25, 2.25)
    """
    if not (isinstance(variance, Real) and 0 < variance < math.inf):
        msg = f"`variance` must be a finite number above 0, got {variance!r}"
        raise ArgumentError(msg)
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


def cdf(x: npt.ArrayLike, ratio: float, /) -> FloatArray:
    """
    Compute the share of the law up to a value.

    Parameters
    ----------
    x : array_like
        Where, in units of the mean eigenvalue.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        From 0 below the lower edge to 1 above the upper.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> cdf([0.1, 1.0, 3.0], 0.25).round(4)
    array([0.    , 0.5534, 1.    ])
    """
    return 1 - survival(x, ratio)


def density(x: npt.ArrayLike, ratio: float, /) -> FloatArray:
    r"""
    Compute the density of the law.

    Parameters
    ----------
    x : array_like
        Where, in units of the mean eigenvalue.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        :math:`\sqrt{(\lambda_+ - x)(x - \lambda_-)} / (2 \pi \gamma x)` between the edges, with
        :math:`\gamma = M/N`, and 0 elsewhere. It grows without limit towards 0 if `ratio` is 1.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> density([0.1, 1.0, 3.0], 0.25).round(4)
    array([0.    , 0.6164, 0.    ])
    """
    values = np.asarray(x, dtype=np.float64)
    lower, upper = edges(ratio)
    inside = (values > lower) & (values < upper)
    safe = np.where(inside, values, (lower + upper) / 2)
    heights = np.sqrt((upper - safe) * (safe - lower)) / (2 * math.pi * ratio * safe)
    return np.where(inside, heights, 0.0)


def _angle_of(share: FloatArray, ratio: float) -> FloatArray:
    """Return the angle that so much of the law lies below: halving is safe at both ends."""
    low, high = np.zeros_like(share), np.full_like(share, math.pi)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = _survival_at(middle, ratio) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    # the last share is reached as a cube is, so that rounding would stop short of the edge
    return np.where(share < 1, (low + high) / 2, math.pi)


def quantile(fraction: npt.ArrayLike, ratio: float, /) -> FloatArray:
    """
    Compute the value that a share of the law lies above.

    Parameters
    ----------
    fraction : array_like
        The share, from 0 to 1; 0.5 gives the median.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        In units of the mean eigenvalue, from the upper edge for 0 to the lower for 1.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> quantile([0.0, 0.5, 1.0], 0.25).round(6)
    array([2.25    , 0.916004, 0.25    ])
    """
    share = np.asarray(fraction, dtype=np.float64)
    if not np.all((share >= 0) & (share <= 1)):
        msg = f"`fraction` must be from 0 to 1, got {fraction!r}"
        raise ArgumentError(msg)
    return _eigenvalue(_angle_of(share, _checked(ratio)), ratio)


def moments(ratio: float, /, *, num: int) -> FloatArray:
    r"""
    Compute the moments of the law.

    Parameters
    ----------
    ratio : float
        M/N, above 0 and at most 1.
    num : int
        How many.

    Returns
    -------
    ndarray, shape (num,)
        :math:`m_k = \sum_{r=0}^{k-1} \frac{\gamma^r}{r+1} \binom{k}{r} \binom{k-1}{r}` for k from
        1, mean eigenvalue 1.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Bai & Silverstein (2010), Spectral Analysis of Large Dimensional Random Matrices, lemma 3.1.

    Examples
    --------
    >>> moments(0.5, num=3)
    array([1.  , 1.5 , 2.75])
    """
    _checked(ratio)
    _checks.count("num", num)
    return np.array(
        [
            sum(ratio**r / (r + 1) * math.comb(k, r) * math.comb(k - 1, r) for r in range(k))
            for k in range(1, num + 1)
        ]
    )


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def integral(
    function: Callable[[FloatArray], FloatArray], ratio: float, /, *, start: float = 0.0
) -> float:
    r"""
    Integrate a function of the eigenvalue over the law.

    Parameters
    ----------
    function : callable
        Of an array of eigenvalues, in units of their mean.
    ratio : float
        M/N, above 0 and at most 1.
    start : float, default: 0.0
        Where to start; all of the law by default.

    Returns
    -------
    float
        :math:`\int_{start}^{\lambda_+} f(\lambda) \rho(\lambda) d\lambda`, by Gauss-Legendre
        quadrature in the angle, in which the density is smooth.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> round(integral(lambda x: x**2, 0.5), 12)
    1.5
    """
    theta = float(_angle(np.array(start), _checked(ratio)))
    nodes, weights = _legendre()
    angle = theta * (nodes + 1) / 2
    values = _eigenvalue(angle, ratio)
    heights = (2 / math.pi) * np.sin(angle) ** 2 / values
    return float(theta / 2 * weights @ (heights * function(values)))


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
