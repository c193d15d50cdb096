"""Eigenvalues of ``W.T @ W``, from the Gram matrix or the singular values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._spectral import EPS, matrix_of
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["eigenvalues"]

_GRAM_ERROR = 8 * EPS  # error of small eigenvalues over the largest; at most 3.9 eps was measured
_SAFE_EXPONENT = 400  # squares of numbers from 2**-400 to 2**400 can be summed in float64
_BLOCK = 1 << 22  # elements converted to float64 at a time: 32 MiB


def _real_matrix(W: npt.ArrayLike) -> AnyArray:
    array = np.asarray(matrix_of(W))
    floating = array.dtype.kind == "f" or array.dtype.name.startswith(("bfloat", "float"))
    if array.ndim != 2 or not (floating or array.dtype.kind in "iub"):
        msg = f"`W` must be a matrix of real numbers, got {array.ndim}-D {array.dtype}"
        raise ArgumentError(msg)
    wide = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array if wide else array.astype(np.float64)


def _exponent(W: AnyArray) -> int | None:
    """Return the exponent of a power of two to divide W by before squaring; None if not finite."""
    with np.errstate(invalid="ignore"):
        largest = np.maximum(W.max(), -W.min()).astype(np.float64)
    if not np.isfinite(largest):
        return None
    exponent = int(np.frexp(largest)[1])
    return exponent if abs(exponent) > _SAFE_EXPONENT else 0


def _scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return ``W / 2**exponent`` in float64."""
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent) if exponent else wide


def _gram(tall: AnyArray, exponent: int) -> FloatArray:
    """Return the Gram matrix of ``tall / 2**exponent`` in float64, computed by blocks of rows."""
    rows, columns = tall.shape
    step = max(1, _BLOCK // columns)
    total = np.zeros((columns, columns))
    for start in range(0, rows, step):
        block = _scaled(tall[start : start + step], exponent)
        total += block.T @ block
    return total


def _scaled_eigenvalues(tall: AnyArray, exponent: int, rtol: float) -> FloatArray:
    """Return eigenvalues for ``tall / 2**exponent``, from the Gram matrix if accurate enough."""
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
        Real matrix, in weight units.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalue. The Gram matrix has the squared condition
        number of W; if its error could exceed `rtol`, the singular values of W are computed
        instead, which takes about three times as long: always for 0, never for ``inf``.

    Returns
    -------
    array of float, shape (min(m, n),)
        Eigenvalues in ascending order, in weight units squared, not divided by m or n; none is
        negative. All ``nan`` if an element of W is not finite.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `rtol` is negative or not a number.

    Notes
    -----
    The Gram matrix is accumulated in float64 for every stored type. Its eigenvalues have an error
    of about :math:`\epsilon\lambda_{max}`, so :math:`\lambda_i` has relative error
    :math:`\epsilon\lambda_{max}/\lambda_i`: negligible for the largest eigenvalues, total for the
    smallest at condition numbers of :math:`10^8`. Very large and very small W are first scaled by a
    power of two, so that no intermediate square overflows or underflows; an eigenvalue outside the
    range of float64 is still ``inf`` or zero (elements beyond 1e154 or below 1e-154).

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., section 8.6.1.

    Examples
    --------
    >>> eigenvalues([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    array([4., 9.])
    """
    _checks.number("rtol", rtol, at_least=0, at_most=math.inf, what="a number")
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
