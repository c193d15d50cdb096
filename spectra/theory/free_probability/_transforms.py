"""R-transforms of known laws, as functions of z."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

import spectra._checks as _checks
from spectra._checks import real_numbers
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "LevyConvention",
    "cauchy_R",
    "inverse_marchenko_pastur_R",
    "levy_R",
    "marchenko_pastur_R",
    "series_R",
    "spikes_R",
    "wigner_R",
]

LevyConvention = Literal["setol", "2019"]
"""Which power of z follows from an exponent; see :func:`levy_R`."""


def series_R(z: npt.ArrayLike, cumulants: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the R-transform from the first free cumulants.

    Parameters
    ----------
    z : array_like
        Where.
    cumulants : array_like, shape (n,)
        The first n free cumulants, at least one.

    Returns
    -------
    ndarray
        :math:`\sum_n k_n z^{n-1}`, of the shape of `z`; ``inf`` or ``nan`` beyond the range of
        float64.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    A polynomial, even where the whole series diverges: at the largest of heavy-tailed eigenvalues
    its last term is all there is.

    Examples
    --------
    >>> series_R([0.0, 0.5], [1.0, 0.5, 0.25])
    array([1.    , 1.3125])
    """
    k = _checks.one_dimensional(cumulants, "cumulants")
    if not len(k):
        msg = "`cumulants` must be at least one number, got none"
        raise ArgumentError(msg)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.polynomial.polynomial.polyval(real_numbers(z, "z"), k), np.float64)


def wigner_R(z: npt.ArrayLike, /, *, variance: float = 1.0) -> FloatArray:
    r"""
    Compute the R-transform of the semicircle: a random symmetric matrix.

    Parameters
    ----------
    z : array_like
        Where.
    variance : float, default: 1.0
        Mean square of the eigenvalues.

    Returns
    -------
    ndarray
        :math:`\sigma^2 z`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : With this R, half the variance times the sum of squares.

    References
    ----------
    Voiculescu (1986), doi:10.1016/0022-1236(86)90062-5.

    Examples
    --------
    >>> wigner_R([0.0, 1.0], variance=2.0)
    array([0., 2.])
    """
    _checks.number("variance", variance, above=0)
    with np.errstate(over="ignore"):
        return variance * real_numbers(z, "z")


def marchenko_pastur_R(z: npt.ArrayLike, /, *, ratio: float, variance: float = 1.0) -> FloatArray:
    r"""
    Compute the R-transform of the Marchenko-Pastur law: ``W.T @ W`` for noise W.

    Parameters
    ----------
    z : array_like
        Where.
    ratio : float
        M/N, above 0.
    variance : float, default: 1.0
        N times that of the elements: the mean eigenvalue.

    Returns
    -------
    ndarray
        :math:`\sigma^2 / (1 - \gamma \sigma^2 z)`; ``inf`` at the pole
        :math:`1 / (\gamma \sigma^2)` and ``nan`` beyond it, because no integral from below
        converges there.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The free cumulants are :math:`\sigma^{2n} \gamma^{n-1}`.

    References
    ----------
    Nica & Speicher (2006), Lectures on the Combinatorics of Free Probability, lecture 12.

    Examples
    --------
    >>> marchenko_pastur_R([0.0, 1.0, 2.0, 3.0], ratio=0.5)
    array([ 1.,  2., inf, nan])
    """
    _checks.number("ratio", ratio, above=0)
    _checks.number("variance", variance, above=0)
    with np.errstate(over="ignore", divide="ignore"):
        rest = np.asarray(1 - ratio * (variance * real_numbers(z, "z")))
        value: FloatArray = np.where(rest >= 0, variance / rest, np.nan)
    return value


