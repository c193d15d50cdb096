"""Models on disk: one way in, whatever the format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra_io.contents import EXPECTED
from spectra_io.files import LocalFile
from spectra_io.paths import inside

if TYPE_CHECKING:
    import os

    from spectra.tensors import Tensor

__all__ = ["open_model"]

_INDEX = ".safetensors.index.json"


def _is_index(path: Path) -> bool:
    return path.name.endswith(_INDEX)


def _is_safetensors(path: Path, head: bytes) -> bool:
    return path.suffix == ".safetensors" or (path.suffix != ".onnx" and head[8:9] == b"{")


def _open_file(path: Path) -> dict[str, Tensor]:
    file = LocalFile(path.absolute())
    if _is_index(path):
        from spectra_io import safetensors_files

        return safetensors_files.open_index(file)
    head = bytes(file.read(0, 9))
    if _is_safetensors(path, head):
        from spectra_io import safetensors_files

        return safetensors_files.open_file(file)
    from spectra_io import onnx_files

    return onnx_files.open_file(file)


def _one(paths: list[Path], what: str) -> Path:
    if len(paths) > 1:
        names = ", ".join(sorted(p.name for p in paths))
        msg = f"{paths[0].parent}: found more than one {what} ({names}); name one of them"
        raise ModelFormatError(msg)
    return paths[0]


def _open_folder(folder: Path) -> dict[str, Tensor]:
    entries = sorted(folder.iterdir())
    weights = [p for p in entries if p.suffix in {".safetensors", ".onnx"} or _is_index(p)]
    held = [p for p in weights if p.is_symlink() or p.is_file()]
    files = [inside(folder, p.name, asked_by=str(folder)) for p in held if not p.is_dir()]
    if indexes := list(filter(_is_index, files)):
        return _open_file(_one(indexes, "index"))
    if shards := [p for p in files if p.suffix == ".safetensors"]:
        return _open_shards(shards)
    if graphs := [p for p in files if p.suffix == ".onnx"]:
        return _open_file(_one(graphs, "ONNX file"))
    listed = ", ".join(p.name for p in entries[:5]) or "nothing"
    more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
    msg = f"{folder}: no weights in this folder, found {listed}{more}; {EXPECTED}"
    raise ModelNotFoundError(msg)


def _open_shards(paths: list[Path]) -> dict[str, Tensor]:
    from spectra_io import safetensors_files

    if len(paths) == 1:
        return _open_file(paths[0])
    return safetensors_files.open_files([LocalFile(path.absolute()) for path in paths])


def open_model(path: str | os.PathLike[str], /) -> dict[str, Tensor]:
    """
    Open a trained network, reading the headers of its files only.

    Parameters
    ----------
    path : path-like
        A safetensors file, an ONNX file, a ``model.safetensors.index.json``, or a folder that
        holds an index with its shards, safetensors files, or one ONNX file.

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

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), dtype=np.float32)}, path)
    >>> open_model(path)["fc.weight"].role
    'dense'
    """
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
    return _open_file(where)
