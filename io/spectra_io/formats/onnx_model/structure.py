"""
Read the structure of an ONNX file without the numbers of its tensors.

An ONNX file is one protobuf message that contains the numbers, so the usual parser loads all of
them to list one name. The reader walks the message field by field and replaces large arrays by
notes of their place in the file. The remaining small message is valid and goes to the usual parser.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import onnx
from google.protobuf.message import DecodeError

from spectra_io.formats.contents import not_a_model
from spectra_io.storage.windows import Window, varint

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from spectra_io.storage.files import Bytes, File

__all__ = ["FIELD", "LENGTH", "MAX_NODES", "OFFSET", "read", "text"]

FIELD = "weightspectra.field"
"""Key of the note with the field of the tensor that holds the numbers."""

OFFSET = "weightspectra.offset"
"""Key of the note with the first byte of the numbers in the file."""

LENGTH = "weightspectra.length"
"""Key of the note with the number of bytes."""

MAX_NODES = 1 << 18
"""Most operators of a model; real ones have up to a few ten thousand."""

_MOST = {"node": MAX_NODES, "tensor": 1 << 17}
_OWN = b"weightspectra."  # how the keys begin; a file cannot bring such notes along

_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {
        **dict.fromkeys((11, 12, 13), "declared"),  # inputs, outputs, other values
        1: "node",
        5: "tensor",
        15: "sparse",
    },
    "function": {7: "node", 11: "attribute", 12: "declared"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Fields of each message that hold messages with tensors or types, by number (onnx.proto)."""

_BULK = {4, 9, 10, 5, 7, 11}  # float, raw and double data; int32, int64 and uint64 data, packed
_NOTES, _TYPE = 13, 2  # external data of a tensor; type of a declared value
_IN_TENSOR = _BULK | {_NOTES}
_SMALL = 1024  # bytes; smaller arrays and types stay in the message
_MAX_DEPTH = 100  # protobuf's own limit
_MAX_KEPT = 1 << 27  # bytes besides the numbers; protobuf parses less than twice that
_MAX_FIELDS = 1 << 22  # a graph of 100,000 operators has less
_MESSAGE = 4  # fields that a message counts for, which takes 200 bytes when parsed
_BYTES, _OPEN, _CLOSE = 2, 3, 4  # wire types: bytes, start and end of a group
_FIXED = {4: 0, 1: 8, 5: 4}  # bytes of the wire types of one length
_ONE_BYTE, _TWO_BYTES = 0x7F, 0x3FFF  # the largest numbers of so many bytes


_Field = tuple[int, int, int, int, int]
"""Number and wire type; place of the tag, of the content, and of the byte after it."""


class _Broken(Exception):
    """The bytes are not a protobuf message, or the message is larger than any that is read."""


