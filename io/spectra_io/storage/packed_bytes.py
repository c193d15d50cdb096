"""Packed bytes: numbers of fewer than eight bits at a place in a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ml_dtypes  # noqa: F401  (registers the types with numpy)
import numpy as np

from spectra.models.quantization import unpack
from spectra_io.storage.byte_ranges import check_available

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.storage.files import File

__all__ = ["BITS", "PackedRange"]

BITS = {
    "int2": 2,
    "uint2": 2,
    "int4": 4,
    "uint4": 4,
    "float4_e2m1fn": 4,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
}
"""Bits of a number, by numpy's name of its type."""


@dataclass(frozen=True, slots=True)
class PackedRange:
    """
    An array of numbers of a few bits in a file, read when called.

    Parameters
    ----------
    file : File
        Where they are.
    offset : int
        First byte.
    dtype : str
        Type of one number, a key of :data:`BITS`.
    shape : tuple of int
        Shape of the array.

    Notes
    -----
    Low bits first, across the borders of bytes, and filled up to a whole byte at the end. So ONNX
    defines it, and PyTorch for 4 bits; for 6 bits the safetensors format says only how many bytes
    there are.

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
        return -(-math.prod(self.shape) * BITS[self.dtype] // 8)

    def __call__(self) -> AnyArray:
        """
        Read the numbers.

        Returns
        -------
        array
            Of the stated type and shape, a byte each.

        Raises
        ------
        ModelFormatError
            If the file has become shorter.
        """
        check_available(self, self.file.size() - self.offset, str(self.file))
        bits = BITS[self.dtype]
        raw = self.file.read(self.offset, self.offset + self.num_bytes)
        codes = unpack(raw, bits)[: math.prod(self.shape)]
        return _decoded(codes, self.dtype, bits).reshape(self.shape)


def _decoded(codes: AnyArray, dtype: str, bits: int) -> AnyArray:
    """Return the numbers that codes of a few bits stand for."""
    if dtype.startswith("int"):
        sign = np.uint8(1 << (bits - 1))
        signed = (codes ^ sign).astype(np.int8) - np.int8(sign)
        numbers: AnyArray = signed.astype(dtype)
        return numbers
    return codes.view(dtype) if dtype.startswith("float") else codes.astype(dtype)
