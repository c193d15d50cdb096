"""Interactive figure of one quantity against another, with a regression for each group."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra_io.plots._palette import PALETTE
from spectra_io.plots.interactive._drawing import DASHES, INK, SYMBOLS, Drawing, axis
from spectra_io.plots.interactive._markup import escaped, markup, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import plotly.graph_objects as go

    from spectra._typing import FloatArray

__all__ = ["regression"]

_WRITTEN = 30  # points whose names are written; those of more show when they are pointed at


def regression(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    /,
    *,
    groups: Sequence[object] | None = None,
    names: Sequence[object] | None = None,
) -> go.Figure:
    """
    Draw one quantity of several models against another, with a line for each group.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Quantities, such as the mean alpha of models and their accuracy. The names of a Series or a
        DataArray label the axes.
    groups : sequence, optional
        Group of each point, such as the architecture of the model.
    names : sequence, optional
        Name of each point, written beside it.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If the arguments differ in length, or no point is finite.

    See Also
    --------
    spectra.results.plotdata.regression : Numbers of the figure.

    Examples
    --------
    >>> regression([2.1, 2.5, 3.0, 3.4], [0.71, 0.69, 0.62, 0.60]).data[0].mode
    'markers'
    """
    drawing = Drawing()
    numbers = _plotdata.regression(x, y, groups=groups)
    words, points = _parts.regression(numbers), _parts.point_names(x, y, names)
    styles = zip(cycle(PALETTE), cycle(SYMBOLS), cycle(DASHES), strict=False)
    for (group, line), (color, mark, dash) in zip(numbers.lines.items(), styles, strict=False):
        there = numbers.group == group
        label = f"{name_of(group, 24)}: {escaped(line.words)}" if group else escaped(line.words)
        _draw_points(drawing, numbers, there, points, color, mark, label)
        _draw_line(drawing, numbers.x[there], line, color, dash)
    if len(numbers.lines) > 1:
        _draw_line(drawing, numbers.x, numbers.overall, INK, "dot", markup(words["all"]))
    return drawing.done(
        title="",
        remark=words["left out"],
        x=axis(escaped(_parts.axis_name(x)), *_ends(numbers.x)),
        y=axis(escaped(_parts.axis_name(y)), *_ends(numbers.y), lines=len(numbers.lines) + 1),
        caption=numbers.caption,
    )


def _draw_points(
    drawing: Drawing,
    numbers: _plotdata.Regression,
    there: npt.NDArray[np.bool_],
    points: list[str] | None,
    color: str,
    mark: str,
    label: str,
) -> None:
    """Draw the points of one group, with their names if there are any."""
    known = [name_of(name) for name in points] if points is not None else [""] * len(numbers.x)
    kept = [name for name, own in zip(known, there, strict=True) if own]
    drawing.marks(
        numbers.x[there], numbers.y[there], color, mark, label, size=8, customdata=kept,
        hover="%{customdata}<br>%{x:.4g}, %{y:.4g}" if points is not None else "",
    )  # fmt: skip
    if points is not None and len(known) <= _WRITTEN:
        words = [name_of(name, 24) for name in points]
        for i in np.flatnonzero(there):
            drawing.write(words[i], numbers.x[i], numbers.y[i], up=6)


def _draw_line(
    drawing: Drawing, x: FloatArray, line: _plotdata.Line, color: str, dash: str, label: str = ""
) -> None:
    """Draw a line over the range of its points."""
    if np.isfinite(line.slope):
        ends = np.array([np.min(x), np.max(x)])
        drawing.line(ends, line.intercept + line.slope * ends, color, label, dash=dash, width=1.5)


def _ends(values: FloatArray) -> tuple[float, float]:
    """Return the ends of an axis around points."""
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room
