"""Executors: layers in parallel, with progress on a terminal."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["ThreadsWithProgress"]


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _watched(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Show how many results there are, on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from results
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(results, total=total)


class ThreadsWithProgress:
    """
    An executor of one thread per core, which shows the progress on a terminal.

    Each core takes a layer and one thread of linear algebra: on matrices of common sizes several
    threads for one are often slower, much so on a busy machine.

    Examples
    --------
    >>> list(ThreadsWithProgress().map(abs, [-1, 2]))
    [1, 2]
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterator[Any]:
        """
        Apply a function to items.

        Parameters
        ----------
        function : callable
            What to do with each.
        items : iterable
            To what.

        Yields
        ------
        object
            The results, in order.
        """
        work = list(items)
        pool = ThreadPoolExecutor(_cores())
        with threadpool_limits(1, "blas"):
            try:
                yield from _watched(pool.map(function, work), len(work))
            finally:  # an interrupt waits for the layers in work, not for those to come
                pool.shutdown(cancel_futures=True)
