"""
Lazy arrays: callables that read or compute an array on demand.

Row slices are pushed down to the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spectra._typing import AnyArray

__all__ = ["Derived", "Held", "Source", "derived", "rows"]

Source = Callable[[], AnyArray]
"""
Callable without arguments that returns an array; picklable if the array is in a file.

It may have a method ``rows(start, stop)`` that returns a lazy array of these rows, an attribute
``stored`` with the lazy array of the bytes that its numbers are decoded from, and an attribute
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


def rows(source: Source, start: int, stop: int, /) -> Source:
    """
    Return rows of a lazy array as a lazy array.

    Parameters
    ----------
    source : callable
        Lazy array. If it has a method ``rows(start, stop)``, that method makes the slice, so that
        only the bytes of these rows are read from a file.
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
    cut = getattr(source, "rows", None)
    found: Source = cut(start, stop) if cut else derived(_rows, source, start=start, stop=stop)
    return found
