"""Random matrices with the predictions of theory for their spectrum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["Sample"]


class Sample(NamedTuple):
    """
    A random matrix, or a stack, with the predictions of theory for the eigenvalues of ``W.T @ W``.

    A stack of `num` matrices has a leading axis of that length, in W and in the planted directions.

    Examples
    --------
    >>> Sample._fields
    ('W', 'lower_edge', 'upper_edge', 'alpha', 'spikes', 'left', 'right', 'strengths')
    """

    W: FloatArray
    """The matrix, shape (rows, columns), or the matrices, shape (num, rows, columns)."""
    lower_edge: float = math.nan
    """Lower edge of the bulk, in units of W squared; ``nan`` if it is not known."""
    upper_edge: float = math.nan
    """Upper edge of the bulk, in units of W squared; ``nan`` if there is none."""
    alpha: float = math.nan
    """Exponent of the power-law tail of the density; ``nan`` if there is none."""
    spikes: tuple[float, ...] = ()
    """Eigenvalues expected outside the bulk, largest first, in units of W squared."""
    left: FloatArray = np.empty((0, 0))
    """Planted left singular vectors, shape (rows, k); empty if there are none."""
    right: FloatArray = np.empty((0, 0))
    """Planted right singular vectors, shape (columns, k); empty if there are none."""
    strengths: FloatArray = np.empty(0)
    """Strengths of the planted directions, shape (k,), in units of the standard deviation of the
    noise times the root of the longer side; shape (num, k) where each matrix has its own."""
