"""Write text that the log of a build shows, and that its runner does not obey."""

from __future__ import annotations

import re

from spectra.errors import one_line

__all__ = ["foldable", "harmless", "unobeyed"]

_FIRST = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


def unobeyed(text: str, /) -> str:
    r"""
    Return text of which no part is a command to the runner of a build.

    Parameters
    ----------
    text : str
        Text of one or more lines.

    Returns
    -------
    str
        The text with ``##`` as ``#\x23`` and, at the start of a line, ``::`` as ``\x3a:``.

    Notes
    -----
    Azure Pipelines, TeamCity and GitHub obey commands that begin with ``##``, some of them anywhere
    in a line; GitHub also those that begin with ``::`` after spaces. An escape of Python keeps the
    name readable and unique.

    Examples
    --------
    >>> print(unobeyed("::error::x\n  ::y a::b ##[z]"))
    \x3a:error::x
      \x3a:y a::b #\x23[z]
    """
    return _FIRST.sub(r"\1\\x3a", text.replace("##", "#\\x23"))


def harmless(text: object, /) -> str:
    r"""
    Return text as one line, of which no part is a command to the runner of a build.

    Parameters
    ----------
    text : object
        Text that may come from a file.

    Returns
    -------
    str
        One line without control characters, :func:`unobeyed`.

    Examples
    --------
    >>> harmless("##[warning]two\nlines"), harmless(" ::error::x")
    ('#\\x23[warning]two lines', '\\x3a:error::x')
    """
    return unobeyed(one_line(text))


def foldable(text: str, width: int, /) -> str:
    r"""
    Return text that is not obeyed wherever it is folded.

    Parameters
    ----------
    text : str
        Text of one or more lines.
    width : int
        Number of characters of a line, from which it is folded.

    Returns
    -------
    str
        The text :func:`unobeyed`; in lines that are longer than `width` no ``::`` is left, because
        the next line may begin with it.

    Examples
    --------
    >>> foldable("a::b", 10), foldable("a long name::b", 10)
    ('a::b', 'a long name:\\x3ab')
    """
    lines = unobeyed(text).split("\n")
    return "\n".join(x if len(x) <= width else x.replace("::", ":\\x3a") for x in lines)
