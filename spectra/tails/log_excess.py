"""
Excess over a threshold: ``ln(x / xmin)``, exponentially distributed under a power law.

The rate of the exponential law is the exponent of the power law less one. A power law that ends at
xmax has an exponential law cut off at ``ln(xmax / xmin)``; its rate may be negative.
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
    "bounded_rate",
    "bounded_sigma",
    "cdf",
    "quantile",
    "stephens",
    "totals",
]

STEPHENS_AT_05, STEPHENS_AT_10 = 1.094, 0.990
"""What :func:`stephens` exceeds in 5 and 10 % of samples."""

_SHORTEST = 40.0  # lengths in units of the mean excess beyond which the end is not felt
_NEWTON_STEPS = 6  # from a start within 5 %, quadratic convergence is done after four


def totals(log_x: FloatArray, /) -> FloatArray:
    """
    Add up the excess over each datum of the data above it.

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


def cdf(excess: FloatArray, rate: FloatArray, /) -> FloatArray:
    """
    Compute the exponential distribution function.

    Parameters
    ----------
    excess : ndarray
        Where, not negative.
    rate : ndarray
        Exponent of the power law less one, positive.

    Returns
    -------
    ndarray
        ``1 - exp(-rate * excess)``.

    Examples
    --------
    >>> import numpy as np
    >>> cdf(np.log([2.0, 4.0]), np.array(2.0))
    array([0.75  , 0.9375])
    """
    return -np.expm1(-rate * excess)


def bounded_cdf(excess: FloatArray, rate: FloatArray, length: FloatArray, /) -> FloatArray:
    """
    Compute the distribution function of an exponential law cut off at a length.

    Parameters
    ----------
    excess : ndarray
        Where, from 0 to `length`.
    rate : ndarray
        Exponent of the power law less one, of either sign, not 0.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        From 0 to 1.

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


def quantile(
    share: FloatArray, rate: FloatArray, length: FloatArray | None = None, /
) -> FloatArray:
    """
    Invert the distribution function, cut off at a length or not.

    Parameters
    ----------
    share : ndarray
        Values of the distribution function, from 0 to 1, less than 1 if there is no length.
    rate : ndarray
        Exponent of the power law less one.
    length : ndarray, optional
        ``ln(xmax / xmin)``.

    Returns
    -------
    ndarray
        The excess below which that share lies.

    Examples
    --------
    >>> import numpy as np
    >>> float(cdf(quantile(np.array(0.3), np.array(2.0)), np.array(2.0)))
    0.3
    """
    if length is None:
        return -np.log1p(-share) / rate
    steep = np.abs(rate)  # a negative rate is a positive one seen from the other end
    from_end = np.where(rate < 0, 1 - share, share)
    with np.errstate(divide="ignore"):  # at the very end
        found = -np.log1p(from_end * np.expm1(-steep * length)) / steep
    found = np.minimum(found, length)
    value: FloatArray = np.where(rate < 0, length - found, found)
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
    Find the most likely rate of an exponential law cut off at a length.

    Parameters
    ----------
    mean : ndarray
        Mean excess of the data, between 0 and `length`.
    length : ndarray
        ``ln(xmax / xmin)``, positive.

    Returns
    -------
    ndarray
        The rate whose law has that mean; never exactly 0.

    Notes
    -----
    Solves :math:`1/u - 1/(e^u - 1) = mean / length` for u = rate * length by Newton's method; the
    left side is a Langevin function.

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
    near = np.minimum(mean, length - mean)  # the law seen from the end that it is nearer to
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
    Compute the standard error of the rate of an exponential law cut off at a length.

    Parameters
    ----------
    rate : ndarray
        The rate.
    length : ndarray
        ``ln(xmax / xmin)``, positive.
    num : array_like of int
        Data it was fitted to.

    Returns
    -------
    ndarray
        One over the root of the Fisher information.

    Examples
    --------
    >>> import numpy as np
    >>> float(bounded_sigma(np.array(2.0), np.array(1e3), 100))  # as if not cut off
    0.2
    """
    return 1 / (length * np.sqrt(np.asarray(num) * _langevin(rate * length / 2)[1] / 4))


def stephens(D: FloatArray, num: npt.ArrayLike, /) -> FloatArray:
    r"""
    Free the distance of an exponential law of fitted rate from the number of data.

    Parameters
    ----------
    D : ndarray
        Kolmogorov-Smirnov distance of the excess from its law, from both steps.
    num : array_like of int
        Number of data.

    Returns
    -------
    ndarray
        :math:`(D - 0.2/n)(\sqrt n + 0.26 + 0.5/\sqrt n)`, above 0.990 in 10 % of samples of any
        size, above 1.094 in 5 %.

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
