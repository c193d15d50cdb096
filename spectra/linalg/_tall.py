"""A matrix that is read in blocks along its longer side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra._sparse import stored_elements
from spectra._spectral import BLOCK, in_blocks, is_real, matrix_of
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Tall", "element_blocks", "scaled", "tall"]


class Tall(NamedTuple):
    """A matrix with at least as many rows as columns, in memory or read in parts."""

    shape: tuple[int, int]
    blocks: Callable[[], Iterable[AnyArray]]  # of rows
    num_blocks: int
    sparse: Any = None  # the same matrix in SciPy, if it is sparse


def _real(array: AnyArray) -> AnyArray:
    """Return a matrix, its elements in a type of 16 bits or more; refuse what is not real."""
    if array.ndim != 2 or not is_real(array.dtype):
        msg = f"`W` must be a matrix of real numbers, got {array.ndim}-D {array.dtype}"
        raise ArgumentError(msg)
    wide = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array if wide else array.astype(np.float64)


def tall(W: npt.ArrayLike) -> Tall:
    """Return a matrix, or its transpose if that has more rows."""
    matrix = matrix_of(W)
    parts = in_blocks(matrix)
    if parts is None:
        array = _real(np.asarray(matrix))
        upright = array if array.shape[0] >= array.shape[1] else array.T
        rows, columns = upright.shape
        step = _step(columns)
        starts = range(0, rows, step)
        return Tall((rows, columns), lambda: (upright[i : i + step] for i in starts), len(starts))
    columns, rows = sorted(parts.shape)
    turn = parts.shape[0] < parts.shape[1]

    def turned(array: AnyArray) -> AnyArray:
        return _real(array).T if turn else _real(array)

    step = _step(columns)
    sparse = getattr(parts, "sparse", None)
    in_scipy = sparse.T if turn and sparse is not None else sparse
    return Tall(
        (rows, columns), lambda: map(turned, parts.blocks(step)), -(-rows // step), in_scipy
    )


def element_blocks(matrix: Tall) -> Iterable[AnyArray]:
    """Return the elements in blocks; those that a sparse matrix stores at once."""
    if matrix.sparse is None:
        return matrix.blocks()
    return [_real(stored_elements(matrix.sparse)[np.newaxis])]


def _step(columns: int) -> int:
    """Return the number of rows in a block."""
    return max(1, BLOCK // max(1, columns))


def scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return ``W / 2**exponent`` in float64."""
    if W.dtype.itemsize > 8:  # longer floats, before their exponent is cut
        return np.ldexp(W, -exponent).astype(np.float64)
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent, out=wide) if exponent else wide
