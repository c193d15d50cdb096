"""The command ``spectra plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import spectra
from spectra import measures
from spectra.errors import ArgumentError, unknown_name
from spectra.results.left_out import left_out_line
from spectra.results.variables import Status
from spectra_io import plots
from spectra_io.commands import options, steps, work
from spectra_io.plots import interactive
from spectra_io.runs.plans import Resources
from spectra_io.terminal import screen
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import xarray as xr

    from spectra.results.plotdata import Scale
    from spectra_io.results.stores import FolderStore

__all__ = ["plot"]

_OF_MODEL = {"flow": "correlation_flow", "heat-map": "heat_map", "histogram": "histogram"}
_OF_SPECTRUM = {
    "erg": "erg",
    "hill": "hill",
    "noise": "noise",
    "tail-laws": "tail_laws",
    "xmin-scan": "xmin_scan",
}
_OF_MATRICES = {"permuted": "permuted", "vectors": "vectors"}
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


def _is_page(output: Path) -> bool:
    """Return whether a file is a page of HTML, which holds an interactive figure."""
    return output.suffix.lower() in interactive.FORMATS


def _check_output(output: Path) -> None:
    """Refuse a file that cannot be written, or lacks the package that draws, before any work."""
    if _is_page(output):
        interactive.check(output)
        return
    if output.suffix.lower() not in plots.FORMATS:
        *most, last = [*plots.FORMATS, *interactive.FORMATS]
        msg = f"{output}: its name must end in {', '.join(most)} or {last}"
        raise ArgumentError(msg)
    plots.check(output)


def _drawn(
    library: ModuleType,
    figure: str,
    ds: xr.Dataset,
    wanted: spectra.Model | Sequence[spectra.Layer],
    **options: Any,
) -> Any:
    """Draw a figure of the whole model, or of its only layer, with one of the two libraries."""
    if figure == "esd":
        return library.esd(ds, **options)
    if figure in _OF_MATRICES:
        (layer,) = (one for one in wanted if isinstance(one, spectra.Layer))
        return getattr(library, _OF_MATRICES[figure])(layer, **options)
    return getattr(library, (_OF_MODEL | _OF_SPECTRUM)[figure])(ds, **options)


def _write(
    output: Path,
    figure: str,
    ds: xr.Dataset,
    wanted: spectra.Model | Sequence[spectra.Layer],
    scale: Scale | None,
) -> None:
    """Draw a figure and write it to a file."""
    options = {} if scale is None else {"scale": scale}
    if _is_page(output):
        interactive.to_file(_drawn(interactive, figure, ds, wanted, **options), output)
        return
    with plots.to_file(output) as ax:
        _drawn(plots, figure, ds, wanted, ax=ax, **options)


def _of_store(ds: xr.Dataset, figure: str, layer: str | None) -> xr.Dataset:
    """Return the results of all layers, or of one, from a store, which has no matrices."""
    if figure in _OF_MATRICES:
        msg = f"the figure {figure} needs the matrices, which a store does not have: give the model"
        raise ArgumentError(msg)
    if layer is None:
        return ds
    names = ds.layer.values.tolist()
    if layer not in names:
        raise unknown_name(layer, names, what="layer")
    return ds.isel(layer=[names.index(layer)])


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
@options.store
@options.device
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
    help="File of the figure, with the ending .png, .pdf or .svg, or .html for an interactive "
    "figure, which needs the extra plotly, and no network. Only an earlier figure is replaced.",
)
def plot(
    path: str,
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    workers: int | None,
    memory: int | None,
    store: FolderStore | Path | None,
    device: str | None,
    layer: str | None,
    figure: str | None,
    scale: Scale | None,
    output: Path,
) -> int:
    """Draw alpha against depth, the spectrum of one layer, or another figure by its name."""
    chosen = figure or ("flow" if layer is None else "esd")
    _check_options(chosen, layer, scale)
    _check_output(output)
    wanted: spectra.Model | Sequence[spectra.Layer] = ()
    if known := steps.loaded([path], unused=options.CHOICES):
        (tensors,), (ds,) = known
        ds = _of_store(ds, chosen, layer)
    else:
        model = steps.opened(path, include, exclude, redirect_to=redirect_to)
        wanted = model if layer is None else _one(spectra.layers(model, pool=pool), layer)
        tensors = spectra.describe(wanted, pool=pool)
        asked = [*measures.CORE, measures.bulk_fit]
        limits = Resources(workers, memory, device=device)
        ds = work.analyzed(
            wanted, keep=False, pool=pool, measures=asked, store=store, resources=limits
        )
    code, why = steps.exit_code(ds, tensors), left_out_line(tensors, ds)
    if not (ds.status == Status.COMPUTED).any():
        why = why or "a model without tensors"
        screen.note(f"spectra: {shown(path)}: no layer to draw; {why}")
        return code
    _write(output, chosen, ds, wanted, scale)
    screen.note(f"wrote {output}")
    if code:
        screen.note(why, fold=True)
    return code
