"""Draw the tails of the power law and of the trace-log condition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._canvas import fresh_axes, legend, room
from spectra_io.plots._esd import draw
from spectra_io.plots._palette import FAULT, TAIL

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["erg"]


def erg(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    N: int | None = None,
    ax: Axes | None = None,
) -> Axes:
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
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
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
    >>> erg(np.random.default_rng(0).pareto(1.5, 300) + 1).get_xscale()
    'log'
    """
    numbers = _plotdata.erg(data, layer=layer, N=N)
    labels = _labels.erg(numbers)
    ax = fresh_axes(ax)
    draw(ax, numbers.esd)
    if math.isfinite(numbers.xmin):
        label = labels["power law"]
        ax.axvline(numbers.xmin, color=TAIL, linestyle=":", linewidth=1.5, label=label)
    if numbers.num_erg:
        label = labels["trace-log"]
        ax.axvline(numbers.edge, color=FAULT, linestyle="-.", linewidth=1.5, label=label)
    room(ax, 5)
    legend(ax, loc="upper right")
    return ax
