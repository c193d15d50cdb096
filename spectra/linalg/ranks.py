"""Ranks and entropy of a matrix, computed from its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._spectral import EPS, spectrum_of
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "effective_rank",
    "energy_rank",
    "entropy",
    "matrix_rank",
    "num_below",
    "participation_ratio",
]


def matrix_rank(eigenvalues: npt.ArrayLike, N: int | None = None, /) -> int:
    r"""
    Count the singular values above :math:`\sigma_{max} N \epsilon`.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Squared singular values, in any unit.
    N : int, optional
        Longer side of the matrix; left out for a Spectrum.

    Returns
    -------
    int
        The numerical rank.

    Raises
    ------
    ArgumentError
        If `N` is missing for an array, or given for a Spectrum.

    References
    ----------
    numpy.linalg.matrix_rank, the default tolerance.

    Examples
    --------
    >>> matrix_rank([0.0, 1e-30, 4.0], 3)
    1
    """
    found = spectrum_of(eigenvalues)
    if (found is None) == (N is None):
        msg = f"`N` must be given with plain eigenvalues and not with a Spectrum, got {N!r}"
        raise ArgumentError(msg)
    singular: FloatArray = np.sqrt(_checks.as_real(eigenvalues, some=True))
    side = found.N if found else N or 0
    return int(np.sum(singular > singular.max() * side * EPS))


def num_below(eigenvalues: npt.ArrayLike, /, *, tolerance: float = 1e-6) -> int:
    """
    Count the eigenvalues below an absolute tolerance.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues, in weight units squared.
    tolerance : float, default: 1e-6
        Tolerance in weight units squared, whatever the exponent of a Spectrum, so that the count
        depends on the scale of the weights.

    Returns
    -------
    int
        Number of eigenvalues below `tolerance`.

    Raises
    ------
    ArgumentError
        If `eigenvalues` are not real numbers.

    Examples
    --------
    >>> num_below([1e-9, 1.0])
    1
    """
    values, found = _checks.as_real(eigenvalues), spectrum_of(eigenvalues)
    if found is None or not found.exponent:
        return int(np.sum(values < tolerance))
    with np.errstate(divide="ignore"):
        limit = np.log2(tolerance) - 2 * found.exponent
        return int(np.sum(np.log2(values) < limit))


def entropy(eigenvalues: npt.ArrayLike, rank: int | None = None, /) -> float:
    r"""
    Return the entropy of the spectrum divided by its largest possible value.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.
    rank : int, optional
        Numerical rank R of the matrix; by default the rank of the Spectrum.

    Returns
    -------
    float
        :math:`-\sum_i p_i \ln p_i / \ln R` with :math:`p_i = \lambda_i / \sum_j \lambda_j`: 1 for
        equal eigenvalues, 0 for a matrix of rank one.

    Raises
    ------
    ArgumentError
        If `rank` is missing for an array, or there are no `eigenvalues`.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), section 2.3.

    Examples
    --------
    >>> entropy([1.0, 1.0], 2)
    1.0
    >>> entropy([0.0, 0.0, 1.0], 1)
    0.0
    """
    if rank is None:
        if spectrum_of(eigenvalues) is None:
            msg = "`rank` must be given with plain eigenvalues, see matrix_rank"
            raise ArgumentError(msg)
        rank = matrix_rank(eigenvalues)
    if rank < 2:
        return 0.0
    values = _checks.as_real(eigenvalues, some=True)
    p = values / values.sum()
    p = p[p > 0]  # p may underflow to 0
    return float(-np.sum(p * np.log(p)) / np.log(rank))


def effective_rank(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the exponential of the entropy of the singular values.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.

    Returns
    -------
    float
        :math:`\exp(-\sum_i p_i \ln p_i)` with :math:`p_i = \sigma_i / \sum_j \sigma_j` and the
        singular values :math:`\sigma_i = \sqrt{\lambda_i}`: n if all are equal, 1 for a matrix of
        rank one.

    Raises
    ------
    ArgumentError
        If there are no `eigenvalues`, or they are not real numbers.

    References
    ----------
    Roy & Vetterli (2007), EUSIPCO, equation 4.

    Examples
    --------
    >>> round(effective_rank([1.0, 1.0, 0.0]), 12), effective_rank([0.0, 4.0])
    (2.0, 1.0)
    """
    singular: FloatArray = np.sqrt(_checks.as_real(eigenvalues, some=True))
    p = singular / singular.sum()
    p = p[p > 0]
    return float(np.exp(-np.sum(p * np.log(p))))


def energy_rank(eigenvalues: npt.ArrayLike, /, *, share: float) -> int:
    r"""
    Count the largest eigenvalues that hold a share of the squared Frobenius norm.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.
    share : float
        Share of :math:`\sum_i \lambda_i`, above 0 and below 1.

    Returns
    -------
    int
        Smallest number of eigenvalues whose sum is at least that share, from 1 to n.

    Raises
    ------
    ArgumentError
        If `share` is not between 0 and 1, or there are no `eigenvalues`.

    Examples
    --------
    >>> energy_rank([1.0, 2.0, 7.0], share=0.9), energy_rank([1.0, 2.0, 7.0], share=0.5)
    (2, 1)
    """
    _checks.share("share", share)
    sums = np.cumsum(np.sort(_checks.as_real(eigenvalues, some=True))[::-1])
    # a share that is met to within rounding is met
    return int(np.searchsorted(sums, share * sums[-1] * (1 - EPS * len(sums)))) + 1


def participation_ratio(eigenvalues: npt.ArrayLike, /) -> float:
    r"""
    Return the participation ratio of the eigenvalues.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Eigenvalues in any unit, the largest positive.

    Returns
    -------
    float
        :math:`(\sum_i \lambda_i)^2 / \sum_i \lambda_i^2`: n if all are equal, 1 for a matrix of
        rank one.

    Raises
    ------
    ArgumentError
        If there are no `eigenvalues`, or they are not real numbers.

    References
    ----------
    Bell & Dean (1970), doi:10.1039/DF9705000055.

    Examples
    --------
    >>> participation_ratio([1.0, 1.0, 0.0])
    2.0
    """
    values = _checks.as_real(eigenvalues, some=True)
    p = values / values.sum()
    return float(1 / np.sum(p * p))
