r"""
The sine kernel: how pairs of eigenvalues lie inside the spectrum of a large random matrix.

Eigenvalues are unfolded, so that their density is 1. Those of complex matrices are a determinantal
process with the kernel :math:`S(x - y)`, :math:`S(r) = \sin(\pi r) / (\pi r)`: the joint density of
any number of them is the determinant of the kernel between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.local._arguments import known_beta

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["kernel", "pair_correlation"]


def kernel(x: npt.ArrayLike, y: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the sine kernel between unfolded eigenvalues.

    Parameters
    ----------
    x, y : array_like
        Unfolded eigenvalues, of shapes that broadcast.

    Returns
    -------
    ndarray
        Kernel, 1 where x = y.

    Raises
    ------
    ArgumentError
        If `x` or `y` is not real numbers.

    Examples
    --------
    >>> kernel([0.0, 0.0], [0.0, 0.5]).round(6)
    array([1.     , 0.63662])
    """
    return np.sinc(_checks.real_numbers(x, "x") - _checks.real_numbers(y, "y"))


def pair_correlation(r: npt.ArrayLike, /, *, beta: int = 1) -> FloatArray:
    r"""
    Compute the density of eigenvalues at a distance from an eigenvalue.

    Parameters
    ----------
    r : array_like
        Distances in mean spacings; the sign does not matter.
    beta : {0, 1, 2, 4}, default: 1
        0 for independent numbers, 1 for real matrices, 2 for complex ones, 4 for quaternions.

    Returns
    -------
    ndarray
        :math:`R_2(r)`, of the shape of `r`; 1 far away.

    Raises
    ------
    ArgumentError
        If `r` is not real numbers, or `beta` is not 0, 1, 2 or 4.

    Notes
    -----
    :math:`1 - R_2` is :math:`S(r)^2` (beta 2),
    :math:`S(r)^2 + S'(r) \int_r^\infty S(t)\, dt` (1) and
    :math:`S(2r)^2 - \frac{d}{dr} S(2r) \int_0^r S(2t)\, dt` (4). Near 0, where eigenvalues repel
    each other as :math:`r^\beta`, the absolute error is a few eps.

    References
    ----------
    Dyson (1962), doi:10.1063/1.1703775; Mehta (2004), Random Matrices, chapters 6, 7 and 11.

    Examples
    --------
    >>> pair_correlation([0.0, 0.5, 1.0, 100.0]).round(5)
    array([0.     , 0.67579, 0.91051, 0.99999])
    """
    from scipy.special import sici, spherical_jn

    distance = np.abs(_checks.real_numbers(r, "r"))
    if known_beta(beta) == 0:
        return np.where(np.isnan(distance), np.nan, 1.0)
    z = np.pi * distance * (2 if beta == 4 else 1)
    cluster = np.sinc(z / np.pi) ** 2
    slope = -spherical_jn(1, z)  # of sin(z) / z
    if beta == 1:
        cluster += slope * (np.pi / 2 - sici(z)[0])
    elif beta == 4:
        cluster -= slope * sici(z)[0]
    return 1 - cluster
