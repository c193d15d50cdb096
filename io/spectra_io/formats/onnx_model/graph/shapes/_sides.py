"""Sides: arithmetic of lengths of which some are open."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectra._typing import AnyArray

__all__ = [
    *("INT_MAX", "MAX_NDIM", "MAX_NUMBERS", "Length", "array_of", "bounded", "broadcast", "cut"),
    *("extent", "product", "quotient"),
]

Length = int | str | None
"""A length: known, open with a name (equal wherever the name is), or not known at all."""

MAX_NUMBERS = 64  # integers that are followed; a shape has fewer
MAX_NDIM = 32
INT_MAX = (1 << 31) - 1  # an end by which exporters mean the end; no length is larger
_MAX_ELEMENTS = 1 << 62


def array_of(numbers: Iterable[Length], shape: Sequence[int]) -> AnyArray:
    out = np.empty(math.prod(shape), object)
    out[:] = list(numbers)
    return out.reshape(shape)


def bounded(number: Length) -> Length:
    """Return a number that 32 bits hold, or an open length; of others nothing is known."""
    return number if isinstance(number, str) or abs(number or 0) <= INT_MAX else None


def broadcast(*shapes: tuple[Length, ...] | None) -> tuple[Length, ...] | None:
    """Return the shape of an elementwise result; an open length stays open beside 1."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    ndim = max(map(len, known), default=0)
    columns = zip(*((1,) * (ndim - len(shape)) + shape for shape in known), strict=True)
    return tuple(map(_longest, columns))


def _longest(sides: Sequence[Length]) -> Length:
    """Return the length of an axis that is broadcast; any open length may be 1."""
    longer = [side for side in sides if side != 1]
    same = longer[0] if len(set(longer)) == 1 else None
    return next((side for side in longer if isinstance(side, int)), same) if longer else 1


def product(sides: Iterable[Length]) -> Length:
    """Return a product of lengths; of a single open one its name."""
    longer = [side for side in sides if side != 1]
    if len(longer) == 1:
        return longer[0]
    known = [side for side in longer if isinstance(side, int)]
    return bounded(math.prod(known)) if len(known) == len(longer) else None


def extent(sides: Iterable[Length], /) -> tuple[int, list[str]] | None:
    """
    Return how many elements a shape has, as far as that is known.

    Parameters
    ----------
    sides : iterable of int or str or None
        Lengths.

    Returns
    -------
    tuple of (int, list of str) or None
        The product of the known lengths, and the names of the open ones, in order; ``None`` if a
        length is not known at all or is -1, or if it is more than any array has.

    Examples
    --------
    >>> extent([2, "n", 3, "b"]), extent([2, None])
    ((6, ['b', 'n']), None)
    """
    given = list(sides)
    known = [side for side in given if isinstance(side, int)]
    named = [side for side in given if isinstance(side, str)]
    if len(known) + len(named) < len(given) or min(known, default=0) < 0:
        return None
    return (size, sorted(named)) if (size := math.prod(known)) <= _MAX_ELEMENTS else None


def quotient(sides: Sequence[Length], taken: Sequence[Length]) -> Length:
    """Return how long the axis is that is left of a shape, of which other lengths are taken."""
    whole, part = extent(sides), extent(taken)
    if whole is None or part is None or not part[0] or whole[0] % part[0]:
        return None
    left = Counter(whole[1])
    left.subtract(part[1])
    if min(left.values(), default=0) < 0:
        return None
    return product([whole[0] // part[0], *left.elements()])


def cut(side: Length, span: slice) -> Length:
    """Return the length of a slice of an axis."""
    if isinstance(side, int):
        return len(range(*span.indices(side)))
    return side if (span.start, span.step) == (0, 1) and span.stop >= INT_MAX else None
