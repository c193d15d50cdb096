"""Norms of a matrix or a stack of matrices, computed from all its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["condition_number", "frobenius", "log10", "log_schatten", "nuclear", "stable_rank"]


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

    Raises
    ------
    ArgumentError
        If `eigenvalues` are not real numbers.

    Examples
    --------
    >>> frobenius([1.0, 4.0])
    5.0
    """
    return float(np.sum(_checks.as_real(eigenvalues)))


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

    Raises
    ------
    ArgumentError
        If there are no `eigenvalues`, or they are not real numbers.

    References
    ----------
    Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449.

    Examples
    --------
    >>> stable_rank([1.0, 4.0])
    1.25
    """
    values = _checks.as_real(eigenvalues, some=True)
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

    Raises
    ------
    ArgumentError
        If there are no `eigenvalues`, or they are not real numbers.

    Notes
    -----
    The largest eigenvalue is factored out of the sum, so that no power overflows.

    Examples
    --------
    >>> round(log_schatten([1.0, 10.0], 2.0), 4)
    2.0043
    """
    values = _checks.as_real(eigenvalues, some=True)
    largest = values.max()
    ratios = (values / largest) ** power
    return float(power * np.log10(largest) + np.log10(ratios.sum()))


def nuclear(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the nuclear norm :math:`\sum_i \sqrt{\lambda_i}`, the sum of the singular values.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues, in weight units squared.

    Returns
    -------
    float
        Nuclear norm, in weight units.

    Raises
    ------
    ArgumentError
        If `eigenvalues` are not real numbers.

    Examples
    --------
    >>> nuclear([1.0, 4.0])
    3.0
    """
    return float(np.sum(np.sqrt(_checks.as_real(eigenvalues))))


def condition_number(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the condition number :math:`\sqrt{\lambda_{max} / \lambda_{min}}`.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.

    Returns
    -------
    float
        Largest over smallest singular value; ``inf`` if the smallest is zero.

    Raises
    ------
    ArgumentError
        If there are no `eigenvalues`, or they are not real numbers.

    Examples
    --------
    >>> condition_number([1.0, 4.0]), condition_number([0.0, 4.0])
    (2.0, inf)
    """
    values = _checks.as_real(eigenvalues, some=True)
    with np.errstate(divide="ignore"):
        return float(np.sqrt(values.max() / values.min()))
