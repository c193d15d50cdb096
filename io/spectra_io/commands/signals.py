"""Signals: end the program in one line, with its exit code, when it is told to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["INTERRUPTED", "TERMINATED", "Stop", "Terminated", "deferred", "stoppable"]

INTERRUPTED = 130
"""Exit code after Ctrl-C (SIGINT)."""

TERMINATED = 143
"""Exit code after SIGTERM."""


class Terminated(BaseException):
    """
    The program was told to stop by SIGTERM; passes every handler of errors.

    Examples
    --------
    >>> issubclass(Terminated, Exception)
    False
    """


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


@contextmanager
def stoppable() -> Iterator[None]:
    """
    Raise :class:`Terminated` on SIGTERM within the block.

    A signal that is ignored, or that the program which calls this one handles, stays as it is.

    Yields
    ------
    None
        Nothing; the block is run.

    Examples
    --------
    >>> with stoppable():
    ...     pass
    """
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Stop:
    """
    The wish to stop: exit code of the signal that came, 0 before one has come.

    Examples
    --------
    >>> Stop()()
    0
    """

    def __init__(self) -> None:
        self.code = 0

    def __call__(self) -> int:
        """Return the exit code of the signal, 0 before one has come."""
        return self.code


@contextmanager
def deferred(stop: Stop, /) -> Iterator[Stop]:
    """
    Note the first Ctrl-C or SIGTERM within the block, in place of raising an exception.

    The second one raises :class:`KeyboardInterrupt` or :class:`Terminated`, as outside of the
    block. A signal that another program handles, or that is ignored, stays as it is.

    Parameters
    ----------
    stop : Stop
        Object that takes the exit code of the signal.

    Yields
    ------
    Stop
        The same object.

    Examples
    --------
    >>> with deferred(Stop()) as stop:
    ...     stop()
    0
    """
    mine = threading.current_thread() is threading.main_thread()
    ours = (signal.default_int_handler, _terminate)
    before = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM)
        if mine and (handler := signal.getsignal(number)) in ours
    }

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        stop.code = 128 + number
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        restore()
