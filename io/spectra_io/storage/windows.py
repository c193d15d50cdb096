"""Windows: look at the bytes of a file one after the other, a buffer at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectra_io.storage.files import Bytes

__all__ = ["Window", "varint"]

_BLOCK = 1 << 16  # bytes in the buffer
_AHEAD = 20  # bytes that the buffer holds after a place: two of the longest numbers
_MORE, _LOW_BITS = 0x80, 7  # of a byte of a number, see varints
_LONGEST = 10  # bytes of one number


def varint(held: bytes, at: int, /) -> tuple[int, int]:
    """
    Read a whole number of one to ten bytes, as protobuf packs them.

    Parameters
    ----------
    held : bytes
        Some bytes.
    at : int
        Index of the first byte of the number.

    Returns
    -------
    number : int
        The number.
    after : int
        Index of the byte after the last.

    Raises
    ------
    IndexError
        If the bytes end before the number does, or the number is longer.

    Examples
    --------
    >>> varint(bytes([1, 0x96, 0x01]), 1)
    (150, 3)
    """
    number = 0
    for count in range(_LONGEST):
        byte = held[at + count]
        number |= (byte & (_MORE - 1)) << (_LOW_BITS * count)
        if byte < _MORE:
            return number, at + count + 1
    msg = f"a number of more than {_LONGEST} bytes"
    raise IndexError(msg)


class Window:
    """
    The bytes of a file, seen through a buffer that moves to where they are asked for.

    Parameters
    ----------
    data : Bytes
        The bytes, whose slices are read when they are asked for.

    Examples
    --------
    >>> window = Window(b"abcdef")
    >>> window.around(2), window.cut(1, 3)
    ((b'cdef', 2, 6), b'bc')
    """

    def __init__(self, data: Bytes) -> None:
        self._data, self._size = data, len(data)
        self._held, self._start, self._safe = b"", 0, -1

    def around(self, place: int) -> tuple[bytes, int, int]:
        """
        Return the buffer, moved so that it holds a place and 20 bytes more.

        Parameters
        ----------
        place : int
            Index of a byte.

        Returns
        -------
        held : bytes
            The buffer.
        start : int
            Place of its first byte.
        safe : int
            The last place after which it holds 20 bytes, or all that there are.
        """
        if not self._start <= place <= self._safe:
            stop = min(place + _BLOCK, self._size)
            self._held, self._start = self._data[place:stop], place
            self._safe = stop if stop == self._size else stop - _AHEAD
        return self._held, self._start, self._safe

    def cut(self, start: int, stop: int) -> bytes:
        """
        Read bytes, from the buffer if it holds them.

        Parameters
        ----------
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Returns
        -------
        bytes
            The bytes; fewer if they end before `stop`.
        """
        first, last = start - self._start, stop - self._start
        if first >= 0 and last <= len(self._held):
            return self._held[first:last]
        return self._data[start:stop]
