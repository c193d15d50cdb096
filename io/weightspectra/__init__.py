"""
Start of the command line: the programs ``spectra`` and ``weightspectra``.

The library is in the packages ``spectra`` and ``spectra_io``.
"""

from __future__ import annotations

import os
import signal  # what else is imported here delays the answer to Ctrl-C
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

__all__ = ["main"]

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_STOPPED = {128 + number for number in _WORDS}  # exit codes
_USUAL = (signal.default_int_handler, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End the process at once: while packages are imported, there is nothing to finish."""
    os.write(2, f"spectra: {_WORDS[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)


def _imported() -> Callable[[], None]:
    """Import the command line; Ctrl-C and SIGTERM, unless ignored, end the process in one line."""
    before = {number: signal.getsignal(number) for number in _WORDS}
    changed = []
    try:
        for number in (number for number, handler in before.items() if handler in _USUAL):
            signal.signal(number, _stop)
            changed.append(number)
    except ValueError:  # not in the main thread, which alone gets signals
        pass
    try:
        from spectra_io.commands.main import main as run
    finally:
        for number in changed:
            signal.signal(number, before[number])
    return run


def main() -> None:
    """
    Run the command line, or say in one line that another package is called ``spectra``.

    Raises
    ------
    SystemExit
        Always, with the exit code.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.object(sys, "argv", ["spectra", "describe", "nowhere.onnx"]):
    ...     main()
    Traceback (most recent call last):
        ...
    SystemExit: 1
    """
    try:
        run = _imported()
    except ImportError as error:
        if error.name != "spectra":
            raise
        sys.exit(f"spectra: {error}")
    try:
        run()
    except SystemExit as end:
        if end.code in _STOPPED:  # without waiting for the layers in progress
            os._exit(int(end.code))
        raise
