"""Sources: arrays that are read or computed when called, and cut before they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spectra._typing import AnyArray

__all__ = ["Derived", "Held", "Source", "derived", "rows"]

Source = Callable[[], AnyArray]
"""Called without arguments, returns an array; picklable where its numbers come from a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """
    An array in memory, equal to itself only.

    Parameters
    ----------
    array : array
        Kept by reference.

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
            Not a copy.
        """
        return self.array


@dataclass(frozen=True, slots=True)
class Derived:
    """
    An array computed of others.

    Parameters
    ----------
    function : callable
        Takes the arrays, returns an array.
    inputs : tuple of callable
        Where they come from.

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
        Read the inputs and compute.

        Returns
        -------
        array
            What the function makes of them.
        """
        return self.function(*(source() for source in self.inputs))


def derived(function: Callable[..., AnyArray], /, *inputs: Source, **options: object) -> Derived:
    """
    Name a computation without doing it.

    Parameters
    ----------
    function : callable
        Takes the arrays, returns an array; defined in a module, so that it can be pickled.
    *inputs : callable
        Where the arrays come from.
    **options : object
        Arguments of the function by name.

    Returns
    -------
    Derived
        The source of its result.

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
    Cut an array along its first axis before it is read.

    Parameters
    ----------
    source : callable
        Where the array comes from. If it has a method ``rows(start, stop)``, that is asked, so
        that no other byte of a file is touched.
    start, stop : int
        As in ``array[start:stop]``.

    Returns
    -------
    callable
        The source of the part.

    Examples
    --------
    >>> import numpy as np
    >>> rows(Held(np.arange(6).reshape(3, 2)), 1, 2)()
    array([[2, 3]])
    """
    cut = getattr(source, "rows", None)
    found: Source = cut(start, stop) if cut else derived(_rows, source, start=start, stop=stop)
    return found
