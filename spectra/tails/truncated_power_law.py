r"""
Truncated power law :math:`p(x) \propto x^{-\alpha} e^{-\Lambda x}`, with an exponential cutoff.

In the log-excess z = ln(x / xmin) the density is
:math:`e^{-a z - \lambda (e^z - 1)} / I(a, \lambda)`
with a = alpha - 1 and lambda = Lambda xmin: an exponential family, whose likelihood has a single
maximum. At the maximum, the means of z and of :math:`e^z` equal the means of the data; I and the
means are integrals of smooth functions, computed by Gauss-Legendre quadrature for all tails at
once. The plain power law is the limit Lambda = 0. alpha is at least 1, as in the powerlaw package:
a rising density with a steeper cutoff is not a power law.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.tails.power_law as _power_law
from spectra.tails.options import fixed_threshold
from spectra.tails.power_law import tails
from spectra.tails.samples import FitStatus, logarithms, prepare
from spectra.tails.xmin_search import search

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.options import Threshold
    from spectra.tails.xmin_search import Tails

__all__ = ["TruncatedFit", "fit", "log_density", "most_likely"]

_NODES = 80  # of the quadrature
_REACH = 40.0  # exp(-40) is negligible beside the rounding of an integral
_FARTHEST = 700.0  # exp(710) overflows float64
_BISECTIONS = 100
_STRONG = 1e-3  # lambda from which on the mean at rate 0 is not far off
_CLOSE = 1e-11  # of two logarithms of lambda
_NEWTON_STEPS = 60
_SMALLEST, _LARGEST = 1e-9, 1e6  # range of lambda; the smallest in units of 1 / mean(x / xmin)


class TruncatedFit(NamedTuple):
    """
    Fit of a truncated power law; ``nan`` if there is no fit.

    Examples
    --------
    >>> TruncatedFit._fields[:3]
    ('alpha', 'Lambda', 'xmin')
    """

    alpha: float
    """Exponent of the power, at least 1."""
    Lambda: float
    """Rate of the exponential, in the inverse unit of the data; 0 for a plain power law."""
    xmin: float
    """Start of the tail."""
    xmax: float
    """Largest datum."""
    D: float
    """Kolmogorov-Smirnov distance between the tail and the fit."""
    num_tail: int
    """Number of data from `xmin` up."""
    log_likelihood: float
    """Logarithm of the likelihood of the tail."""
    status: FitStatus
    """Outcome of the fit: fitted, or the reason why there is no fit."""


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _reach(rate: FloatArray, cutoff: FloatArray) -> FloatArray:
    """Return a z beyond which the density is negligible."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.minimum(np.minimum(_REACH / rate, np.log1p(_REACH / cutoff)), _FARTHEST)


def _integrand(z: FloatArray, rate: FloatArray, cutoff: FloatArray) -> FloatArray:
    growth = np.expm1(np.minimum(z, _FARTHEST))
    value: FloatArray = np.exp(-rate[..., None] * z - cutoff[..., None] * growth)
    return value


def _integral(upper: FloatArray, rate: FloatArray, cutoff: FloatArray) -> FloatArray:
    """Integrate the unnormalised density of z from 0 to `upper`."""
    nodes, weights = _legendre()
    value: FloatArray = upper * (_integrand(upper[..., None] * nodes, rate, cutoff) @ weights)
    return value


def _cdf(
    excess: FloatArray, rate: FloatArray, cutoff: FloatArray, reach: FloatArray, total: FloatArray
) -> FloatArray:
    shape = np.broadcast_shapes(excess.shape, rate.shape)
    rate, cutoff = np.broadcast_to(rate, shape), np.broadcast_to(cutoff, shape)
    return _integral(np.minimum(excess, reach), rate, cutoff) / total


class _Moments(NamedTuple):
    """Moments of z and of the decay, which is the cutoff times the growth ``exp(z) - 1``."""

    z: FloatArray
    growth: FloatArray
    variance: FloatArray
    decay: FloatArray
    decay_variance: FloatArray
    covariance: FloatArray


def _moments(rate: FloatArray, cutoff: FloatArray) -> _Moments:
    """Return means, variances and the covariance under the law."""
    nodes, weights = _legendre()
    z = _reach(rate, cutoff)[..., None] * nodes
    growth = np.expm1(z)
    decay = cutoff[..., None] * growth
    share = np.exp(-rate[..., None] * z - decay) * weights
    share /= share.sum(axis=-1, keepdims=True)
    mean, mean_decay = (share * z).sum(axis=-1), (share * decay).sum(axis=-1)
    z -= mean[..., None]
    decay -= mean_decay[..., None]
    squares = (share * z * z, share * decay * decay, share * z * decay)
    variance, decay_variance, covariance = (part.sum(axis=-1) for part in squares)
    mean_growth = (share * growth).sum(axis=-1)
    return _Moments(mean, mean_growth, variance, mean_decay, decay_variance, covariance)


