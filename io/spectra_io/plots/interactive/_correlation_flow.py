"""Interactive figure of alpha against depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._flow_parts as _parts
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
from spectra_io.plots._labels import ALPHA
from spectra_io.plots._palette import GOOD, PALETTE
from spectra_io.plots.interactive._drawing import DASHES, SYMBOLS, Drawing, axis
from spectra_io.plots.interactive._flow_layers import draw_kinds, mark_trapped, write_beyond
from spectra_io.plots.interactive._layer_axis import layer_axis
from spectra_io.plots.interactive._markup import escaped, markup, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["correlation_flow"]

_TICKS = [1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100, 1000, 10000, 100000]


def correlation_flow(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset], /
) -> go.Figure:
    """
    Draw alpha against depth, of one model with its kinds of layers, or of several models.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Result of :func:`spectra.analyze`; for several models a Dataset with a dimension such as
        ``model``, or a Dataset for each.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If a Dataset lacks the power-law fit.

    See Also
    --------
    spectra.results.plotdata.correlation_flow : Numbers of the figure.
    spectra_io.plots.correlation_flow : The same with matplotlib, and what the marks are.

    Notes
    -----
    Layers whose alpha is beyond the end of the axis come into view when the axis is zoomed out.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (90, 60)) for i in range(3)})
    >>> correlation_flow(ds).layout.yaxis.title.text
    'power-law exponent α'
    """
    drawing = Drawing()
    flows = _plotdata.correlation_flows(models)
    several = len(flows) > 1 or _parts.is_many(models)
    every = list(flows.values())
    logarithmic, low, high = heights = _parts.heights(every)
    reach = [-10.0, 10.0 + max(len(flow.names) for flow in flows.values())]
    drawing.band(
        reach, [OVER_TRAINED_BELOW] * 2, [UNDER_TRAINED_ABOVE] * 2, GOOD, _parts.BAND, opacity=0.12
    )
    if several:
        x, title, remark = _draw_models(drawing, flows), "α by layer", ""
        caption = " ".join(flow.caption for flow in flows.values())
    else:
        (flow,) = flows.values()
        draw_kinds(drawing, flow, _parts.bars(models), heights)
        x, title = layer_axis(flow.names, flow.ordered), flow.model or "α by layer"
        remark, caption = _parts.trend(flow), flow.caption
    mark_trapped(drawing, every)
    write_beyond(drawing, every, heights)
    ticks: dict[str, Any] = {
        "tickmode": "array",
        "tickvals": _TICKS,
        "ticktext": [f"{t:g}" for t in _TICKS],
    }
    y = axis(markup(ALPHA), low, high, logarithmic=logarithmic, **(ticks if logarithmic else {}))
    return drawing.done(
        title=name_of(title), remark=escaped(remark), x=x, y=y, caption=caption, legend="beside"
    )


def _draw_models(
    drawing: Drawing, flows: Mapping[str, _plotdata.CorrelationFlow]
) -> dict[str, Any]:
    """Draw several models over each other, each with its trend, and return the axis of layers."""
    every = list(flows.values())
    names, words = _parts.axis_of_models(every)
    for i, ((name, flow), x) in enumerate(zip(flows.items(), _parts.places(every), strict=True)):
        color, symbol = PALETTE[i % len(PALETTE)], SYMBOLS[i % len(SYMBOLS)]
        many = len(x) >= _parts.NEIGHBOURS
        label = f"{name_of(name, 32)},<br>{escaped(flow.trend.words)}"
        drawing.marks(
            x, flow.alpha, color, symbol, size=5 if many else 8, opacity=0.4 if many else 1.0,
            hover=f"{name_of(name)}<br>%{{customdata}}<br>α = %{{y:.3f}}",
            customdata=_layers_of(flow), legendgroup=str(i),
        )  # fmt: skip
        drawing.line(
            x, _parts.smoothed(flow.alpha), color, label, width=2.2 if many else 1.2,
            dash=DASHES[i // len(PALETTE) % len(DASHES)] if len(flows) > len(PALETTE)
            else DASHES[i % 4],
            legendgroup=str(i),
        )  # fmt: skip
    lines = any(len(flow.alpha) >= _parts.NEIGHBOURS for flow in flows.values())
    more = "lines: median of neighbouring layers" if lines else ""
    if names:
        return layer_axis(names, every[0].ordered, more)
    title = {"text": markup("\n".join(filter(None, [words, more])))}
    return {"title": title, "range": _parts.ends(every)}


def _layers_of(flow: _plotdata.CorrelationFlow) -> list[str]:
    """Return what each layer says when it is pointed at: its name, and whether it is trapped."""
    said = np.where(flow.trapped, f"<br>{escaped(_parts.TRAPPED)}", "")
    return [f"{name_of(layer)}{more}" for layer, more in zip(flow.layer, said, strict=True)]
