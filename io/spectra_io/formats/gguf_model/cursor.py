"""Cursor: read the header of a GGUF file from front to back, within limits."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra_io.storage.files import File

__all__ = ["Cursor"]

_MAX_HEADER = 1 << 26  # bytes; the headers of the largest vocabularies have 15 MB
_FIRST, _LARGEST = 1 << 16, 1 << 22  # bytes of a window, which doubles until the largest


class Cursor:
    """
    A place in the header of a file, which moves forwards while values are read.

    Parameters
    ----------
    file : File
        The file.
    place : int
        Byte to start at.
    order : {"<", ">"}
        Order of the bytes of a number, ``"<"`` or ``">"``.

    Notes
    -----
    Bytes are read in windows of 64 KB to 4 MB; what is skipped and lies behind a window is not
    read. Every method raises a ModelFormatError where the file ends, or the header is too long.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> _ = path.write_bytes(bytes([1, 0, 0, 0, 2, 0, 0, 0]))
    >>> cursor = Cursor(LocalFile(path), place=4, order="<")
    >>> cursor.number("I", "a count"), cursor.place
    (2, 8)
    """

    def __init__(self, file: File, place: int, order: Literal["<", ">"]) -> None:
        self.file, self.place = file, place
        self.order: Literal["<", ">"] = order
        self._size, self._window, self._start = file.size(), b"", 0
        self._step = _FIRST

    @property
    def left(self) -> int:
        """Number of bytes from the cursor to the end of the file."""
        return self._size - self.place

    def _fill(self, count: int) -> int:
        """Have at least `count` bytes in the window; return the place of the cursor in it."""
        within = self.place - self._start
        if within < 0 or within + count > len(self._window):
            stop = self.place + max(count, self._step)
            self._window = bytes(self.file.read(self.place, stop))
            self._start, within = self.place, 0
            self._step = min(2 * self._step, _LARGEST)
        return within

    def _check(self, count: int, what: str) -> None:
        """Refuse to go on by more bytes than there are, or than a header may have."""
        if count > self.left:
            msg = (
                f"{self.file}: truncated: {what} at byte {self.place} takes {count} bytes, "
                f"found {max(self.left, 0)}"
            )
            raise ModelFormatError(msg)
        if self.place + count > _MAX_HEADER:
            msg = f"{self.file}: a header of more than {_MAX_HEADER} bytes, up to {what}"
            raise ModelFormatError(msg)

    def _shorter(self) -> ModelFormatError:
        return ModelFormatError(f"{self.file}: the file has become shorter while it was read")

    def move(self, count: int, what: str) -> None:
        """
        Skip bytes without reading them.

        Parameters
        ----------
        count : int
            Number of bytes.
        what : str
            What they hold, for the message.

        Raises
        ------
        ModelFormatError
            If the file is shorter, or the header too long.
        """
        self._check(count, what)
        self.place += count

    def take(self, count: int, what: str) -> bytes:
        """
        Read bytes.

        Parameters
        ----------
        count : int
            Number of bytes.
        what : str
            What they hold, for the message.

        Returns
        -------
        bytes
            The bytes.

        Raises
        ------
        ModelFormatError
            If the file is shorter, or the header too long.
        """
        self._check(count, what)
        within = self._fill(count)
        found = self._window[within : within + count]
        if len(found) != count:
            raise self._shorter()
        self.place += count
        return found

    def number(self, code: str, what: str) -> int | float | bool:
        """
        Read a number.

        Parameters
        ----------
        code : str
            Type of the number, a letter of :mod:`struct`.
        what : str
            What the number is, for the message.

        Returns
        -------
        int, float or bool
            The number.

        Raises
        ------
        ModelFormatError
            If the file is shorter, or the header too long.
        """
        layout = self.order + code
        (value,) = struct.unpack(layout, self.take(struct.calcsize(layout), what))
        found: int | float | bool = value
        return found

    def count(self, what: str, *, most: int, size: int) -> int:
        """
        Read a count of things that follow.

        Parameters
        ----------
        what : str
            What is counted, for the message.
        most : int
            The largest count that is accepted.
        size : int
            Bytes that each of the things takes at least.

        Returns
        -------
        int
            The count.

        Raises
        ------
        ModelFormatError
            If the count is too large, or larger than the rest of the file can hold.
        """
        found = int(self.number("Q", f"the number of {what}"))
        if found > most:
            msg = f"{self.file}: {found} {what}; at most {most} are read"
            raise ModelFormatError(msg)
        if found * size > self.left:
            msg = f"{self.file}: truncated: {found} {what} cannot be in the last {self.left} bytes"
            raise ModelFormatError(msg)
        return found

    def text(self, what: str, *, most: int) -> bytes:
        """
        Read a string, which the file keeps with its length before it.

        Parameters
        ----------
        what : str
            What the string is, for the message.
        most : int
            Largest number of bytes that is accepted.

        Returns
        -------
        bytes
            The string, not decoded.

        Raises
        ------
        ModelFormatError
            If the string is too long, or the file shorter.
        """
        return self.take(self.count(f"bytes of {what}", most=most, size=1), what)

    def skip_texts(self, count: int, what: str) -> None:
        """
        Skip strings, without keeping any of them.

        Parameters
        ----------
        count : int
            Number of strings.
        what : str
            What they are, for the message.

        Raises
        ------
        ModelFormatError
            If the file ends before the last of them, or the header is too long.
        """
        lengths = struct.Struct(f"{self.order}Q").unpack_from
        while count:
            self._check(8, what)
            first = at = self._fill(8)
            window, end = self._window, len(self._window) - 8
            if end < at:
                raise self._shorter()
            while count and at <= end:
                at += 8 + lengths(window, at)[0]
                count -= 1
            self.move(at - first, what)
