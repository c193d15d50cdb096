"""
Lazy arrays: callables that read or compute an array on demand.

Row slices are pushed down to the file, through a transposition too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._typing import AnyArray

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Derived", "Held", "InBlocks", "Source", "blocks", "derived", "in_blocks", "rows"]

Source = Callable[[], AnyArray]
"""
Callable without arguments that returns an array; picklable if the array is in a file.

It may have methods ``rows(start, stop)`` and ``columns(start, stop)`` that return lazy arrays of
these places along the first and the last axis; a method ``blocks(step, axis)`` that yields the
parts of a matrix, or is None where a part takes as much memory as the whole; an attribute
``sparse`` with the sparse matrix of SciPy that it makes dense; an attribute
``stored`` with the lazy array of the bytes that its numbers are decoded from; and an attribute
``unreadable`` with the reason why it cannot be read, empty if it can.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    An array in memory as a lazy array; equal only to itself.

    Parameters
    ----------
    array : array
        The array, kept by reference.

    Examples
    --------
    >>> import numpy as np
    >>> Held(np.arange(3))()
    array([0, 1, 2])
    """

    array: AnyArray

    def __call__(self) -> AnyArray:
        """
        Return the array itself.

        Returns
        -------
        array
            The array, not a copy.
        """
        return self.array


@dataclass(frozen=True, slots=True)
class Derived:
    """
    A lazy array that is computed from other lazy arrays.

    Parameters
    ----------
    function : callable
        Function of arrays that returns an array.
    inputs : tuple of callable
        Lazy arrays to call the function with.

    Examples
    --------
    >>> import numpy as np
    >>> Derived(np.add, (Held(np.arange(3)), Held(np.ones(3))))()
    array([1., 2., 3.])
    """

    function: Callable[..., AnyArray]
    inputs: tuple[Source, ...]

    def __call__(self) -> AnyArray:
        """
        Read the inputs and apply the function.

        Returns
        -------
        array
            Result of the function.
        """
        return self.function(*(source() for source in self.inputs))


def derived(function: Callable[..., AnyArray], /, *inputs: Source, **options: object) -> Derived:
    """
    Return the lazy result of a function of lazy arrays.

    Parameters
    ----------
    function : callable
        Function of arrays that returns an array; defined in a module, so that it can be pickled.
    *inputs : callable
        Lazy arrays to call the function with.
    **options : object
        Keyword arguments of the function.

    Returns
    -------
    Derived
        Lazy array of the result.

    Examples
    --------
    >>> import numpy as np
    >>> derived(np.sum, Held(np.ones((2, 3))), axis=0)()
    array([2., 2., 2.])
    """
    return Derived(partial(function, **options) if options else function, inputs)


def _rows(array: AnyArray, *, start: int, stop: int) -> AnyArray:
    return array[start:stop]


def _turned(source: Source) -> Source | None:
    """Return the lazy array of which another is the transpose, with all axes reversed."""
    if not isinstance(source, Derived):
        return None
    given = source.function
    function = given.func if isinstance(given, partial) else given
    axes = (given.keywords if isinstance(given, partial) else {}).get("axes") or (1, 0)
    is_turned = function is np.transpose and tuple(axes) == tuple(reversed(range(len(axes))))
    return source.inputs[0] if is_turned else None


def rows(source: Source, start: int, stop: int, /) -> Source:
    """
    Return rows of a lazy array as a lazy array.

    Parameters
    ----------
    source : callable
        Lazy array. If it has a method ``rows(start, stop)``, or is the transpose of one with a
        method ``columns(start, stop)``, that method makes the slice, so that only the bytes of
        these rows are read from a file.
    start, stop : int
        Bounds, as in ``array[start:stop]``.

    Returns
    -------
    callable
        Lazy array of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> rows(Held(np.arange(6).reshape(3, 2)), 1, 2)()
    array([[2, 3]])
    """
    if cut := getattr(source, "rows", None):
        found: Source = cut(start, stop)
        return found
    if cut := getattr(_turned(source), "columns", None):
        return derived(np.transpose, cut(start, stop))
    return derived(_rows, source, start=start, stop=stop)


def blocks(source: Source, step: int, axis: int, /) -> Iterator[AnyArray] | None:
    """
    Read a lazy matrix in parts, of which one is held at a time.

    Parameters
    ----------
    source : callable
        Lazy matrix. If it, or the matrix of which it is the transpose, has a method
        ``blocks(step, axis)``, that method reads the parts.
    step : int
        Number of rows or columns in a part; the last may have fewer.
    axis : int
        Axis that is cut: 0 gives parts of whole rows, 1 of whole columns.

    Returns
    -------
    iterator of array, or None
        The parts in order; None if a part cannot be had without the whole.

    Examples
    --------
    >>> blocks(Held(np.eye(2)), 1, 0) is None
    True
    """
    if (inner := _turned(source)) is not None:
        found = blocks(inner, step, 1 - axis)
        return None if found is None else (part.T for part in found)
    cut = getattr(source, "blocks", None)
    parts: Iterator[AnyArray] | None = cut(step, axis) if cut else None
    return parts


@dataclass(frozen=True, slots=True)
class InBlocks:
    """
    A lazy matrix that is read in parts, along its longer side.

    Parameters
    ----------
    source : callable
        The lazy matrix, of which :func:`blocks` can be had.
    shape : tuple of int
        Rows and columns.

    Examples
    --------
    >>> matrix = InBlocks(Held(np.eye(2)), (2, 2))
    >>> np.linalg.det(matrix)
    np.float64(1.0)
    """

    source: Source
    shape: tuple[int, int]

    def blocks(self, step: int, /) -> Iterator[AnyArray]:
        """
        Yield parts of whole rows, or of whole columns if there are more columns than rows.

        Parameters
        ----------
        step : int
            Number of rows or columns in a part; the last may have fewer.

        Yields
        ------
        array
            The parts in order.
        """
        parts = blocks(self.source, step, int(self.shape[0] < self.shape[1]))
        yield from () if parts is None else parts

    @property
    def sparse(self) -> Any:
        """The sparse matrix that is read, of SciPy; None for any other."""
        return getattr(self.source, "sparse", None)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Read the whole matrix."""
        return np.asarray(self.source(), dtype)


def in_blocks(source: Source, shape: tuple[int, ...], /) -> InBlocks | None:
    """
    Return a lazy matrix that is read in parts, if that is possible.

    Parameters
    ----------
    source : callable
        Lazy array.
    shape : tuple of int
        Its shape.

    Returns
    -------
    InBlocks or None
        None if the array is not a matrix, has no numbers, or can only be read as a whole.

    Examples
    --------
    >>> in_blocks(Held(np.eye(2)), (2, 2)) is None
    True
    """
    if len(shape) != 2 or 0 in shape or blocks(source, 1, int(shape[0] < shape[1])) is None:
        return None
    return InBlocks(source, (shape[0], shape[1]))
