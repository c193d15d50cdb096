"""Remote files: read parts of a file at a URL."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import numpy as np

from spectra.errors import ArgumentError, ModelFormatError, ModelNotFoundError
from spectra_io.storage.answers import Facts, Forbidden
from spectra_io.storage.memory import check_fits
from spectra_io.storage.paths import is_inside
from spectra_io.storage.protocols import Fsspec
from spectra_io.storage.recent import Recent
from spectra_io.storage.redirects import check_hosts
from spectra_io.storage.web import Web
from spectra_io.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spectra._typing import AnyArray
    from spectra_io.storage.hub_files import Hub

__all__ = ["RemoteFile", "file_at", "files_on"]

_BLOCK = 1 << 16  # bytes fetched at once where a few are asked for
_SMALL = 1 << 14  # bytes; fewer are taken from a block
_KEPT = 256  # blocks of a model in memory; larger parts have a memory of their own
_GUESSES = (
    *("model.safetensors.index.json", "model.safetensors", "adapter_model.safetensors"),
    "model.onnx",
)
_ENDINGS = (".safetensors", ".onnx", ".gguf", ".npz", ".npy", ".json")


class _Kept:
    """What is known of the files of a model, and the blocks used last. Stays in its process."""

    def __init__(self) -> None:
        self.facts: dict[Url, Facts | ModelNotFoundError] = {}
        self.recent = Recent()
        self._kept: OrderedDict[tuple[Url, int], bytes] = OrderedDict()

    def __reduce__(self) -> tuple[type[_Kept], tuple[()]]:
        """Return how to make another one, which is empty."""
        return _Kept, ()

    def get(self, url: Url, number: int) -> bytes | None:
        """Return a block if it is kept."""
        try:
            self._kept.move_to_end((url, number))
            return self._kept[url, number]
        except KeyError:  # also if another thread has dropped it
            return None

    def add(self, url: Url, number: int, block: bytes) -> None:
        """Keep a block, and drop the one that was not used for longest if there are too many."""
        self._kept[url, number] = block
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, repr=False)
class RemoteFile:
    """
    A file at a URL, of which length and version are known.

    Small, hashable and picklable. Where a few bytes are read, a block of 64 KB is fetched; the last
    256 blocks are kept for all files of a model, and so are the last 128 MB of larger parts, so
    that a tensor of several layers is fetched once. Parts smaller than 2 MB that follow each other
    are fetched together. What is kept is not pickled.

    Parameters
    ----------
    url : Url
        URL of the file.
    reader : Web, Fsspec or Hub
        How its bytes are fetched.
    facts : Facts
        Length and version of the file when it was opened.

    Examples
    --------
    >>> import fsspec
    >>> _ = fsspec.filesystem("memory").pipe_file("/models/a.npy", b"0123456789")
    >>> file = file_at("memory://models/a.npy")
    >>> file, file.name, file.size(), bytes(file.read(2, 5))
    (RemoteFile('memory://models/a.npy'), 'a.npy', 10, b'234')
    """

    url: Url
    reader: Web | Fsspec | Hub
    facts: Facts
    kept: _Kept = field(default_factory=_Kept, compare=False)

    def __str__(self) -> str:
        """Return the URL without its secrets."""
        return str(self.url)

    def __repr__(self) -> str:
        """Return the URL without its secrets."""
        return f"RemoteFile({str(self)!r})"

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return self.url.name

    def size(self) -> int:
        """
        Return the length of the file when it was opened.

        Returns
        -------
        int
            Length in bytes.
        """
        return self.facts.size

    def read(self, start: int, stop: int, /) -> AnyArray:
        """
        Fetch the bytes from `start` to `stop`.

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
            If the file has changed since it was opened, or the server sends other bytes; if the
            bytes take more than half of the memory of this machine.
        ModelError
            If the server cannot be reached, or does not give the file.
        """
        stop = min(stop, self.size())
        if stop <= start:
            return np.zeros(0, np.uint8)
        if (found := self.kept.recent.find(self.url, start, stop)) is not None:
            return found
        numbers = range(start // _BLOCK, -(-stop // _BLOCK))
        few = stop - start < _SMALL and not self.kept.recent.follows(self.url, start)
        if few or all(self.kept.get(self.url, n) for n in numbers):
            return np.frombuffer(self._from_blocks(start, stop), np.uint8)
        with self.kept.recent.alone(self.url, start, stop):
            found = self.kept.recent.find(self.url, start, stop)
            return self._fetched(start, stop) if found is None else found

    def _fetched(self, start: int, stop: int) -> AnyArray:
        """Fetch the bytes from `start` to `stop`, with those that will be asked for next."""
        check_fits(self, stop - start)
        more = min(self.kept.recent.ahead(self.url, start, stop), self.size() - stop)
        out = np.empty(stop - start + more, np.uint8)
        self.reader.fetch(self.url, self.facts, start, out.data)
        out.flags.writeable = False
        self.kept.recent.add(self.url, start, out)
        return out[: stop - start]

    def _from_blocks(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`, cut out of blocks."""
        numbers = range(start // _BLOCK, -(-stop // _BLOCK))
        found = b"".join(self.block(number) for number in numbers)
        return found[start % _BLOCK :][: stop - start]

    def block(self, number: int, /) -> bytes:
        """
        Return a block of the file, which is fetched unless it is kept.

        Parameters
        ----------
        number : int
            Number of the block; it starts at 65536 times that number, inside the file.

        Returns
        -------
        bytes
            65536 bytes; fewer at the end of the file.

        Raises
        ------
        ModelFormatError
            If the file has changed since it was opened, or the server sends other bytes.
        ModelError
            If the server cannot be reached, or does not give the file.
        """
        if kept := self.kept.get(self.url, number):
            return kept
        start = number * _BLOCK
        out = bytearray(min(_BLOCK, self.size() - start))
        self.reader.fetch(self.url, self.facts, start, memoryview(out))
        found = bytes(out)
        self.kept.add(self.url, number, found)
        return found

    @contextmanager
    def opened(self) -> Iterator[_Bytes]:
        """
        Give all bytes of the file, fetched block by block when they are indexed.

        Yields
        ------
        Bytes
            A sequence with a length, integer indices and slices.
        """
        yield _Bytes(self)

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
            If there is no such file, or the server does not give it to us.
        ModelError
            If the server cannot be reached.
        """
        if not is_inside(location) or any(sign in location for sign in "%?#\\:;"):
            msg = f"{asked_by} refers to {location!r}, outside the model's folder"
            raise ModelFormatError(msg)
        try:
            return _looked(self.url.beside(location), self.reader, self.kept)
        except ModelNotFoundError as error:
            msg = f"{error}; {asked_by} refers to it"
            raise type(error)(msg) from error


@dataclass(eq=False)
class _Bytes:
    """The bytes of a file, of which the block used last is at hand."""

    file: RemoteFile
    number: int = -1
    block: bytes = b""

    def __len__(self) -> int:
        return self.file.size()

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...
    def __getitem__(self, place: int | slice, /) -> int | bytes:
        if isinstance(place, slice):
            start, stop, _ = place.indices(len(self))
            small = stop - start <= _BLOCK
            return (
                self.file._from_blocks(start, stop) if small else bytes(self.file.read(start, stop))
            )
        number, within = divmod(place, _BLOCK)
        if number != self.number:
            self.number, self.block = number, self.file.block(number)
        return self.block[within]


def _looked(url: Url, reader: Web | Fsspec | Hub, kept: _Kept) -> RemoteFile:
    """Return a file that exists; its first block is fetched to see that it does."""
    if url not in kept.facts:
        try:
            facts, head = reader.look(url, _BLOCK)
        except ModelNotFoundError as error:
            kept.facts[url] = type(error)(str(error))
        else:
            kept.facts[url] = facts
            kept.add(url, 0, head)
    found = kept.facts[url]
    if isinstance(found, ModelNotFoundError):
        raise type(found)(str(found))
    return RemoteFile(url, reader, found, kept)


def _in_folder(url: Url, reader: Web | Fsspec | Hub, kept: _Kept) -> RemoteFile:
    """Return the weights in a folder: the first usual name of which a file exists."""
    folder, forbidden = url.as_folder(), None
    for name in _GUESSES:
        try:
            return _looked(folder.beside(name), reader, kept)
        except Forbidden as error:
            forbidden = error
        except ModelNotFoundError:
            continue
    if forbidden:
        raise forbidden
    msg = f"{url}: none of {', '.join(_GUESSES)} is there"
    raise ModelNotFoundError(msg)


def files_on(hub: Hub, urls: Iterable[Url], /) -> list[RemoteFile]:
    """
    Find files of a model on a hub.

    Parameters
    ----------
    hub : Hub
        Reader of the files of the model.
    urls : iterable of Url
        URLs of the files at a commit.

    Returns
    -------
    list of RemoteFile
        The files, which share the blocks that are kept.

    Raises
    ------
    ModelNotFoundError
        If there is no such file, or the hub does not give it to us.
    ModelError
        If the hub cannot be reached.

    Examples
    --------
    >>> from spectra_io.storage.hub_files import Hub
    >>> files_on(Hub(Web(), {}), [])
    []
    """
    kept = _Kept()
    return [_looked(url, hub, kept) for url in urls]


def file_at(url: str, /, *, redirect_to: Iterable[str] = ()) -> RemoteFile:
    """
    Find the weights at a URL.

    Parameters
    ----------
    url : str
        URL of a file, of an index, or of a folder in which the weights have a usual name.
    redirect_to : iterable of str, default: ()
        Other hosts to which the server may redirect, see
        :func:`spectra_io.storage.redirects.check_hosts`.

    Returns
    -------
    RemoteFile
        The file at the URL, or the weights in the folder.

    Raises
    ------
    ArgumentError
        If the URL is not one, is that of a file on this machine, or no reader of its protocol is
        installed; or if one of `redirect_to` is not the name of a host.
    ModelNotFoundError
        If there is no such file, or the folder has no weights with a usual name.
    ModelFormatError
        If the server does not send parts of files.
    ModelError
        If the server cannot be reached, or does not give the file.

    Notes
    -----
    Files in other folders and of other protocols are never fetched, even if the model refers to
    them. Redirects are followed on the same server, and to the hosts in `redirect_to`.

    Examples
    --------
    >>> import fsspec
    >>> _ = fsspec.filesystem("memory").pipe_file("/models/model.onnx", b"...")
    >>> file_at("memory://models")
    RemoteFile('memory://models/model.onnx')
    """
    there, hosts = Url(url), check_hosts(redirect_to)
    if there.problem:
        msg = f"{there}: {there.problem}"
        raise ArgumentError(msg)
    reader = Web(hosts) if there.scheme in ("http", "https") else Fsspec()
    if isinstance(reader, Fsspec):
        reader.check(there)
    find = _looked if there.name.endswith(_ENDINGS) else _in_folder
    return find(there, reader, _Kept())
