"""Sparse matrices of SciPy, made dense in parts: a few rows or columns at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray

__all__ = ["Sparse", "from_sparse", "stored_blocks", "summed_rows"]


class Sparse:
    """
    A sparse matrix of SciPy as a lazy array that is read in parts; NumPy reads it as a whole.

    Parameters
    ----------
    matrix : scipy.sparse array or matrix, two-dimensional
        The matrix, in any format; kept by reference.
    """

    def __init__(self, matrix: Any) -> None:
        self.sparse = matrix

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.sparse.shape
        return int(rows), int(columns)

    def __call__(self) -> AnyArray:
        """Return the whole matrix, dense; equal places are summed."""
        dense: AnyArray = self.sparse.toarray()
        return dense

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Return the whole matrix, dense."""
        return np.asarray(self(), dtype)

    def rows(self, start: int, stop: int, /) -> Sparse:
        """Return some rows, sparse."""
        return Sparse(self.sparse.tocsr()[start:stop])

    def columns(self, start: int, stop: int, /) -> Sparse:
        """Return some columns, sparse."""
        return Sparse(self.sparse.tocsc()[:, start:stop])

    def blocks(self, step: int, axis: int | None = None, /) -> Iterator[AnyArray]:
        """Yield dense parts of whole rows (axis 0) or columns (1); None cuts the longer side."""
        m, n = self.shape
        along = int(m < n) if axis is None else axis
        upright = self.sparse.tocsc().T if along else self.sparse.tocsr()  # made once
        for start in range(0, upright.shape[0], step):
            part: AnyArray = upright[start : start + step].toarray()
            yield part.T if along else part


def summed_rows(matrix: Any, /) -> Any:
    """Return the rows of a sparse matrix of SciPy, equal places summed and in order."""
    rows = matrix.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def stored_blocks(matrix: Any, /) -> list[AnyArray] | None:
    """Return the elements that a sparse matrix stores, and a zero; None for any other matrix."""
    if getattr(matrix, "sparse", None) is None:
        return None
    rows = summed_rows(matrix.sparse)
    return [np.append(rows.data, rows.dtype.type(0))]


def from_sparse(data: Any, /) -> Any:
    """
    Return a sparse matrix of SciPy as one that is read in parts, and anything else as it is.

    ``scipy.sparse`` is not imported here: without it there is no such matrix.
    """
    is_sparse = getattr(sys.modules.get("scipy.sparse"), "issparse", None)  # absent at first
    if is_sparse is None or not is_sparse(data):
        return data
    return Sparse(data) if data.ndim == 2 and 0 not in data.shape else data.toarray()
