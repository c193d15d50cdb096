"""Admit items to the work so that those in work never need more than there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Admission"]


class Admission:
    """
    Queue of items that need memory, of which only so many are in work as fit.

    The first item of the queue goes first. While it does not fit beside those in work, the first
    one that fits may pass it, but only if an item from before it is still in work: so the first
    one never waits for more than those that passed it then.

    Parameters
    ----------
    needs : sequence of float
        Memory that each item needs, at most `budget`, in the order of the queue.
    workers : int
        Most items in work at a time.
    budget : float, default: infinity
        Memory for all items in work, in the same unit.

    Examples
    --------
    >>> queue = Admission([3.0, 3.0, 1.0], workers=2, budget=4.0)
    >>> queue.take(), queue.take(), queue.take()
    (0, 2, None)
    >>> queue.leave(0)
    >>> queue.take()
    1
    """

    def __init__(
        self, needs: Sequence[float], /, *, workers: int, budget: float = math.inf
    ) -> None:
        self._needs = list(needs)
        self._workers, self._budget = workers, budget
        self._waiting: dict[int, None] = dict.fromkeys(
            range(len(self._needs))
        )  # in the order of the queue
        self._again: list[int] = []
        self._alone: set[int] = set()
        self._in_work: set[int] = set()

    def __len__(self) -> int:
        """Return the number of items that wait or are in work."""
        return len(self._waiting) + len(self._again) + len(self._in_work)

    def _fits(self, item: int) -> bool:
        needed: float = sum(self._needs[i] for i in (*self._in_work, item))
        return needed <= self._budget

    def _next(self) -> int | None:
        """Return the place of the item that may start now."""
        if self._again or self._alone & self._in_work:
            return None if self._in_work else self._again.pop()
        if len(self._in_work) >= self._workers or not self._waiting:
            return None
        first = next(iter(self._waiting))
        if not self._in_work or self._fits(first):
            return first
        if min(self._in_work) > first:
            return None
        return next((item for item in self._waiting if self._fits(item)), None)

    def take(self) -> int | None:
        """
        Take an item into work.

        Returns
        -------
        int or None
            Place of the item; None if none may be started before another one is done.
        """
        item = self._next()
        if item is not None:
            self._waiting.pop(item, None)
            self._in_work.add(item)
        return item

    def leave(self, item: int, /) -> None:
        """
        Note that an item is not in work any more.

        Parameters
        ----------
        item : int
            Place of the item.
        """
        self._in_work.remove(item)

    def put_back(self, item: int, /) -> None:
        """
        Put an item in work back into the queue, to be worked on once more, and alone.

        Parameters
        ----------
        item : int
            Place of the item.
        """
        self._in_work.remove(item)
        self._again.append(item)
        self._alone.add(item)
