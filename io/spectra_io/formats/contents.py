"""Diagnose files that are not models (LFS pointer, pickle, results, text) for error messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra_io.storage.files import File

__all__ = ["EXPECTED", "found_in", "not_a_model"]

EXPECTED = (
    "expected a .safetensors, .onnx, .gguf, .npz or .npy file, a .safetensors.index.json, or a "
    "folder of these (.npy excepted)"
)
"""The end of every message about a file that is not a model."""

_HEAD = 256  # bytes that are looked at

_RESULTS = (
    "results of spectra, not a model; spectra_io.load reads .nc and .csv, and the commands "
    "analyze, check, noise, plot and report take a .nc file"
)
_TITLED_HEADS = (b"\x89HDF", b"{\n")  # of netCDF and JSON
_TITLE = b"spectra of the weight matrices of a neural network"  # of results, an attribute
_TITLED = 4096  # bytes in which the title stands
_TABLE = b"layer,depth,"  # the first columns of a table of results

_SIGNATURES = {
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; `git lfs pull` fetches it",
    b"PK\x03\x04": "a zip archive (a PyTorch checkpoint?); save its weights as safetensors",
    b"\x89HDF": "an HDF5 file (a Keras model?); export it to ONNX",
    b"GGUF": "a GGUF file; give it a name that ends in .gguf",
    b"\x80": "a Python pickle, which is never opened; save its weights as safetensors",
}


def found_in(file: File, /) -> str:
    """
    Diagnose the content of a file that is not a model.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    str
        For instance "text"; empty if the content is not recognised.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> found_in(LocalFile(Path(__file__)))
    'text'
    """
    head = bytes(file.read(0, _HEAD))
    if not head:
        return "an empty file"
    if head[3:9] == b"\0\0\0\0\0{":  # the length of a safetensors header, and its first letter
        return ""
    if head.startswith(_TABLE):
        return _RESULTS
    if head.startswith(_TITLED_HEADS) and _TITLE in bytes(file.read(0, _TITLED)):
        return _RESULTS
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            return what
    text = head.decode("utf-8", errors="replace")
    return "text" if all(c.isprintable() or c.isspace() for c in text) else ""


def not_a_model(file: File, reason: str, /) -> ModelFormatError:
    """
    Return the error for a file that a reader refused.

    Parameters
    ----------
    file : File
        The file.
    reason : str
        Message of the reader, used if the content of the file is not recognised.

    Returns
    -------
    ModelFormatError
        The error to raise, whose message names the content of the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> _ = path.write_text("hello")
    >>> str(not_a_model(LocalFile(path), "broken")).partition("found ")[2][:14]
    'text; expected'
    """
    what = found_in(file)
    return ModelFormatError(f"{file}: found {what}; {EXPECTED}" if what else f"{file}: {reason}")
