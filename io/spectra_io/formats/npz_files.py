"""npz files (NumPy arrays in a zip archive) and npy files (one array)."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelError, ModelFormatError
from spectra.models.lazy import derived
from spectra.models.tensors import Tensor
from spectra_io.formats.contents import not_a_model
from spectra_io.formats.missing import absent, missing
from spectra_io.formats.zip_members import DAMAGED, Deflated, Member, Stored, Stream
from spectra_io.storage.byte_ranges import ByteRange, check_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra_io.storage.files import File

__all__ = ["open_archive", "open_array"]

_MAX_HEADER = 10_000  # characters, the default limit of numpy
_HEAD = _MAX_HEADER + 16  # bytes that hold the longest header and what stands before it
_MAX_MEMBERS = 1 << 16
_MAX_RATIO = 1032  # of decompressed to compressed bytes in the deflate format
_SHOWN = 100  # characters of an error of numpy in a message
_BROKEN = (  # errors that numpy raises for a broken header
    *(ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError),
    *(OverflowError, tokenize.TokenError),
)
_LOCAL_HEADER = 30  # bytes before the name of a member
_SIGNATURE = b"PK\x03\x04"  # of the first local header
_NAMED = "biufc"  # kinds of numbers, whose types have a name

_Placed = Callable[[int, "np.dtype[Any]", tuple[int, ...]], "Source"]
"""Function of the place, type and shape of numbers in a file of numpy that returns their source."""


def _tensor(what: str, name: str, head: bytes, size: int, source: _Placed) -> Tensor:
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
        shape = tuple(map(int, shape))  # numpy reads True as 1
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
    kept = source(start, dtype, shape[::-1] if fortran else shape)
    numbers = derived(np.transpose, kept) if fortran else kept
    return Tensor(name, shape, dtype.name, "unknown", numbers)


def _range(file: File, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> ByteRange:
    name = dtype.name if dtype.kind in _NAMED else dtype.str
    return ByteRange(file, offset, name, shape, ">" if dtype.str.startswith(">") else "<")


def _refuse(*, what: str) -> AnyArray:
    raise ModelFormatError(what)


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        return stream.read(_HEAD)


def _located(file: File, info: zipfile.ZipInfo) -> Member:
    """Return a member with the place of its first byte, after its local header."""
    start = info.header_offset
    header = bytes(file.read(max(start, 0), start + _LOCAL_HEADER))
    if len(header) != _LOCAL_HEADER:
        msg = f"its header, at byte {start}, is not in the file"
        raise zipfile.BadZipFile(msg)
    name, extra = (int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
    offset = start + _LOCAL_HEADER + name + extra
    sizes = info.compress_size, info.file_size
    return Member(file, info.filename, offset, *sizes, info.CRC, info.compress_type)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: File) -> Tensor:
    name = info.filename.removesuffix(".npy")
    what = f"{file}: array {name!r}"
    member = _located(file, info)
    size, length, offset = member.size, member.length, member.offset
    stored = member.method == zipfile.ZIP_STORED
    if info.flag_bits & 1 or not (stored or member.method == zipfile.ZIP_DEFLATED):
        msg = f"{what} is encrypted, or compressed in a way that NumPy does not use"
        raise ModelFormatError(msg)
    if offset + length > file.size() or (stored and length != size) or size > length * _MAX_RATIO:
        msg = f"{what} of {size} bytes cannot come from {length} at byte {offset}"
        raise ModelFormatError(msg)

    def source(skip: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Source:
        if stored:
            return Stored(member, _range(file, offset + skip, dtype, shape))
        return Deflated(member, skip, dtype.str, shape)

    return _tensor(what, name, _head(archive, info), size, source)


def _found(file: File, archive: zipfile.ZipFile) -> Iterator[tuple[Tensor, Exception | None]]:
    """Yield the tensor of every array; of one that cannot be read a missing one, and the error."""
    overlapping = _overlapping(archive.infolist())
    for info, count in _members(file, archive).items():
        name = info.filename.removesuffix(".npy")
        error: Exception
        try:
            if count > 1:
                msg = f"{file}: array {name!r} is in it {count} times"
                raise ModelFormatError(msg)
            if info in overlapping:
                msg = f"{file}: array {name!r} shares bytes with another member"
                raise ModelFormatError(msg)
            yield _member(archive, info, file), None
            continue
        except ModelFormatError as found:
            error = found
        except ModelError:  # of a server: another attempt may succeed
            raise
        except DAMAGED as found:
            error = ModelFormatError(f"{file}: array {name!r} is damaged: {found}")
        reason = str(error).replace(str(file), file.name)
        yield missing(name, absent(reason, error)), error


def _overlapping(infos: Iterable[zipfile.ZipInfo]) -> set[zipfile.ZipInfo]:
    """Return members that reach into the next one, or begin where it does."""
    in_order = sorted(infos, key=lambda info: info.header_offset)
    return {
        one
        for info, after in pairwise(in_order)
        if info.header_offset + _LOCAL_HEADER + info.compress_size > after.header_offset
        for one in ((info, after) if info.header_offset == after.header_offset else (info,))
    }


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
        with zipfile.ZipFile(io.BufferedReader(Stream(file))) as archive:
            found = list(_found(file, archive))
    except ModelError:
        raise
    except DAMAGED as error:
        if bytes(file.read(0, len(_SIGNATURE))) != _SIGNATURE:
            raise not_a_model(file, f"not an archive of arrays: {error}") from error
        why = "its directory, at the end, is not there" if "not a zip" in str(error) else error
        msg = f"{file}: a damaged or truncated zip archive: {why}"
        raise ModelFormatError(msg) from error
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

    return {
        name: _tensor(f"{file}: array {name!r}", name, head, file.size(), partial(_range, file))
    }
