"""Interactive figure of the tails of the power law and of the trace-log condition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._palette import FAULT, TAIL
from spectra_io.plots.interactive._drawing import Drawing
from spectra_io.plots.interactive._esd import axes, draw
from spectra_io.plots.interactive._markup import name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["erg"]


def erg(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, N: int | None = None
) -> go.Figure:
    """
    Draw the spectral density of a layer, and where its two tails start.

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
        If the layer has no positive eigenvalue, with the reason.

    See Also
    --------
    spectra.results.plotdata.erg : Numbers of the figure.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> import numpy as np
    >>> erg(np.random.default_rng(0).pareto(1.5, 300) + 1).data[-1].name
    'trace-log tail from here: 133'
    """
    drawing = Drawing()
    numbers = _plotdata.erg(data, layer=layer, N=N)
    labels, heights = _labels.erg(numbers), _ranges.density_heights(numbers.esd, "log-log")
    draw(drawing, numbers.esd)
    if math.isfinite(numbers.xmin):
        drawing.vertical(numbers.xmin, heights, TAIL, labels["power law"], logarithmic=True)
    if numbers.num_erg:
        drawing.vertical(
            numbers.edge, heights, FAULT, labels["trace-log"], dash="dashdot", logarithmic=True
        )
    x, y = axes(numbers.esd, lines=5)
    return drawing.done(title=name_of(numbers.esd.name), x=x, y=y, caption=numbers.caption)
