"""Singular triplets of a matrix of any scale, without those that are zero by rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._spectral import zero_below

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["Triplets", "triplets"]


class Triplets(NamedTuple):
    """Singular values squared, in units of ``4**exponent``, the largest first, with vectors."""

    left: FloatArray  # shape (m, k)
    squares: FloatArray  # shape (k,)
    right: FloatArray  # shape (n, k)
    exponent: int


def triplets(W: FloatArray, /) -> Triplets:
    """Compute the triplets of an (m, n) matrix over a power of two, so that no square overflows."""
    exponent = int(np.frexp(np.abs(W).max(initial=0.0))[1])
    left, singular, right = np.linalg.svd(np.ldexp(W, -exponent), full_matrices=False)
    squares = singular**2
    zero = zero_below(float(squares.max(initial=0.0)), max(W.shape, default=1))
    num = int(np.count_nonzero(squares > zero))  # the first, as they descend
    return Triplets(left[:, :num], squares[:num], right[:num].T, exponent)
