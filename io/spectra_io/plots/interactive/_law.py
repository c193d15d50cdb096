"""Interactive figure of the density of a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import spectra.results.plotdata as _plotdata
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots._ranges import law_top
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
        Law such as :mod:`spectra.noise.marchenko_pastur`, a distribution of scipy.stats, or the
        density itself.
    *parameters : float
        Parameters of the law, after x: ``0.5`` for the ratio of a Marchenko-Pastur law.
    x : array_like, optional
        Points; by default between the quantiles of 0.001 and 0.999, or over the range of the data.
    data : array_like, optional
        Data in the unit of the law.

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
    ends = [*numbers.x, *numbers.edges]
    if len(numbers.edges):
        drawing.bars(numbers.histogram, numbers.edges, DATA, "data", what="x")
    drawing.line(numbers.x, numbers.density, TAIL, name_of(numbers.name))
    top = law_top(numbers.density, numbers.histogram)
    return drawing.done(
        title="",
        x=axis("x", min(ends, default=0.0), max(ends, default=1.0)),
        y=axis("density", 0, top, lines=1 + bool(len(numbers.edges))),
        caption=numbers.caption,
    )
