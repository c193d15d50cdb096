"""Interactive figure of the noise of a layer and its spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._palette import DATA, GOOD, TAIL
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["noise"]


def noise(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, N: int | None = None
) -> go.Figure:
    """
    Draw the bulk of a spectrum with its law, the fluctuation of its edge, and the spikes.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    N : int, optional
        Longer side of the matrix, for plain eigenvalues.

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
        If the layer has several matrices, which have a law each, or too few eigenvalues.

    See Also
    --------
    spectra.results.plotdata.noise : Numbers of the figure.
    spectra.noise.spikes.detect : Tests of the spikes.

    Notes
    -----
    Spikes beyond the end of the axis come into view when the axis is moved or zoomed out.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((100, 60))
    >>> noise(spectra.spectrum(W)).layout.xaxis.type
    'linear'
    """
    drawing = Drawing()
    numbers = _plotdata.noise(data, layer=layer, N=N)
    labels = _labels.noise(numbers)
    top = float(numbers.density.max())
    end, near = _ranges.spike_axis(numbers)
    drawing.band(
        [numbers.edge_low, numbers.edge_high], [0, 0], [1e3 * top] * 2, GOOD, labels["edge"],
        opacity=0.3,
    )  # fmt: skip
    drawing.bars(numbers.density, numbers.edges, DATA)
    drawing.line(numbers.x, numbers.law, INK, labels["law"])
    if num := len(numbers.spikes):
        drawing.marks(
            numbers.spikes, np.full(num, 0.03 * top), TAIL, "triangle-down", labels["spikes"],
            size=9, hover="spike λ = %{x:.4g}",
        )  # fmt: skip
        if near < num:
            drawing.write(f"{num - near} beyond →", end, 0.03 * top, side=-1)
    return drawing.done(
        title=name_of(numbers.name),
        remark=markup(labels["p"]),
        x=axis(markup(labels["x"]), 0, end),
        y=axis(markup(labels["y"]), 0, 1.1 * top, lines=3),
        caption=numbers.caption,
    )
