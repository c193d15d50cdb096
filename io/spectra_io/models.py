"""Models on disk: one way in, whatever the format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spectra.errors import ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    import os

    from spectra.tensors import Tensor

__all__ = ["open_model"]

_EXPECTED = "expected a .safetensors or .onnx file, a *.index.json, or a folder with one of these"
_INDEX = ".safetensors.index.json"
_SIGNATURES = {
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; `git lfs pull` fetches it",
    b"PK\x03\x04": "a zip archive (a PyTorch checkpoint?); save its weights as safetensors",
    b"\x89HDF": "an HDF5 file (a Keras model?); export it to ONNX",
    b"GGUF": "a GGUF file, which is not read",
    b"\x80": "a Python pickle, which is never opened; save its weights as safetensors",
}


def _content(head: bytes) -> str | None:
    """Say what a file that is no model holds; None if it may be one."""
    if not head:
        return "an empty file"
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            return what
    text = head.decode("utf-8", errors="replace")
    printable = sum(c.isprintable() or c.isspace() for c in text)
    return "text" if printable > 0.99 * len(text) else None


def _is_safetensors(path: Path, head: bytes) -> bool:
    return path.suffix == ".safetensors" or (path.suffix != ".onnx" and head[8:9] == b"{")


def _open_file(path: Path) -> dict[str, Tensor]:
    if path.name.endswith(_INDEX):
        from spectra_io import safetensors_files

        return safetensors_files.open_index(path)
    with path.open("rb") as file:
        head = file.read(256)
    if what := _content(head):
        msg = f"{path}: found {what}; {_EXPECTED}"
        raise ModelFormatError(msg)
    if _is_safetensors(path, head):
        from spectra_io import safetensors_files

        return safetensors_files.open_file(path)
    from spectra_io import onnx_files

    return onnx_files.open_file(path)


def _one(paths: list[Path], what: str) -> Path:
    if len(paths) > 1:
        names = ", ".join(sorted(p.name for p in paths))
        msg = f"{paths[0].parent}: found more than one {what} ({names}); name one of them"
        raise ModelFormatError(msg)
    return paths[0]


def _open_folder(folder: Path) -> dict[str, Tensor]:
    entries = sorted(folder.iterdir())
    if indexes := [p for p in entries if p.name.endswith(_INDEX)]:
        return _open_file(_one(indexes, "index"))
    if shards := [p for p in entries if p.suffix == ".safetensors"]:
        return _open_shards(shards)
    if graphs := [p for p in entries if p.suffix == ".onnx"]:
        return _open_file(_one(graphs, "ONNX file"))
    listed = ", ".join(p.name for p in entries[:5]) or "nothing"
    more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
    msg = f"{folder}: no weights in this folder, found {listed}{more}; {_EXPECTED}"
    raise ModelNotFoundError(msg)


def _open_shards(paths: list[Path]) -> dict[str, Tensor]:
    from spectra_io import safetensors_files

    if len(paths) == 1:
        return _open_file(paths[0])
    return safetensors_files.open_files(paths)


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
    if where.is_dir():
        return _open_folder(where)
    if not where.exists():
        msg = f"{where}: no such file or folder; {_EXPECTED}"
        raise ModelNotFoundError(msg)
    return _open_file(where)
