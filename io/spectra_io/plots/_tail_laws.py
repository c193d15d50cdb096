"""Draw a tail with every fitted law."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._canvas import (
    LINES,
    finish,
    fresh_axes,
    height_of,
    ink,
    legend,
    round_ticks,
    title,
    width_of,
)
from spectra_io.plots._palette import PALETTE

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["tail_laws"]


def tail_laws(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    xmin: float | None = None,
    ax: Axes | None = None,
) -> Axes:
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
        If the layer has no tail of at least two different eigenvalues.

    See Also
    --------
    spectra.results.plotdata.tail_laws : Numbers of the figure.
    spectra.tails.alternatives.compare : Tests between the laws.

    Notes
    -----
    R in the legend is the likelihood ratio of the power law to the other law over its standard
    deviation: below 0 the other law is likelier, and p says whether that is more than chance.

    Examples
    --------
    >>> import numpy as np
    >>> tail_laws(np.random.default_rng(0).pareto(1.5, 300) + 1).get_ylabel()
    'share of the tail that is larger'
    """
    numbers = _plotdata.tail_laws(data, layer=layer, xmin=xmin)
    ax = fresh_axes(ax)
    labels = _labels.tail_laws(numbers, parameters=width_of(ax) > 4)
    ax.plot(numbers.eigenvalue, numbers.ccdf, "o", color=ink(), markersize=3.5, alpha=0.6,
            label=labels["tail"])  # fmt: skip
    for i, (law, survival) in enumerate(numbers.laws.items()):
        ax.plot(
            numbers.x, survival, color=PALETTE[(i + 1) % len(PALETTE)], linewidth=1.8,
            linestyle=LINES[i], label=labels[law],
        )  # fmt: skip
    same = wrap(labels["limits"], int(11 * width_of(ax)))
    if same:
        ax.plot([], [], linestyle="none", label="\n".join(same))
    least = 1 / len(numbers.eigenvalue)
    lines = len(numbers.laws) + 1 + len(same)
    inches = height_of(ax) * 0.75
    share = min(0.5, 0.17 * lines / inches)  # for the legend, below the tail
    ax.set(xscale="log", yscale="log", ylim=((least / 1.5) ** (1 / (1 - share)), 1.3))
    round_ticks(ax, numbers.eigenvalue[0], numbers.eigenvalue[-1])
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, numbers.name)
    finish(ax)
    legend(ax, loc="lower left")
    return ax
