"""Interactive figure of histograms of a variable over the layers of models."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
from spectra_io.plots._palette import GOOD, PALETTE
from spectra_io.plots.interactive._drawing import DASHES, Drawing, axis
from spectra_io.plots.interactive._markup import escaped, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["histogram"]


def histogram(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset],
    /,
    *,
    column: str = "alpha",
    bins: int | None = None,
) -> go.Figure:
    """
    Draw how many layers of one or more models have which value of a variable.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`; a Dataset may have a dimension such as ``model``.
    column : str, default: "alpha"
        Variable of numbers, one per layer.
    bins : int, optional
        Number of bins.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    UnknownNameError
        If a Dataset has no such variable.
    ArgumentError
        If the variable has no numbers per layer.

    See Also
    --------
    spectra.results.plotdata.histogram : Numbers of the figure.

    Notes
    -----
    Marks on the axis are the medians. Of models of unequal size the share of layers is drawn.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (60, 40)) for i in range(4)})
    >>> histogram(ds).layout.yaxis.title.text
    'number of layers'
    """
    drawing = Drawing()
    numbers = _plotdata.histogram(models, column=column, bins=bins)
    shares = _parts.histogram(numbers)
    top = 1.05 * max(float(heights.max()) for heights in shares.heights.values())
    if column == "alpha":
        band = [OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE]
        drawing.band(band, [0, 0], [1e3 * top] * 2, GOOD, opacity=0.12)
    styles = zip(cycle(PALETTE), cycle(DASHES), strict=False)
    several = len(shares.heights) > 1
    for (name, heights), (color, dash) in zip(shares.heights.items(), styles, strict=False):
        label, median = f"{name_of(name, 32)}: {shares.labels[name]}", numbers.medians[name]
        drawing.bars(
            heights, numbers.edges, color, what=escaped(column),
            height=f"{name_of(name)}<br>{shares.y}", opacity=0.25 if several else 0.45,
        )  # fmt: skip
        drawing.outline(heights.astype(float), numbers.edges, color, label, dash=dash)
        drawing.marks(
            [median], [0], color, "triangle-up", size=10, cliponaxis=False,
            hover=f"{name_of(name)}<br>median %{{x:.4g}}",
        )  # fmt: skip
    whole: dict[str, Any] = {"tickformat": "d"} if shares.whole else {}
    if shares.whole and top < 6:
        whole["dtick"] = 1
    low, high = float(numbers.edges[0]), float(numbers.edges[-1])
    room = 0 if numbers.logarithmic else 0.02 * (high - low)
    return drawing.done(
        title="",
        x=axis(escaped(shares.x), low - room, high + room, logarithmic=numbers.logarithmic),
        y=axis(shares.y, 0, top, lines=len(shares.heights), **whole),
        caption=numbers.caption,
    )
