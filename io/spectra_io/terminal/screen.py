"""Write tables to stdout and messages to stderr."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Literal, NoReturn

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from spectra_io.terminal import streams
from spectra_io.terminal.columns import LAST_RESORT, TextTable
from spectra_io.terminal.logs import foldable, harmless, unobeyed
from spectra_io.urls import without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["note", "on_terminal", "show"]

_STYLES = {"broken": "red", "trapped": "red", "like noise": "yellow"}
_FOLDED = 26  # smallest width of a name or a reason on a narrow screen, in characters
_MOST = 0.5  # share of the names that share a beginning, for it to be folded
_LEAST_FOLDED = 4  # characters of a beginning that is worth folding
_NARROWEST_NAME = 12
_LONGEST_NAME = 300  # characters of a name whose beginning may be folded
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


def on_terminal() -> bool:
    """
    Return whether stdout is a terminal, for which tables are fitted and coloured.

    Returns
    -------
    bool
        As rich decides it, by the stream and the environment (``FORCE_COLOR``).

    Examples
    --------
    >>> on_terminal()
    False
    """
    return _screen().is_terminal


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
    line = harmless(without_secrets(text))
    if fold and (console := Console(stderr=True)).is_terminal:
        width = max(_FOLDED, console.width)
        line = textwrap.fill(foldable(line, width), width, break_on_hyphens=False)
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads it
        streams.discard(sys.stderr)


def _fitted(sheet: TextTable, width: int) -> Group:
    """Lay out a table for a screen: names folded, without the columns that do not fit."""
    last = len(sheet.columns) - 1
    needed = sheet.widths()
    if sum(needed) + 2 * last > width:
        sheet, prefix = _without_prefix(sheet)
        needed = sheet.widths()
    else:
        prefix = ""
    folded = {0, last} | {i for i, c in enumerate(sheet.columns) if c.left and needed[i] > _FOLDED}
    widths = [min(w, _FOLDED) if i in folded else w for i, w in enumerate(needed)]
    narrow = [min(w, _NARROWEST_NAME) if i in folded else w for i, w in enumerate(needed)]
    kept = list(range(last + 1))
    for order in sorted({column.expendable for column in sheet.columns} - {0}):
        least = narrow if order == LAST_RESORT else widths
        if sum(least[k] + 2 for k in kept) - 2 > width:
            kept = [k for k in kept if sheet.columns[k].expendable != order]
    widths = _widened([widths[k] for k in kept], [needed[k] for k in kept], width)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for i, wide in zip(kept, widths, strict=True):
        side: Literal["left", "right"] = "left" if sheet.columns[i].left else "right"
        head, fixed = sheet.columns[i].head, i not in folded
        shown.add_column(head, justify=side, overflow="fold", no_wrap=fixed, width=wide)
    for row in sheet.rows:
        cells = [(row[i], foldable(row[i], wide)) for i, wide in zip(kept, widths, strict=True)]
        shown.add_row(*(Text(cell, style=_style(word)) for word, cell in cells))
    hidden = [column.head for i, column in enumerate(sheet.columns) if i not in kept]
    below = [f"~ is {prefix}"] if prefix else []
    if hidden:
        below.append(
            f"no room for {', '.join(hidden)}: a wider terminal, a pipe or a file has them"
        )
    return Group(shown, *(Text(foldable(line, width), style="dim") for line in below))


def _widened(least: list[int], needed: list[int], width: int) -> list[int]:
    """Return widths that fill a screen: the first column and the last take what is left."""
    room = width - sum(least[1:-1]) - 2 * (len(least) - 1)
    if len(least) == 1:
        return [min(needed[0], room)]
    first = min(needed[0], max(min(least[0], room - least[-1]), _NARROWEST_NAME, room - needed[-1]))
    return [first, *least[1:-1], max(1, min(needed[-1], room - first))]


def _without_prefix(sheet: TextTable) -> tuple[TextTable, str]:
    """Write ~ for the beginning that most names of a table share, if there is one."""
    names = [row[0] for row in sheet.rows if len(row[0]) <= _LONGEST_NAME]
    parts = [re.split(r"(?<=[./])", name) for name in names]
    starts = Counter("".join(p[:n]) for p in parts for n in range(1, len(p)))
    common = [start for start, num in starts.items() if num >= max(3, _MOST * len(names))]
    prefix = max(common, key=len, default="")
    if len(prefix) < _LEAST_FOLDED:
        return sheet, ""
    folded = [
        ["~" + row[0].removeprefix(prefix) if row[0].startswith(prefix) else row[0], *row[1:]]
        for row in sheet.rows
    ]
    return sheet._replace(rows=folded), prefix


def _style(cell: str) -> str:
    return _STYLES.get(cell.partition(":")[0], "")


def show(shown: TextTable | str | bytes | Sequence[TextTable | str], /) -> bool:
    """
    Write to stdout: tables fitted to a terminal, or plain and uncut to a pipe.

    Parameters
    ----------
    shown : TextTable, str, bytes, or sequence of TextTable and str
        Table or text to write, several with an empty line between, of which the log of a build
        obeys nothing; or the content of a file, which is written as it is.

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
    try:
        if isinstance(shown, bytes):
            sys.stdout.write(shown.decode("utf-8", "backslashreplace"))
        else:
            parts = [shown] if isinstance(shown, TextTable | str) else shown
            for number, part in enumerate(parts):
                _write(part, after=number > 0)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe
        streams.discard(sys.stdout)
        return False
    except OSError as error:
        streams.discard(sys.stdout)
        raise OSError(error.errno, error.strerror, "standard output") from error
    return True


def _write(part: TextTable | str, *, after: bool) -> None:
    """Write a table or a text, after another with an empty line between."""
    console = _screen()
    if console.is_terminal:
        if after:
            console.print()
        wide = console.width
        console.print(_fitted(part, wide) if isinstance(part, TextTable) else foldable(part, wide))
        return
    for line in [""] * after + [*(part.lines() if isinstance(part, TextTable) else [part])]:
        sys.stdout.write(unobeyed(line) + "\n")
