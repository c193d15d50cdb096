"""
The log-excess over a threshold: ``ln(x / xmin)``, exponentially distributed under a power law.

The rate of the exponential law is the exponent of the power law less one. Under a power law that
ends at xmax the log-excess follows an exponential law truncated at the length ``ln(xmax / xmin)``,
whose rate may be negative; its functions here are called ``bounded_...``. They do not check their
arguments, and broadcast them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "STEPHENS_AT_05",
    "STEPHENS_AT_10",
    "bounded_cdf",
    "bounded_isf",
    "bounded_pdf",
    "bounded_ppf",
    "bounded_rate",
    "bounded_sf",
    "bounded_sigma",
    "cdf",
    "isf",
    "pdf",
    "ppf",
    "sf",
    "stephens",
    "totals",
]

STEPHENS_AT_05, STEPHENS_AT_10 = 1.094, 0.990
"""Critical values of :func:`stephens` at a significance of 5 and 10 %."""

_SHORTEST = 40.0  # lengths, in units of the mean excess, beyond which the end is not felt
_NEWTON_STEPS = 6  # from a start within 5 %, quadratic convergence is done after four


def totals(log_x: FloatArray, /) -> FloatArray:
    """
    Sum the log-excess of all larger data over each datum.

    Parameters
    ----------
    log_x : ndarray, shape (..., n)
        Logarithms of the data, ascending along the last axis.

    Returns
    -------
    ndarray, shape (..., n)
        ``sum(log_x[j] - log_x[i] for j >= i)``.

    Examples
    --------
    >>> import numpy as np
    >>> totals(np.array([0.0, 1.0, 3.0]))
    array([4., 2., 0.])
    """
    below_top = log_x - log_x[..., -1:]  # so that the unit of the data costs no digits
    num = log_x.shape[-1] - np.arange(log_x.shape[-1])
    sums: FloatArray = np.cumsum(below_top[..., ::-1], axis=-1)[..., ::-1]
    total: FloatArray = sums - num * below_top
    return total


def pdf(excess: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the probability density function of the exponential law.

    Parameters
    ----------
    excess : ndarray
        Log-excess, not negative.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        ``rate * exp(-rate * excess)``.

    Examples
    --------
    >>> import numpy as np
    >>> pdf(np.log([1.0, 2.0]), np.array(2.0))
    array([2. , 0.5])
    """
    value: FloatArray = rate * np.exp(-rate * excess)
    return value


