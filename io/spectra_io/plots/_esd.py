"""Draw the spectral density of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._canvas import (
    finish,
    fresh_axes,
    ink,
    legend,
    room,
    round_ticks,
    steps,
    title,
    width_of,
)
from spectra_io.plots._palette import DATA, TAIL

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["draw", "esd"]


def esd(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    N: int | None = None,
    scale: _plotdata.Scale = "log-log",
    ax: Axes | None = None,
) -> Axes:
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
        If the layer has no positive eigenvalue, with the reason, or an argument is wrong.

    See Also
    --------
    spectra.results.plotdata.esd : Numbers of the figure.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> esd(ds, layer="fc").get_xscale()
    'log'
    """
    numbers = _plotdata.esd(data, layer=layer, N=N, scale=scale)
    ax = fresh_axes(ax)
    draw(ax, numbers, scale)
    if len(numbers.tail):
        start = _labels.esd(numbers, scale)["start"]
        ax.axvline(numbers.tail[0], color=TAIL, linestyle=":", label=start)
    lines = len(ax.get_legend_handles_labels()[1]) + bool(numbers.support)
    room(ax, lines, logarithmic=scale == "log-log")
    legend(ax, loc="upper right")
    return ax


def draw(ax: Axes, numbers: _plotdata.ESD, scale: _plotdata.Scale = "log-log") -> None:
    """Draw density, law of noise and tail, with axes and title."""
    labels = _labels.esd(numbers, scale)
    steps(ax, numbers.density, numbers.edges, DATA)
    if len(numbers.bulk):
        bulk = numbers.bulk, numbers.bulk_density
        ax.plot(*bulk, color=ink(), linewidth=1.5, label=labels["noise"])
    words = labels["tail"]
    if width_of(ax) < 4.5 and len(numbers.tail):
        words = words.replace(" eigenvalues", "")
    (line,) = ax.plot(
        numbers.tail, numbers.tail_density, color=TAIL, linewidth=2, linestyle="--", label=words
    )
    if not len(numbers.tail):
        line.set_linestyle("none")
    vertical, _, horizontal = scale.partition("-")
    ax.set(xscale=_AXIS[horizontal], yscale=_AXIS[vertical])
    ax.set_ylim(*_ranges.density_heights(numbers, scale))
    if horizontal == "log":
        round_ticks(ax, numbers.edges[0], numbers.edges[-1])
    else:
        ax.set_xlim(left=0 if numbers.edges[0] < numbers.edges[-1] / 3 else None)
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, numbers.name)
    finish(ax)


_AXIS = {"log": "log", "lin": "linear"}
