"""What a person sees in a terminal, and a program in a pipe."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console, Group
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text
from threadpoolctl import threadpool_limits

from spectra.errors import one_line
from spectra_io.terminal.tables import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["ProgressBar", "note", "show"]

_STYLES = {"over-trained": "red", "well-trained": "green", "under-trained": "yellow"}
_FOLDED = 26  # characters of a name or a reason that a narrow screen has room for at least


def note(text: str, /) -> None:
    """
    Say something to the person, beside the data.

    Parameters
    ----------
    text : str
        One line, written to stderr.

    Examples
    --------
    >>> note("three tensors were left out")
    """
    sys.stderr.write(one_line(text) + "\n")
    sys.stderr.flush()


def _fitted(sheet: Sheet, width: int) -> Group:
    """Lay out a sheet without the columns that a screen has no room for."""
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


def show(shown: Sheet | str, /) -> None:
    """
    Write data to stdout: fitted to a terminal, or plain and uncut to a pipe.

    Parameters
    ----------
    shown : Sheet or str
        What to write.

    Examples
    --------
    >>> show("3 layers")
    3 layers
    """
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        if console.is_terminal:
            wide = console.width
            console.print(_fitted(shown, wide) if isinstance(shown, Sheet) else shown)
        else:
            for line in shown.lines() if isinstance(shown, Sheet) else [shown]:
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: let what follows go nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _watched(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Show how many results there are, on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from results
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(results, total=total)


class ProgressBar:
    """
    An executor that works here, on all cores, and shows how far it is, on a terminal only.

    Each core takes a layer and one thread of linear algebra: on matrices of common sizes several
    threads for one are often slower, much so on a busy machine.

    Examples
    --------
    >>> list(ProgressBar().map(abs, [-1, 2]))
    [1, 2]
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterator[Any]:
        """
        Apply a function to items.

        Parameters
        ----------
        function : callable
            What to do with each.
        items : iterable
            To what.

        Yields
        ------
        object
            The results, in order.
        """
        work = list(items)
        pool = ThreadPoolExecutor(_cores())
        with threadpool_limits(1, "blas"):
            try:
                yield from _watched(pool.map(function, work), len(work))
            finally:  # an interrupt waits for the layers in work, not for those to come
                pool.shutdown(cancel_futures=True)
