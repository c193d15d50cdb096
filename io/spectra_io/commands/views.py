"""Options of what a command prints: rows, columns and format."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from spectra_io.terminal import column_groups, layer_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra_io.terminal.columns import Column

    _Function = Callable[..., Any]

__all__ = ["heads", "view"]


def view(groups: Sequence[str], /) -> Callable[[_Function], _Function]:
    """
    Add the options of what is printed to a command: rows, columns and format.

    Parameters
    ----------
    groups : sequence of str
        Groups of columns that are shown by default, of
        :data:`spectra_io.terminal.column_groups.GROUPS`.

    Returns
    -------
    callable
        Decorator of a command with the parameters `sort`, `only`, `top`, `groups` and `form`.

    Examples
    --------
    >>> len(view(["main"])(lambda **_: None).__click_params__)
    5
    """
    chosen = (
        click.option(
            "--only",
            multiple=True,
            type=click.Choice([*layer_tables.VERDICTS]),
            help="Print only layers of this verdict. Repeatable.",
        ),
        click.option(
            "--sort",
            metavar="COLUMN",
            help="Sort by a variable of the results, such as alpha; with a minus in front, -alpha, "
            "the largest first. Its column is shown, and measured if needed.",
        ),
        click.option("--top", type=click.IntRange(1), help="Print only the first TOP layers."),
        click.option(
            "--columns",
            "groups",
            multiple=True,
            metavar="NAME",
            default=groups,
            show_default=True,
            help=f"Columns to print: a group ({', '.join(column_groups.GROUPS)}, "
            f"{column_groups.ALL}), or a variable of the results, such as stable_rank, which is "
            "measured if needed. Repeatable.",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json", "csv", "md"]),
            default="text",
            show_default=True,
            help="Format of what is printed. -o - is --format csv.",
        ),
    )
    return lambda function: reduce(lambda made, option: option(made), reversed(chosen), function)


def heads(columns: Sequence[Column], /) -> str:
    """
    Return the heads of some columns in one line.

    Parameters
    ----------
    columns : sequence of Column
        Columns.

    Returns
    -------
    str
        Heads with commas between.

    Examples
    --------
    >>> heads(column_groups.GROUPS["reason"])
    'why'
    """
    return ", ".join(column.head for column in columns)
