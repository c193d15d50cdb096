"""Remote files: fetch parts of a file at a URL."""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from spectra.errors import (
    ArgumentError,
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    SpectraError,
)
from spectra_io.storage.paths import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra._typing import AnyArray

__all__ = ["RemoteFile", "file_at"]

_BLOCK = 1 << 16  # bytes fetched by one request while a file is walked over
_KEPT = 16  # blocks in memory
_TIMEOUT = 60  # seconds of one request
_SHOWN = 200  # characters of an error of a protocol in a message
_GONE = (404, 410)  # HTTP status of a file that does not exist
_FILESYSTEMS, _SIZES = 64, 1024  # remembered
_GUESSES = (
    *("model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"),
    "model.onnx",
)
_ENDINGS = (".safetensors", ".onnx", ".gguf", ".npz", ".npy", ".json")


def _shown(url: str) -> str:
    """Return a URL without the parts that may be secret: user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


@lru_cache(maxsize=_FILESYSTEMS)
def _filesystem(protocol: str) -> Any:
    """Return the file system of fsspec for a protocol."""
    try:
        import fsspec
    except ImportError as error:
        msg = "models at a URL need fsspec: pip install 'weightspectra[remote]'"
        raise ArgumentError(msg) from error
    web = protocol in ("http", "https")
    try:
        if not web:
            return fsspec.filesystem(protocol)
        import aiohttp

        limit = aiohttp.ClientTimeout(total=_TIMEOUT)
        return fsspec.filesystem(protocol, client_kwargs={"timeout": limit})
    except (ImportError, ValueError) as error:
        msg = f"nothing that reads {protocol!r} URLs is installed: {error}"
        raise ArgumentError(msg) from error


def _asked(url: str, work: Callable[[], Any]) -> Any:
    """Return the answer to a request; raise every failure as an error of this library."""
    try:
        return work()
    except SpectraError:
        raise
    except Exception as error:  # every protocol has its own exceptions
        raise _explained(url, error) from error


def _explained(url: str, error: BaseException) -> ModelError:
    """Return the error of this library for one of fsspec, which calls any HTTP error not found."""
    cause, shown = error, _shown(url)
    if isinstance(error, FileNotFoundError):
        cause = error.__cause__ or error
        if isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) in _GONE:
            return ModelNotFoundError(f"{shown}: no such file")
    if isinstance(cause, TimeoutError):
        return ModelError(f"{shown}: no answer within {_TIMEOUT} seconds")
    words = str(cause).replace(url, shown) or type(cause).__name__
    return ModelError(f"{shown}: {words[:_SHOWN]}")


@lru_cache(maxsize=_SIZES)
def _size(url: str) -> int:
    """Return the length of a file; refuse servers that do not send parts of files."""
    info = _asked(url, lambda: _filesystem(urlsplit(url).scheme).info(url))
    size = info.get("size")
    if not isinstance(size, int) or size < 0:
        msg = f"{_shown(url)}: the server does not say how long the file is"
        raise ModelFormatError(msg)
    if info.get("partial") is False:
        msg = f"{_shown(url)}: the server does not send parts of files; download the file"
        raise ModelFormatError(msg)
    return size


def _fetched(url: str, start: int, stop: int, size: int) -> bytes:
    """Fetch a range of bytes; from a server that sends the whole file no more than headers."""
    files = _filesystem(urlsplit(url).scheme)
    if not url.startswith("http"):
        return bytes(files.cat_file(url, start=start, end=stop))
    with files.open(url, "rb", block_size=stop - start, cache_type="none", size=size) as stream:
        stream.seek(start)
        return bytes(stream.read(stop - start))


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """
    A file at a URL.

    Parameters
    ----------
    url : str
        URL of the file, of any protocol that fsspec supports.

    Examples
    --------
    >>> import fsspec
    >>> _ = fsspec.filesystem("memory").pipe_file("/models/a.bin", b"0123456789")
    >>> file = RemoteFile("memory://models/a.bin")
    >>> file.name, file.size(), bytes(file.read(2, 5))
    ('a.bin', 10, b'234')
    """

    url: str

    def __str__(self) -> str:
        """Return the URL without password and token."""
        return _shown(self.url)

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return posixpath.basename(urlsplit(self.url).path)

    def size(self) -> int:
        """
        Return the length of the file, for which the server is asked once.

        Returns
        -------
        int
            Length in bytes.

        Raises
        ------
        ModelNotFoundError
            If there is no such file.
        ModelFormatError
            If the server does not send parts of the file.
        """
        return _size(self.url)

    def read(self, start: int, stop: int, /) -> AnyArray:
        """
        Fetch the bytes from `start` to `stop`, and no other bytes.

        Parameters
        ----------
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Returns
        -------
        array of uint8
            The bytes; fewer if the file ends before `stop`.

        Raises
        ------
        ModelError
            If the request fails, or another number of bytes is sent.
        """
        stop = min(stop, self.size())
        if stop <= start:
            return np.zeros(0, np.uint8)
        found = _asked(self.url, lambda: _fetched(self.url, start, stop, self.size()))
        if len(found) != stop - start:
            msg = f"{self}: asked for {stop - start} bytes, {len(found)} were sent"
            raise ModelFormatError(msg)
        return np.frombuffer(found, np.uint8)

    @contextmanager
    def opened(self) -> Iterator[_Blocks]:
        """
        Give all bytes of the file, fetched block by block when they are indexed.

        Yields
        ------
        Bytes
            A sequence with a length, integer indices and slices.
        """
        yield _Blocks(self)

    def beside(self, location: str, *, asked_by: str) -> RemoteFile:
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
        RemoteFile
            An existing file in the same folder of the same server, or below it.

        Raises
        ------
        ModelFormatError
            If the path leads elsewhere.
        ModelNotFoundError
            If there is no such file.
        """
        if not is_inside(location) or any(sign in location for sign in "%?#\\:"):
            msg = f"{asked_by} refers to {location!r}, outside the model's folder"
            raise ModelFormatError(msg)
        found = RemoteFile(_moved(self.url, location))
        try:
            found.size()
        except ModelNotFoundError as error:
            msg = f"{found}: no such file; {asked_by} refers to it"
            raise ModelNotFoundError(msg) from error
        return found


