"""
The command line: parse, open, analyze, write.

Nothing here that a Python user could not call. Data go to stdout, words to stderr; an error is
one line and exit code 1.
"""

from __future__ import annotations

import sys
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra.errors import ArgumentError, SpectraError, unknown_name
from spectra.models import selection
from spectra_io.models import open_model
from spectra_io.results import files

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from spectra.measures import Measure
    from spectra.models.tensors import Tensor

__all__ = ["cli", "main"]

_MODEL = click.argument("path")
_POOL = click.option(
    "--pool/--no-pool",
    default=True,
    help="Kernel positions of a convolution together (default), or a row each.",
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
_INCLUDE = click.option(
    "--include",
    multiple=True,
    metavar="PATTERN",
    help="Only tensors whose name contains this or, with *, ? or [...] as in a shell, is all this. "
    "Repeatable.",
)
_EXCLUDE = click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="No tensors of such names. Repeatable."
)
_MOST_RESAMPLES = 100_000
_MOST_REPLICAS = 10_000
_HELP = {"help_option_names": ["-h", "--help"]}


_ANALYZE = """Print a table of every layer's spectrum, power-law fit and verdict.

\b
N, M            longer and shorter side of the matrix
rf              matrices in the layer: the kernel positions of a convolution
alpha           exponent of the power law fitted to the largest eigenvalues
90 %            confidence interval of alpha, the start of the tail searched anew each time
noise           alpha that a tail as long has in pure noise of the same shape
rival           alpha of another tail that fits about as well, if there is one
D               distance of tail and fit; pure noise has about 0.12
tail            eigenvalues in the tail (num_pl_spikes); a few say little
p               share of true power laws that fit no better; small: it is none
power law       supported, rejected or neither; of tails below 50 nothing is said
likelier        law that fits the tail significantly better
log_norm        log10 of the squared Frobenius norm
stable_rank     squared Frobenius norm over the largest eigenvalue
alpha_weighted  alpha times log10 of the largest eigenvalue
verdict         over-trained: alpha < 2, under-trained: alpha > 6

A layer of a hundred eigenvalues or fewer has an alpha between 2 and 6 as often as not, even if it
is pure noise: look at what noise would have, and at whether there is a power law at all.
"""


_NOISE = """Print what is noise, signal and trapped in every layer.

\b
noise      standard deviation of the noise in the elements
spikes     eigenvalues above the bulk, by a Tracy-Widom test at 5 %
p          probability that the largest eigenvalue of noise is as large
soft rank  edge of the bulk over the largest eigenvalue; 1 for noise
bulk p     probability that noise is as far from the Marchenko-Pastur law; small: it is no noise
spacing    mean ratio of neighbouring spacings: 0.531 for noise, 0.386 for independent numbers
JSD        divergence from the spectrum of the same elements in random order, up to 0.693
traps      spikes that stay when the elements are put in random order: no learned correlation
trap p     probability of such a spike in noise; at 5 %, one layer of noise in twenty has a trap
made by    what makes them: a shifted mean, or rows, columns or elements that are huge
too small  layers whose Frobenius or spectral norm is unusually small beside their peers
phase      random like, bleeding out, bulk and spikes, bulk decay, heavy tailed, rank collapse;
           judged at 0.01 %, so that a weak spike leaves a layer random like

A layer needs ten eigenvalues for most of this. The positions of a convolution kernel are judged one
by one, each against its own noise. Random orders differ: where a trap matters, try --replicas 20. A
spike says that a layer is no noise, not that it was learned: a row of larger weights makes one too.
"""


def _enough(_: click.Context, __: click.Parameter, resamples: int) -> int:
    if not (resamples == 0 or 20 <= resamples <= _MOST_RESAMPLES):
        msg = f"must be 0, or from 20 to {_MOST_RESAMPLES:,}; got {resamples}"
        raise click.BadParameter(msg)
    return resamples


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"weightspectra {spectra.__version__}")
        context.exit()


