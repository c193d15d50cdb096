"""Free cumulants, which add when large independent matrices are added."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["free_cumulants", "moments", "moments_from_cumulants", "truncated_power_law_cumulants"]


def moments(x: npt.ArrayLike, /, *, num: int) -> FloatArray:
    r"""
    Compute the moments of data about zero.

    Parameters
    ----------
    x : array_like, shape (..., n)
        Data in any order and unit; leading axes are draws.
    num : int
        Number of moments, at least 1.

    Returns
    -------
    ndarray, shape (..., num)
        The means of :math:`x, x^2, \ldots`; ``nan`` if there are no data, ``inf`` beyond the range
        of float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The moments of the eigenvalues of a matrix are the normalised traces of its powers. The higher
    moments of heavy-tailed eigenvalues are little more than powers of the largest eigenvalue, and
    do not converge with size.

    Examples
    --------
    >>> moments([1.0, 2.0, 3.0], num=2)
    array([2.        , 4.66666667])
    >>> moments([[1.0, 2.0, 3.0], [0.0, 0.0, 3.0]], num=2).round(2)
    array([[2.  , 4.67],
           [1.  , 3.  ]])
    """
    _checks.count("num", num)
    data = _checks.rows(x, "x")
    if not data.shape[-1]:
        return np.full((*data.shape[:-1], num), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.stack([np.mean(data**k, axis=-1) for k in range(1, num + 1)], axis=-1)


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the product of power series, or of stacks of them, up to their common length."""
    num = one.shape[-1]
    if one.ndim == 1:
        return np.convolve(one, other)[:num]
    terms = [np.vecdot(one[..., : n + 1], other[..., n::-1]) for n in range(num)]
    return np.stack(terms, axis=-1)


def _smaller_blocks(moments: FloatArray, cumulants: FloatArray, order: int) -> FloatArray:
    """Sum over the non-crossing partitions of `order` elements into more than one block."""
    known = moments[..., : order - 1]
    series = np.concatenate([np.ones((*known.shape[:-1], 1)), known], axis=-1)
    power, total = series, np.zeros(known.shape[:-1])
    for size in range(1, order):  # size of the first block; the power of the series fills gaps
        total = total + cumulants[..., size - 1] * power[..., order - size]
        power = _product(power, series)
    return total


def free_cumulants(moments: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the free cumulants of a distribution from its moments.

    Parameters
    ----------
    moments : array_like, shape (..., n)
        The first n moments about zero, leading axes are draws; see :func:`moments`.

    Returns
    -------
    ndarray, shape (..., n)
        The first n free cumulants; ``nan`` or ``inf`` from the first order at which a moment is.

    Raises
    ------
    ArgumentError
        If `moments` is not an array of real numbers.

    See Also
    --------
    moments_from_cumulants : The inverse.

    Notes
    -----
    :math:`m_n = \sum_{s=1}^n k_s [z^{n-s}] M(z)^s` with :math:`M(z) = 1 + \sum_n m_n z^n` is solved
    for one cumulant after the other. Free and classical cumulants differ from the fourth on:
    :math:`k_4 = m_4 - 4 m_3 m_1 - 2 m_2^2 + 10 m_2 m_1^2 - 5 m_1^4`.

    Large terms cancel at high orders: for noise with M/N = 0.3, eight digits are left at order 10,
    three at order 15, none at order 18. A shift of the data changes only the first cumulant, so
    subtract a mean that is large compared with the spread before the moments are computed.

    References
    ----------
    Voiculescu (1986), doi:10.1016/0022-1236(86)90062-5. Nica & Speicher (2006), Lectures on the
    Combinatorics of Free Probability, lecture 11.

    Examples
    --------
    >>> free_cumulants([0.0, 1.0, 0.0, 2.0, 0.0, 5.0])  # the semicircle
    array([0., 1., 0., 0., 0., 0.])
    """
    m = _checks.rows(moments, "moments")
    k = np.zeros(m.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(m.shape[-1]):
            k[..., i] = m[..., i] - _smaller_blocks(m, k, i + 1)
    return k


def moments_from_cumulants(cumulants: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the moments of a distribution from its free cumulants.

    Parameters
    ----------
    cumulants : array_like, shape (..., n)
        The first n free cumulants; leading axes are draws.

    Returns
    -------
    ndarray, shape (..., n)
        The first n moments about zero; ``nan`` or ``inf`` from the first order at which a cumulant
        is.

    Raises
    ------
    ArgumentError
        If `cumulants` is not an array of real numbers.

    See Also
    --------
    free_cumulants : The inverse.

    References
    ----------
    Nica & Speicher (2006), Lectures on the Combinatorics of Free Probability, lecture 11.

    Examples
    --------
    >>> moments_from_cumulants([1.0, 0.5, 0.25])  # noise with M/N = 0.5
    array([1.  , 1.5 , 2.75])
    """
    k = _checks.rows(cumulants, "cumulants")
    m = np.zeros(k.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(k.shape[-1]):
            m[..., i] = k[..., i] + _smaller_blocks(m, k, i + 1)
    return m


def truncated_power_law_cumulants(
    alpha: float, lower: float, upper: float, /
) -> tuple[float, float]:
    r"""
    Compute the first two free cumulants of a power law on a finite interval.

    Parameters
    ----------
    alpha : float
        Exponent of the density :math:`p(x) \sim x^{-\alpha}`, above 0.
    lower : float
        Lower end of the interval, above 0.
    upper : float
        Upper end of the interval, above `lower`.

    Returns
    -------
    k1 : float
        Mean of the law.
    k2 : float
        Variance of the law. Digits are lost if the ends are close: at a relative distance d the
        relative error is about 1e-15 over the square of d.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    :math:`m_j = I_j / I_0` with :math:`I_j = \int_a^b x^{j - \alpha} dx`, which is a logarithm if
    :math:`\alpha = j + 1`. Without an upper end there is no mean for :math:`\alpha \le 2` and no
    variance for :math:`\alpha \le 3`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for alpha 2, 3 and 4.

    Examples
    --------
    >>> [round(k, 6) for k in truncated_power_law_cumulants(2.0, 1.0, 10.0)]
    [2.558428, 3.454447]
    """
    from scipy.special import exprel

    _checks.number("alpha", alpha, above=0)
    _checks.number("lower", lower, above=0)
    _checks.number("upper", upper, above=lower)
    length = math.log1p((upper - lower) / lower)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # in units of lower, over ln(x / lower): exprel(u) = (e^u - 1) / u, 1 at the logarithms
        norm, first, second = exprel((np.array([1.0, 2.0, 3.0]) - alpha) * length)
        mean = first / norm
        spread = second / norm - mean**2
        return float(lower * mean), float(lower * (lower * spread))
