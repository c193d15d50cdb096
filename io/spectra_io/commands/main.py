"""
Run the command line: parse the arguments, call a command, and report errors.

Every command is a few calls of public functions. Data go to stdout and messages to stderr; an error
is one line, with exit code 1, of check 2.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

import spectra
from spectra_io.commands import failures
from spectra_io.commands.analyze import analyze
from spectra_io.commands.check import check
from spectra_io.commands.describe import describe
from spectra_io.commands.noise import noise
from spectra_io.commands.options import HELP
from spectra_io.commands.plot import plot
from spectra_io.commands.report import report
from spectra_io.commands.signals import INTERRUPTED, TERMINATED, Terminated, stoppable
from spectra_io.gate.reports import NOT_DONE
from spectra_io.terminal import screen, streams

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

_ERROR_CODES = {"check": NOT_DONE}  # by command; 1 for every other


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"weightspectra {spectra.__version__}")
        context.exit()


@click.group(context_settings=HELP, invoke_without_command=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """
    Eigenvalue spectra of trained networks.

    PATH is a .safetensors, .onnx, .gguf, .npz or .npy file, a *.safetensors.index.json file, a
    folder that holds such a file, .npy excepted (safetensors first if it holds several kinds), a
    URL of such a file, or the id of a model on a hub: org/name or org/name@revision. If a folder
    holds several models, a message says which one is read. A store that --store FOLDER made is a
    PATH, too.

    Exit code: 0 if every layer was read, 1 after an error, 3 if the model was opened and the result
    is not complete: no layer has a spectrum (by describe: no tensor is taken), or a layer could not
    be read, or a tensor is missing, or one of several models could not be opened. By check: 0 if
    all rules hold, 1 if a rule is broken, 2 after an error, or if a model could not be checked. 130
    after an interrupt (Ctrl-C), 143 after SIGTERM. After these two, analyze and noise print and
    write the layers that are done.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (describe, analyze, noise, plot, report, check):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command line; by default the arguments of the process.

    Raises
    ------
    SystemExit
        Always, with code 0, 1 after an error, 3 if the model was opened but the result is not
        complete, 130 after an interrupt, or 143 after SIGTERM. By check with 0 if all rules hold, 1
        if a rule is broken, and 2 after an error.

    Examples
    --------
    >>> main(["describe", "nowhere.onnx"])
    Traceback (most recent call last):
        ...
    SystemExit: 1
    """
    streams.prepare()
    code = _run(arguments)
    streams.settle()
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    fail = partial(_fail, arguments)
    try:
        with stoppable():
            code = cli.main(arguments, prog_name="spectra", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return fail("interrupted", code=INTERRUPTED)
    except Terminated:
        return fail("terminated", code=TERMINATED)
    except SystemExit:  # the reader of --help has closed the pipe, and click gives up
        return 0
    except Exception as error:  # the user gets one line for any error
        return fail(failures.message(error), code=_error_code(arguments))
    return code if isinstance(code, int) else 0


def _given(arguments: Sequence[str] | None) -> Sequence[str]:
    return sys.argv[1:] if arguments is None else arguments


def _error_code(arguments: Sequence[str] | None) -> int:
    """Return the exit code of an error in a command, whose name is the first word."""
    name = next((word for word in _given(arguments) if not word.startswith("-")), "")
    return _ERROR_CODES.get(name, 1)


def _fail(arguments: Sequence[str] | None, message: str, *, code: int) -> int:
    """Say what went wrong, which may quote arguments; URLs among them without their secrets."""
    screen.note(f"spectra: {failures.public(message, _given(arguments))}")
    return code
