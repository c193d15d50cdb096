"""Eigenvalues of ``W.T @ W``, from the Gram matrix or the singular values."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra._checks as _checks
from spectra._sparse import stored_blocks
from spectra._spectral import EPS, in_weight_units, largest, zero_below
from spectra.errors import ArgumentError
from spectra.linalg import devices, two_stage
from spectra.linalg._elsewhere import largest_of, scaled_values, sent, there
from spectra.linalg._gram import gram_of, without_zero_columns
from spectra.linalg._smallest import refined
from spectra.linalg._tall import scaled, tall

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.linalg._tall import Tall

__all__ = ["eigenvalues"]

_GRAM_ERROR = 8 * EPS  # error of small eigenvalues over the largest; at most 3.9 eps was measured
_PANEL = 64  # columns that a QR decomposition eliminates at a time


def _triangle(matrix: Tall, exponent: int) -> FloatArray:
    """Return a matrix with the singular values of ``matrix / 2**exponent``: R of its QR."""
    from scipy.linalg import lapack

    blocks = (scaled(part, exponent) for part in matrix.blocks())
    if matrix.num_blocks == 1:
        return next(blocks)
    columns = matrix.shape[1]
    R = np.zeros((columns, columns), order="F")
    for block in blocks:
        below = np.asfortranarray(block)
        R = lapack.dtpqrt(0, min(_PANEL, columns), R, below, overwrite_a=1, overwrite_b=1)[0]
    return R


def _scaled_eigenvalues(matrix: Tall, exponent: int, *, rtol: float) -> FloatArray:
    """Return eigenvalues of ``matrix / 2**exponent``, from its Gram matrix if accurate enough."""
    if rtol > 0:
        gram = without_zero_columns(gram_of(matrix, exponent), matrix)
        destroys = two_stage.is_faster(len(gram))
        if destroys:
            values = two_stage.eigenvalues(gram, overwrite=True)
        else:
            values = np.asarray(np.linalg.eigvalsh(gram), np.float64)
        if np.isinf(rtol) or values[0] * rtol >= _GRAM_ERROR * values[-1]:
            return np.pad(values.clip(min=0), (matrix.shape[1] - len(values), 0))
        kept = None if destroys else gram
        del gram
        accurate = _GRAM_ERROR * float(values[-1]) / rtol
        found = refined(values, matrix, exponent, accurate=accurate, rtol=rtol, gram=kept)
        del kept
        if found is not None:
            return found
    singular = np.linalg.svd(_triangle(matrix, exponent), compute_uv=False)
    squares: FloatArray = np.square(singular[::-1], dtype=np.float64)
    return squares


def eigenvalues(
    W: npt.ArrayLike, /, *, rtol: float = 1e-6, device: str | None = None
) -> FloatArray:
    r"""
    Return the eigenvalues of ``W.T @ W`` (of ``W @ W.T`` if that is smaller).

    Parameters
    ----------
    W : array_like, shape (m, n)
        Real matrix, in weight units. That of a layer of a file, or a sparse one of SciPy, is read
        in blocks. For an array of PyTorch, CuPy, JAX or another library of the array API, the work
        is done by that library, where the array lies; it must have float64.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalue. The Gram matrix has the squared condition
        number of W. If its error could exceed `rtol` in up to 16 eigenvalues, these are computed
        again, which takes about as long; if in more, the singular values of W are computed instead,
        which takes three to six times as long: always for 0, never for ``inf``. Columns of zeros,
        and rows in a wide matrix, do not count.
    device : str, optional
        Library and device that compute: ``"cuda"``, ``"cuda:1"`` (CuPy), ``"torch:cuda"``,
        ``"jax:gpu"`` and others, see :func:`spectra.linalg.devices.opened`; by default NumPy. The
        blocks are sent to it one by one.

    Returns
    -------
    numpy.ndarray of float, shape (min(m, n),)
        Eigenvalues in ascending order, in weight units squared, not divided by m or n; none is
        negative. All ``nan`` if an element of W is not finite. An eigenvalue outside the range of
        float64 is ``inf`` or has lost digits to underflow, with a warning.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, its library does not compute in float64, `rtol` is
        negative or not a number, or `device` cannot be used or is given for an array that already
        lies on a device.
    DeviceError
        If a device has too little memory, or fails.

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

    W is read in blocks, whichever way is taken: the Gram matrix is summed over them, and the
    singular values are those of the triangle R of a QR decomposition, to which one block after the
    other is added. From 2,048 columns the eigenvalues of the Gram matrix are computed by
    :func:`spectra.linalg.two_stage.eigenvalues`.

    A device, or another library, has the Gram matrix and one block in its memory, and the product
    that is added; its eigenvalues agree with those of NumPy to about 1e-14 of the largest. Other
    threads wait until the device is free.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., section 8.6.1; for the triangle, Demmel,
    Grigori, Hoemmen & Langou (2012), doi:10.1137/080731992.

    Examples
    --------
    >>> eigenvalues([[3.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    array([4., 9.])
    """
    _checks.number("rtol", rtol, at_least=0, at_most=math.inf, what="a number")
    over_power, exponent, rows = _scaled(W, rtol, device)
    zero = zero_below(float(over_power.max(initial=0.0)), rows)
    return in_weight_units(over_power, exponent, zero)


def _scaled(W: Any, rtol: float, device: str | None) -> tuple[FloatArray, int, int]:
    """Return eigenvalues over ``4**exponent``, the exponent, and the longer side of the matrix."""
    where = None if device is None else devices.opened(device)
    own = devices.holding(W)
    if own is not None:
        if where is not None:
            msg = f"`device` must be left out for an array of {own.name}, got {device!r}"
            raise ArgumentError(msg)
        with devices.at_work(own):
            source = there(W, own)
            work = partial(scaled_values, source, rtol=rtol, error=_GRAM_ERROR)
            return _over_power(largest_of(source), source.shape, work)
    matrix = tall(W)
    most = largest(stored_blocks(matrix) or matrix.blocks()) if matrix.shape[1] else 0.0
    if where is None:
        with np.errstate(under="ignore"):
            return _over_power(most, matrix.shape, partial(_scaled_eigenvalues, matrix, rtol=rtol))
    with devices.at_work(where):
        source = sent(matrix, where)
        work = partial(scaled_values, source, rtol=rtol, error=_GRAM_ERROR)
        return _over_power(most, matrix.shape, work)


def _over_power(
    most: Any, shape: tuple[int, int], work: Callable[[int], FloatArray]
) -> tuple[FloatArray, int, int]:
    """Return what :func:`_scaled` does, for the largest absolute value of an element."""
    rows, columns = shape
    if most == 0:
        return np.zeros(columns), 0, rows
    if not np.isfinite(most):
        return np.full(columns, np.nan), 0, rows
    exponent = int(np.frexp(most)[1])  # of the smallest power of two above all elements
    return work(exponent), exponent, rows
