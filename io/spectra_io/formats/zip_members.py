"""Members of zip archives: read their bytes, stored or compressed, and check them."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra_io.storage.files import LocalFile
from spectra_io.storage.memory import check_fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra_io.storage.byte_ranges import ByteRange
    from spectra_io.storage.files import File

__all__ = ["DAMAGED", "Deflated", "Member", "Stored", "Stream"]

DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(OSError, ValueError, RuntimeError, OverflowError, IndexError),
)
"""Errors that zipfile raises for a broken archive or member."""

_STEP = 1 << 20  # bytes read and decompressed at a time
_MOST = (
    1 << 23
)  # bytes read at a time, which is the directory of an archive; that of 100,000 arrays
_CHECKED = 1 << 16  # members whose checksum is remembered


class Stream(io.RawIOBase):
    """
    A file as a raw stream for `zipfile`, which reads only the bytes it needs.

    Parameters
    ----------
    file : File
        The file.
    place : int, default: 0
        Place of the first byte that is read.
    stop : int, optional
        Place of the byte after the last; by default all bytes can be read.

    Raises
    ------
    ModelFormatError
        If more than 8 MB are read at a time, as of the directory of a million members.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> Stream(LocalFile(Path(__file__)), 3).read(7)
    b'Members'
    """

    def __init__(self, file: File, place: int = 0, stop: int | None = None) -> None:
        super().__init__()
        self._file, self._place = file, place
        self._size = file.size() if stop is None else min(stop, file.size())

    def seekable(self) -> bool:
        """Return that the place can be moved."""
        return True

    def readable(self) -> bool:
        """Return that bytes can be read."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move the place, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            msg = "before the start of the file"
            raise OSError(msg)
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Read as many bytes as a buffer holds, or as there are, and return their number."""
        if len(buffer) > _MOST:
            msg = f"{self._file}: its directory takes more than {_MOST >> 20} MB, the most allowed"
            raise ModelFormatError(msg)
        found = self._file.read(self._place, min(self._place + len(buffer), self._size))
        buffer[: len(found)] = found.data
        self._place += len(found)
        return len(found)


@dataclass(frozen=True, slots=True)
class Member:
    """
    A member of an archive, as the directory of the archive describes it.

    Parameters
    ----------
    file : File
        The archive.
    name : str
        Name of the member.
    offset, length : int
        Place of its first byte, and number of its bytes in the archive.
    size : int
        Number of its bytes when decompressed.
    checksum : int
        CRC-32 of these.
    method : int
        How it is compressed, ``ZIP_STORED`` or ``ZIP_DEFLATED`` of :mod:`zipfile`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "bytes"
    >>> _ = path.write_bytes(b"abcdef")
    >>> member = Member(LocalFile(path), "a", 1, 3, 3, zlib.crc32(b"bcd"), zipfile.ZIP_STORED)
    >>> [bytes(block) for block in member.blocks(0, 2)]
    [b'bc', b'd']
    """

    file: File
    name: str
    offset: int
    length: int
    size: int
    checksum: int
    method: int

    def blocks(self, skip: int, step: int) -> Iterator[AnyArray]:
        """
        Read the bytes of the member to its end, a block at a time.

        Parameters
        ----------
        skip : int
            Number of bytes at the start to leave out.
        step : int
            Number of bytes of a block; the last may have fewer.

        Yields
        ------
        array of uint8
            The bytes of a block.

        Raises
        ------
        ModelFormatError
            If there are fewer bytes than the directory says, or others than its checksum says.
        """
        info = zipfile.ZipInfo(self.name)
        info.compress_type, info.CRC = self.method, self.checksum
        info.compress_size, info.file_size = self.length, self.size
        is_local = isinstance(self.file, LocalFile)
        raw = Stream(self.file, self.offset, self.offset + self.length)
        stream = io.BufferedReader(raw, _STEP if is_local else _MOST)
        left = self.size - skip
        try:
            with zipfile.ZipExtFile(stream, "r", info) as numbers:
                _read(numbers, np.empty(skip, np.uint8))
                while left:
                    block = np.empty(min(step, left), np.uint8)
                    _read(numbers, block)
                    left -= len(block)
                    yield block
        except ModelFormatError:
            raise
        except DAMAGED as error:
            msg = f"{self.file}: {self.name!r} is damaged: {error}"
            raise ModelFormatError(msg) from error


def _read(stream: zipfile.ZipExtFile, out: AnyArray) -> None:
    """Fill an array with the next bytes of a stream."""
    done = 0
    while done < len(out):
        found = stream.read(min(_STEP, len(out) - done))
        if not found:
            msg = f"{len(out) - done} bytes are missing at its end"
            raise EOFError(msg)
        out[done : done + len(found)] = np.frombuffer(found, np.uint8)
        done += len(found)


@lru_cache(maxsize=_CHECKED)
def _check(member: Member) -> None:
    """Read a stored member once, to compare its checksum, unless it is at a URL."""
    for _ in member.blocks(0, _STEP) if isinstance(member.file, LocalFile) else ():
        pass


def _checked(numbers: AnyArray, *, member: Member) -> AnyArray:
    """Return numbers of a stored member, if its checksum is right."""
    _check(member)
    return numbers


@dataclass(frozen=True, slots=True)
class Deflated:
    """
    An array in a compressed member of an archive, decompressed when called.

    Parameters
    ----------
    member : Member
        The member.
    skip : int
        Number of bytes before the numbers.
    dtype : str
        Type of the numbers, as numpy spells it.
    shape : tuple of int
        Shape of the array.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "bytes"
    >>> packed = zlib.compress(bytes(range(6)), wbits=-15)
    >>> _ = path.write_bytes(packed)
    >>> sum_of = zlib.crc32(bytes(range(6)))
    >>> member = Member(LocalFile(path), "a", 0, len(packed), 6, sum_of, zipfile.ZIP_DEFLATED)
    >>> Deflated(member, 2, "u1", (2, 2))()
    array([[2, 3],
           [4, 5]], dtype=uint8)
    """

    member: Member
    skip: int
    dtype: str
    shape: tuple[int, ...]

    def __call__(self) -> AnyArray:
        """
        Read and decompress the numbers.

        Returns
        -------
        array
            Of the type and shape of the array.

        Raises
        ------
        ModelFormatError
            If the member is damaged, or takes more than half of the memory of this machine.
        """
        size = self.member.size - self.skip
        check_fits(self.member.file, size)
        out, done = np.empty(size, np.uint8), 0
        for block in self.member.blocks(self.skip, _STEP):
            out[done : done + len(block)] = block
            done += len(block)
        return out.view(self.dtype).reshape(self.shape)

    def blocks(self, step: int, axis: int) -> Iterator[AnyArray] | None:
        """
        Read a matrix in blocks of rows, of which one is held at a time.

        Parameters
        ----------
        step : int
            Number of rows in a block; the last may have fewer.
        axis : int
            Axis that is cut.

        Returns
        -------
        iterator of array, or None
            The blocks; None for columns, whose numbers are apart from each other, and for a file
            at a URL, which would be fetched again whenever its blocks are.
        """
        is_local = isinstance(self.member.file, LocalFile)
        in_rows = len(self.shape) == 2 and axis == 0 and self.shape[0] > 0
        return self._rows(step) if is_local and in_rows else None

    def _rows(self, step: int) -> Iterator[AnyArray]:
        row = (self.member.size - self.skip) // self.shape[0]
        for block in self.member.blocks(self.skip, step * row):
            yield block.view(self.dtype).reshape(-1, *self.shape[1:])


@dataclass(frozen=True, slots=True)
class Stored:
    """
    An array in an uncompressed member of an archive, read when called.

    Parameters
    ----------
    member : Member
        The member.
    range : ByteRange
        Place of the numbers.

    Notes
    -----
    Before its first part is read, the whole member is read once to compare its checksum, unless it
    is at a URL.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.byte_ranges import ByteRange
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "bytes"
    >>> _ = path.write_bytes(b"abcdef")
    >>> member = Member(LocalFile(path), "a", 1, 3, 3, 0, zipfile.ZIP_STORED)
    >>> Stored(member, ByteRange(member.file, 2, "u1", (2,)))()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: ...: 'a' is damaged: Bad CRC-32 for file 'a'
    """

    member: Member
    range: ByteRange

    @property
    def num_bytes(self) -> int:
        """Length of the numbers in bytes."""
        return self.range.num_bytes

    def __call__(self) -> AnyArray:
        """
        Read the numbers.

        Returns
        -------
        array
            Of the type and shape of the range.

        Raises
        ------
        ModelFormatError
            If the member is damaged, or the file has changed.
        """
        return _checked(self.range(), member=self.member)

    def rows(self, start: int, stop: int) -> Stored:
        """
        Cut the array along its first axis.

        Parameters
        ----------
        start, stop : int
            First row, and the row after the last; both inside the array, `start` not after `stop`.

        Returns
        -------
        Stored
            The source of ``array[start:stop]``.
        """
        return replace(self, range=self.range.rows(start, stop))

    def columns(self, start: int, stop: int) -> Source:
        """
        Cut the array along its last axis.

        Parameters
        ----------
        start, stop : int
            First place, and the place after the last; both inside the array, `start` not after
            `stop`.

        Returns
        -------
        callable
            Lazy array of ``array[..., start:stop]``.
        """
        return derived(_checked, self.range.columns(start, stop), member=self.member)

    def blocks(self, step: int, axis: int) -> Iterator[AnyArray] | None:
        """
        Read a matrix in blocks, see :meth:`spectra_io.storage.byte_ranges.ByteRange.blocks`.

        Parameters
        ----------
        step : int
            Number of rows or columns in a block; the last may have fewer.
        axis : int
            Axis that is cut.

        Returns
        -------
        iterator of array, or None
            The blocks; None if the matrix is at a URL.

        Raises
        ------
        ModelFormatError
            If the member is damaged.
        """
        _check(self.member)
        return self.range.blocks(step, axis)
