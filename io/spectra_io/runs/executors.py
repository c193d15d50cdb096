"""Execute a function on all layers in parallel, with a progress bar on a terminal."""

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
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Console(Console):
    """A console that falls silent when nobody reads it any more, and ends nothing."""

    def on_broken_pipe(self) -> None:
        """Write nothing from now on."""
        self.quiet = True


def _watched(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Pass results on, and show their number on a terminal."""
    console = _Console(stderr=True)
    if not console.is_terminal:
        yield from results
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(results, total=total)


class ThreadsWithProgress:
    """
    Executor of one thread per core, with a progress bar on a terminal.

    Each core takes one layer, with one thread of linear algebra: for matrices of common sizes
    several threads per matrix are often slower, and much slower on a busy machine.

    Examples
    --------
    >>> list(ThreadsWithProgress().map(abs, [-1, 2]))
    [1, 2]
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterator[Any]:
        """
        Apply a function to all items in parallel.

        Parameters
        ----------
        function : callable
            Function of one item.
        items : iterable
            Items to apply the function to.

        Yields
        ------
        object
            Result for each item, in the order of the items.
        """
        work = list(items)
        pool = ThreadPoolExecutor(_cores())
        with threadpool_limits(1, "blas"):
            try:
                yield from _watched(pool.map(function, work), len(work))
            finally:  # an interrupt does not wait for the layers in progress
                pool.shutdown(wait=False, cancel_futures=True)
