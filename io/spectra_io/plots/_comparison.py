"""Draw the difference of draws from a law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._canvas import finish, fresh_axes, ink, legend_above, title, width_of
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots._ranges import difference_heights, quantile_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["comparison"]


def comparison(ds: xr.Dataset, /, *, ax: Axes | None = None) -> Axes:
    """
    Draw the difference of draws from the law that they are compared with.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.compare`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If the Dataset is not a result of ``compare``.

    See Also
    --------
    spectra.results.plotdata.comparison : Numbers of the figure, and the sentence of the verdict.

    Notes
    -----
    The line is the mean distribution function of the draws less that of the law, at the quantiles
    of the law, with a band of two standard errors. The dashed line is the difference that is
    expected at this size. Draws that obey the law stay between the dotted lines in 95 % of cases.

    Examples
    --------
    >>> from spectra.theory import compare, ensembles, laws
    >>> W = ensembles.gaussian((60, 30), num=20, rng=0).W
    >>> comparison(compare(W, laws.marchenko_pastur(0.5, mean=60.0), rng=1)).get_ylabel()
    'difference from the law'
    """
    numbers = _plotdata.comparison(ds)
    labels = _labels.comparison(numbers)
    ax = fresh_axes(ax)
    q, y, two = numbers.q, numbers.difference, 2 * numbers.error
    if np.isfinite(two).all():
        ax.fill_between(q, y - two, y + two, color=DATA, alpha=0.25, linewidth=0,
                        label=labels["error"])  # fmt: skip
    ax.plot(q, y, color=DATA, linewidth=1.5, label=labels["draws"])
    around = np.nan_to_num(numbers.expected)
    if np.isfinite(numbers.expected).all():
        ax.plot(q, around, color=TAIL, linestyle="--", linewidth=1.5, label=labels["expected"])
    if math.isfinite(numbers.reach):
        for sign, label in ((1, labels["reach"]), (-1, None)):
            ax.plot(q, around + sign * numbers.reach, color=TAIL, linestyle=":", linewidth=1.2,
                    label=label)  # fmt: skip
    ax.axhline(0, color=ink(), linewidth=0.8, label=labels["zero"])
    ax.set(xlim=(0, 1), ylim=difference_heights(numbers))
    places, words = quantile_ticks(numbers, few=width_of(ax) < 4)
    ax.set_xticks(places, words)
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, numbers.name, labels["verdict"], pad=legend_above(ax))
    finish(ax)
    return ax
