r"""
The few smallest eigenvalues of ``W.T @ W``, to digits that its Gram matrix does not have.

Square noise has an eigenvalue or two that the rounding of the Gram matrix would change. Their
vectors are known well enough from the Gram matrix, by inverse iteration; the eigenvalues are
squares of singular values of W times these vectors, which takes one more pass over W.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra._spectral import EPS
from spectra.linalg._gram import gram_of
from spectra.linalg._tall import scaled

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.linalg._tall import Tall

__all__ = ["refined"]

_MOST = 16  # eigenvalues that are refined; of more, all singular values are computed
_BESIDE = 16  # further vectors, which make the iteration converge
_ROUNDS = 24
_SHIFT = 16 * EPS  # of the largest eigenvalue, so that rounding leaves the matrix positive
_NARROWEST = 256  # columns below which all singular values take less time


def refined(
    values: FloatArray, matrix: Tall, exponent: int, /, *, accurate: float, rtol: float
) -> FloatArray | None:
    r"""
    Return eigenvalues with those below `accurate` computed again; None if that is not possible.

    The error of k eigenvalues from a space with the residual R is at most
    :math:`\|R\|^2` over the gap to the next eigenvalue (Kato; Parlett, The symmetric eigenvalue
    problem, section 11.7): the result is None unless that is below `rtol` times each.
    """
    from scipy.linalg import LinAlgError, cho_solve, cholesky

    num = int(np.searchsorted(values, accurate))
    if num > _MOST or len(values) < _NARROWEST or len(values) < matrix.shape[1]:
        return None
    gram = gram_of(matrix, exponent)
    gram[np.diag_indices_from(gram)] += _SHIFT * values[-1]
    try:
        factor = cholesky(gram, lower=True, overwrite_a=True, check_finite=False), True
    except LinAlgError:
        return None
    start = np.random.default_rng(0).standard_normal((len(values), num + _BESIDE))
    vectors = np.linalg.qr(start)[0]
    for _ in range(_ROUNDS):
        vectors = np.linalg.qr(cho_solve(factor, vectors, check_finite=False))[0]
    del gram, factor
    return _with_smallest(values, *_products(matrix, exponent, vectors), vectors, num, rtol)


def _products(matrix: Tall, exponent: int, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return W times the vectors, and the transpose of W times that, in one pass."""
    once, twice = [], np.zeros_like(vectors)
    for part in matrix.blocks():
        block = scaled(part, exponent)
        once.append(block @ vectors)
        twice += block.T @ once[-1]
    return np.concatenate(once), twice


def _with_smallest(
    values: FloatArray,
    once: FloatArray,
    twice: FloatArray,
    vectors: FloatArray,
    num: int,
    rtol: float,
) -> FloatArray | None:
    """Return the eigenvalues with the smallest replaced, if their errors are small enough."""
    _, singular, rotation = np.linalg.svd(once, full_matrices=False)
    found = np.square(singular[::-1])
    turned = rotation[::-1].T
    residuals = twice @ turned - (vectors @ turned) * found
    # the space of so many vectors that the gap to the next eigenvalue is largest
    gaps = values[num : num + _BESIDE // 2 + 1] - values[num - 1 : num + _BESIDE // 2]
    size = num + int(np.argmax(gaps))
    gap = values[size] - found[size - 1]
    error = float(np.sum(residuals[:, :size] ** 2)) / gap if gap > 0 else np.inf
    if error > rtol * found[0] or found[num - 1] > values[num]:
        return None
    return np.concatenate([found[:num], values[num:]])
