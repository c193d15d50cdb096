"""Medians, means and spreads of numbers that are read in blocks, without a copy of all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from spectra.linalg.live_elements import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray
    from spectra.linalg.live_elements import LiveElements

    Block = tuple[AnyArray, npt.NDArray[np.int64] | None]

__all__ = ["Numbers", "numbers_of"]

_PART = 1 << 20  # numbers that are looked at together
_MINUS_ZERO = 1 << 15  # bits of a number of 16
_DIGIT = 16  # bits of a number that are looked at in one pass


class Numbers(NamedTuple):
    """Numbers in float32 or float64 that can be read again, with or without their counts."""

    blocks: Callable[[], Iterator[Block]]
    size: int

    @property
    def has_nan(self) -> bool:
        """Whether one of the numbers is nan."""
        return any(bool(np.isnan(values).any()) for values, _ in self.blocks())

    def apart(self, centre: float | np.floating) -> Numbers:
        """Return the distances from a number."""
        return Numbers(
            lambda: ((np.abs(values - centre), counts) for values, counts in self.blocks()),
            self.size,
        )

    def num(self, chosen: Callable[[AnyArray], AnyArray]) -> int:
        """Return how many numbers are chosen."""
        return sum(_num(chosen(values), counts) for values, counts in self.blocks())

    def mean(
        self, chosen: Callable[[AnyArray], AnyArray], of: Callable[[AnyArray], AnyArray]
    ) -> float:
        """Return the mean, in float64, of a function of the chosen numbers; nan without any."""
        total, num = 0.0, 0
        for values, counts in self.blocks():
            kept = chosen(values)
            found = of(values[kept].astype(np.float64))
            total += float(found.sum() if counts is None else found @ counts[kept])
            num += _num(kept, counts)
        return total / num if num else math.nan

    def median(self, *, skip: int = 0) -> np.floating:
        """Return the median of all numbers but the `skip` smallest; there must be others."""
        left = self.size - skip
        lower = self._at(skip + (left - 1) // 2)
        if left % 2 or self.num(lambda values: values <= lower) > skip + left // 2:
            return lower
        upper = [values[values > lower].min(initial=np.inf) for values, _ in self.blocks()]
        found: np.floating = np.mean(np.array([lower, min(upper)], lower.dtype))
        return found

    def _at(self, rank: int) -> np.floating:
        """Return the number at a place of the ascending order, by 16 bits at a time."""
        first, _ = next(self.blocks())
        unsigned = np.dtype(f"u{first.itemsize}")
        prefix = 0
        for shift in range(8 * first.itemsize - _DIGIT, -1, -_DIGIT):
            below = np.cumsum(self._num_by_digit(unsigned, shift, prefix))
            digit = int(np.searchsorted(below, rank, side="right"))
            rank -= int(below[digit - 1]) if digit else 0
            prefix = prefix << _DIGIT | digit
        top = 1 << (8 * first.itemsize - 1)
        bits = prefix ^ top if prefix & top else prefix ^ (2 * top - 1)
        (found,) = np.array([bits], unsigned).view(first.dtype)
        return cast("np.floating", found)

    def _num_by_digit(
        self, unsigned: np.dtype[np.unsignedinteger], shift: int, prefix: int
    ) -> npt.NDArray[np.int64]:
        """Count the numbers that begin with `prefix` by their next 16 bits."""
        found = np.zeros(1 << _DIGIT, np.int64)
        is_first = shift + _DIGIT == 8 * unsigned.itemsize
        for values, counts in self.blocks():
            keys = _ordered(values, unsigned)
            kept = slice(None) if is_first else keys >> (shift + _DIGIT) == prefix
            digits = (keys[kept] >> shift & ((1 << _DIGIT) - 1)).astype(np.int64)
            if counts is None:
                found += np.bincount(digits, minlength=len(found))
            else:
                np.add.at(found, digits, counts[kept])
        return found


def _num(chosen: AnyArray, counts: npt.NDArray[np.int64] | None) -> int:
    return int(np.count_nonzero(chosen) if counts is None else counts[chosen].sum())


def _ordered(values: AnyArray, unsigned: np.dtype[np.unsignedinteger]) -> AnyArray:
    """Return the bits of numbers as whole numbers of the same order."""
    bits = np.ascontiguousarray(values).view(unsigned)
    top = unsigned.type(1 << (8 * unsigned.itemsize - 1))
    return np.where(bits & top, ~bits, bits | top)


def numbers_of(array: AnyArray, live: LiveElements, /) -> Numbers:
    """
    Return the live elements of a matrix.

    Elements of 16 bits are counted, each of their 65,536 values once, in float64; others are read
    again whenever they are needed, in float32 if they are stored in it, else in float64.
    """
    if array.dtype.name in {"float16", "bfloat16"}:
        block = _counted(array, array.size - live.size)
        return Numbers(lambda: iter([block]), live.size)
    dtype = np.float32 if array.dtype == np.float32 else np.float64

    def blocks() -> Iterator[Block]:
        for piece in pieces(array):
            flat = live.within(piece).reshape(-1)
            for start in range(0, flat.size, _PART):
                yield flat[start : start + _PART].astype(dtype, copy=False), None

    return Numbers(blocks, live.size)


def _counted(array: AnyArray, dead: int) -> Block:
    """Return the different numbers in an array of 16 bits, without so many zeros, and counts."""
    counts = np.zeros(1 << 16, np.int64)
    step = max(1, _PART // max(1, array.shape[1]))
    for start in range(0, len(array), step):
        bits = np.ascontiguousarray(array[start : start + step]).view(np.uint16)
        counts += np.bincount(bits.reshape(-1), minlength=len(counts))
    values = np.arange(1 << 16, dtype=np.uint16).view(array.dtype)
    counts[0] += counts[_MINUS_ZERO] - dead
    counts[_MINUS_ZERO] = 0
    held = counts > 0
    with np.errstate(invalid="ignore"):  # of bfloat16 that is not a number
        return values[held].astype(np.float64), counts[held]
