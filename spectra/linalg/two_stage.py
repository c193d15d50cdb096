"""Eigenvalues of a large symmetric matrix in two stages: to a band, then to numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["WIDE", "eigenvalues", "is_faster", "to_band"]

WIDE = 2560
"""Number of rows from which two stages are faster than one, with one BLAS thread, as measured."""

_BANDWIDTH = 64
_TILE = (256, 512)  # rows and columns that are updated at a time: 1 MiB


class _Update(NamedTuple):
    """What is still to be subtracted from the rest of the matrix: ``left @ right.T``."""

    left: FloatArray
    right: FloatArray


def _lower(A: npt.ArrayLike, overwrite: bool) -> FloatArray:
    """Return a square float64 matrix that may be written to, its diagonal tiles symmetric."""
    given = np.asarray(A)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.dtype.kind not in "fiub":
        msg = f"`A` must be a square matrix of real numbers, got {given.shape} {given.dtype}"
        raise ArgumentError(msg)
    same = overwrite and given.dtype == np.float64 and given.flags.writeable
    ours = given if same else np.array(given, np.float64, order="C")
    for start in range(0, len(ours), _TILE[0]):
        tile = ours[start : start + _TILE[0], start : start + _TILE[0]]
        above = np.triu_indices(len(tile), 1)
        tile[above] = tile.T[above]
    return ours


def _reflectors(panel: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return V, T and R of the QR decomposition of a panel, of which Q is ``1 - V @ T @ V.T``."""
    from scipy.linalg import lapack

    packed, tau, _, _ = lapack.dgeqrf(np.asfortranarray(panel))
    num = len(tau)
    V = np.tril(packed[:, :num], -1)
    V[np.arange(num), np.arange(num)] = 1
    T = np.zeros((num, num))
    products = V.T @ V
    for i, factor in enumerate(tau):
        T[:i, i] = -factor * (T[:i, :i] @ products[:i, i])
        T[i, i] = factor
    return V, T, np.triu(packed[:num])


def _product(A: FloatArray, start: int, late: _Update | None, V: FloatArray) -> FloatArray:
    """
    Return ``A[start:, start:] @ V``, and subtract the late update from A on the way.

    Each tile of the lower triangle is read once for both, and stands for its mirror image too.
    """
    size, (rows, columns) = len(A), _TILE
    total = np.zeros_like(V)
    room = np.empty(rows * columns)
    first = start - start % rows  # tiles stay where they are, so that those in the diagonal are
    for top in range(first, size, rows):  # symmetric at all times
        i = slice(max(top, start), min(top + rows, size))
        here = slice(i.start - start, i.stop - start)
        for left in range(start, i.stop, columns):
            j = slice(left, min(left + columns, i.stop))
            there = slice(j.start - start, j.stop - start)
            tile = A[i, j]
            if late is not None:
                change = room[: tile.size].reshape(tile.shape)
                np.matmul(late.left[here], late.right[there].T, out=change)
                tile -= change
            total[here] += tile @ V[there]
            mirrored = slice(j.start, min(j.stop, i.start))
            if mirrored.stop > mirrored.start:
                there = slice(mirrored.start - start, mirrored.stop - start)
                total[there] += A[i, mirrored].T @ V[here]
    return total


