"""Draw one quantity against another, with a regression for each group."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra_io.plots._canvas import (
    LINES,
    MARKS,
    finish,
    fresh_axes,
    ink,
    label_of,
    legend_above,
    title,
    width_of,
)
from spectra_io.plots._palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = ["regression"]


def regression(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    /,
    *,
    groups: Sequence[object] | None = None,
    names: Sequence[object] | None = None,
    ax: Axes | None = None,
) -> Axes:
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
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If the arguments differ in length, or no point is finite.

    See Also
    --------
    spectra.results.plotdata.regression : Numbers of the figure.

    Examples
    --------
    >>> regression([2.1, 2.5, 3.0, 3.4], [0.71, 0.69, 0.62, 0.60]).get_xlabel()
    ''
    """
    numbers = _plotdata.regression(x, y, groups=groups)
    words = _parts.regression(numbers)
    ax = fresh_axes(ax)
    length = 24 if width_of(ax) > 4.5 else 12
    styles = zip(cycle(PALETTE), cycle(MARKS), cycle(LINES), strict=False)
    apart = len(numbers.lines) > 1
    for (group, line), (color, mark, dash) in zip(numbers.lines.items(), styles, strict=False):
        there = numbers.group == group
        label = f"{label_of(group, length)}: {line.words}" if group else line.words
        ax.plot(numbers.x[there], numbers.y[there], mark, color=color, markersize=6, label=label)
        _draw_line(ax, numbers.x[there], line, color, dash)
    if apart:
        _draw_line(ax, numbers.x, numbers.overall, ink(), ":", words["all"])
    if (points := _parts.point_names(x, y, names)) is not None:
        for name, at in zip(points, zip(numbers.x, numbers.y, strict=True), strict=True):
            ax.annotate(
                label_of(name, 24), at, xytext=(5, 4), textcoords="offset points", fontsize=6.5,
                color=ink(), parse_math=False,
            )  # fmt: skip
    ax.margins(0.08)
    ax.set_xlabel(_parts.axis_name(x), parse_math=False)
    ax.set_ylabel(_parts.axis_name(y), parse_math=False)
    title(ax, "", words["left out"], pad=legend_above(ax))
    finish(ax)
    return ax


def _draw_line(
    ax: Axes, x: npt.ArrayLike, line: _plotdata.Line, color: str, dash: Any, label: str = ""
) -> None:
    """Draw a line over the range of its points."""
    if np.isfinite(line.slope):
        ends = np.array([np.min(x), np.max(x)])
        ax.plot(
            ends, line.intercept + line.slope * ends, color=color, linestyle=dash,
            linewidth=1.5, label=label or None,
        )  # fmt: skip
