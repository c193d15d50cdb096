"""Execute a function on all layers in parallel, with progress, and an end when it is told to."""

from __future__ import annotations

import os
import threading
import time
from contextlib import nullcontext
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from threadpoolctl import threadpool_limits

from spectra import costs
from spectra.models.layers import Layer
from spectra_io.runs import progress
from spectra_io.runs.forecasts import Forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

__all__ = ["ThreadsWithProgress", "cores"]

_TICK = 0.1  # seconds between two looks at the wish to stop
_VIEW = 0.4  # seconds between two looks at the progress


def cores() -> int:
    """
    Return the number of cores that this process may use.

    Returns
    -------
    int
        Number from 1.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Event(NamedTuple):
    """The beginning, the result or the error of an item."""

    item: int
    time: float
    result: Any = None
    error: BaseException | None = None
    is_end: bool = True


class _Pool:
    """
    Threads that take items in their order, and that nobody waits for.

    A thread in a routine of linear algebra cannot be stopped: it is a daemon, which ends with the
    process, and takes no other item once the pool is closed.
    """

    def __init__(self, function: Callable[..., Any], items: Sequence[Any], workers: int) -> None:
        self.events: SimpleQueue[_Event] = SimpleQueue()
        self._function, self._items = function, items
        self._next, self._lock, self._closed = iter(range(len(items))), threading.Lock(), False
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def close(self) -> None:
        """Take no other item."""
        self._closed = True

    def _work(self) -> None:
        while not self._closed:
            with self._lock:
                item = next(self._next, None)
            if item is None:
                return
            self.events.put(_Event(item, time.monotonic(), is_end=False))
            try:
                result = self._function(self._items[item])
            except BaseException as error:  # raised where the results are wanted
                self.events.put(_Event(item, time.monotonic(), error=error))
                return
            self.events.put(_Event(item, time.monotonic(), result))


class ThreadsWithProgress:
    """
    Executor of one thread per core, with the progress on stderr.

    Each core takes one layer, with one thread of linear algebra: for matrices of common sizes
    several threads per matrix are often slower, and much slower on a busy machine. The layers of
    the largest cost are taken first, so that no core works on a large one alone at the end; other
    items are taken in their order. The progress is the share of the cost that is done.

    Parameters
    ----------
    cost : callable, optional
        Function of a layer that returns its cost, in any unit; by default
        :func:`spectra.costs.seconds` for the default measures.
    stops : callable, optional
        Function that returns a context manager, which gives a function that says whether to stop.
        It is asked ten times a second. A run that is stopped returns None for the items that are
        not done, and does not wait for those in work.
    is_taken : callable, optional
        Function of a result that says whether it was there before, as
        :func:`spectra.stored.is_taken` does. Such items do not count in progress and forecast.

    Attributes
    ----------
    num_taken : int
        Number of such items in the last run.

    Examples
    --------
    >>> list(ThreadsWithProgress().map(abs, [-1, 2]))
    [1, 2]
    >>> list(ThreadsWithProgress(stops=lambda: nullcontext(lambda: True)).map(time.sleep, [9]))
    [None]
    """

    def __init__(
        self,
        *,
        cost: Callable[[Layer], float] = costs.seconds,
        stops: Callable[[], AbstractContextManager[Callable[[], object]]] | None = None,
        is_taken: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._cost, self._is_taken = cost, is_taken
        self.num_taken = 0
        self._stops = stops or (lambda: nullcontext(lambda: False))

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
            Result for each item, in the order of the items; None if the run was stopped before.
        """
        work = list(items)
        are_layers = all(isinstance(item, Layer) for item in work)
        sizes = [self._cost(item) if are_layers else 1.0 for item in work]
        order = sorted(range(len(work)), key=lambda place: -sizes[place])
        names = [_shown(work[i]) if are_layers else f"item {i + 1}" for i in order]
        found: dict[int, Any] = {}
        workers = max(1, min(cores(), len(work)))
        forecast = Forecast([sizes[i] for i in order], workers)
        with (
            self._stops() as stop,
            threadpool_limits(1, "blas"),
            progress.shown(names, noun="layers" if are_layers else "items") as view,
        ):
            pool = _Pool(function, [work[i] for i in order], workers)
            try:
                for place, result in _results(pool, forecast, view, stop, self._is_taken):
                    found[order[place]] = result
            finally:
                self.num_taken = forecast.num_left_out
                pool.close()
        yield from (found.get(i) for i in range(len(work)))


def _shown(layer: Layer) -> str:
    many = f"{layer.rf} x " if layer.rf > 1 else ""
    return f"{layer.name} ({many}{layer.N} x {layer.M})"


def _results(
    pool: _Pool,
    forecast: Forecast,
    view: progress.View,
    stop: Callable[[], object],
    is_taken: Callable[[Any], bool],
) -> Iterator[tuple[int, Any]]:
    """Pass on the results as they come, each with its place, until all are there or it is time."""
    start = seen = time.monotonic()
    while forecast.num_done < forecast.num:
        event = _event(pool, wait=not stop())
        if event is None and stop():
            return
        if event is not None and event.error is not None:
            raise event.error
        if event is not None and event.is_end:
            if is_taken(event.result):
                forecast.leave_out(event.item)
            else:
                forecast.finish(event.item, event.time - start)
            yield event.item, event.result
        elif event is not None:
            forecast.start(event.item, event.time - start)
        if (now := time.monotonic()) - seen >= _VIEW:
            seen = now
            view(forecast, now - start)


def _event(pool: _Pool, *, wait: bool) -> _Event | None:
    try:
        return pool.events.get(timeout=_TICK) if wait else pool.events.get_nowait()
    except Empty:
        return None
