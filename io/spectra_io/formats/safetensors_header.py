"""Headers of safetensors files: read the entries and check them against the file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.dtypes import BY_SAFETENSORS
from spectra.errors import ModelFormatError
from spectra_io.formats.contents import not_a_model
from spectra_io.formats.json_texts import Refused, parsed
from spectra_io.storage.byte_ranges import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.storage.files import File

__all__ = ["Entry", "read_header"]

_MAX_HEADER = 1 << 24  # bytes; ten times the largest public header
_MAX_TENSORS = 1 << 17  # of a file; the largest public models have 300,000 in many files
_VALUES = 16  # strings, or other values, in the entry of a tensor; a usual one has 5 and 8
_KEYS = {"dtype", "shape", "data_offsets"}
_METADATA = "__metadata__"


class Entry(NamedTuple):
    """
    The entry of a tensor in a safetensors header.

    Examples
    --------
    >>> Entry("F32", (2, 3), 0, 24).stop
    24
    """

    dtype: str
    """Number type by the name of the format."""
    shape: tuple[int, ...]
    """Shape of the tensor."""
    start: int
    """First byte, counted from the end of the header."""
    stop: int
    """The byte after the last, counted likewise."""


def _counts(value: Any) -> tuple[int, ...] | None:
    """Return a list of sizes or offsets as a tuple; None if the value is not such a list."""
    whole = isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 64 for n in value)
    return tuple(value) if whole else None


def _entry(what: str, found: Any) -> Entry:
    if not isinstance(found, dict) or not set(found) >= _KEYS:
        msg = f"{what}: must have a dtype, a shape and data_offsets, got {found!r:.80}"
        raise ModelFormatError(msg)
    dtype, shape, span = found["dtype"], _counts(found["shape"]), _counts(found["data_offsets"])
    if not isinstance(dtype, str) or dtype not in BY_SAFETENSORS:
        msg = f"{what} has the type {dtype!r:.40}; known are {', '.join(BY_SAFETENSORS)}"
        raise ModelFormatError(msg)
    if shape is None or span is None or len(span) != 2:
        msg = f"{what}: shape and data_offsets must be whole numbers, got {found!r:.120}"
        raise ModelFormatError(msg)
    check_shape(what, shape)
    bits = math.prod(shape) * BY_SAFETENSORS[dtype].bits
    if bits % 8 or (span[1] - span[0]) * 8 != bits:
        size = f"{'x'.join(map(str, shape)) or 'scalar'} {dtype} take {bits / 8:g} bytes"
        msg = f"{what}: {size}, its data_offsets {span[0]} to {span[1]}"
        raise ModelFormatError(msg)
    return Entry(dtype, shape, *span)


def _check_cover(file: File, entries: Iterable[tuple[str, Entry]], begin: int, size: int) -> None:
    """Refuse tensors that overlap, leave gaps, or do not end with the file."""
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


def _has_surrogate(name: str) -> bool:
    """Return whether a name has a surrogate, which JSON can escape and UTF-8 cannot encode."""
    return any(0xD800 <= ord(letter) < 0xE000 for letter in name)


def _read(file: File, text: bytes) -> dict[str, Any]:
    if text.count(b"{") > _MAX_TENSORS + 2:
        msg = f"{file}: a header of more than {_MAX_TENSORS} tensors, the most that are read"
        raise ModelFormatError(msg)
    try:
        header = parsed(text, most=_VALUES * (_MAX_TENSORS + 1))
    except Refused as error:
        msg = f"{file}: the header is refused: {error}"
        raise ModelFormatError(msg) from error
    except (ValueError, RecursionError) as error:
        reason = f"not a safetensors file: its header is not JSON: {error}"
        raise not_a_model(file, reason) from error
    if not isinstance(header, dict):
        raise not_a_model(file, "not a safetensors file: its header is not a JSON object")
    if (name := next(filter(_has_surrogate, header), None)) is not None:
        msg = f"{file}: the name {name!r} in the header is not valid Unicode"
        raise ModelFormatError(msg)
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
        A safetensors file.

    Returns
    -------
    start : int
        First byte after the header.
    entries : dict of str to Entry
        Entries of all tensors by name.

    Raises
    ------
    ModelFormatError
        If the header is not JSON, a name occurs twice, a type is unknown, a size does not agree
        with type and shape, or the tensors do not cover the file without gaps.

    Notes
    -----
    As strict as the safetensors library; stricter in that it refuses names that occur twice.

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
    header = _read(file, bytes(file.read(8, 8 + length)))
    _check_metadata(file, header.pop(_METADATA, None))
    entries = {n: _entry(f"{file}: tensor {n!r}", found) for n, found in header.items()}
    _check_cover(file, entries.items(), 8 + length, size)
    return 8 + length, entries
