"""Interactive figure of a tail with every fitted law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._palette import PALETTE
from spectra_io.plots.interactive._drawing import DASHES, INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["tail_laws"]


def tail_laws(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, xmin: float | None = None
) -> go.Figure:
    """
    Draw the share of larger eigenvalues in a tail, and the same of every law fitted to it.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    xmin : float, optional
        Start of the tail; by default that of the power-law fit.

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
        If the layer has no tail of at least two different eigenvalues.

    See Also
    --------
    spectra.results.plotdata.tail_laws : Numbers of the figure.
    spectra_io.plots.tail_laws : The same with matplotlib, and what R and p are.

    Examples
    --------
    >>> import numpy as np
    >>> tail_laws(np.random.default_rng(0).pareto(1.5, 300) + 1).data[0].name
    'eigenvalues'
    """
    drawing = Drawing()
    numbers = _plotdata.tail_laws(data, layer=layer, xmin=xmin)
    labels, values = _labels.tail_laws(numbers), numbers.eigenvalue
    share = "%{y:.3g} of the tail is at least this large"
    drawing.marks(
        values, numbers.ccdf, INK, "circle", labels["tail"], size=5, opacity=0.7,
        hover=f"λ = %{{x:.4g}}<br>{share}",
    )  # fmt: skip
    for i, (law, survival) in enumerate(numbers.laws.items()):
        color = PALETTE[(i + 1) % len(PALETTE)]
        hover = "λ = %{x:.4g}<br>%{y:.3g} larger"
        drawing.line(
            numbers.x, survival, color, markup(labels[law]), dash=DASHES[i], hover=hover
        )  # fmt: skip
    if numbers.limits:
        drawing.entry(markup(labels["limits"]), "rgba(0,0,0,0)", "circle")
    lines = len(numbers.laws) + 1 + bool(numbers.limits)
    least = 1 / len(values)
    share_of_legend = min(0.5, 18 * lines / 330)  # below the tail
    low = (least / 1.5) ** (1 / (1 - share_of_legend))
    return drawing.done(
        title=name_of(numbers.name),
        x=axis(markup(labels["x"]), float(values[0]) / 1.02, float(values[-1]) * 1.02,
               logarithmic=True),
        y=axis(markup(labels["y"]), low, 1.3, logarithmic=True),
        caption=numbers.caption,
        legend="below",
    )  # fmt: skip