class _Walker:
    """A walk over the fields of a message, with limits on number of fields and bytes kept."""

    def __init__(self, data: Bytes) -> None:
        self.window = Window(data)
        self.left = _MAX_FIELDS
        self.groups = 0
        self.found = Counter[str]()
        self.kept = 0

    def count(self, fields: int) -> None:
        """Count fields; refuse more than any real model has."""
        self.left -= fields
        if self.left < 0:
            msg = f"its structure has more than {_MAX_FIELDS} fields, the most that are read"
            raise _Broken(msg)

    def check_number(self, message: str) -> None:
        """Count a message; refuse more of its kind than any real model has."""
        most = _MOST.get(message, _MAX_FIELDS)
        self.found[message] += 1
        if self.found[message] > most:
            what = "operators" if message == "node" else "tensors"
            msg = f"more than {most} {what}, the most that are read"
            raise _Broken(msg)

    def fields(self, position: int, stop: int, wanted: Container[int]) -> Iterator[_Field]:
        """Yield the fields of some numbers between two positions, a group as one field."""
        held, begin, safe = b"", 0, -1
        while position < stop:
            if not begin <= position <= safe:
                held, begin, safe = self.window.around(position)
            tag, at = held[position - begin], position - begin + 1
            if tag > _ONE_BYTE:
                tag, at = tag - 128 + (held[at] << 7), at + 1
                if tag > _TWO_BYTES:
                    tag, at = varint(held, at - 2)
            number, kind, value = tag >> 3, tag & 7, begin + at
            if kind == _BYTES:
                length, at = varint(held, at) if held[at] > _ONE_BYTE else (held[at], at + 1)
                value = begin + at
                end = value + length
            elif kind == 0:
                end = value + 1 if held[at] <= _ONE_BYTE else begin + varint(held, at)[1]
            elif kind == _OPEN:
                end = self.after_group(number, value, stop)
            else:
                end = value + _FIXED.get(kind, stop)
            self.left -= 1
            if end > stop or self.left < 0:
                self.count(0)
                raise _Broken
            if number in wanted or kind == _CLOSE:
                yield number, kind, position, value, end
            position = end

    def after_group(self, number: int, position: int, stop: int) -> int:
        """Return the place after a group: no message of ONNX has one, but protobuf allows it."""
        self.groups += 1
        if self.groups > _MAX_DEPTH:
            raise _Broken
        for found, kind, _, _, end in self.fields(position, stop, ()):
            if kind == _CLOSE:
                self.groups -= 1
                if found == number:
                    return end
                break
        raise _Broken

    def keep(self, start: int, stop: int) -> bytes:
        """Return the bytes between two positions, and count them as kept."""
        self.kept += stop - start
        if self.kept > _MAX_KEPT:
            msg = f"more than {_MAX_KEPT >> 20} MB besides the numbers of its tensors"
            raise _Broken(msg)
        return self.window.cut(start, stop)

    def strip(self, position: int, stop: int, message: str, depth: int = 0) -> bytes | None:
        """Return a message with notes in place of large arrays; None if it stays as it is."""
        if depth > _MAX_DEPTH:
            raise _Broken
        self.count(_MESSAGE)
        self.check_number(message)
        if message == "tensor":
            return self.tensor(position, stop)
        if message == "declared":
            return self.declared(position, stop)
        children, out, copied = _CHILDREN[message], bytearray(), position
        for number, kind, start, value, end in self.fields(position, stop, children):
            child = children.get(number) if kind == _BYTES else None
            content = self.strip(value, end, child, depth + 1) if child else None
            if content is not None:
                out += self.keep(copied, start) + _head(number, len(content))
                out += content
                copied = end
        if copied == position:
            return None
        out += self.keep(copied, stop)
        return bytes(out)

    def tensor(self, position: int, stop: int) -> bytes | None:
        """Return a tensor without its array if that is large, and without notes like our own."""
        arrays, last, cuts = 0, (0, 0, 0, 0, 0), []
        for field in self.fields(position, stop, _IN_TENSOR):
            number, kind, _, value, end = field
            if number in _BULK:
                arrays, last = arrays + 1, field
            elif number == _NOTES and kind == _BYTES:
                self.count(_MESSAGE)
                cuts += [field] if self.is_own(value, end) else []
        number, kind, _, value, end = last
        large = arrays == 1 and kind == _BYTES and end - value > _SMALL
        rest = self.without(sorted([*cuts, last]) if large else cuts, position, stop)
        return (rest or b"") + _note(number, value, end) if large else rest

    def is_own(self, start: int, stop: int) -> bool:
        """Return whether an entry of external_data has a key that is ours alone."""
        entry = self.window.cut(start, stop)
        if _OWN not in entry:
            return False
        key = text(onnx.StringStringEntryProto.FromString(entry).key)
        return key.startswith(_OWN.decode())

    def declared(self, position: int, stop: int) -> bytes | None:
        """Return a declared value without its type if that is longer than any real one."""
        types = [f for f in self.fields(position, stop, {_TYPE}) if f[1] == _BYTES]
        lengths = [end - value for _, _, _, value, end in types]
        self.count(sum(lengths) // _MESSAGE)
        long = [field for field, length in zip(types, lengths, strict=True) if length > _SMALL]
        return self.without(long, position, stop)

    def without(self, fields: Iterable[_Field], position: int, stop: int) -> bytes | None:
        """Return a message without some of its fields; None if there are none of them."""
        out, copied = b"", position
        for _, _, start, _, end in fields:
            out += self.keep(copied, start)
            copied = end
        return None if copied == position else out + self.keep(copied, stop)


def _head(number: int, length: int) -> bytes:
    """Return the tag and the length that stand before a field of bytes."""
    head = b""
    for value in (number << 3 | _BYTES, length):
        rest = value
        while rest >= 0x80:
            head += bytes([rest & 0x7F | 0x80])
            rest >>= 7
        head += bytes([rest])
    return head


def _bytes_field(number: int, content: bytes) -> bytes:
    return _head(number, len(content)) + content


def _note(number: int, start: int, stop: int) -> bytes:
    """Return entries of external_data with the number of a field, its first byte and length."""
    where = {FIELD: number, OFFSET: start, LENGTH: stop - start}
    entries = (
        _bytes_field(1, key.encode()) + _bytes_field(2, str(value).encode())
        for key, value in where.items()
    )
    return b"".join(_bytes_field(_NOTES, entry) for entry in entries)


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
            walker = _Walker(data)
            stripped = walker.strip(0, size, "model")
            model.ParseFromString(walker.keep(0, size) if stripped is None else stripped)
        except (_Broken, IndexError, DecodeError) as error:
            known = str(error) if isinstance(error, _Broken) else ""
            reason = known or f"not an ONNX file, or a truncated one ({size} bytes)"
            raise not_a_model(file, reason) from error
    if not model.HasField("graph"):
        raise not_a_model(file, "an ONNX model must have a graph, this file has none")
    return model