def cdf(excess: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the cumulative distribution function of the exponential law.

    Parameters
    ----------
    excess : ndarray
        Log-excess, not negative.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        ``1 - exp(-rate * excess)``, exact where it is small.

    Examples
    --------
    >>> import numpy as np
    >>> cdf(np.log([2.0, 4.0]), np.array(2.0))
    array([0.75  , 0.9375])
    """
    value = np.asarray(rate * excess)  # in place from here: the search for xmin lives on this
    np.negative(value, out=value)
    np.expm1(value, out=value)
    return np.negative(value, out=value)


def sf(excess: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the survival function of the exponential law.

    Parameters
    ----------
    excess : ndarray
        Log-excess, not negative.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        ``exp(-rate * excess)``, the probability of a larger log-excess.

    Examples
    --------
    >>> import numpy as np
    >>> sf(np.log([2.0, 4.0]), np.array(2.0))
    array([0.25  , 0.0625])
    """
    value: FloatArray = np.exp(-rate * excess)
    return value


def ppf(q: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the percent point function of the exponential law, the inverse of :func:`cdf`.

    Parameters
    ----------
    q : ndarray
        Probabilities of a smaller log-excess, from 0 to 1.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        Log-excess, from 0 for 0 to ``inf`` for 1.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(ppf(np.array([0.0, 0.75]), np.array(2.0))).round(12)
    array([1., 2.])
    """
    with np.errstate(divide="ignore"):  # at 1
        return -np.log1p(-q) / rate


def isf(q: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the inverse survival function of the exponential law, the inverse of :func:`sf`.

    Parameters
    ----------
    q : ndarray
        Probabilities of a larger log-excess, from 0 to 1.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        Log-excess, from ``inf`` for 0 to 0 for 1.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(isf(np.array([1.0, 0.25]), np.array(2.0))).round(12)
    array([1., 2.])
    """
    with np.errstate(divide="ignore"):  # at 0
        return -np.log(q) / rate + 0.0  # of 1, 0 and not -0


def bounded_pdf(excess: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the probability density function of an exponential law truncated at a length.

    Parameters
    ----------
    excess : ndarray
        Log-excess, from 0 to `length`.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        ``rate * exp(-rate * excess) / (1 - exp(-rate * length))``.

    Examples
    --------
    >>> import numpy as np
    >>> bounded_pdf(np.array([0.0, 1.0, 2.0]), np.array(1e-300), np.array(2.0))
    array([0.5, 0.5, 0.5])
    """
    steep = np.abs(rate)  # a negative rate is a positive one seen from the other end
    from_peak = np.where(rate < 0, np.abs(length - excess), excess)
    value: FloatArray = steep * np.exp(-steep * from_peak) / -np.expm1(-steep * length)
    return value


def bounded_cdf(excess: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the cumulative distribution function of an exponential law truncated at a length.

    Parameters
    ----------
    excess : ndarray
        Log-excess, from 0 to `length`.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        ``(1 - exp(-rate * excess)) / (1 - exp(-rate * length))``, exact where it is small.

    Examples
    --------
    >>> import numpy as np
    >>> bounded_cdf(np.array([0.0, 1.0, 2.0]), np.array(1e-300), np.array(2.0))
    array([0. , 0.5, 1. ])
    """
    steep = np.abs(rate)  # a negative rate is a positive one seen from the other end
    falling = np.expm1(-steep * excess) / np.expm1(-steep * length)
    value: FloatArray = np.where(
        rate < 0, falling * np.exp(-steep * np.abs(length - excess)), falling
    )
    return value


def bounded_sf(excess: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the survival function of an exponential law truncated at a length.

    Parameters
    ----------
    excess : ndarray
        Log-excess, from 0 to `length`.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        Probability of a larger log-excess, exact where it is small.

    Examples
    --------
    >>> import numpy as np
    >>> bounded_sf(np.array([0.0, 0.5, 2.0]), np.array(1e-300), np.array(2.0))
    array([1.  , 0.75, 0.  ])
    """
    # the law seen from the other end has the opposite rate
    return bounded_cdf(length - excess, -rate, length)


def bounded_ppf(q: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the percent point function of an exponential law truncated at a length.

    Parameters
    ----------
    q : ndarray
        Probabilities of a smaller log-excess, from 0 to 1.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        Log-excess, from 0 for 0 to `length` for 1: the inverse of :func:`bounded_cdf`.

    Examples
    --------
    >>> import numpy as np
    >>> bounded_ppf(np.array([0.0, 0.25, 1.0]), np.array(1e-300), np.array(2.0)).round(12)
    array([0. , 0.5, 2. ])
    """
    steep = np.abs(rate)
    with np.errstate(divide="ignore"):  # at the very ends
        falling = -np.log1p(q * np.expm1(-steep * length)) / steep
        # ln(1 + q (exp(steep length) - 1)), where the exponential may overflow
        log_growth = steep * length + np.log(-np.expm1(-steep * length))
        rising = np.logaddexp(0.0, np.log(q) + log_growth) / steep
    found = np.minimum(np.where(rate < 0, rising, falling), length)
    return np.where(q < 1, found, length)  # rounding would stop short of the end


def bounded_isf(q: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the inverse survival function of an exponential law truncated at a length.

    Parameters
    ----------
    q : ndarray
        Probabilities of a larger log-excess, from 0 to 1.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        Log-excess, from `length` for 0 to 0 for 1: the inverse of :func:`bounded_sf`.

    Examples
    --------
    >>> import numpy as np
    >>> bounded_isf(np.array([0.0, 0.75, 1.0]), np.array(1e-300), np.array(2.0)).round(12)
    array([2. , 0.5, 0. ])
    """
    value: FloatArray = length - bounded_ppf(q, -rate, length)
    return value


def _langevin(t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``coth(t) - 1/t`` and its derivative."""
    small = np.abs(t) < 0.05
    safe = np.where(small, 1.0, t)
    sinh = np.sinh(np.clip(safe, -350, 350))
    value = np.where(small, t / 3 - t**3 / 45, 1 / np.tanh(safe) - 1 / safe)
    slope = np.where(small, 1 / 3 - t**2 / 15, 1 / safe**2 - 1 / sinh**2)
    return value, slope


def bounded_rate(mean: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the maximum-likelihood rate of an exponential law truncated at a length.

    Parameters
    ----------
    mean : ndarray
        Mean log-excess of the data, between 0 and `length`.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        Rate of the law that has that mean; never exactly 0.

    Notes
    -----
    Solves :math:`1/u - 1/(e^u - 1) = mean / length` for u = rate * length by Newton's method; the
    left side is a Langevin function of u up to shift and scale.

    References
    ----------
    Aban, Meerschaert & Panorska (2006), doi:10.1198/016214505000000411, equation 4, for the score.

    Examples
    --------
    >>> import numpy as np
    >>> rate = bounded_rate(np.array([0.5, 0.25]), np.array([1.0, 1.0]))
    >>> round(float(1 / rate[1] - 1 / np.expm1(rate[1])), 12)
    0.25
    """
    near = np.minimum(mean, length - mean)  # distance of the mean from the nearer end
    target = 1 - 2 * np.maximum(near / length, 1 / _SHORTEST)
    t = target * (3 - target**2) / (1 - target**2)  # Cohen's approximation
    for _ in range(_NEWTON_STEPS):
        value, slope = _langevin(t)
        t = t - (value - target) / slope
    bounded = np.where(t == 0, np.finfo(float).tiny, 2 * t / length)
    rate = np.where(length > _SHORTEST * near, 1 / near, bounded)
    return np.where(mean > near, -rate, rate)


def bounded_sigma(rate: FloatArray, length: FloatArray, num: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the standard error of the rate of an exponential law truncated at a length.

    Parameters
    ----------
    rate : ndarray
        Fitted rate, of either sign.
    length : ndarray
        ``ln(xmax / xmin)``, positive.
    num : array_like of int
        Number of data that the rate was fitted to.

    Returns
    -------
    ndarray
        One over the square root of the Fisher information.

    Examples
    --------
    >>> import numpy as np
    >>> float(bounded_sigma(np.array(2.0), np.array(1e3), 100))  # as if not truncated
    0.2
    """
    return 1 / (length * np.sqrt(np.asarray(num) * _langevin(rate * length / 2)[1] / 4))


def stephens(D: FloatArray, num: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute Stephens' size-corrected Kolmogorov-Smirnov statistic for an exponential of fitted rate.

    Parameters
    ----------
    D : ndarray
        Two-sided Kolmogorov-Smirnov distance of the log-excess from its fitted exponential law.
    num : array_like of int
        Number of data.

    Returns
    -------
    ndarray
        :math:`(D - 0.2/n)(\sqrt n + 0.26 + 0.5/\sqrt n)`. Under the exponential law it is above
        0.990 in 10 % of samples and above 1.094 in 5 %, whatever their size.

    References
    ----------
    Stephens (1974), doi:10.1080/01621459.1974.10480196.

    Examples
    --------
    >>> import numpy as np
    >>> stephens(np.array([0.1, 0.05]), [100, 400]).round(3)
    array([1.01 , 1.004])
    """
    n = np.asarray(num, dtype=np.float64)
    root = np.sqrt(n)
    value: FloatArray = (D - 0.2 / n) * (root + 0.26 + 0.5 / root)
    return value
