"""Ranks and entropy of a matrix, from its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["entropy", "matrix_rank", "num_below"]

_EPS = float(np.finfo(np.float64).eps)


def matrix_rank(eigenvalues: FloatArray, /, N: int) -> int:
    r"""
    Count the singular values above :math:`\sigma_{max} N \epsilon`.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        Squared singular values, in any unit.
    N : int
        Longer side of the matrix.

    Returns
    -------
    int
        The numerical rank.

    References
    ----------
    numpy.linalg.matrix_rank, the default tolerance.

    Examples
    --------
    >>> import numpy as np
    >>> matrix_rank(np.array([0.0, 1e-30, 4.0]), N=3)
    1
    """
    singular = np.sqrt(eigenvalues)
    return int(np.sum(singular > singular.max() * N * _EPS))


def num_below(eigenvalues: FloatArray, /, *, tolerance: float = 1e-6) -> int:
    """
    Count the eigenvalues below an absolute tolerance.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        In weight units squared.
    tolerance : float, default: 1e-6
        In weight units squared, so that the count depends on the scale of the weights.

    Returns
    -------
    int
        How many are smaller.

    Examples
    --------
    >>> import numpy as np
    >>> num_below(np.array([1e-9, 1.0]))
    1
    """
    return int(np.sum(eigenvalues < tolerance))


def entropy(eigenvalues: FloatArray, /, rank: int) -> float:
    r"""
    Return the entropy of the spectrum over its largest possible value.

    Parameters
    ----------
    eigenvalues : array of float, shape (n,)
        In any unit, the largest positive.
    rank : int
        Numerical rank R of the matrix.

    Returns
    -------
    float
        :math:`-\sum_i p_i \ln p_i / \ln R` with :math:`p_i = \lambda_i / \sum_j \lambda_j`: 1 for
        equal eigenvalues, 0 for a matrix of rank one.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> entropy(np.array([1.0, 1.0]), 2)
    1.0
    >>> entropy(np.array([0.0, 0.0, 1.0]), 1)
    0.0
    """
    if rank < 2:
        return 0.0
    p = eigenvalues / eigenvalues.sum()
    p = p[p > 0]  # a share may underflow
    return float(-np.sum(p * np.log(p)) / np.log(rank))
