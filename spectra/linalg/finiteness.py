"""Elements of matrices that are not finite: how many there are, and where the first is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._sparse import stored_blocks
from spectra._spectral import BLOCK, in_blocks, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray

__all__ = ["NotFinite", "not_finite"]


class NotFinite(NamedTuple):
    """
    Elements of one or more matrices that are not finite.

    Examples
    --------
    >>> NotFinite(1, 6, (0, 1, 2), float("nan"), 1).sentence
    '1 of 6 elements, nan at row 1, column 2'
    """

    num: int
    """Number of these elements."""
    size: int
    """Number of all elements."""
    place: tuple[int, int, int]
    """Matrix, row and column of the first, counted from 0."""
    value: float
    """The first: ``nan``, or an infinity."""
    num_matrices: int
    """Number of matrices."""

    @property
    def sentence(self) -> str:
        """Numbers and place in words."""
        matrix, row, column = self.place
        of = f" of matrix {matrix}" if self.num_matrices > 1 else ""
        first = "" if self.num == 1 else "at first "
        place = f"{first}{self.value} at row {row}, column {column}{of}"
        return f"{self.num:,} of {self.size:,} elements, {place}"


def not_finite(matrices: npt.ArrayLike, /) -> NotFinite | None:
    """
    Count the elements that are not finite, and find the first.

    Parameters
    ----------
    matrices : array_like, shape (m, n) or (rf, m, n)
        One matrix or a stack of matrices. That of a layer of a file is read in blocks.

    Returns
    -------
    NotFinite or None
        None if all elements are finite. The first is that of the lowest row, and there of the
        lowest column, of the first matrix that has one.

    Raises
    ------
    ArgumentError
        If `matrices` is neither a matrix nor a stack of matrices.

    Examples
    --------
    >>> W = np.zeros((3, 4))
    >>> not_finite(W) is None
    True
    >>> W[2, 1] = W[1, 3] = np.inf
    >>> not_finite(W).sentence
    '2 of 12 elements, at first inf at row 1, column 3'
    """
    num = size = count = 0
    first: tuple[tuple[int, int, int], float] | None = None
    for matrix, row, column, part in _parts(matrices):
        count = matrix + 1
        size += part.size
        bad = ~np.isfinite(part)
        if not bad.any():
            continue
        num += int(bad.sum())
        i, j = divmod(int(bad.argmax()), part.shape[1])
        found = (matrix, row + i, column + j), float(part[i, j])
        first = found if first is None or found[0] < first[0] else first
    return None if first is None else NotFinite(num, size, *first, count)


def _parts(matrices: npt.ArrayLike) -> Iterator[tuple[int, int, int, AnyArray]]:
    """Yield the number of a matrix, the first row and column of a part of it, and the part."""
    parts = in_blocks(matrices)
    if parts is None:
        for number, whole in enumerate(stack_of(matrices)):
            step = max(1, BLOCK // max(1, whole.shape[1]))
            for start in range(0, len(whole), step):
                yield number, start, 0, whole[start : start + step]
        return
    stored = stored_blocks(parts)
    if stored and all(np.isfinite(part).all() for part in stored):
        return
    is_wide = parts.shape[0] < parts.shape[1]
    place = 0
    for part in parts.blocks(max(1, BLOCK // max(1, min(parts.shape)))):
        yield (0, 0, place, part) if is_wide else (0, place, 0, part)
        place += part.shape[1 if is_wide else 0]
