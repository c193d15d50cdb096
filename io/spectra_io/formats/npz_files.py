"""npz files: NumPy arrays in a zip archive, and npy files: one by itself."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra.models.roles import from_name
from spectra.models.tensors import Tensor
from spectra_io.formats.contents import not_a_model
from spectra_io.storage.byte_ranges import ByteRange, check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra_io.storage.files import File

__all__ = ["open_archive", "open_array"]

_MAX_HEADER = 10_000  # characters, as numpy itself has it
_MAX_MEMBERS = 1 << 20
_MAX_RATIO = 1032  # of deflate, by its format
_BROKEN = (  # what numpy raises of a broken header
    *(ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError),
    *(OverflowError, tokenize.TokenError),
)
_STEP = 1 << 20  # bytes read and decompressed at a time
_LOCAL_HEADER = 30  # bytes, before the name


class _Reader(io.RawIOBase):
    """A file as zipfile wants it, read at the places it asks for."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self._file, self._place, self._size = file, 0, file.size()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            msg = "before the start of the file"
            raise OSError(msg)
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        found = self._file.read(self._place, self._place + len(buffer))
        buffer[: len(found)] = found.tobytes()
        self._place += len(found)
        return len(found)


@dataclass(frozen=True, slots=True)
class _Deflated:
    """Bytes of an archive, decompressed when called."""

    file: File
    offset: int
    length: int
    size: int
    skip: int

    def __call__(self) -> AnyArray:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        out = bytearray()
        try:
            for start in range(0, self.length, _STEP):
                stop = self.offset + min(start + _STEP, self.length)
                rest = bytes(self.file.read(self.offset + start, stop))
                while rest and len(out) <= self.size:
                    out += inflate.decompress(rest, min(_STEP, self.size + 1 - len(out)))
                    rest = inflate.unconsumed_tail
        except zlib.error as error:
            msg = f"{self.file}: compressed numbers at byte {self.offset} are damaged: {error}"
            raise ModelFormatError(msg) from error
        if len(out) != self.size:
            more = "more than " if len(out) > self.size else ""
            msg = f"{self.file}: {self.size} bytes expected of an array, found {more}{len(out)}"
            raise ModelFormatError(msg)
        return np.frombuffer(out, np.uint8)[self.skip :]


def _array(raw: AnyArray, *, dtype: str, shape: tuple[int, ...], fortran: bool) -> AnyArray:
    return raw.view(dtype).reshape(shape, order="F" if fortran else "C")


def _tensor(what: str, name: str, head: bytes, size: int, source: Any) -> Tensor:
    """Return the handle of an array, given the first bytes of its file and what reads the rest."""
    stream = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
            (3, 0): np.lib.format.read_array_header_2_0,  # the same but for letters in names
        }[version]
        shape, fortran, dtype = read(stream, max_header_size=_MAX_HEADER)
    except _BROKEN as error:
        msg = f"{what} is no array of NumPy: {error!s:.100}"
        raise ModelFormatError(msg) from error
    check_shape(what, shape)
    start = stream.tell()
    needed = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or dtype.fields or dtype.subdtype:
        refused = f"{what} holds {dtype.name}, which is never opened"
        return Tensor(name, shape, "object", from_name(name, shape), derived(_refuse, what=refused))
    if start + needed != size:
        msg = f"{what} is {dtype.name} {shape}, {needed} bytes; found {size - start}"
        raise ModelFormatError(msg)
    layout = {"dtype": dtype.str, "shape": shape, "fortran": bool(fortran)}
    numbers = derived(_array, source(start, size), **layout)
    return Tensor(name, shape, dtype.name, from_name(name, shape), numbers)


def _refuse(*, what: str) -> AnyArray:
    raise ModelFormatError(what)


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(_MAX_HEADER + 16)


def _data_offset(file: File, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member begin, after its own header."""
    header = bytes(file.read(member.header_offset, member.header_offset + _LOCAL_HEADER))
    name, extra = (int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
    return member.header_offset + _LOCAL_HEADER + name + extra


def _member(file: File, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Tensor:
    name = member.filename.removesuffix(".npy")
    what = f"{file}: array {name!r}"
    size, length, offset = member.file_size, member.compress_size, _data_offset(file, member)
    stored = member.compress_type == zipfile.ZIP_STORED
    if member.flag_bits & 1 or not (stored or member.compress_type == zipfile.ZIP_DEFLATED):
        msg = f"{what} is encrypted, or compressed in a way that NumPy does not"
        raise ModelFormatError(msg)
    if offset + length > file.size() or (stored and length != size) or size > length * _MAX_RATIO:
        msg = f"{what} of {size} bytes cannot come from {length} at byte {offset}"
        raise ModelFormatError(msg)

    def source(skip: int, stop: int) -> Source:
        if stored:
            return ByteRange(file, offset + skip, "uint8", (stop - skip,))
        return _Deflated(file, offset, length, stop, skip)

    return _tensor(what, name, _head(archive, member), size, source)


def _members(file: File, archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        msg = f"{file}: {len(members)} arrays; at most {_MAX_MEMBERS} are read"
        raise ModelFormatError(msg)
    arrays = [member for member in members if member.filename.endswith(".npy")]
    if members and not arrays:
        raise not_a_model(file, "a zip archive without arrays")
    seen: set[str] = set()
    for member in arrays:
        if member.filename in seen:
            msg = f"{file}: array {member.filename!r} is in it twice"
            raise ModelFormatError(msg)
        seen.add(member.filename)
        yield member


def open_archive(file: File, /) -> dict[str, Tensor]:
    """
    Open an npz file, reading the headers of its arrays only.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        Its arrays in their order; those that are compressed are decompressed when read.

    Raises
    ------
    ModelFormatError
        If it is no archive of arrays, or one of them is not of the size it says.

    Notes
    -----
    Pickled objects are listed and never opened.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, w=np.ones((3, 2)))
    >>> open_archive(LocalFile(path))["w"].shape
    (3, 2)
    """
    try:
        with zipfile.ZipFile(io.BufferedReader(_Reader(file))) as archive:
            found = [_member(file, archive, member) for member in _members(file, archive)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise not_a_model(file, f"a damaged zip archive: {error}") from error
    except ModelFormatError:
        raise
    except (OSError, ValueError, RuntimeError, OverflowError, IndexError) as error:
        raise not_a_model(file, f"a damaged zip archive: {error}") from error
    return {tensor.name: tensor for tensor in found}


def open_array(file: File, /) -> dict[str, Tensor]:
    """
    Open an npy file, reading its header only.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The one array, named as the file.

    Raises
    ------
    ModelFormatError
        If it is no array of NumPy.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "w.npy"
    >>> np.save(path, np.ones((3, 2)))
    >>> open_array(LocalFile(path))["w"].read().sum()
    np.float64(6.0)
    """
    name, head = file.name.removesuffix(".npy"), bytes(file.read(0, _MAX_HEADER + 16))

    def source(skip: int, stop: int) -> Source:
        return ByteRange(file, skip, "uint8", (stop - skip,))

    return {name: _tensor(f"{file}: array {name!r}", name, head, file.size(), source)}
