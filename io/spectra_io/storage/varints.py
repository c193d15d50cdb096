"""Varints: whole numbers of one to ten bytes each, as protobuf packs them."""

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

_LONGEST = 10  # bytes of one number
_BLOCK = 1 << 20  # bytes decoded at a time


def decode(data: AnyArray, /) -> AnyArray:
    """
    Decode packed varints.

    Parameters
    ----------
    data : array of uint8, shape (n,)
        Whole numbers one after the other: seven bits a byte, low bits first, the highest bit set
        in all bytes of a number but its last.

    Returns
    -------
    array of uint64
        The numbers modulo 2**64; negative ones are two's complements.

    Raises
    ------
    ModelFormatError
        If the last number has no end, or one takes more than ten bytes.

    References
    ----------
    https://protobuf.dev/programming-guides/encoding/#varints

    Examples
    --------
    >>> decode(np.array([1, 0x96, 0x01], np.uint8))
    array([  1, 150], dtype=uint64)
    """
    ends = np.flatnonzero(data < 0x80)
    lengths = np.diff(ends, prepend=-1)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        msg = "numbers end in the middle of one"
        raise ModelFormatError(msg)
    if lengths.max(initial=0) > _LONGEST:
        msg = f"a number takes {lengths.max()} bytes, at most {_LONGEST} are allowed"
        raise ModelFormatError(msg)
    starts = ends - lengths + 1
    out = np.zeros(len(ends), np.uint64)
    for place in range(int(lengths.max(initial=0))):
        longer = lengths > place
        bits = (data[starts[longer] + place] & 0x7F).astype(np.uint64)
        out[longer] |= bits << np.uint64(7 * place)
    return out


@dataclass(frozen=True, slots=True)
class VarintRange:
    """
    An array kept as varints in a file, decoded when called.

    Parameters
    ----------
    file : File
        The file.
    offset, length : int
        Where the bytes are.
    dtype : str
        Type of the array; of the 16-bit floats the varints are the bits.
    shape : tuple of int
        Its shape.

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
            Of the stated type and shape.

        Raises
        ------
        ModelFormatError
            If there are more or fewer numbers, or they are no varints.
        """
        data = self.file.read(self.offset, self.offset + self.length)
        count = int(np.count_nonzero(data < 0x80))
        if count != math.prod(self.shape):
            msg = f"{self.file}: {math.prod(self.shape)} numbers expected at {self.offset}, {count}"
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
    """Return where to stop, so that a block of numbers is whole."""
    stop = min(start + _BLOCK, len(data))
    ends = np.flatnonzero(data[max(start, stop - 2 * _LONGEST) : stop] < 0x80)
    if stop == len(data) or not len(ends):
        return len(data)
    return max(start, stop - 2 * _LONGEST) + int(ends[-1]) + 1


def _as_type(numbers: AnyArray, dtype: np.dtype[np.generic]) -> AnyArray:
    """Keep the low bits: they are the number, or the bits of a float."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    out: AnyArray = numbers != 0 if dtype.kind == "b" else numbers.astype(unsigned).view(dtype)
    return out
