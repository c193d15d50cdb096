"""
The structure of an ONNX file without its weights.

An ONNX file is one protobuf message with the numbers in the middle of it, so that the usual
parser loads all of them to list one name. Here the message is walked field by field; numbers of
any size stay where they are, and the tensor is given a note of where they lie instead. What
remains is a small valid message for the usual parser.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, NamedTuple

import onnx
from google.protobuf.message import DecodeError

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LENGTH", "OFFSET", "read"]

OFFSET = "weightspectra.offset"
"""Key of the note that says where in the file the numbers of a tensor begin."""

LENGTH = "weightspectra.length"
"""Key of the note that says how many bytes they take."""

_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Which fields of which message hold messages that tensors are found in (onnx.proto)."""

_BULK = {4, 9, 10}  # float_data, raw_data, double_data: numbers in little-endian order
_SMALL = 1024  # bytes; fewer are left in place
_MAX_DEPTH = 100  # protobuf's own limit
_BYTES, _FIXED = 2, {1: 8, 5: 4}  # wire types


class _Field(NamedTuple):
    number: int
    start: int  # of the tag
    value: int  # of the content
    stop: int
    is_bytes: bool


class _Broken(Exception):
    """The bytes are no protobuf message."""


def _varint(data: mmap.mmap, position: int, stop: int) -> tuple[int, int]:
    value = shift = 0
    while position < stop and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise _Broken


def _fields(data: mmap.mmap, position: int, stop: int) -> Iterator[_Field]:
    while position < stop:
        start = position
        tag, position = _varint(data, position, stop)
        kind, value = tag & 7, position
        if kind == 0:
            _, position = _varint(data, position, stop)
        elif kind == _BYTES:
            length, value = _varint(data, position, stop)
            position = value + length
        elif kind in _FIXED:
            position += _FIXED[kind]
        else:
            raise _Broken
        if position > stop:
            raise _Broken
        yield _Field(tag >> 3, start, value, position, kind == _BYTES)


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
    """Return two entries of external_data (13) that say where the content of a field lies."""
    where = {OFFSET: field.value, LENGTH: field.stop - field.value}
    entries = (
        _bytes_field(1, key.encode()) + _bytes_field(2, str(value).encode())
        for key, value in where.items()
    )
    return b"".join(_bytes_field(13, entry) for entry in entries)


def _strip(data: mmap.mmap, position: int, stop: int, message: str, depth: int = 0) -> bytes:
    """Return a message with every large run of numbers replaced by a note of its place."""
    if depth > _MAX_DEPTH:
        raise _Broken
    fields = list(_fields(data, position, stop))
    numbers = [f for f in fields if message == "tensor" and f.is_bytes and f.number in _BULK]
    # packed numbers may come in pieces, to be joined: those are left to the parser
    bulk = numbers[0] if len(numbers) == 1 else None
    out = []
    for field in fields:
        child = _CHILDREN[message].get(field.number)
        if child and field.is_bytes:
            content = _strip(data, field.value, field.stop, child, depth + 1)
            out.append(_bytes_field(field.number, content))
        elif field is bulk and field.stop - field.value > _SMALL:
            out.append(_note(field))
        else:
            out.append(data[field.start : field.stop])
    return b"".join(out)


def read(path: Path, /) -> onnx.ModelProto:
    """
    Read an ONNX file but for the numbers of its tensors.

    Parameters
    ----------
    path : Path
        The file, not empty.

    Returns
    -------
    onnx.ModelProto
        The model; a tensor of more than a kilobyte has the entries :data:`OFFSET` and
        :data:`LENGTH` in its ``external_data`` instead of numbers.

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
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> onnx.save(onnx.helper.make_model(graph), path)
    >>> tensor = read(path).graph.initializer[0]
    >>> tensor.name, len(tensor.raw_data), [entry.key for entry in tensor.external_data]
    ('w', 0, ['weightspectra.offset', 'weightspectra.length'])
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            model = onnx.ModelProto()
            model.ParseFromString(_strip(data, 0, len(data), "model"))
        except (_Broken, DecodeError) as error:
            msg = f"{path}: not an ONNX file, or a truncated one ({len(data)} bytes)"
            raise ModelFormatError(msg) from error
    if not model.HasField("graph"):
        msg = f"{path}: an ONNX model must have a graph, this file has none"
        raise ModelFormatError(msg)
    return model
