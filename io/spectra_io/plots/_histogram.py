"""Draw histograms of a variable over the layers of models."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
from spectra_io.plots._canvas import (
    LINES,
    finish,
    fresh_axes,
    label_of,
    legend_above,
    round_ticks,
    width_of,
)
from spectra_io.plots._palette import GOOD, PALETTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["histogram"]


def histogram(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset],
    /,
    *,
    column: str = "alpha",
    bins: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw how many layers of one or more models have which value of a variable.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`; a Dataset may have a dimension such as ``model``.
    column : str, default: "alpha"
        Variable of numbers, one per layer.
    bins : int, optional
        Number of bins.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    UnknownNameError
        If a Dataset has no such variable.
    ArgumentError
        If the variable has no numbers per layer.

    See Also
    --------
    spectra.results.plotdata.histogram : Numbers of the figure.

    Notes
    -----
    Marks below the axis are the medians. Of models of unequal size the share of layers is drawn.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (60, 40)) for i in range(4)})
    >>> histogram(ds).get_ylabel()
    'number of layers'
    """
    numbers = _plotdata.histogram(models, column=column, bins=bins)
    ax = fresh_axes(ax)
    if column == "alpha":
        low, high = OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
        ax.axvspan(low, high, color=GOOD, alpha=0.12, linewidth=0)
    shares = _parts.histogram(numbers, room=11 * width_of(ax))
    styles = zip(cycle(PALETTE), cycle(LINES), strict=False)
    several, length = len(shares.heights) > 1, 32 if width_of(ax) > 4.5 else 16
    for (name, heights), (color, line) in zip(shares.heights.items(), styles, strict=False):
        label = f"{label_of(name, length)}: {shares.labels[name]}"
        ax.stairs(heights, numbers.edges, fill=True, color=color, alpha=0.2 if several else 0.35)
        ax.stairs(heights, numbers.edges, color=color, linestyle=line, linewidth=1.6, label=label)
        ax.plot(
            numbers.medians[name], -0.015, "^", color=color, markersize=7, clip_on=False,
            transform=ax.get_xaxis_transform(), zorder=9,
        )  # fmt: skip
    if numbers.logarithmic:
        ax.set_xscale("log")
        round_ticks(ax, numbers.edges[0], numbers.edges[-1])
    room = 0.02 * (numbers.edges[-1] - numbers.edges[0])
    if not numbers.logarithmic:
        ax.set_xlim(numbers.edges[0] - room, numbers.edges[-1] + room)
    ax.set_xlabel(shares.x, parse_math=False)
    ax.set_ylabel(shares.y)
    if shares.whole:
        from matplotlib.ticker import MaxNLocator

        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(bottom=0)
    legend_above(ax)
    finish(ax)
    return ax
