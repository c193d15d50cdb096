"""Interactive figure of distance and alpha against xmin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._palette import DATA, FAULT, GOOD, TAIL
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["xmin_scan"]


def xmin_scan(data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None) -> go.Figure:
    """
    Draw the distance from a power law, and its exponent, against the start of the tail.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.

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
        If the layer has no power law, with the reason.

    See Also
    --------
    spectra.results.plotdata.xmin_scan : Numbers of the figure.
    spectra_io.plots.xmin_scan : The same with matplotlib, and what the marks are.

    Examples
    --------
    >>> import numpy as np
    >>> xmin_scan(np.random.default_rng(0).pareto(1.5, 300) + 1).layout.yaxis.title.text
    'distance D'
    """
    drawing = Drawing()
    numbers = _plotdata.xmin_scan(data, layer=layer)
    labels, top = _labels.xmin_scan(numbers), _ranges.distance_top(numbers)
    _draw_exponents(drawing, numbers, labels["alpha"])
    start = "xmin = %{x:.4g}"
    drawing.line(
        numbers.xmin, numbers.D, DATA, labels["D"], customdata=numbers.num_tail,
        hover=f"{start}<br>D = %{{y:.4f}}<br>eigenvalues in the tail: %{{customdata}}",
    )  # fmt: skip
    if len(numbers.rivals):
        heights = np.interp(numbers.rivals, numbers.xmin, numbers.D)
        drawing.marks(numbers.rivals, heights, GOOD, "triangle-down", labels["rivals"], hover=start)
    if np.isfinite(numbers.rival_xmin):
        height = np.interp(numbers.rival_xmin, numbers.xmin, numbers.D)
        drawing.marks(
            [numbers.rival_xmin], [height], FAULT, "star", labels["rival"], size=14, hover=start
        )
    drawing.vertical(numbers.chosen, (0, top), INK, labels["start"])
    lines = len([trace for trace in drawing.figure.data if trace.showlegend])
    ends = _ranges.exponent_heights(numbers) or (1.0, 2.0)
    x_ends = float(numbers.xmin[0]), float(numbers.xmin[-1])
    right = axis(
        markup(labels["right"]), *ends, lines=lines, overlaying="y", side="right", showgrid=False,
        tickmode="auto", color=TAIL,
    )  # fmt: skip
    return drawing.done(
        title=name_of(numbers.name),
        x=axis(markup(labels["x"]), *x_ends, logarithmic=True),
        y=axis(markup(labels["y"]), 0, top, lines=lines, color=DATA),
        caption=numbers.caption,
        yaxis2=right,
        legend="left",
    )


def _draw_exponents(drawing: Drawing, numbers: _plotdata.XminScan, label: str) -> None:
    """Draw alpha with its standard error on the right axis."""
    kept = _ranges.long_enough(numbers)
    x, alpha, sigma = numbers.xmin[kept], numbers.alpha[kept], numbers.sigma[kept]
    drawing.band(x, alpha - sigma, alpha + sigma, TAIL, yaxis="y2")
    drawing.line(
        x, alpha, TAIL, label, dash="dash", width=1.4, yaxis="y2", customdata=sigma,
        hover="xmin = %{x:.4g}<br>α = %{y:.3f} ± %{customdata:.3f}",
    )  # fmt: skip