@click.group(context_settings=_HELP, invoke_without_command=True)
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

    PATH is a .safetensors, .onnx or .npz file, a *.safetensors.index.json, a folder that holds one
    (safetensors first, if it holds both), or a URL of one.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command(short_help="List every tensor, and why it is not taken.")
@_MODEL
@_INCLUDE
@_EXCLUDE
@_POOL
def describe(path: str, pool: bool, include: Sequence[str], exclude: Sequence[str]) -> None:
    """List every tensor, and why it is not taken; no eigenvalues are computed."""
    from spectra_io.terminal import screen, tables

    ds = spectra.describe(spectra.layers(_selected(path, include, exclude), pool=pool))
    screen.show(tables.tensor_sheet(ds))
    taken = ds.tensor_layers > 0
    screen.show(
        f"\ntaken: {int(taken.sum())} of {ds.sizes['tensor']} tensors, "
        f"{int(ds.tensor_size.where(taken, 0).sum()):,} of {int(ds.tensor_size.sum()):,} elements; "
        f"layers: {ds.sizes['layer']}"
    )


@cli.command(short_help="Print every layer's fit and verdict.", help=_ANALYZE)
@_MODEL
@_INCLUDE
@_EXCLUDE
@_POOL
@_OUTPUTS
@click.option(
    "--resamples",
    type=int,
    default=100,
    show_default=True,
    callback=_enough,
    help="Samples for interval and p-value, at least 20; 0 for none, and no verdict on the tail.",
)
def analyze(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    outputs: Sequence[Path],
    resamples: int,
) -> None:
    """Print a table of every layer's spectrum, power-law fit and verdict."""
    from spectra_io.terminal import screen, tables

    _check_outputs(outputs)
    layers = spectra.layers(_selected(path, include, exclude), pool=pool)
    ds = _analyzed(path, layers, _measures(resamples))
    if ds.sizes["layer"]:
        screen.show(tables.layer_sheet(ds))
        screen.show("")
    screen.show(tables.summary_line(ds))
    if line := tables.left_out_line(ds):
        screen.note(line)
    _save(ds, outputs)


@cli.command(short_help="Print what is noise, signal and trapped.", help=_NOISE)
@_MODEL
@_INCLUDE
@_EXCLUDE
@_POOL
@_OUTPUTS
@click.option(
    "--replicas",
    type=click.IntRange(1, _MOST_REPLICAS),
    default=None,
    help="Random orders to compare with; by default 5 for up to 300 eigenvalues, else 1.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the orders.")
def noise(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    outputs: Sequence[Path],
    replicas: int | None,
    seed: int,
) -> None:
    """Print what is noise, signal and trapped in every layer."""
    from spectra_io.terminal import noise_tables, screen, tables

    randomized = partial(measures.randomized, replicas=replicas, seed=seed)
    chosen = [randomized if m is measures.randomized else m for m in measures.RANDOM_MATRIX]
    asked = [measures.norms, measures.power_law, *chosen]
    _check_outputs(outputs)
    ds = _analyzed(path, spectra.layers(_selected(path, include, exclude), pool=pool), asked)
    ds = ds.merge(spectra.results.scale_collapse.find(ds))
    if ds.sizes["layer"]:
        screen.show(noise_tables.noise_sheet(ds))
        screen.show("")
    screen.show(noise_tables.phases_line(ds))
    if line := tables.left_out_line(ds):
        screen.note(line)
    _save(ds, outputs)


def _check_outputs(outputs: Sequence[Path]) -> None:
    """Look whether the results can be written, before there are any."""
    for output in outputs:
        files.check(output)


def _selected(path: str, include: Sequence[str], exclude: Sequence[str]) -> dict[str, Tensor]:
    """Open a model and keep what is asked for; a pattern of nothing is a mistake."""
    from spectra_io.terminal import screen

    model = open_model(path)
    for pattern in (*include, *exclude):
        if not any(selection.matches(name, pattern) for name in model):
            raise unknown_name(pattern, model, what="tensor matches")
    if not include and not exclude:
        return model
    chosen = selection.by_name(model, include=include, exclude=exclude)
    screen.note(f"selected {len(chosen)} of {len(model)} tensors")
    return chosen


