"""Draw the density of a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._canvas import finish, fresh_axes, label_of, legend, room, steps
from spectra_io.plots._palette import DATA, GOOD, TAIL
from spectra_io.plots._ranges import law_ends, law_top

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["law"]


def law(
    law: Any,
    /,
    *parameters: float,
    x: npt.ArrayLike | None = None,
    data: npt.ArrayLike = (),
    ax: Axes | None = None,
) -> Axes:
    """
    Draw the density of a law, over the histogram of data if there are any.

    Parameters
    ----------
    law : module or object with pdf, or callable
        Law of :mod:`spectra.theory.laws`, module such as :mod:`spectra.noise.marchenko_pastur`, a
        distribution of scipy.stats, or the density itself.
    *parameters : float
        Parameters of the law, after x: ``0.5`` for the ratio of a Marchenko-Pastur law.
    x : array_like, optional
        Points; by default over the intervals of the law, between the quantiles of 0.001 and 0.999,
        or over the range of the data.
    data : array_like, optional
        Data in the unit of the law, of any shape, such as a stack of spectra.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If the law has no density, or there is nothing that tells the range of x.

    See Also
    --------
    spectra.results.plotdata.theory : Numbers of the figure.

    Notes
    -----
    Single eigenvalues with a probability of their own, such as zeros, are stems whose height is
    that share of the height of the axes; data there are not in the histogram.

    Examples
    --------
    >>> from spectra.noise import tracy_widom
    >>> law(tracy_widom).get_ylabel()
    'density'
    """
    numbers = _plotdata.theory(law, *parameters, x=x, data=data)
    ax = fresh_axes(ax)
    if len(numbers.edges):
        steps(ax, numbers.histogram, numbers.edges, DATA, "data")
    labels, top = _labels.law(numbers), law_top(numbers.density, numbers.histogram)
    if len(numbers.x):
        name = label_of(numbers.name, 40)
        ax.plot(numbers.x, numbers.density, color=TAIL, linewidth=1.8, label=name)
    if len(numbers.atoms):
        ax.vlines(numbers.atoms, 0, top * numbers.share, color=GOOD, linewidth=1.8)
        ax.plot(numbers.atoms, top * numbers.share, color=GOOD, marker="^", linestyle="",
                label=labels["atoms"])  # fmt: skip
        ax.set_xlim(*law_ends(numbers))
    ax.set_ylim(0, top)
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    finish(ax)
    room(ax, len(ax.get_legend_handles_labels()[1]), logarithmic=False)
    legend(ax, loc="upper right")
    return ax
