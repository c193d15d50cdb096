r"""
Overlaps of the spaces that columns or singular vectors of two matrices span.

Two matrices with equally many rows span spaces of the same surroundings: two checkpoints of a
layer, or a layer and the next one, whose inputs are the outputs of the first. The cosines of the
angles between the two spaces are their canonical correlations. Random spaces of many dimensions
overlap too, by a known amount that stands beside each number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import matrix_of
from spectra.errors import ArgumentError
from spectra.linalg._triplets import triplets

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["BandOverlaps", "band_overlaps", "canonical_correlations"]


class BandOverlaps(NamedTuple):
    """
    Overlaps of bands of singular vectors of two matrices.

    Examples
    --------
    >>> BandOverlaps._fields
    ('overlap', 'noise', 'num_first', 'num_second')
    """

    overlap: FloatArray
    """Share of the vectors of each band of the first matrix that lies in each of the second."""
    noise: FloatArray
    """Mean share for random directions."""
    num_first: npt.NDArray[np.intp]
    """Number of vectors in each band of the first matrix."""
    num_second: npt.NDArray[np.intp]
    """Number of vectors in each band of the second matrix."""


def canonical_correlations(A: npt.ArrayLike, B: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the cosines of the angles between the spaces spanned by the columns of two matrices.

    Parameters
    ----------
    A : array_like, shape (m, n1)
        First matrix.
    B : array_like, shape (m, n2)
        Second matrix, with as many rows.

    Returns
    -------
    ndarray, shape (k,)
        Canonical correlations from 1 down to 0, where k is the smaller of the two ranks.

    Raises
    ------
    ArgumentError
        If an argument is not a matrix of finite numbers, or the numbers of rows differ.

    See Also
    --------
    band_overlaps : Overlaps that tell strong from weak directions.
    spectra.theory.laws.jacobi : Law of the squares, for two matrices of noise.

    Notes
    -----
    With orthonormal bases :math:`Q_A, Q_B` of the two spaces, the numbers are the singular values
    of :math:`Q_A^T Q_B`. They do not depend on the sizes of the columns. Columns are taken as they
    are: subtract their means first for the canonical correlations of statistics. The mean of the
    squares is max(n1, n2) / m for noise, and some are 1 if n1 + n2 > m.

    References
    ----------
    Hotelling (1936), doi:10.1093/biomet/28.3-4.321. Bjorck & Golub (1973), doi:10.2307/2005662.

    Examples
    --------
    >>> canonical_correlations([[1.0], [0.0]], [[3.0], [4.0]]).round(4)
    array([0.6])
    """
    first, second = (triplets(_in_units_of_columns(W)).left for W in _pair(A, B))
    cosines: FloatArray = np.minimum(np.linalg.svd(first.T @ second, compute_uv=False), 1.0)
    return cosines


def band_overlaps(A: npt.ArrayLike, B: npt.ArrayLike, /, *, num: int = 10) -> BandOverlaps:
    r"""
    Compute the overlaps of left singular vectors of two matrices, by bands along their spectra.

    Parameters
    ----------
    A : array_like, shape (m, n1)
        First matrix.
    B : array_like, shape (m, n2)
        Second matrix, with as many rows.
    num : int, default: 10
        Number of bands of each matrix, of about equal numbers of singular vectors; fewer if a
        matrix has fewer vectors.

    Returns
    -------
    BandOverlaps
        Overlaps of shape (bands of A, bands of B), that of the largest singular values first, with
        the means for random directions, in the same shape.

    Raises
    ------
    ArgumentError
        If an argument is not a matrix of finite numbers, the numbers of rows differ, or `num` is
        not a whole number from 1.

    See Also
    --------
    canonical_correlations : Cosines of the angles between the whole spaces.

    Notes
    -----
    The overlap of bands with the vectors U and V is :math:`\|U^T V\|_F^2 / k`, the mean squared
    length of the projections of the k vectors of U on the span of V: 1 if U lies in it, 0 if the
    two are perpendicular. Random directions give the dimension of V over m. Vectors of singular
    values that are zero by rounding are left out. For right singular vectors, pass the transposed
    matrices. As many bands as vectors compare vector by vector, which for close singular values is
    arbitrary: a small change of the matrix turns them into each other, and leaves their band.

    References
    ----------
    Bjorck & Golub (1973), doi:10.2307/2005662. Staats, Thamm & Rosenow (2024), arXiv:2410.17770,
    for overlaps by singular value.

    Examples
    --------
    >>> import numpy as np
    >>> A, B = np.diag([4.0, 3.0, 2.0, 1.0]), np.diag([1.0, 2.0, 3.0, 4.0])
    >>> band_overlaps(A, B, num=2).overlap.tolist()  # what is strong in A is weak in B
    [[0.0, 1.0], [1.0, 0.0]]
    """
    _checks.count("num", num)
    pair = _pair(A, B)
    first, second = (triplets(W).left for W in pair)
    rows, columns = (_bands(vectors.shape[1], num) for vectors in (first, second))
    squares = (first.T @ second) ** 2
    sums = [[squares[np.ix_(i, j)].sum() for j in columns] for i in rows]
    num_first, num_second = np.array([len(i) for i in rows]), np.array([len(j) for j in columns])
    shape = len(rows), len(columns)
    return BandOverlaps(
        overlap=np.reshape(np.asarray(sums, np.float64), shape) / num_first[:, np.newaxis],
        noise=np.broadcast_to(num_second / len(first), shape).copy(),
        num_first=num_first.astype(np.intp),
        num_second=num_second.astype(np.intp),
    )


def _bands(count: int, num: int) -> list[AnyArray]:
    """Divide the places of vectors into bands."""
    return np.array_split(np.arange(count), min(num, count)) if count else []


def _pair(A: npt.ArrayLike, B: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two matrices in float64, with equally many rows."""
    pair = (("A", A), ("B", B))
    first, second = (np.asarray(matrix_of(W, name), np.float64) for name, W in pair)
    for name, array in (("A", first), ("B", second)):
        if array.ndim != 2 or not np.isfinite(array).all():
            msg = f"`{name}` must be a matrix of finite numbers, got shape {array.shape}"
            raise ArgumentError(msg)
    if len(first) != len(second):
        msg = (
            f"`A` and `B` must have equally many rows, got {len(first)} and {len(second)}: "
            "transpose one of them?"
        )
        raise ArgumentError(msg)
    return first, second


def _in_units_of_columns(W: FloatArray) -> FloatArray:
    """Divide each column by the power of two above its largest element."""
    exponents = np.frexp(np.abs(W).max(axis=0, initial=0.0))[1]
    scaled: FloatArray = np.ldexp(W, -exponents)
    return scaled
