"""Bins of the histograms of spectra."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["even_edges", "log_edges"]

_MAX_BINS = 100
_NARROWEST = 1e-5  # decades: a narrower spectrum, of an orthogonal layer, is one bar in a decade


def _number(num: int) -> int:
    return min(_MAX_BINS, max(1, math.ceil(2 * math.sqrt(num))))


def log_edges(x: FloatArray) -> FloatArray:
    """Return bin edges around positive numbers, evenly spaced in the logarithm."""
    bins = _number(len(x))
    low, high = np.log10(x.min()), np.log10(x.max())
    if high - low < _NARROWEST:  # equal to within rounding, or nearly: all in the middle bin
        middle, bins = (low + high) / 2, bins // 2 * 2 + 1
        low, high = middle - 0.5, middle + 0.5
    edges = np.logspace(low, high, bins + 1)
    edges[0], edges[-1] = min(edges[0], x.min()), max(edges[-1], x.max())
    return edges


def even_edges(x: FloatArray, end: float | None = None) -> FloatArray:
    """Return evenly spaced bin edges around numbers, or from their smallest to `end`."""
    low, high = float(x.min()), float(x.max()) if end is None else end
    if high - low <= _NARROWEST * abs(high):
        width = 0.5 * abs(high) or 0.5
        low, high, bins = (low + high) / 2 - width, (low + high) / 2 + width, 11
    else:
        bins = _number(len(x))
    return np.linspace(low, high, bins + 1)
