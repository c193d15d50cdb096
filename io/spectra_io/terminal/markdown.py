"""Lay out texts and tables as Markdown, with names of files as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectra_io.terminal.columns import TextTable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Part", "escaped", "markdown"]

Part = str | TextTable
"""Text, or a table."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$@:-])")
_LINK = re.compile(r"(www)\.", re.IGNORECASE)  # becomes a link by itself
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str, /) -> str:
    r"""
    Return text that Markdown and HTML show as it is.

    Parameters
    ----------
    text : str
        Text of one line.

    Returns
    -------
    str
        Text with a backslash before what Markdown reads as markup, and without HTML.

    Examples
    --------
    >>> escaped("a|b <b>")
    'a\\|b &lt;b&gt;'
    """
    plain = _SPECIAL.sub(r"\\\1", text.translate(_HTML))
    return _LINK.sub(r"\1&#46;", plain)


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
        head = "# " if part.startswith("# ") else ""
        lines = part.removeprefix("# ").splitlines()
        return "\n\n".join(f"{head}{escaped(line)}" for line in lines)
    heads = [escaped(column.head) for column in part.columns]
    sides = [":---" if column.left else "---:" for column in part.columns]
    rows = [[escaped(cell) for cell in row] for row in part.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, sides, *rows])
