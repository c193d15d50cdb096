"""Interactive figure of the density of a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
from spectra_io.plots._palette import DATA, GOOD, TAIL
from spectra_io.plots._ranges import law_ends, law_top
from spectra_io.plots.interactive._drawing import Drawing, axis
from spectra_io.plots.interactive._markup import name_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

__all__ = ["law"]


def law(
    law: Any, /, *parameters: float, x: npt.ArrayLike | None = None, data: npt.ArrayLike = ()
) -> go.Figure:
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

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If the law has no density, or there is nothing that tells the range of x.

    See Also
    --------
    spectra.results.plotdata.theory : Numbers of the figure.

    Examples
    --------
    >>> from spectra.noise import tracy_widom
    >>> law(tracy_widom).data[0].name
    'tracy_widom'
    """
    drawing = Drawing()
    numbers = _plotdata.theory(law, *parameters, x=x, data=data)
    ends = law_ends(numbers)
    if len(numbers.edges):
        drawing.bars(numbers.histogram, numbers.edges, DATA, "data", what="x")
    labels, top = _labels.law(numbers), law_top(numbers.density, numbers.histogram)
    if len(numbers.x):
        drawing.line(numbers.x, numbers.density, TAIL, name_of(numbers.name))
    if len(numbers.atoms):
        stems = np.stack([numbers.atoms, numbers.atoms, numbers.atoms * np.nan], axis=1).ravel()
        heights = np.stack([0 * numbers.share, top * numbers.share, np.nan * numbers.share], axis=1)
        drawing.line(stems, heights.ravel(), GOOD)
        drawing.marks(
            numbers.atoms, top * numbers.share, GOOD, "triangle-up", labels["atoms"], size=9,
            customdata=numbers.share, hover="%{customdata:.4g} of the law is at %{x:.4g} itself",
        )  # fmt: skip
    return drawing.done(
        title="",
        x=axis(labels["x"], *ends),
        y=axis(labels["y"], 0, top, lines=sum(bool(trace.name) for trace in drawing.figure.data)),
        caption=numbers.caption,
    )
