"""The command ``spectra noise``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from spectra import measures
from spectra_io.commands import options, reports, steps, views, work
from spectra_io.commands.selected import opened_all
from spectra_io.commands.wanted import with_variables
from spectra_io.runs.plans import Resources
from spectra_io.terminal import column_groups, columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from spectra_io.results.stores import FolderStore

__all__ = ["noise"]

_MOST_REPLICAS = 10_000
_HELP = f"""Print the noise, the signal and the traps of every layer.

\b
{columns.legend(column_groups.columns_of(["noise"]))}

Most columns need a layer of at least ten eigenvalues. The positions of a convolution kernel are
tested one by one, each against its own noise. Random orders differ: where a trap matters, use
--replicas 20. A spike shows that a layer is not pure noise, not that it has learned something: a
row of large weights makes a spike too.
"""


@click.command(short_help="Print the noise, signal and traps of every layer.", help=_HELP)
@options.models
@options.outputs
@options.resources
@options.store
@options.device
@views.view(["noise"])
@click.option(
    "--replicas",
    type=click.IntRange(1, _MOST_REPLICAS),
    default=None,
    help="Number of random orders to compare with; by default 5 up to 300 eigenvalues, else 1.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the random orders.",
)
def noise(
    paths: Sequence[str],
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    outputs: Sequence[Path],
    workers: int | None,
    memory: int | None,
    store: FolderStore | Path | None,
    device: str | None,
    replicas: int | None,
    seed: int,
    **view: Any,
) -> int:
    """Print the noise, the signal and the traps of every layer."""
    randomized = partial(measures.randomized, replicas=replicas)
    chosen = [randomized if m is measures.randomized else m for m in measures.RANDOM_MATRIX]
    asked = [measures.size, measures.tail_fit, measures.foreseen_traps, *chosen]
    shown, outputs = reports.chosen(outputs, **view)
    if known := steps.loaded(paths, unused=[*options.CHOICES, "replicas", "seed"]):
        reports.check_measured(paths, known[1], shown)
        return reports.finish(paths, *known, outputs, view=shown)
    asked = with_variables(asked, shown.variables)
    kept, models = opened_all(paths, include, exclude, redirect_to=redirect_to)
    limits = Resources(workers, memory, device=device)
    tensors = work.described(models, asked, limits, pool=pool)
    found = work.analyzed_each(
        models, pool=pool, measures=asked, rng=seed, store=store, resources=limits
    )
    code = reports.finish(kept, tensors, found, outputs, view=shown)
    return code if len(kept) == len(paths) else max(code, steps.INCOMPLETE)
