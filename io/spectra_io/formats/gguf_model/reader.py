"""GGUF files: open one file, or all parts of a split model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import ml_dtypes
import numpy as np

from spectra.dtypes import BlockType, DType
from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra.models.tensors import Tensor
from spectra_io.formats.gguf_model.blocks import Blocks, Unreadable, stored_type
from spectra_io.formats.gguf_model.configs import config_of
from spectra_io.formats.gguf_model.header import read_header
from spectra_io.formats.gguf_model.parts import check_part, parts_of
from spectra_io.storage.byte_ranges import ByteRange, check_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra_io.formats.gguf_model.header import Entry, Header
    from spectra_io.storage.files import File

__all__ = ["open_file", "open_parts"]

_RESHAPED = "comfy.gguf.orig_shape."  # a shape of more sides, or of rows that are not whole blocks


def _shape(file: File, entry: Entry, metadata: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of a tensor before its converter flattened it for the sake of blocks."""
    given = metadata.get(_RESHAPED + entry.name)
    if given is None:
        return entry.shape
    what = f"{file}: tensor {entry.name!r}"
    if not isinstance(given, list) or not all(type(side) is int for side in given):
        msg = f"{what}: {_RESHAPED}... must be a list of whole numbers, is {given!r:.80}"
        raise ModelFormatError(msg)
    check_shape(what, tuple(given))
    if math.prod(given) != math.prod(entry.shape):
        msg = (
            f"{what} is {entry.shape}, before it was flattened {tuple(given)}: not as many numbers"
        )
        raise ModelFormatError(msg)
    return tuple(given)


def _as_bfloat16(bits: AnyArray) -> AnyArray:
    return bits.astype(np.uint16).view(ml_dtypes.bfloat16)


def _plain(
    file: File, offset: int, dtype: DType, shape: tuple[int, ...], order: Literal["<", ">"]
) -> Source:
    """Return numbers that are stored as they are."""
    if order == ">" and dtype.name == "bfloat16":
        return derived(_as_bfloat16, ByteRange(file, offset, "uint16", shape, order))
    return ByteRange(file, offset, dtype.name, shape, order)


def _length(file: File, entry: Entry, kind: DType | BlockType) -> int:
    """Return the number of bytes that a tensor takes."""
    count = math.prod(entry.shape)
    if isinstance(kind, DType):
        return count * kind.bits // 8
    columns = entry.shape[-1] if entry.shape else 1
    if columns % kind.elements:
        msg = (
            f"{file}: tensor {entry.name!r} has rows of {columns} numbers, which blocks of "
            f"{kind.elements} ({kind.name}) do not fill"
        )
        raise ModelFormatError(msg)
    return count // kind.elements * kind.num_bytes


def _tensor(
    file: File, header: Header, entry: Entry, kind: DType | BlockType | None
) -> tuple[Tensor, int]:
    """Return a tensor and its number of bytes, 0 for one of unknown type."""
    shape = _shape(file, entry, header.metadata)
    if kind is None:
        why = f"ggml type {entry.kind} is not known; a newer version of gguf may know it"
        return Tensor(entry.name, shape, f"ggml_{entry.kind}", "unknown", Unreadable(why)), 0
    offset, length = header.start + entry.offset, _length(file, entry, kind)
    source: Source
    if isinstance(kind, DType):
        source = _plain(file, offset, kind, shape, header.order)
    elif header.order == ">":
        source = Unreadable("blocks in big-endian order are not read")
    else:
        source = Blocks(file, offset, kind, shape)
    return Tensor(entry.name, shape, kind.name, "unknown", source), length


def _check_places(file: File, header: Header, lengths: Mapping[str, int]) -> None:
    """Refuse tensors that are not aligned, overlap, or are not inside the file."""
    size, end, last = file.size(), 0, ""
    padded = -(-size // header.alignment) * header.alignment
    for entry in sorted(header.entries, key=lambda entry: (entry.offset, lengths[entry.name])):
        what, length = f"{file}: tensor {entry.name!r}", lengths[entry.name]
        if entry.offset % header.alignment:
            msg = f"{what} starts at byte {entry.offset}, not a multiple of {header.alignment}"
            raise ModelFormatError(msg)
        stop = header.start + entry.offset + length
        if stop > (size if length else padded):
            msg = f"{what} ends at byte {stop}; truncated: found {size} bytes"
            raise ModelFormatError(msg)
        if length and entry.offset < end:
            msg = f"{what} starts at byte {entry.offset}, tensor {last!r} ends at byte {end}"
            raise ModelFormatError(msg)
        if length:
            end, last = entry.offset + length, entry.name


def open_file(file: File, /) -> tuple[dict[str, Tensor], dict[str, Any]]:
    r"""
    Open one GGUF file; only its header is read.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    tensors : dict of str to Tensor
        The tensors in the order of the file, with the role "unknown". A tensor of an unknown type
        is among them and cannot be read.
    metadata : dict of str
        The short values of the metadata.

    Raises
    ------
    ModelFormatError
        If the header is broken, or a tensor is not aligned, overlaps another one, or is not inside
        the file.

    Examples
    --------
    >>> import struct, tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.gguf"
    >>> header = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0)
    >>> entry = struct.pack("<Q1sIQQIQ", 1, b"w", 2, 3, 2, 0, 0)
    >>> _ = path.write_bytes((header + entry).ljust(96, b"\0") + bytes(24))
    >>> open_file(LocalFile(path))[0]["w"].shape
    (2, 3)
    """
    header = read_header(file)
    tensors, lengths = dict[str, Tensor](), dict[str, int]()
    for entry in header.entries:
        kind = stored_type(entry.kind)
        tensors[entry.name], lengths[entry.name] = _tensor(file, header, entry, kind)
    _check_places(file, header, lengths)
    return tensors, header.metadata


def open_parts(file: File, /) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """
    Open a GGUF file, or all parts of a split model, given one of them.

    Parameters
    ----------
    file : File
        The file, or one of the parts.

    Returns
    -------
    tensors : dict of str to Tensor
        The tensors of all parts in the order of the files, with the role "unknown".
    config : dict of str
        The configuration that the metadata state, see
        :func:`spectra_io.formats.gguf_model.configs.config_of`.

    Raises
    ------
    ModelNotFoundError
        If a part is missing.
    ModelFormatError
        If a part is broken, or the parts do not belong together.

    Examples
    --------
    >>> import struct, tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "vocabulary.gguf"
    >>> _ = path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 0))
    >>> open_parts(LocalFile(path))
    ({}, {'gguf': {}})
    """
    tensors, metadata = dict[str, Tensor](), dict[str, Any]()
    for part in parts_of(file):
        found, stated = open_file(part)
        check_part(part, stated)
        for name in found.keys() & tensors.keys():
            msg = f"{part}: tensor {name!r} is in another part of the model too"
            raise ModelFormatError(msg)
        tensors |= found
        metadata = {**stated, **metadata}
    expected = metadata.get("split.tensors.count", len(tensors))
    if expected != len(tensors):
        msg = f"{file}: {len(tensors)} tensors in all parts; the metadata say {expected}"
        raise ModelFormatError(msg)
    return tensors, config_of(metadata)
