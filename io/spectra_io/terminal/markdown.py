"""Lay out texts and tables as Markdown, with names of files as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectra.errors import one_line
from spectra_io.terminal.columns import TextTable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Part", "code", "escaped", "markdown"]

Part = str | TextTable
"""Text, or a table."""

_LONGEST = 300  # characters of an entry
_CODE = re.compile(r"[A-Za-z0-9_./\[\]() <>=!{},%:*?-]+")
_SPECIAL = re.compile(
    r"www|:(?! )|(?<![a-z0-9])_|_(?![a-z0-9])|[^a-z0-9 .,()%;:_'-]", re.IGNORECASE
)


def escaped(text: object, /) -> str:
    r"""
    Return text in which nothing is Markdown, HTML or a link.

    Parameters
    ----------
    text : object
        Text that may come from a file, shortened to 300 characters.

    Returns
    -------
    str
        The text with signs as numbers, which Markdown shows as they are and never obeys.

    Examples
    --------
    >>> escaped("a|b <b>*")
    'a&#124;b &#60;b&#62;&#42;'
    """
    line = one_line(text)
    short = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", short)


def code(text: object, /) -> str:
    """
    Return text as code, where its signs allow it, else escaped.

    Parameters
    ----------
    text : object
        Text that may come from a file: the name of a layer, or a rule.

    Returns
    -------
    str
        The text between backticks, if it has neither these nor others that end code in a table.

    Examples
    --------
    >>> code("model.layers.0.mlp"), code("a`b")
    ('`model.layers.0.mlp`', 'a&#96;b')
    """
    line = str(text)
    plain = _CODE.fullmatch(line) and len(line) <= _LONGEST and line.strip() == line
    return f"`{line}`" if plain else escaped(line)


def markdown(parts: Sequence[Part], /) -> str:
    """
    Return texts and tables as Markdown.

    Parameters
    ----------
    parts : sequence of str or TextTable
        Parts of a page; a text that starts with "# " is a heading.

    Returns
    -------
    str
        Markdown, each part apart.

    Examples
    --------
    >>> from spectra_io.terminal.columns import Column
    >>> print(markdown(["1 layer", TextTable((Column("N", "N"),), [["3"]])]))
    1 layer
    <BLANKLINE>
    | N |
    | ---: |
    | 3 |
    <BLANKLINE>
    """
    return "\n".join(_part(part) + "\n" for part in parts)


def _part(part: Part) -> str:
    if isinstance(part, str):
        if part.startswith("# "):
            return f"# {code(part.removeprefix('# '))}"
        return "\n\n".join(map(escaped, part.splitlines()))
    heads = [escaped(column.head) for column in part.columns]
    sides = [":---" if column.left else "---:" for column in part.columns]
    first = code if part.columns[0].left else escaped
    rows = [[first(row[0]), *map(escaped, row[1:])] for row in part.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, sides, *rows])
