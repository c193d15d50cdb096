"""Integrals over a density on intervals, and its distribution function, in panels that adapt."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Half", "halves", "integrated"]

_NODES = 16
_GREATEST = 1e300  # number that is integrated to
_TO_END = (0.0, 0.25, 0.5, 0.75, 1.0)  # first panels towards a finite end
_TO_FAR = (0.0, 0.25, 0.75, 1.5, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0, 600.0)
_TO_SHORT = 50.0  # logarithm that is always integrated to
_ERROR, _RELATIVE = 1e-13, 1e-10  # of a panel, and over its integral in a small tail
_STALLED = 1e-10  # error of a panel below which noise of the density ends its halving
_ROUNDING = 1e9 * np.finfo(float).eps
_ROUNDS, _MOST = 45, 1500  # halvings of a panel; panels of a law


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

    ends = np.sort(sign * np.array(_TO_END))
    return _Map(to_x, lambda w: 2 * abs(span) * np.abs(w), to_w, ends)


def _exponential(
    origin: float, middle: float, sign: float, *, towards: bool, longest: float = _TO_FAR[-1]
) -> _Map:
    r"""
    Return the map to :math:`o + (m - o) e^{w}` towards the origin o, or away from it to infinity.

    A power law of any exponent, at either end, is an exponential function of w.
    """
    span = middle - origin
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

    ends = np.append([end for end in _TO_FAR if end < longest], longest)
    return _Map(to_x, slope, to_w, np.sort(sign * ends))


def integrated(
    mappings: Sequence[_Map], pdf: Callable[[FloatArray], FloatArray], *, least: float
) -> tuple[Half, ...]:
    """
    Integrate a density over halves of intervals, in panels that are halved until they are exact.

    A panel is exact when the last two Legendre coefficients of its density are small, against its
    integral or against the least share that the density resolves.
    """
    nodes, weights, _ = _rule()
    last = (2 * np.arange(_NODES) + 1)[-2:, None] / 2
    to_last = last * np.polynomial.legendre.legvander(nodes, _NODES - 1)[:, -2:].T * weights
    left = np.concatenate([mapping.ends[:-1] for mapping in mappings])
    right = np.concatenate([mapping.ends[1:] for mapping in mappings])
    owner = np.repeat(np.arange(len(mappings)), [len(m.ends) - 1 for m in mappings])
    done: list[tuple[AnyArray, FloatArray, FloatArray, FloatArray]] = []
    num, before = 0, np.full(left.shape, np.inf)
    for turn in range(_ROUNDS + 1):
        half_widths = (right - left) / 2
        w = left[:, None] + half_widths[:, None] * (nodes + 1)
        x, slope = np.empty(w.shape), np.empty(w.shape)
        for k in np.unique(owner):
            mine = owner == k
            x[mine], slope[mine] = mappings[k].to_x(w[mine]), mappings[k].slope(w[mine])
        heights = pdf(x.ravel()).reshape(w.shape) * slope
        heights[~np.isfinite(heights)] = 0.0  # beyond the range of float64
        error = np.abs(heights @ to_last.T).max(axis=1) * half_widths
        mass = heights @ weights * half_widths
        num += len(left)
        allowed = np.maximum(np.minimum(_RELATIVE * mass, _ERROR), least)
        # errors that do not fall are noise, or rounding where x has few digits beside the panel
        coarse = np.ptp(x, axis=1) < _ROUNDING * np.abs(x).max(axis=1)
        stalled = (error > before / 2) & (error < _STALLED) | (error > before) & coarse
        rough = (error > allowed) & ~stalled
        rough &= (turn < _ROUNDS) & (num < _MOST)
        done.append((owner[~rough], left[~rough], right[~rough], heights[~rough]))
        if not rough.any():
            break
        middle = (left + right)[rough] / 2
        left, right = np.append(left[rough], middle), np.append(middle, right[rough])
        owner, before = np.tile(owner[rough], 2), np.tile(error[rough], 2)
    owner, left, right, heights = (np.concatenate(parts) for parts in zip(*done, strict=True))
    found = []
    for k, mapping in enumerate(mappings):
        order = np.flatnonzero(owner == k)
        order = order[np.argsort(left[order])]
        ends = np.append(left[order], right[order[-1]])
        found.append(Half(mapping._replace(ends=ends), heights[order]))
    return tuple(found)


class Half:
    """Half of an interval: the density at nodes, and its integral from the lower end."""

    def __init__(self, mapping: _Map, heights: FloatArray) -> None:
        nodes, weights, to_integral = _rule()
        self._map, self._heights = mapping, heights
        half_widths = np.diff(mapping.ends) / 2
        w = mapping.ends[:-1, None] + half_widths[:, None] * (nodes + 1)
        self.x = mapping.to_x(w).ravel()
        self.weights = (heights * weights * half_widths[:, None]).ravel()
        self._coefficients = heights @ to_integral.T * half_widths[:, None]
        masses = self.weights.reshape(w.shape).sum(axis=1)
        self._below = np.concatenate([[0.0], np.cumsum(masses)])
        self._above = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])
        self.mass = float(self._below[-1])

    def moved(self, factor: float, by: float) -> Half:
        """Return the half of the law of ``factor * x + by``."""
        mapping, sign = self._map, math.copysign(1.0, factor)
        turned = _Map(
            lambda w: factor * mapping.to_x(sign * w) + by,
            lambda w: abs(factor) * mapping.slope(sign * w),
            lambda x: sign * mapping.to_w((x - by) / factor),
            np.sort(sign * mapping.ends),
        )
        return Half(turned, self._heights if sign > 0 else self._heights[::-1, ::-1])

    def _within(self, panel: AnyArray, local: FloatArray) -> FloatArray:
        vander = np.polynomial.legendre.legvander(local, _NODES)
        part: FloatArray = np.sum(vander * self._coefficients[panel], axis=-1)
        return part.reshape(local.shape)

    def mean_of(self, function: Callable[[FloatArray], AnyArray]) -> float:
        """Return the integral of a function times the density."""
        held = self.weights != 0  # where there is no density, the function may be infinite
        with np.errstate(over="ignore"):
            return float(self.weights[held] @ function(self.x[held]))

    def _located(self, x: FloatArray) -> tuple[AnyArray, FloatArray]:
        """Return the panel of each place, and where it lies in the panel, from -1 to 1."""
        ends = self._map.ends
        w = np.clip(self._map.to_w(x), ends[0], ends[-1])
        panel = np.clip(np.searchsorted(ends, w, side="right") - 1, 0, len(ends) - 2)
        return panel, 2 * (w - ends[panel]) / (ends[panel + 1] - ends[panel]) - 1

    def integral_to(self, x: FloatArray) -> FloatArray:
        """Return the integral of the density from the lower end to x."""
        panel, local = self._located(x)
        total: FloatArray = self._below[panel] + self._within(panel, local)
        return total

    def integral_from(self, x: FloatArray) -> FloatArray:
        """Return the integral of the density from x to the upper end."""
        panel, local = self._located(x)
        rest = self._within(panel, np.ones_like(local)) - self._within(panel, local)
        total: FloatArray = self._above[panel + 1] + rest
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
    interval: tuple[float, float], middle: float, width: float, *, longest: float
) -> tuple[_Map, _Map]:
    """
    Divide an interval at its middle, and return the maps of both halves.

    At a finite end the density may rise like any root of the distance, or its inverse. An end at
    exactly 0 may have any power, and so may an infinite end, from the width around the middle on,
    to the longest logarithm.
    """
    longest = min(max(longest, _TO_SHORT), _TO_FAR[-1])
    low, high = interval
    if low == 0:
        left = _exponential(0.0, middle, -1.0, towards=True)
    elif math.isinf(low):
        left = _exponential(middle + width, middle, -1.0, towards=False, longest=longest)
    else:
        left = _finite(low, middle)
    if high == 0:
        right = _exponential(0.0, middle, 1.0, towards=True)
    elif math.isinf(high):
        right = _exponential(middle - width, middle, 1.0, towards=False, longest=longest)
    else:
        right = _finite(high, middle)
    return left, right
