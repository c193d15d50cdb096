"""Spectra: the eigenvalues of ``W.T @ W``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError
from spectra.linalg.elements import alive, excess_kurtosis

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Spectrum", "eigenvalues", "spectrum"]

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


@dataclass(frozen=True, repr=False, eq=False)
class Spectrum:
    """
    The spectrum of one layer: what a measure is given.

    Parameters
    ----------
    by_matrix : array of float, shape (rf, M)
        Eigenvalues of each matrix of the layer, each row ascending, in weight units squared.
    N : int
        Longer side of one matrix.
    matrices : array, shape (rf, rows, columns), optional
        The matrices themselves, for measures that need vectors.

    Examples
    --------
    >>> import numpy as np
    >>> s = Spectrum(np.array([[1.0, 4.0], [0.0, 9.0]]), N=3)
    >>> s.eigenvalues
    array([0., 1., 4., 9.])
    >>> s.M, s.rf, s.lambda_max
    (2, 2, 9.0)
    """

    by_matrix: FloatArray
    N: int
    matrices: AnyArray | None = None

    def __repr__(self) -> str:
        """Return the shape, not the numbers."""
        return f"<Spectrum of {self.rf} matrices, N={self.N}, M={self.M}>"

    @cached_property
    def eigenvalues(self) -> FloatArray:
        """Eigenvalues of all matrices together, shape (rf * M,), ascending as numpy's are."""
        return np.sort(self.by_matrix, axis=None)

    @property
    def stack(self) -> AnyArray:
        """The matrices, for a measure that cannot do without; ``ArgumentError`` if it has none."""
        if self.matrices is None:
            msg = "this measure needs the matrices: make the spectrum with spectra.spectrum(W)"
            raise ArgumentError(msg)
        return self.matrices

    @cached_property
    def sides(self) -> list[int]:
        """Longer side of each matrix without lines of zeros, those of dead neurons."""
        if self.matrices is None:
            return [self.N] * self.rf
        return [max(1, *alive(W).shape) for W in self.matrices]

    @cached_property
    def kurtosis(self) -> list[float]:
        """Excess kurtosis of the elements of each matrix; 0, as if normal, without the matrices."""
        if self.matrices is None:
            return [0.0] * self.rf
        return [excess_kurtosis(alive(W)) for W in self.matrices]

    @property
    def ratio(self) -> float:
        """M/N, one over the aspect ratio."""
        return self.M / self.N

    @property
    def rf(self) -> int:
        """Number of matrices."""
        return len(self.by_matrix)

    @property
    def M(self) -> int:
        """Shorter side of one matrix."""
        return int(self.by_matrix.shape[1])

    @property
    def lambda_max(self) -> float:
        """Largest eigenvalue, in weight units squared."""
        return float(self.eigenvalues[-1])

    @property
    def zero(self) -> float:
        r"""
        Eigenvalues up to this are zero to within rounding.

        :math:`\lambda_{max}(N\epsilon)^2`, numpy's rank tolerance on the singular values.
        """
        return self.lambda_max * (self.N * _EPS) ** 2


def spectrum(matrices: npt.ArrayLike, /, *, rtol: float = 1e-6) -> Spectrum:
    """
    Compute the spectrum of one matrix or a stack of matrices.

    Parameters
    ----------
    matrices : array_like, shape (m, n) or (rf, m, n)
        In weight units.
    rtol : float, default: 1e-6
        As in :func:`eigenvalues`.

    Returns
    -------
    Spectrum
        The eigenvalues of each matrix.

    Raises
    ------
    ArgumentError
        If `matrices` is neither a matrix nor a stack of them.

    Examples
    --------
    >>> spectrum([[[2.0, 0.0]], [[0.0, 1.0]]]).eigenvalues
    array([1., 4.])
    """
    stack = np.asarray(matrices)
    if stack.ndim == 2:
        stack = stack[np.newaxis]
    if stack.ndim != 3:
        msg = f"`matrices` must be a matrix or a stack of matrices, got {stack.ndim}-D"
        raise ArgumentError(msg)
    values = [eigenvalues(W, rtol=rtol) for W in stack]
    by_matrix = np.array(values).reshape(len(stack), min(stack.shape[1:]))
    return Spectrum(by_matrix, max(stack.shape[1:]), stack)