def inverse_marchenko_pastur_R(z: npt.ArrayLike, /, *, Q: float) -> FloatArray:
    r"""
    Compute the R-transform of the inverse of noise, the mean eigenvalue being 1.

    Parameters
    ----------
    z : array_like
        Where.
    Q : float
        N/M of the noise, above 1.

    Returns
    -------
    ndarray
        :math:`(\kappa - \sqrt{\kappa (\kappa - 2 z)}) / z` with :math:`\kappa = (Q - 1) / 2`;
        beyond the branch point :math:`\kappa / 2` its real part, :math:`\kappa / z`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The inverse has a tail like that of a power law. With it the metric of an eigenvalue beyond the
    branch point is :math:`\kappa \ln(\lambda / \lambda_{min})`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> inverse_marchenko_pastur_R([0.0, 0.5, 2.0], Q=3.0)
    array([1. , 2. , 0.5])
    """
    _checks.number("Q", Q, above=1)
    kappa = (Q - 1) / 2
    x = np.asarray(real_numbers(z, "z"))
    with np.errstate(over="ignore", divide="ignore"):
        # the formula of the first line times its conjugate: nothing cancels near zero
        before = 2 / (1 + np.sqrt(np.maximum(1 - 2 * (x / kappa), 0.0)))
        value: FloatArray = np.where(2 * x > kappa, kappa / x, before)
    return value


def spikes_R(z: npt.ArrayLike, /, *, spikes: npt.ArrayLike, num: int) -> FloatArray:
    r"""
    Compute the R-transform of a few separate eigenvalues, to the lowest order in their share.

    Parameters
    ----------
    z : array_like
        Where.
    spikes : array_like, shape (k,)
        The eigenvalues.
    num : int
        Eigenvalues in all, at least 1; the others count as zero.

    Returns
    -------
    ndarray
        :math:`\sum_i \lambda_i / M` everywhere: the first free cumulant.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> spikes_R([0.0, 1.0], spikes=[3.0, 5.0], num=4)
    array([2., 2.])
    """
    _checks.count("num", num)
    level = np.sum(_checks.one_dimensional(spikes, "spikes")) / num
    return np.full(np.shape(real_numbers(z, "z")), level)


def cauchy_R(
    z: npt.ArrayLike, /, *, location: float = 0.0, scale: float = 1.0
) -> npt.NDArray[np.complex128]:
    r"""
    Compute the R-transform of the Cauchy law.

    Parameters
    ----------
    z : array_like
        Where.
    location : float, default: 0.0
        Median a of the law.
    scale : float, default: 1.0
        Half width g of the law, above 0.

    Returns
    -------
    ndarray of complex
        :math:`a + i g` everywhere. Only the real part enters an integral of
        :func:`generating_function`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The law has no moments, so that R holds no cumulants. Approached from the other half of the
    complex plane it is :math:`a - i g`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> cauchy_R([0.0, 1.0], location=2.0)
    array([2.+1.j, 2.+1.j])
    """
    _checks.number("location", location, above=-math.inf)
    _checks.number("scale", scale, above=0)
    return np.full(np.shape(real_numbers(z, "z")), complex(location, scale))


def levy_R(
    z: npt.ArrayLike, /, *, alpha: float, scale: float = 1.0, convention: LevyConvention = "setol"
) -> FloatArray:
    r"""
    Compute the R-transform of a heavy-tailed random matrix with a power-law exponent.

    Parameters
    ----------
    z : array_like
        Where, not negative.
    alpha : float
        Exponent of the density of eigenvalues, above 0.
    scale : float, default: 1.0
        The factor b, above 0.
    convention : {"setol", "2019"}, default: "setol"
        The power of z: alpha - 2 for ``"setol"``, where the index of the stable law is alpha - 1;
        alpha - 1 for ``"2019"``, where it is alpha.

    Returns
    -------
    ndarray
        :math:`b z^{\alpha - 2}` or :math:`b z^{\alpha - 1}`; ``inf`` at 0 if the power is negative,
        ``nan`` below 0 if it is not whole.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : With this R, a Schatten norm.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for ``"setol"``. The older convention leads to the
    alpha-hat of Martin & Mahoney (2020), arXiv:1901.08278.

    Examples
    --------
    >>> levy_R([1.0, 2.0], alpha=3.0), levy_R([1.0, 2.0], alpha=3.0, convention="2019")
    (array([1., 2.]), array([1., 4.]))
    """
    if convention not in get_args(LevyConvention):
        msg = (
            f"`convention` must be one of {', '.join(get_args(LevyConvention))}, got {convention!r}"
        )
        raise ArgumentError(msg)
    _checks.number("alpha", alpha, above=0)
    _checks.number("scale", scale, above=0)
    power = alpha - 2 if convention == "setol" else alpha - 1
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return scale * real_numbers(z, "z") ** power
