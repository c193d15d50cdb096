r"""
The few smallest eigenvalues of ``W.T @ W``, to digits that its Gram matrix does not have.

Square noise has an eigenvalue or two that the rounding of the Gram matrix would change. Their
vectors are known well enough from the Gram matrix, by inverse iteration; the eigenvalues are
squares of singular values of W times these vectors, which takes one more pass over W. A pass after
a few rounds of the iteration mostly shows that they were enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._spectral import EPS
from spectra.linalg._gram import gram_of
from spectra.linalg._tall import scaled

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.linalg._tall import Tall

__all__ = ["refined"]

_SHARE = 16  # one in so many eigenvalues is refined at most; of more, all singular values are
_BESIDE = 16  # further vectors at least, which make the iteration converge
_ROUNDS = (4, 4, 8, 8)  # of the iteration, before each look at the errors
_SHIFT = 16 * EPS  # of the largest eigenvalue, so that rounding leaves the matrix positive
_NARROWEST = 256  # columns below which all singular values take less time


def refined(
    values: FloatArray,
    matrix: Tall,
    exponent: int,
    /,
    *,
    accurate: float,
    rtol: float,
    gram: FloatArray | None = None,
) -> FloatArray | None:
    r"""
    Return eigenvalues with those below `accurate` computed again; None if that is not possible.

    The Gram matrix is computed if it is not given; it is overwritten, and there is no second one.

    The error of k eigenvalues from a space with the residual R is at most
    :math:`\|R\|^2` over the gap to the next eigenvalue (Kato; Parlett, The symmetric eigenvalue
    problem, section 11.7): the result is None unless that is below `rtol` times each.
    """
    from scipy.linalg import lapack

    num = int(np.searchsorted(values, accurate))
    if num > len(values) // _SHARE or len(values) < _NARROWEST or len(values) < matrix.shape[1]:
        return None
    gram = gram_of(matrix, exponent) if gram is None else gram
    gram[np.diag_indices_from(gram)] += _SHIFT * values[-1]
    # its lower triangle is the upper one of the transpose, which LAPACK overwrites without a copy
    factor, failed = lapack.dpotrf(gram.T, lower=0, clean=0, overwrite_a=1)
    if failed:
        return None
    size = num + max(num, _BESIDE)
    vectors = np.random.default_rng(0).standard_normal((len(values), size))
    vectors = np.linalg.qr(vectors)[0]
    for rounds in _ROUNDS:
        for _ in range(rounds):
            vectors = np.linalg.qr(lapack.dpotrs(factor, vectors, lower=0)[0])[0]
        products = _products(matrix, exponent, vectors)
        found = _with_smallest(values, *products, vectors, num, rtol)
        if found is not None:
            return found
    return None


def _products(matrix: Tall, exponent: int, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return R of the QR of W times the vectors, and W.T @ W times the vectors, in one pass."""
    triangle: Any = np.zeros((0, vectors.shape[1]))
    twice = np.zeros_like(vectors)
    for part in matrix.blocks():
        block = scaled(part, exponent)
        once = block @ vectors
        twice += block.T @ once
        del block, part  # before the next ones are read
        triangle = np.linalg.qr(np.concatenate([triangle, once]), mode="r")
    return triangle, twice


def _with_smallest(
    values: FloatArray,
    triangle: FloatArray,
    twice: FloatArray,
    vectors: FloatArray,
    num: int,
    rtol: float,
) -> FloatArray | None:
    """Return the eigenvalues with the smallest replaced, if their errors are small enough."""
    _, singular, rotation = np.linalg.svd(triangle, full_matrices=False)
    found = np.square(singular[::-1])
    turned = rotation[::-1].T
    residuals = twice @ turned - (vectors @ turned) * found
    # the space of so many vectors that the gap to the next eigenvalue is largest
    most = (num + len(found)) // 2
    gaps = values[num : most + 1] - values[num - 1 : most]
    size = num + int(np.argmax(gaps))
    gap = values[size] - found[size - 1]
    error = float(np.sum(residuals[:, :size] ** 2)) / gap if gap > 0 else np.inf
    if error > rtol * found[0] or found[num - 1] > values[num]:
        return None
    return np.concatenate([found[:num], values[num:]])
