"""Files of other protocols than http and https: fetch parts of a file with fsspec."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import ArgumentError, ModelError, ModelFormatError, ModelNotFoundError
from spectra_io.storage.answers import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra_io.urls import Url

__all__ = ["Fsspec"]

_PART = 1 << 23  # bytes asked for by one request
_NOT_REMOTE = frozenset(  # files of this machine, and what leads to files of other URLs
    {"file", "local", "asynclocal", "dir", "git", "zip", "tar", "libarchive", "reference", "data"}
    | {"cached", "blockcache", "filecache", "simplecache", "asyncwrapper", "async_wrapper"}
    | {"generic", "http", "https"}
)
_MARKS = (  # what protocols say of the version of a file
    *("ETag", "etag", "LastModified", "last_modified", "mtime", "modified", "updated", "created"),
    *("VersionId", "generation", "md5Hash", "content_hash"),
)


class _Failed(NamedTuple):
    """An error of a protocol: the class of ours that stands for it, and own words."""

    kind: type[ModelError]
    words: str


def _failed(error: Exception, scheme: str) -> _Failed:
    """Return what an error of a protocol means, in words that quote nothing of it."""
    if isinstance(error, FileNotFoundError | IsADirectoryError):
        return _Failed(ModelNotFoundError, "no such file")
    if isinstance(error, PermissionError):
        return _Failed(ModelError, "not permitted")
    if isinstance(error, TimeoutError):
        return _Failed(ModelError, "no answer in time")
    return _Failed(ModelError, f"{type(error).__name__} in the reader of {scheme}")


def _tried(work: Callable[[], Any], scheme: str) -> Any:
    """Return the result of a request, or what went wrong."""
    try:
        return work()
    except Exception as error:  # every protocol has its own exceptions
        return _failed(error, scheme)


def _asked(url: Url, work: Callable[[], Any]) -> Any:
    """Return the result of a request; an error of the protocol is not in the chain of ours."""
    found = _tried(work, url.scheme)
    if isinstance(found, _Failed):
        msg = f"{url}: {found.words}"
        raise found.kind(msg)
    return found


def _opened(url: Url) -> tuple[Any, str]:
    """Return the file system of a URL, and the path of the file in it."""
    from fsspec.core import url_to_fs

    files, path = url_to_fs(url.full)
    return files, path


def _facts(url: Url) -> Facts:
    """Ask for length and version of a file."""
    files, path = _opened(url)
    info = files.info(path)
    if info.get("type") == "directory":
        raise FileNotFoundError
    size = info.get("size")
    version = "; ".join(str(info[mark]) for mark in _MARKS if info.get(mark))
    return Facts(size if isinstance(size, int) else -1, version)


def _bytes(url: Url, start: int, stop: int) -> bytes:
    """Fetch a part of a file."""
    files, path = _opened(url)
    return bytes(files.cat_file(path, start=start, end=stop))


def _fill(url: Url, start: int, out: memoryview) -> None:
    """Fill a buffer with a part of a file."""
    for place in range(0, len(out), _PART):
        part = out[place : place + _PART]
        first, stop = start + place, start + place + len(part)
        found = _asked(url, partial(_bytes, url, first, stop))
        if len(found) != len(part):
            msg = f"{url}: asked for {len(part)} bytes, {len(found)} were sent"
            raise ModelFormatError(msg)
        part[:] = found


@dataclass(frozen=True, slots=True)
class Fsspec:
    """
    Files of any protocol that fsspec knows, read in parts.

    Examples
    --------
    >>> import fsspec
    >>> from spectra_io.urls import Url
    >>> _ = fsspec.filesystem("memory").pipe_file("/models/a.bin", b"0123456789")
    >>> facts, head = Fsspec().look(Url("memory://models/a.bin"), 4)
    >>> facts.size, head
    (10, b'0123')
    """

    @staticmethod
    def check(url: Url) -> None:
        """
        Refuse URLs that lead to files of this machine, and protocols that nothing reads.

        Parameters
        ----------
        url : Url
            The URL.

        Raises
        ------
        ArgumentError
            If the URL cannot be read.
        """
        if url.scheme in _NOT_REMOTE:
            msg = f"{url}: give the path of a file on this machine, or the URL of a server"
            raise ArgumentError(msg)
        try:
            import fsspec

            fsspec.get_filesystem_class(url.scheme)
        except ImportError as error:
            has_fsspec = error.name != "fsspec"
            how = "the package of fsspec for it" if has_fsspec else "'weightspectra[remote]'"
            msg = f"{url}: {url.scheme} URLs cannot be read: pip install {how}"
        except ValueError:
            msg = f"{url}: nothing that reads {url.scheme} URLs is known"
        else:
            return
        raise ArgumentError(msg)

    def look(self, url: Url, length: int) -> tuple[Facts, bytes]:
        """
        Fetch the beginning of a file.

        Parameters
        ----------
        url : Url
            URL of the file, checked.
        length : int
            Number of bytes to fetch.

        Returns
        -------
        tuple of Facts and bytes
            What is known of the file, and its first bytes; fewer if it is shorter.

        Raises
        ------
        ModelNotFoundError
            If there is no such file.
        ModelError
            If the file cannot be had.
        """
        facts: Facts = _asked(url, partial(_facts, url))
        if facts.size < 0:
            msg = f"{url}: the server does not say how long the file is"
            raise ModelFormatError(msg)
        head = bytearray(min(length, facts.size))
        _fill(url, 0, memoryview(head))
        return facts, bytes(head)

    def fetch(self, url: Url, facts: Facts, start: int, out: memoryview) -> None:
        """
        Fill a buffer with a part of a file.

        Parameters
        ----------
        url : Url
            URL of the file, checked.
        facts : Facts
            What is known of the file since it was opened.
        start : int
            Place of the first byte.
        out : memoryview of bytes
            The buffer; its length says how many bytes are fetched, all of them inside the file.

        Raises
        ------
        ModelFormatError
            If another number of bytes is sent, or the file has changed, as far as its protocol
            says.
        ModelError
            If the file cannot be had.
        """
        _fill(url, start, out)
        if _asked(url, partial(_facts, url)) != facts:
            msg = f"{url}: the file has changed since it was opened; open it again"
            raise ModelFormatError(msg)
