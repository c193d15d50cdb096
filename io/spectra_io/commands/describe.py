"""The command ``spectra describe``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import spectra
from spectra_io.commands.options import selection
from spectra_io.commands.steps import INCOMPLETE, is_missing, opened
from spectra_io.terminal import screen
from spectra_io.terminal.left_out import left_out_line
from spectra_io.terminal.tensor_tables import tensor_table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["describe"]


@click.command(short_help="List every tensor, with the reason if it is not taken.")
@selection
def describe(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
) -> int:
    """List every tensor, with the reason if it is not taken; no eigenvalues are computed."""
    ds = spectra.describe(opened(path, include, exclude, redirect_to=redirect_to), pool=pool)
    is_read = screen.show(tensor_table(ds))
    taken = ds.tensor_layers > 0
    screen.show(
        f"\ntaken: {int(taken.sum())} of {ds.sizes['tensor']} tensors, "
        f"{int(ds.tensor_size.where(taken, 0).sum()):,} of {int(ds.tensor_size.sum()):,} elements; "
        f"layers: {int(ds.tensor_layers.sum())}"
    )
    if is_read and (line := left_out_line(ds)):
        screen.note(line, fold=True)
    return 0 if taken.any() and not is_missing(ds) else INCOMPLETE
