"""Envelopes: a header and arrays as one string of bytes with a checksum, and back."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra._typing import AnyArray

__all__ = ["BrokenPartError", "pack", "packed_value", "unpack", "unpacked_value"]

_MAGIC = b"weightspectra stored 1\n"
_DIGEST = hashlib.sha256().digest_size
_LENGTH = 8  # bytes of the length of the header
_DTYPES = ("<f8", "<f4", "<f2", *(f"{kind}{size}" for kind in ("<i", "<u") for size in (8, 4, 2)))
_BYTES = ("|i1", "|u1", "|b1")


class BrokenPartError(ValueError):
    """A string of bytes is not an envelope, or not a whole one."""


def pack(header: Mapping[str, Any], arrays: Sequence[AnyArray] = (), /) -> bytes:
    """
    Return a header and arrays as bytes, the same for the same values on every machine.

    The bytes are a line that names the format, the SHA-256 digest of all that follows, the length
    of the header, the header in JSON with the types and shapes of the arrays, and their numbers.
    """
    kept = [np.asarray(a, a.dtype.newbyteorder("<"), order="C") for a in arrays]
    listed = [[array.dtype.str, list(array.shape)] for array in kept]
    text = json.dumps({**header, "arrays": listed}, separators=(",", ":"))
    head = text.encode("ascii")
    body = b"".join([len(head).to_bytes(_LENGTH, "little"), head, *(a.tobytes() for a in kept)])
    return _MAGIC + hashlib.sha256(body).digest() + body


def _body(data: bytes) -> memoryview:
    """Return all that follows the checksum, once it is found to be right."""
    view = memoryview(data).cast("B")
    start = len(_MAGIC) + _DIGEST
    if view[: len(_MAGIC)] != _MAGIC:
        msg = "not written by this version of the program"
        raise BrokenPartError(msg)
    if hashlib.sha256(view[start:]).digest() != view[len(_MAGIC) : start]:
        msg = "cut short or changed: its checksum is wrong"
        raise BrokenPartError(msg)
    return view[start:]


def _array(listed: Any, body: memoryview) -> tuple[AnyArray, memoryview]:
    """Return the next array, a read-only view, and what follows it."""
    name, shape = listed
    if name not in (*_DTYPES, *_BYTES) or not all(type(side) is int for side in shape):
        msg = f"an array of {name!r} is not part of the format"
        raise BrokenPartError(msg)
    dtype = np.dtype(name)
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size > len(body):
        msg = f"an array of shape {shape} is longer than the bytes"
        raise BrokenPartError(msg)
    return np.frombuffer(body[:size], dtype).reshape(shape), body[size:]


def unpack(data: bytes, /) -> tuple[dict[str, Any], list[AnyArray]]:
    """
    Return the header and the arrays of an envelope, or raise :class:`BrokenPartError`.

    Nothing is allocated by what the header claims: the arrays are views of the bytes.
    """
    try:
        body = _body(data)
        length = int.from_bytes(body[:_LENGTH], "little")
        header = json.loads(bytes(body[_LENGTH:][:length]))
        arrays, rest = [], body[_LENGTH:][length:]
        for listed in header.pop("arrays"):
            array, rest = _array(listed, rest)
            arrays.append(array)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BrokenPartError(*error.args) from error
    return header, arrays


def packed_value(value: Any, arrays: list[AnyArray], /) -> Any:
    """Return a value of a measure as JSON has it; append it to the arrays if it is one."""
    if value is None or isinstance(value, str):
        return value if value is None else str(value)
    array = np.asarray(value)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)  # the type of the variables
    if array.ndim:
        arrays.append(array)
        return {"array": len(arrays) - 1}
    return array.item()


def unpacked_value(value: Any, arrays: Sequence[AnyArray], /) -> Any:
    """Return the value that :func:`packed_value` was given; codes as plain whole numbers."""
    if isinstance(value, dict):
        return arrays[value["array"]]
    if not isinstance(value, str | int | float | None):
        msg = f"a value cannot be a {type(value).__name__}"
        raise BrokenPartError(msg)
    return value
