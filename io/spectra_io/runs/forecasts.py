"""Forecast the rest of a run of unequal items by the share of their costs that is done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra.costs import makespan

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Forecast"]

_MOST = 0.95  # share of an item in work that counts as done, however long it takes


class Forecast:
    """
    Account of a run: the items that are done and in work, and the time that the rest will take.

    It has no clock: every method is told the time.

    Parameters
    ----------
    costs : sequence of float
        Positive cost of each item, proportional to its time, in the order of the work.
    workers : int
        Number of items in work at a time.

    Examples
    --------
    >>> run = Forecast([3.0, 2.0, 1.0], workers=1)
    >>> run.start(0, 10.0)
    >>> run.finish(0, 16.0)
    >>> run.start(1, 16.0)
    >>> run.num_done, run.in_work, run.share(18.0), run.remaining(18.0)
    (1, [1], 0.6666666666666666, 4.0)
    """

    def __init__(self, costs: Sequence[float], workers: int) -> None:
        self._costs = list(costs)
        self._workers = workers
        self._waiting = dict.fromkeys(range(len(costs)))  # in the order of the work
        self._started: dict[int, float] = {}
        self._seconds = self._done = 0.0
        self.num_done = self.num_left_out = 0

    def start(self, item: int, now: float) -> None:
        """
        Note that the work on an item begins.

        Parameters
        ----------
        item : int
            Place of the item.
        now : float
            Seconds.
        """
        self._waiting.pop(item)
        self._started[item] = now

    def finish(self, item: int, now: float) -> None:
        """
        Note that an item is done.

        Parameters
        ----------
        item : int
            Place of the item.
        now : float
            Seconds.
        """
        self._seconds += now - self._started.pop(item)
        self._done += self._costs[item]
        self.num_done += 1

    def put_back(self, item: int) -> None:
        """
        Note that an item in work has to be begun once more.

        Parameters
        ----------
        item : int
            Place of the item.
        """
        self._started.pop(item)
        self._waiting[item] = None

    def leave_out(self, item: int) -> None:
        """
        Leave an item out of the account, because it was no work.

        Parameters
        ----------
        item : int
            Place of the item, which was started.
        """
        del self._started[item]
        self._costs[item] = 0.0
        self.num_left_out += 1

    @property
    def num(self) -> int:
        """Number of all items that are not left out."""
        return len(self._costs) - self.num_left_out

    @property
    def in_work(self) -> list[int]:
        """Items in work, the one that was started first first."""
        return list(self._started)

    @property
    def _rate(self) -> float:
        """Seconds that a worker takes per unit of cost; ``nan`` before an item is done."""
        return self._seconds / self._done if self._done else math.nan

    def _begun(self, now: float) -> dict[int, float]:
        """Return the part of the cost of each item in work that is done, as far as one can tell."""
        if not self._rate > 0:
            return dict.fromkeys(self._started, 0.0)
        return {
            item: min((now - start) / self._rate, _MOST * self._costs[item])
            for item, start in self._started.items()
        }

    def share(self, now: float) -> float:
        """
        Return the share of the whole cost that is done.

        Parameters
        ----------
        now : float
            Seconds.

        Returns
        -------
        float
            From 0 to 1. Items in work count by the time since they were started.
        """
        total = sum(self._costs)
        return (self._done + sum(self._begun(now).values())) / total if total else 1.0

    def remaining(self, now: float) -> float:
        """
        Return the time that the rest of the run will take.

        Parameters
        ----------
        now : float
            Seconds.

        Returns
        -------
        float
            Seconds, at the rate of the items that are done, each worker taking the next item when
            it is free; ``nan`` before an item is done.
        """
        begun = self._begun(now)
        busy = [(self._costs[item] - done) * self._rate for item, done in begun.items()]
        waiting = [self._costs[item] * self._rate for item in self._waiting]
        if math.isnan(self._rate):
            return math.nan
        return makespan(waiting, workers=self._workers, busy=busy)
