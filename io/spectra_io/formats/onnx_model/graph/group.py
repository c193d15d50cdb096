"""Groups: columns of a product that a network uses as one matrix."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Group"]


class Group(NamedTuple):
    """
    Columns of a product that the network uses as one matrix.

    Examples
    --------
    >>> Group("q", ((0, 8),)).size
    8
    """

    label: str
    """q, k, v, gate or up, or a number if the use says nothing."""
    runs: tuple[tuple[int, int], ...]
    """First column, and the column after the last, of each run of neighbours."""

    @property
    def size(self) -> int:
        """Number of columns."""
        return sum(stop - start for start, stop in self.runs)
