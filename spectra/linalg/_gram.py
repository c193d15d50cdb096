"""The Gram matrix of a matrix that is read in blocks, and what is zero in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._sparse import summed_rows
from spectra.linalg._tall import scaled

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.linalg._tall import Tall

__all__ = ["gram_of", "symmetric_gram_of", "without_zero_columns"]

_SAFE_EXPONENT = 400  # squares of numbers from 2**-400 to 2**400 can be summed in float64
_PRODUCT = 100  # time of a product of sparse elements over one of dense elements
_STRIP = 1024  # rows of the Gram matrix that are computed at a time


def gram_of(matrix: Tall, exponent: int, /) -> FloatArray:
    """
    Return the lower triangle of the Gram matrix of ``matrix / 2**exponent``, by blocks of rows.

    Only extreme elements are scaled before they are squared; scaling the squares has the same bits.
    """
    few = _sparse_rows(matrix)
    if few is not None:
        return _sparse_gram(few, exponent)
    columns = matrix.shape[1]
    total = np.zeros((columns, columns))
    early = 0
    for part in matrix.blocks():
        extreme = abs(exponent) > _SAFE_EXPONENT or part.dtype.itemsize > 8
        early = exponent if extreme else 0
        _add_products(total, scaled(part, early))
    if not early:
        total *= 2.0 ** (-2 * exponent)
    return total


def _sparse_rows(matrix: Tall) -> Any | None:
    """Return the rows of a sparse matrix whose Gram matrix takes less time than of a dense one."""
    if matrix.sparse is None:
        return None
    rows = summed_rows(matrix.sparse)
    N, M = matrix.shape
    products = np.square(np.diff(rows.indptr), dtype=np.float64).sum()
    return rows if products * _PRODUCT < N * M**2 else None


def _sparse_gram(rows: Any, exponent: int) -> FloatArray:
    """Return the Gram matrix of the rows of a sparse matrix over ``2**exponent``."""
    wide = rows.astype(np.result_type(rows.dtype, np.float64))
    wide.data = scaled(wide.data, exponent)
    turned = wide.T.tocsr()
    total: FloatArray = np.empty((rows.shape[1],) * 2)
    for start in range(0, len(total), _STRIP):
        total[start : start + _STRIP] = (turned[start : start + _STRIP] @ wide).toarray()
    return total


def symmetric_gram_of(matrix: Tall, exponent: int, /) -> FloatArray:
    """Return both triangles of the Gram matrix of ``matrix / 2**exponent``."""
    gram = gram_of(matrix, exponent)
    for start in range(_STRIP, len(gram), _STRIP):
        end = start + _STRIP
        gram[:start, start:end] = gram[start:end, :start].T
    return gram


def _add_products(total: FloatArray, block: FloatArray) -> None:
    """Add the lower triangle of ``block.T @ block``, without a second matrix of that size."""
    for start in range(0, len(total), _STRIP):
        end = start + _STRIP
        strip = block[:, start:end]
        total[start:end, start:end] += strip.T @ strip
        if start:
            total[start:end, :start] += strip.T @ block[:, :start]


def without_zero_columns(gram: FloatArray, matrix: Tall, /) -> FloatArray:
    """Return the part of a Gram matrix, which is overwritten, for the columns that are not zero."""
    dead = np.diagonal(gram) == 0
    if not dead.any():
        return gram
    for part in matrix.blocks():  # squares may underflow
        dead &= ~(part != 0).any(axis=0)
    alive = np.flatnonzero(~dead)
    for row, old in enumerate(alive):
        gram[row, : len(alive)] = gram[old, alive]
    return gram[: len(alive), : len(alive)]
