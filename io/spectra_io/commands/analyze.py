"""The command ``spectra analyze``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra_io.commands import options, steps
from spectra_io.terminal import columns, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from spectra.measures import Measure

__all__ = ["analyze"]

_MOST_RESAMPLES = 100_000
_HELP = f"""Print a table of every layer's spectrum, power-law fit and verdict.

\b
{columns.legend(tables.LAYER_COLUMNS)}

Pure noise of a hundred eigenvalues or fewer has an alpha between 2 and 6 as often as not: believe
the verdict, not alpha. A power law counts only among the eigenvalues above the noise. The numbers
behind a verdict are in the results: -o FILE, verdict_reason.
"""


def _enough(_: click.Context, __: click.Parameter, resamples: int) -> int:
    if not (resamples == 0 or 20 <= resamples <= _MOST_RESAMPLES):
        msg = f"must be 0, or from 20 to {_MOST_RESAMPLES:,}; got {resamples}"
        raise click.BadParameter(msg)
    return resamples


def _measures(resamples: int) -> list[Measure]:
    """Return the default measures, with `resamples` for the evidence, or without it for 0."""
    if not resamples:
        return [measure for measure in measures.CORE if measure is not measures.evidence]
    chosen = partial(measures.evidence, resamples=resamples)
    return [chosen if measure is measures.evidence else measure for measure in measures.CORE]


@click.command(short_help="Print every layer's fit and verdict.", help=_HELP)
@options.selection
@options.outputs
@click.option(
    "--resamples",
    type=int,
    default=100,
    show_default=True,
    callback=_enough,
    help="Number of samples for interval and p-value, at least 20; 0 for neither, nor a word on "
    "the power law.",
)
def analyze(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    outputs: Sequence[Path],
    resamples: int,
) -> int:
    """Print a table of every layer's spectrum, power-law fit and verdict."""
    steps.check_outputs(outputs)
    model = steps.opened(path, include, exclude, redirect_to=redirect_to)
    tensors = spectra.describe(model, pool=pool)
    ds = steps.analyzed(model, pool=pool, measures=_measures(resamples))
    table, line = tables.layer_table(ds), tables.summary_line(ds)
    steps.finish(ds, tensors, outputs, table=table, line=line)
    return steps.exit_code(ds, tensors)
