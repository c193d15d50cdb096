"""Interactive figure of the distance of an ensemble from its law against size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._palette import DATA, FAULT, TAIL
from spectra_io.plots._ranges import convergence_axes, size_ticks
from spectra_io.plots.interactive._drawing import INK, Drawing, axis

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["convergence"]


def convergence(ds: xr.Dataset, /) -> go.Figure:
    """
    Draw the distance of an ensemble from its law against size, with the fitted rate.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.scan`.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If the Dataset is not a result of ``scan``.

    See Also
    --------
    spectra.results.plotdata.convergence : Numbers of the figure.
    spectra_io.plots.convergence : The same with matplotlib, and what the marks mean.

    Examples
    --------
    >>> from spectra.theory import ensembles, laws, scan
    >>> draw = lambda n, rng: ensembles.hermite(n, rng=rng)[0]
    >>> found = scan(draw, lambda n: laws.semicircle(variance=n), [20, 40], rng=0)
    >>> convergence(found).layout.yaxis.type
    'log'
    """
    drawing = Drawing()
    numbers = _plotdata.convergence(ds)
    labels = _labels.convergence(numbers)
    size, distance, error = numbers.size, numbers.distance, numbers.error
    order = np.argsort(size)
    drawing.line(size[order], error[order], INK, labels["chance"], dash="dot", width=1.2)
    if labels["rate"]:
        drawing.line(size[order], numbers.fitted[order], TAIL, labels["rate"], dash="dash")
    kinds = (
        (numbers.clear & ~numbers.different, DATA, "circle", labels["distance"]),
        (numbers.clear & numbers.different, FAULT, "x", labels["different"]),
    )
    for there, color, mark, label in kinds:
        if there.any():
            bars = {"type": "data", "array": error[there], "thickness": 1.2}
            drawing.marks(size[there], distance[there], color, mark, label, size=8, error_y=bars)
    limits = (
        (~numbers.clear & ~numbers.different, DATA, labels["limit"]),
        (~numbers.clear & numbers.different, FAULT, labels["different limit"]),
    )
    for there, color, label in limits:
        if there.any():
            top = distance[there] + 2 * error[there]
            drawing.marks(size[there], top, color, "triangle-down-open", label, size=9)
    sizes = size_ticks(numbers)
    ticks = {"tickvals": sizes, "ticktext": list(map(str, sizes))} if sizes else {}
    ends, heights = convergence_axes(numbers)
    lines = sum(bool(trace.name) for trace in drawing.figure.data)
    return drawing.done(
        title="",
        x={**axis(labels["x"], *ends, logarithmic=True), **ticks},
        y=axis(labels["y"], *heights, logarithmic=True, lines=lines),
        caption=numbers.caption,
    )
