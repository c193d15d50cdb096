"""The command ``spectra plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra.errors import ArgumentError, unknown_name
from spectra.results.variables import Status
from spectra_io import plots
from spectra_io.commands import options, steps
from spectra_io.terminal import screen
from spectra_io.terminal.left_out import left_out_line
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["plot"]


def _one(layers: Sequence[spectra.Layer], name: str) -> list[spectra.Layer]:
    """Return the layer of a name, or of the name of its tensor; all layers if none is taken."""
    known = [layer for layer in layers if layer.taken]
    of_tensor = [one for one in layers if name in (one.tensor.name, one.tensor.alias)]
    found = [layer for layer in known if layer.name == name] or of_tensor
    if not known:
        return list(layers)
    if len(found) != 1:
        raise unknown_name(name, [layer.name for layer in known], what="layer")
    if reason := found[0].reason:
        msg = f"tensor {name!r} has no layer: {reason}"
        raise ArgumentError(msg)
    return found


@click.command(short_help="Draw alpha against depth, or one spectrum.")
@options.selection
@click.option("--layer", metavar="NAME", help="Draw the spectrum of this layer.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of the figure, with the ending .png, .pdf or .svg. Only an earlier figure is "
    "replaced.",
)
def plot(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    layer: str | None,
    output: Path,
) -> int:
    """Draw alpha against depth, or the spectrum of one layer with its fitted tail."""
    plots.check(output)
    model = steps.opened(path, include, exclude, redirect_to=redirect_to)
    wanted = model if layer is None else _one(spectra.layers(model, pool=pool), layer)
    tensors = spectra.describe(wanted, pool=pool)
    ds = steps.analyzed(wanted, pool=pool, measures=[*measures.CORE, measures.bulk_fit])
    code, why = steps.exit_code(ds, tensors), left_out_line(tensors, ds)
    if not (ds.status == Status.COMPUTED).any():
        why = why or "a model without tensors"
        screen.note(f"spectra: {shown(path)}: no layer to draw; {why}")
        return code
    with plots.to_file(output) as ax:
        if layer is None:
            plots.correlation_flow(ds, ax=ax)
        else:
            plots.esd(ds, layer=str(ds.layer.values[0]), ax=ax)
    screen.note(f"wrote {output}")
    if code:
        screen.note(why, fold=True)
    return code
