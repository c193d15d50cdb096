"""
Live elements: those in rows and columns that are not all zero, read in blocks.

A matrix of a file is never in memory as a whole; one in memory is read in the same blocks, so that
both have the same numbers, to the last bit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._spectral import BLOCK, in_blocks, matrix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["LiveElements", "Piece", "pieces", "read"]

_MOST = 1 << 16  # elements of a sample


class Piece(NamedTuple):
    """
    Whole rows, or whole columns, of a matrix.

    Examples
    --------
    >>> Piece._fields
    ('row', 'column', 'values')
    """

    row: int
    """Number of the first row."""
    column: int
    """Number of the first column."""
    values: AnyArray
    """Elements, in float32 if that holds them, else in float64."""


class LiveElements(NamedTuple):
    """
    Summary of the elements of a matrix in rows and columns that are not all zero.

    Examples
    --------
    >>> found = read([[0.0, 0.0], [1.0, 3.0]])
    >>> found.shape, found.mean, found.low, found.high
    ((1, 2), 2.0, 1.0, 3.0)
    """

    rows: npt.NDArray[np.bool_]
    """Whether each row has an element that is not zero."""
    columns: npt.NDArray[np.bool_]
    """Whether each column has an element that is not zero."""
    total: float
    """Sum of the elements."""
    low: float
    """Smallest element; ``inf`` without any."""
    high: float
    """Largest element; ``-inf`` without any."""
    sample: FloatArray
    """The elements row by row; of more than 65,536, one in so many, which no column shares."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns that are not all zero."""
        return int(self.rows.sum()), int(self.columns.sum())

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def are_all(self) -> bool:
        """Whether no row and no column is all zero."""
        return self.size == len(self.rows) * len(self.columns)

    @property
    def mean(self) -> float:
        """Mean of the elements; ``nan`` without any."""
        return self.total / self.size if self.size else math.nan

    def lines(self, piece: Piece, /) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """
        Return which rows and columns of a piece are live.

        Parameters
        ----------
        piece : Piece
            Piece of the same matrix.

        Returns
        -------
        rows, columns : array of bool
            Whether each is live.
        """
        height, width = piece.values.shape
        rows = self.rows[piece.row : piece.row + height]
        return rows, self.columns[piece.column : piece.column + width]

    def within(self, piece: Piece, /) -> AnyArray:
        """
        Return the elements of a piece without its dead rows and columns.

        Parameters
        ----------
        piece : Piece
            Piece of the same matrix.

        Returns
        -------
        array
            The live elements.
        """
        if self.are_all:
            return piece.values
        rows, columns = self.lines(piece)
        return piece.values[rows][:, columns]


def _widened(values: AnyArray) -> AnyArray:
    if values.dtype in (np.float32, np.float64):
        return values
    return values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)


def pieces(W: npt.ArrayLike, /) -> Iterator[Piece]:
    """
    Read a matrix in pieces along its longer side.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units. That of a layer of a file is read in blocks.

    Yields
    ------
    Piece
        Pieces of up to 4 million elements, in order.

    Examples
    --------
    >>> import numpy as np
    >>> [(piece.row, piece.values.shape) for piece in pieces(np.eye(3, 2))]
    [(0, (3, 2))]
    """
    matrix = matrix_of(W)
    parts = in_blocks(matrix)
    whole = np.asarray(matrix) if parts is None else None
    shape = whole.shape if whole is not None else parts.shape if parts is not None else ()
    m, n = shape
    step = max(1, BLOCK // max(1, min(m, n)))
    starts = range(0, max(m, n), step)
    if parts is not None:
        found = parts.blocks(step)
    elif whole is not None:
        found = (whole[i : i + step] if m >= n else whole[:, i : i + step] for i in starts)
    for start, values in zip(starts, found, strict=True):
        row, column = (start, 0) if m >= n else (0, start)
        yield Piece(row, column, _widened(values))


def read(W: npt.ArrayLike, /) -> LiveElements:
    """
    Read the elements of a matrix once, twice if a row or a column is all zero.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units. That of a layer of a file is read in blocks.

    Returns
    -------
    LiveElements
        Summary of the elements outside all-zero rows and columns (dead neurons).

    See Also
    --------
    spectra.linalg.elements.alive : The matrix of these elements.

    Notes
    -----
    The distance of the elements of a sample along the rows has no divisor in common with the number
    of columns, so that each column has the same share of it.

    Examples
    --------
    >>> import numpy as np
    >>> found = read(np.ones((1000, 300)))
    >>> found.size, found.sample.size, found.total
    (300000, 42858, 300000.0)
    """
    matrix = matrix_of(W)
    parts = in_blocks(matrix)
    m, n = np.shape(matrix) if parts is None else parts.shape
    rows, columns = np.zeros(m, bool), np.zeros(n, bool)
    every = LiveElements(~rows, ~columns, 0.0, math.inf, -math.inf, np.zeros(0))
    sampling = _Sampling(every)
    total, low, high = 0.0, math.inf, -math.inf
    for piece in pieces(matrix):
        used = piece.values != 0
        rows[piece.row : piece.row + len(used)] |= used.any(axis=1)
        columns[piece.column : piece.column + used.shape[1]] |= used.any(axis=0)
        with np.errstate(invalid="ignore"):  # of elements that are not finite
            total += float(piece.values.sum(dtype=np.float64))
        low, high = _extremes(piece.values, low, high)
        sampling.take(piece)
    found = every._replace(rows=rows, columns=columns, total=total, low=low, high=high)
    return found._replace(sample=sampling.sample) if found.are_all else _without_dead(matrix, found)


def _extremes(values: AnyArray, low: float, high: float) -> tuple[float, float]:
    if not values.size:
        return low, high
    with np.errstate(invalid="ignore"):
        return float(np.minimum(low, values.min())), float(np.maximum(high, values.max()))


def _without_dead(matrix: npt.ArrayLike, found: LiveElements) -> LiveElements:
    """Return the summary with extremes and sample of the live elements only."""
    low, high = math.inf, -math.inf
    sampling = _Sampling(found)
    for piece in pieces(matrix):
        low, high = _extremes(found.within(piece), low, high)
        sampling.take(piece)
    return found._replace(low=low, high=high, sample=sampling.sample)


class _Sampling:
    """The places of the elements of a sample, and the elements that were found there."""

    def __init__(self, live: LiveElements) -> None:
        _, width = live.shape
        self._live, self._stride = live, -(-live.size // _MOST) or 1
        while self._stride > 1 and math.gcd(self._stride, width) > 1:
            self._stride += 1
        self.sample: FloatArray = np.empty(-(-live.size // self._stride))

    def take(self, piece: Piece) -> None:
        """Take the elements that are in a piece."""
        live = self._live
        if piece.values.shape == (len(live.rows), len(live.columns)):  # all in one
            self.sample[:] = live.within(piece).reshape(-1)[:: self._stride]
            return
        row, column = self._places
        height, width = piece.values.shape
        inside = (row >= piece.row) & (row < piece.row + height)
        inside &= (column >= piece.column) & (column < piece.column + width)
        at = row[inside] - piece.row, column[inside] - piece.column
        self.sample[inside] = piece.values[at]

    @property
    def _places(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Row and column of each element of the sample in the whole matrix."""
        live = self._live
        place = np.arange(len(self.sample)) * self._stride
        row, column = np.divmod(place, live.shape[1])
        return np.flatnonzero(live.rows)[row], np.flatnonzero(live.columns)[column]
