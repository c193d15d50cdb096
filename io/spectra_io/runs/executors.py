"""Execute a function on all layers in parallel, with progress, within a budget of memory."""

from __future__ import annotations

import math
import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra import costs
from spectra._executing import Lost
from spectra.models.layers import Layer
from spectra_io.runs import progress
from spectra_io.runs.admission import Admission
from spectra_io.runs.blas import one_thread
from spectra_io.runs.forecasts import Forecast
from spectra_io.runs.threads import Threads
from spectra_io.terminal import screen
from spectra_io.terminal.quantities import memory as in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from spectra_io.runs.events import Event, Pool, PoolMaker

__all__ = ["WithProgress", "cores"]

_TICK = 0.1  # seconds between two looks at the wish to stop
_VIEW = 0.4  # seconds between two looks at the progress
_NAMED = 3  # layers that are named if they need too much memory


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


class WithProgress:
    """
    Executor of a pool of workers, with the progress on stderr.

    Each worker takes one layer, with one thread of linear algebra: for matrices of common sizes
    several threads per matrix are often slower, and much slower on a busy machine. The layers of
    the largest cost are taken first, so that no worker is busy with a large one alone at the end;
    other items are taken in their order. The progress is the share of the cost that is done. A
    layer whose worker dies is tried once more, alone; after that it is lost, and has a reason.

    Parameters
    ----------
    pool : callable, default: Threads
        Class of the pool: :class:`~spectra_io.runs.threads.Threads`,
        :class:`~spectra_io.runs.processes.Processes`, or another one like these.
    workers : int, optional
        Number of layers in work at a time; by default one per core.
    cost : callable, optional
        Function of a layer that returns its cost, in any unit; by default
        :func:`spectra.costs.seconds` for the default measures.
    need : callable, optional
        Function of a layer that returns the bytes that it takes; by default
        :func:`spectra.costs.memory` for the default measures.
    budget : float, default: infinity
        Bytes that the layers in work may take together. A layer that needs more is not begun;
        stderr says so before the work, and the reason is part of the result.
    stops : callable, optional
        Function that returns a context manager, which gives a function that says whether to stop.
        It is asked ten times a second. A run that is stopped leaves out the items that are not
        done, and does not wait for those in work.
    is_taken : callable, optional
        Function of a result that says whether it was there before, as
        :func:`spectra.stored.is_taken` does. Such items do not count in progress and forecast.

    Attributes
    ----------
    num_taken : int
        Number of such items in the last run.

    Examples
    --------
    >>> sorted(WithProgress().map(abs, [-1, 2]))
    [1, 2]
    >>> list(WithProgress(stops=lambda: nullcontext(lambda: True)).map(time.sleep, [9]))
    []
    """

    def __init__(
        self,
        pool: PoolMaker = Threads,
        *,
        workers: int | None = None,
        cost: Callable[[Layer], float] = costs.seconds,
        need: Callable[[Layer], float] = costs.memory,
        budget: float = math.inf,
        stops: Callable[[], AbstractContextManager[Callable[[], object]]] | None = None,
        is_taken: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._pool, self._workers = pool, workers
        self._cost, self._need, self._budget = cost, need, budget
        self._is_taken = is_taken
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
            Results, in the order in which they come.
        """
        every = list(items)
        are_layers = all(isinstance(item, Layer) for item in every)
        if are_layers:
            yield from self._refused([x for x in every if self._need(x) > self._budget])
            fitting = (x for x in every if self._need(x) <= self._budget)
            every = sorted(fitting, key=lambda x: -self._cost(x))
        names = [_shown(x) for x in every] if are_layers else [f"item {x}" for x in every]
        sizes = [self._cost(item) if are_layers else 1.0 for item in every]
        workers = max(1, min(self._workers or cores(), len(every)))
        needs = [self._need(item) if are_layers else 0 for item in every]
        queue = Admission(needs, workers=workers, budget=self._budget)
        forecast = Forecast(sizes, workers)
        noun = "layers" if are_layers else "items"
        with (
            self._stops() as stop,
            one_thread(),
            progress.shown(names, noun=noun) as view,
        ):
            pool = self._pool(function, workers)
            try:
                run = _Run(every, queue, forecast, self._is_taken)
                yield from _results(pool, run, view, stop)
            finally:
                self.num_taken = forecast.num_left_out
                pool.close()

    def _refused(self, layers: Sequence[Layer]) -> Iterator[Lost]:
        """Say which layers take more memory than there is, and yield them as lost."""
        for number, layer in enumerate(layers):
            need, most = (in_words(each) for each in (self._need(layer), self._budget))
            reason = f"needs about {need} of memory, more than the {most} for layers"
            if number < _NAMED:
                screen.note(f"not begun: {_shown(layer)}: {reason} (--memory)", fold=True)
            yield Lost(layer.name, reason)
        if len(layers) > _NAMED:
            screen.note(f"not begun: {len(layers) - _NAMED} other layers, for the same reason")


def _shown(layer: Layer) -> str:
    many = f"{layer.rf} x " if layer.rf > 1 else ""
    return f"{layer.name} ({many}{layer.N} x {layer.M})"


class _Run(NamedTuple):
    """A run: its items, which of them may start, and how much of the work is done."""

    items: Sequence[Any]
    queue: Admission
    forecast: Forecast
    is_taken: Callable[[Any], bool]

    def begin(self, place: int, now: float) -> Any:
        """Note that the work on an item begins, and return the item."""
        self.forecast.start(place, now)
        return self.items[place]

    def put_back(self, place: int) -> None:
        """Note that an item has to be begun once more."""
        self.queue.put_back(place)
        self.forecast.put_back(place)

    def end(self, event: Event, now: float) -> Any:
        """Return the result of an item that is done; raise its error."""
        self.queue.leave(event.place)
        result = _result(event, self.items[event.place])
        if self.is_taken(result):
            self.forecast.leave_out(event.place)
        else:
            self.forecast.finish(event.place, now)
        return result


def _results(
    pool: Pool, run: _Run, view: progress.View, stop: Callable[[], object]
) -> Iterator[Any]:
    """Pass on the results as they come, until all are there or it is time."""
    start = seen = time.monotonic()
    died: set[int] = set()
    while run.queue:
        while not stop() and (place := run.queue.take()) is not None:
            pool.start(place, run.begin(place, time.monotonic() - start))
        event = pool.event(0.0 if stop() else _TICK)
        now = time.monotonic()
        if event is None and stop():
            return
        if event is not None and event.death and event.place not in died and not event.is_final:
            died.add(event.place)
            run.put_back(event.place)
        elif event is not None:
            yield run.end(event, now - start)
        if now - seen >= _VIEW:
            seen = now
            view(run.forecast, now - start)


def _result(event: Event, item: Any) -> Any:
    """Return the result of an item; raise its error."""
    if event.error is not None:
        raise event.error
    if event.death:
        name = item.name if isinstance(item, Layer) else None
        return Lost(name, f"the worker process died ({event.death}), also when alone")
    return event.result
