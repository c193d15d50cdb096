"""Norms of a matrix or a stack of matrices, computed from all its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["frobenius", "log10", "log_schatten", "stable_rank"]


def log10(x: float, /) -> float:
    """
    Return the decimal logarithm, ``-inf`` for zero.

    Parameters
    ----------
    x : float
        Number, not negative, in any unit.

    Returns
    -------
    float
        Decimal logarithm of the number in its unit.

    Examples
    --------
    >>> log10(100.0), log10(0.0)
    (2.0, -inf)
    """
    with np.errstate(divide="ignore"):
        return float(np.log10(x))


def frobenius(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the squared Frobenius norm :math:`\sum_i \lambda_i`.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues, in weight units squared.

    Returns
    -------
    float
        Squared norm, in weight units squared.

    Examples
    --------
    >>> frobenius([1.0, 4.0])
    5.0
    """
    return float(np.sum(eigenvalues))


def stable_rank(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the stable rank :math:`\sum_i \lambda_i / \lambda_{max}`.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.

    Returns
    -------
    float
        Stable rank, from 1 to n, dimensionless.

    References
    ----------
    Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449.

    Examples
    --------
    >>> stable_rank([1.0, 4.0])
    1.25
    """
    values = np.asarray(eigenvalues, np.float64)
    return float(values.sum() / values.max())


def log_schatten(eigenvalues: npt.ArrayLike, /, power: float) -> float:
    r"""
    Return :math:`\log_{10} \sum_i \lambda_i^p`, the Schatten norm of order 2p to the power 2p.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in weight units squared, the largest positive.
    power : float
        The exponent p.

    Returns
    -------
    float
        Decimal logarithm of the sum, which is in weight units to the power 2p.

    Notes
    -----
    The largest eigenvalue is factored out of the sum, so that no power overflows.

    Examples
    --------
    >>> round(log_schatten([1.0, 10.0], 2.0), 4)
    2.0043
    """
    values = np.asarray(eigenvalues, np.float64)
    largest = values.max()
    ratios = (values / largest) ** power
    return float(power * np.log10(largest) + np.log10(ratios.sum()))
