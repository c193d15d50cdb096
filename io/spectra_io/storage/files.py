"""Files: read parts of a file on a disk or elsewhere."""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, overload, runtime_checkable

import numpy as np

from spectra_io.storage.paths import inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["Bytes", "File", "LocalFile"]


class Bytes(Protocol):
    """
    A sequence of bytes that can be indexed and sliced without being read as a whole.

    Examples
    --------
    >>> data: Bytes = b"abc"
    >>> len(data), data[0], data[1:]
    (3, 97, b'bc')
    """

    def __len__(self) -> int:
        """Return the number of bytes."""

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...


@runtime_checkable
class File(Protocol):
    """
    A reference to a file of a model, by which parts of the file are read.

    Small, hashable, picklable, and without an open file. ``str`` gives the name of the file in
    messages.

    Examples
    --------
    >>> from pathlib import Path
    >>> isinstance(LocalFile(Path("model.onnx")), File)
    True
    """

    @property
    def name(self) -> str:
        """Name of the file without its folder."""

    def size(self) -> int:
        """Return the length of the file in bytes."""

    def read(self, start: int, stop: int, /) -> AnyArray:
        """Return the bytes from `start` to `stop` as an array of uint8; fewer at the end."""

    def opened(self) -> AbstractContextManager[Bytes]:
        """Return a context manager that gives all bytes; the file must not be empty."""

    def beside(self, location: str, *, asked_by: str) -> File:
        """Return a file in the same folder or below it, to which `asked_by` refers."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """
    A file on a disk.

    Parameters
    ----------
    path : Path
        Path of the file; absolute, if the working folder may change before the file is read.

    Examples
    --------
    >>> from pathlib import Path
    >>> file = LocalFile(Path(__file__))
    >>> file.name, bytes(file.read(0, 9))
    ('files.py', b'\"\"\"Files:')
    """

    path: Path

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return self.path.name

    def size(self) -> int:
        """
        Return the present length of the file.

        Returns
        -------
        int
            Length in bytes.
        """
        return self.path.stat().st_size

    def read(self, start: int, stop: int, /) -> AnyArray:
        """
        Map the bytes from `start` to `stop` into memory.

        Parameters
        ----------
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Returns
        -------
        array of uint8
            The bytes; fewer if the file ends before `stop`.
        """
        stop = min(stop, self.size())
        if stop <= start:
            return np.zeros(0, np.uint8)
        return np.asarray(np.memmap(self.path, np.uint8, "r", start, (stop - start,)))

    @contextmanager
    def opened(self) -> Iterator[Bytes]:
        """
        Map all bytes of the file into memory.

        Yields
        ------
        mmap
            The bytes, read-only.
        """
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            yield data

    def beside(self, location: str, *, asked_by: str) -> LocalFile:
        """
        Return another file of the model.

        Parameters
        ----------
        location : str
            Path of the other file, relative to the folder of this file.
        asked_by : str
            Name of what refers to the other file, for the message.

        Returns
        -------
        LocalFile
            An existing file inside the folder.

        Raises
        ------
        ModelFormatError
            If the path leads out of the folder.
        ModelNotFoundError
            If there is no such file.
        """
        return LocalFile(inside(self.path.parent, location, asked_by=asked_by))
