"""safetensors files: open one file, several, or the shards of an index."""

from __future__ import annotations

import json
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from spectra.dtypes import BY_SAFETENSORS, PACKED
from spectra.errors import ModelFormatError
from spectra.models.tensors import Tensor
from spectra_io.formats.safetensors_header import read_header
from spectra_io.formats.second_opinion import ask_safetensors
from spectra_io.storage.byte_ranges import ByteRange
from spectra_io.storage.packed_bytes import PackedRange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.formats.safetensors_header import Entry
    from spectra_io.storage.files import File

__all__ = ["open_file", "open_files", "open_index"]

_MAX_NATURAL = 1000  # characters of a name in which numbers are looked for
_MAX_INDEX = 1 << 25  # bytes; that of the largest public model takes about 10 MB


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts layer 2 before layer 10."""
    if len(name) > _MAX_NATURAL:
        return [(0, name)]
    parts = re.split(r"([0-9]+)", name)
    digits = [p.lstrip("0") for p in parts[1::2]]
    numbers = [(len(d), d) for d in digits]  # longer is larger, however long
    words = [(0, p) for p in parts[::2]]
    return [part for pair in zip_longest(words, numbers) for part in pair if part]


def _tensor(file: File, start: int, name: str, entry: Entry) -> Tensor:
    """Return the tensor of an entry of the header, given the first byte of the data."""
    dtype, shape = BY_SAFETENSORS[entry.dtype].name, entry.shape
    kind = PackedRange if dtype in PACKED else ByteRange
    source = kind(file, start + entry.start, dtype, shape)
    return Tensor(name, shape, dtype, "unknown", source)


def _header(file: File) -> tuple[int, dict[str, Entry]]:
    """Read the header; with the verdict of the safetensors library if it is refused."""
    try:
        return read_header(file)
    except ModelFormatError as error:
        msg = f"{error}{ask_safetensors(file)}"
        raise ModelFormatError(msg) from error


def open_file(file: File, /) -> dict[str, Tensor]:
    """
    Open one safetensors file; only its header is read.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The tensors in natural order of their names, layer 2 before layer 10, because the file
        does not keep the order of the layers; with the role "unknown".

    Raises
    ------
    ModelFormatError
        If the file is not in the format; the message says what the safetensors library thinks of
        it, if the file is on a disk.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> from safetensors.numpy import save_file
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), dtype=np.float32)}, path)
    >>> open_file(LocalFile(path))["fc.weight"].shape
    (3, 2)
    """
    start, entries = _header(file)
    names = sorted(entries, key=_natural)
    return {name: _tensor(file, start, name, entries[name]) for name in names}


def open_files(files: Iterable[File], /) -> dict[str, Tensor]:
    """
    Open several safetensors files as one model.

    Parameters
    ----------
    files : iterable of File
        The files.

    Returns
    -------
    dict of str to Tensor
        The tensors of all files in natural order of their names, with the role "unknown".

    Raises
    ------
    ModelFormatError
        If a file is not in the format, or two hold a tensor of the same name.

    Examples
    --------
    >>> open_files([])
    {}
    """
    shards = list(files)
    return _joined(shards, map(open_file, shards))


def _joined(files: Iterable[File], models: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors of several files in natural order of their names."""
    tensors: dict[str, Tensor] = {}
    for file, found in zip(files, models, strict=True):
        for name in found.keys() & tensors.keys():
            msg = f"{file}: tensor {name!r} is in another file of the model too"
            raise ModelFormatError(msg)
        tensors |= found
    return {name: tensors[name] for name in sorted(tensors, key=_natural)}


def _weight_map(file: File) -> dict[str, str]:
    """Return the file name of each tensor, as an index maps them."""
    size = file.size()
    if size > _MAX_INDEX:
        msg = f"{file}: an index of {size} bytes; at most {_MAX_INDEX} are read"
        raise ModelFormatError(msg)
    try:
        index: Any = json.loads(bytes(file.read(0, size)).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a JSON index of shards: {error}"
        raise ModelFormatError(msg) from error
    mapping = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(mapping, dict) or not all(isinstance(f, str) for f in mapping.values()):
        msg = f"{file}: an index must map tensors to files under 'weight_map', this one does not"
        raise ModelFormatError(msg)
    return mapping


def open_index(file: File, /) -> dict[str, Tensor]:
    """
    Open the shards that a ``*.safetensors.index.json`` names.

    Parameters
    ----------
    file : File
        The index.

    Returns
    -------
    dict of str to Tensor
        The tensors of all shards in natural order of their names, with the role "unknown".

    Raises
    ------
    ModelNotFoundError
        If a shard is missing.
    ModelFormatError
        If the index or a shard is not in the format, or a shard lacks a tensor that the index
        maps to it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> index = Path(tempfile.mkdtemp()) / "model.safetensors.index.json"
    >>> _ = index.write_text('{"weight_map": {"w": "shard-1.safetensors"}}')
    >>> open_index(LocalFile(index))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: ...shard-1.safetensors: no such file; ...
    """
    mapping = _weight_map(file)
    asked_by = f"the index {file.name}"
    places = sorted(set(mapping.values()))
    shards = {place: file.beside(place, asked_by=asked_by) for place in places}
    held = {place: open_file(shard) for place, shard in shards.items()}
    for name, place in mapping.items():
        if name not in held[place]:
            msg = f"{shards[place]}: no tensor {name!r}, which {asked_by} says is there"
            raise ModelFormatError(msg)
    return _joined(shards.values(), held.values())
