"""Processes that work on layers, each of which can die without harm to the others."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Final

from spectra_io.runs.blas import one_thread
from spectra_io.runs.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

__all__ = ["Processes", "prepare"]

_FORKSERVER: Final = "forkserver"  # of a process that has no threads; not on every system
_NEEDED = [__name__, "spectra.analysis", "scipy.linalg", "scipy.special", "scipy.optimize"]
_PATIENCE = 2.0  # seconds to wait for a process that was killed


def prepare() -> None:
    """
    Begin to import, in another process, what the workers need; wait for nothing.

    Examples
    --------
    >>> prepare()
    """
    if _FORKSERVER in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        multiprocessing.get_context(_FORKSERVER).set_forkserver_preload(_NEEDED)
        with one_thread():
            forkserver.ensure_running()


def _serve(connection: Connection, packed: bytes) -> None:
    """Apply a function to the items that come, until no more can come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the main process sees it too
    with one_thread(), connection:
        function = None
        while True:
            try:
                item = connection.recv_bytes()
            except EOFError:  # the main process has closed its end, or has died
                return
            try:
                function = function or pickle.loads(packed)
                answer = pickle.dumps((function(pickle.loads(item)), None))
            except BaseException as error:  # raised where the results are wanted
                answer = _packed(error)
            connection.send_bytes(answer)


def _packed(error: BaseException) -> bytes:
    """Return an answer with an error, or with its words if it cannot be sent."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


def _process_class() -> type[BaseProcess]:
    """Return a class of processes that inherit nothing of this one, which has threads."""
    if _FORKSERVER in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context(_FORKSERVER).Process
    return multiprocessing.get_context("spawn").Process


class _Worker:
    """A process, and our end of the connection to it."""

    def __init__(self, packed: bytes) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        self.process = _process_class()(target=_serve, args=(theirs, packed), daemon=True)
        self.process.start()
        theirs.close()

    def death(self) -> str:
        """Return how the process ended, in words."""
        self.end()
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        name = signal.Signals(-code).name
        return f"killed by {name}{'; out of memory?' if name == 'SIGKILL' else ''}"

    def end(self) -> None:
        """End the process, if it has not ended."""
        self.connection.close()
        self.process.join(0 if self.process.exitcode is not None else _PATIENCE / 10)
        self.process.kill()
        self.process.join(_PATIENCE)


class Processes:
    """
    Pool of processes, started without what this process holds.

    Function, items and results are pickled. A process that dies costs the item that it works on,
    and is replaced. All are ended when the pool is closed, and end by themselves after this
    process.

    Parameters
    ----------
    function : callable
        Function of one item, of a module.
    workers : int
        Number of processes, which are started when they are needed.

    Examples
    --------
    >>> pool = Processes(abs, 1)
    >>> pool.start(0, -3)
    >>> pool.event(99.0).result
    3
    >>> pool.close()
    """

    def __init__(self, function: Callable[[Any], Any], workers: int, /) -> None:
        self._packed = pickle.dumps(function)
        self._idle: list[_Worker] = []
        self._busy: dict[Any, tuple[_Worker, int]] = {}
        self._workers = workers
        prepare()

    def start(self, place: int, item: Any) -> None:
        """
        Give an item to a free process, or to a new one.

        Parameters
        ----------
        place : int
            Place of the item.
        item : object
            Item to apply the function to.
        """
        packed = pickle.dumps(item)
        worker = self._idle.pop() if self._idle else _Worker(self._packed)
        self._busy[worker.connection] = worker, place
        try:
            worker.connection.send_bytes(packed)
        except OSError:  # died since; the next event says so
            return

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
        ready = wait([*self._busy], timeout)
        if not ready:
            return None
        worker, place = self._busy.pop(ready[0])
        try:
            result, error = pickle.loads(worker.connection.recv_bytes())
        except (EOFError, OSError):
            return Event(place, death=worker.death())
        self._idle.append(worker)
        return Event(place, result, error)

    def close(self) -> None:
        """End all processes."""
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.process.kill()
            worker.end()
        self._idle.clear()
        self._busy.clear()
