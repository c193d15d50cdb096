"""
Exceptions of this library, each derived from the matching built-in exception.

::

    SpectraError
    ├── ArgumentError (ValueError)     a wrong argument: the message names the accepted values
    ├── UnknownNameError (KeyError)    unknown layer or variable: the message lists near names
    ├── DeviceError (RuntimeError)     a device, such as a GPU, lacks memory or fails
    └── ModelError (OSError)           a file cannot be used
        ├── ModelNotFoundError (FileNotFoundError)   the model or a part of it does not exist
        └── ModelFormatError (ValueError)            a file is not in a supported format

Unusable data raise no exception: a layer that cannot be analysed gets a row with a status, and a
measure that fails costs its values, with a :class:`SpectraWarning` at the end.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ArgumentError",
    "DeviceError",
    "ModelError",
    "ModelFormatError",
    "ModelNotFoundError",
    "SpectraError",
    "SpectraWarning",
    "StoreWarning",
    "UnknownNameError",
    "counted",
    "one_line",
    "unknown_name",
]


def one_line(text: object) -> str:
    r"""
    Return text as a single line, with control characters escaped.

    Parameters
    ----------
    text : object
        Object to convert with ``str``; the text may come from a file.

    Returns
    -------
    str
        The text on one line.

    Examples
    --------
    >>> one_line("two\nlines \x1b[31mred")
    'two lines \\x1b[31mred'
    """
    if (given := str(text)).isprintable():
        return given.strip(" ")
    words = re.sub(r"[^\S ]+", " ", given).strip()
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)


def counted(number: int, noun: str, /) -> str:
    """
    Return a number with its noun, in the singular for one.

    Parameters
    ----------
    number : int
        How many there are.
    noun : str
        Word for one of them, with a regular plural.

    Returns
    -------
    str
        The phrase.

    Examples
    --------
    >>> counted(1, "tensor"), counted(2, "tensor")
    ('1 tensor', '2 tensors')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


_LONGEST = 400  # characters of a word in a message; a name from a file may have millions
_MOST = 2000  # characters of a message
_START = 0.7  # share of them that is before what is left out


def _shortened(text: str, most: int) -> str:
    """Return a text of at most about so many characters, its middle left out."""
    if len(text) <= most:
        return text
    start = int(most * _START)
    return f"{text[:start]}...{text[start - most :]}"


class SpectraError(Exception):
    """Base class of the exceptions of this library; the message is one readable line."""

    def __str__(self) -> str:
        """Return the message as one line, control characters escaped and long names shortened."""
        text = one_line(self.args[0]) if self.args else ""
        if len(text) <= _LONGEST:
            return text
        return _shortened(" ".join(_shortened(word, _LONGEST) for word in text.split(" ")), _MOST)


class SpectraWarning(UserWarning):
    """
    Results lack values; the message names the measure, the layers and the reason.

    Examples
    --------
    >>> issubclass(SpectraWarning, UserWarning)
    True
    """


class StoreWarning(SpectraWarning):
    """
    Results are complete, but a store lacks some of them, or had damaged ones.

    Examples
    --------
    >>> issubclass(StoreWarning, SpectraWarning)
    True
    """


class ArgumentError(SpectraError, ValueError):
    """An argument has a wrong type, shape or value."""


class UnknownNameError(SpectraError, KeyError):
    """A name does not exist; the message lists the nearest existing names."""


class DeviceError(SpectraError, RuntimeError):
    """A device, such as a GPU, has too little memory or fails; the message names it."""


def unknown_name(name: str, known: Iterable[str], /, *, what: str) -> UnknownNameError:
    """
    Return the error for a name that does not exist.

    Parameters
    ----------
    name : str
        The requested name.
    known : iterable of str
        The existing names; the message lists the nearest of them.
    what : str
        Kind of name: ``"layer"``, ``"variable"``.

    Returns
    -------
    UnknownNameError
        The error, for the caller to raise.

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
    """The model, or one of its files, does not exist."""


class ModelFormatError(ModelError, ValueError):
    """A file is not in its stated format, or uses an unsupported feature of the format."""
