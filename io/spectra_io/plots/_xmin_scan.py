"""Draw distance and alpha against xmin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    title,
    width_of,
)
from spectra_io.plots._palette import DATA, FAULT, GOOD, TAIL

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["xmin_scan"]


def xmin_scan(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, ax: Axes | None = None
) -> Axes:
    """
    Draw the distance from a power law, and its exponent, against the start of the tail.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
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
        If the layer has no power law, with the reason.

    See Also
    --------
    spectra.results.plotdata.xmin_scan : Numbers of the figure.
    spectra.tails.ambiguity.rival : Exponent of a rival tail.

    Notes
    -----
    Distances are on the left axis and exponents, with one standard error, on a second axis on the
    right, for tails of at least 5 eigenvalues. Triangles are other local minima that a test at 10 %
    does not reject.

    Examples
    --------
    >>> import numpy as np
    >>> xmin_scan(np.random.default_rng(0).pareto(1.5, 300) + 1).get_ylabel()
    'distance D'
    """
    numbers = _plotdata.xmin_scan(data, layer=layer)
    labels = _labels.xmin_scan(numbers)
    ax = fresh_axes(ax)
    right = ax.twinx()
    kept = _ranges.long_enough(numbers)
    x, alpha, sigma = numbers.xmin[kept], numbers.alpha[kept], numbers.sigma[kept]
    right.fill_between(x, alpha - sigma, alpha + sigma, color=TAIL, alpha=0.2, linewidth=0)
    right.plot(x, alpha, "--", color=TAIL, linewidth=1.2)
    ax.plot([], [], "--", color=TAIL, linewidth=1.2, label=labels["alpha"])
    ax.plot(numbers.xmin, numbers.D, color=DATA, linewidth=1.5, label=labels["D"])
    heights = np.interp(numbers.rivals, numbers.xmin, numbers.D)
    if len(numbers.rivals):
        ax.plot(numbers.rivals, heights, "v", color=GOOD, markersize=4, label=labels["rivals"])
    if np.isfinite(numbers.rival_xmin):
        height = np.interp(numbers.rival_xmin, numbers.xmin, numbers.D)
        said = labels["rival"]
        ax.plot([numbers.rival_xmin], [height], "*", color=FAULT, markersize=12, label=said)
    ax.axvline(numbers.chosen, color=ink(), linestyle=":", label=labels["start"])
    ax.set_xscale("log")
    ax.set_ylim(0, _ranges.distance_top(numbers))
    if heights_right := _ranges.exponent_heights(numbers):
        right.set_ylim(*heights_right)
    lines = len(ax.get_legend_handles_labels()[1])
    for one in (ax, right):
        room(one, lines if width_of(ax) < 4.5 else -(-lines // 2), logarithmic=False)
    round_ticks(ax, numbers.xmin[0], numbers.xmin[-1])
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"], color=DATA)
    right.set_ylabel(labels["right"], color=TAIL)
    title(ax, numbers.name)
    finish(ax)
    right.spines["top"].set_visible(False)
    legend(ax, loc="upper left", ncols=1 if width_of(ax) < 4.5 else 2)
    return ax
