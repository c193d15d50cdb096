"""The command ``spectra analyze``."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from spectra import measures
from spectra_io.commands import options, reports, steps
from spectra_io.runs.clusters import connected
from spectra_io.runs.plans import Resources
from spectra_io.terminal import columns, layer_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from spectra.measures import Measure

__all__ = ["analyze"]

_MOST_RESAMPLES = 100_000
_HELP = f"""Say which layers of a model to look at first, and print a table of all.

The first line counts the verdicts. Then come the layers to look at first, the most urgent first:
broken; trapped, or with elements so large that each makes a spike by itself; heavy-tailed and read
as over-trained; like noise. Then the table, by default the group main; --columns has others, each
beside the name and the verdict:

\b
{columns.legend(layer_tables.columns_of(["main"]))}

\b
tail: {options.heads(layer_tables.GROUPS["tail"])}
noise: {options.heads(layer_tables.GROUPS["noise"])}
  (explained by spectra noise --help; takes a second spectrum of each layer)
size: {options.heads(layer_tables.GROUPS["size"])}
reason: {options.heads(layer_tables.GROUPS["reason"])}

Pure noise of a hundred eigenvalues or fewer has an alpha between 2 and 6 as often as not: believe
the verdict, not alpha. A power law counts only among the eigenvalues above the noise.
"""


def _enough(_: click.Context, __: click.Parameter, resamples: int) -> int:
    if not (resamples == 0 or 20 <= resamples <= _MOST_RESAMPLES):
        msg = f"must be 0, or from 20 to {_MOST_RESAMPLES:,}; got {resamples}"
        raise click.BadParameter(msg)
    return resamples


def _measures(resamples: int, groups: Sequence[str]) -> list[Measure]:
    """Return the measures for the groups; with `resamples` for the evidence, without it for 0."""
    wanted = [*measures.CORE]
    if {"noise", "all"} & {*groups}:
        wanted += [measure for measure in measures.RANDOM_MATRIX if measure not in wanted]
    if not resamples:
        return [measure for measure in wanted if measure is not measures.evidence]
    chosen = partial(measures.evidence, resamples=resamples)
    return [chosen if measure is measures.evidence else measure for measure in wanted]


@contextmanager
def _limits(scheduler: str | None, workers: int | None, memory: int | None) -> Iterator[Resources]:
    """Return what the work may use: this machine, or a cluster that it connects to."""
    if scheduler is None:
        yield Resources(workers, memory)
        return
    if memory is not None:
        msg = "--memory is for this machine; a Dask worker has --memory-limit"
        raise click.UsageError(msg)
    with connected(scheduler) as (pool, most):
        yield Resources(min(workers or most, most), pool=pool)


@click.command(short_help="Say which layers to look at first, and print all.", help=_HELP)
@options.models
@options.outputs
@options.resources
@options.view(["main"])
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on the Dask cluster of this scheduler, such as tcp://host:8786. Its workers need "
    "weightspectra, and see the files of the models under the same paths. Needs the package "
    "distributed.",
)
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
    paths: Sequence[str],
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    outputs: Sequence[Path],
    workers: int | None,
    memory: int | None,
    scheduler: str | None,
    resamples: int,
    **view: Any,
) -> int:
    """Say which layers of a model to look at first, and print a table of all."""
    shown, outputs = reports.chosen(outputs, **view)
    asked = _measures(resamples, shown.groups)
    with _limits(scheduler, workers, memory) as limits:
        models = [steps.opened(p, include, exclude, redirect_to=redirect_to) for p in paths]
        tensors = steps.described(models, asked, limits, pool=pool)
        found = steps.analyzed_each(models, pool=pool, measures=asked, resources=limits)
    return reports.finish(paths, tensors, found, outputs, view=shown)
