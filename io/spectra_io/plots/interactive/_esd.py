"""Interactive figure of the spectral density of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["axes", "draw", "esd"]


def esd(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    N: int | None = None,
    scale: _plotdata.Scale = "log-log",
) -> go.Figure:
    """
    Draw the spectral density of a layer with the fitted tail and the law of its noise.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    N : int, optional
        Longer side of the matrix, for the law of noise of plain eigenvalues.
    scale : {"log-log", "lin-log", "lin-lin"}, default: "log-log"
        Scales of the vertical and of the horizontal axis.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no positive eigenvalue, with the reason, or an argument is wrong.

    See Also
    --------
    spectra.results.plotdata.esd : Numbers of the figure.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> esd(ds, layer="fc").layout.xaxis.type
    'log'
    """
    drawing = Drawing()
    numbers = _plotdata.esd(data, layer=layer, N=N, scale=scale)
    draw(drawing, numbers, scale)
    if len(numbers.tail):
        start = _labels.esd(numbers, scale)["start"]
        heights = _ranges.density_heights(numbers, scale)
        logarithmic = scale == "log-log"
        drawing.vertical(numbers.tail[0], heights, TAIL, start, logarithmic=logarithmic)
    x, y = axes(numbers, scale, lines=4)
    return drawing.done(title=name_of(numbers.name), x=x, y=y, caption=numbers.caption)


def draw(drawing: Drawing, numbers: _plotdata.ESD, scale: _plotdata.Scale = "log-log") -> None:
    """Draw density, law of noise and tail."""
    labels = _labels.esd(numbers, scale)
    height = "share per decade" if scale == "lin-log" else "density"
    drawing.bars(numbers.density, numbers.edges, DATA, height=height)
    if len(numbers.bulk):
        drawing.line(numbers.bulk, numbers.bulk_density, INK, labels["noise"])
    if len(numbers.tail):
        tail, density = numbers.tail, numbers.tail_density
        drawing.line(tail, density, TAIL, markup(labels["tail"]), dash="dash", width=2.2)
    else:
        drawing.entry(markup(labels["tail"]), "rgba(0,0,0,0)", "circle")


def axes(
    numbers: _plotdata.ESD, scale: _plotdata.Scale = "log-log", *, lines: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both axes, with room for lines of a legend."""
    labels = _labels.esd(numbers, scale)
    vertical, _, horizontal = scale.partition("-")
    start, end = float(numbers.edges[0]), float(numbers.edges[-1])
    if horizontal == "lin":
        start = 0.0 if start < end / 3 else start
    heights = _ranges.density_heights(numbers, scale)
    return (
        axis(markup(labels["x"]), start, end, logarithmic=horizontal == "log"),
        axis(markup(labels["y"]), *heights, logarithmic=vertical == "log", lines=lines),
    )
