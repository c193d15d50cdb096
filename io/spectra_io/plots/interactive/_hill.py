"""Interactive figure of the Hill plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

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

__all__ = ["hill"]


def hill(data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None) -> go.Figure:
    """
    Draw the Hill estimates of alpha against the number of eigenvalues in the tail.

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
        If the layer has fewer than two different eigenvalues that are not zero.

    See Also
    --------
    spectra.results.plotdata.hill : Numbers of the figure.

    Examples
    --------
    >>> import numpy as np
    >>> hill(np.random.default_rng(0).pareto(1.5, 300) + 1).layout.xaxis.type
    'log'
    """
    drawing = Drawing()
    numbers = _plotdata.hill(data, layer=layer)
    labels, k = _labels.hill(numbers), numbers.k
    ends = float(k[0]), float(max(k[-1], k[0] + 1))
    drawing.band(k, numbers.low, numbers.high, DATA)
    hover = "eigenvalues in the tail: %{x}<br>α = %{y:.3f}"
    drawing.line(k, numbers.alpha, DATA, labels["estimate"], hover=hover)
    if math.isfinite(numbers.fitted):
        drawing.horizontal(numbers.fitted, ends, TAIL)
        drawing.marks(
            [numbers.num_tail], [numbers.fitted], TAIL, "diamond", labels["fit"], size=11,
            hover=hover,
        )  # fmt: skip
    if math.isfinite(numbers.half):
        drawing.horizontal(numbers.half, ends, INK, labels["half"], dash="dash")
    return drawing.done(
        title=name_of(numbers.name),
        x=axis(markup(labels["x"]), *ends, logarithmic=True),
        y=axis(markup(labels["y"]), 1, _ranges.hill_top(numbers), lines=3),
        caption=numbers.caption,
    )
