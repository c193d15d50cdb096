"""Draw the spread of singular vectors against their eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._canvas import (
    finish,
    fresh_axes,
    height_of,
    ink,
    legend,
    room,
    round_ticks,
    title,
)
from spectra_io.plots._matrices import matrices
from spectra_io.plots._palette import DATA, TAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from spectra import Layer

__all__ = ["vectors"]


def vectors(
    data: npt.ArrayLike | Layer | Mapping[str, object],
    /,
    *,
    layer: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw on how many elements each singular vector is spread, against its eigenvalue.

    Parameters
    ----------
    data : array_like, Spectrum, Layer, or Model
        Matrix or stack of matrices, a layer, or a model with the name of a layer. The result of
        :func:`spectra.analyze` does not keep the matrices.
    layer : str, optional
        Name of the layer of a model.
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
        If the layer is all zero or not finite, or `data` has no matrices.

    See Also
    --------
    spectra.results.plotdata.vectors : Numbers of the figure, and what the elbow is.

    Examples
    --------
    >>> import numpy as np
    >>> vectors(np.random.default_rng(0).standard_normal((60, 40))).get_xscale()
    'log'
    """
    found, name = matrices(data, layer)
    numbers = _plotdata.vectors(found, name=name)
    labels = _labels.vectors(numbers)
    ax = fresh_axes(ax)
    x, y, far = numbers.eigenvalue, numbers.participation, numbers.localized
    many = 3.0 if len(x) > 200 else 5.0
    ax.plot(x[~far], y[~far], "o", color=DATA, markersize=many, alpha=0.6, label=labels["spread"])
    ax.plot(x[far], y[far], "^", color=TAIL, markersize=many + 1, label=labels["localized"])
    ax.axhline(numbers.noise, color=ink(), linewidth=1, label=labels["noise"])
    ax.axhline(numbers.noise_low, color=ink(), linewidth=1, linestyle="--",
               label=labels["limit"])  # fmt: skip
    if np.isfinite(numbers.elbow):
        ax.axvline(numbers.elbow, color=TAIL, linestyle=":",
                   label=labels["elbow"])  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.set_ylim(*_ranges.participation_heights(numbers))
    round_ticks(ax, x[-1], x[0])
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, name)
    finish(ax)
    room(ax, 5)
    _count_ticks(ax)
    legend(ax, loc="upper right")
    return ax


def _count_ticks(ax: Axes) -> None:
    """Label a logarithmic axis of counts with round numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    low, high = ax.get_ylim()
    dense = high > 100 * low and height_of(ax) < 4
    ax.yaxis.set_major_locator(LogLocator(subs=(1,) if dense else (1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
