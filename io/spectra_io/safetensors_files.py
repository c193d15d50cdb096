"""safetensors files: one, or the shards of an index."""

from __future__ import annotations

import json
import re
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from spectra.errors import ModelFormatError
from spectra.roles import from_name
from spectra.tensors import Tensor
from spectra_io.byte_ranges import ByteRange, check_shape
from spectra_io.contents import not_a_model
from spectra_io.paths import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["open_file", "open_files", "open_index"]

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "BOOL": "bool",
}
_MAX_NATURAL = 1000  # characters of a name to look for numbers in
_MAX_INDEX = 1 << 27  # bytes; that of the largest public model takes about 10 MB


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts layer 2 before layer 10."""
    if len(name) > _MAX_NATURAL:
        return [(0, name)]
    parts = re.split(r"([0-9]+)", name)
    digits = [p.lstrip("0") for p in parts[1::2]]
    numbers = [(len(d), d) for d in digits]  # longer is larger, however long
    words = [(0, p) for p in parts[::2]]
    return [part for pair in zip_longest(words, numbers) for part in pair if part]


def _not_read(what: str, dtype: str) -> AnyArray:
    msg = f"{what} is {dtype}, which is not read yet"
    raise ModelFormatError(msg)


def _tensor(path: Path, start: int, name: str, entry: Mapping[str, Any]) -> Tensor:
    """Return the handle of a tensor, given its entry in the header and where the data start."""
    what, stored, shape = f"{path}: tensor {name!r}", entry["dtype"], tuple(entry["shape"])
    check_shape(what, shape)
    dtype = _DTYPES.get(stored, stored.lower())
    source: Callable[[], AnyArray] = partial(_not_read, what, stored)
    if stored in _DTYPES:
        source = ByteRange(path, start + entry["data_offsets"][0], dtype, shape)
    return Tensor(name, shape, dtype, from_name(name, shape), source)


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    """Return where the data start and what the header says, once the library has checked it."""
    with safe_open(path, framework="numpy"):  # all that is wrong with a file it finds here
        pass
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return 8 + length, header


def _diagnose(path: Path, error: Exception) -> str:
    """Say what is wrong with a file the library refuses."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > size - 8:
        return f"truncated: found {size} bytes, the header alone ends at {8 + header}"
    reason = " ".join(str(error).split())
    if "MetadataIncompleteBuffer" in reason or "incomplete metadata" in reason:
        return f"truncated or overlong: its {size} bytes are not what the header says"
    return f"not a safetensors file: {reason}"


def open_file(path: Path, /) -> dict[str, Tensor]:
    """
    Open one safetensors file, reading its header only.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to Tensor
        In natural order of the names, layer 2 before layer 10: the file itself keeps no order of
        depth.

    Raises
    ------
    ModelFormatError
        If the file is not in the format.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), dtype=np.float32)}, path)
    >>> open_file(path)["fc.weight"].shape
    (3, 2)
    """
    path = path.absolute()
    try:
        start, header = _header(path)
    except (SafetensorError, ValueError, RecursionError) as error:
        raise not_a_model(path, _diagnose(path, error)) from error
    names = sorted(header, key=_natural)
    return {name: _tensor(path, start, name, header[name]) for name in names}


def open_files(paths: Iterable[Path], /) -> dict[str, Tensor]:
    """
    Open several safetensors files as one model.

    Parameters
    ----------
    paths : iterable of Path
        The files.

    Returns
    -------
    dict of str to Tensor
        All their tensors, in natural order of the names.

    Raises
    ------
    ModelFormatError
        If a file is not in the format, or two hold a tensor of the same name.

    Examples
    --------
    >>> open_files([])
    {}
    """
    files = list(paths)
    return _joined(files, map(open_file, files))


def _joined(paths: Iterable[Path], models: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for path, found in zip(paths, models, strict=True):
        for name in found.keys() & tensors.keys():
            msg = f"{path}: tensor {name!r} is in another file of the model too"
            raise ModelFormatError(msg)
        tensors |= found
    return {name: tensors[name] for name in sorted(tensors, key=_natural)}


def _weight_map(path: Path) -> dict[str, str]:
    size = path.stat().st_size
    if size > _MAX_INDEX:
        msg = f"{path}: an index of {size} bytes; at most {_MAX_INDEX} are read"
        raise ModelFormatError(msg)
    try:
        index: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{path}: not a JSON index of shards: {error}"
        raise ModelFormatError(msg) from error
    mapping = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(mapping, dict) or not all(isinstance(f, str) for f in mapping.values()):
        msg = f"{path}: an index must map tensors to files under 'weight_map', this one does not"
        raise ModelFormatError(msg)
    return mapping


def open_index(path: Path, /) -> dict[str, Tensor]:
    """
    Open the shards that a ``*.safetensors.index.json`` names.

    Parameters
    ----------
    path : Path
        The index.

    Returns
    -------
    dict of str to Tensor
        The tensors of all shards, in natural order of the names.

    Raises
    ------
    ModelNotFoundError
        If a shard is missing.
    ModelFormatError
        If the index or a shard is not in the format, or a shard lacks a tensor.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> index = Path(tempfile.mkdtemp()) / "model.safetensors.index.json"
    >>> _ = index.write_text('{"weight_map": {"w": "shard-1.safetensors"}}')
    >>> open_index(index)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: ...shard-1.safetensors: no such file; ...
    """
    mapping = _weight_map(path)
    asked_by = f"the index {path.name}"
    files = sorted(set(mapping.values()))
    shards = {file: inside(path.parent, file, asked_by=asked_by) for file in files}
    held = {file: open_file(shard) for file, shard in shards.items()}
    for name, file in mapping.items():
        if name not in held[file]:
            msg = f"{shards[file]}: no tensor {name!r}, which {asked_by} says is there"
            raise ModelFormatError(msg)
    return _joined(shards.values(), held.values())
