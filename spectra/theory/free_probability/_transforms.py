"""R-transforms of known laws; their parameters broadcast against the argument, as in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

import spectra._checks as _checks
from spectra._checks import real_numbers
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "LevyVariant",
    "cauchy_R",
    "inverse_marchenko_pastur_R",
    "levy_R",
    "marchenko_pastur_R",
    "series_R",
    "spikes_R",
    "wigner_R",
]

LevyVariant = Literal["setol", "2019"]
"""Relation of the power of z to the exponent of the density; see :func:`levy_R`."""


def series_R(z: npt.ArrayLike, cumulants: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the R-transform as a polynomial in the first free cumulants.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    cumulants : array_like, shape (..., n)
        The first n free cumulants, at least one; leading axes broadcast against `z`.

    Returns
    -------
    ndarray
        :math:`\sum_n k_n z^{n-1}`, of the shape of `z`; ``inf`` or ``nan`` beyond the range of
        float64.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The polynomial is finite even where the whole series diverges. At the largest of heavy-tailed
    eigenvalues its last term outweighs all others.

    Examples
    --------
    >>> series_R([0.0, 0.5], [1.0, 0.5, 0.25])
    array([1.    , 1.3125])
    """
    k = _checks.rows(cumulants, "cumulants")
    if not k.shape[-1]:
        msg = "`cumulants` must be at least one number, got none"
        raise ArgumentError(msg)
    with np.errstate(over="ignore", invalid="ignore"):
        terms, x = np.moveaxis(k, -1, 0), real_numbers(z, "z")
        return np.asarray(np.polynomial.polynomial.polyval(x, terms, tensor=False), np.float64)


