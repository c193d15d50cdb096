"""Layers of one model in the interactive figure of alpha against depth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra_io.plots._flow_parts as _parts
from spectra_io.plots._labels import judged
from spectra_io.plots._names import end_of
from spectra_io.plots.interactive._drawing import INK, SYMBOLS, Drawing
from spectra_io.plots.interactive._markup import escaped, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra._typing import AnyArray
    from spectra.results.plotdata import CorrelationFlow

__all__ = ["draw_kinds", "mark_trapped", "write_beyond"]

_FEW = 120  # layers that have room for large marks
_MOST_BEYOND = 3  # names of layers beyond the axis, below each other


def draw_kinds(
    drawing: Drawing, flow: CorrelationFlow, bars: str, heights: tuple[bool, float, float]
) -> None:
    """Draw the layers of one model by their kinds, their noise, and those without a fit."""
    size = 8.0 if len(flow.names) <= _FEW else 5.5
    for kind in _parts.kinds(flow):
        _draw_kind(drawing, flow, np.array(flow.kind) == kind.kind, kind, size)
    if 0 < len(flow.alpha) <= _parts.MOST_BARS:
        drawing.entry(bars, INK, "line-ns-open", size=10)
    _say_support(drawing, flow, size)
    if np.isfinite(flow.noise).any():
        drawing.marks(
            flow.depth, flow.noise, INK, "line-ew-open", _parts.NOISE, size=1.4 * size,
            customdata=[name_of(name) for name in flow.layer],
            hover="%{customdata}<br>pure noise of this shape has α = %{y:.3f}",
        )  # fmt: skip
    if flow.missing:
        _draw_missing(drawing, flow, heights)
    _name_layers(drawing, flow, heights[0])


def mark_trapped(drawing: Drawing, flows: Sequence[CorrelationFlow]) -> None:
    """Draw a square around each trapped layer."""
    x, alpha, label = _parts.trapped(flows)
    if label:
        size = 15.0 if max(len(flow.names) for flow in flows) <= _FEW else 10.0
        drawing.marks(x, alpha, INK, "square-open", label, size=size, hoverinfo="skip")


def write_beyond(
    drawing: Drawing, flows: Sequence[CorrelationFlow], heights: tuple[bool, float, float]
) -> None:
    """Write the names and alphas of the layers farthest beyond the axis, trapped ones with a □."""
    for row, layer in enumerate(_parts.beyond(flows, heights[2])[:_MOST_BEYOND]):
        square = " □" if layer.trapped else ""
        words = f"↑{square} {end_of(layer.name)}: {layer.alpha:.3g}"
        place = _place(_height(0.97, heights), heights[0])
        drawing.write(escaped(words), layer.x, place, side=layer.side, up=-12.0 * row)


def _draw_kind(
    drawing: Drawing, flow: CorrelationFlow, there: AnyArray, kind: _parts.Kind, size: float
) -> None:
    """Draw the layers of one kind: full, hollow, or hollow with a cross."""
    support, color = np.array(flow.support)[there], kind.color or INK
    symbol = SYMBOLS[kind.style % len(SYMBOLS)]
    full = np.isin(support, ["", "supported"])
    x, y = flow.depth[there], flow.alpha[there]
    words = [
        [name_of(flow.layer[i]), _interval(flow, i), _said(flow, i)] for i in np.flatnonzero(there)
    ]
    error = {
        "array": flow.high[there] - y, "arrayminus": y - flow.low[there], "symmetric": False,
        "thickness": 1, "width": 0, "visible": len(flow.alpha) <= _parts.MOST_BARS,
    }  # fmt: skip
    drawing.marks(
        x, y, color, np.where(full, symbol, f"{symbol}-open"), size=size, customdata=words,
        hover="%{customdata[0]}<br>α = %{y:.3f} (%{customdata[1]})%{customdata[2]}",
        error_y=error, legendgroup=kind.kind,
    )  # fmt: skip
    drawing.entry(kind.label, color, symbol, size=size, legendgroup=kind.kind)
    crossed = support == "rejected"
    drawing.marks(
        x[crossed], y[crossed], color, "x-thin-open", size=0.6 * size, hoverinfo="skip",
        legendgroup=kind.kind,
    )  # fmt: skip


def _interval(flow: CorrelationFlow, i: Any) -> str:
    """Return the interval of a layer, and whether its alpha lies outside."""
    words = f"{flow.low[i]:.2f} to {flow.high[i]:.2f}"
    return words if flow.low[i] <= flow.alpha[i] <= flow.high[i] else f"outside {words}"


def _said(flow: CorrelationFlow, i: Any) -> str:
    """Return what else is known of a layer: power law, alpha of noise, whether it is trapped."""
    words = [judged(flow.support[i])] if flow.support[i] else []
    if math.isfinite(flow.noise[i]):
        words.append(f"pure noise has α = {flow.noise[i]:.3f}")
    if flow.trapped[i]:
        words.append(_parts.TRAPPED)
    return "".join(f"<br>{escaped(word)}" for word in words)


def _say_support(drawing: Drawing, flow: CorrelationFlow, size: float) -> None:
    """Say in the legend what full, hollow and crossed marks are, and how many there are."""
    symbols = {"full": "circle", "hollow": "circle-open", "crossed": "circle-x-open"}
    for mark, label in _parts.supports(flow).items():
        drawing.entry(label, INK, symbols[mark], size=size)


def _height(share: float, heights: tuple[bool, float, float]) -> float:
    """Return the alpha at a share of the height of the axes."""
    logarithmic, low, high = heights
    if logarithmic:
        return float(low * (high / low) ** share)
    return low + share * (high - low)


def _draw_missing(
    drawing: Drawing, flow: CorrelationFlow, heights: tuple[bool, float, float]
) -> None:
    """Mark the layers without a fit near the lower edge."""
    words = [f"{name_of(name)}<br>no fit: {escaped(why)}" for name, why in flow.missing.items()]
    drawing.marks(
        flow.missing_depth, np.full(len(words), _height(0.03, heights)), INK, "x-thin-open",
        escaped(_parts.missing(flow)), size=9, customdata=words, hover="%{customdata}",
    )  # fmt: skip


def _place(alpha: float, logarithmic: bool) -> float:
    """Return the height at which plotly writes words beside an alpha."""
    return math.log10(alpha) if logarithmic else alpha


def _name_layers(drawing: Drawing, flow: CorrelationFlow, logarithmic: bool) -> None:
    """Write the names of the layers far from most."""
    placed: list[float] = []
    for i in _parts.farthest(flow, _parts.MOST_NAMED):
        x, alpha = float(flow.depth[i]), float(flow.alpha[i])
        lower = sum(abs(math.log(alpha / other)) < 0.09 for other in placed)
        placed.append(alpha)
        side = -1 if x > 0.6 * len(flow.names) else 1
        drawing.write(
            escaped(end_of(flow.layer[i])), x, _place(alpha, logarithmic), side=side,
            up=-11.0 * lower,
        )  # fmt: skip
