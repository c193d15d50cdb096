"""Options and arguments shared by several commands."""

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
        help="Take only tensors whose name, in the file or in the table, contains PATTERN or, if "
        "PATTERN has *, ? or [...] as in a shell, matches all of it. Repeatable.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out tensors with such names. Repeatable.",
    ),
    click.option(
        "--pool/--no-pool",
        default=True,
        help="Take the kernel positions of a convolution together (default), or as one row each.",
    ),
    click.option(
        "--redirect-to",
        multiple=True,
        metavar="HOST",
        help="Follow the server of a URL to this other host too, such as cdn.example.org or "
        "*.cdn.example.org. Repeatable.",
    ),
)
_OUTPUTS = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the results to FILE: .nc, .csv, .json or (with pyarrow) .parquet. Only an earlier "
    "result is replaced. Repeatable.",
)

_Function = Callable[..., Any]


def selection(function: _Function, /) -> _Function:
    """
    Add the model path, the name patterns, pooling and redirects to a command.

    Parameters
    ----------
    function : callable
        Command with the parameters `path`, `include`, `exclude`, `pool` and `redirect_to`.

    Returns
    -------
    callable
        The command with these options.

    Examples
    --------
    >>> len(selection(lambda **_: None).__click_params__)
    5
    """
    for decorate in reversed(_SELECTION):
        function = decorate(function)
    return function


def outputs(function: _Function, /) -> _Function:
    """
    Add the option of output files to a command.

    Parameters
    ----------
    function : callable
        Command with the parameter `outputs`.

    Returns
    -------
    callable
        The command with this option.

    Examples
    --------
    >>> len(outputs(lambda **_: None).__click_params__)
    1
    """
    return _OUTPUTS(function)
