"""Packed bytes: arrays in a file whose numbers have fewer than eight bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers the types with numpy)
import numpy as np

from spectra.dtypes import BY_NAME
from spectra.models.quantization import unpack
from spectra_io.storage.byte_ranges import check_available

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.storage.files import File

__all__ = ["PackedRange"]


@dataclass(frozen=True, slots=True)
class PackedRange:
    """
    An array in a file whose numbers have fewer than eight bits, read when called.

    Parameters
    ----------
    file : File
        File with the array.
    offset : int
        First byte.
    dtype : str
        Number type, one of :data:`spectra.dtypes.PACKED`.
    shape : tuple of int
        Shape of the array.

    Notes
    -----
    Numbers are packed low bits first, across the borders of bytes; the last byte is padded. This is
    the order of ONNX, and of PyTorch for 4 bits. For 6 bits, the safetensors format defines only
    the number of bytes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> _ = path.write_bytes(bytes([0x21, 0xF]))
    >>> PackedRange(LocalFile(path), 0, "int4", (3,))()
    array([1, 2, -1], dtype=int4)
    """

    file: File
    offset: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        """Length of the range."""
        return -(-math.prod(self.shape) * BY_NAME[self.dtype].bits // 8)

    def __call__(self) -> AnyArray:
        """
        Read the numbers.

        Returns
        -------
        array
            Numbers of type `dtype`, one byte each, in shape `shape`.

        Raises
        ------
        ModelFormatError
            If the file is too short.
        """
        check_available(self, self.file.size() - self.offset, str(self.file))
        bits = BY_NAME[self.dtype].bits
        raw = self.file.read(self.offset, self.offset + self.num_bytes)
        codes = unpack(raw, bits)[: math.prod(self.shape)]
        return _decoded(codes, self.dtype, bits).reshape(self.shape)


def _decoded(codes: AnyArray, dtype: str, bits: int) -> AnyArray:
    """Return codes of few bits as numbers of a type."""
    if dtype.startswith("int"):
        sign = np.uint8(1 << (bits - 1))
        signed = (codes ^ sign).astype(np.int8) - np.int8(sign)
        numbers: AnyArray = signed.astype(dtype)
        return numbers
    return codes.view(dtype) if dtype.startswith("float") else codes.astype(dtype)
