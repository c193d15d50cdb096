r"""
The Marchenko-Pastur law: the distribution of the eigenvalues of pure noise.

For W with N rows, M <= N columns and independent elements of variance 1/N, the eigenvalues of
``W.T @ W`` follow this law in the limit of large N and M. Their mean is 1, and `ratio` is M/N
throughout. For elements of variance :math:`\sigma^2` the mean eigenvalue is :math:`N \sigma^2`:
divide eigenvalues by it before they are passed to these functions. Each function takes arrays of
ratios, which broadcast against its other arguments as in NumPy.

With :math:`\lambda = 1 + \gamma + 2 \sqrt\gamma \cos\theta` the density becomes
:math:`(2/\pi) \sin^2\theta / \lambda` on :math:`0 < \theta < \pi`. It is smooth in the angle, and
its integrals from both ends are elementary functions.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, overload

import numpy as np

import spectra._checks as _checks
from spectra._spectral import EPS, spectrum_of
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray, Numbers

__all__ = ["cdf", "edges", "integral", "isf", "mean_log", "moments", "pdf", "ppf", "sf"]

_NODES = 128
_HALVINGS = 52
_LOG_HALVINGS = 64


def _checked(ratio: npt.ArrayLike) -> Numbers:
    return _checks.numbers("ratio", ratio, above=0, at_most=1, what="M/N,")


def _scaled(x: npt.ArrayLike) -> FloatArray:
    """Return scaled eigenvalues as an array; refuse a Spectrum, which holds unscaled ones."""
    if spectrum_of(x) is not None:
        msg = (
            "the Marchenko-Pastur law takes scaled eigenvalues: "
            "spectrum.eigenvalues / (N * variance), got a Spectrum"
        )
        raise ArgumentError(msg)
    return _checks.real_numbers(x, "x")


def _probabilities(q: npt.ArrayLike) -> FloatArray:
    values = _checks.real_numbers(q, "q")
    if not np.all((values >= 0) & (values <= 1)):
        msg = f"`q` must be a probability, from 0 to 1, got {q!r}"
        raise ArgumentError(msg)
    return values


@overload
def edges(ratio: float, /, *, mean_eigenvalue: float = ...) -> tuple[float, float]: ...
@overload
def edges(
    ratio: npt.ArrayLike, /, *, mean_eigenvalue: npt.ArrayLike = ...
) -> tuple[Numbers, Numbers]: ...
def edges(
    ratio: npt.ArrayLike, /, *, mean_eigenvalue: npt.ArrayLike = 1.0
) -> tuple[Numbers, Numbers]:
    r"""
    Compute the two edges of the law, the ends of its support.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.
    mean_eigenvalue : array_like, default: 1.0
        Mean of the law: N times the variance of the elements of W.

    Returns
    -------
    lower : float or ndarray
        Lower edge, :math:`m (1 - \sqrt{M/N})^2` for a mean eigenvalue m and in its unit.
    upper : float or ndarray
        Upper edge, :math:`m (1 + \sqrt{M/N})^2`.

    Raises
    ------
    ArgumentError
        If `ratio` or `mean_eigenvalue` is out of range.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> edges(0.25)
    (0.25, 2.25)
    >>> edges([0.25, 1.0])
    (array([0.25, 0.  ]), array([2.25, 4.  ]))
    """
    mean = _checks.numbers("mean_eigenvalue", mean_eigenvalue, above=0)
    root = _root(_checked(ratio))
    return mean * (1 - root) ** 2, mean * (1 + root) ** 2


def _root(ratio: Numbers) -> Numbers:
    """Return the square root: a float of a float, for which NumPy returns a type of its own."""
    return math.sqrt(ratio) if isinstance(ratio, float) else np.sqrt(ratio)


def _eigenvalue(theta: npt.ArrayLike, ratio: Numbers) -> FloatArray:
    """Return the eigenvalue at the angle theta from the upper edge."""
    angle = np.asarray(theta, dtype=np.float64)
    # 1 + g + 2 sqrt(g) cos(theta), without the cancellation near theta = pi
    root = _root(ratio)
    value: FloatArray = (1 - root) ** 2 + 4 * root * np.cos(angle / 2) ** 2
    return value


def _eigenvalue_from_below(phi: FloatArray, ratio: Numbers) -> FloatArray:
    """Return the eigenvalue at the angle phi = pi - theta from the lower edge."""
    root = _root(ratio)
    value: FloatArray = (1 - root) ** 2 + 4 * root * np.sin(phi / 2) ** 2
    return value


def _cosine(x: FloatArray, ratio: Numbers) -> FloatArray:
    """Return cos(theta / 2), which equals sin(phi / 2), at the eigenvalue x."""
    lower, _ = edges(ratio)
    value: FloatArray = np.sqrt(np.clip((x - lower) / (4 * _root(ratio)), 0.0, 1.0))
    return value


def _angle(x: FloatArray, ratio: Numbers) -> FloatArray:
    return 2 * np.arccos(_cosine(x, ratio))


def _sf_at(theta: FloatArray, ratio: Numbers) -> FloatArray:
    """Return the probability of angles below theta, that is of larger eigenvalues."""
    root = _root(ratio)
    quotient = (1 + ratio) / (4 * ratio) * theta - np.sin(theta) / (2 * root)
    # (1 - root) / (1 + root) * tan(theta / 2) diverges at pi; arctan2 does not
    rest = np.arctan2((1 - root) * np.sin(theta / 2), (1 + root) * np.cos(theta / 2))
    share = (2 / math.pi) * (quotient - (1 - ratio) / (2 * ratio) * rest)
    return np.clip(share, 0.0, 1.0)


def _cdf_at(phi: FloatArray, ratio: Numbers) -> FloatArray:
    """Return the probability of smaller eigenvalues at phi = pi - theta, integrated from below."""
    root = _root(ratio)
    quotient = (1 + ratio) / (4 * ratio) * phi + np.sin(phi) / (2 * root)
    rest = np.arctan2((1 + root) * np.sin(phi / 2), (1 - root) * np.cos(phi / 2))
    share = (2 / math.pi) * (quotient - (1 - ratio) / (2 * ratio) * rest)
    return np.clip(share, 0.0, 1.0)


def pdf(x: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the probability density function of the law.

    Parameters
    ----------
    x : array_like
        Eigenvalues, in units of their mean.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        :math:`\sqrt{(\lambda_+ - x)(x - \lambda_-)} / (2 \pi \gamma x)` between the edges, with
        :math:`\gamma = M/N`, and 0 elsewhere. It grows without limit towards 0 if `ratio` is 1.

    Raises
    ------
    ArgumentError
        If `x` is a Spectrum or not real numbers, or `ratio` is out of range.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> pdf([0.1, 1.0, 3.0], 0.25).round(4)
    array([0.    , 0.6164, 0.    ])
    """
    values, gamma = _scaled(x), _checked(ratio)
    lower, upper = edges(gamma)
    inside = (values > lower) & (values < upper)
    safe = np.where(inside, values, (lower + upper) / 2)
    heights = np.sqrt((upper - safe) * (safe - lower)) / (2 * math.pi * gamma * safe)
    return np.where(inside, heights, 0.0)


