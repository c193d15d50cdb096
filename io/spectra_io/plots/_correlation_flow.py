"""Draw alpha against depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._flow_parts as _parts
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
from spectra_io.plots._canvas import (
    LINES,
    MARKS,
    finish,
    fresh_axes,
    ink,
    label_of,
    legend_above,
    overlaid,
    paper,
    title,
    width_of,
)
from spectra_io.plots._depth import mark_trapped, name_layers, named, vertical
from spectra_io.plots._labels import ALPHA
from spectra_io.plots._palette import GOOD, PALETTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes

    from spectra._typing import AnyArray

__all__ = ["correlation_flow"]

_WIDE = 4.5  # inches, from which the legend has room for whole labels


def correlation_flow(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset],
    /,
    *,
    ax: Axes | None = None,
) -> Axes:
    r"""
    Draw alpha against depth, of one model with its kinds of layers, or of several models.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Result of :func:`spectra.analyze`; for several models a Dataset with a dimension such as
        ``model``, or a Dataset for each.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If a Dataset lacks the power-law fit.

    See Also
    --------
    spectra.results.plotdata.correlation_flow : Numbers of the figure.

    Notes
    -----
    Full marks have a supported power law, hollow ones have too few points or cannot be told from an
    exponential, and a cross is in those whose power law is rejected. Squares are around layers that
    are trapped or have elements, or a mean, that make spikes in any order. Crosses on the lower
    edge are layers without a fit. Layers far from most are named. The trend is Kendall's rank
    correlation.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (90, 60)) for i in range(3)})
    >>> correlation_flow(ds).get_ylabel()
    'power-law exponent $\\alpha$'
    """
    flows = _plotdata.correlation_flows(models)
    ax = fresh_axes(ax)
    low, high = OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
    several = len(flows) > 1 or _parts.is_many(models)
    ax.axhspan(low, high, color=GOOD, alpha=0.12, linewidth=0, label=_brief(ax, _parts.BAND))
    if several:
        _draw_models(ax, flows)
    else:
        (flow,) = flows.values()
        _draw_kinds(ax, flow, _parts.bars(models))
    every = list(flows.values())
    vertical(ax, every)
    x, alpha, label = _parts.trapped(every)
    if label:
        mark_trapped(ax, every, x, alpha, _brief(ax, label))
    ax.set_ylabel(ALPHA)
    pad = legend_above(ax)
    if several:
        title(ax, "α by layer", pad=pad)
    else:
        title(ax, flow.model or "α by layer", _parts.trend(flow), pad=pad)
    finish(ax)
    return ax


_BRIEF = {_parts.BAND: "2 to 6", _parts.NOISE: "pure noise", "90 % interval": "90 %"}


def _brief(ax: Axes, label: str) -> str:
    """Shorten a label of the legend for narrow axes."""
    label = label.replace("too few points:", "too few:")
    if width_of(ax) >= _WIDE:
        return label
    short = label.replace(_parts.TRAPPED, "trapped or large")
    return _BRIEF.get(short, short.removeprefix("power law ").replace(" for a power law", ""))


def _draw_kinds(ax: Axes, flow: _plotdata.CorrelationFlow, bars: str) -> None:
    """Draw the layers of one model by their kinds, their noise, and those without a fit."""
    size = 5.0 if len(flow.names) <= 20 * width_of(ax) else 3.5
    for kind, label, color, style in _parts.kinds(flow):
        there, mark = np.array(flow.kind) == kind, MARKS[style % len(MARKS)]
        _draw_layers(ax, flow, there, color or ink(), mark, size, label)
    if len(flow.alpha) <= _parts.MOST_BARS and len(flow.alpha):
        ax.plot([], [], "|", color=ink(), markersize=8, label=_brief(ax, bars))
    _say_support(ax, flow, size)
    if np.isfinite(flow.noise).any():
        ax.plot(
            flow.depth, flow.noise, "_", color=ink(), alpha=0.5, markersize=2 * size, zorder=1,
            label=_brief(ax, _parts.NOISE),
        )  # fmt: skip
    if flow.missing:
        _draw_missing(ax, flow)
    named(ax, flow, _parts.MOST_NAMED)
    name_layers(ax, flow.names, flow.ordered)


def _draw_layers(
    ax: Axes,
    flow: _plotdata.CorrelationFlow,
    there: AnyArray,
    color: str,
    mark: str,
    size: float,
    label: str,
) -> None:
    """Draw the layers of one kind: full, hollow, or hollow with a cross."""
    support = np.array(flow.support)
    x, y = flow.depth, flow.alpha
    if len(flow.alpha) <= _parts.MOST_BARS:
        ax.vlines(x[there], flow.low[there], flow.high[there], color=color, linewidth=1, alpha=0.7)
    full = there & np.isin(support, ["", "supported"])
    ax.plot(x[full], y[full], mark, color=color, markersize=size)
    ax.plot([], [], mark, color=color, markersize=size, label=label)
    hollow = there & ~full
    ax.plot(
        x[hollow], y[hollow], mark, color=color, markerfacecolor=paper(ax), markersize=size,
        zorder=5,
    )  # fmt: skip
    crossed = there & (support == "rejected")
    ax.plot(x[crossed], y[crossed], "x", color=color, markersize=0.7 * size, zorder=6)


def _say_support(ax: Axes, flow: _plotdata.CorrelationFlow, size: float) -> None:
    """Say in the legend what full, hollow and crossed marks are, and how many there are."""
    from matplotlib.lines import Line2D

    labels = {word: _brief(ax, label) for word, label in _parts.supports(flow).items()}
    color = ink()
    if "full" in labels:
        ax.plot([], [], "o", color=color, markersize=size, label=labels["full"])
    hollow: dict[str, Any] = {"color": color, "markerfacecolor": paper(ax), "markersize": size}
    if "hollow" in labels:
        ax.plot([], [], "o", label=labels["hollow"], **hollow)
    if "crossed" in labels:
        circle, cross = (
            Line2D([], [], linestyle="none", marker="o", **hollow),
            Line2D([], [], linestyle="none", marker="x", color=color, markersize=0.7 * size),
        )
        overlaid(ax, [circle, cross], labels["crossed"])


def _draw_missing(ax: Axes, flow: _plotdata.CorrelationFlow) -> None:
    """Mark the layers without a fit on the lower edge."""
    ax.plot(
        flow.missing_depth, np.full(len(flow.missing), 0.03), "x", color=ink(), markersize=7,
        markeredgewidth=2, transform=ax.get_xaxis_transform(), clip_on=False, zorder=7,
        label=_parts.missing(flow, why=width_of(ax) >= _WIDE),
    )  # fmt: skip


def _draw_models(ax: Axes, flows: Mapping[str, _plotdata.CorrelationFlow]) -> None:
    """Draw several models over each other, each with its trend."""
    every = list(flows.values())
    names, words = _parts.axis_of_models(every)
    length = 32 if width_of(ax) > 4.5 else 18
    for i, ((name, flow), x) in enumerate(zip(flows.items(), _parts.places(every), strict=True)):
        color, mark = PALETTE[i % len(PALETTE)], MARKS[i % len(MARKS)]
        many = len(x) >= _parts.NEIGHBOURS
        label = f"{label_of(name, length)}, {flow.trend.words}"
        ax.plot(
            x, flow.alpha, mark, color=color, markersize=3 if many else 5,
            alpha=0.35 if many else 1.0, linestyle="none",
        )  # fmt: skip
        line = LINES[i // len(PALETTE) % len(LINES)] if len(flows) > len(PALETTE) else LINES[i % 4]
        ax.plot(
            x, _parts.smoothed(flow.alpha), color=color, linewidth=2 if many else 1,
            linestyle=line, marker=None if many else mark, markersize=5, label=label,
        )  # fmt: skip
    if names:
        name_layers(ax, names, every[0].ordered)
    else:
        ax.set_xlabel(words)
    if any(len(flow.alpha) >= _parts.NEIGHBOURS for flow in flows.values()):
        ax.set_xlabel(f"{ax.get_xlabel()}\nlines: median of neighbouring layers")
