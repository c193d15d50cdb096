"""Random rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["haar"]


def haar(size: int, rng: np.random.Generator) -> FloatArray:
    """Draw an orthogonal matrix, uniformly over all (Mezzadri 2007, arXiv:math-ph/0609050)."""
    Q, R = np.linalg.qr(rng.standard_normal((size, size)))
    uniform: FloatArray = Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return uniform
