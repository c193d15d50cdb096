r"""
Find what would make a trap of a matrix without permuting it: large elements, and the mean.

In noise of standard deviation :math:`\sigma` a signal of rank one is seen in the spectrum from a
singular value of :math:`\sigma (N M)^{1/4}` on (Baik, Ben Arous & Peche 2005). A single element w
is such a signal, with the singular value :math:`|w|`, and so is a mean m, with :math:`|m| \sqrt{N
M}`. Neither depends on the order of the elements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import matrix_of
from spectra.linalg.elements import places_in_words
from spectra.linalg.live_elements import pieces, read

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra.linalg.live_elements import LiveElements, Piece

__all__ = ["LargeElements", "find"]


_NAMED = 3  # elements that are named


class LargeElements(NamedTuple):
    """
    Elements, and the mean, that make spikes in any order of the elements.

    Examples
    --------
    >>> LargeElements._fields
    ('num', 'strength', 'where', 'mean_strength')
    """

    num: float
    """Number of elements that make a spike by themselves."""
    strength: float
    """Largest distance of an element from the mean, over the distance that makes a spike."""
    where: str
    """Rows, columns or elements that are that large; empty without one."""
    mean_strength: float
    """Absolute mean of the other elements, over the mean that makes a spike."""


def find(
    W: npt.ArrayLike, /, *, variance: float, live: LiveElements | None = None
) -> LargeElements:
    r"""
    Find the elements of a matrix that make spikes by themselves, and the strength of its mean.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units. That of a layer of a file is read in blocks.
    variance : float
        Variance of the noise elements, as of :func:`spectra.noise.bulk.estimate`, in weight units
        squared.
    live : LiveElements, optional
        What :func:`spectra.linalg.live_elements.read` found in W, if already known.

    Returns
    -------
    LargeElements
        Numbers for W without its all-zero rows and columns, ``nan`` if none is left; places are
        those in W.

    Raises
    ------
    ArgumentError
        If `variance` is not finite and above 0.

    See Also
    --------
    spectra.noise.traps.find : The traps that are left when the elements are permuted.

    Notes
    -----
    At a strength of 1 the spike is at the edge of the bulk; at 1.5 it is seen. The largest element
    of normal noise has a strength of about :math:`\sqrt{2 \ln(N M)} / (N M)^{1/4}`, 0.8 for 10 x 10
    and 0.16 for 1000 x 1000 matrices, its mean one of :math:`(N M)^{-1/4}`.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> W[4, 2] = 100.0
    >>> found = find(W, variance=1.0)
    >>> found.num, found.where, round(found.strength, 1)
    (1, 'element (4, 2)', 8.4)
    """
    _checks.number("variance", variance, above=0)
    matrix = matrix_of(W)
    elements = read(matrix) if live is None else live
    if not elements.size:
        return LargeElements(math.nan, math.nan, "", math.nan)
    std, root = math.sqrt(variance), math.sqrt(math.sqrt(elements.size))
    limit, mean = std * root, elements.mean
    most = max(elements.high - mean, mean - elements.low)
    if most <= limit:
        return LargeElements(0, most / limit, "", abs(mean) * root / std)
    found = _beyond(matrix, elements, mean, limit)
    place = places_in_words(found.by_row, found.by_column, [at for _, *at in found.largest])
    others = abs(found.total_of_others) / max(1, elements.size - found.num)
    return LargeElements(found.num, most / limit, place, others * root / std)


class _Beyond(NamedTuple):
    """Elements beyond a distance from the mean, of a piece of a matrix or of all of it."""

    by_row: npt.NDArray[np.int_]
    by_column: npt.NDArray[np.int_]
    largest: list[tuple[float, int, int]]  # negative distance, row and column
    total_of_others: float

    @property
    def num(self) -> int:
        return int(self.by_row.sum())


def _beyond(matrix: npt.ArrayLike, live: LiveElements, mean: float, limit: float) -> _Beyond:
    """Find the live elements beyond a distance from the mean, in blocks."""
    found = [_beyond_in(piece, live, mean, limit) for piece in pieces(matrix)]
    largest = sorted(place for part in found for place in part.largest)[:_NAMED]
    by_row = np.sum([part.by_row for part in found], axis=0)
    by_column = np.sum([part.by_column for part in found], axis=0)
    return _Beyond(by_row, by_column, largest, math.fsum(part.total_of_others for part in found))


def _beyond_in(piece: Piece, live: LiveElements, mean: float, limit: float) -> _Beyond:
    apart = piece.values.astype(np.float64, order="C")
    apart -= mean
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
    return _Beyond(
        np.bincount(row + piece.row, minlength=len(live.rows)),
        np.bincount(column + piece.column, minlength=len(live.columns)),
        largest,
        float(values.sum()),
    )
