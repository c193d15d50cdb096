"""Workers of a Dask cluster, which read the numbers themselves and send back results."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

from spectra.errors import ArgumentError, one_line
from spectra_io.runs.blas import pin
from spectra_io.runs.events import Event
from spectra_io.terminal import screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra_io.runs.events import PoolMaker

__all__ = ["Cluster", "connected"]

_PATIENCE = 10  # seconds to wait for a scheduler
_AHEAD = 2  # layers that a worker has at a time, so that it does not wait for the next one


@dataclass(frozen=True)
class _Pinned:
    """Function that works with one thread of linear algebra, wherever it is."""

    function: Callable[[Any], Any]

    def __call__(self, item: Any) -> Any:
        pin()
        return self.function(item)


class Cluster:
    """
    Pool of the workers of a Dask cluster.

    A layer whose worker dies is tried again by Dask, three times unless it is configured otherwise.

    Parameters
    ----------
    function : callable
        Function of one item, of a module.
    workers : int
        Number of workers, which the cluster knows better.
    client : distributed.Client
        Client of the cluster.

    Examples
    --------
    >>> Cluster(abs, 1, client=None)
    Traceback (most recent call last):
        ...
    AttributeError: 'NoneType' object has no attribute 'get_executor'
    """

    def __init__(self, function: Callable[[Any], Any], workers: int, /, *, client: Any) -> None:
        self._executor = client.get_executor(pure=False)
        self._function = _Pinned(function)
        self._events: Queue[Event] = Queue()  # a signal can hang SimpleQueue.get(timeout=...)

    def start(self, place: int, item: Any) -> None:
        """
        Send an item to the scheduler.

        Parameters
        ----------
        place : int
            Place of the item.
        item : object
            Item to apply the function to.
        """
        future = self._executor.submit(self._function, item)
        future.add_done_callback(lambda done: self._events.put(_ended(place, done)))

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
        """Take back the items that are not done."""
        self._executor.shutdown(wait=False)


def _ended(place: int, future: Any) -> Event:
    """Return the event of a future that is done."""
    error = None if future.cancelled() else future.exception()
    if future.cancelled():
        return Event(place, death="the cluster took it back", is_final=True)
    if type(error).__name__ == "KilledWorker":
        return Event(place, death=one_line(error), is_final=True)
    return Event(place, error=error) if error else Event(place, future.result())


@contextmanager
def connected(address: str, /) -> Iterator[tuple[PoolMaker, int]]:
    """
    Connect to the scheduler of a Dask cluster.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://host:8786``.

    Yields
    ------
    pool : callable
        Function that makes a pool of the workers of the cluster.
    workers : int
        Number of layers to be with the cluster at a time.

    Raises
    ------
    ArgumentError
        If the package is missing, no scheduler answers, or it has no workers.

    Examples
    --------
    >>> with connected("nonsense://host"):
    ...     pass
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: ...
    """
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError as error:
        msg = "a cluster needs the package distributed: pip install 'weightspectra[distributed]'"
        raise ArgumentError(msg) from error
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            client: Any = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        msg = (
            f"no Dask scheduler answers at {address!r}, such as tcp://host:8786: {one_line(error)}"
        )
        raise ArgumentError(msg) from error
    for warning in caught:
        if issubclass(warning.category, VersionMismatchWarning):
            screen.note(f"cluster: {warning.message}")
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            msg = f"the Dask scheduler at {address!r} has no workers; start some with: dask worker"
            raise ArgumentError(msg)
        logger = logging.getLogger("distributed")
        logger.setLevel(logging.CRITICAL)  # what is lost has a reason in the results
        yield partial(Cluster, client=client), _AHEAD * threads
