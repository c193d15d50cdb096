"""Draw the noise of a layer and its spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._canvas import finish, fresh_axes, ink, legend, room, steps, title
from spectra_io.plots._palette import DATA, GOOD, TAIL

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["noise"]


def noise(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    N: int | None = None,
    ax: Axes | None = None,
) -> Axes:
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
        If the layer has several matrices, which have a law each, or too few eigenvalues.

    See Also
    --------
    spectra.results.plotdata.noise : Numbers of the figure.
    spectra.noise.spikes.detect : Tests of the spikes.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((100, 60))
    >>> noise(spectra.spectrum(W)).get_xscale()
    'linear'
    """
    numbers = _plotdata.noise(data, layer=layer, N=N)
    labels = _labels.noise(numbers)
    ax = fresh_axes(ax)
    steps(ax, numbers.density, numbers.edges, DATA)
    ax.plot(numbers.x, numbers.law, color=ink(), linewidth=1.5, label=labels["law"])
    ax.axvspan(numbers.edge_low, numbers.edge_high, color=GOOD, alpha=0.3, linewidth=0,
               label=labels["edge"])  # fmt: skip
    top = float(numbers.density.max())
    end, num_near = _ranges.spike_axis(numbers)
    near, beyond = numbers.spikes[:num_near], numbers.spikes[num_near:]
    if len(numbers.spikes):
        label = labels["spikes"]
        ax.plot(near, [0.03 * top] * len(near), "v", color=TAIL, markersize=6, label=label)
        if len(beyond):
            ax.plot([0.99 * end], [0.03 * top], ">", color=TAIL, markersize=8,
                    label=None if len(near) else label)  # fmt: skip
            if not len(near):
                ax.lines[-2].set_label("")
    ax.set(xlim=(0, end), ylim=(0, 1.1 * top))
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, numbers.name, labels["p"])
    finish(ax)
    room(ax, 3, logarithmic=False)
    legend(ax, loc="upper right")
    return ax
