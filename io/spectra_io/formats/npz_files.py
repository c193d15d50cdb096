"""npz files (NumPy arrays in a zip archive) and npy files (one array)."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelError, ModelFormatError
from spectra.models.lazy import derived
from spectra.models.tensors import Tensor
from spectra_io.formats.contents import not_a_model
from spectra_io.formats.missing import absent, missing
from spectra_io.storage.byte_ranges import ByteRange, check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra_io.storage.files import File

__all__ = ["open_archive", "open_array"]

_MAX_HEADER = 10_000  # characters, the default limit of numpy
_HEAD = _MAX_HEADER + 16  # bytes that hold the longest header and what stands before it
_MAX_MEMBERS = 1 << 20
_MAX_RATIO = 1032  # of decompressed to compressed bytes in the deflate format
_SHOWN = 100  # characters of an error of numpy in a message
_BROKEN = (  # errors that numpy raises for a broken header
    *(ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError),
    *(OverflowError, tokenize.TokenError),
)
_STEP = 1 << 20  # bytes read and decompressed at a time
_LOCAL_HEADER = 30  # bytes before the name of a member


class _Reader(io.RawIOBase):
    """A file as a raw stream for `zipfile`, which reads only the bytes it needs."""

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
    """Compressed bytes of an archive, decompressed when called."""

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
    """Return the tensor of an array, given the first bytes of its file and a way to read more."""
    stream = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
            (3, 0): np.lib.format.read_array_header_2_0,  # only names differ from 2.0
        }[version]
        shape, fortran, dtype = read(stream, max_header_size=_MAX_HEADER)
    except _BROKEN as error:
        msg = f"{what} is not an array of NumPy: {str(error)[:_SHOWN]}"
        raise ModelFormatError(msg) from error
    check_shape(what, shape)
    start = stream.tell()
    needed = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or dtype.fields or dtype.subdtype:
        refused = f"{what} holds {dtype.name}, which is never opened"
        return Tensor(name, shape, "object", "unknown", derived(_refuse, what=refused))
    if start + needed != size:
        msg = f"{what} is {dtype.name} {shape}, {needed} bytes; found {size - start}"
        raise ModelFormatError(msg)
    layout = {"dtype": dtype.str, "shape": shape, "fortran": bool(fortran)}
    numbers = derived(_array, source(start, size), **layout)
    return Tensor(name, shape, dtype.name, "unknown", numbers)


def _refuse(*, what: str) -> AnyArray:
    raise ModelFormatError(what)


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(_HEAD)


def _data_offset(file: File, member: zipfile.ZipInfo) -> int:
    """Return the place of the first byte of a member, after its local header."""
    header = bytes(file.read(member.header_offset, member.header_offset + _LOCAL_HEADER))
    name, extra = (int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
    return member.header_offset + _LOCAL_HEADER + name + extra


def _member(file: File, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Tensor:
    name = member.filename.removesuffix(".npy")
    what = f"{file}: array {name!r}"
    size, length, offset = member.file_size, member.compress_size, _data_offset(file, member)
    stored = member.compress_type == zipfile.ZIP_STORED
    if member.flag_bits & 1 or not (stored or member.compress_type == zipfile.ZIP_DEFLATED):
        msg = f"{what} is encrypted, or compressed in a way that NumPy does not use"
        raise ModelFormatError(msg)
    if offset + length > file.size() or (stored and length != size) or size > length * _MAX_RATIO:
        msg = f"{what} of {size} bytes cannot come from {length} at byte {offset}"
        raise ModelFormatError(msg)

    def source(skip: int, stop: int) -> Source:
        if stored:
            return ByteRange(file, offset + skip, "uint8", (stop - skip,))
        return _Deflated(file, offset, length, stop, skip)

    return _tensor(what, name, _head(archive, member), size, source)


_DAMAGED = (  # errors that zipfile raises for a broken archive or member
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(OSError, ValueError, RuntimeError, OverflowError, IndexError),
)


def _found(file: File, archive: zipfile.ZipFile) -> Iterator[tuple[Tensor, Exception | None]]:
    """Yield the tensor of every array; of one that cannot be read a missing one, and the error."""
    for member, count in _members(file, archive).items():
        name = member.filename.removesuffix(".npy")
        error: Exception
        try:
            if count > 1:
                msg = f"{file}: array {name!r} is in it {count} times"
                raise ModelFormatError(msg)
            yield _member(file, archive, member), None
            continue
        except ModelFormatError as found:
            error = found
        except ModelError:  # of a server: another attempt may succeed
            raise
        except _DAMAGED as found:
            error = ModelFormatError(f"{file}: array {name!r} is damaged: {found}")
        reason = str(error).replace(str(file), file.name)
        yield missing(name, absent(reason, error)), error


def _members(file: File, archive: zipfile.ZipFile) -> dict[zipfile.ZipInfo, int]:
    """Return one member for every name of an array, and how many of that name there are."""
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        msg = f"{file}: {len(members)} arrays; at most {_MAX_MEMBERS} are read"
        raise ModelFormatError(msg)
    arrays = [member for member in members if member.filename.endswith(".npy")]
    if members and not arrays:
        raise not_a_model(file, "a zip archive without arrays")
    counts = Counter(member.filename for member in arrays)
    first = {member.filename: member for member in reversed(arrays)}
    return {first[name]: count for name, count in counts.items()}


def open_archive(file: File, /) -> dict[str, Tensor]:
    """
    Open an npz file; only the headers of its arrays are read.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The arrays in the order of the file, with the role "unknown". Compressed arrays are
        decompressed when they are read. An array is missing if it is damaged or encrypted, its
        size does not fit its header, or its name occurs twice.

    Raises
    ------
    ModelFormatError
        If the file is not an archive of arrays, or no array of it can be read.

    Notes
    -----
    Arrays of pickled objects are listed, with the type "object", and never unpickled.

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
            found = list(_found(file, archive))
    except ModelError:
        raise
    except _DAMAGED as error:
        raise not_a_model(file, f"a damaged zip archive: {error}") from error
    errors = [error for _, error in found if error]
    if errors and len(errors) == len(found):
        raise errors[0]
    return {tensor.name: tensor for tensor, _ in found}


def open_array(file: File, /) -> dict[str, Tensor]:
    """
    Open an npy file; only its header is read.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The array, with the name of the file without its ending and the role "unknown".

    Raises
    ------
    ModelFormatError
        If the file is not an array of NumPy.

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
    name, head = file.name.removesuffix(".npy"), bytes(file.read(0, _HEAD))

    def source(skip: int, stop: int) -> Source:
        return ByteRange(file, skip, "uint8", (stop - skip,))

    return {name: _tensor(f"{file}: array {name!r}", name, head, file.size(), source)}
