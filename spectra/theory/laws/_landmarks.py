"""Places of a law, near which those of its sums and products lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.theory.laws._density import Density

__all__ = ["landmarks", "middle", "width"]

_NUM = 24  # of an interval
_SHARES = (1e-3, 0.01, 0.03, *np.linspace(0.06, 0.94, 18), 0.97, 0.99, 1 - 1e-3)


def landmarks(law: Density) -> FloatArray:
    """Return the atoms of a law, and places all over its intervals, from quantiles if infinite."""
    atoms = np.array([place for place, _ in law.atoms])
    if law.edges[1] - law.edges[0] == math.inf:
        return np.concatenate([law.ppf(_SHARES), atoms])
    angles = np.pi * (np.arange(_NUM) + 0.5) / _NUM
    inside = [low + (high - low) * (1 - np.cos(angles)) / 2 for low, high in law.intervals]
    return np.concatenate([*inside, atoms])


def middle(law: Density) -> float:
    """Return a place in the middle of a law."""
    low, high = law.edges
    return (low + high) / 2 if math.isfinite(high - low) else float(law.ppf(0.5))


def width(law: Density) -> float:
    """Return a width that most eigenvalues lie in."""
    low, high = law.edges
    return high - low if math.isfinite(high - low) else float(np.ptp(law.ppf([0.1, 0.9])))
