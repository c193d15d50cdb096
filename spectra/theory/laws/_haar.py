"""Random rotations, real and complex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["haar", "joint_beta"]


def haar(size: int, rng: np.random.Generator, *, beta: float = 1.0) -> AnyArray:
    """
    Draw an orthogonal matrix, or a unitary one for beta 2, uniformly over all.

    Mezzadri (2007), arXiv:math-ph/0609050.
    """
    drawn: AnyArray = rng.standard_normal((size, size))
    if beta == 2:
        drawn = drawn + 1j * rng.standard_normal((size, size))
    Q, R = np.linalg.qr(drawn)
    diagonal = np.diagonal(R)
    return np.asarray(Q * (diagonal / np.abs(diagonal)))


def joint_beta(*betas: float) -> float:
    """Return the index of a matrix made of several: 1 without one, ``nan`` if it has no model."""
    known = {beta for beta in betas if beta == beta} or {1.0}
    joint = max(known)
    return joint if joint in (1.0, 2.0) else float("nan")