def wigner_R(z: npt.ArrayLike, /, *, variance: npt.ArrayLike = 1.0) -> FloatArray:
    r"""
    Compute the R-transform of the semicircle law, the law of a random symmetric matrix.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    variance : array_like, default: 1.0
        Variance of the law, that is the mean square of the eigenvalues: for a symmetric matrix of
        size n, n times the variance of its elements.

    Returns
    -------
    ndarray
        :math:`\sigma^2 z`.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

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
    square = _checks.numbers("variance", variance, above=0)
    with np.errstate(over="ignore"):
        return square * real_numbers(z, "z")


def marchenko_pastur_R(
    z: npt.ArrayLike, /, *, ratio: npt.ArrayLike, mean_eigenvalue: npt.ArrayLike = 1.0
) -> FloatArray:
    r"""
    Compute the R-transform of the Marchenko-Pastur law, the law of ``W.T @ W`` for noise W.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    ratio : array_like
        M/N, above 0.
    mean_eigenvalue : array_like, default: 1.0
        Mean m of the law: N times the variance of the elements of W.

    Returns
    -------
    ndarray
        :math:`m / (1 - \gamma m z)` with :math:`\gamma = M/N`; ``inf`` at the pole
        :math:`1 / (\gamma m)` and ``nan`` beyond it, where no integral from below converges.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The free cumulants are :math:`k_n = m^n \gamma^{n-1}`.

    References
    ----------
    Nica & Speicher (2006), Lectures on the Combinatorics of Free Probability, lecture 12.

    Examples
    --------
    >>> marchenko_pastur_R([0.0, 1.0, 2.0, 3.0], ratio=0.5)
    array([ 1.,  2., inf, nan])
    """
    gamma = _checks.numbers("ratio", ratio, above=0)
    mean = _checks.numbers("mean_eigenvalue", mean_eigenvalue, above=0)
    with np.errstate(over="ignore", divide="ignore"):
        rest = np.asarray(1 - gamma * (mean * real_numbers(z, "z")))
        value: FloatArray = np.where(rest >= 0, mean / rest, np.nan)
    return value


def inverse_marchenko_pastur_R(z: npt.ArrayLike, /, *, ratio: npt.ArrayLike) -> FloatArray:
    r"""
    Compute the R-transform of the inverse Marchenko-Pastur law, scaled to a mean of 1.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    ratio : array_like
        M/N of the noise, above 0 and below 1.

    Returns
    -------
    ndarray
        :math:`(\kappa - \sqrt{\kappa (\kappa - 2 z)}) / z` with :math:`\kappa = (N/M - 1) / 2`;
        beyond the branch point :math:`\kappa / 2` its real part, :math:`\kappa / z`.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The law is that of the eigenvalues of the inverse of ``W.T @ W`` for noise W. It has a tail
    similar to a power law. With this R, the contribution of an eigenvalue beyond the branch point
    to :func:`capacity` is :math:`\kappa \ln(\lambda / \lambda_{min})`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> inverse_marchenko_pastur_R([0.0, 0.5, 2.0], ratio=0.5)
    array([1.  , 1.  , 0.25])
    """
    kappa = (1 / _checks.numbers("ratio", ratio, above=0, below=1, what="M/N,") - 1) / 2
    x = np.asarray(real_numbers(z, "z"))
    with np.errstate(over="ignore", divide="ignore"):
        # the formula of the docstring times its conjugate: nothing cancels near zero
        before = 2 / (1 + np.sqrt(np.maximum(1 - 2 * (x / kappa), 0.0)))
        value: FloatArray = np.where(2 * x > kappa, kappa / x, before)
    return value


def spikes_R(z: npt.ArrayLike, /, *, spikes: npt.ArrayLike, num: int) -> FloatArray:
    r"""
    Compute the R-transform of a few separate eigenvalues, to first order in their share.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    spikes : array_like, shape (..., k)
        The separate eigenvalues; leading axes broadcast against `z`.
    num : int
        Number M of all eigenvalues, at least 1; the others are taken as zero.

    Returns
    -------
    ndarray
        :math:`\sum_i \lambda_i / M` for every z: the first free cumulant.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> spikes_R([0.0, 1.0], spikes=[3.0, 5.0], num=4)
    array([2., 2.])
    """
    _checks.count("num", num)
    mean = np.sum(_checks.rows(spikes, "spikes"), axis=-1) / num
    return np.full(np.broadcast_shapes(real_numbers(z, "z").shape, mean.shape), mean)


def cauchy_R(
    z: npt.ArrayLike, /, *, location: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0
) -> npt.NDArray[np.complex128]:
    r"""
    Compute the R-transform of the Cauchy law.

    Parameters
    ----------
    z : array_like
        Arguments of R.
    location : array_like, default: 0.0
        Median a of the law.
    scale : array_like, default: 1.0
        Half width g of the law, above 0.

    Returns
    -------
    ndarray of complex
        :math:`a + i g` for every z. Only the real part enters an integral of
        :func:`generating_function`.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The law has no moments, so that R is not a series in cumulants. Approached from the other half
    of the complex plane it is :math:`a - i g`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> cauchy_R([0.0, 1.0], location=2.0)
    array([2.+1.j, 2.+1.j])
    """
    middle = _checks.numbers("location", location)
    value = np.asarray(middle + 1j * _checks.numbers("scale", scale, above=0))
    return np.full(np.broadcast_shapes(real_numbers(z, "z").shape, value.shape), value)


def levy_R(
    z: npt.ArrayLike,
    /,
    *,
    alpha: npt.ArrayLike,
    scale: npt.ArrayLike = 1.0,
    variant: LevyVariant = "setol",
) -> FloatArray:
    r"""
    Compute the R-transform of a heavy-tailed random matrix from its power-law exponent.

    Parameters
    ----------
    z : array_like
        Arguments of R, not negative.
    alpha : array_like
        Exponent of the density of eigenvalues, above 0.
    scale : array_like, default: 1.0
        The factor b, above 0.
    variant : {"setol", "2019"}, default: "setol"
        The power of z: alpha - 2 for ``"setol"``, which takes alpha - 1 as the index of the stable
        law; alpha - 1 for ``"2019"``, which takes alpha as the index.

    Returns
    -------
    ndarray
        :math:`b z^{\alpha - 2}` or :math:`b z^{\alpha - 1}`; ``inf`` at 0 if the power is negative,
        ``nan`` below 0 if it is not whole.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    capacity : The metric of a layer, a power of a Schatten norm with this R.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for ``"setol"``. The older variant leads to the
    alpha-hat of Martin & Mahoney (2020), arXiv:1901.08278.

    Examples
    --------
    >>> levy_R([1.0, 2.0], alpha=3.0), levy_R([1.0, 2.0], alpha=3.0, variant="2019")
    (array([1., 2.]), array([1., 4.]))
    """
    if variant not in get_args(LevyVariant):
        msg = f"`variant` must be one of {', '.join(get_args(LevyVariant))}, got {variant!r}"
        raise ArgumentError(msg)
    exponent = _checks.numbers("alpha", alpha, above=0)
    factor = _checks.numbers("scale", scale, above=0)
    power = exponent - 2 if variant == "setol" else exponent - 1
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return factor * real_numbers(z, "z") ** power
