r"""
Wigner's surmise: the law of the spacing of two neighbouring eigenvalues, from 2 x 2 matrices.

With :math:`b = (\Gamma(\beta/2 + 1) / \Gamma((\beta + 1)/2))^2` the density of spacings, of mean
1, is :math:`2 b^{(\beta + 1)/2} s^\beta e^{-b s^2} / \Gamma((\beta + 1)/2)`. It is exact for
two eigenvalues; the distribution function of neighbours in large matrices is off by at most 0.0066
(beta 1), 0.0016 (2) and 0.0005 (4), as computed with
:mod:`spectra.theory.local.spacing_law`. Spacings of independent numbers, `beta` 0, have the
density :math:`e^{-s}`, which is not the limit of small beta.

References
----------
Wigner (1957), ORNL-2309; Mehta (2004), Random Matrices, chapter 1; Atas et al. (2013),
doi:10.1103/PhysRevLett.110.084101.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.local._arguments import probabilities

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["cdf", "isf", "pdf", "ppf", "sf"]


def _shape(beta: float) -> tuple[float, float]:
    """Return the shape of the gamma law of b s**2, and the root of b."""
    _checks.number("beta", beta, at_least=0, below=math.inf)
    shape = (float(beta) + 1) / 2
    return shape, math.exp(math.lgamma(shape + 0.5) - math.lgamma(shape))


def pdf(s: npt.ArrayLike, /, *, beta: float = 1) -> FloatArray:
    """
    Compute the probability density function of the law.

    Parameters
    ----------
    s : array_like
        Spacings of unfolded eigenvalues.
    beta : float, default: 1
        Repulsion: 0 for independent numbers, 1 for real matrices, 2 for complex ones, 4 for
        quaternions; any number from 0.

    Returns
    -------
    ndarray
        Probability density, of the shape of `s`; 0 below 0.

    Raises
    ------
    ArgumentError
        If `s` is not real numbers, or `beta` is not a finite number from 0.

    Examples
    --------
    >>> pdf([0.0, 1.0, 2.0]).round(5)
    array([0.     , 0.71619, 0.13576])
    """
    from scipy.special import gammaln, xlogy

    shape, root = _shape(beta)
    x = _checks.real_numbers(s, "s")
    outside = (x < 0) | (x == np.inf)
    inside = np.where(outside, 0.0, x)
    if beta == 0:
        found = np.exp(-inside)
    else:
        t = (root * inside) ** 2
        found = 2 * root * np.exp(xlogy(shape - 0.5, t) - t - gammaln(shape))
    return np.where(outside, 0.0, found)


def cdf(s: npt.ArrayLike, /, *, beta: float = 1) -> FloatArray:
    """
    Compute the cumulative distribution function, the probability of a smaller spacing.

    Parameters
    ----------
    s : array_like
        Spacings of unfolded eigenvalues.
    beta : float, default: 1
        Repulsion, any number from 0, as for :func:`pdf`.

    Returns
    -------
    ndarray
        Probabilities from 0 to 1, of the shape of `s`.

    Raises
    ------
    ArgumentError
        If `s` is not real numbers, or `beta` is not a finite number from 0.

    Examples
    --------
    >>> cdf([0.0, 1.0, 2.0], beta=2).round(5)
    array([0.     , 0.53305, 0.98295])
    """
    from scipy.special import gammainc

    shape, root = _shape(beta)
    inside = np.maximum(_checks.real_numbers(s, "s"), 0.0)
    found: FloatArray = -np.expm1(-inside) if beta == 0 else gammainc(shape, (root * inside) ** 2)
    return found


def sf(s: npt.ArrayLike, /, *, beta: float = 1) -> FloatArray:
    """
    Compute the survival function, the probability of a larger spacing.

    Parameters
    ----------
    s : array_like
        Spacings of unfolded eigenvalues.
    beta : float, default: 1
        Repulsion, any number from 0, as for :func:`pdf`.

    Returns
    -------
    ndarray
        Probabilities from 1 to 0, of the shape of `s`.

    Raises
    ------
    ArgumentError
        If `s` is not real numbers, or `beta` is not a finite number from 0.

    Examples
    --------
    >>> sf([0.0, 1.0, 2.0]).round(5)
    array([1.     , 0.45594, 0.04321])
    """
    from scipy.special import gammaincc

    shape, root = _shape(beta)
    inside = np.maximum(_checks.real_numbers(s, "s"), 0.0)
    found: FloatArray = np.exp(-inside) if beta == 0 else gammaincc(shape, (root * inside) ** 2)
    return found


def ppf(q: npt.ArrayLike, /, *, beta: float = 1) -> FloatArray:
    """
    Compute the percent point function, the inverse of :func:`cdf`.

    Parameters
    ----------
    q : array_like
        Probabilities of a smaller spacing; 0.5 gives the median.
    beta : float, default: 1
        Repulsion, any number from 0, as for :func:`pdf`.

    Returns
    -------
    ndarray
        Spacings, of the shape of `q`.

    Raises
    ------
    ArgumentError
        If `q` is not from 0 to 1, or `beta` is not a finite number from 0.

    Examples
    --------
    >>> ppf([0.0, 0.5], beta=1).round(5)
    array([0.     , 0.93944])
    """
    from scipy.special import gammaincinv

    shape, root = _shape(beta)
    values = probabilities(q)
    if beta == 0:
        with np.errstate(divide="ignore"):
            return -np.log1p(-values) + 0.0
    found: FloatArray = np.sqrt(gammaincinv(shape, values)) / root
    return found


def isf(q: npt.ArrayLike, /, *, beta: float = 1) -> FloatArray:
    """
    Compute the inverse survival function, the spacing that a given share exceeds.

    Parameters
    ----------
    q : array_like
        Probabilities of a larger spacing.
    beta : float, default: 1
        Repulsion, any number from 0, as for :func:`pdf`.

    Returns
    -------
    ndarray
        Spacings, of the shape of `q`.

    Raises
    ------
    ArgumentError
        If `q` is not from 0 to 1, or `beta` is not a finite number from 0.

    Examples
    --------
    >>> isf([0.01, 0.5], beta=0).round(5)
    array([4.60517, 0.69315])
    """
    from scipy.special import gammainccinv

    shape, root = _shape(beta)
    values = probabilities(q)
    if beta == 0:
        with np.errstate(divide="ignore"):
            return -np.log(values) + 0.0
    found: FloatArray = np.sqrt(gammainccinv(shape, values)) / root
    return found
