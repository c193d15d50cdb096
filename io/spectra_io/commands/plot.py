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
from spectra_io.runs.plans import Resources
from spectra_io.terminal import screen
from spectra_io.terminal.left_out import left_out_line
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes

    from spectra.results.plotdata import Scale

__all__ = ["plot"]

_OF_MODEL: Mapping[str, Callable[..., Axes]] = {
    "flow": plots.correlation_flow,
    "heat-map": plots.heat_map,
    "histogram": plots.histogram,
}
_OF_SPECTRUM: Mapping[str, Callable[..., Axes]] = {
    "erg": plots.erg,
    "hill": plots.hill,
    "noise": plots.noise,
    "tail-laws": plots.tail_laws,
    "xmin-scan": plots.xmin_scan,
}
_OF_MATRICES: Mapping[str, Callable[..., Axes]] = {
    "permuted": plots.permuted,
    "vectors": plots.vectors,
}
_FIGURES = sorted(["esd", *_OF_MODEL, *_OF_SPECTRUM, *_OF_MATRICES])


def _check_options(figure: str, layer: str | None, scale: str | None) -> None:
    """Refuse options that do not go together, before the analysis."""
    if (figure in _OF_MODEL) != (layer is None):
        need = "is of the whole model, without" if layer else "is of one layer, which needs"
        msg = f"the figure {figure} {need} --layer"
        raise ArgumentError(msg)
    if scale and figure != "esd":
        msg = f"--scale is for the figure esd, not for {figure}"
        raise ArgumentError(msg)


def _draw(
    figure: str,
    ds: xr.Dataset,
    wanted: spectra.Model | Sequence[spectra.Layer],
    scale: Scale,
    ax: Axes,
) -> None:
    """Draw a figure of the whole model, or of its only layer."""
    if figure in _OF_MODEL:
        _OF_MODEL[figure](ds, ax=ax)
    elif figure == "esd":
        plots.esd(ds, scale=scale, ax=ax)
    elif figure in _OF_SPECTRUM:
        _OF_SPECTRUM[figure](ds, ax=ax)
    else:
        (layer,) = (one for one in wanted if isinstance(one, spectra.Layer))
        _OF_MATRICES[figure](layer, ax=ax)


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
@options.resources
@click.option("--layer", metavar="NAME", help="Draw this layer: its spectrum, or --figure.")
@click.option(
    "--figure",
    type=click.Choice(_FIGURES),
    help="Of the model flow (alpha against depth, the default), heat-map or histogram; any other "
    "needs --layer, whose default is esd.",
)
@click.option(
    "--scale",
    type=click.Choice(["log-log", "lin-log", "lin-lin"]),
    help="Scales of the vertical and the horizontal axis of esd; by default log-log.",
)
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
    workers: int | None,
    memory: int | None,
    layer: str | None,
    figure: str | None,
    scale: Scale | None,
    output: Path,
) -> int:
    """Draw alpha against depth, the spectrum of one layer, or another figure by its name."""
    chosen = figure or ("flow" if layer is None else "esd")
    _check_options(chosen, layer, scale)
    plots.check(output)
    model = steps.opened(path, include, exclude, redirect_to=redirect_to)
    wanted = model if layer is None else _one(spectra.layers(model, pool=pool), layer)
    tensors = spectra.describe(wanted, pool=pool)
    asked = [*measures.CORE, measures.bulk_fit]
    limits = Resources(workers, memory)
    ds = steps.analyzed(wanted, keep=False, pool=pool, measures=asked, resources=limits)
    code, why = steps.exit_code(ds, tensors), left_out_line(tensors, ds)
    if not (ds.status == Status.COMPUTED).any():
        why = why or "a model without tensors"
        screen.note(f"spectra: {shown(path)}: no layer to draw; {why}")
        return code
    with plots.to_file(output) as ax:
        _draw(chosen, ds, wanted, scale or "log-log", ax)
    screen.note(f"wrote {output}")
    if code:
        screen.note(why, fold=True)
    return code
