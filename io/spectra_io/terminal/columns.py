"""Columns of text tables: heads and digits from the variables, layout, and legends."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import unknown_name
from spectra.results.variables import VARIABLES
from spectra_io.terminal.logs import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LAST_RESORT", "Column", "TextTable", "column", "laid_out", "legend"]

_PADDED = 120  # largest padded width: longer entries are not cut, and do not widen their column

LAST_RESORT = 99
"""Order of columns that a screen drops only if they do not fit beside the narrowest names."""


class Column(NamedTuple):
    """
    Column of a text table.

    Examples
    --------
    >>> Column("tail", "num_tail", digits=0).left
    False
    """

    head: str
    """Text above the column."""
    name: str
    """Name of the variable in the column."""
    digits: int | None = None
    """Digits after the decimal point of a number."""
    left: bool = False
    """Whether the column holds words, which are aligned to the left."""
    expendable: int = 0
    """Order in which a narrow screen drops columns: 1 first, :data:`LAST_RESORT` last, 0 never."""
    optional: bool = False
    """Whether the column is left out if it is empty in every row."""


class TextTable(NamedTuple):
    """
    Text table: columns, and rows of text.

    Examples
    --------
    >>> columns = (Column("layer", "layer", left=True), Column("N", "N"))
    >>> list(TextTable(columns, [["fc", "3"]]).lines())
    ['layer  N', 'fc     3']
    """

    columns: tuple[Column, ...]
    """Columns of the table, from left to right."""
    rows: list[list[str]]
    """Text of the rows, one entry per column."""

    def widths(self) -> list[int]:
        """
        Return the width of each column.

        Returns
        -------
        list of int
            Number of characters of the longest entry or head of each column.
        """
        heads = [column.head for column in self.columns]
        return [max(map(len, entries)) for entries in zip(heads, *self.rows, strict=True)]

    def lines(self) -> Iterator[str]:
        """
        Lay out the table as plain text, one line per row.

        Yields
        ------
        str
            Line of the heads, then a line per row, in aligned columns.
        """
        widths = [min(width, _PADDED) for width in self.widths()]
        for row in [[column.head for column in self.columns], *self.rows]:
            cells = (
                text.ljust(width) if column.left else text.rjust(width)
                for text, width, column in zip(row, widths, self.columns, strict=True)
            )
            yield "  ".join(cells).rstrip()


def column(name: str, /, *, expendable: int = 0, optional: bool = False) -> Column:
    """
    Make the column of a variable, with the head and digits of its declaration.

    Parameters
    ----------
    name : str
        Name of the variable.
    expendable : int, default: 0
        Order in which a narrow screen drops columns: 1 first, 0 never.
    optional : bool, default: False
        Whether the column is left out if it is empty in every row.

    Returns
    -------
    Column
        Column of the variable, aligned to the left if it holds words.

    Raises
    ------
    UnknownNameError
        If there is no such variable.

    Examples
    --------
    >>> column("num_tail").head
    'tail'
    """
    if name not in VARIABLES:
        raise unknown_name(name, VARIABLES, what="variable")
    variable = VARIABLES[name]
    words = variable.kind in {"str", "flag"}
    return Column(variable.head or name, name, variable.digits, words, expendable, optional)


def legend(columns: Sequence[Column], /) -> str:
    """
    Explain the columns of a table, from the declarations of their variables.

    Parameters
    ----------
    columns : sequence of Column
        Columns to explain; a column without a variable is skipped.

    Returns
    -------
    str
        One paragraph per column, its head first.

    Examples
    --------
    >>> print(legend([column("N"), column("support_p")]))
    N       longer side of one matrix
    tail p  share of true power laws that fit no better; small: not a power law
    """
    known = [(c.head, VARIABLES[c.name]) for c in columns if c.name in VARIABLES]
    width = max((len(head) for head, _ in known), default=0) + 2
    indent = " " * width
    lines = [
        textwrap.fill(head.ljust(width) + (v.help or v.long_name), 78, subsequent_indent=indent)
        for head, v in known
    ]
    return "\n".join(lines)


def _text(value: Any, digits: int | None) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "-"
    if isinstance(value, float) and digits is None:
        return _plain(value)
    as_is = digits is None or isinstance(value, str)
    return harmless(value if as_is else f"{value:z.{digits}f}") or "-"


def _plain(value: float) -> str:
    """Return a number whose digits are not declared: four of them, and all before the point."""
    return f"{value:z.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.4g}"


def laid_out(columns: Sequence[Column], rows: Sequence[dict[str, Any]], /) -> TextTable:
    """
    Convert rows of values to a text table.

    Parameters
    ----------
    columns : sequence of Column
        Columns to show.
    rows : sequence of dict
        Values by the names of the columns.

    Returns
    -------
    TextTable
        Table with a dash for each missing value, without the optional columns that are empty in
        every row.

    Examples
    --------
    >>> laid_out([Column("a", "a", 1), Column("b", "b", optional=True)], [{"a": 1.0, "b": ""}]).rows
    [['1.0']]
    """
    texts = [[_text(row[c.name], c.digits) for c in columns] for row in rows]
    return _without_empty_columns(TextTable(tuple(columns), texts))


def _without_empty_columns(sheet: TextTable) -> TextTable:
    """Return a table without the optional columns that are empty in every row."""
    said = zip(*sheet.rows, strict=True) if sheet.rows else [("-",)] * len(sheet.columns)
    kept = [
        i
        for i, (column, words) in enumerate(zip(sheet.columns, said, strict=True))
        if not column.optional or set(words) != {"-"}
    ]
    rows = [[row[i] for i in kept] for row in sheet.rows]
    return TextTable(tuple(sheet.columns[i] for i in kept), rows)
