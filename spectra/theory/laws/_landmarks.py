"""Places of a law, near which those of its sums and products lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.theory.laws._density import Density

__all__ = ["landmarks"]

_NUM = 24  # of a law with a density, and of an atom


def landmarks(law: Density) -> FloatArray:
    """Return the atoms of a law, and places all over its intervals."""
    angles = np.pi * (np.arange(_NUM) + 0.5) / _NUM
    inside = [low + (high - low) * (1 - np.cos(angles)) / 2 for low, high in law.intervals]
    return np.concatenate([*inside, np.array([place for place, _ in law.atoms])])