def _rate_for(
    cutoff: FloatArray, mean_z: FloatArray, start: FloatArray
) -> tuple[FloatArray, _Moments]:
    """
    Return the rate, at least 0, at which z has mean `mean_z`, and the moments there.

    The mean is convex in the rate. Steps from 0 never go too far; a weak cutoff makes them short.
    """
    rate = start
    for _ in range(_NEWTON_STEPS):
        found = _moments(rate, cutoff)
        step = (found.z - mean_z) / found.variance
        following = np.where(step < -rate, np.where(cutoff > _STRONG, 0.0, rate / 4), rate + step)
        following[(rate <= 1e-9) & (step < 0)] = 0.0
        if np.all(np.abs(following - rate) <= 1e-12 * (1 + rate)):
            break
        rate = following
    return rate, found


def _newton(rate: FloatArray, found: _Moments, wanted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a step of ln(cutoff) to the wanted mean growth, and the slope of the rate."""
    with np.errstate(all="ignore"):  # such a step leaves any bracket
        slope = np.where(rate > 0, -found.covariance / found.variance, 0.0)
        steepness = (found.decay_variance + slope * found.covariance) / found.decay
        step: FloatArray = np.log(found.growth / wanted) / steepness
    return step, slope


def most_likely(mean_z: FloatArray, mean_growth: FloatArray, /) -> tuple[FloatArray, FloatArray]:
    """
    Compute the maximum-likelihood truncated power law of every tail.

    Parameters
    ----------
    mean_z : ndarray, shape (tails,)
        Mean of ``ln(x / xmin)``, positive.
    mean_growth : ndarray, shape (tails,)
        Mean of ``x / xmin - 1``.

    Returns
    -------
    rate : ndarray, shape (tails,)
        Exponents alpha minus one.
    cutoff : ndarray, shape (tails,)
        Lambda times xmin; 0 where the plain power law is likeliest.

    Examples
    --------
    >>> import numpy as np
    >>> rate, cutoff = most_likely(np.array([0.5]), np.array([1.5]))  # the mean of a power law is 1
    >>> rate, cutoff
    (array([2.]), array([0.]))
    """
    rate = 1 / mean_z
    cutoff = np.zeros_like(rate)
    with np.errstate(divide="ignore"):
        expected = np.where(rate > 1, 1 / np.abs(rate - 1), np.inf)  # mean growth under a power law
    inside = np.flatnonzero(mean_growth < expected)
    if not inside.size:
        return rate, cutoff
    wanted = mean_growth[inside]
    smallest = np.maximum(math.log(_SMALLEST) - np.log1p(wanted), -_FARTHEST)
    low, high = smallest, np.full(inside.size, math.log(_LARGEST))
    middle = np.clip(-np.log(wanted), low, high)  # of the plain exponential; the root is below
    found = rate[inside]
    for _ in range(_BISECTIONS):
        found, moments = _rate_for(np.exp(middle), mean_z[inside], found)
        above = moments.growth > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        step, slope = _newton(found, moments, wanted)
        near = (middle + step > low) & (middle + step < high)
        following = np.where(near, middle + step, (low + high) / 2)
        if np.all((np.abs(following - middle) < _CLOSE) | (high - low < _CLOSE)):
            break
        found = np.maximum(np.where(near, found + slope * step, found), 0.0)
        middle = following
    tiny = middle <= smallest + 1e-6  # indistinguishable from a power law
    rate[inside] = np.where(tiny, rate[inside], found)
    cutoff[inside] = np.where(tiny, 0.0, np.exp(middle))
    return rate, cutoff


def log_density(z: FloatArray, rate: float, cutoff: float, /) -> FloatArray:
    """
    Compute the logarithm of the density of the log-excess.

    Parameters
    ----------
    z : ndarray
        Log-excess ``ln(x / xmin)``, not negative.
    rate : float
        Exponent alpha minus one.
    cutoff : float
        Lambda times xmin.

    Returns
    -------
    ndarray
        Log-density in z; the log-density in x is smaller by ``z + ln(xmin)``.

    Examples
    --------
    >>> import numpy as np
    >>> log_density(np.array([0.0, 1.0]), 1.0, 0.0)
    array([ 0., -1.])
    """
    if cutoff == 0:
        return math.log(rate) - rate * z
    a, c = np.array(rate), np.array(cutoff)
    total = math.log(float(_integral(_reach(a, c), a, c)))
    value: FloatArray = -rate * z - cutoff * np.expm1(z) - total
    return value


def _no_fit(status: FitStatus) -> TruncatedFit:
    nan = math.nan
    return TruncatedFit(nan, nan, nan, nan, nan, 0, nan, status)


def _mean_growth(x: FloatArray, log_xmin: FloatArray, log_largest: float) -> FloatArray:
    """Return the mean of ``x / xmin - 1`` above every threshold; the logarithms have one unit."""
    num = len(x) - np.arange(len(log_xmin))
    means = np.cumsum((x / x[-1])[::-1])[::-1][: len(log_xmin)] / num
    with np.errstate(over="ignore"):  # data too many orders of magnitude apart for a cutoff
        value: FloatArray = means * np.exp(log_largest - log_xmin) - 1
    return value


def _with_cutoff(plain: Tails, x: FloatArray) -> Tails:
    """Replace the power law of each tail by the maximum-likelihood truncated power law."""
    means = _mean_growth(x, plain.log_xmin[0], float(plain.log_x[0, -1]))
    growth = np.where(plain.allowed[0], means, 1.0)
    rate, cutoff = most_likely(1 / plain.parameters[0][0], growth)
    reach = _reach(rate, cutoff)
    parameters = (rate, cutoff, reach, _integral(reach, rate, cutoff))
    return plain._replace(cdf=_cdf, parameters=tuple(p[None] for p in parameters))


def fit(eigenvalues: npt.ArrayLike, /, *, xmin: Threshold = None) -> TruncatedFit:
    r"""
    Fit a truncated power law to the tail of a spectrum.

    Every datum but the largest is tried as the start of the tail; the fit is the tail with the
    smallest Kolmogorov-Smirnov distance from its law.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order and unit; zeros are left out.
    xmin : float or (float, float), optional
        Start of the tail, or the range to search for it. By default every datum is tried.
        :func:`spectra.tails.outliers.peak` gives the start of WeightWatcher's E_TPL.

    Returns
    -------
    TruncatedFit
        Parameters, threshold, distance and log-likelihood of the fit, with a `status`.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional, or `xmin` is not positive.

    See Also
    --------
    spectra.tails.power_law.fit : Fit of the plain power law.

    Notes
    -----
    The normalisation is :math:`\Lambda^{1-\alpha} / \Gamma(1 - \alpha, \Lambda x_{min})`. alpha
    and Lambda compensate for each other: where Lambda times xmax is small, a larger alpha with a
    smaller Lambda is nearly as likely.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, table 2.1. Yang et al. (2023),
    doi:10.1145/3580305.3599518, for the extended form with xmin at the peak of the spectrum.

    Examples
    --------
    >>> import numpy as np
    >>> x = 1 + np.random.default_rng(0).exponential(size=500)  # alpha = 0, Lambda = 1
    >>> result = fit(x, xmin=1.0)
    >>> result.alpha, round(result.Lambda, 1)
    (1.0, 0.5)
    """
    sample, status, _ = prepare(eigenvalues, xmin=xmin)
    if status is not FitStatus.FITTED:
        return _no_fit(status)
    log_x, scaled = logarithms(sample[None], {"xmin": xmin})
    plain = tails(log_x, xmin=scaled["xmin"], estimator="n", ties="distinct")
    if not plain.allowed.any():
        return _no_fit(_power_law.fit(eigenvalues, xmin=xmin, estimator="n").status)
    found = _with_cutoff(plain, sample)
    index, D = search(found)
    start = int(index[0])
    rate, cutoff = (float(p[0, start]) for p in found.parameters[:2])
    log_xmin = float(found.log_xmin[0, start])
    z = found.log_x[0, start:] - log_xmin
    start_of_tail = fixed_threshold(xmin) or float(sample[start])
    return TruncatedFit(
        alpha=1 + rate,
        Lambda=cutoff / start_of_tail,
        xmin=start_of_tail,
        xmax=float(sample[-1]),
        D=float(D[0]),
        num_tail=len(z),
        log_likelihood=float(np.sum(log_density(z, rate, cutoff) - z - math.log(start_of_tail))),
        status=FitStatus.FITTED,
    )
