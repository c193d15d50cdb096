"""Models: one way in, whatever the format, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import spectra
from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra.models.structure import interpret
from spectra.models.structure._ties import tied
from spectra_io.formats.configs import read_config
from spectra_io.formats.contents import EXPECTED
from spectra_io.storage.files import LocalFile
from spectra_io.storage.paths import inside

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from spectra.models.tensors import Tensor
    from spectra_io.storage.files import File

__all__ = ["open_file", "open_model"]

_INDEX = ".safetensors.index.json"
_WEIGHTS = (".safetensors", ".onnx", ".npz")


def _is_index(name: str) -> bool:
    return name.endswith(_INDEX)


def _safetensors_index(file: File) -> dict[str, Tensor]:
    from spectra_io.formats import safetensors_files

    return safetensors_files.open_index(file)


def _safetensors(file: File) -> dict[str, Tensor]:
    from spectra_io.formats import safetensors_files

    return safetensors_files.open_file(file)


def _npz(file: File) -> dict[str, Tensor]:
    from spectra_io.formats import npz_files

    return npz_files.open_archive(file)


def _npy(file: File) -> dict[str, Tensor]:
    from spectra_io.formats import npz_files

    return npz_files.open_array(file)


def _onnx(file: File) -> dict[str, Tensor]:
    from spectra_io.formats.onnx_model import reader as onnx_files

    return onnx_files.open_file(file)


def _reader(file: File) -> Callable[[File], dict[str, Tensor]]:
    """Return what reads a file, by its name or, if that says nothing, by its first bytes."""
    name = file.name
    if _is_index(name):
        return _safetensors_index
    by_name = {".safetensors": _safetensors, ".onnx": _onnx, ".npz": _npz, ".npy": _npy}
    for ending, reader in by_name.items():
        if name.endswith(ending):
            return reader
    head = bytes(file.read(0, 9))
    by_content = {b"PK\x03\x04": _npz, b"\x93NUMPY": _npy}
    for start, reader in by_content.items():
        if head.startswith(start):
            return reader
    return _safetensors if head[8:9] == b"{" else _onnx


def _joined(files: Sequence[File]) -> dict[str, Tensor]:
    """Return the tensors of one file, or of several that are one model; roles as names have it."""
    if len(files) == 1:
        return _reader(files[0])(files[0])
    from spectra_io.formats import safetensors_files

    return safetensors_files.open_files(files)


def _opened(files: Sequence[File]) -> dict[str, Tensor]:
    """Open a model and say what its tensors stand for, with the configuration beside them."""
    tensors = _joined(files)
    if len(files) == 1 and _reader(files[0]) is _onnx:  # a graph says what names can but hint at
        return tied(tensors, {})
    return interpret(tensors, read_config(files[0], tensors))


def open_file(file: File, /) -> dict[str, Tensor]:
    """
    Open a file of weights, wherever it is.

    Parameters
    ----------
    file : File
        A safetensors, ONNX, npz or npy file, or the index of shards.

    Returns
    -------
    dict of str to Tensor
        As :func:`open_model` returns it.

    Raises
    ------
    ModelNotFoundError
        If a part of the model is missing.
    ModelFormatError
        If it is not a model.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, fc=np.ones((3, 2)))
    >>> list(open_file(LocalFile(path)))
    ['fc']
    """
    return _opened([file])


def _one(paths: list[Path], what: str) -> Path:
    if len(paths) > 1:
        names = ", ".join(sorted(p.name for p in paths))
        msg = f"{paths[0].parent}: found more than one {what} ({names}); name one of them"
        raise ModelFormatError(msg)
    return paths[0]


def _local(path: Path) -> LocalFile:
    return LocalFile(path.absolute())


def _open_folder(folder: Path) -> dict[str, Tensor]:
    entries = sorted(folder.iterdir())
    weights = [p for p in entries if p.suffix in _WEIGHTS or _is_index(p.name)]
    held = [p for p in weights if p.is_symlink() or p.is_file()]
    files = [inside(folder, p.name, asked_by=str(folder)) for p in held if not p.is_dir()]
    if indexes := [p for p in files if _is_index(p.name)]:
        return open_file(_local(_one(indexes, "index")))
    if shards := [p for p in files if p.suffix == ".safetensors"]:
        return _opened([_local(shard) for shard in shards])
    for ending, what in ((".onnx", "ONNX file"), (".npz", "npz file")):
        if found := [p for p in files if p.suffix == ending]:
            return open_file(_local(_one(found, what)))
    listed = ", ".join(p.name for p in entries[:5]) or "nothing"
    more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
    msg = f"{folder}: no weights in this folder, found {listed}{more}; {EXPECTED}"
    raise ModelNotFoundError(msg)


def open_model(
    path: str | os.PathLike[str] | Mapping[str, Tensor | npt.ArrayLike], /
) -> dict[str, Tensor]:
    """
    Open a trained network, reading the headers of its files only.

    Parameters
    ----------
    path : path-like, str or mapping
        A safetensors, ONNX or npz file, a ``model.safetensors.index.json``, or a folder that holds
        an index with its shards, safetensors files, or one ONNX or npz file; a URL of any of these
        (with the extra ``remote``); or arrays by name.

    Returns
    -------
    dict of str to Tensor
        Every tensor of the model by name; a tensor reads its numbers when asked. ONNX tensors
        come in the order of use, safetensors in natural order of their names.

    Raises
    ------
    ModelNotFoundError
        If there is nothing at `path`, no weights in the folder, or a part of the model is missing.
    ModelFormatError
        If what is there is not a model; the message says what was found and what was expected.

    See Also
    --------
    spectra.analyze : What to do with the result.

    Notes
    -----
    Of a folder with an index, the files that it names are opened, and no other; of a folder
    without one, every safetensors file. A ``config.json`` beside the weights says how q, k and v
    are fused, see :func:`spectra.models.structure.interpret`.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), dtype=np.float32)}, path)
    >>> open_model(path)["fc.weight"].role
    'dense'
    """
    if isinstance(path, Mapping):
        return spectra.from_arrays(path)
    if isinstance(path, str) and "://" in path:
        from spectra_io.storage.remote import file_at

        return open_file(file_at(path))
    where = Path(path)
    try:
        is_folder, is_file, is_there = where.is_dir(), where.is_file(), where.exists()
    except (OSError, ValueError) as error:
        msg = f"{where}: no such file or folder can be: {error}; {EXPECTED}"
        raise ModelNotFoundError(msg) from error
    if is_folder:
        return _open_folder(where)
    if not is_there:
        msg = f"{where}: no such file or folder; {EXPECTED}"
        raise ModelNotFoundError(msg)
    if not is_file:
        msg = f"{where}: found a device or a pipe; {EXPECTED}"
        raise ModelFormatError(msg)
    return open_file(_local(where))
