"""Fixed points of analytic maps of the upper half-plane, up to the real line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray

__all__ = ["fixed_points", "without_noise"]

_HEIGHTS = (1.0, 0.2, 0.04, 0.008, 1e-3, 1e-5, 0.0)  # above the wanted points, in scales
_NEWTON, _PLAIN = 50, 400
_STEP = 1e-6  # of the numerical derivative
_DONE = 1e-12  # last step over the size of the point; the error is its square
_NOISE = 1e-11  # imaginary part over the real one
_CLOSE = 1e-7  # residual of a fixed point


def fixed_points(
    step: Callable[[AnyArray, AnyArray], AnyArray], z: AnyArray, *, scale: float
) -> AnyArray:
    r"""
    Solve :math:`w = T_z(w)` in the closed upper half-plane for every z of an array.

    For z above the real line the iterates of :math:`T_z` tend to the one fixed point, whatever the
    start (Belinschi & Bercovici 2007, doi:10.1007/s11854-007-0009-5), but slowly. Newton's method
    is started from the fixed points a little higher up instead, and iterates are taken where it
    fails.
    """
    points = np.ravel(z).astype(np.complex128)
    w = points + 1j * scale
    for height in _HEIGHTS:
        at = points + 1j * (scale * height)
        if height == _HEIGHTS[0]:
            w = _iterated(step, at, w, _PLAIN // 20)
        found = _newton(step, at, w)
        wrong = ~(np.abs(step(at, found) - found) <= _CLOSE * (1 + np.abs(found)))
        if wrong.any():
            slow = _iterated(step, at[wrong], w[wrong], _PLAIN)
            found[wrong] = _newton(step, at[wrong], slow)
        w = np.where(np.isfinite(found), found, w)
    return w.reshape(np.shape(z))


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


def _newton(step: Callable[[AnyArray, AnyArray], AnyArray], z: AnyArray, w: AnyArray) -> AnyArray:
    """Return the fixed point by Newton's method from w, kept in the upper half-plane."""
    found, active = w.copy(), np.arange(len(w))
    for _ in range(_NEWTON):
        here, at = found[active], z[active]
        h = _STEP * (1e-3 + np.abs(here))
        slope = (step(at, here + h) - step(at, here - h)) / (2 * h)
        change = (here - step(at, here)) / (1 - slope)
        following = here - change
        low = following.imag < 0
        following[low] = following[low].real + 0j
        good = np.isfinite(following)
        found[active[good]] = following[good]
        moving = good & (np.abs(following - here) > _DONE * np.abs(here))
        active = active[moving]
        if not len(active):
            break
    return found
