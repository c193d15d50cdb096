"""Spectra as arguments: a function of eigenvalues accepts a Spectrum in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["SpectrumLike", "nonzero", "one_matrix", "spectrum_of", "stack_of"]


class SpectrumLike(Protocol):
    """The part of :class:`spectra.Spectrum` that fits and tests read."""

    @property
    def by_matrix(self) -> FloatArray:
        """Eigenvalues of each matrix, shape (rf, M), each row ascending."""
        ...

    @property
    def N(self) -> int:
        """Longer side of one matrix."""
        ...

    @property
    def nonzero(self) -> FloatArray:
        """Eigenvalues of all matrices, ascending, without those that are zero by rounding."""
        ...

    @property
    def sides(self) -> Sequence[int]:
        """Longer side of each matrix without its rows and columns of zeros."""
        ...

    @property
    def kurtosis(self) -> Sequence[float]:
        """Excess kurtosis of the elements of each matrix."""
        ...

    def require_matrices(self) -> AnyArray:
        """Return the matrices; an error if there are only eigenvalues."""
        ...


def spectrum_of(data: object, /) -> SpectrumLike | None:
    """Return `data` if it is a Spectrum, else None."""
    return cast("SpectrumLike", data) if hasattr(data, "by_matrix") else None


def nonzero(data: npt.ArrayLike, /) -> npt.ArrayLike:
    """Return the eigenvalues of a Spectrum that are not zero by rounding; an array as it is."""
    found = spectrum_of(data)
    return data if found is None else found.nonzero


def one_matrix(data: npt.ArrayLike, N: int | None = None, /) -> tuple[npt.ArrayLike, int | None]:
    """Return the eigenvalues of one matrix and its longer side, both of a Spectrum if it is one."""
    found = spectrum_of(data)
    if found is None:
        return data, N
    if N is not None:
        msg = f"`N` is not needed beside a Spectrum, got {N!r}"
        raise ArgumentError(msg)
    if len(found.by_matrix) != 1:
        msg = (
            f"`eigenvalues` must be those of one matrix, the Spectrum has {len(found.by_matrix)}: "
            "pass a row of its by_matrix, and N"
        )
        raise ArgumentError(msg)
    return found.by_matrix[0], found.sides[0]


def stack_of(data: npt.ArrayLike, /) -> AnyArray:
    """Return the matrices of a Spectrum, or an array of one or more matrices, as a stack."""
    found = spectrum_of(data)
    stack = np.asarray(data) if found is None else found.require_matrices()
    stack = stack[np.newaxis] if stack.ndim == 2 else stack
    if stack.ndim != 3:
        msg = f"`matrices` must be a matrix or a stack of matrices, got {stack.ndim}-D"
        raise ArgumentError(msg)
    return stack
