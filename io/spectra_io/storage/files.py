"""Files: bytes by their place, on a disk or elsewhere."""

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
    Bytes to walk over, of which few are looked at.

    Examples
    --------
    >>> data: Bytes = b"abc"
    >>> len(data), data[0], data[1:]
    (3, 97, b'bc')
    """

    def __len__(self) -> int:
        """Return how many there are."""

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...


@runtime_checkable
class File(Protocol):
    """
    A file of a model; small, hashable, picklable, and not open.

    ``str`` of it is what a message calls it.

    Examples
    --------
    >>> from pathlib import Path
    >>> isinstance(LocalFile(Path("model.onnx")), File)
    True
    """

    @property
    def name(self) -> str:
        """Its name without the folder."""

    def size(self) -> int:
        """Return its length in bytes."""

    def read(self, start: int, stop: int, /) -> AnyArray:
        """Return the bytes between two places as an array of uint8; fewer where the file ends."""

    def opened(self) -> AbstractContextManager[Bytes]:
        """Give all bytes to walk over; the file must not be empty."""

    def beside(self, location: str, *, asked_by: str) -> File:
        """Return a file of the same folder or below it, that `asked_by` refers to."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """
    A file on a disk.

    Parameters
    ----------
    path : Path
        Where it is; absolute, if it is to be read after a change of folder.

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
        """Its name without the folder."""
        return self.path.name

    def size(self) -> int:
        """
        Ask for its length.

        Returns
        -------
        int
            In bytes, now.
        """
        return self.path.stat().st_size

    def read(self, start: int, stop: int, /) -> AnyArray:
        """
        Map the bytes between two places.

        Parameters
        ----------
        start, stop : int
            First byte, and the one after the last.

        Returns
        -------
        array of uint8
            Fewer where the file ends.
        """
        stop = min(stop, self.size())
        if stop <= start:
            return np.zeros(0, np.uint8)
        return np.asarray(np.memmap(self.path, np.uint8, "r", start, (stop - start,)))

    @contextmanager
    def opened(self) -> Iterator[Bytes]:
        """
        Map all bytes, to walk over.

        Yields
        ------
        mmap
            Read-only.
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
            Relative to the folder of this one.
        asked_by : str
            Who refers to it, for the message.

        Returns
        -------
        LocalFile
            It exists, and is inside the folder.

        Raises
        ------
        ModelFormatError
            If the path leads out of the folder.
        ModelNotFoundError
            If there is no such file.
        """
        return LocalFile(inside(self.path.parent, location, asked_by=asked_by))
