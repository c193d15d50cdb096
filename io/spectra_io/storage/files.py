"""Files: read parts of a file on a disk or elsewhere."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from spectra.errors import ModelFormatError, SpectraError
from spectra_io.storage.descriptors import filled, identity, named, regular
from spectra_io.storage.memory import check_fits
from spectra_io.storage.paths import check_contained, inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from spectra._typing import AnyArray
    from spectra_io.storage.descriptors import Identity

__all__ = ["Bytes", "File", "LocalFile"]


class Bytes(Protocol):
    """
    A sequence of bytes that can be sliced without being read as a whole.

    Examples
    --------
    >>> data: Bytes = b"abc"
    >>> len(data), data[1:]
    (3, b'bc')
    """

    def __len__(self) -> int:
        """Return the number of bytes."""

    def __getitem__(self, place: slice, /) -> bytes:
        """Return the bytes of a slice with a step of 1."""


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
    A file on a disk, as it is when the reference is made.

    Parameters
    ----------
    path : Path
        Path of the file; absolute, if the working folder may change before the file is read.

    Notes
    -----
    Links are followed when the reference is made, and not again. Every read opens the file, and
    compares it with what was found then: a file that has been changed, cut or replaced is not read.
    No descriptor stays open, so that a model may have more files than a process.

    Examples
    --------
    >>> from pathlib import Path
    >>> file = LocalFile(Path(__file__))
    >>> file.name, bytes(file.read(0, 9))
    ('files.py', b'\"\"\"Files:')
    """

    path: Path
    real: str = field(init=False, repr=False)
    """Path of the file with all links resolved."""
    seen: Identity | None = field(init=False, repr=False)
    """The file as it was; None if there was none."""

    def __post_init__(self) -> None:
        """Follow links, and note what tells the file from another one."""
        seen, real = None, str(self.path)
        try:
            real = os.path.realpath(self.path)
            with regular(real) as descriptor:
                seen = identity(descriptor)
        except (OSError, ValueError, SpectraError):  # told when the file is read
            pass
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "seen", seen)

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return self.path.name

    def size(self) -> int:
        """
        Return the length of the file when the reference was made.

        Returns
        -------
        int
            Length in bytes.

        Raises
        ------
        OSError
            If there is no such file.
        """
        return self.path.stat().st_size if self.seen is None else self.seen.size

    def read(self, start: int, stop: int, /) -> AnyArray:
        """
        Read the bytes from `start` to `stop`, and no others.

        Parameters
        ----------
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Returns
        -------
        array of uint8
            The bytes, read-only; fewer if the file ends before `stop`.

        Raises
        ------
        ModelFormatError
            If the file has changed since the reference was made, or the bytes take more than half
            of the memory of this machine.
        ModelNotFoundError
            If it is gone.
        ModelError
            If it cannot be read.
        """
        stop = min(stop, self.size())
        if stop <= start:
            return np.zeros(0, np.uint8)
        check_fits(self, stop - start)
        with self._unchanged() as descriptor, named(self):
            return filled(descriptor, [(start, stop - start)], stop - start)

    def gather(self, spans: Iterable[tuple[int, int]], size: int) -> AnyArray:
        """
        Read many parts of the file, and no other bytes.

        Parameters
        ----------
        spans : iterable of tuple of int
            Place of the first byte, and length, of each part.
        size : int
            Length of all parts together.

        Returns
        -------
        array of uint8
            The parts one after the other, read-only.

        Raises
        ------
        ModelFormatError
            If the file has changed since the reference was made, or ends before the last part; if
            the bytes take more than half of the memory of this machine.
        ModelNotFoundError
            If it is gone.
        ModelError
            If it cannot be read.
        """
        check_fits(self, size)
        with self._unchanged() as descriptor, named(self):
            found = filled(descriptor, spans, size)
        if len(found) != size:
            msg = f"{self}: truncated: {size} bytes of an array expected, found {len(found)}"
            raise ModelFormatError(msg)
        return found

    @contextmanager
    def opened(self) -> Iterator[Bytes]:
        """
        Open the file to read several parts of it.

        Yields
        ------
        Bytes
            A sequence with a length, whose slices are read from the file.

        Raises
        ------
        ModelFormatError
            If the file has changed since the reference was made, or changes meanwhile.
        ModelNotFoundError
            If it is gone.
        ModelError
            If it cannot be read.
        """
        with self._unchanged() as descriptor:
            yield _Opened(self, descriptor, self.size())

    @contextmanager
    def _unchanged(self) -> Iterator[int]:
        """Open the file; look before and after whether it is the one that was found first."""
        with ExitStack() as stack:
            with named(self):
                descriptor = stack.enter_context(regular(self.real))
            self._check(identity(descriptor))
            yield descriptor
            self._check(identity(descriptor))

    def _check(self, found: Identity) -> None:
        if self.seen is None or self.seen.agrees(found):
            return
        how = "it was replaced or written to"
        if self.seen.size != found.size:
            how = f"{self.seen.size} bytes then, {found.size} now"
        msg = f"{self}: the file has changed since the model was opened: {how}"
        raise ModelFormatError(msg)

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
        found = LocalFile(inside(self.path.parent, location, asked_by=asked_by))
        check_contained(found.real, self.path.parent, location, asked_by=asked_by)
        return found


@dataclass(frozen=True, slots=True)
class _Opened:
    """The bytes of an open file."""

    file: LocalFile
    descriptor: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: slice, /) -> bytes:
        start, stop, _ = place.indices(self.size)
        with named(self.file):
            found = filled(self.descriptor, [(start, stop - start)], max(stop - start, 0))
        return found.tobytes()
