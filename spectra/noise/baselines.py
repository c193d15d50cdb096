r"""
Baselines: the values that the metrics of a tail have for pure noise of the same shape.

They follow from the Marchenko-Pastur law, for independent elements and in the limit of large size;
`ratio` is M/N. Matrices whose eigenvalues are pooled, as the positions of a convolution kernel, may
have scales of their own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray, Numbers

__all__ = ["ERGTail", "eigenvalues", "erg_tail", "hill_alpha", "tail_distance"]

_POINTS, _FEWER_POINTS = 4001, 1001
_MOST_SCALES = 64
_LEAST = 1e-28  # scale, over the largest, below which a matrix counts as dead


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


def _positive(scales: npt.ArrayLike | None) -> FloatArray:
    """Return the scales of pooled matrices, at most 64 that stand for all; 1 for one matrix."""
    if scales is None:
        return np.ones(1)
    given = _checks.real_numbers(scales, "scales").ravel()
    if not len(given) or not np.isfinite(given).all() or given.min() < 0 or not given.max() > 0:
        msg = "`scales` must be finite numbers from 0, one of them above 0"
        raise ArgumentError(msg)
    if len(given) > _MOST_SCALES:
        given = np.quantile(given, (np.arange(_MOST_SCALES) + 0.5) / _MOST_SCALES)
    relative: FloatArray = given / given.max()
    relative[relative < _LEAST] = 0.0
    return relative


def _arguments(
    ratio: npt.ArrayLike, fraction: npt.ArrayLike, scales: FloatArray
) -> tuple[Numbers, Numbers]:
    """Return the ratio and the share in the tail; arrays of them for one matrix only."""
    gamma = _checks.numbers("ratio", ratio, above=0, at_most=1, what="M/N,")
    share = _checks.numbers("fraction", fraction, above=0, at_most=1, what="a share,")
    if len(scales) > 1 and not (isinstance(gamma, float) and isinstance(share, float)):
        msg = (
            "`ratio` and `fraction` must be numbers where there are `scales` of several matrices, "
            "got an array: pass one number after the other"
        )
        raise ArgumentError(msg)
    return gamma, share


def _sf(x: FloatArray | float, ratio: Numbers, scales: FloatArray) -> FloatArray:
    """Return the share of the eigenvalues above x, of matrices of all scales together."""
    alive = scales[scales > 0]
    above = _mp.sf(np.divide.outer(np.asarray(x, np.float64), alive), ratio).sum(axis=-1)
    share: FloatArray = above / len(scales)
    return share


def _start(fraction: Numbers, ratio: Numbers, scales: FloatArray) -> Numbers:
    """Return the eigenvalue above which that share of the law lies; 0 if zeros are in it."""
    if not (isinstance(fraction, float) and isinstance(ratio, float)):
        return _mp.isf(fraction, ratio)
    return _start_of_one(fraction, ratio) if len(scales) == 1 else _pooled(fraction, ratio, scales)


def _pooled(fraction: float, ratio: float, scales: FloatArray) -> float:
    """Return the start for several matrices, by a search."""
    from scipy.optimize import brentq

    alive = scales[scales > 0]
    if fraction > len(alive) / len(scales):
        return 0.0
    lower, upper = _mp.edges(ratio)
    ends = lower * float(alive.min()), upper * float(alive.max())
    if fraction == len(alive) / len(scales):
        return ends[0]
    low, high = (math.log(max(end, _LEAST)) for end in ends)
    found = brentq(lambda x: float(_sf(math.exp(x), ratio, scales)) - fraction, low, high)
    return math.exp(float(found))


@lru_cache(maxsize=256)
def _start_of_one(fraction: float, ratio: float) -> float:
    """Return the start for one matrix; layers of the same shape share it."""
    return float(_mp.isf(fraction, ratio))


@overload
def hill_alpha(
    ratio: float, /, *, fraction: float = ..., scales: npt.ArrayLike | None = ...
) -> float: ...
@overload
def hill_alpha(
    ratio: npt.ArrayLike, /, *, fraction: npt.ArrayLike = ..., scales: npt.ArrayLike | None = ...
) -> Numbers: ...
def hill_alpha(
    ratio: npt.ArrayLike, /, *, fraction: npt.ArrayLike = 0.5, scales: npt.ArrayLike | None = None
) -> Numbers:
    r"""
    Compute the power-law exponent that an estimate gives for the largest eigenvalues of noise.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.
    fraction : array_like, default: 0.5
        Share of the eigenvalues in the tail.
    scales : array_like, optional
        Mean eigenvalue of each of several matrices whose eigenvalues are pooled, in any unit; by
        default one matrix, or matrices of equal scale.

    Returns
    -------
    float or ndarray
        :math:`1 + f / \int_{q}^{\lambda_+} \ln(\lambda / q) \rho(\lambda) d\lambda`, where the
        share f of the law lies above q; the law is the mean over the matrices.

    Raises
    ------
    ArgumentError
        If `ratio` or `fraction` is out of range, or `scales` are not numbers from 0; if there are
        several scales and an array of ratios or shares.

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
    >>> hill_alpha([1.0, 1 / 32]).round(5)
    array([2.12168, 7.84872])
    >>> round(hill_alpha(0.5, fraction=0.1, scales=[1.0, 0.1]), 3)
    5.139
    """
    each = _positive(scales)
    gamma, share = _arguments(ratio, fraction, each)
    start = _start(share, gamma, each)
    if isinstance(start, float):
        return _alpha_above(start, share, gamma, each) if start > 0 else 1.0
    inside = np.where(start > 0, start, 1.0)
    return np.where(start > 0, _alpha_above(inside, share, gamma, each), 1.0)


def _alpha_above(start: Numbers, fraction: Numbers, ratio: Numbers, scales: FloatArray) -> Numbers:
    """Return the exponent for the eigenvalues above the start of the tail."""
    starts = [start / c for c in scales[scales > 0]]  # in units of the mean eigenvalue of a matrix
    logs = [_mean_log_above(own, ratio) for own in starts]
    return 1 + fraction * len(scales) / (math.fsum(logs) if len(logs) > 1 else logs[0])


def _mean_log_above(start: Numbers, ratio: Numbers) -> Numbers:
    """Return the integral of ln(x / start) over the law from the start on."""
    each = np.asarray(start)[..., None]
    return _mp.integral(lambda x: np.log(x / each), ratio, start=start)


@overload
def tail_distance(
    ratio: float, /, *, fraction: float, scales: npt.ArrayLike | None = ...
) -> float: ...
@overload
def tail_distance(
    ratio: npt.ArrayLike, /, *, fraction: npt.ArrayLike, scales: npt.ArrayLike | None = ...
) -> Numbers: ...
def tail_distance(
    ratio: npt.ArrayLike, /, *, fraction: npt.ArrayLike, scales: npt.ArrayLike | None = None
) -> Numbers:
    """
    Compute the distance of the largest eigenvalues of noise from their best power law.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.
    fraction : array_like
        Share of the eigenvalues in the tail.
    scales : array_like, optional
        Mean eigenvalue of each of several matrices, as in :func:`hill_alpha`.

    Returns
    -------
    float or ndarray
        Kolmogorov-Smirnov distance of the tail from the power law of :func:`hill_alpha`. In a
        sample, fluctuations of about 0.5 / sqrt(number of eigenvalues in the tail) are added.

    Raises
    ------
    ArgumentError
        If `ratio` or `fraction` is out of range, or `scales` are not numbers from 0; if there are
        several scales and an array of ratios or shares.

    Examples
    --------
    >>> round(tail_distance(0.5, fraction=0.5), 4), round(tail_distance(0.5, fraction=0.01), 4)
    (0.1574, 0.1167)
    """
    each = _positive(scales)
    gamma, share = _arguments(ratio, fraction, each)
    start = _start(share, gamma, each)
    if isinstance(start, float):
        return float(_distance(start, share, gamma, each)) if start > 0 else 1.0
    inside = np.where(start > 0, start, 1.0)
    return np.where(start > 0, _distance(inside, share, gamma, each), 1.0)


def _distance(start: Numbers, fraction: Numbers, ratio: Numbers, scales: FloatArray) -> FloatArray:
    """Return the distance of the eigenvalues above the start of the tail."""
    alpha = np.asarray(_alpha_above(start, fraction, ratio, scales))[..., None]
    num = _POINTS if len(scales) == 1 else _FEWER_POINTS
    x = np.linspace(start, _mp.edges(ratio)[1], num, axis=-1)
    model = (x / np.asarray(start)[..., None]) ** (1 - alpha)
    above = _sf(x, ratio if isinstance(ratio, float) else ratio[..., None, None], scales)
    found: FloatArray = np.abs(above / np.asarray(fraction)[..., None] - model).max(axis=-1)
    return found


def eigenvalues(M: int, ratio: float, /, *, scales: npt.ArrayLike | None = None) -> FloatArray:
    r"""
    Return the eigenvalues that noise is expected to have.

    Parameters
    ----------
    M : int
        Number of eigenvalues of one matrix.
    ratio : float
        M/N, above 0 and at most 1.
    scales : array_like, shape (rf,), optional
        Mean eigenvalue of each of several matrices whose eigenvalues are pooled; by default one
        matrix with a mean eigenvalue of 1.

    Returns
    -------
    ndarray, shape (rf * M,)
        Quantiles of the Marchenko-Pastur law at :math:`(k - 1/2) / M`, ascending.

    Raises
    ------
    ArgumentError
        If `M` is not a whole number from 1, `ratio` is out of range, or `scales` are not numbers.

    Examples
    --------
    >>> eigenvalues(4, 0.5).round(3)
    array([0.238, 0.593, 1.121, 1.971])
    """
    _checks.count("M", M)
    expected = _quantiles(int(M), ratio)
    if scales is None:
        return expected.copy()
    return np.sort(np.outer(_checks.real_numbers(scales, "scales"), expected), axis=None)


@lru_cache(maxsize=256)
def _quantiles(M: int, ratio: float) -> FloatArray:
    found = _mp.ppf((np.arange(M) + 0.5) / M, ratio)
    found.flags.writeable = False  # cached for layers of the same shape
    return found


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
