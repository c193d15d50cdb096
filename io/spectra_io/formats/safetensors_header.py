"""Headers of safetensors files: what they say, once it is known to be true of the file."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import ModelFormatError
from spectra_io.formats.contents import not_a_model
from spectra_io.storage.byte_ranges import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.storage.files import File

__all__ = ["BITS", "Entry", "read_header"]

BITS = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "C64": 64,
    "BOOL": 8,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U64": 64,
    "U32": 32,
    "U16": 16,
    "U8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F8_E8M0": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}
"""Every type of the format, and how many bits a number of it takes."""

_MAX_HEADER = 1 << 24  # bytes; of 150,000 tensors, and the largest public one has a tenth of that
_ENTRY = 12  # bytes at least for each bracket of a header; nested lists would fill the memory
_KEYS = {"dtype", "shape", "data_offsets"}
_METADATA = "__metadata__"


class Entry(NamedTuple):
    """
    One tensor of a file.

    Examples
    --------
    >>> Entry("F32", (2, 3), 0, 24).stop
    24
    """

    dtype: str
    """Type, as the format spells it."""
    shape: tuple[int, ...]
    """Its shape."""
    start: int
    """First byte, counted from the end of the header."""
    stop: int
    """The byte after the last."""


class _Repeated(ValueError):
    """A key stands twice in an object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            msg = f"{key!r} stands in it twice"
            raise _Repeated(msg)
        found[key] = value
    return found


def _no_constant(word: str) -> float:
    msg = f"{word} is no number"
    raise ValueError(msg)


def _counts(value: Any) -> tuple[int, ...] | None:
    """Return a list of sizes or offsets, None if it is none."""
    whole = isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 64 for n in value)
    return tuple(value) if whole else None


def _entry(what: str, found: Any) -> Entry:
    if not isinstance(found, dict) or not set(found) >= _KEYS:
        msg = f"{what}: must have a dtype, a shape and data_offsets, got {found!r:.80}"
        raise ModelFormatError(msg)
    dtype, shape, span = found["dtype"], _counts(found["shape"]), _counts(found["data_offsets"])
    if not isinstance(dtype, str) or dtype not in BITS:
        msg = f"{what} has the type {dtype!r:.40}; known are {', '.join(BITS)}"
        raise ModelFormatError(msg)
    if shape is None or span is None or len(span) != 2:
        msg = f"{what}: shape and data_offsets must be whole numbers, got {found!r:.120}"
        raise ModelFormatError(msg)
    check_shape(what, shape)
    bits = math.prod(shape) * BITS[dtype]
    if bits % 8 or (span[1] - span[0]) * 8 != bits:
        size = f"{'x'.join(map(str, shape)) or 'scalar'} {dtype} take {bits / 8:g} bytes"
        msg = f"{what}: {size}, its data_offsets {span[0]} to {span[1]}"
        raise ModelFormatError(msg)
    return Entry(dtype, shape, *span)


def _check_cover(file: File, entries: Iterable[tuple[str, Entry]], begin: int, size: int) -> None:
    """Refuse tensors that overlap, leave bytes between them, or reach beyond the file."""
    end, last = 0, "the header"
    for name, entry in sorted(entries, key=lambda item: item[1][2:]):
        if entry.start != end:
            how = "overlaps" if entry.start < end else "leaves a gap after"
            msg = (
                f"{file}: tensor {name!r} {how} {last}: it starts at byte {entry.start}, not {end}"
            )
            raise ModelFormatError(msg)
        if begin + entry.stop > size:
            msg = (
                f"{file}: truncated: tensor {name!r} ends at byte {begin + entry.stop}, "
                f"found {size} bytes"
            )
            raise ModelFormatError(msg)
        end, last = entry.stop, f"tensor {name!r}"
    if begin + end != size:
        msg = f"{file}: overlong: {size} bytes, the last tensor ends at byte {begin + end}"
        raise ModelFormatError(msg)


def _is_no_text(name: str) -> bool:
    """Tell whether a name holds half of a pair of UTF-16, which JSON can say and UTF-8 cannot."""
    return any(0xD800 <= ord(letter) < 0xE000 for letter in name)


def _parsed(file: File, text: bytes) -> dict[str, Any]:
    if (text.count(b"[") + text.count(b"{")) * _ENTRY > len(text) + 1024:
        raise not_a_model(file, "not a safetensors file: its header is full of brackets")
    try:
        header = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except _Repeated as error:
        msg = f"{file}: the header is ambiguous: {error}"
        raise ModelFormatError(msg) from error
    except (ValueError, RecursionError) as error:
        raise not_a_model(
            file, f"not a safetensors file: its header is no JSON: {error}"
        ) from error
    if isinstance(header, dict) and (name := next(filter(_is_no_text, header), None)) is not None:
        msg = f"{file}: the name {name!r} in the header is no text"
        raise ModelFormatError(msg)
    if not isinstance(header, dict):
        raise not_a_model(file, "not a safetensors file: its header is no JSON object")
    return header


def _check_metadata(file: File, metadata: Any) -> None:
    if metadata is None:
        return
    strings = isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    if not strings:
        msg = f"{file}: the header's {_METADATA} must map names to strings"
        raise ModelFormatError(msg)


def read_header(file: File, /) -> tuple[int, dict[str, Entry]]:
    """
    Read the header of a safetensors file and check it against the file.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    start : int
        Where the numbers start.
    entries : dict of str to Entry
        Every tensor.

    Raises
    ------
    ModelFormatError
        If it is not in the format: the header is no JSON, a name stands twice, a type is unknown, a
        size is not what type and shape say, or the tensors do not cover the file without gaps.

    Notes
    -----
    As strict as the safetensors library, and about names that stand twice stricter.

    References
    ----------
    https://github.com/huggingface/safetensors#format

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> from safetensors.numpy import save_file
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"w": np.ones((3, 2), dtype=np.float32)}, path)
    >>> read_header(LocalFile(path))[1]
    {'w': Entry(dtype='F32', shape=(3, 2), start=0, stop=24)}
    """
    size = file.size()
    length = int.from_bytes(bytes(file.read(0, 8)), "little")
    if size < 8 or 8 + length > size:
        reason = f"truncated: found {size} bytes, the header alone ends at {8 + length}"
        raise not_a_model(file, reason)
    if length > _MAX_HEADER:
        raise not_a_model(file, f"a header of {length} bytes; at most {_MAX_HEADER} are read")
    header = _parsed(file, bytes(file.read(8, 8 + length)))
    _check_metadata(file, header.pop(_METADATA, None))
    entries = {n: _entry(f"{file}: tensor {n!r}", found) for n, found in header.items()}
    _check_cover(file, entries.items(), 8 + length, size)
    return 8 + length, entries
