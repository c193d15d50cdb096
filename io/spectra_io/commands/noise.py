"""The command ``spectra noise``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra.results import scale_collapse
from spectra_io.commands import options, steps
from spectra_io.terminal import noise_tables, screen, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["noise"]

_MOST_REPLICAS = 10_000
_HELP = f"""Print what is noise, signal and trapped in every layer.

\b
{tables.legend(noise_tables.NOISE_COLUMNS)}

A layer needs ten eigenvalues for most of this. The positions of a convolution kernel are judged one
by one, each against its own noise. Random orders differ: where a trap matters, try --replicas 20. A
spike says that a layer is not noise, not that it was learned: a row of large weights makes one too.
"""


@click.command(short_help="Print what is noise, signal and trapped.", help=_HELP)
@options.selection
@options.outputs
@click.option(
    "--replicas",
    type=click.IntRange(1, _MOST_REPLICAS),
    default=None,
    help="Random orders to compare with; by default 5 for up to 300 eigenvalues, else 1.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the orders."
)
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
    randomized = partial(measures.randomized, replicas=replicas)
    chosen = [randomized if m is measures.randomized else m for m in measures.RANDOM_MATRIX]
    asked = [measures.size, measures.tail_fit, *chosen]
    steps.check_outputs(outputs)
    model = steps.opened(path, include, exclude)
    ds = steps.analyzed(model, pool=pool, measures=asked, rng=seed)
    ds = ds.assign(scale_collapse.find(ds).data_vars)
    tensors = spectra.describe(model, pool=pool)
    if ds.sizes["layer"]:
        screen.show(noise_tables.noise_table(ds))
        screen.show("")
    screen.show(noise_tables.phases_line(ds))
    if line := tables.left_out_line(tensors, ds):
        screen.note(line)
    steps.write(ds, tensors, outputs)
