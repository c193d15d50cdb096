"""The inverse of a transform on the real line outside a law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import FloatArray

__all__ = ["inverse_outside"]

_HALVINGS = 200


def _bisect(
    function: Callable[[FloatArray], FloatArray], values: FloatArray, edge: float, sign: float
) -> FloatArray:
    """Return the places beyond an edge with these values, ``nan`` where there are none."""
    unit = abs(edge) or 1.0
    near, far = np.full(values.shape, -745.0), np.full(values.shape, 700.0)
    for _ in range(_HALVINGS):  # of the logarithm of the distance from the edge
        middle = (near + far) / 2
        found = function(edge + sign * unit * np.exp(middle))
        beyond = np.abs(found) > np.abs(values)
        near, far = np.where(beyond, middle, near), np.where(beyond, far, middle)
        if np.all(far - near <= 1e-16 * np.abs(far)):
            break
    place = edge + sign * unit * np.exp((near + far) / 2)
    known = np.isclose(function(place), values, rtol=1e-6)
    return np.where(known, place, np.nan)


def inverse_outside(
    function: Callable[[FloatArray], FloatArray],
    edges: tuple[float, float],
    values: FloatArray,
    name: str,
) -> FloatArray:
    """
    Return the places outside the edges at which a function falls to 0 with distance has the values.

    A lower edge of 0 has no places below it that count: the function is then that of a law of
    numbers from 0 up, and takes its values below 0 at places below 0.
    """
    low, high = edges
    if math.isinf(high) or math.isinf(low):
        msg = f"{name} reaches to infinity and has no closed form of this transform"
        raise ArgumentError(msg)
    with np.errstate(all="ignore"):
        above = _bisect(function, np.where(values > 0, values, np.nan), high, 1.0)
        below = _bisect(function, np.where(values < 0, values, np.nan), low, -1.0)
    return np.where(values > 0, above, below)
