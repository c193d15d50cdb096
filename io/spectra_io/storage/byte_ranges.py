"""Byte ranges: arrays stored without compression in a part of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import ml_dtypes  # noqa: F401  (registers bfloat16 and its like with numpy)
import numpy as np

from spectra.errors import ModelFormatError
from spectra_io.storage.files import LocalFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra_io.storage.files import File

__all__ = ["ByteRange", "ColumnRange", "check_available", "check_shape"]

_MAX_NDIM = 32  # the limit of numpy 1; that of numpy 2 is 64
_SHOWN = 80  # characters of a shape in a message
_MAX_SIZE = 1 << 56  # elements; their bytes fit a signed 64-bit number in any type


def check_shape(what: str, shape: tuple[int, ...]) -> None:
    """
    Refuse the shape of an array that is too large or has a negative side.

    Parameters
    ----------
    what : str
        Name of the array, for the message.
    shape : tuple of int
        Shape that a file declares.

    Raises
    ------
    ModelFormatError
        If the shape has a negative side, too many sides, or too many elements. Sides of length 0
        count as 1, so that no product of some of the sides can overflow later.

    Examples
    --------
    >>> check_shape("tensor 'w'", (0, 1 << 60))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: tensor 'w' has the shape 0x1152921504606846976, ...
    """
    broken = len(shape) > _MAX_NDIM or min(shape, default=0) < 0
    if broken or math.prod(max(side, 1) for side in shape) > _MAX_SIZE:
        sides = "x".join(map(str, shape))[:_SHOWN]
        msg = f"{what} has the shape {sides}, which no array can have"
        raise ModelFormatError(msg)


class _Range(Protocol):
    @property
    def file(self) -> File: ...
    @property
    def offset(self) -> int: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def num_bytes(self) -> int: ...


def check_available(found: _Range, available: int, what: str, /) -> None:
    """
    Check that the bytes of a range are inside its file.

    Parameters
    ----------
    found : ByteRange or PackedRange
        The range.
    available : int
        Number of bytes in the file from the offset of the range on.
    what : str
        Name of the array, for the message.

    Raises
    ------
    ModelFormatError
        If the range needs more bytes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> check_available(ByteRange(LocalFile(Path("f")), 8, "float32", (2, 2)), 9, "w")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: w is 2x2 float32, 16 bytes from byte 8 of f on; found 9
    """
    if found.num_bytes > available or available < 0:
        shape = "x".join(map(str, found.shape))
        msg = (
            f"{what} is {shape} {found.dtype}, {found.num_bytes} bytes from byte "
            f"{found.offset} of {found.file.name} on; found {max(available, 0)}"
        )
        raise ModelFormatError(msg)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """
    An array in a file, read when called.

    Parameters
    ----------
    file : File
        The file.
    offset : int
        Place of the first byte.
    dtype : str
        Type of the numbers.
    shape : tuple of int
        Shape of the array.
    order : str, default: "<"
        Order of the bytes of a number, ``"<"`` little-endian or ``">"`` big-endian; types of
        ml_dtypes are always little-endian.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> _ = path.write_bytes(np.arange(4, dtype="<f4").tobytes())
    >>> ByteRange(LocalFile(path), offset=4, dtype="float32", shape=(2,))()
    array([1., 2.], dtype=float32)
    """

    file: File
    offset: int
    dtype: str
    shape: tuple[int, ...]
    order: Literal["<", ">"] = "<"

    @property
    def num_bytes(self) -> int:
        """Length of the range in bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

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
            If the file has changed.
        """
        check_available(self, self.file.size() - self.offset, str(self.file))
        raw = self.file.read(self.offset, self.offset + self.num_bytes)
        return self.numbers(raw).reshape(self.shape)

    def numbers(self, raw: AnyArray) -> AnyArray:
        """
        Return bytes as numbers of the type of the range.

        Parameters
        ----------
        raw : array of uint8
            The bytes.

        Returns
        -------
        array
            A view of them.
        """
        numbers: AnyArray = raw.view(np.dtype(self.dtype).newbyteorder(self.order))
        return numbers

    def rows(self, start: int, stop: int) -> ByteRange:
        """
        Cut the range along the first axis of the array.

        Parameters
        ----------
        start, stop : int
            First row, and the row after the last; both inside the array, `start` not after `stop`.

        Returns
        -------
        ByteRange
            The range of ``array[start:stop]``.
        """
        row = replace(self, shape=self.shape[1:])
        offset = self.offset + start * row.num_bytes
        return replace(self, offset=offset, shape=(stop - start, *self.shape[1:]))

    def blocks(self, step: int, axis: int) -> Iterator[AnyArray] | None:
        """
        Read a matrix in blocks of rows or columns, of which one is held at a time.

        Parameters
        ----------
        step : int
            Number of rows or columns in a block; the last may have fewer.
        axis : int
            Axis that is cut: 0 gives blocks of rows, 1 of columns.

        Returns
        -------
        iterator of array, or None
            The blocks; None for a file at a URL, of which many small parts take long to fetch.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from spectra_io.storage.files import LocalFile
        >>> path = Path(tempfile.mkdtemp()) / "numbers"
        >>> _ = path.write_bytes(bytes(range(6)))
        >>> [block.tolist() for block in ByteRange(LocalFile(path), 0, "u1", (2, 3)).blocks(2, 1)]
        [[[0, 1], [3, 4]], [[2], [5]]]
        """
        if not isinstance(self.file, LocalFile) or len(self.shape) != 2:
            return None
        part = self.columns if axis else self.rows
        starts = range(0, self.shape[axis], step)
        return (part(start, min(start + step, self.shape[axis]))() for start in starts)

    def columns(self, start: int, stop: int) -> ColumnRange:
        """
        Cut the range along the last axis of the array.

        Parameters
        ----------
        start, stop : int
            First place, and the place after the last; both inside the array, `start` not after
            `stop`.

        Returns
        -------
        ColumnRange
            The lazy array of ``array[..., start:stop]``.
        """
        return ColumnRange(self, start, stop)


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """
    A part of a stored array along its last axis, read when called.

    Parameters
    ----------
    whole : ByteRange
        The array.
    start, stop : int
        First place along its last axis, and the place after the last.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> _ = path.write_bytes(bytes(range(6)))
    >>> ByteRange(LocalFile(path), 0, "u1", (2, 3)).columns(1, 3)()
    array([[1, 2],
           [4, 5]], dtype=uint8)
    """

    whole: ByteRange
    start: int
    stop: int

    def __call__(self) -> AnyArray:
        """
        Read the numbers; of a file at a URL the whole array, as few requests are faster than many.

        Returns
        -------
        array
            Of the shape of the array, but for the last axis.

        Raises
        ------
        ModelFormatError
            If the file has changed.
        """
        whole, file = self.whole, self.whole.file
        *sides, columns = whole.shape
        width, size = self.stop - self.start, np.dtype(whole.dtype).itemsize
        if not isinstance(file, LocalFile):
            return whole()[..., self.start : self.stop]
        first, count = whole.offset + self.start * size, math.prod(sides)
        spans = ((first + row * columns * size, width * size) for row in range(count))
        raw = file.gather(spans, count * width * size)
        return whole.numbers(raw).reshape(*sides, width)
