"""Axes of alpha against depth: their scale, the names of layers and of those that lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra_io.plots._flow_parts as _parts
from spectra_io.plots._canvas import height_of, ink, width_of
from spectra_io.plots._names import end_of, layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from spectra._typing import FloatArray
    from spectra.results.plotdata import CorrelationFlow

__all__ = ["mark_trapped", "name_layers", "named", "vertical"]

_MAX_NAMES = 40  # layer names that can be read on one axis of 7 inches
_NEAR_END = 0.93  # share of the end of the axis, for marks of layers beyond it
_TICKS = (1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100)
_FEWEST_TICKS = (1, 2, 5, 15, 100)
_FEW_TICKS = (1, 2, 4, 6, 10, 20, 50, 100)  # for axes below 4 inches


def vertical(ax: Axes, flows: Sequence[CorrelationFlow]) -> None:
    """Scale the axis of alpha: linear up to 10, else logarithmic with ticks at round numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    logarithmic, low, end = _parts.heights(flows)
    if logarithmic:
        ax.set_yscale("log")
    ax.set_ylim(low, end)
    if not logarithmic:
        return
    inches = height_of(ax)
    ticks = _TICKS if inches > 4 else _FEW_TICKS if inches > 2.7 else _FEWEST_TICKS
    ax.yaxis.set_major_locator(FixedLocator([t for t in ticks if t <= end]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    _mark_beyond(ax, flows, end)


def _mark_beyond(ax: Axes, flows: Sequence[CorrelationFlow], end: float) -> None:
    """Mark the layers whose alpha is beyond the end of the axis, and write the values of a few."""
    layers = _parts.beyond(flows, end)
    x = [layer.x for layer in layers]
    ax.plot(x, np.full(len(x), _NEAR_END * end), "^", color=ink(), zorder=8)
    length = max(8, min(26, int(9 * width_of(ax)) // 2))
    most = 3 if height_of(ax) > 3 else 1
    for row, layer in enumerate(layers[:most]):
        ax.annotate(
            f"{end_of(layer.name, length)}: {layer.alpha:.3g}", (layer.x, _NEAR_END * end),
            xytext=(7 * layer.side, -11 - 9 * row), textcoords="offset points", fontsize=6.5,
            color=ink(), ha="left" if layer.side > 0 else "right", parse_math=False,
        )  # fmt: skip


def mark_trapped(
    ax: Axes, flows: Sequence[CorrelationFlow], x: FloatArray, alpha: FloatArray, label: str
) -> None:
    """Draw a square around each trapped layer, at the end of the axis if it lies beyond."""
    y = np.minimum(alpha, _NEAR_END * ax.get_ylim()[1])
    size = 10.0 if max(len(flow.names) for flow in flows) <= 20 * width_of(ax) else 6.0
    ax.plot(
        x, y, "s", color=ink(), markerfacecolor="none", markersize=size, markeredgewidth=0.1 * size,
        zorder=7, label=label,
    )  # fmt: skip


def _on_axis(ax: Axes, names: Sequence[str]) -> bool:
    """Return whether there is room for every name on the axis."""
    return len(names) <= _MAX_NAMES * width_of(ax) / 5.6


def name_layers(ax: Axes, names: Sequence[str], ordered: bool) -> None:
    """Write the names of the layers below the axis, or say in which order they are."""
    ax.set_xlim(0.5, max(1, len(names)) + 0.5)
    if not _on_axis(ax, names):
        ax.set_xlabel(_parts.order(ordered))
        return
    inches = height_of(ax)
    length = max(12, min(32, int(6 * inches)))
    shown = layers(names, length)
    ax.set_xticks(range(1, len(names) + 1), shown)
    slot = width_of(ax) / max(1, len(shown))
    upright = max(map(len, shown), default=0) * 0.075 > slot
    ax.tick_params("x", labelrotation=60 if upright else 0, labelsize=7)
    for label in ax.get_xticklabels():
        label.set_parse_math(False)
        label.set_horizontalalignment("right" if upright else "center")
        label.set_rotation_mode("anchor")


def named(ax: Axes, flow: CorrelationFlow, most: int) -> None:
    """Write the names of layers far from most, and why others have no fit, beside their marks."""
    on_axis = _on_axis(ax, flow.names)
    if len(flow.missing) <= 4:
        for row, (name, why) in enumerate(flow.missing.items()):
            words = why if on_axis else f"{end_of(name)}: {why}"
            _beside(
                ax, words, flow.missing_depth[row], 0.03, len(flow.names), 5 + 8 * row, edge=True
            )
    if on_axis:
        return
    placed: list[float] = []
    for i in _parts.farthest(flow, most):
        lower = sum(abs(np.log(flow.alpha[i] / other)) < 0.09 for other in placed)
        placed.append(float(flow.alpha[i]))
        _beside(
            ax, end_of(flow.layer[i]), flow.depth[i], flow.alpha[i], len(flow.names),
            -3 - 8 * lower,
        )  # fmt: skip


def _beside(
    ax: Axes, words: str, x: float, y: float, num: int, up: float, *, edge: bool = False
) -> None:
    """Write words beside a mark, to its left in the right part of the axes."""
    side = -1 if x > 0.6 * num else 1
    ax.annotate(
        words, (x, y), xycoords=ax.get_xaxis_transform() if edge else "data",
        xytext=(6 * side, up), textcoords="offset points", fontsize=6.5, color=ink(),
        ha="left" if side > 0 else "right", parse_math=False, zorder=9,
    )  # fmt: skip
