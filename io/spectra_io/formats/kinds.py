"""Kinds of files: one row per format, with how its files are recognised and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats import folders
from spectra_io.formats.found import Found
from spectra_io.formats.gguf_model.parts import whole_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra_io.storage.files import File

__all__ = ["KINDS", "Kind", "kind_of"]


def _index(files: Sequence[File]) -> Found:
    from spectra_io.formats import shards

    return shards.open_index(files[0])


def _safetensors(files: Sequence[File]) -> Found:
    from spectra_io.formats import shards

    return shards.open_files(files, one_set=folders.is_one_set([file.name for file in files]))


def _onnx(files: Sequence[File]) -> Found:
    from spectra_io.formats.onnx_model import reader

    return Found(reader.open_file(files[0]))


def _gguf(files: Sequence[File]) -> Found:
    from spectra_io.formats.gguf_model import reader

    tensors, config = reader.open_parts(files[0])
    return Found(tensors, config=config)


def _npz(files: Sequence[File]) -> Found:
    from spectra_io.formats import npz_files

    return Found(npz_files.open_archive(files[0]))


def _npy(files: Sequence[File]) -> Found:
    from spectra_io.formats import npz_files

    return Found(npz_files.open_array(files[0]))


class Kind(NamedTuple):
    """
    Files of one format: their names, first bytes and reader.

    Examples
    --------
    >>> [kind.ending for kind in KINDS if kind.has_graph]
    ['.onnx']
    """

    name: str
    """Name of the format."""
    noun: str
    """Word for one file, for messages."""
    ending: str
    """Ending of a file's name."""
    head: bytes
    """Regular expression of the first bytes of a file of any other name."""
    read: Callable[[Sequence[File]], Found]
    """Reader of the files of one model."""
    in_folders: bool = True
    """Whether a folder is searched for files of the format."""
    in_shards: bool = False
    """Whether several files in a folder are one model."""
    has_graph: bool = False
    """Whether the file says how each tensor is used."""
    whole: Callable[[str], str] = str
    """Name that the files share of which a model is made, by the name of one of them."""


_NEVER = rb"(?!)"
_ONNX = Kind("onnx", "ONNX file", ".onnx", _NEVER, _onnx, has_graph=True)
KINDS = (
    Kind("safetensors", "index", ".safetensors.index.json", _NEVER, _index),
    Kind("npy", "npy file", ".npy", rb"\x93NUMPY", _npy, in_folders=False),
    Kind(
        *("safetensors", "safetensors file", ".safetensors", rb"(?s).{8}\{", _safetensors),
        in_shards=True,
    ),
    _ONNX,
    Kind("gguf", "GGUF file", ".gguf", rb"GGUF", _gguf, whole=whole_name),
    Kind("npz", "npz file", ".npz", rb"PK\x03\x04", _npz),
)
"""Formats in the order of trying: the first that fits a file, or of which a folder has files."""

_HEAD = 9  # bytes, the longest of the regular expressions


def kind_of(file: File) -> Kind:
    """
    Return the format of a file by its name or first bytes; any other file may be ONNX.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    Kind
        The format.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> kind_of(LocalFile(Path("model.gguf"))).name
    'gguf'
    """
    for known in KINDS:
        if file.name.endswith(known.ending):
            return known
    head = bytes(file.read(0, _HEAD))
    return next((known for known in KINDS if re.match(known.head, head)), _ONNX)