def _analyzed(path: str, layers: Sequence[spectra.Layer], chosen: Sequence[Measure]) -> xr.Dataset:
    """Analyse layers, with a bar that shows how far it is."""
    from spectra_io.terminal import screen

    ds = spectra.analyze(layers, measures=chosen, executor=screen.ProgressBar())
    source = f"{_title(path)}, analysed by weightspectra {spectra.__version__}"
    ds.attrs["source"] = source.encode(errors="backslashreplace").decode()
    return ds


def _title(path: str) -> str:
    """Return the last part of a path or URL, without what may be a secret."""
    if "://" in path:
        return path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return Path(path).resolve().name


def _measures(resamples: int) -> list[Measure]:
    """Return the default measures, with the evidence that was asked for."""
    if not resamples:
        return [measure for measure in measures.CORE if measure is not measures.evidence]
    chosen = partial(measures.evidence, resamples=resamples)
    return [chosen if measure is measures.evidence else measure for measure in measures.CORE]


def _save(ds: xr.Dataset, outputs: Sequence[Path]) -> None:
    """Write every file that can be written, then complain of those that cannot."""
    from spectra_io.terminal import screen

    problems = []
    for output in outputs:
        try:
            files.save(ds, output)
            screen.note(f"wrote {output}")
        except (OSError, SpectraError, ValueError) as error:
            problems.append(f"{output}: not written: {getattr(error, 'strerror', '') or error}")
    if problems:
        raise click.ClickException("; ".join(problems))


def _one(layers: Sequence[spectra.Layer], name: str) -> list[spectra.Layer]:
    found = [layer for layer in layers if layer.taken and layer.name == name]
    if not found:
        raise unknown_name(name, [x.name for x in layers if x.taken], what="layer")
    return found


@cli.command(short_help="Draw alpha against depth, or one spectrum.")
@_MODEL
@_INCLUDE
@_EXCLUDE
@_POOL
@click.option("--layer", metavar="NAME", help="Draw the spectrum of this layer.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The picture, by its ending .png, .pdf or .svg.",
)
def plot(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    layer: str | None,
    output: Path,
) -> None:
    """Draw alpha against depth, or the spectrum of one layer with its fitted tail."""
    from spectra_io import plots
    from spectra_io.terminal import screen, tables

    plots.check(output)
    layers = spectra.layers(_selected(path, include, exclude), pool=pool)
    wanted = layers if layer is None else _one(layers, layer)
    chosen = [*measures.CORE, measures.marchenko_pastur]
    ds = spectra.analyze(wanted, measures=chosen, executor=screen.ProgressBar())
    if not ds.sizes["layer"]:
        msg = f"{path}: no layer to draw; {tables.left_out_line(ds)}"
        raise ArgumentError(msg)
    with plots.to_file(output) as ax:
        if layer is None:
            plots.correlation_flow(ds, ax=ax)
        else:
            plots.esd(ds, layer=layer, ax=ax)
    screen.note(f"wrote {output}")


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Raises
    ------
    SystemExit
        Always: 0, 1 after an error, 130 if interrupted.

    Examples
    --------
    >>> main(["describe", "nowhere.onnx"])
    Traceback (most recent call last):
        ...
    SystemExit: 1
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):  # a name may hold letters that the stream lacks
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(arguments, prog_name="spectra", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail("interrupted", code=130)
    except click.ClickException as error:
        return _fail(error.format_message())
    except MemoryError:
        return _fail("out of memory")
    except OSError as error:
        ours = isinstance(error, SpectraError) or not error.strerror
        where = f"{error.filename}: " if error.filename else ""
        return _fail(str(error) if ours else f"{where}{error.strerror}")
    except SpectraError as error:
        return _fail(str(error))
    except Exception as error:  # whatever it is, a person gets a line
        return _fail(f"a defect, please report it: {type(error).__name__}: {error}")
    return 0


def _fail(message: str, *, code: int = 1) -> int:
    from spectra_io.terminal import screen

    screen.note(f"spectra: {message}")
    return code
