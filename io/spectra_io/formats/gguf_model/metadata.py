"""Metadata of GGUF files: read the short values, skip the long ones."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra_io.formats.gguf_model.cursor import Cursor

__all__ = ["read_metadata"]

_MAX_KEYS = 1 << 14
_MAX_KEY = (1 << 16) - 1  # bytes, by the format
_MAX_KEPT = 1 << 10  # bytes of a string, or numbers of an array, that is kept
_MAX_NESTED = 1 << 12  # arrays inside other arrays, in all
_MAX_DEPTH = 4
_NUMBERS = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
"""Letter of `struct` by the type of a value."""
_STRING, _ARRAY = 8, 9
_SMALLEST = 13  # bytes of a key and its value: two lengths, a type, a number


def _array(cursor: Cursor, what: str, depth: int, nested: list[int]) -> Any:
    """Read an array; None for all but short arrays of numbers, which are skipped."""
    kind = int(cursor.number("I", f"the type of {what}"))
    if kind in _NUMBERS:
        size = struct.calcsize(f"<{_NUMBERS[kind]}")
        count = cursor.count(f"numbers of {what}", most=1 << 60, size=size)
        if count > _MAX_KEPT:
            cursor.move(count * size, what)
            return None
        layout = f"{cursor.order}{count}{_NUMBERS[kind]}"
        return list(struct.unpack(layout, cursor.take(count * size, what)))
    if kind == _STRING:
        cursor.skip_texts(cursor.count(f"strings of {what}", most=1 << 60, size=8), what)
        return None
    if kind != _ARRAY:
        msg = f"{cursor.file}: {what} has values of the unknown type {kind}"
        raise ModelFormatError(msg)
    count = cursor.count(f"arrays of {what}", most=_MAX_NESTED - nested[0], size=12)
    nested[0] += count
    if depth == _MAX_DEPTH:
        msg = f"{cursor.file}: {what} has arrays more than {_MAX_DEPTH} deep"
        raise ModelFormatError(msg)
    for _ in range(count):
        _array(cursor, what, depth + 1, nested)
    return None


def _value(cursor: Cursor, what: str, nested: list[int]) -> Any:
    """Read a value; None if it is long and has been skipped."""
    kind = int(cursor.number("I", f"the type of {what}"))
    if kind in _NUMBERS:
        return cursor.number(_NUMBERS[kind], what)
    if kind == _ARRAY:
        return _array(cursor, what, 1, nested)
    if kind != _STRING:
        msg = f"{cursor.file}: {what} has the unknown type {kind}"
        raise ModelFormatError(msg)
    length = cursor.count(f"bytes of {what}", most=1 << 60, size=1)
    if length > _MAX_KEPT:
        cursor.move(length, what)
        return None
    return cursor.take(length, what).decode("utf-8", errors="replace")


def read_metadata(cursor: Cursor, count: int, /) -> dict[str, Any]:
    """
    Read the metadata of a GGUF file.

    Parameters
    ----------
    cursor : Cursor
        Cursor at the first key; it is left behind the last value.
    count : int
        Number of keys.

    Returns
    -------
    dict of str
        Numbers, strings of up to 1 KB and arrays of up to 1,024 numbers by key. Longer values and
        arrays of strings, such as the vocabulary, are skipped.

    Raises
    ------
    ModelFormatError
        If a key occurs twice or is not UTF-8, a type is unknown, arrays are nested too deep, or
        the file ends.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.formats.gguf_model.cursor import Cursor
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "metadata"
    >>> _ = path.write_bytes(struct.pack("<Q1sIH", 1, b"a", 2, 7))
    >>> read_metadata(Cursor(LocalFile(path), 0, "<"), 1)
    {'a': 7}
    """
    if count > _MAX_KEYS or count * _SMALLEST > cursor.left:
        held = f"{count} keys of metadata in the last {cursor.left} bytes"
        msg = f"{cursor.file}: truncated, or not a GGUF file: {held}; at most {_MAX_KEYS} are read"
        raise ModelFormatError(msg)
    found: dict[str, Any] = {}
    nested = [0]
    for number in range(count):
        raw = cursor.text(f"key {number + 1} of the metadata", most=_MAX_KEY)
        try:
            key = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            msg = f"{cursor.file}: key {raw[:40]!r} of the metadata is not UTF-8"
            raise ModelFormatError(msg) from error
        if key in found:
            msg = f"{cursor.file}: key {key[:200]!r} is in the metadata twice"
            raise ModelFormatError(msg)
        found[key] = _value(cursor, f"the value of {key[:200]!r}", nested)
    return {key: value for key, value in found.items() if value is not None}
