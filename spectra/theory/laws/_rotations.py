"""Random rotations of the models of free sums and products, real and complex."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra.theory.ensembles._drawing import orthonormal, unitary

if TYPE_CHECKING:
    import numpy as np

    from spectra._typing import AnyArray

__all__ = ["joint_beta", "rotation"]


def rotation(size: int, beta: float, rng: np.random.Generator) -> AnyArray:
    """Draw an orthogonal matrix, or a unitary one for beta 2, uniformly over all."""
    return unitary(size, rng) if beta == 2 else orthonormal((size, size), rng)


def joint_beta(*betas: float) -> float:
    """Return the index of a matrix made of several: 1 without one, ``nan`` if it has no model."""
    joint = max((beta for beta in betas if not math.isnan(beta)), default=1.0)
    return joint if joint in (1.0, 2.0) else math.nan
