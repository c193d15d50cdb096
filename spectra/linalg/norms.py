"""Norms of a matrix, from its eigenvalues; those of a stack are of all its matrices together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["frobenius", "log10", "log_schatten", "stable_rank"]


def log10(x: float, /) -> float:
    """
    Return the decimal logarithm, ``-inf`` of zero.

    Parameters
    ----------
    x : float
        Not negative, in any unit.

    Returns
    -------
    float
        Its logarithm, of the number in that unit.

    Examples
    --------
    >>> log10(100.0), log10(0.0)
    (2.0, -inf)
    """
    with np.errstate(divide="ignore"):
        return float(np.log10(x))


def frobenius(eigenvalues: FloatArray, /) -> float:
    r"""
    Return the squared Frobenius norm :math:`\sum_i \lambda_i`.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        In weight units squared.

    Returns
    -------
    float
        In weight units squared.

    Examples
    --------
    >>> import numpy as np
    >>> frobenius(np.array([1.0, 4.0]))
    5.0
    """
    return float(eigenvalues.sum())


def stable_rank(eigenvalues: FloatArray, /) -> float:
    r"""
    Return the stable rank :math:`\sum_i \lambda_i / \lambda_{max}`.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        In any unit, the largest positive.

    Returns
    -------
    float
        Between 1 and n, dimensionless.

    References
    ----------
    Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449.

    Examples
    --------
    >>> import numpy as np
    >>> stable_rank(np.array([1.0, 4.0]))
    1.25
    """
    return float(eigenvalues.sum() / eigenvalues.max())


def log_schatten(eigenvalues: FloatArray, /, power: float) -> float:
    r"""
    Return :math:`\log_{10} \sum_i \lambda_i^p`, the Schatten norm of order 2p to the power 2p.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        In weight units squared, the largest positive.
    power : float
        The exponent p.

    Returns
    -------
    float
        Decimal logarithm of a sum in weight units to the power 2p.

    Notes
    -----
    The largest eigenvalue is taken out of the sum, so that no power overflows.

    Examples
    --------
    >>> import numpy as np
    >>> round(log_schatten(np.array([1.0, 10.0]), 2.0), 4)
    2.0043
    """
    largest = eigenvalues.max()
    ratios = (eigenvalues / largest) ** power
    return float(power * np.log10(largest) + np.log10(ratios.sum()))
