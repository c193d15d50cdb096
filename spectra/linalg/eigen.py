"""Eigenvalues of ``W.T @ W``, from the Gram matrix or the singular values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._spectral import EPS, in_weight_units, matrix_of, zero_below
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
    """Return the exponent of the smallest power of two above all elements; None if not finite."""
    with np.errstate(invalid="ignore"):
        largest = np.maximum(W.max(), -W.min())
    largest = largest if W.dtype.itemsize > 8 else largest.astype(np.float64)
    return int(np.frexp(largest)[1]) if np.isfinite(largest) else None


def _scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return ``W / 2**exponent`` in float64."""
    if W.dtype.itemsize > 8:  # longer floats, before their exponent is cut
        return np.ldexp(W, -exponent).astype(np.float64)
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent) if exponent else wide


def _gram(tall: AnyArray, exponent: int) -> FloatArray:
    """
    Return the Gram matrix of ``tall / 2**exponent`` in float64, computed by blocks of rows.

    Only extreme elements are scaled before they are squared; scaling the squares has the same bits.
    """
    rows, columns = tall.shape
    step = max(1, _BLOCK // columns)
    total = np.zeros((columns, columns))
    early = exponent if abs(exponent) > _SAFE_EXPONENT or tall.dtype.itemsize > 8 else 0
    for start in range(0, rows, step):
        block = _scaled(tall[start : start + step], early)
        total += block.T @ block
    return total if early else total * 2.0 ** (-2 * exponent)


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
        negative. All ``nan`` if an element of W is not finite. An eigenvalue outside the range of
        float64 is ``inf`` or has lost digits to underflow, with a warning.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `rtol` is negative or not a number.

    Warns
    -----
    RuntimeWarning
        If an eigenvalue that is not zero to within rounding is outside the range of float64, which
        takes elements of about 1e154 and more or 1e-139 and less. :func:`spectra.spectrum` returns
        the eigenvalues of such a matrix in a unit that suits them.

    See Also
    --------
    spectra.spectrum : Spectrum of a matrix of any scale.

    Notes
    -----
    The Gram matrix is accumulated in float64 for every stored type. Its eigenvalues have an error
    of about :math:`\epsilon\lambda_{max}`, so :math:`\lambda_i` has relative error
    :math:`\epsilon\lambda_{max}/\lambda_i`: negligible for the largest eigenvalues, total for the
    smallest at condition numbers of :math:`10^8`. W is scaled by a power of two to elements up to
    1: no intermediate square overflows or underflows, and the eigenvalues of W times a power of two
    are those of W times its square, to the last bit.

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
    with np.errstate(under="ignore"):
        scaled = _scaled_eigenvalues(tall, exponent, rtol)
    return in_weight_units(scaled, exponent, zero_below(float(scaled[-1]), len(tall)))
