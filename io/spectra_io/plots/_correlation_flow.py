"""Draw alpha against depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.results.plotdata as _plotdata
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
from spectra_io.plots._depth import name_layers, named, vertical
from spectra_io.plots._palette import GOOD, PALETTE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from spectra._typing import AnyArray, FloatArray

__all__ = ["correlation_flow"]

_MOST_BARS = 150  # layers whose intervals can be told apart
_MOST_NAMED = 6  # names of layers that lie apart
_WIDE = 4.5  # inches, from which the legend has room for whole labels
_NEIGHBOURS = 20  # layers from which on a line shows the median of neighbours


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
    Full marks have a supported power law, hollow ones have too few points or another law is as
    likely, and a cross is in those whose power law is rejected. Crosses on the lower edge are
    layers without a fit. Layers far from most are named. The trend is Kendall's rank correlation.

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
    several = len(flows) > 1 or _is_many(models)
    ax.axhspan(low, high, color=GOOD, alpha=0.12, linewidth=0, label=_brief(ax, _BAND))
    if several:
        _draw_models(ax, flows)
    else:
        (flow,) = flows.values()
        confidence = _confidence(next(iter(_datasets(models))))
        _draw_kinds(ax, flow, confidence)
    vertical(ax, list(flows.values()))
    ax.set_ylabel(r"power-law exponent $\alpha$")
    pad = legend_above(ax)
    if several:
        title(ax, "α by layer", pad=pad)
    else:
        trend = flow.trend
        right = f"trend: {trend.words}" if np.isfinite(trend.tau) else ""
        title(ax, flow.model or "α by layer", right, pad=pad)
    finish(ax)
    return ax


_BAND = "2 to 6: band of the literature"
_BRIEF = {_BAND: "2 to 6", "α of pure noise": "pure noise", "90 % interval": "90 %"}


def _brief(ax: Axes, label: str) -> str:
    """Shorten a label of the legend for narrow axes."""
    if width_of(ax) >= _WIDE:
        return label
    return _BRIEF.get(label, label.removeprefix("power law "))


def _is_many(models: object) -> bool:
    """Return whether several models were given, even if there is one of them."""
    import xarray as xr

    return isinstance(models, Mapping | Sequence) and not isinstance(models, xr.Dataset)


def _datasets(models: object) -> list[xr.Dataset]:
    import xarray as xr

    return [models] if isinstance(models, xr.Dataset) else []


def _confidence(ds: xr.Dataset) -> float:
    """Return the confidence of the intervals in percent; 0 for standard errors."""
    if "interval_confidence" not in ds:
        return 0.0
    known = ds.interval_confidence.values[np.isfinite(ds.interval_confidence.values)]
    return 100 * float(known[0]) if known.size else 0.0


def _draw_kinds(ax: Axes, flow: _plotdata.CorrelationFlow, confidence: float) -> None:
    """Draw the layers of one model by their kinds, their noise, and those without a fit."""
    size = 5.0 if len(flow.names) <= 20 * width_of(ax) else 3.5
    kinds = [kind for kind in _plotdata.KINDS if kind in flow.kind]
    for kind in kinds:
        style = _plotdata.KINDS.index(kind)
        color = ink() if kind == "other" else PALETTE[style % len(PALETTE)]
        color = color if len(kinds) > 1 else PALETTE[0]
        mark = MARKS[style % len(MARKS)] if len(kinds) > 1 else "o"
        label = kind if len(kinds) > 1 or kind != "other" else "layer"
        _draw_layers(ax, flow, np.array(flow.kind) == kind, color, mark, size, label)
    bars = f"{confidence:g} % interval" if confidence else "α ± σ"
    if len(flow.alpha) <= _MOST_BARS and len(flow.alpha):
        ax.plot([], [], "|", color=ink(), markersize=8, label=_brief(ax, bars))
    _say_support(ax, flow, size)
    if np.isfinite(flow.noise).any():
        ax.plot(
            flow.depth, flow.noise, "_", color=ink(), alpha=0.5, markersize=2 * size, zorder=1,
            label=_brief(ax, "α of pure noise"),
        )  # fmt: skip
    if flow.missing:
        _draw_missing(ax, flow)
    named(ax, flow, _MOST_NAMED)
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
    if len(flow.alpha) <= _MOST_BARS:
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

    counts = Counter(flow.support)
    undecided = counts["too few points"] + counts["not distinguishable"]
    color = ink()
    if counts["supported"]:
        label = _brief(ax, f"power law supported: {counts['supported']}")
        ax.plot([], [], "o", color=color, markersize=size, label=label)
    hollow: dict[str, Any] = {"color": color, "markerfacecolor": paper(ax), "markersize": size}
    if undecided:
        ax.plot([], [], "o", label=_brief(ax, f"power law undecided: {undecided}"), **hollow)
    if counts["rejected"]:
        circle, cross = (
            Line2D([], [], linestyle="none", marker="o", **hollow),
            Line2D([], [], linestyle="none", marker="x", color=color, markersize=0.7 * size),
        )
        label = _brief(ax, f"power law rejected: {counts['rejected']}")
        overlaid(ax, [circle, cross], label)


def _draw_missing(ax: Axes, flow: _plotdata.CorrelationFlow) -> None:
    """Mark the layers without a fit on the lower edge."""
    reasons = Counter(flow.missing.values()).most_common()
    said = f", {reasons[0][0]}" if len(reasons) == 1 and width_of(ax) >= _WIDE else ""
    ax.plot(
        flow.missing_depth, np.full(len(flow.missing), 0.03), "x", color=ink(), markersize=7,
        markeredgewidth=2, transform=ax.get_xaxis_transform(), clip_on=False, zorder=7,
        label=f"no fit{said}: {len(flow.missing)}",
    )  # fmt: skip


def _draw_models(ax: Axes, flows: Mapping[str, _plotdata.CorrelationFlow]) -> None:
    """Draw several models over each other, each with its trend."""
    lengths = {len(flow.names) for flow in flows.values()}
    same = len(lengths) == 1
    length = 32 if width_of(ax) > 4.5 else 18
    for i, (name, flow) in enumerate(flows.items()):
        color, mark = PALETTE[i % len(PALETTE)], MARKS[i % len(MARKS)]
        x = flow.depth if same else (flow.depth - 0.5) / max(1, len(flow.names))
        many = len(x) >= _NEIGHBOURS
        label = f"{label_of(name, length)}, {flow.trend.words}"
        width = _window(len(x)) if many else 1
        ax.plot(
            x, flow.alpha, mark, color=color, markersize=3 if many else 5,
            alpha=0.35 if many else 1.0, linestyle="none",
        )  # fmt: skip
        line = LINES[i // len(PALETTE) % len(LINES)] if len(flows) > len(PALETTE) else LINES[i % 4]
        ax.plot(
            x, _smoothed(flow.alpha, width), color=color, linewidth=2 if many else 1,
            linestyle=line, marker=None if many else mark, markersize=5, label=label,
        )  # fmt: skip
    first = next(iter(flows.values()))
    if same and all(flow.names == first.names for flow in flows.values()):
        name_layers(ax, first.names, first.ordered)
    else:
        ax.set_xlabel(
            "layer, in the order of the model" if same else "depth relative to the whole model"
        )
    if any(len(flow.alpha) >= _NEIGHBOURS for flow in flows.values()):
        ax.set_xlabel(f"{ax.get_xlabel()}\nlines: median of neighbouring layers")


def _window(num: int) -> int:
    return max(3, num // 12) | 1


def _smoothed(values: FloatArray, width: int) -> FloatArray:
    """Return the running median over an odd number of neighbours, fewer at the ends."""
    half = width // 2
    return np.array(
        [np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
    )
