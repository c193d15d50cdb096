"""A matrix whose elements are changed when they are read, in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Changed"]


class Changed:
    """
    A matrix in memory, each block of which is changed by a function when it is read.

    Parameters
    ----------
    W : array, shape (m, n)
        Matrix.
    change : callable
        Function of a part of the matrix in float64, which it may overwrite, and of the slices of
        its rows and its columns, that returns the changed part.
    """

    def __init__(
        self, W: AnyArray, change: Callable[[FloatArray, slice, slice], FloatArray]
    ) -> None:
        self._matrix, self._change = W, change
        self.shape: tuple[int, int] = (W.shape[0], W.shape[1])

    def blocks(self, step: int, /) -> Iterator[FloatArray]:
        """Yield parts of `step` whole rows, or columns if there are more columns than rows."""
        m, n = self.shape
        for start in range(0, max(m, n), step):
            along, every = slice(start, start + step), slice(None)
            yield self._part(every, along) if n > m else self._part(along, every)

    def _part(self, rows: slice, columns: slice) -> FloatArray:
        return self._change(self._matrix[rows, columns].astype(np.float64), rows, columns)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Return the whole matrix, changed."""
        return np.asarray(self._part(slice(None), slice(None)), dtype)
