"""Colours, sizes and layer names shared by the figures."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["BAND", "BULK", "FIGSIZE", "NOISE", "TAIL", "fresh_axes", "short"]

BULK, TAIL, BAND, NOISE = "#4c72b0", "#c44e52", "#55a868", "#333333"
FIGSIZE = (7.0, 4.2)  # inches


def fresh_axes(ax: Axes | None) -> Axes:
    """Return the axes given, or the axes of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, fresh = plt.subplots(figsize=FIGSIZE, layout="constrained")
    return fresh


def short(names: Sequence[str], length: int = 32) -> list[str]:
    """Shorten names: cut their common ending, then the middle of long names."""
    backwards = zip(*(reversed(name) for name in names), strict=False)
    common = sum(1 for _ in takewhile(lambda ends: len(set(ends)) == 1, backwards))
    cut = [f"{name[:-common]}…" if common > 8 and len(names) > 1 else name for name in names]
    half = length // 2
    return [n if len(n) <= length else f"{n[:half]}…{n[-half + 1 :]}" for n in cut]
