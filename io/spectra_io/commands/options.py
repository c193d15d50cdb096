"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["HELP", "outputs", "selection"]

HELP = {"help_option_names": ["-h", "--help"]}

_SELECTION = (
    click.argument("path"),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Only tensors whose name contains this or, with *, ? or [...] as in a shell, is all "
        "this. Repeatable.",
    ),
    click.option(
        "--exclude", multiple=True, metavar="PATTERN", help="No tensors of such names. Repeatable."
    ),
    click.option(
        "--pool/--no-pool",
        default=True,
        help="Kernel positions of a convolution together (default), or one row each.",
    ),
)
_OUTPUTS = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the results to FILE: .nc, .csv, .json or (with pyarrow) .parquet. Repeatable.",
)

_Function = Callable[..., Any]


def selection(function: _Function, /) -> _Function:
    """
    Add the model, the patterns of names and the pooling to a command.

    Parameters
    ----------
    function : callable
        The command, which gets `path`, `include`, `exclude` and `pool`.

    Returns
    -------
    callable
        The same.

    Examples
    --------
    >>> len(selection(lambda **_: None).__click_params__)
    4
    """
    for decorate in reversed(_SELECTION):
        function = decorate(function)
    return function


def outputs(function: _Function, /) -> _Function:
    """
    Add the files to write to a command.

    Parameters
    ----------
    function : callable
        The command, which gets `outputs`.

    Returns
    -------
    callable
        The same.

    Examples
    --------
    >>> len(outputs(lambda **_: None).__click_params__)
    1
    """
    return _OUTPUTS(function)
