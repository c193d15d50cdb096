"""Events of workers: an item is done, has failed, or was lost with its worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Event", "Pool", "PoolMaker"]


class Event(NamedTuple):
    """
    End of the work on an item: its result, its error, or the death of its worker.

    Examples
    --------
    >>> Event(2, result=5.0).death
    ''
    """

    place: int
    """Place of the item, as it was given to the pool."""
    result: Any = None
    error: BaseException | None = None
    death: str = ""
    """Reason for which the worker ended; empty if it did not."""
    is_final: bool = False
    """Whether the item was tried again already."""


class Pool(Protocol):
    """
    Workers that take items and report their ends.

    Examples
    --------
    >>> from spectra_io.runs.threads import Threads
    >>> pool: Pool = Threads(abs, 1)
    >>> pool.close()
    """

    def start(self, place: int, item: Any) -> None:
        """Give an item to a free worker."""
        ...

    def event(self, timeout: float) -> Event | None:
        """Return the next event, None if there is none within some seconds."""
        ...

    def close(self) -> None:
        """Take no other item, and wait for none in work."""
        ...


class PoolMaker(Protocol):
    """
    Class of a pool, or a function that makes one.

    Examples
    --------
    >>> from spectra_io.runs.threads import Threads
    >>> make: PoolMaker = Threads
    """

    def __call__(self, function: Callable[[Any], Any], workers: int, /) -> Pool:
        """Return a pool of a number of workers, which apply a function."""
        ...
