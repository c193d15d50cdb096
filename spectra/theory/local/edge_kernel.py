r"""
The Airy kernel: the eigenvalues at the upper edge of the spectrum of a large random matrix.

Eigenvalues are centred and scaled as for the Tracy-Widom laws, the laws of the largest of them, by
:func:`spectra.noise.tracy_widom.scale`. Those of complex matrices are a determinantal process with
the kernel

.. math:: K(x, y) = \frac{Ai(x) Ai'(y) - Ai'(x) Ai(y)}{x - y}
    = \int_0^\infty Ai(x + t) Ai(y + t)\, dt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.local._arguments import known_beta

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["kernel", "one_point", "pair_correlation"]

_NODES = 10
_MANY_NODES, _FAR, _BEYOND = 200, -30.0, 16.0  # of an integral that ends where Ai is 1e-19
_NEAR = 0.5  # half the distance up to which the kernel is integrated from its diagonal


def kernel(x: npt.ArrayLike, y: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the Airy kernel.

    Parameters
    ----------
    x, y : array_like
        Eigenvalues, centred and scaled, of shapes that broadcast.

    Returns
    -------
    ndarray
        Kernel, the density of complex matrices where x = y.

    Raises
    ------
    ArgumentError
        If `x` or `y` is not real numbers.

    Notes
    -----
    The numerator loses digits where x is near y. There the kernel is computed as the mean of
    :math:`Ai'(m + u) Ai'(m - u) - m Ai(m + u) Ai(m - u)` over u from 0 to half the distance, m
    being the middle; its absolute error is about 1e-14 for arguments above -30.

    References
    ----------
    Tracy & Widom (1994), doi:10.1007/BF02100489; Forrester (1993),
    doi:10.1016/0550-3213(93)90126-A.

    Examples
    --------
    >>> kernel([0.0, 0.0], [0.0, 1.0]).round(6)
    array([0.066987, 0.021486])
    """
    from scipy.special import airy

    x, y = np.broadcast_arrays(_checks.real_numbers(x, "x"), _checks.real_numbers(y, "y"))
    middle, half = (x + y) / 2, np.abs(x - y) / 2
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = np.minimum(half, _NEAR)[..., np.newaxis] * (nodes + 1) / 2
    above, above_slope = airy(middle[..., np.newaxis] + u)[:2]
    below, below_slope = airy(middle[..., np.newaxis] - u)[:2]
    near = (above_slope * below_slope - middle[..., np.newaxis] * above * below) @ weights / 2
    (at_x, x_slope), (at_y, y_slope) = airy(x)[:2], airy(y)[:2]
    apart = half > _NEAR
    far = (at_x * y_slope - x_slope * at_y) / np.where(apart, x - y, 1.0)
    found: FloatArray = np.where(apart, far, near)
    return found


def one_point(x: npt.ArrayLike, /, *, beta: int = 1) -> FloatArray:
    r"""
    Compute the density of the eigenvalues at the upper edge.

    Parameters
    ----------
    x : array_like
        Eigenvalues, centred and scaled.
    beta : {1, 2, 4}, default: 1
        1 for real matrices, 2 for complex ones, 4 for quaternions.

    Returns
    -------
    ndarray
        Mean number of eigenvalues per unit, of the shape of `x`: :math:`\sqrt{-x} / \pi` far below
        the edge for beta 1 and 2, :math:`2^{-1/4}` times as many for beta 4.

    Raises
    ------
    ArgumentError
        If `x` is not real numbers, or `beta` is not 1, 2 or 4.

    See Also
    --------
    spectra.noise.tracy_widom.pdf : Density of the largest eigenvalue alone.

    Notes
    -----
    With :math:`\rho_2(x) = K(x, x)` and :math:`A(x) = \int_x^\infty Ai(t)\, dt` it is
    :math:`\rho_1 = \rho_2 + Ai\, (1 - A) / 2`, and
    :math:`\rho_4(x / \sqrt2) = (\rho_2 - Ai\, A / 2) / \sqrt2` in the unit of
    :mod:`spectra.noise.tracy_widom`.

    References
    ----------
    Forrester, Nagao & Honner (1999), doi:10.1016/S0550-3213(99)00272-2.

    Examples
    --------
    >>> one_point([-2.0, 0.0, 2.0]).round(6)
    array([0.45894 , 0.18533 , 0.017478])
    """
    from scipy.special import airy

    known_beta(beta, independent=False)
    z = _checks.real_numbers(x, "x") * (np.sqrt(2) if beta == 4 else 1.0)
    complex_ = kernel(z, z)
    if beta == 2:
        return complex_
    value, above = airy(z)[0], _integral(z)
    real: FloatArray = complex_ + value * (1 - above) / 2
    quaternion: FloatArray = (complex_ - value * above / 2) / np.sqrt(2)
    return real if beta == 1 else quaternion


def _integral(z: FloatArray) -> FloatArray:
    """Return the integral of the Airy function from z up, by quadrature; far down to 1e-8."""
    from scipy.special import airy, itairy

    nodes, weights = np.polynomial.legendre.leggauss(_MANY_NODES)
    start = np.maximum(z, _FAR)[..., np.newaxis]
    half = (np.maximum(start, 0.0) + _BEYOND - start) / 2
    near: FloatArray = np.sum(airy(start + half * (nodes + 1))[0] * weights * half, axis=-1)
    return np.where(z < _FAR, 1 / 3 + itairy(np.maximum(-z, 0.0))[2], near)


def pair_correlation(x: npt.ArrayLike, y: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the joint density of two eigenvalues of a complex matrix at the upper edge.

    Parameters
    ----------
    x, y : array_like
        Eigenvalues, centred and scaled, of shapes that broadcast.

    Returns
    -------
    ndarray
        Density of pairs, ``K(x, x) K(y, y) - K(x, y)**2``.

    Raises
    ------
    ArgumentError
        If `x` or `y` is not real numbers.

    Examples
    --------
    >>> pair_correlation([-1.0, -1.0], [-1.0, -3.0]).round(6)
    array([0.      , 0.145143])
    """
    return np.maximum(kernel(x, x) * kernel(y, y) - kernel(x, y) ** 2, 0.0)
