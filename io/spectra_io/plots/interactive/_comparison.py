"""Interactive figure of the difference of draws from a law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots._ranges import difference_heights, quantile_ticks
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import escaped, markup, name_of

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["comparison"]


def comparison(ds: xr.Dataset, /) -> go.Figure:
    """
    Draw the difference of draws from the law that they are compared with.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.compare`.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If the Dataset is not a result of ``compare``.

    See Also
    --------
    spectra.results.plotdata.comparison : Numbers of the figure, and the sentence of the verdict.
    spectra_io.plots.comparison : The same with matplotlib, and what the lines mean.

    Examples
    --------
    >>> from spectra.theory import compare, ensembles, laws
    >>> W = ensembles.gaussian((60, 30), num=20, rng=0).W
    >>> comparison(compare(W, laws.marchenko_pastur(0.5, mean=60.0), rng=1)).layout.xaxis.range
    (0.0, 1.0)
    """
    drawing = Drawing()
    numbers = _plotdata.comparison(ds)
    labels = _labels.comparison(numbers)
    q, y, two = numbers.q, numbers.difference, 2 * numbers.error
    if np.isfinite(two).all():
        drawing.band(q, y - two, y + two, DATA, labels["error"], opacity=0.25)
    drawing.line(
        q, y, DATA, labels["draws"], customdata=numbers.x,
        hover="λ = %{customdata:.4g}<br>%{x:.4g}, %{y:.4g}",
    )  # fmt: skip
    around = np.nan_to_num(numbers.expected)
    if np.isfinite(numbers.expected).all():
        drawing.line(q, around, TAIL, labels["expected"], dash="dash")
    if math.isfinite(numbers.reach):
        for sign, label in ((1, labels["reach"]), (-1, "")):
            drawing.line(q, around + sign * numbers.reach, TAIL, label, dash="dot", width=1.2)
    drawing.horizontal(0.0, (0.0, 1.0), INK, labels["zero"], dash="solid")
    places, words = quantile_ticks(numbers)
    ticks = {"tickvals": places, "ticktext": [markup(word) for word in words]}
    return drawing.done(
        title=name_of(numbers.name),
        remark=escaped(labels["verdict"]),
        x={**axis(labels["x"], 0.0, 1.0), **ticks},
        y=axis(labels["y"], *difference_heights(numbers), lines=5),
        caption=numbers.caption,
    )