def _moved(url: str, location: str) -> str:
    """Return the URL of a file in the same folder, with the same query."""
    parts = urlsplit(url)
    folder = posixpath.dirname(parts.path)
    return urlunsplit(parts._replace(path=posixpath.join(folder, location)))


@dataclass(eq=False)
class _Blocks:
    """Bytes of a file, fetched in blocks; the blocks used last are kept."""

    file: RemoteFile
    kept: OrderedDict[int, bytes] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return self.file.size()

    def _block(self, number: int) -> bytes:
        """Return a block by its number."""
        if number not in self.kept:
            start = number * _BLOCK
            self.kept[number] = bytes(self.file.read(start, start + _BLOCK))
            if len(self.kept) > _KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(number)
        return self.kept[number]

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...
    def __getitem__(self, place: int | slice, /) -> int | bytes:
        if isinstance(place, int):
            return self._block(place // _BLOCK)[place % _BLOCK]
        start, stop, _ = place.indices(len(self))
        if stop - start > _BLOCK:
            return bytes(self.file.read(start, stop))
        parts = [self._block(n) for n in range(start // _BLOCK, -(-stop // _BLOCK))]
        first = start % _BLOCK
        return b"".join(parts)[first : first + stop - start]


def _in_folder(url: str) -> str:
    """Return the URL of the weights in a folder: the first usual name of which a file exists."""
    for name in _GUESSES:
        there = RemoteFile(_moved(url.rstrip("/") + "/x", name))
        try:
            there.size()
        except ModelNotFoundError:
            continue
        return there.url
    msg = f"{_shown(url)}: none of {', '.join(_GUESSES)} is there"
    raise ModelNotFoundError(msg)


def file_at(url: str, /) -> RemoteFile:
    """
    Find the weights at a URL.

    Parameters
    ----------
    url : str
        URL of a file, of an index, or of a folder in which the weights have a usual name.

    Returns
    -------
    RemoteFile
        The file at the URL, or the weights in the folder.

    Raises
    ------
    ArgumentError
        If the URL is that of a file on this machine, or no reader of its protocol is installed.
    ModelNotFoundError
        If the folder has no weights with a usual name.
    ModelError
        If the server cannot be reached.

    Notes
    -----
    A request that takes more than 60 seconds fails. Files in other folders, on other servers or of
    other protocols are never fetched, even if the model refers to them; redirects are followed.

    Examples
    --------
    >>> import fsspec
    >>> _ = fsspec.filesystem("memory").pipe_file("/models/model.onnx", b"...")
    >>> file_at("memory://models").url
    'memory://models/model.onnx'
    """
    if "::" in url or urlsplit(url).scheme in ("file", "local"):
        msg = f"{_shown(url)}: give the path of a file on this machine, and one URL, not a chain"
        raise ArgumentError(msg)
    is_file = urlsplit(url).path.endswith(_ENDINGS)
    return RemoteFile(url if is_file else _in_folder(url))
