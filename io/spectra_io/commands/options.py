"""Options and arguments shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spectra.errors import ArgumentError
from spectra.linalg import devices
from spectra_io.results.stores import open_store
from spectra_io.runs.budgets import parsed

if TYPE_CHECKING:
    from spectra_io.results.stores import FolderStore
__all__ = [
    "CHOICES",
    "HELP",
    "device",
    "models",
    "outputs",
    "resources",
    "selection",
    "store",
]

HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of a command: `-h` prints the help, as `--help` does."""

_MOST_WORKERS = 1024

CHOICES = (
    *("include", "exclude", "pool", "redirect_to", "store", "device"),
    *("workers", "memory"),
)
"""Parameters that choose what is computed of a model, where, and where it is stored."""

_PATH = click.argument("path")
_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
_SELECTION = (
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
    "result is replaced. Repeatable. Files have all layers, whatever is printed.",
)


def _store_at(path: Path) -> FolderStore | Path:
    """Open a store; return the path of a new one, which is made when the models are open."""
    is_new = not path.exists() and path.parent.is_dir()
    return path if is_new else open_store(path)


_STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    callback=lambda _, __, path: None if path is None else _store_at(path),
    metavar="FOLDER",
    help="Store the results of each layer in FOLDER as soon as they are there, and take from it "
    "what it has: a run that was killed goes on where it was. A new or an empty folder, or one "
    "that an earlier run stored in.",
)

_DEVICE = click.option(
    "--device",
    callback=lambda _, __, word: word if word is None else str(devices.opened(word).name),
    metavar="DEVICE",
    help="Compute the eigenvalues on DEVICE: cuda or cuda:1 (with CuPy, the extra gpu), "
    "torch:cuda or torch:cuda:1 (with PyTorch), jax:gpu (with JAX); by default NumPy. Layers use "
    "it one after another.",
)


def _size(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else parsed(text)
    except ArgumentError as error:
        raise click.BadParameter(str(error)) from error


_RESOURCES = (
    click.option(
        "--workers",
        type=click.IntRange(1, _MOST_WORKERS),
        metavar="N",
        help="Work on at most N layers at a time; by default one per core.",
    ),
    click.option(
        "--memory",
        callback=_size,
        metavar="SIZE",
        help="Use at most SIZE of memory, such as 4GB or 512MB: fewer layers are in work at a "
        "time, and a layer that does not fit is named before the work. By default 80 % of what is "
        "free.",
    ),
)

_Function = Callable[..., Any]


def _with(function: _Function, options: tuple[Callable[[_Function], _Function], ...]) -> _Function:
    for decorate in reversed(options):
        function = decorate(function)
    return function


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
    return _with(function, (_PATH, *_SELECTION))


def models(function: _Function, /) -> _Function:
    """
    Add the paths of one or more models, and what :func:`selection` adds, to a command.

    Parameters
    ----------
    function : callable
        Command with the parameters `paths`, `include`, `exclude`, `pool` and `redirect_to`.

    Returns
    -------
    callable
        The command with these options.

    Examples
    --------
    >>> len(models(lambda **_: None).__click_params__)
    5
    """
    return _with(function, (_PATHS, *_SELECTION))


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


def resources(function: _Function, /) -> _Function:
    """
    Add the options of workers and memory to a command.

    Parameters
    ----------
    function : callable
        Command with the parameters `workers` and `memory`.

    Returns
    -------
    callable
        The command with these options.

    Examples
    --------
    >>> len(resources(lambda **_: None).__click_params__)
    2
    """
    return _with(function, _RESOURCES)


def store(function: _Function, /) -> _Function:
    """
    Add the option of a store to a command.

    Parameters
    ----------
    function : callable
        Command with the parameter `store`, which is a store that is open, or None.

    Returns
    -------
    callable
        The command with this option.

    Examples
    --------
    >>> len(store(lambda **_: None).__click_params__)
    1
    """
    return _STORE(function)


def device(function: _Function, /) -> _Function:
    """
    Add the option of a device to a command.

    Parameters
    ----------
    function : callable
        Command with the parameter `device`, which is the word of a device that can be used, or
        None.

    Returns
    -------
    callable
        The command with this option.

    Examples
    --------
    >>> len(device(lambda **_: None).__click_params__)
    1
    """
    return _DEVICE(function)
