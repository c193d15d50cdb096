"""A matrix that is read in blocks along its longer side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra._spectral import BLOCK, in_blocks, is_real, matrix_of
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Tall", "scaled", "tall"]


class Tall(NamedTuple):
    """A matrix with at least as many rows as columns, in memory or read in parts."""

    shape: tuple[int, int]
    blocks: Callable[[], Iterable[AnyArray]]  # of rows
    num_blocks: int
    sparse: Any = None  # the same matrix in SciPy, if it is sparse


def _check_real(ndim: int, dtype: np.dtype[Any]) -> None:
    if ndim != 2 or not is_real(dtype):
        msg = f"`W` must be a matrix of real numbers, got {ndim}-D {dtype}"
        raise ArgumentError(msg)


def _real(array: AnyArray) -> AnyArray:
    """Return a matrix, its elements in a type of 16 bits or more; refuse what is not real."""
    _check_real(array.ndim, array.dtype)
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
    if sparse is not None:
        _check_real(sparse.ndim, sparse.dtype)
    in_scipy = sparse.T if turn and sparse is not None else sparse
    return Tall(
        (rows, columns), lambda: map(turned, parts.blocks(step)), -(-rows // step), in_scipy
    )


def _step(columns: int) -> int:
    """Return the number of rows in a block."""
    return max(1, BLOCK // max(1, columns))


def scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return ``W / 2**exponent`` in float64."""
    if W.dtype.itemsize > 8:  # longer floats, before their exponent is cut
        return np.ldexp(W, -exponent).astype(np.float64)
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent, out=wide) if exponent else wide
