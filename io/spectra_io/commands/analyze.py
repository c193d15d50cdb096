"""The command ``spectra analyze``."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from spectra import measures
from spectra_io.commands import options, reports, steps, views, work
from spectra_io.commands.selected import opened_all
from spectra_io.commands.wanted import with_variables
from spectra_io.runs.clusters import connected
from spectra_io.runs.plans import Resources
from spectra_io.terminal import column_groups, columns
from spectra_io.urls import has_secrets, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from spectra.measures import Measure
    from spectra_io.commands.reports import View
    from spectra_io.results.stores import FolderStore

__all__ = ["analyze"]

_MOST_RESAMPLES = 100_000
_HELP = f"""Say which layers of a model to look at first, and print a table of all.

The first line counts the verdicts. Then come the layers to look at first, the most urgent first:
broken; trapped, or with elements so large that each makes a spike by itself; heavy-tailed and read
as over-trained; like noise. Then the table, by default the group main; --columns has others, each
beside the name and the verdict, and takes the names of variables too (docs/variables.md):

\b
{columns.legend(column_groups.columns_of(["main"]))}

\b
tail: {views.heads(column_groups.GROUPS["tail"])}
noise: {views.heads(column_groups.GROUPS["noise"])}
  (explained by spectra noise --help; takes a second spectrum of each layer)
size: {views.heads(column_groups.GROUPS["size"])}
reason: {views.heads(column_groups.GROUPS["reason"])}

Pure noise of a hundred eigenvalues or fewer has an alpha between 2 and 6 as often as not: believe
the verdict, not alpha. A power law counts only among the eigenvalues above the noise.
"""


def _enough(_: click.Context, __: click.Parameter, resamples: int) -> int:
    if not (resamples == 0 or 20 <= resamples <= _MOST_RESAMPLES):
        msg = f"must be 0, or from 20 to {_MOST_RESAMPLES:,}; got {resamples}"
        raise click.BadParameter(msg)
    return resamples


def _measures(resamples: int, view: View) -> list[Measure]:
    """Return the measures for the columns; with `resamples` for the evidence, without it for 0."""
    wanted = [*measures.CORE]
    if view.has_noise:
        wanted += [measure for measure in measures.RANDOM_MATRIX if measure not in wanted]
    wanted = with_variables(wanted, view.variables)
    if not resamples:
        _check_without_evidence(view)
        return [measure for measure in wanted if measure is not measures.evidence]
    chosen = partial(measures.evidence, resamples=resamples)
    return [chosen if measure is measures.evidence else measure for measure in wanted]


def _check_without_evidence(view: View) -> None:
    """Refuse variables that are not measured without resamples."""
    names = [name for name in view.variables if name in measures.returned(measures.evidence)]
    if names:
        msg = f"{names[0]} takes resamples: leave out --resamples 0, or the column"
        raise click.UsageError(msg)


def _check_for_cluster(paths: Sequence[str], limits: Resources) -> None:
    """Refuse what is of this machine only, and what must not be sent to a cluster."""
    if limits.memory is not None:
        msg = "--memory is for this machine; a Dask worker has --memory-limit"
        raise click.UsageError(msg)
    if limits.device is not None:
        msg = "--device is for this machine; leave out --device, or --scheduler"
        raise click.UsageError(msg)
    if secret := next(filter(has_secrets, paths), None):
        msg = (
            f"{shown(secret)}: a URL with a user, a password or a query is not sent to the cluster "
            "of --scheduler: give a file that its workers see, or a URL without them"
        )
        raise click.UsageError(msg)


@contextmanager
def _limits(scheduler: str | None, here: Resources, paths: Sequence[str]) -> Iterator[Resources]:
    """Return what the work may use: this machine, or a cluster that it connects to."""
    if scheduler is None:
        yield here
        return
    _check_for_cluster(paths, here)
    with connected(scheduler) as (pool, most):
        yield Resources(min(here.workers or most, most), pool=pool)


@click.command(short_help="Say which layers to look at first, and print all.", help=_HELP)
@options.models
@options.outputs
@options.resources
@options.store
@options.device
@views.view(["main"])
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
    store: FolderStore | Path | None,
    device: str | None,
    resamples: int,
    **view: Any,
) -> int:
    """Say which layers of a model to look at first, and print a table of all."""
    shown, outputs = reports.chosen(outputs, **view)
    if known := steps.loaded(paths, unused=[*options.CHOICES, "resamples", "scheduler"]):
        reports.check_measured(paths, known[1], shown)
        return reports.finish(paths, *known, outputs, view=shown)
    asked = _measures(resamples, shown)
    with _limits(scheduler, Resources(workers, memory, device=device), paths) as limits:
        kept, models = opened_all(paths, include, exclude, redirect_to=redirect_to)
        tensors = work.described(models, asked, limits, pool=pool)
        found = work.analyzed_each(models, pool=pool, measures=asked, store=store, resources=limits)
    code = reports.finish(kept, tensors, found, outputs, view=shown)
    return code if len(kept) == len(paths) else max(code, steps.INCOMPLETE)
