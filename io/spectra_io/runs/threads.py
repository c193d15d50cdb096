"""Threads that work on layers, and that nobody waits for."""

from __future__ import annotations

import threading
from queue import Empty, Queue, SimpleQueue
from typing import TYPE_CHECKING, Any

from spectra_io.runs.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Threads"]


class Threads:
    """
    Pool of threads in this process.

    A thread in a routine of linear algebra cannot be stopped: it is a daemon, which ends with the
    process, and takes no other item once the pool is closed.

    Parameters
    ----------
    function : callable
        Function of one item.
    workers : int
        Number of threads.

    Examples
    --------
    >>> pool = Threads(abs, 1)
    >>> pool.start(0, -3)
    >>> pool.event(9.0).result
    3
    >>> pool.close()
    """

    def __init__(self, function: Callable[[Any], Any], workers: int, /) -> None:
        self._function, self._workers = function, workers
        self._inbox: SimpleQueue[tuple[int, Any] | None] = SimpleQueue()
        self._events: Queue[Event] = Queue()  # a signal can hang SimpleQueue.get(timeout=...)
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while (task := self._inbox.get()) is not None:
            place, item = task
            try:
                event = Event(place, self._function(item))
            except BaseException as error:  # raised where the results are wanted
                event = Event(place, error=error)
            self._events.put(event)

    def start(self, place: int, item: Any) -> None:
        """
        Give an item to a free thread.

        Parameters
        ----------
        place : int
            Place of the item.
        item : object
            Item to apply the function to.
        """
        self._inbox.put((place, item))

    def event(self, timeout: float) -> Event | None:
        """
        Return the next event.

        Parameters
        ----------
        timeout : float
            Seconds to wait for it.

        Returns
        -------
        Event or None
            The event, None if there is none in this time.
        """
        try:
            return self._events.get(timeout=timeout) if timeout else self._events.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Take no other item, and wait for none in work."""
        for _ in range(self._workers):
            self._inbox.put(None)
