"""Draw the Hill plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._canvas import finish, fresh_axes, ink, legend, room, round_ticks, title
from spectra_io.plots._palette import DATA, TAIL

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["hill"]


def hill(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, ax: Axes | None = None
) -> Axes:
    """
    Draw the Hill estimates of alpha against the number of eigenvalues in the tail.

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
        If the layer has fewer than two different eigenvalues that are not zero.

    See Also
    --------
    spectra.results.plotdata.hill : Numbers of the figure.

    Examples
    --------
    >>> import numpy as np
    >>> hill(np.random.default_rng(0).pareto(1.5, 300) + 1).get_xscale()
    'log'
    """
    numbers = _plotdata.hill(data, layer=layer)
    labels = _labels.hill(numbers)
    ax = fresh_axes(ax)
    k, alpha = numbers.k, numbers.alpha
    ax.fill_between(k, numbers.low, numbers.high, color=DATA, alpha=0.25, linewidth=0)
    ax.plot(k, alpha, color=DATA, linewidth=1.5, label=labels["estimate"])
    if math.isfinite(numbers.fitted):
        ax.plot([numbers.num_tail], [numbers.fitted], "D", color=TAIL, markersize=7,
                label=labels["fit"])  # fmt: skip
        ax.axhline(numbers.fitted, color=TAIL, linestyle=":", linewidth=1)
    if math.isfinite(numbers.half):
        ax.axhline(numbers.half, color=ink(), linestyle="--", linewidth=1,
                   label=labels["half"])  # fmt: skip
    ax.set(xscale="log", ylim=(1, _ranges.hill_top(numbers)), xlim=(k[0], max(k[-1], k[0] + 1)))
    round_ticks(ax, int(k[0]), max(int(k[-1]), int(k[0]) + 1))
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, numbers.name)
    finish(ax)
    room(ax, 3, logarithmic=False)
    legend(ax, loc="upper right")
    return ax
