"""Standard streams: open those that are closed, and outlive those that break."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["discard", "prepare", "settle"]


def prepare() -> None:
    """
    Make the standard streams usable, however the program was started.

    A stream that was closed (``>&-``) is opened to nowhere, so that no file of the program takes
    its number and then gets its text. Letters that a stream cannot encode are written as escapes.

    Examples
    --------
    >>> prepare()
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: that one
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard(stream: TextIO, /) -> None:
    """
    Point a stream that cannot be written to nowhere, with all that it still holds.

    Parameters
    ----------
    stream : text stream
        Standard output or standard error.

    Examples
    --------
    >>> import io
    >>> discard(io.StringIO())  # has no file: nothing to do
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def settle() -> None:
    """
    Write out both streams, or drop what cannot be written, before the program ends.

    Without it, Python would report the failure again at the end, and change the exit code.

    Examples
    --------
    >>> settle()
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            discard(stream)
