r"""
The Stieltjes transform of associated Laguerre polynomials, by ratios of Tricomi's function U.

With :math:`J(b, c) = \int t^b (1 + t)^{-c} e^{y t} dt`, from 0 to infinity through the upper
half-plane, the transform is :math:`G(y) = 1 / (y - c R)`, with :math:`R = J(b, c+1) / J(b, c)`.
R is integrated numerically where both saddles of the integrand are far apart, and is taken from
there to the wanted b and c by recurrences, each in the direction in which errors fall. They are
Moebius maps with real coefficients for real y, so that a tiny imaginary part, the density, keeps
all its digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray

__all__ = ["associated_laguerre"]

_STEP = 0.14  # of the integration, in the logarithm of t; 1 + t = 0 is at a distance of pi/4
_DIGITS = 38.0  # logarithm of what is left out
_FAR, _LEVELS = 400.0, 80  # from where on G on the real line needs no integral; levels there
_DEEP = 30.0  # square root of the number of levels of a continued fraction
_CHUNK = 256


def associated_laguerre(y: AnyArray, b: float, c: float) -> AnyArray:
    """Return G of the three-term recurrence with levels ``n + b`` and ``n + c``, n = 0, 1, ..."""
    points = np.ravel(y).astype(np.complex128)
    finite = np.isfinite(points)
    points = np.where(np.abs(points) < 1e-290, 1e-290, points)
    found = np.full_like(points, np.nan)
    depth = np.sqrt(points).imag
    deep = finite & (depth > 9 / (_DEEP + math.sqrt(b)))
    far = finite & ~deep & (points.real > 4 * (b + c + _FAR))
    near = finite & ~deep & ~far
    if deep.any():
        order = np.flatnonzero(deep)[np.argsort(depth[deep])]
        for start in range(0, len(order), 4 * _CHUNK):
            part = order[start : start + 4 * _CHUNK]
            found[part] = _fraction(points[part], b, c, float(depth[part[0]]))
    if far.any():
        found[far] = 1 / (points[far] - c * _ratio_far(points[far], b, c))
    if near.any():
        order = np.flatnonzero(near)[np.argsort(np.abs(points[near]))]
        for start in range(0, len(order), _CHUNK):
            part = order[start : start + _CHUNK]
            found[part] = 1 / (points[part] - c * _ratio(points[part], b, c))
    return found.reshape(np.shape(y))


def _fraction(y: AnyArray, b: float, c: float, depth: float) -> AnyArray:
    """Return G by its continued fraction, which converges above the real line."""
    last = math.ceil((math.sqrt(b) + 9 / depth) ** 2 - b) + 4
    ahead = y - (2 * last + b + c)
    beside = 4 * (last + 1 + b) * (last + c)
    root = np.sqrt(ahead - math.sqrt(beside)) * np.sqrt(ahead + math.sqrt(beside))
    g = 2 / (ahead + root)
    for n in range(last, 0, -1):
        g = 1 / (y - (2 * n + b + c) - (n + 1 + b) * (n + c) * g)
    return np.asarray(1 / (y - c - (1 + b) * c * g))


def _ratio_far(y: AnyArray, b: float, c: float) -> AnyArray:
    """Return R far above the levels, from its value at a saddle some levels higher."""
    high = b + _LEVELS
    ahead = y + high - c
    t = -2 * high / (ahead + np.sqrt(ahead) * np.sqrt(ahead - 4 * high * (y / ahead)))
    r: AnyArray = 1 / (1 + t)
    for n in range(_LEVELS - 1, -1, -1):
        r = _b_down(r, y, b + n, c)
    return r


def _ratio(y: AnyArray, b: float, c: float) -> AnyArray:
    """Return R by an integral at lower or higher b and c, and recurrences from there."""
    levels = math.floor(b)
    delta = (c - b) - math.ceil(c - b) + 1  # in (0, 1]
    base = b - levels
    start = np.maximum(np.round((np.abs(y) - delta) / 2 - base), 0).astype(int)
    at_b = base + start
    at_c = at_b + delta
    r = _integrated(y, at_b, at_c)
    for _ in range(max(levels - int(start.min()), 0)):  # up in both
        on = at_b < b - 0.5
        r = np.where(on, _both_up(r, y, at_b, at_c), r)
        at_b, at_c = at_b + on, at_c + on
    for _ in range(int(np.max(np.abs(at_c - c) + 0.5))):
        up, down = at_c < c - 0.5, at_c > c + 0.5
        raised, lowered = _c_up(r, y, at_b, at_c + 1), _c_down(r, y, at_b, at_c)
        r = np.where(up, raised, np.where(down, lowered, r))
        at_c = at_c + up - down
    for _ in range(max(int(start.max()) - levels, 0)):
        on = at_b > b + 0.5
        r, at_b = np.where(on, _b_down(r, y, at_b - 1, c), r), at_b - on
    return r


def _c_up(r: AnyArray, y: AnyArray, b: FloatArray, c: FloatArray) -> AnyArray:
    """Return R at c from R at c - 1."""
    return np.asarray(((y + c - b - 1) - y / r) / c)


def _c_down(r: AnyArray, y: AnyArray, b: FloatArray, c: FloatArray) -> AnyArray:
    """Return R at c - 1 from R at c."""
    return np.asarray(y / ((y + c - b - 1) - c * r))


def _both_up(r: AnyArray, y: AnyArray, b: FloatArray, c: FloatArray) -> AnyArray:
    """Return R at b + 1 and c + 1 from R at b and c."""
    return np.asarray((y + (b + 1) * r / (1 - r)) / (c + 1))


def _b_down(r: AnyArray, y: AnyArray, b: FloatArray | float, c: FloatArray | float) -> AnyArray:
    """Return R at b from R at b + 1."""
    return np.asarray(((c - b - 1) + y * (b + 1) / (y - c * r)) / c)


def _integrated(y: AnyArray, b: FloatArray, c: FloatArray) -> AnyArray:
    """Return R by the trapezoidal rule in log t, on a ray past which the integrand falls."""
    size, angle = np.abs(y), np.angle(y)
    turn = 0.75 * np.maximum(math.pi - angle, 0)
    saddle = np.log(np.sqrt((b + 1) / size))
    width = np.minimum(9 / np.sqrt(b + 1), 4.0)
    low = np.minimum(saddle, 0) - np.maximum(width * (b > 4), _DIGITS / (b + 1))
    high = saddle + np.where(b > 4, width, np.log(_DIGITS / np.sqrt(size * (b + 1)) * 3 + 3))
    step = np.minimum(_STEP, 0.5 / np.sqrt(b + 1))
    num = int(np.max((high - low) / step)) + 2
    u = low[:, None] + ((high - low) / (num - 1))[:, None] * np.arange(num) + 1j * turn[:, None]
    t = np.exp(u)
    heights = (b + 1)[:, None] * u + y[:, None] * t - c[:, None] * np.log1p(t)
    weights = np.exp(heights - heights.real.max(axis=1, keepdims=True))
    return np.asarray(np.sum(weights / (1 + t), axis=1) / np.sum(weights, axis=1))
