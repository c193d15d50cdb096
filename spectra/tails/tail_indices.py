r"""
Estimators of the tail index beside Hill's, for every tail length: moments, kernel, Pickands.

They estimate the extreme-value index gamma from the k largest data, for every k. Its other names
are in :mod:`spectra.tails.exponents`. A gamma of 0 is a tail as light as the exponential one, and a
negative gamma is a law that ends.

The data may be eigenvalues or the elements of a matrix, ``np.abs(W).ravel()``. They may have any
sign: an estimate counts if the datum below the k largest is above 0, and is ``nan`` if not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import nonzero
from spectra.errors import ArgumentError
from spectra.tails.tail_errors import BIWEIGHT, KERNEL_POWER, variance

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.tail_errors import Estimator

__all__ = [
    "Estimates",
    "LogMoments",
    "hill",
    "kernel",
    "log_moments",
    "moments",
    "pickands",
    "positive_kernel",
]


class Estimates(NamedTuple):
    """
    Estimates of the extreme-value index for every tail length, and their standard errors.

    Examples
    --------
    >>> hill([1.0, 2.0, 4.0]).k
    array([1, 2])
    """

    k: npt.NDArray[np.int64]
    """Numbers of data in the tail, ascending."""
    gamma: FloatArray
    """Extreme-value indices, with a last axis as long as `k`; ``nan`` where there is none."""
    sigma: FloatArray
    """Standard errors of gamma without its bias, see :mod:`spectra.tails.tail_errors`."""


class LogMoments(NamedTuple):
    """
    Moments of the log-excess of the k largest data, for every k.

    Examples
    --------
    >>> LogMoments._fields
    ('k', 'first', 'second', 'third')
    """

    k: npt.NDArray[np.int64]
    """Numbers of data in the tail, 1 to n - 1."""
    first: FloatArray
    """Means of ln(x / threshold), where the threshold is the largest datum below the tail."""
    second: FloatArray
    """Means of the squares."""
    third: FloatArray
    """Means of the cubes."""


def _descending(values: npt.ArrayLike) -> FloatArray:
    """Return data along the last axis, the largest first; ``nan`` where one is not finite."""
    x = _checks.real_numbers(nonzero(values), "values")
    if x.ndim == 0:
        msg = "`values` must be an array of data along its last axis, got a single number"
        raise ArgumentError(msg)
    finite = np.isfinite(x).all(axis=-1, keepdims=True)
    return np.where(finite, -np.sort(-x, axis=-1), np.nan)


def _log_spacings(values: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return k from 1 to n - 1, and the logarithm of the k-th largest datum over the next."""
    x = _descending(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_x = np.where(x > 0, np.log(x), np.nan)
    return np.arange(1, max(x.shape[-1], 1)), log_x[..., :-1] - log_x[..., 1:]


def _estimates(estimator: Estimator, k: npt.NDArray[np.int64], gamma: FloatArray) -> Estimates:
    return Estimates(k, gamma, np.sqrt(variance(estimator, gamma) / k))


def log_moments(values: npt.ArrayLike, /) -> LogMoments:
    """
    Compute the first three moments of the log-excess of the k largest data, for every k.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.

    Returns
    -------
    LogMoments
        Moments of shape (..., n - 1); ``nan`` where the threshold is not above 0.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    Examples
    --------
    >>> log_moments([1.0, np.e, np.e**3]).second
    array([4., 5.])
    """
    k, d = _log_spacings(values)
    one = np.cumsum(k * d, axis=-1)  # sums over all data of the tail, when the threshold sinks by d
    before = np.concatenate([np.zeros((*d.shape[:-1], 1)), one], axis=-1)[..., :-1]
    two = np.cumsum(2 * d * before + k * d**2, axis=-1)
    before_two = np.concatenate([np.zeros((*d.shape[:-1], 1)), two], axis=-1)[..., :-1]
    three = np.cumsum(3 * d * before_two + 3 * d**2 * before + k * d**3, axis=-1)
    return LogMoments(k, one / k, two / k, three / k)


def hill(values: npt.ArrayLike, /) -> Estimates:
    r"""
    Estimate the extreme-value index by Hill's estimator, for every tail length.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.

    Returns
    -------
    Estimates
        Index for k from 1 to n - 1.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    See Also
    --------
    spectra.tails.hill.curve : Exponents alpha of the density from the same estimator.

    References
    ----------
    Hill (1975), doi:10.1214/aos/1176343247.

    Examples
    --------
    >>> hill([1.0, 2.0, 4.0]).gamma.round(3)
    array([0.693, 1.04 ])
    """
    k, d = _log_spacings(values)
    return _estimates("hill", k, np.cumsum(k * d, axis=-1) / k)


def moments(values: npt.ArrayLike, /) -> Estimates:
    r"""
    Estimate the extreme-value index by the moments estimator, for every tail length.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.

    Returns
    -------
    Estimates
        Index :math:`M_1 + 1 - (1 - M_1^2 / M_2)^{-1} / 2` for k from 1 to n - 1, of any sign.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    References
    ----------
    Dekkers, Einmahl & de Haan (1989), doi:10.1214/aos/1176347397.

    Examples
    --------
    >>> x = np.random.default_rng(0).pareto(2.0, 5000) + 1
    >>> found = moments(x)
    >>> round(float(found.gamma[999]), 2), round(float(found.sigma[999]), 3)
    (0.52, 0.036)
    """
    k, first, second, _ = log_moments(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = first + 1 - 0.5 / (1 - first**2 / second)
    return _estimates("moments", k, np.where(np.isfinite(gamma), gamma, np.nan))


def positive_kernel(values: npt.ArrayLike, /) -> Estimates:
    r"""
    Estimate a positive extreme-value index by a kernel estimator, for every tail length.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.

    Returns
    -------
    Estimates
        Means of the log-spacings :math:`j \ln(x_{(j)} / x_{(j+1)})` with weights
        :math:`K(j / (k + 1))` for k from 1 to n - 1, with the biweight kernel K.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    References
    ----------
    Csorgo, Deheuvels & Mason (1985), doi:10.1214/aos/1176349656.

    Examples
    --------
    >>> x = np.random.default_rng(0).pareto(2.0, 5000) + 1
    >>> found = positive_kernel(x)
    >>> round(float(found.gamma[999]), 2), round(float(found.sigma[999]), 3)
    (0.53, 0.02)
    """
    k, d = _log_spacings(values)
    gamma = _smoothed(k, k * d, BIWEIGHT) / _smoothed(k, np.ones(len(k)), BIWEIGHT)
    return _estimates("positive_kernel", k, gamma)


def _smoothed(
    k: npt.NDArray[np.int64], terms: FloatArray, powers: dict[float, float], power: float = 0.0
) -> FloatArray:
    """Return the sums over j up to k of terms times a sum of powers of j / (k + 1)."""
    found = np.zeros(terms.shape)
    for p, a in powers.items():
        found += (
            a
            * np.cumsum(terms * (k / len(k)) ** (p + power), axis=-1)
            / (((k + 1) / len(k)) ** (p + power))
        )
    return found


def kernel(values: npt.ArrayLike, /, *, published: bool = False) -> Estimates:
    r"""
    Estimate the extreme-value index by the kernel estimator for any sign, for every tail length.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.
    published : bool, default: False
        Whether sums stand for integrals as they were published. By default each sum is divided by
        its value for a Pareto law, which takes away an error of about :math:`-0.6 k^{-0.6}`.

    Returns
    -------
    Estimates
        Index for k from 1 to n - 1, of any sign, with the bandwidth (k + 1) / n and the biweight
        kernel.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    Notes
    -----
    :math:`\hat\gamma_{pos} - 1 + q_2 / q_1`, where :math:`q_1 = \sum_j u_j^a K(u_j) d_j` and
    :math:`q_2 = \sum_j (u^{a+1} K)'(u_j) d_j` with :math:`a = 0.6`, :math:`u_j = j / (k + 1)` and
    :math:`d_j = \ln(x_{(j)} / x_{(j+1)})`.

    References
    ----------
    Groeneboom, Lopuhaa & de Wolf (2003), doi:10.1214/aos/1074290333.

    Examples
    --------
    >>> x = np.random.default_rng(0).pareto(2.0, 5000) + 1
    >>> found = kernel(x)
    >>> round(float(found.gamma[999]), 2), round(float(found.sigma[999]), 3)
    (0.53, 0.047)
    """
    k, d = _log_spacings(values)
    slopes = {p: a * (KERNEL_POWER + 1 + p) for p, a in BIWEIGHT.items()}

    def sums(terms: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        roots = terms / k
        return (
            _smoothed(k, terms, BIWEIGHT),
            _smoothed(k, roots, BIWEIGHT, KERNEL_POWER),
            _smoothed(k, roots, slopes, KERNEL_POWER),
        )

    positive, q1, q2 = sums(k * d)
    own, own1, own2 = (k + 1.0, 1.0, 1.0) if published else sums(np.ones(len(k)))
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = positive / own - 1 + (q2 / own2) / (q1 / own1)
    return _estimates("kernel", k, gamma)


def pickands(values: npt.ArrayLike, /) -> Estimates:
    r"""
    Estimate the extreme-value index by Pickands' estimator, for every tail length.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data of any sign, in any order along the last axis; of a Spectrum, its nonzero eigenvalues.

    Returns
    -------
    Estimates
        Index :math:`\log_2 ((x_{(m)} - x_{(2m)}) / (x_{(2m)} - x_{(4m)}))` for k = 4 m, where
        :math:`x_{(m)}` is the m-th largest datum. It does not change if a number is added to all
        data.

    Raises
    ------
    ArgumentError
        If `values` are not real numbers along an axis.

    References
    ----------
    Pickands (1975), doi:10.1214/aos/1176343003.

    Examples
    --------
    >>> pickands([1.0, 2.0, 6.0, 8.0]).gamma
    array([-1.32192809])
    """
    x = _descending(values)
    m = np.arange(1, x.shape[-1] // 4 + 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        upper = x[..., m - 1] - x[..., 2 * m - 1]
        gamma = np.log(upper / (x[..., 2 * m - 1] - x[..., 4 * m - 1])) / math.log(2)
    return _estimates("pickands", 4 * m, np.where(np.isfinite(gamma), gamma, np.nan))
