"""safetensors files: open one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.dtypes import BY_SAFETENSORS, PACKED
from spectra.errors import ModelFormatError
from spectra.models.tensors import Tensor
from spectra_io.formats.names import natural
from spectra_io.formats.safetensors_header import read_header
from spectra_io.formats.second_opinion import ask_safetensors
from spectra_io.storage.byte_ranges import ByteRange
from spectra_io.storage.packed_bytes import PackedRange

if TYPE_CHECKING:
    from spectra_io.formats.safetensors_header import Entry
    from spectra_io.storage.files import File

__all__ = ["open_file"]


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
    names = sorted(entries, key=natural)
    return {name: _tensor(file, start, name, entries[name]) for name in names}
