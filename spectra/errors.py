"""
What can go wrong, as exceptions that are also the built-in a caller expects.

::

    SpectraError
    ├── ArgumentError (ValueError)     a wrong argument: the message says what it takes
    ├── UnknownNameError (KeyError)    no such layer or variable: the nearest names are given
    └── ModelError (OSError)           a file cannot be used
        ├── ModelNotFoundError (FileNotFoundError)   nothing there, or a part is missing
        └── ModelFormatError (ValueError)            there, but not what it should be

Data never raise: a layer that cannot be analysed is a row with a status.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ArgumentError",
    "ModelError",
    "ModelFormatError",
    "ModelNotFoundError",
    "SpectraError",
    "UnknownNameError",
    "one_line",
    "unknown_name",
]


def one_line(text: object) -> str:
    r"""
    Return text fit for one line of a terminal, control characters made visible.

    Parameters
    ----------
    text : object
        Anything with a string; a file may have chosen it.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> one_line("two\nlines \x1b[31mred")
    'two lines \\x1b[31mred'
    """
    words = re.sub(r"[^\S ]+", " ", str(text)).strip()
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)


class SpectraError(Exception):
    """Any error this library raises on purpose; ``str`` of it is one line for a person."""

    def __str__(self) -> str:
        """Return the message as one line, whatever a file has put in it."""
        return one_line(self.args[0]) if self.args else ""


class ArgumentError(SpectraError, ValueError):
    """An argument is not what the function takes."""


class UnknownNameError(SpectraError, KeyError):
    """A name that is not there; the message has the nearest that are."""


def unknown_name(name: str, known: Iterable[str], /, *, what: str) -> UnknownNameError:
    """
    Return the error for a name that is not there.

    Parameters
    ----------
    name : str
        The name asked for.
    known : iterable of str
        The names that exist; the nearest are put in the message.
    what : str
        What was looked for: ``"layer"``, ``"variable"``.

    Returns
    -------
    UnknownNameError
        To be raised.

    Examples
    --------
    >>> str(unknown_name("fc3", ["fc1", "fc2"], what="layer"))
    "no layer 'fc3'; the nearest of 2 are 'fc1', 'fc2'"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names[:3]
    listed = ", ".join(repr(n) for n in sorted(near))
    hint = f"the nearest of {len(names)} are {listed}" if names else "there are none"
    return UnknownNameError(f"no {what} {name!r}; {hint}")


class ModelError(SpectraError, OSError):
    """A model file cannot be used."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """The model, or a file it is made of, does not exist."""


class ModelFormatError(ModelError, ValueError):
    """A file is not in the format it claims, or uses what is not supported."""
