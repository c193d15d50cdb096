"""Numbers of eigenvalues below places, one row per spectrum, in as few bytes as hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spectra._typing import AnyArray, FloatArray

__all__ = ["counted", "mean_and_std", "row_blocks", "sums"]

_BLOCK = 2**21  # numbers that are converted at a time
_FLOAT32 = 2**24  # up to which float32 holds whole numbers


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield blocks of rows, of a few million numbers each."""
    step = max(1, _BLOCK // max(columns, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def counted(
    parts: Sequence[FloatArray],
    places: FloatArray,
    values_of: Callable[[FloatArray], FloatArray] = np.asarray,
) -> AnyArray:
    """
    Count the values up to each place, in each row of all parts.

    `values_of` returns the values of a block of rows, each row ascending, and as many of each row.
    """
    width = values_of(parts[0][:1]).shape[1]
    rows = sum(map(len, parts))
    found = np.empty((rows, len(places)), np.min_scalar_type(width))
    out = iter(found)
    for part in parts:
        for block in row_blocks(*part.shape):
            for values in values_of(part[block]):
                next(out)[:] = np.searchsorted(values, places, side="right")
    return found


def mean_and_std(features: AnyArray, *, ddof: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the standard deviation of each column."""
    rows, columns = features.shape
    centre = features[0].astype(np.float64)  # without which squares would take the digits
    first, second = np.zeros(columns), np.zeros(columns)
    for block in row_blocks(rows, columns):
        apart = features[block] - centre
        first += apart.sum(axis=0)
        second += np.square(apart).sum(axis=0)
    variance = np.maximum(second - first**2 / rows, 0) / max(rows - ddof, 1)
    return centre + first / rows, np.sqrt(variance)


def sums(labels: AnyArray, features: AnyArray) -> FloatArray:
    """Return the sum of the rows that each row of labels chooses, exact for whole numbers."""
    rows, columns = features.shape
    found = np.zeros((len(labels), columns))
    for block in row_blocks(rows, max(columns, len(labels))):
        part = features[block]
        number: Any = np.float64
        if part.dtype.kind == "u" and int(part.max(initial=0)) * len(part) < _FLOAT32:
            number = np.float32  # exact as well, in half the time
        found += labels[:, block].astype(number) @ part.astype(number)
    return found