def cdf(x: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the cumulative distribution function, the probability of a smaller eigenvalue.

    Parameters
    ----------
    x : array_like
        Eigenvalues, in units of their mean.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        From 0 below the lower edge to 1 above the upper edge. Below the median it is integrated
        from the lower edge, so that small values keep their digits.

    Raises
    ------
    ArgumentError
        If `x` is a Spectrum or not real numbers, or `ratio` is out of range.

    Examples
    --------
    >>> cdf([0.1, 1.0, 3.0], 0.25).round(4)
    array([0.    , 0.5534, 1.    ])
    """
    values, gamma = _scaled(x), _checked(ratio)
    cosine = _cosine(values, gamma)
    above = _sf_at(2 * np.arccos(cosine), gamma)
    return np.where(above < 0.5, 1 - above, _cdf_at(2 * np.arcsin(cosine), gamma))


def sf(x: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the survival function, the probability of a larger eigenvalue.

    Parameters
    ----------
    x : array_like
        Eigenvalues, in units of their mean.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        From 1 below the lower edge to 0 above the upper edge.

    Raises
    ------
    ArgumentError
        If `x` is a Spectrum or not real numbers, or `ratio` is out of range.

    Examples
    --------
    >>> sf([0.1, 1.0, 3.0], 0.25).round(4)
    array([1.    , 0.4466, 0.    ])
    """
    values, gamma = _scaled(x), _checked(ratio)
    return _sf_at(_angle(values, gamma), gamma)


def _angle_with_sf(q: FloatArray, ratio: Numbers) -> FloatArray:
    """Return the angle theta with that survival function, by Newton's method and bisection."""
    low, high = np.zeros_like(q), np.full_like(q, math.pi)
    theta = np.full_like(q, math.pi / 2)
    for _ in range(_HALVINGS):
        share = _sf_at(theta, ratio)
        below = share < q
        low, high = np.where(below, theta, low), np.where(below, high, theta)
        with np.errstate(all="ignore"):  # such a step leaves the bracket
            # near 0 the function is a cube: its logarithm is a line over that of the angle
            density = 2 * np.sin(theta) ** 2 / (math.pi * _eigenvalue(theta, ratio))
            newton = theta * np.exp(np.log(q / share) * share / (density * theta))
        near = (newton >= low) & (newton <= high)
        following = np.where(near, newton, (low + high) / 2)
        if np.all(np.abs(following - theta) <= EPS * theta):
            break
        theta = following
    # near pi the function may be as flat as a cube, so that rounding would stop short of the edge
    return np.where(q > 0, np.where(q < 1, theta, math.pi), 0.0)


def _angle_with_cdf(q: FloatArray, ratio: Numbers) -> FloatArray:
    """Return the angle phi with that distribution function, by bisection of its logarithm."""
    log_q = np.log(np.where(q > 0, q, 1.0))
    # the distribution function is at most 2 phi / (pi sqrt(ratio))
    most = math.pi * _root(ratio) / 2
    low = log_q + (math.log(most) if isinstance(most, float) else np.log(most))
    high = np.full_like(low, math.log(math.pi))
    for _ in range(_LOG_HALVINGS):
        middle = (low + high) / 2
        below = _cdf_at(np.exp(middle), ratio) < q
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(q > 0, np.exp((low + high) / 2), 0.0)


def ppf(q: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the percent point function, the inverse of :func:`cdf`.

    Parameters
    ----------
    q : array_like
        Probabilities of a smaller eigenvalue, from 0 to 1; 0.5 gives the median.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        Eigenvalues in units of their mean, from the lower edge for 0 to the upper edge for 1.

    Raises
    ------
    ArgumentError
        If `q` or `ratio` is out of range.

    Examples
    --------
    >>> ppf([0.0, 0.5, 1.0], 0.25).round(6)
    array([0.25    , 0.916004, 2.25    ])
    """
    below, checked = _probabilities(q), _checked(ratio)
    smaller = _angle_with_cdf(np.minimum(below, 0.5), checked)
    larger = _angle_with_sf(np.minimum(1 - below, 0.5), checked)  # exact where it is used
    return np.where(
        below <= 0.5, _eigenvalue_from_below(smaller, checked), _eigenvalue(larger, checked)
    )


def isf(q: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the inverse survival function, the inverse of :func:`sf`.

    Parameters
    ----------
    q : array_like
        Probabilities of a larger eigenvalue, from 0 to 1; 0.5 gives the median.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        Eigenvalues in units of their mean, from the upper edge for 0 to the lower edge for 1.

    Raises
    ------
    ArgumentError
        If `q` or `ratio` is out of range.

    Examples
    --------
    >>> isf([0.0, 0.5, 1.0], 0.25).round(6)
    array([2.25    , 0.916004, 0.25    ])
    """
    above, gamma = _probabilities(q), _checked(ratio)
    return _eigenvalue(_angle_with_sf(above, gamma), gamma)


def moments(ratio: npt.ArrayLike, /, *, num: int) -> FloatArray:
    r"""
    Compute the first moments of the law about zero.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.
    num : int
        Number of moments, at least 1.

    Returns
    -------
    ndarray, shape (..., num)
        :math:`m_k = \sum_{r=0}^{k-1} \frac{\gamma^r}{r+1} \binom{k}{r} \binom{k-1}{r}` for
        k = 1, 2, ..., num, at a mean eigenvalue of 1.

    Raises
    ------
    ArgumentError
        If `ratio` or `num` is out of range.

    References
    ----------
    Bai & Silverstein (2010), Spectral Analysis of Large Dimensional Random Matrices, lemma 3.1.

    Examples
    --------
    >>> moments(0.5, num=3)
    array([1.  , 1.5 , 2.75])
    """
    gamma = _checked(ratio)
    _checks.count("num", num)

    def moment(k: int) -> Numbers:
        return sum(
            gamma**r / (r + 1) * float(math.comb(k, r)) * float(math.comb(k - 1, r))
            for r in range(k)
        )

    return np.stack([np.asarray(moment(k)) for k in range(1, num + 1)], axis=-1)


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


@overload
def integral(
    function: Callable[[FloatArray], FloatArray], ratio: float, /, *, start: float = ...
) -> float: ...
@overload
def integral(
    function: Callable[[FloatArray], FloatArray],
    ratio: npt.ArrayLike,
    /,
    *,
    start: npt.ArrayLike = ...,
) -> Numbers: ...
def integral(
    function: Callable[[FloatArray], FloatArray],
    ratio: npt.ArrayLike,
    /,
    *,
    start: npt.ArrayLike = 0.0,
) -> Numbers:
    r"""
    Integrate a function of the eigenvalue over the law.

    Parameters
    ----------
    function : callable
        Function of an array of eigenvalues, in units of their mean. With arrays of ratios or
        starts the eigenvalues have one axis more than they, the last.
    ratio : array_like
        M/N, above 0 and at most 1.
    start : array_like, default: 0.0
        Lower limit of the integral, in units of the mean eigenvalue; by default the integral is
        over the whole law, which makes it the mean of the function.

    Returns
    -------
    float or ndarray
        :math:`\int_{start}^{\lambda_+} f(\lambda) \rho(\lambda) d\lambda`, by Gauss-Legendre
        quadrature in the angle, in which the density is smooth.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range, or `start` is not real numbers.

    Examples
    --------
    >>> round(integral(lambda x: x**2, 0.5), 12)
    1.5
    >>> integral(lambda x: x**2, [0.25, 0.5]).round(12)
    array([1.25, 1.5 ])
    """
    gamma = _checked(ratio)
    theta = _angle(_checks.real_numbers(start, "start"), gamma)
    nodes, weights = _legendre()
    angle = theta[..., None] * (nodes + 1) / 2
    values = _eigenvalue(angle, gamma if isinstance(gamma, float) else gamma[..., None])
    heights = (2 / math.pi) * np.sin(angle) ** 2 / values
    found = np.vecdot(theta[..., None] / 2 * weights, heights * function(values))
    return np.asarray(found) if theta.ndim else float(found)


@overload
def mean_log(ratio: float, /) -> float: ...
@overload
def mean_log(ratio: npt.ArrayLike, /) -> Numbers: ...
def mean_log(ratio: npt.ArrayLike, /) -> Numbers:
    r"""
    Compute the mean of the natural logarithm of the eigenvalues of pure noise.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    float or ndarray
        :math:`E \ln\lambda = (Q - 1) \ln(Q / (Q - 1)) - 1` with Q = N/M, at a mean eigenvalue
        of 1.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Goodman (1963), doi:10.1214/aos/1177704251, in the limit of large size.

    Examples
    --------
    >>> mean_log(1.0), round(mean_log(0.5), 5)
    (-1.0, -0.30685)
    >>> mean_log([1.0, 0.5]).round(5)
    array([-1.     , -0.30685])
    """
    from scipy.special import xlog1py

    Q = 1 / _checked(ratio)
    if isinstance(Q, float):
        return -1.0 if Q == 1 else -(Q - 1) * math.log1p(-1 / Q) - 1
    return np.asarray(-xlog1py(Q - 1, -1 / Q) - 1)
