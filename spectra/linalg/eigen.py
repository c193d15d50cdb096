"""Eigenvalues of ``W.T @ W``, from the Gram matrix or the singular values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import (
    BLOCK,
    EPS,
    in_blocks,
    in_weight_units,
    largest,
    matrix_of,
    zero_below,
)
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["eigenvalues"]

_GRAM_ERROR = 8 * EPS  # error of small eigenvalues over the largest; at most 3.9 eps was measured
_SAFE_EXPONENT = 400  # squares of numbers from 2**-400 to 2**400 can be summed in float64


class _Tall(NamedTuple):
    """A matrix with at least as many rows as columns, in memory or read in parts."""

    shape: tuple[int, int]
    blocks: Callable[[], Iterable[AnyArray]]  # of rows
    whole: Callable[[], AnyArray]


def _real(array: AnyArray) -> AnyArray:
    """Return a matrix, its elements in a type of 16 bits or more; refuse what is not real."""
    floating = array.dtype.kind == "f" or array.dtype.name.startswith(("bfloat", "float"))
    if array.ndim != 2 or not (floating or array.dtype.kind in "iub"):
        msg = f"`W` must be a matrix of real numbers, got {array.ndim}-D {array.dtype}"
        raise ArgumentError(msg)
    wide = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array if wide else array.astype(np.float64)


def _tall(W: npt.ArrayLike) -> _Tall:
    """Return a matrix, or its transpose if that has more rows."""
    matrix = matrix_of(W)
    parts = in_blocks(matrix)
    if parts is None:
        array = _real(np.asarray(matrix))
        tall = array if array.shape[0] >= array.shape[1] else array.T
        step = _step(tall.shape[1])
        starts = range(0, len(tall), step)
        return _Tall(tall.shape, lambda: (tall[i : i + step] for i in starts), lambda: tall)
    columns, rows = sorted(parts.shape)
    turn = parts.shape[0] < parts.shape[1]

    def upright(array: AnyArray) -> AnyArray:
        return _real(array).T if turn else _real(array)

    return _Tall(
        (rows, columns),
        lambda: map(upright, parts.blocks(_step(columns))),
        lambda: upright(np.asarray(parts)),
    )


def _step(columns: int) -> int:
    """Return the number of rows in a block."""
    return max(1, BLOCK // max(1, columns))


def _scaled(W: AnyArray, exponent: int) -> FloatArray:
    """Return ``W / 2**exponent`` in float64."""
    if W.dtype.itemsize > 8:  # longer floats, before their exponent is cut
        return np.ldexp(W, -exponent).astype(np.float64)
    wide = W.astype(np.float64)
    return np.ldexp(wide, -exponent) if exponent else wide


def _gram(tall: _Tall, exponent: int) -> FloatArray:
    """
    Return the Gram matrix of ``tall / 2**exponent`` in float64, computed by blocks of rows.

    Only extreme elements are scaled before they are squared; scaling the squares has the same bits.
    """
    total = np.zeros((tall.shape[1], tall.shape[1]))
    early = 0
    for part in tall.blocks():
        extreme = abs(exponent) > _SAFE_EXPONENT or part.dtype.itemsize > 8
        early = exponent if extreme else 0
        block = _scaled(part, early)
        total += block.T @ block
    return total if early else total * 2.0 ** (-2 * exponent)


def _scaled_eigenvalues(tall: _Tall, exponent: int, rtol: float) -> FloatArray:
    """Return eigenvalues for ``tall / 2**exponent``, from the Gram matrix if accurate enough."""
    if rtol > 0:
        values = np.linalg.eigvalsh(_gram(tall, exponent)).astype(np.float64, copy=False)
        if np.isinf(rtol) or values[0] * rtol >= _GRAM_ERROR * values[-1]:
            return values.clip(min=0)
    singular = np.linalg.svd(_scaled(tall.whole(), exponent), compute_uv=False)
    squares: FloatArray = np.square(singular[::-1], dtype=np.float64)
    return squares


def eigenvalues(W: npt.ArrayLike, /, *, rtol: float = 1e-6) -> FloatArray:
    r"""
    Return the eigenvalues of ``W.T @ W`` (of ``W @ W.T`` if that is smaller).

    Parameters
    ----------
    W : array_like, shape (m, n)
        Real matrix, in weight units. That of a layer of a file is read in blocks.
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
    tall = _tall(W)
    rows, columns = tall.shape
    most = largest(tall.blocks()) if columns else 0.0
    if most == 0:
        return np.zeros(columns)
    if not np.isfinite(most):
        return np.full(columns, np.nan)
    exponent = int(np.frexp(most)[1])  # of the smallest power of two above all elements
    with np.errstate(under="ignore"):
        scaled = _scaled_eigenvalues(tall, exponent, rtol)
    return in_weight_units(scaled, exponent, zero_below(float(scaled[-1]), rows))
