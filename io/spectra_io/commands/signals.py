"""Signals: end the program in one line, with its exit code, when it is told to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["INTERRUPTED", "TERMINATED", "Terminated", "stoppable"]

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
