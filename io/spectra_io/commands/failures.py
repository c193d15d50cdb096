"""Failures: say in one line what went wrong, whatever was raised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spectra.errors import SpectraError
from spectra_io.urls import shown, without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["message", "public"]


def message(error: Exception, /) -> str:
    """
    Say what went wrong.

    Parameters
    ----------
    error : Exception
        Error that ended a command.

    Returns
    -------
    str
        The message for the user.

    Examples
    --------
    >>> message(ZeroDivisionError("division by zero"))
    'a defect, please report it: ZeroDivisionError: division by zero'
    """
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, OSError) and not isinstance(error, SpectraError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    if isinstance(error, OSError | SpectraError):
        return str(error)
    return f"a defect, please report it: {type(error).__name__}: {error}"


def public(text: str, arguments: Iterable[str], /) -> str:
    """
    Take the secrets out of the URLs in a message.

    Parameters
    ----------
    text : str
        Message, which may quote arguments.
    arguments : iterable of str
        Arguments of the command line.

    Returns
    -------
    str
        The message; URLs among the arguments, and others, without their secrets.

    Examples
    --------
    >>> public("no https://me:a secret@example.org/a", ["https://me:a secret@example.org/a"])
    'no https://example.org/a'
    """
    for argument in arguments:
        if shown(argument) != argument:
            for quoted in (argument, repr(argument)[1:-1], str(Path(argument))):
                text = text.replace(quoted, shown(argument))
    return without_secrets(text)
