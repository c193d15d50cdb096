"""Eigenvalues of ``W.T @ W``, from the Gram matrix or the singular values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["eigenvalues"]

_EPS = float(np.finfo(np.float64).eps)
_GRAM_ERROR = 8 * _EPS  # worst seen at the small end, over the largest eigenvalue, was 3.9 eps
_SAFE_EXPONENT = 400  # sums of squares of numbers within 2**400 of 1 are within float64
_BLOCK = 1 << 22  # elements converted to float64 at a time: 32 MiB


def _real_matrix(W: npt.ArrayLike) -> AnyArray:
    array = np.asarray(W)
    floating = array.dtype.kind == "f" or array.dtype.name.startswith(("bfloat", "float"))
    if array.ndim != 2 or not (floating or array.dtype.kind in "iub"):
        msg = f"`W` must be a matrix of real numbers, got {array.ndim}-D {array.dtype}"
        raise ArgumentError(msg)
    wide = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array if wide else array.astype(np.float64)


def _exponent(W: AnyArray) -> int | None:
    """Return the power of two to divide W by before it is squared, None if W is not finite."""
    with np.errstate(invalid="ignore"):
        largest = np.maximum(W.max(), -W.min()).astype(np.float64)
    if not np.isfinite(largest):
        return None
    exponent = int(np.frexp(largest)[1])
    return exponent if abs(exponent) > _SAFE_EXPONENT else 0


def _scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return W over ``2**exponent`` in float64."""
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent) if exponent else wide


def _gram(tall: AnyArray, exponent: int) -> FloatArray:
    """Return ``W.T @ W`` of `tall` over ``2**exponent``, in float64, block of rows by block."""
    rows, columns = tall.shape
    step = max(1, _BLOCK // columns)
    total = np.zeros((columns, columns))
    for start in range(0, rows, step):
        block = _scaled(tall[start : start + step], exponent)
        total += block.T @ block
    return total


def _scaled_eigenvalues(tall: AnyArray, exponent: int, rtol: float) -> FloatArray:
    """Return the eigenvalues of `tall` over ``2**exponent``, from its Gram matrix if it will do."""
    if rtol > 0:
        values = np.linalg.eigvalsh(_gram(tall, exponent)).astype(np.float64, copy=False)
        if np.isinf(rtol) or values[0] * rtol >= _GRAM_ERROR * values[-1]:
            return values.clip(min=0)
    singular = np.linalg.svd(_scaled(tall, exponent), compute_uv=False)
    squares: FloatArray = np.square(singular[::-1], dtype=np.float64)
    return squares


def eigenvalues(W: npt.ArrayLike, /, *, rtol: float = 1e-6) -> FloatArray:
    r"""
    Return the eigenvalues of ``W.T @ W`` (of ``W @ W.T`` if that is smaller).

    Parameters
    ----------
    W : array_like, shape (m, n)
        A real matrix, in weight units.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalue. The Gram matrix squares the condition
        number of W; where that could cost more than this, the singular values of W itself are
        computed, which takes about three times as long. 0 always does, ``inf`` never.

    Returns
    -------
    array of float, shape (min(m, n),)
        Eigenvalues in ascending order, in weight units squared, not divided by m or n; none is
        negative. All ``nan`` if an element of W is not finite.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `rtol` is negative.

    Notes
    -----
    The Gram matrix is accumulated in float64 whatever the stored type. Its eigenvalues are off by
    about :math:`\epsilon\lambda_{max}`, so :math:`\lambda_i` has relative error
    :math:`\epsilon\lambda_{max}/\lambda_i`: nothing at the large end, everything at condition
    numbers of :math:`10^8`. Huge and tiny W are first scaled by a power of two, so that no square
    overflows or underflows on the way; an eigenvalue beyond the range of float64 is ``inf`` or zero
    all the same (elements beyond 1e154 or below 1e-154).

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., section 8.6.1.

    Examples
    --------
    >>> eigenvalues([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    array([4., 9.])
    """
    if not rtol >= 0:
        msg = f"`rtol` must not be negative, got {rtol}"
        raise ArgumentError(msg)
    array = _real_matrix(W)
    tall = array if array.shape[0] >= array.shape[1] else array.T
    if tall.size == 0:
        return np.zeros(tall.shape[1])
    exponent = _exponent(tall)
    if exponent is None:
        return np.full(tall.shape[1], np.nan)
    with np.errstate(over="ignore", under="ignore"):
        values: FloatArray = np.ldexp(_scaled_eigenvalues(tall, exponent, rtol), 2 * exponent)
    return values
