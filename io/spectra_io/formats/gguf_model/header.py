"""Headers of GGUF files: read the metadata and the entries of the tensors."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from spectra.errors import ModelFormatError
from spectra_io.formats.contents import not_a_model
from spectra_io.formats.gguf_model.cursor import Cursor
from spectra_io.formats.gguf_model.metadata import read_metadata
from spectra_io.storage.byte_ranges import check_shape

if TYPE_CHECKING:
    from spectra_io.storage.files import File

__all__ = ["Entry", "Header", "read_header"]

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MAX_TENSORS = 1 << 16
_MAX_NAME = 1 << 10  # bytes; llama.cpp reads names of up to 63
_MAX_NDIM = 4  # by the format
_SMALLEST = 24  # bytes of an entry: length of a name, number of sides, type, offset
_ALIGNMENT = 32  # bytes, unless the metadata say otherwise
_MAX_ALIGNMENT = 1 << 20


class Entry(NamedTuple):
    """
    The entry of a tensor in the header of a GGUF file.

    Examples
    --------
    >>> Entry("output.weight", (32000, 4096), 14, 0).shape
    (32000, 4096)
    """

    name: str
    """Name of the tensor."""
    shape: tuple[int, ...]
    """Shape as numpy counts it: the side that is contiguous in the file is the last."""
    kind: int
    """Number of the type in ``ggml_type``."""
    offset: int
    """First byte, counted from the start of the numbers."""


class Header(NamedTuple):
    """
    The header of a GGUF file.

    Examples
    --------
    >>> Header({}, [], 32, "<").start
    32
    """

    metadata: dict[str, Any]
    """Short values by key."""
    entries: list[Entry]
    """Entries of all tensors, in the order of the file."""
    start: int
    """First byte of the numbers."""
    order: Literal["<", ">"]
    """Order of the bytes of a number, ``"<"`` or ``">"``."""
    alignment: int = _ALIGNMENT
    """Number of which every offset is a multiple."""


def _cursor(file: File) -> Cursor:
    """Check magic number and version; return a cursor behind them."""
    if bytes(file.read(0, 4)) != _MAGIC:
        raise not_a_model(file, "not a GGUF file: its first bytes are not 'GGUF'")
    cursor = Cursor(file, 4, "<")
    version = cursor.take(4, "the version")
    if version[:2] == b"\0\0":
        cursor.order, version = ">", version[::-1]
    number = int.from_bytes(version, "little")
    if number not in _VERSIONS:
        msg = f"{file}: a GGUF file of version {number}; read are versions 2 and 3"
        raise ModelFormatError(msg)
    return cursor


def _entry(cursor: Cursor, number: int) -> Entry:
    raw = cursor.text(f"the name of tensor {number}", most=_MAX_NAME)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{cursor.file}: the name {raw[:40]!r} of tensor {number} is not UTF-8"
        raise ModelFormatError(msg) from error
    what = f"{cursor.file}: tensor {name!r}"
    ndim = int(cursor.number("I", f"the number of sides of tensor {name!r}"))
    if ndim > _MAX_NDIM:
        msg = f"{what} has {ndim} sides; a GGUF file has at most {_MAX_NDIM}"
        raise ModelFormatError(msg)
    fields = cursor.take(8 * ndim + 12, f"the entry of tensor {name!r}")
    *sides, kind, offset = struct.unpack(f"{cursor.order}{ndim}QIQ", fields)
    shape = tuple(reversed(sides))
    check_shape(what, shape)
    return Entry(name, shape, kind, offset)


def _alignment(file: File, metadata: dict[str, Any]) -> int:
    found = metadata.get("general.alignment", _ALIGNMENT)
    power = type(found) is int and 0 < found <= _MAX_ALIGNMENT and not found & (found - 1)
    if not power:
        msg = f"{file}: general.alignment must be a power of two up to {_MAX_ALIGNMENT}, is {found}"
        raise ModelFormatError(msg)
    return int(found)


def read_header(file: File, /) -> Header:
    """
    Read the header of a GGUF file.

    Parameters
    ----------
    file : File
        A GGUF file.

    Returns
    -------
    Header
        Metadata and entries; the entries are not yet checked against the length of the file.

    Raises
    ------
    ModelFormatError
        If the file is not a GGUF file of version 2 or 3, ends within the header, names a tensor or
        a key twice, or declares more than is ever read.

    Notes
    -----
    The vocabulary is walked over and not kept. Files in big-endian order are recognised by their
    version.

    References
    ----------
    https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.gguf"
    >>> _ = path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 0))
    >>> read_header(LocalFile(path)).entries
    []
    """
    cursor = _cursor(file)
    count = cursor.count("tensors", most=_MAX_TENSORS, size=_SMALLEST)
    metadata = read_metadata(cursor, int(cursor.number("Q", "the number of keys")))
    entries = [_entry(cursor, number + 1) for number in range(count)]
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            msg = f"{file}: tensor {entry.name!r} is in the file twice"
            raise ModelFormatError(msg)
        seen.add(entry.name)
    alignment = _alignment(file, metadata)
    start = -(-cursor.place // alignment) * alignment
    return Header(metadata, entries, start, cursor.order, alignment)
