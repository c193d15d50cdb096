"""Accept a Spectrum in place of eigenvalues or matrices; rounding tolerance of eigenvalues."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from spectra._checks import as_array
from spectra._sparse import from_sparse, stored_blocks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = [
    "BLOCK",
    "EPS",
    "InBlocks",
    "SpectrumLike",
    "extreme_exponent",
    "in_blocks",
    "in_weight_units",
    "is_real",
    "kurtosis_of",
    "largest",
    "matrices_of",
    "matrix_of",
    "nonzero",
    "one_matrix",
    "spectrum_of",
    "stack_of",
    "zero_below",
]

_FARTHEST = 450  # squares of weights up to 2**450 can be summed, their eigenvalues told from zero

BLOCK = 1 << 22
"""Elements of a matrix that are read, or converted to float64, at a time: 32 MiB."""

EPS = float(np.finfo(np.float64).eps)
"""Distance from 1 to the next larger float64."""


class SpectrumLike(Protocol):
    """Attributes of :class:`spectra.Spectrum` that fits and tests read."""

    @property
    def by_matrix(self) -> FloatArray:
        """Eigenvalues of each matrix, shape (rf, M), each row ascending."""
        ...

    @property
    def N(self) -> int:
        """Longer side of one matrix."""
        ...

    @property
    def exponent(self) -> int:
        """Power of two that the weights were divided by; 0 unless they are extreme."""
        ...

    @property
    def nonzero(self) -> FloatArray:
        """Eigenvalues of all matrices that are not zero to within rounding, ascending."""
        ...

    @property
    def sides(self) -> Sequence[int]:
        """Longer side of each matrix, all-zero rows and columns not counted."""
        ...

    @property
    def kurtosis(self) -> Sequence[float]:
        """Excess kurtosis of the elements of each matrix."""
        ...

    def each_matrix(self) -> Sequence[npt.ArrayLike]:
        """Return the matrices one by one, that of a file unread; none without them."""
        ...

    def require_matrices(self) -> AnyArray:
        """Return the matrices; raise an error if the Spectrum has only eigenvalues."""
        ...


class InBlocks(Protocol):
    """A matrix of a file, or a sparse one, that is read in parts; numpy reads it as a whole."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        ...

    def blocks(self, step: int, /) -> Iterator[AnyArray]:
        """Yield parts of `step` whole rows, or columns if there are more columns than rows."""
        ...

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Read the whole matrix."""
        ...


def in_blocks(data: object, /) -> InBlocks | None:
    """Return `data` if it is a matrix that is read in parts, as a sparse one is, else None."""
    found = from_sparse(data)
    return cast("InBlocks", found) if hasattr(found, "blocks") else None


def spectrum_of(data: object, /) -> SpectrumLike | None:
    """Return `data` if it is a Spectrum, else None."""
    return cast("SpectrumLike", data) if hasattr(data, "by_matrix") else None


def nonzero(data: npt.ArrayLike, /) -> npt.ArrayLike:
    """Return the eigenvalues of a Spectrum that are not zero to within rounding; an array as is."""
    found = spectrum_of(data)
    return data if found is None else found.nonzero


def largest(parts: Iterable[AnyArray], /) -> Any:
    """Return the largest absolute value of any element; ``nan`` or infinite if one is."""
    found: Any = 0.0
    with np.errstate(invalid="ignore", under="ignore"):
        for part in parts:
            ends = part.max(), part.min()
            high, low = map(np.float64, ends) if part.dtype.kind in "biu" else ends
            most = np.maximum(high, -low)
            found = np.maximum(found, most if most.itemsize > 8 else most.astype(np.float64))
    return found


def extreme_exponent(W: AnyArray | InBlocks, /) -> int:
    """Return the power of two to divide extreme weights by, 0 for weights from 1e-135 to 1e135."""
    first = W if isinstance(W, np.ndarray) else next(W.blocks(1), np.zeros(0))
    if first.dtype.kind != "f" or first.dtype.itemsize < 8 or not first.size:  # others fit
        return 0
    if isinstance(W, np.ndarray):
        most = largest([W])
    else:
        most = largest(stored_blocks(W) or W.blocks(BLOCK // max(1, min(W.shape))))
    exponent = int(np.frexp(most)[1]) if np.isfinite(most) else 0
    return exponent if abs(exponent) > _FARTHEST else 0


def in_weight_units(scaled: FloatArray, exponent: int, zero: float, /) -> FloatArray:
    """Return eigenvalues times ``4**exponent``; warn if float64 cannot hold one above `zero`."""
    with np.errstate(over="ignore", under="ignore"):
        values: FloatArray = np.ldexp(scaled, 2 * exponent)
    some = values[scaled > zero]
    if not ((some >= np.finfo(np.float64).tiny) & (some < np.inf)).all():
        msg = (
            f"eigenvalues of weights of about 2**{exponent} are outside the range of float64; "
            "spectra.spectrum(W) has them in a unit of its own, see Spectrum.exponent"
        )
        warnings.warn(msg, RuntimeWarning, stacklevel=3)
    return values


def zero_below(largest: float, N: int, /) -> float:
    """Return the threshold up to which eigenvalues are zero by rounding; N is the longer side."""
    return largest * (N * EPS) ** 2


def one_matrix(data: npt.ArrayLike, N: int | None = None, /) -> tuple[npt.ArrayLike, int | None]:
    """Return the eigenvalues and the longer side of one matrix, from a Spectrum or as given."""
    found = spectrum_of(data)
    if found is None:
        return data, N
    if N is not None:
        msg = f"`N` must be left out if a Spectrum is given, got {N!r}"
        raise ArgumentError(msg)
    if len(found.by_matrix) != 1:
        num = len(found.by_matrix)
        msg = (
            f"`eigenvalues` must be of one matrix, got a Spectrum of {num} matrices: "
            "pass a row of its by_matrix, and N"
        )
        raise ArgumentError(msg)
    return found.by_matrix[0], found.sides[0]


def kurtosis_of(data: npt.ArrayLike, kurtosis: float | None, /) -> float:
    """Return the kurtosis that is given, else that of a Spectrum of one matrix, else 0."""
    found = spectrum_of(data)
    given = 0.0 if found is None else found.kurtosis[0]
    return given if kurtosis is None else kurtosis


def stack_of(data: npt.ArrayLike, /) -> AnyArray:
    """Return the matrices of a Spectrum, or an array of one or more matrices, as a 3-D stack."""
    found = spectrum_of(data)
    if found is None and hasattr(data, "read"):
        msg = "`matrices` must be arrays, got a tensor or a weight: pass what its read() returns"
        raise ArgumentError(msg)
    stack = _real_array(from_sparse(data)) if found is None else found.require_matrices()
    stack = stack[np.newaxis] if stack.ndim == 2 else stack
    if stack.ndim != 3:
        msg = f"`matrices` must be a matrix or a stack of matrices, got {stack.ndim}-D"
        raise ArgumentError(msg)
    return stack


def matrices_of(data: npt.ArrayLike, /) -> Sequence[npt.ArrayLike]:
    """Return matrices one by one, those of a Spectrum, a stack or one; that of a file unread."""
    found = spectrum_of(data)
    if found is not None:
        return found.each_matrix() or [*found.require_matrices()]
    parts = in_blocks(data)
    return [*stack_of(data)] if parts is None else [parts]


def is_real(dtype: np.dtype[Any], /) -> bool:
    """Whether elements are real numbers: floats, those of ml_dtypes too, integers or booleans."""
    return dtype.names is None and np.can_cast(dtype, np.float64, "same_kind")


def _real_array(data: npt.ArrayLike, name: str = "matrices") -> AnyArray:
    """Convert to an array in its stored type, and refuse what is not of real numbers."""
    array = as_array(data, name)
    if array.size and not is_real(array.dtype):
        got = f"{type(data).__name__} of {array.dtype}"
        msg = f"`{name}` must be a matrix of real numbers, got {got}"
        raise ArgumentError(msg)
    return array


def matrix_of(data: npt.ArrayLike, /, name: str = "W") -> npt.ArrayLike:
    """
    Return the matrix of a Spectrum of one matrix; an array as it is, a sparse one in parts.

    What is read in parts is returned as it is; its elements are looked at when they are read.
    """
    found = spectrum_of(data)
    if found is None:
        matrix: npt.ArrayLike = from_sparse(data)
        return matrix if hasattr(matrix, "blocks") else _real_array(matrix, name)
    stack = found.require_matrices()
    if len(stack) != 1:
        msg = (
            f"`{name}` must be one matrix, the Spectrum has {len(stack)}: pass one of its matrices"
        )
        raise ArgumentError(msg)
    only: AnyArray = stack[0]
    return only
