"""Blocks: quantized numbers of GGUF files, dequantized by the package `gguf`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.dtypes import BY_GGML, BlockType
from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra_io.storage.byte_ranges import ByteRange
from spectra_io.storage.files import LocalFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra.dtypes import DType
    from spectra.models.lazy import Source
    from spectra_io.storage.files import File

__all__ = ["Blocks", "Unreadable", "stored_type"]

_AT_ONCE = 1 << 18  # numbers dequantized at a time; fits the cache, and bounds the memory
_EXTRA = "needs the package gguf: pip install 'weightspectra[gguf]'"


def stored_type(number: int, /) -> DType | BlockType | None:
    """
    Return the type of numbers or blocks with a number in ``ggml_type``.

    Parameters
    ----------
    number : int
        The number.

    Returns
    -------
    DType, BlockType or None
        An entry of :data:`spectra.dtypes.BY_GGML`, or a newer type that the installed `gguf` knows;
        None for any other number.

    Examples
    --------
    >>> stored_type(12).name, stored_type(4)
    ('q4_k', None)
    """
    if number in BY_GGML:
        return BY_GGML[number]
    try:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

        kind = GGMLQuantizationType(number)
        elements, num_bytes = GGML_QUANT_SIZES[kind]
    except (ImportError, KeyError, ValueError):
        return None
    return BlockType(kind.name.lower(), number, elements, num_bytes)


@lru_cache(maxsize=256)
def _why_not(block: BlockType) -> str:
    """Return the reason why a type of block cannot be dequantized, or "" if it can."""
    import importlib.metadata

    try:
        _dequantized(np.zeros((1, block.num_bytes), np.uint8), block)
    except ImportError:
        return _EXTRA
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        version = importlib.metadata.version("gguf")
        return f"gguf {version} cannot dequantize this type; a newer version may"
    return ""


def _dequantized(raw: AnyArray, block: BlockType) -> AnyArray:
    """Dequantize blocks, one per row, to an array of one row per block."""
    from gguf import GGMLQuantizationType, quants

    kind = GGMLQuantizationType[block.name.upper()]
    with np.errstate(all="ignore"):  # a scale may be infinite, like any number of a file
        values: Any = quants.dequantize(raw.reshape(1, -1), kind)
    out: AnyArray = values.reshape(len(raw), block.elements)
    return out


@dataclass(frozen=True, slots=True)
class Blocks:
    """
    An array of quantized blocks in a file, dequantized when called.

    Parameters
    ----------
    file : File
        The file.
    offset : int
        Place of the first byte.
    block : BlockType
        Type of the blocks.
    shape : tuple of int
        Shape of the array; its size is a multiple of the numbers in a block.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "blocks"
    >>> _ = path.write_bytes(np.float16(0.5).tobytes() + bytes(range(32)))
    >>> Blocks(LocalFile(path), 0, BY_GGML[8], (1, 32))()[0, :4]
    array([0. , 0.5, 1. , 1.5], dtype=float32)
    """

    file: File
    offset: int
    block: BlockType
    shape: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        """Length of the blocks in the file."""
        return math.prod(self.shape) // self.block.elements * self.block.num_bytes

    @property
    def stored(self) -> ByteRange:
        """Bytes of the blocks, one row per row of the array where rows are made of whole blocks."""
        sides = self.shape[:1] if self._in_rows else ()
        per_row = self.num_bytes // max(1, math.prod(sides))
        return ByteRange(self.file, self.offset, "uint8", (*sides, per_row))

    @property
    def unreadable(self) -> str:
        """Reason why the blocks cannot be dequantized; empty if they can."""
        return _why_not(self.block)

    @property
    def _in_rows(self) -> bool:
        """Whether the rows of the array are made of whole blocks."""
        row = math.prod(self.shape[1:])
        return len(self.shape) > 1 and row > 0 and row % self.block.elements == 0

    def __call__(self) -> AnyArray:
        """
        Read and dequantize the blocks.

        Returns
        -------
        array of float32
            The numbers that the blocks stand for.

        Raises
        ------
        ModelFormatError
            If the type cannot be dequantized, or the file has become shorter.
        """
        if why := self.unreadable:
            msg = f"{self.file}: blocks of type {self.block.name}: {why}"
            raise ModelFormatError(msg)
        count = self.num_bytes // self.block.num_bytes
        raw = replace(self.stored, shape=(count, self.block.num_bytes))()
        out = np.empty((len(raw), self.block.elements), np.float32)
        step = max(1, _AT_ONCE // self.block.elements)
        for start in range(0, len(raw), step):
            out[start : start + step] = _dequantized(raw[start : start + step], self.block)
        return out.reshape(self.shape)

    def rows(self, start: int, stop: int) -> Source:
        """
        Cut the array along its first axis.

        Parameters
        ----------
        start, stop : int
            First row, and the row after the last; both inside the array, `start` not after `stop`.

        Returns
        -------
        callable
            Lazy array of ``array[start:stop]``; only its blocks are read, where rows are made of
            whole blocks.
        """
        if not self._in_rows:
            return derived(_rows, self, start=start, stop=stop)
        row = math.prod(self.shape[1:]) // self.block.elements * self.block.num_bytes
        shape = (stop - start, *self.shape[1:])
        return replace(self, offset=self.offset + start * row, shape=shape)

    def blocks(self, step: int, axis: int) -> Iterator[AnyArray] | None:
        """
        Read a matrix in parts of rows, of which one is held at a time.

        Parameters
        ----------
        step : int
            Number of rows in a part; the last may have fewer.
        axis : int
            Axis that is cut.

        Returns
        -------
        iterator of array, or None
            The parts; None for columns, for rows that are not made of whole blocks, and for a
            file at a URL.
        """
        is_local = isinstance(self.file, LocalFile)
        if axis or not self._in_rows or not is_local or len(self.shape) != 2 or self.unreadable:
            return None
        count = self.shape[0]
        return (self.rows(i, min(i + step, count))() for i in range(0, count, step))


def _rows(array: AnyArray, *, start: int, stop: int) -> AnyArray:
    return array[start:stop]


@dataclass(frozen=True, slots=True, eq=False)
class Unreadable:
    """
    An array in a file that cannot be read; equal only to itself.

    Parameters
    ----------
    unreadable : str
        The reason, which names the type of the array and says what to do.

    Examples
    --------
    >>> Unreadable("ggml type 99: not known")()
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: ggml type 99: not known
    """

    unreadable: str

    def __call__(self) -> AnyArray:
        """
        Raise the error that gives the reason.

        Returns
        -------
        array
            Nothing is ever returned.

        Raises
        ------
        ModelFormatError
            Always.
        """
        raise ModelFormatError(self.unreadable)
