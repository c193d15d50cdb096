"""Write tables to stdout and messages to stderr."""

from __future__ import annotations

import sys
import textwrap
from typing import Literal, NoReturn

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from spectra.errors import one_line
from spectra_io.terminal import streams
from spectra_io.terminal.columns import TextTable
from spectra_io.urls import without_secrets

__all__ = ["note", "show"]

_STYLES = {"broken": "red", "trapped": "red", "like noise": "yellow"}
_FOLDED = 26  # smallest width of a name or a reason on a narrow screen, in characters
_NARROWEST = 40  # width for a terminal that says it has fewer columns, or none


class _Screen(Console):
    """A console that leaves a broken pipe to its caller, instead of ending the program."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise the error on."""
        raise BrokenPipeError


def _screen() -> Console:
    """Return the console of stdout, not too narrow for a table."""
    found = _Screen(highlight=False, markup=False, emoji=False)
    if found.width < _NARROWEST:
        return _Screen(highlight=False, markup=False, emoji=False, width=_NARROWEST)
    return found


def note(text: str, /, *, fold: bool = False) -> None:
    """
    Write a message to stderr, apart from the data.

    Parameters
    ----------
    text : str
        Message, written as one line; URLs in it without their secrets.
    fold : bool, default: False
        Whether a terminal gets lines that end between words and fit its width.

    Examples
    --------
    >>> note("three tensors were left out")
    """
    line = one_line(without_secrets(text))
    if fold and (console := Console(stderr=True)).is_terminal:
        line = textwrap.fill(line, max(_FOLDED, console.width), break_on_hyphens=False)
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it
        streams.discard(sys.stderr)


def _fitted(sheet: TextTable, width: int) -> Group:
    """Lay out a table for a screen, without the columns that do not fit."""
    last = len(sheet.columns) - 1
    widths = [min(w, _FOLDED) if i in {0, last} else w for i, w in enumerate(sheet.widths())]
    kept = list(range(last + 1))
    for i in sorted(kept, key=lambda i: sheet.columns[i].expendable):
        too_wide = sum(widths[k] + 2 for k in kept) - 2 > width
        if too_wide and sheet.columns[i].expendable:
            kept.remove(i)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for i in kept:
        side: Literal["left", "right"] = "left" if sheet.columns[i].left else "right"
        head, fixed = sheet.columns[i].head, i not in {0, last}
        shown.add_column(head, justify=side, overflow="fold", no_wrap=fixed, min_width=widths[i])
    for row in sheet.rows:
        shown.add_row(*(Text(row[i], style=_STYLES.get(row[i], "")) for i in kept))
    hidden = [column.head for i, column in enumerate(sheet.columns) if i not in kept]
    if not hidden:
        return Group(shown)
    less = f"no room for {', '.join(hidden)}: a wider terminal, a pipe or a file has them"
    return Group(shown, Text(less, style="dim"))


def show(shown: TextTable | str, /) -> bool:
    """
    Write a table or a line to stdout: fitted to a terminal, or plain and uncut to a pipe.

    Parameters
    ----------
    shown : TextTable or str
        Table or line of text to write.

    Returns
    -------
    bool
        Whether it was written; False if the reader has closed the pipe.

    Raises
    ------
    OSError
        If it cannot be written for another reason, such as a full disk.

    Examples
    --------
    >>> written = show("3 layers")
    3 layers
    >>> written
    True
    """
    console = _screen()
    try:
        if console.is_terminal:
            wide = console.width
            console.print(_fitted(shown, wide) if isinstance(shown, TextTable) else shown)
        else:
            for line in shown.lines() if isinstance(shown, TextTable) else [shown]:
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe
        streams.discard(sys.stdout)
        return False
    except OSError as error:
        streams.discard(sys.stdout)
        raise OSError(error.errno, error.strerror, "standard output") from error
    return True
