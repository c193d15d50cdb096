"""Axis of the layers of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra_io.plots._flow_parts import order
from spectra_io.plots._names import layers
from spectra_io.plots.interactive._markup import escaped, markup

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["layer_axis"]

_MAX_NAMES = 40  # layer names that can be read on the axis


def layer_axis(names: Sequence[str], ordered: bool, more: str = "") -> dict[str, Any]:
    """Return the axis with the names of the layers, or the words on their order."""
    ends = {"range": [0.5, max(1, len(names)) + 0.5]}
    if len(names) > _MAX_NAMES:
        words = "\n".join(filter(None, [order(ordered), more]))
        return {**ends, "title": {"text": markup(words)}}
    shown = [escaped(name) for name in layers(names, 24)]
    ticks = {"tickmode": "array", "tickvals": [*range(1, len(names) + 1)], "ticktext": shown}
    return {**ends, **ticks, "title": {"text": markup(more), "standoff": 12}, "showgrid": False}
