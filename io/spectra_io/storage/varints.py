"""Varints: whole numbers of one to ten bytes, as protobuf packs them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers bfloat16 and its like with numpy)
import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.storage.files import File

__all__ = ["VarintRange", "decode"]

_MORE = 0x80  # bit of a byte that is set if the number goes on
_LOW_BITS = 7  # of a byte that belong to the number
_LONGEST = 10  # bytes of one number
_BLOCK = 1 << 20  # bytes decoded at a time


def decode(data: AnyArray, /) -> AnyArray:
    """
    Decode packed varints.

    Parameters
    ----------
    data : array of uint8, shape (n,)
        Whole numbers one after the other: seven bits per byte, low bits first. The highest bit is
        set in all bytes of a number except its last.

    Returns
    -------
    array of uint64
        The numbers modulo 2**64; negative numbers as their two's complements.

    Raises
    ------
    ModelFormatError
        If the last number is incomplete, or a number takes more than ten bytes.

    References
    ----------
    https://protobuf.dev/programming-guides/encoding/#varints

    Examples
    --------
    >>> decode(np.array([1, 0x96, 0x01], np.uint8))
    array([  1, 150], dtype=uint64)
    """
    ends = np.flatnonzero(data < _MORE)
    lengths = np.diff(ends, prepend=-1)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        msg = "the data end in the middle of a number"
        raise ModelFormatError(msg)
    if lengths.max(initial=0) > _LONGEST:
        msg = f"a number takes {lengths.max()} bytes, at most {_LONGEST} are allowed"
        raise ModelFormatError(msg)
    starts = ends - lengths + 1
    out = np.zeros(len(ends), np.uint64)
    for place in range(int(lengths.max(initial=0))):
        longer = lengths > place
        bits = (data[starts[longer] + place] & (_MORE - 1)).astype(np.uint64)
        out[longer] |= bits << np.uint64(_LOW_BITS * place)
    return out


@dataclass(frozen=True, slots=True)
class VarintRange:
    """
    An array stored as varints in a file, decoded when called.

    Parameters
    ----------
    file : File
        The file.
    offset, length : int
        Place of the first byte, and number of bytes.
    dtype : str
        Type of the array. The varints of a float type of 16 bits are its bits.
    shape : tuple of int
        Shape of the array.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> _ = path.write_bytes(bytes([5, 0x96, 0x01]))
    >>> VarintRange(LocalFile(path), 0, 3, "int32", (2,))()
    array([  5, 150], dtype=int32)
    """

    file: File
    offset: int
    length: int
    dtype: str
    shape: tuple[int, ...]

    def __call__(self) -> AnyArray:
        """
        Read and decode the numbers.

        Returns
        -------
        array
            Of the type and shape of the range.

        Raises
        ------
        ModelFormatError
            If the number of varints does not fit the shape, or the bytes are not varints.
        """
        data = self.file.read(self.offset, self.offset + self.length)
        count, expected = int(np.count_nonzero(data < _MORE)), math.prod(self.shape)
        if count != expected:
            msg = f"{self.file}: {expected} numbers expected at byte {self.offset}, found {count}"
            raise ModelFormatError(msg)
        dtype = np.dtype(self.dtype)
        out = np.empty(count, dtype)
        done = start = 0
        while start < len(data):
            stop = _whole(data, start)
            some = decode(data[start:stop])
            out[done : done + len(some)] = _as_type(some, dtype)
            done, start = done + len(some), stop
        return out.reshape(self.shape)


def _whole(data: AnyArray, start: int) -> int:
    """Return the end of a block that starts at a number and holds whole numbers only."""
    stop = min(start + _BLOCK, len(data))
    near = max(start, stop - 2 * _LONGEST)  # the last number of the block ends after it
    ends = np.flatnonzero(data[near:stop] < _MORE)
    if stop == len(data) or not len(ends):
        return len(data)
    return near + int(ends[-1]) + 1


def _as_type(numbers: AnyArray, dtype: np.dtype[np.generic]) -> AnyArray:
    """Return numbers in a type, by their low bits, which for floats are the bits of the float."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    out: AnyArray = numbers != 0 if dtype.kind == "b" else numbers.astype(unsigned).view(dtype)
    return out
