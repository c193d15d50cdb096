"""Integrals over a density on intervals, and its distribution function, in panels."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Half", "halves"]

_NODES = 16
_FINEST = 9  # halvings of the panels towards a finite end, near which a pole may lie
_GREATEST = 1e300  # number that is integrated to
_FIRST, _GROWTH, _LONGEST = 0.06, 1.15, 600.0  # of the panels in a logarithm


class _Map(NamedTuple):
    """A growing map from a variable w in which densities are smooth to x, with its inverse."""

    to_x: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    to_w: Callable[[FloatArray], FloatArray]
    ends: FloatArray


@cache
def _rule() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return nodes, weights, and the map from values at nodes to coefficients of the integral."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    order = np.arange(_NODES)
    vander = np.polynomial.legendre.legvander(nodes, _NODES - 1)
    to_coefficients = (2 * order + 1)[:, None] / 2 * (vander * weights[:, None]).T
    integrated = np.polynomial.legendre.legint(np.eye(_NODES), lbnd=-1, axis=0)
    return nodes, weights, integrated @ to_coefficients


def _finite(end: float, middle: float) -> _Map:
    """Return the map ``end + (middle - end) w**2``, which makes a square root at the end smooth."""
    span, sign = middle - end, 1.0 if middle > end else -1.0

    def to_x(w: FloatArray) -> FloatArray:
        return end + span * w**2

    def to_w(x: FloatArray) -> FloatArray:
        root: FloatArray = sign * np.sqrt(np.clip((x - end) / span, 0, 1))
        return root

    graded = 2.0 ** (-np.arange(2 * _FINEST, 1, -1) / 2)
    ends = np.concatenate([[0.0], graded, np.linspace(0.5, 1, 9)[1:]])
    return _Map(to_x, lambda w: 2 * abs(span) * np.abs(w), to_w, np.sort(sign * ends))


def _exponential(origin: float, middle: float, sign: float, *, towards: bool) -> _Map:
    r"""
    Return the map to :math:`o + (m - o) e^{w}` towards the origin o, or away from it to infinity.

    A power law of any exponent, at either end, is an exponential function of w.
    """
    span = middle - origin
    widths = [_FIRST]
    while sum(widths) < _LONGEST:
        widths.append(widths[-1] * _GROWTH)
    ends = np.concatenate([[0.0], np.cumsum(widths[:-1]), [_LONGEST]])
    up = 1.0 if towards == (sign < 0) else -1.0  # x grows with w if so

    def to_x(w: FloatArray) -> FloatArray:
        return np.asarray(np.clip(origin + slope(w) * np.sign(span), -_GREATEST, _GREATEST))

    def slope(w: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return np.asarray(np.minimum(np.abs(span) * np.exp(up * w), _GREATEST))

    def to_w(x: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm: FloatArray = up * np.log(np.maximum((x - origin) / span, 0))
        return logarithm

    return _Map(to_x, slope, to_w, np.sort(sign * ends))


class Half:
    """Half of an interval: the density at nodes, and its integral from the lower end."""

    def __init__(self, mapping: _Map, pdf: Callable[[FloatArray], FloatArray]) -> None:
        nodes, weights, to_integral = _rule()
        self._map = mapping
        half_widths = np.diff(mapping.ends) / 2
        w = mapping.ends[:-1, None] + half_widths[:, None] * (nodes + 1)
        self.x = mapping.to_x(w).ravel()
        heights = pdf(self.x).reshape(w.shape) * mapping.slope(w)
        heights[~np.isfinite(heights)] = 0.0  # beyond the range of float64
        self.weights = (heights * weights * half_widths[:, None]).ravel()
        self._coefficients = heights @ to_integral.T * half_widths[:, None]
        masses = self.weights.reshape(w.shape).sum(axis=1)
        self._below = np.concatenate([[0.0], np.cumsum(masses)])
        self._above = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])
        self.mass = float(self._below[-1])

    def _within(self, panel: AnyArray, local: FloatArray) -> FloatArray:
        vander = np.polynomial.legendre.legvander(local, _NODES)
        part: FloatArray = np.sum(vander * self._coefficients[panel], axis=-1)
        return part.reshape(local.shape)

    def mean_of(self, function: Callable[[FloatArray], AnyArray]) -> float:
        """Return the integral of a function times the density."""
        held = self.weights != 0  # where there is no density, the function may be infinite
        with np.errstate(over="ignore"):
            return float(self.weights[held] @ function(self.x[held]))

    def integral_to(self, x: FloatArray) -> FloatArray:
        """Return the integral of the density from the lower end to x."""
        ends = self._map.ends
        w = np.clip(self._map.to_w(x), ends[0], ends[-1])
        panel = np.clip(np.searchsorted(ends, w, side="right") - 1, 0, len(ends) - 2)
        local = 2 * (w - ends[panel]) / (ends[panel + 1] - ends[panel]) - 1
        total: FloatArray = self._below[panel] + self._within(panel, local)
        return total

    def place_of(self, mass: FloatArray) -> FloatArray:
        """Return the x up to which the integral is that mass, by bisection in w."""
        ends = self._map.ends
        from_above = self.mass - mass
        panel = np.where(
            mass < self.mass / 2,
            np.searchsorted(self._below, mass, side="right") - 1,
            len(ends) - 1 - np.searchsorted(self._above[::-1], from_above, side="left"),
        )
        panel = np.clip(panel, 0, len(ends) - 2)
        wanted = mass - self._below[panel]
        low, high = np.full(mass.shape, -1.0), np.full(mass.shape, 1.0)
        for _ in range(52):
            middle = (low + high) / 2
            short = self._within(panel, middle) < wanted
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return self._map.to_x(ends[panel] + (low + 1) / 2 * (ends[panel + 1] - ends[panel]))


def halves(
    interval: tuple[float, float], middle: float, pdf: Callable[[FloatArray], FloatArray]
) -> tuple[Half, Half]:
    """
    Divide an interval at its middle, and integrate the density over both halves.

    At a finite end the density may rise like any root of the distance, or its inverse. An end at
    exactly 0 may have any power, and so may an infinite end.
    """
    low, high = interval
    scale = abs(middle) or 1.0
    if low == 0:
        left = _exponential(0.0, middle, -1.0, towards=True)
    elif math.isinf(low):
        left = _exponential(middle + scale, middle, -1.0, towards=False)
    else:
        left = _finite(low, middle)
    if high == 0:
        right = _exponential(0.0, middle, 1.0, towards=True)
    elif math.isinf(high):
        right = _exponential(middle - scale, middle, 1.0, towards=False)
    else:
        right = _finite(high, middle)
    return Half(left, pdf), Half(right, pdf)
