"""Fixed points of analytic maps of the upper half-plane, up to the real line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Tracker", "fixed_points", "without_noise"]

_HEIGHTS = (1.0, 0.2, 0.04, 0.008, 1e-3, 1e-5, 0.0)  # above the wanted points, in scales
_NEWTON, _PLAIN = 50, 400
_STEP = 1e-7  # of the numerical derivative, over the size of the point
_DONE = 1e-12  # last step over the size of the point; the error is its square
_ON_THE_WAY = 1e-5  # the same above the wanted points
_NOISE = 1e-11  # imaginary part over the real one
_CLOSE = 1e-7  # residual of a fixed point
_FEW, _NEAR, _CONTRACTS = 8, 10, 0.999  # steps from neighbours, residual in _DONE, and slope


def fixed_points(
    step: Callable[[AnyArray, AnyArray], AnyArray], z: AnyArray, *, scale: float | None
) -> AnyArray:
    r"""
    Solve :math:`w = T_z(w)` in the closed upper half-plane for every z of an array.

    For z above the real line the iterates of :math:`T_z` tend to the one fixed point, whatever the
    start (Belinschi & Bercovici 2007, doi:10.1007/s11854-007-0009-5), but slowly. Newton's method
    is started from the fixed points a little higher up instead, and iterates are taken where it
    fails. Lengths are those of a scale, or without one of z itself, as in a product.
    """
    points = np.ravel(z).astype(np.complex128)
    units = np.abs(points) if scale is None else np.full(points.shape, scale)
    floor = 0.0 if scale is None else 1e-3 * scale
    w = points + 1j * units
    for height in _HEIGHTS:
        at = points + 1j * (units * height)
        done = _DONE if height == _HEIGHTS[-1] else _ON_THE_WAY
        if height == _HEIGHTS[0]:
            w = _iterated(step, at, w, _PLAIN // 40)
        found = _newton(step, at, w, floor, done)
        wrong = ~(np.abs(step(at, found) - found) <= _CLOSE * (floor + np.abs(found)))
        if wrong.any():
            slow = _iterated(step, at[wrong], w[wrong], _PLAIN)
            found[wrong] = _newton(step, at[wrong], slow, floor, done)
        w = np.where(np.isfinite(found), found, w)
    return w.reshape(np.shape(z))


class Tracker:
    """
    Fixed points at many real numbers in turn, each from those of its neighbours.

    A fixed point at which the map contracts is the one (Denjoy and Wolff), so that a point found
    from its neighbours needs no way down from above.
    """

    def __init__(
        self, step: Callable[[AnyArray, AnyArray], AnyArray], *, scale: float | None
    ) -> None:
        self._step, self._scale = step, scale
        self._floor = 0.0 if scale is None else 1e-3 * scale
        self._x, self._w = np.empty(0), np.empty(0, np.complex128)

    def __call__(self, x: FloatArray) -> AnyArray:
        """Return the fixed points at real numbers, and keep them as neighbours of others."""
        w = np.full(x.shape, np.nan + 0j)
        if len(self._x):
            start = np.interp(x, self._x, self._w.real) + 1j * np.interp(x, self._x, self._w.imag)
            w = _newton(self._step, x + 0j, start, self._floor, _DONE, num=_FEW)
        left = ~self._is_fixed(x + 0j, w) if len(self._x) else np.ones(x.shape, dtype=bool)
        if left.any():
            w[left] = fixed_points(self._step, x[left] + 0j, scale=self._scale)
        both, places = np.append(self._x, x), np.append(self._w, w)
        self._x, first = np.unique(both, return_index=True)
        self._w = places[first]
        return w

    def _is_fixed(self, z: AnyArray, w: AnyArray) -> AnyArray:
        """Return whether the map leaves a point where it is, and contracts there."""
        size = self._floor + np.abs(w)
        there = self._step(z, w)
        h = 1j * _STEP * size
        slope = (self._step(z, w + h) - there) / h
        settled = (w.imag == 0) | (w.imag > _CLOSE * size)
        exact = np.abs(there - w) <= _DONE * _NEAR * size
        return np.asarray(exact & settled & (np.abs(slope) < _CONTRACTS))


def without_noise(z: AnyArray, G: AnyArray) -> AnyArray:
    """Return a transform on the real line without an imaginary part that is rounding alone."""
    noise = (z.imag == 0) & (np.abs(G.imag) < _NOISE * np.abs(G.real))
    return np.where(noise, G.real + 0j, G)


def _iterated(
    step: Callable[[AnyArray, AnyArray], AnyArray], z: AnyArray, w: AnyArray, num: int
) -> AnyArray:
    """Return w after that many steps, each averaged with the one before."""
    for _ in range(num):
        following = (w + step(z, w)) / 2
        w = np.where(np.isfinite(following), following, w)
    return w


def _newton(
    step: Callable[[AnyArray, AnyArray], AnyArray],
    z: AnyArray,
    w: AnyArray,
    floor: float,
    done: float,
    *,
    num: int = _NEWTON,
) -> AnyArray:
    """Return the fixed point by Newton's method from w, kept in the upper half-plane."""
    found, active = w.copy(), np.arange(len(w))
    for _ in range(num):
        here, at = found[active], z[active]
        h = _STEP * (floor + np.abs(here))
        there = step(at, here)
        slope = (step(at, here + 1j * h) - there) / (1j * h)
        change = (here - there) / (1 - slope)
        following = here - change
        low = following.imag < 0
        following[low] = following[low].real + 0j
        good = np.isfinite(following)
        found[active[good]] = following[good]
        moving = good & (np.abs(following - here) > done * np.abs(here))
        active = active[moving]
        if not len(active):
            break
    return found
