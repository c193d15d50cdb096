"""
Read the structure of an ONNX file without the numbers of its tensors.

An ONNX file is one protobuf message that contains the numbers, so the usual parser loads all of
them to list one name. The reader walks the message field by field and replaces large arrays by
notes of their place in the file. The remaining small message is valid and goes to the usual parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import onnx
from google.protobuf.message import DecodeError

from spectra_io.formats.contents import not_a_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra_io.storage.files import Bytes, File

__all__ = ["FIELD", "LENGTH", "OFFSET", "read", "text"]

FIELD = "weightspectra.field"
"""Key of the note with the field of the tensor that holds the numbers."""

OFFSET = "weightspectra.offset"
"""Key of the note with the first byte of the numbers in the file."""

LENGTH = "weightspectra.length"
"""Key of the note with the number of bytes."""

_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Fields of each message that hold messages with tensors, by number (onnx.proto)."""

_BULK = {4, 9, 10, 5, 7, 11}  # float, raw and double data; int32, int64 and uint64 data, packed
_SMALL = 1024  # bytes; smaller arrays stay in the message
_MAX_DEPTH = 100  # protobuf's own limit
_MAX_KEPT = 1 << 27  # bytes besides the numbers; protobuf parses less than twice that
_MAX_FIELDS = 1 << 22  # a graph of 100,000 operators has two million
_BYTES, _FIXED = 2, {1: 8, 5: 4}  # wire types


class _Field(NamedTuple):
    number: int
    start: int  # of the tag
    value: int  # of the content
    stop: int
    is_bytes: bool


class _Broken(Exception):
    """The bytes are not a protobuf message."""


class _Walker:
    """A walk over the fields of a message, with limits on number of fields and bytes kept."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.left = _MAX_FIELDS
        self.kept = 0

    def varint(self, position: int, stop: int) -> tuple[int, int]:
        """Return the varint at a position, and the position after it."""
        value = shift = 0
        while position < stop and shift < 70:
            byte = self.data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
            shift += 7
        raise _Broken

    def fields(self, position: int, stop: int) -> Iterator[_Field]:
        """Yield the fields between two positions."""
        while position < stop:
            start = position
            tag, value = self.varint(position, stop)
            kind = tag & 7
            if kind == 0:
                _, position = self.varint(value, stop)
            elif kind == _BYTES:
                length, value = self.varint(value, stop)
                position = value + length
            else:
                position = value + _FIXED.get(kind, stop)
            self.left -= 1
            if position > stop or self.left < 0:
                raise _Broken
            yield _Field(tag >> 3, start, value, position, kind == _BYTES)

    def keep(self, start: int, stop: int) -> bytes:
        """Return the bytes between two positions, and count them as kept."""
        self.kept += stop - start
        if self.kept > _MAX_KEPT:
            msg = f"more than {_MAX_KEPT >> 20} MB besides the numbers of its tensors"
            raise _Broken(msg)
        return self.data[start:stop]

    def bulk(self, position: int, stop: int) -> _Field | None:
        """Return the field that holds all numbers of a tensor, if there is one and it is large."""
        found = [f for f in self.fields(position, stop) if f.is_bytes and f.number in _BULK]
        large = len(found) == 1 and found[0].stop - found[0].value > _SMALL
        return found[0] if large else None

    def strip(self, position: int, stop: int, message: str, depth: int = 0) -> bytes:
        """Return a message with every large array replaced by a note of its place."""
        if depth > _MAX_DEPTH:
            raise _Broken
        bulk = self.bulk(position, stop) if message == "tensor" else None
        out, copied = bytearray(), position
        for field in self.fields(position, stop):
            child = _CHILDREN[message].get(field.number) if field.is_bytes else None
            if child or field == bulk:
                out += self.keep(copied, field.start)
                copied = field.stop
            if child:
                content = self.strip(field.value, field.stop, child, depth + 1)
                out += _bytes_field(field.number, content)
            elif field == bulk:
                out += _note(field)
        out += self.keep(copied, stop)
        return bytes(out)


def _bytes_field(number: int, content: bytes) -> bytes:
    head = b""
    for value in (number << 3 | _BYTES, len(content)):
        rest = value
        while rest >= 0x80:
            head += bytes([rest & 0x7F | 0x80])
            rest >>= 7
        head += bytes([rest])
    return head + content


def _note(field: _Field) -> bytes:
    """Return entries of external_data (field 13) with number, offset and length of a field."""
    where = {FIELD: field.number, OFFSET: field.value, LENGTH: field.stop - field.value}
    entries = (
        _bytes_field(1, key.encode()) + _bytes_field(2, str(value).encode())
        for key, value in where.items()
    )
    return b"".join(_bytes_field(13, entry) for entry in entries)


def text(value: str | bytes, /) -> str:
    r"""
    Decode a string of a message, which protobuf leaves as bytes if it is not UTF-8.

    Parameters
    ----------
    value : str or bytes
        String field from protobuf.

    Returns
    -------
    str
        The string, with invalid bytes escaped.

    Examples
    --------
    >>> text(b"\xff")
    '\\xff'
    """
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def read(file: File, /) -> onnx.ModelProto:
    """
    Read an ONNX file without the numbers of its tensors.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    onnx.ModelProto
        The model; a tensor of more than a kilobyte has the entries :data:`FIELD`, :data:`OFFSET`
        and :data:`LENGTH` in ``external_data`` instead of numbers.

    Raises
    ------
    ModelFormatError
        If the file is not an ONNX model.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> weight = onnx.numpy_helper.from_array(np.ones((64, 64)), "w")
    >>> graph = onnx.helper.make_graph([], "g", [], [], [weight])
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> onnx.save(onnx.helper.make_model(graph), path)
    >>> tensor = read(LocalFile(path)).graph.initializer[0]
    >>> tensor.name, len(tensor.raw_data), tensor.external_data[2].value
    ('w', 0, '32768')
    """
    size = file.size()
    if not size:
        raise not_a_model(file, "empty")
    model = onnx.ModelProto()
    with file.opened() as data:
        try:
            model.ParseFromString(_Walker(data).strip(0, size, "model"))
        except (_Broken, DecodeError) as error:
            known = str(error) if isinstance(error, _Broken) else ""
            reason = known or f"not an ONNX file, or a truncated one ({size} bytes)"
            raise not_a_model(file, reason) from error
    if not model.HasField("graph"):
        raise not_a_model(file, "an ONNX model must have a graph, this file has none")
    return model
