"""Descriptors: open regular files on a disk without following links, and tell if they changed."""

from __future__ import annotations

import errno
import io
import os
import platform
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spectra._typing import AnyArray

__all__ = ["Identity", "filled", "identity", "named", "regular"]

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # not on Windows, nor the next
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe would wait for a writer
_FLAGS = os.O_RDONLY | _NO_LINK | _AT_ONCE | getattr(os, "O_BINARY", 0)
_IS_LINK = {errno.ELOOP, errno.EMLINK}  # of systems that do not follow the link


class Identity(NamedTuple):
    """
    Facts that tell a file from the same file changed, and from another one in its place.

    Examples
    --------
    >>> first = Identity("here", 1, 2, 100, 5)
    >>> first.agrees(first._replace(modified=6))
    False
    >>> first.agrees(first._replace(host="there", inode=9))
    True
    """

    host: str
    """Name of the machine that looked; the next fields may differ on another one."""
    device: int
    """Number of the file system."""
    inode: int
    """Number of the file in it."""
    size: int
    """Length in bytes."""
    modified: int
    """Time of the last change of the content, in nanoseconds."""

    def agrees(self, other: Identity, /) -> bool:
        """
        Return whether another look saw the same file, unchanged.

        Parameters
        ----------
        other : Identity
            What the other look saw; on another machine only the length is compared.

        Returns
        -------
        bool
            Whether nothing shows a difference.
        """
        return self == other or (self.host != other.host and self.size == other.size)


def identity(descriptor: int, /) -> Identity:
    """
    Return the identity of an open file.

    Parameters
    ----------
    descriptor : int
        Descriptor of the file.

    Returns
    -------
    Identity
        What the file system says of it now.

    Examples
    --------
    >>> with regular(os.path.realpath(__file__)) as descriptor:
    ...     identity(descriptor).size == os.path.getsize(__file__)
    True
    """
    found = os.fstat(descriptor)
    return Identity(platform.node(), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def named(what: object, /) -> Iterator[None]:
    """
    Name the file in errors of the system within the block, most of which say only what failed.

    Parameters
    ----------
    what : object
        The file, for the message.

    Yields
    ------
    None
        Nothing; the block is run.

    Raises
    ------
    ModelNotFoundError
        If the file is not there.
    ModelError
        If the system cannot open or read it, as when a disk or a network is lost.

    Examples
    --------
    >>> with named("m.onnx"):
    ...     raise OSError(errno.EIO, "Input/output error")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelError: m.onnx: Input/output error
    """
    try:
        yield
    except ModelError:
        raise
    except FileNotFoundError as error:
        msg = f"{what}: no such file: it was removed or moved since the model was opened"
        raise ModelNotFoundError(msg) from error
    except OSError as error:
        msg = f"{what}: {error.strerror or type(error).__name__}"
        raise ModelError(msg) from error


@contextmanager
def regular(path: str, /) -> Iterator[int]:
    """
    Open a regular file to read it; neither a link in its place, nor a pipe or device.

    Parameters
    ----------
    path : str
        Path of the file, all links resolved.

    Yields
    ------
    int
        Descriptor of the file, closed at the end.

    Raises
    ------
    ModelFormatError
        If the path is that of a link, a pipe or a device.
    OSError
        If the file cannot be opened.

    Examples
    --------
    >>> with regular(os.path.realpath(__file__)) as descriptor:
    ...     os.read(descriptor, 15)
    b'\"\"\"Descriptors:'
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
        msg = f"{path}: a link has taken the place of the file since the model was opened"
        raise ModelFormatError(msg) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            msg = f"{path}: found a folder, a device or a pipe in place of a file"
            raise ModelFormatError(msg)
        yield descriptor
    finally:
        os.close(descriptor)


def filled(descriptor: int, spans: Iterable[tuple[int, int]], size: int, /) -> AnyArray:
    """
    Read parts of an open file into one array.

    Parameters
    ----------
    descriptor : int
        Descriptor of the file, used by no other thread.
    spans : iterable of tuple of int
        Place of the first byte, and length, of each part.
    size : int
        Length of all parts together.

    Returns
    -------
    array of uint8
        The parts one after the other, read-only; cut where the file ends.

    Examples
    --------
    >>> with regular(os.path.realpath(__file__)) as descriptor:
    ...     bytes(filled(descriptor, [(3, 11), (0, 3)], 14))
    b'Descriptors\"\"\"'
    """
    out = np.empty(size, np.uint8)
    view, done = out.data, 0
    with io.FileIO(descriptor, closefd=False) as stream:
        for start, length in spans:
            stream.seek(start)
            stop = done + length
            while done < stop and (count := stream.readinto(view[done:stop])):
                done += count
            if done < stop:
                break
    out.flags.writeable = False
    return out[:done]