def to_band(
    A: npt.ArrayLike, /, *, bandwidth: int = _BANDWIDTH, overwrite: bool = False
) -> FloatArray:
    r"""
    Reduce a symmetric matrix to a band matrix with the same eigenvalues.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Symmetric real matrix, in any unit; its lower triangle is read.
    bandwidth : int, default: 64
        Number of diagonals below the main one that are kept.
    overwrite : bool, default: False
        Whether A may be destroyed, which saves a copy if A is a float64 array.

    Returns
    -------
    array of float, shape (min(bandwidth, n - 1) + 1, n)
        Diagonals of the band matrix, the main one first, as :func:`scipy.linalg.eigvals_banded`
        takes them with ``lower=True``. Unused places at the end of a row are 0.

    Raises
    ------
    ArgumentError
        If A is not a square matrix of real numbers, or `bandwidth` is less than 1.

    See Also
    --------
    eigenvalues : Eigenvalues by this reduction.

    Notes
    -----
    The entries below the band are eliminated by blocks of `bandwidth` columns: the QR
    decomposition of such a block gives an orthogonal matrix :math:`Q = 1 - V T V^T`, and A becomes
    :math:`Q^T A Q = A - V W^T - W V^T`, with :math:`W = P - \frac12 V T^T V^T P` and
    :math:`P = A V T`. One pass over the lower triangle subtracts this and computes P of the next
    block, of which the columns were updated before. Beside A, the memory is about six arrays of n
    times `bandwidth`.

    References
    ----------
    Bischof, Lang & Sun (2000), doi:10.1145/365723.365735.

    Examples
    --------
    >>> import numpy as np
    >>> to_band(np.array([[2.0, 3.0, 4.0], [3.0, 1.0, 0.0], [4.0, 0.0, 1.0]]), bandwidth=1)
    array([[ 2.,  1.,  1.],
           [-5.,  0.,  0.]])
    """
    _checks.count("bandwidth", bandwidth)
    rest = _lower(A, overwrite)
    size = len(rest)
    late: _Update | None = None
    start = 0
    for done in range(0, size - bandwidth - 1, bandwidth):
        start = done + bandwidth
        if late is not None:
            rest[done:, done:start] -= late.left @ late.right[:bandwidth].T
            late = _Update(late.left[bandwidth:], late.right[bandwidth:])
        V, T, R = _reflectors(rest[start:, done:start])
        rest[start : start + len(R), done:start] = R
        P = _product(rest, start, late, V @ T)
        W = P - V @ (T.T @ (V.T @ P) / 2)
        late = _Update(np.hstack((V, W)), np.hstack((W, V)))
    if late is not None:
        rest[start:, start:] -= late.left @ late.right.T
    band = np.zeros((min(bandwidth, max(size - 1, 0)) + 1, size))
    for below, row in enumerate(band):
        row[: size - below] = np.diagonal(rest, -below)
    return band


def is_faster(size: int, /) -> bool:
    """
    Decide whether two stages are faster than one for a matrix.

    Parameters
    ----------
    size : int
        Number of rows of the matrix.

    Returns
    -------
    bool
        True from :data:`WIDE` rows on, if linear algebra works with one thread now.

    Notes
    -----
    The tiles of :func:`to_band` are small and its last step works in one thread, so that more
    threads make two stages slower. Time over that of :func:`numpy.linalg.eigvalsh`, with one
    thread: 1.11 at 2048 rows, 0.84 at 2560, 0.66 at 3072, 0.54 at 4096; with two: 4.9, 3.9, 2.7
    and 1.9.

    Examples
    --------
    >>> is_faster(100)
    False
    """
    from threadpoolctl import threadpool_info

    if size < WIDE:
        return False
    libraries = threadpool_info()
    return all(found["num_threads"] == 1 for found in libraries if found["user_api"] == "blas")


def eigenvalues(A: npt.ArrayLike, /, *, overwrite: bool = False) -> FloatArray:
    """
    Compute the eigenvalues of a symmetric matrix in two stages.

    Parameters
    ----------
    A : array_like, shape (n, n)
        Symmetric real matrix, in any unit; its lower triangle is read.
    overwrite : bool, default: False
        Whether A may be destroyed, which saves a copy if A is a float64 array.

    Returns
    -------
    array of float, shape (n,)
        Eigenvalues in ascending order, in the unit of A. All ``nan`` if an element is not finite.

    Raises
    ------
    ArgumentError
        If A is not a square matrix of real numbers.

    See Also
    --------
    numpy.linalg.eigvalsh : The same in one stage, faster for fewer than :data:`WIDE` rows.
    spectra.eigenvalues : Eigenvalues of ``W.T @ W``, by this function where it is faster.

    Notes
    -----
    One stage, from the matrix to a tridiagonal one, spends its time on products of the matrix
    with single vectors, which are as slow as the memory. From the matrix to a band
    (:func:`to_band`), nearly all work is in products of matrices, and from the band to a
    tridiagonal matrix little is left to do. The error is a few eps times the largest eigenvalue in
    absolute value.

    References
    ----------
    Bischof, Lang & Sun (2000), doi:10.1145/365723.365735.

    Examples
    --------
    >>> eigenvalues([[2.0, 1.0], [1.0, 2.0]])
    array([1., 3.])
    """
    from scipy.linalg import eigvals_banded

    with np.errstate(invalid="ignore"):
        band = to_band(A, overwrite=overwrite)
    if not band.size:
        return np.zeros(0)
    if not np.isfinite(band).all():
        return np.full(band.shape[1], np.nan)
    found: FloatArray = eigvals_banded(band, lower=True, check_finite=False)
    return found
