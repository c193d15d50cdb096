"""The command ``spectra describe``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra.results.left_out import left_out_line
from spectra_io.commands.options import CHOICES, selection
from spectra_io.commands.steps import INCOMPLETE, is_missing, loaded, opened
from spectra_io.runs import calibration, estimates, executors
from spectra_io.terminal import screen
from spectra_io.terminal.tensor_tables import tensor_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra.models.layers import Layer
    from spectra.models.model import Model

__all__ = ["describe"]

_COMMANDS = {
    "analyze": measures.CORE,
    "noise": (measures.size, measures.tail_fit, *measures.RANDOM_MATRIX),
}
_LEFT_OUT = (
    "not counted: the start, reading from a disk or a server, decoding quantized weights; nearly "
    "singular matrices take three to six times as long, and other programs change all times"
)


def _show_cost(model: Model, *, pool: bool) -> None:
    """Print time and memory of the commands, for the most expensive layers and for all."""
    taken: list[Layer] = [layer for layer in spectra.layers(model, pool=pool) if layer.taken]
    workers = executors.cores()
    rates = calibration.calibrated(workers)
    noun = "core" if workers == 1 else "cores"
    screen.show(f"\nestimate for this machine, {workers} {noun}:")
    screen.show(estimates.cost_table(taken, _COMMANDS, rates, workers=workers))
    screen.show(_LEFT_OUT)


@click.command(short_help="List every tensor, with the reason if it is not taken.")
@selection
@click.option(
    "--cost",
    is_flag=True,
    help="Print also how long analyze and noise would take on this machine, and how much memory, "
    "from a calibration of about a second.",
)
def describe(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    cost: bool,
) -> int:
    """List every tensor, with the reason if it is not taken; no eigenvalues are computed."""
    if known := loaded([path], unused=[*CHOICES, "cost"], only_tensors=True):
        (ds,), _ = known
        model = None
    else:
        model = opened(path, include, exclude, redirect_to=redirect_to)
        ds = spectra.describe(model, pool=pool)
    is_read = screen.show(tensor_table(ds))
    taken = ds.tensor_layers > 0
    screen.show(
        f"\ntaken: {int(taken.sum())} of {ds.sizes['tensor']} tensors, "
        f"{int(ds.tensor_size.where(taken, 0).sum()):,} of {int(ds.tensor_size.sum()):,} elements; "
        f"layers: {int(ds.tensor_layers.sum())}"
    )
    if cost and model is not None and taken.any():
        _show_cost(model, pool=pool)
    if is_read and (line := left_out_line(ds)):
        screen.note(line, fold=True)
    return 0 if taken.any() and not is_missing(ds) else INCOMPLETE
