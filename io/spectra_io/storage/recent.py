"""Recent parts of remote files: kept for a while, so that none is fetched twice, nor one by one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra_io.urls import Url

__all__ = ["Recent"]

_MOST, _PARTS = 1 << 27, 256  # bytes, and parts, that are kept
_AHEAD = 1 << 21  # bytes fetched at once, where small parts follow each other
_GAP = 1 << 16  # bytes between parts that follow each other
_ALIGNED = 64  # bytes; numbers elsewhere are copied


class _Part(NamedTuple):
    """Bytes of a file from a place on, read-only."""

    url: Url
    start: int
    content: AnyArray

    @property
    def stop(self) -> int:
        return self.start + len(self.content)


class _Count(NamedTuple):
    """Bytes of a file that were asked for, and those that were fetched."""

    asked: int = 0
    fetched: int = 0


class Recent:
    """
    Parts of the files of a model that were fetched last, up to 128 MB.

    Picklable, without the parts. Threads may use it together: the parts are a tuple that is
    replaced as a whole, and a fork finds no lock taken.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra_io.urls import Url
    >>> recent, url = Recent(), Url("https://example.org/a")
    >>> recent.add(url, 100, np.arange(50, dtype=np.uint8))
    >>> recent.find(url, 110, 113), recent.find(url, 149, 151)
    (array([10, 11, 12], dtype=uint8), None)
    """

    def __init__(self) -> None:
        self._parts: tuple[_Part, ...] = ()
        self._counts: dict[Url, _Count] = {}
        self._locks: dict[object, Lock] = {}

    def __reduce__(self) -> tuple[type[Recent], tuple[()]]:
        """Return how to make another one, which is empty."""
        return Recent, ()

    def find(self, url: Url, start: int, stop: int) -> AnyArray | None:
        """
        Return bytes that are kept.

        Parameters
        ----------
        url : Url
            URL of the file.
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Returns
        -------
        array of uint8, or None
            The bytes, read-only; None if not all of them are kept.
        """
        parts = self._parts
        for part in parts:
            if part.start <= start and stop <= part.stop and part.url == url:
                self._parts = (part, *(other for other in parts if other is not part))
                self._count(url, stop - start)
                found = part.content[start - part.start : stop - part.start]
                return found if (start - part.start) % _ALIGNED == 0 else _copied(found)
        return None

    def add(self, url: Url, start: int, content: AnyArray) -> None:
        """
        Keep a part, and drop those that were not used for longest if there are too many.

        Parameters
        ----------
        url : Url
            URL of the file.
        start : int
            Place of the first byte.
        content : array of uint8
            The bytes; more than 128 MB are not kept.
        """
        kept, size = [_Part(url, start, content)], len(content)
        if size > _MOST:
            return
        for part in self._parts:
            size += len(part.content)
            if size <= _MOST and len(kept) < _PARTS:
                kept.append(part)
        self._parts = tuple(kept)

    def follows(self, url: Url, start: int) -> bool:
        """
        Return whether a place comes soon after a part that is kept.

        Parameters
        ----------
        url : Url
            URL of the file.
        start : int
            Place of a byte.

        Returns
        -------
        bool
            Whether a part ends there, or up to 64 KB before.
        """
        return any(0 <= start - part.stop <= _GAP and part.url == url for part in self._parts)

    def ahead(self, url: Url, start: int, stop: int) -> int:
        """
        Decide how many bytes to fetch together with a part, because they will be asked for next.

        Parameters
        ----------
        url : Url
            URL of the file.
        start, stop : int
            Place of the first byte of the part, and of the byte after the last.

        Returns
        -------
        int
            Number of bytes after the part: 0, unless the part is small and follows one that is
            kept; none that is kept. Of a file, at most twice as many bytes are fetched as are
            asked for.
        """
        count, more = self._count(url, stop - start), 0
        if self.follows(url, start):
            room = 2 * count.asked - count.fetched - (stop - start)
            gaps = (part.start - stop for part in self._parts if part.url == url)
            more = max(0, min(_AHEAD - (stop - start), room, *(gap for gap in gaps if gap >= 0)))
        self._counts[url] = count._replace(fetched=count.fetched + stop - start + more)
        return more

    def _count(self, url: Url, asked: int) -> _Count:
        count = self._counts.get(url, _Count())
        count = self._counts[url] = count._replace(asked=count.asked + asked)
        return count

    @contextmanager
    def alone(self, url: Url, start: int, stop: int) -> Iterator[None]:
        """
        Let one thread at a time fetch a part, so that the others find it.

        Parameters
        ----------
        url : Url
            URL of the file.
        start, stop : int
            Place of the first byte, and of the byte after the last.

        Yields
        ------
        None
            Nothing; the block is run. Small parts wait for those of the whole file.
        """
        key = (os.getpid(), url, start if stop - start >= _AHEAD else -1)
        with self._locks.setdefault(key, Lock()):
            yield


def _copied(found: AnyArray) -> AnyArray:
    copied: AnyArray = found.copy()
    copied.flags.writeable = False
    return copied
