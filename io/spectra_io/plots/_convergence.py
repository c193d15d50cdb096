"""Draw the distance of an ensemble from its law against size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._canvas import finish, fresh_axes, ink, legend, paper, room, round_ticks
from spectra_io.plots._palette import DATA, FAULT, TAIL
from spectra_io.plots._ranges import convergence_axes, size_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["convergence"]


def convergence(ds: xr.Dataset, /, *, ax: Axes | None = None) -> Axes:
    """
    Draw the distance of an ensemble from its law against size, with the fitted rate.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.scan`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If the Dataset is not a result of ``scan``.

    See Also
    --------
    spectra.results.plotdata.convergence : Numbers of the figure.

    Notes
    -----
    Distances below twice what chance gives have no mark of their own: a triangle is their upper
    limit, and they do not count for the rate.

    Examples
    --------
    >>> from spectra.theory import ensembles, laws, scan
    >>> draw = lambda n, rng: ensembles.hermite(n, rng=rng)[0]
    >>> convergence(scan(draw, lambda n: laws.semicircle(variance=n), [20, 40], rng=0)).get_yscale()
    'log'
    """
    numbers = _plotdata.convergence(ds)
    labels = _labels.convergence(numbers)
    ax = fresh_axes(ax)
    size, distance, error = numbers.size, numbers.distance, numbers.error
    order = np.argsort(size)
    ax.plot(size[order], error[order], color=ink(), linestyle=":", linewidth=1.2, marker=".",
            label=labels["chance"])  # fmt: skip
    if labels["rate"]:
        ax.plot(size[order], numbers.fitted[order], color=TAIL, linestyle="--", linewidth=1.5,
                label=labels["rate"])  # fmt: skip
    kinds = (
        (numbers.clear & ~numbers.different, DATA, "o", labels["distance"]),
        (numbers.clear & numbers.different, FAULT, "X", labels["different"]),
    )
    for there, color, mark, label in kinds:
        if there.any():
            ax.errorbar(size[there], distance[there], error[there], color=color, fmt=mark,
                        markersize=6, capsize=2, label=label)  # fmt: skip
    limits = (
        (~numbers.clear & ~numbers.different, DATA, labels["limit"]),
        (~numbers.clear & numbers.different, FAULT, labels["different limit"]),
    )
    for there, color, label in limits:
        if there.any():
            ax.plot(size[there], distance[there] + 2 * error[there], color=color, marker="v",
                    linestyle="", markerfacecolor=paper(ax), label=label)  # fmt: skip
    ends, heights = convergence_axes(numbers)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=heights)
    round_ticks(ax, *ends)
    if sizes := size_ticks(numbers):
        ax.set_xticks(sizes, list(map(str, sizes)))
        ax.set_xticks([], minor=True)
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    finish(ax)
    room(ax, len(ax.get_legend_handles_labels()[1]))
    legend(ax, loc="upper right")
    return ax
