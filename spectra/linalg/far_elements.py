"""Elements of a matrix far from a number, found in blocks: how many there are, and where."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._spectral import matrix_of
from spectra.linalg.live_elements import pieces, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra.linalg.live_elements import LiveElements, Piece

__all__ = ["FarElements", "find", "places_in_words"]

_NAMED = 3  # rows, columns or elements listed in a description


class FarElements(NamedTuple):
    """
    Elements that are further from a number than a limit.

    Examples
    --------
    >>> FarElements._fields
    ('by_row', 'by_column', 'largest', 'total_of_others')
    """

    by_row: npt.NDArray[np.int_]
    """Number of such elements in each row."""
    by_column: npt.NDArray[np.int_]
    """Number of such elements in each column."""
    largest: list[tuple[float, int, int]]
    """Negative distance, row and column of up to three of them, the furthest first."""
    total_of_others: float
    """Sum of the other elements."""

    @property
    def num(self) -> int:
        """Number of such elements."""
        return int(self.by_row.sum())

    @property
    def where(self) -> str:
        """Rows, columns or elements, as in :func:`spectra.linalg.elements.where`."""
        return places_in_words(self.by_row, self.by_column, [at for _, *at in self.largest])


def find(
    W: npt.ArrayLike, /, *, centre: float, limit: float, live: LiveElements | None = None
) -> FarElements:
    """
    Find the elements of a matrix that are further from a number than a limit.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units. That of a layer of a file is read in blocks.
    centre : float
        The number.
    limit : float
        The limit of the distance.
    live : LiveElements, optional
        What :func:`spectra.linalg.live_elements.read` found in W, if already known.

    Returns
    -------
    FarElements
        Numbers and places of the elements in W; those of all-zero rows and columns are left out.

    See Also
    --------
    spectra.linalg.elements.look : The median, and the distance beyond which an element is huge.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.ones((4, 3))
    >>> W[2, 1] = 5.0
    >>> found = find(W, centre=1.0, limit=2.0)
    >>> found.num, found.where, found.total_of_others
    (1, 'element (2, 1)', 11.0)
    """
    matrix = matrix_of(W)
    known = read(matrix) if live is None else live
    found = [_in_piece(piece, known, centre, limit) for piece in pieces(matrix)]
    return FarElements(
        sum((part.by_row for part in found), np.zeros(len(known.rows), int)),
        sum((part.by_column for part in found), np.zeros(len(known.columns), int)),
        sorted(place for part in found for place in part.largest)[:_NAMED],
        math.fsum(part.total_of_others for part in found),
    )


def _in_piece(piece: Piece, live: LiveElements, centre: float, limit: float) -> FarElements:
    apart = piece.values.astype(np.float64, order="C")
    apart -= centre
    np.abs(apart, out=apart)
    large = apart > limit
    rows, columns = live.lines(piece)
    large[~rows] = False
    large[:, ~columns] = False
    flat = np.flatnonzero(large)
    row, column = np.divmod(flat, large.shape[1])
    distance = apart.reshape(-1)[flat]
    largest = [
        (-float(distance[i]), int(row[i]) + piece.row, int(column[i]) + piece.column)
        for i in np.argsort(-distance, kind="stable")[:_NAMED]
    ]
    values = apart  # in the same memory
    values[:] = piece.values
    values.reshape(-1)[flat] = 0.0
    return FarElements(
        np.bincount(row + piece.row, minlength=len(live.rows)),
        np.bincount(column + piece.column, minlength=len(live.columns)),
        largest,
        float(values.sum()),
    )


def places_in_words(
    by_row: npt.NDArray[np.int_], by_column: npt.NDArray[np.int_], largest: Sequence[Sequence[int]]
) -> str:
    """
    Describe where marked elements of a matrix are.

    Parameters
    ----------
    by_row, by_column : array of int
        Number of marked elements in each row and in each column.
    largest : sequence of (int, int)
        Row and column of the first marked elements to name.

    Returns
    -------
    str
        Rows, columns or elements by the rules of :func:`spectra.linalg.elements.where`.

    Examples
    --------
    >>> import numpy as np
    >>> places_in_words(np.array([0, 1]), np.array([1, 0]), [(1, 0)])
    'element (1, 0)'
    """
    for counts, word in ((by_row, "row"), (by_column, "column")):
        found = _crowded(counts)
        if len(found):
            return _listed(word, found.tolist())
    return _listed("element", [*map(tuple, largest)], int(by_row.sum()))


def _crowded(counts: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Return the lines with more marks than by chance, fullest first, if they hold half of all."""
    from scipy.special import pdtrc

    total, lines = int(counts.sum()), len(counts)
    by_chance = pdtrc(np.maximum(counts - 1, 0), total / max(lines, 1))
    crowded = np.flatnonzero((by_chance < 0.01 / max(lines, 1)) & (counts >= _NAMED))
    enough = 2 * counts[crowded].sum() >= max(total, 1)
    order = np.argsort(-counts[crowded], kind="stable")
    return crowded[order] if enough else crowded[:0]


def _listed(word: str, items: Sequence[object], num: int = 0) -> str:
    """List the first items and the number of further ones, of `num` in total if given."""
    num = num or len(items)
    if not num:
        return ""
    more = f" and {num - _NAMED} more" if num > _NAMED else ""
    return f"{word}{'' if num == 1 else 's'} {', '.join(map(str, items[:_NAMED]))}{more}"
