"""Stacked packing: numbers of few bits whose words hold rows of equal blocks, as HQQ packs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["hqq", "unpack_rows"]


def unpack_rows(words: AnyArray, bits: int, /) -> AnyArray:
    """
    Unpack numbers of which a word holds one of each block of rows, the first block in high bits.

    Parameters
    ----------
    words : array of uint8, or int32 for 3 bits, shape (m, n)
        The words.
    bits : int
        Bits of a number: 1, 2, 3, 4 or 8.

    Returns
    -------
    array of uint8, shape (m * k, n)
        The numbers, k = 8 // bits, or 10 for 3 bits.

    Raises
    ------
    ModelFormatError
        If `bits` is another number, or the words have another type.

    References
    ----------
    HQQ 0.2, ``BitPack``.

    Examples
    --------
    >>> unpack_rows(np.array([[0x12]], np.uint8), 4)
    array([[1],
           [2]], dtype=uint8)
    """
    wide = bits == 3
    if bits not in (1, 2, 3, 4, 8) or words.dtype != (np.int32 if wide else np.uint8):
        msg = f"numbers of {bits} bits in rows of {words.dtype}"
        raise ModelFormatError(msg)
    count, unsigned = (10 if wide else 8 // bits), words.view(f"u{words.dtype.itemsize}")
    shifts = [bits * (count - 1 - k) for k in range(count)]
    rows = [(unsigned >> unsigned.dtype.type(s)) & ((1 << bits) - 1) for s in shifts]
    out: AnyArray = np.concatenate(rows).astype(np.uint8)
    return out


def hqq(
    packed: AnyArray,
    scale: AnyArray,
    zero: AnyArray,
    /,
    *,
    bits: int,
    shape: tuple[int, int],
) -> AnyArray:
    """
    Dequantize a weight of HQQ.

    Parameters
    ----------
    packed : array of uint8, or int32 for 3 bits, shape (ceil(groups * size / k), n)
        Numbers of the groups, which are rows or columns, packed as in :func:`unpack_rows`.
    scale, zero : array, shape (groups, 1) or (1, groups)
        Scales and zero points of the groups.
    bits : int
        Bits of a number: 1, 2, 3, 4 or 8.
    shape : tuple of int
        Shape of the weight.

    Returns
    -------
    array of float32, shape `shape`
        Scale times (weight minus zero point).

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    Badri and Shaji (2023), Half-Quadratic Quantization of Large Machine Learning Models; HQQ 0.2,
    ``Quantizer.dequantize``.

    Examples
    --------
    >>> packed = np.array([[0x12, 0x34]], np.uint8)  # rows 1, 3 and 2, 4
    >>> hqq(packed, np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]]), bits=4, shape=(1, 4))
    array([[0., 2., 4., 8.]], dtype=float32)
    """
    numbers = unpack_rows(packed, bits)
    count = shape[0] * shape[1]
    rows = count // numbers.shape[1] if numbers.shape[1] else 0
    fits = rows * numbers.shape[1] == count and rows <= len(numbers) and scale.shape == zero.shape
    if not fits or scale.shape not in ((rows, 1), (1, numbers.shape[1])):
        msg = f"{packed.shape} words and scales {scale.shape} do not make a weight of {shape}"
        raise ModelFormatError(msg)
    wide = numbers[:rows].astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = (wide - zero.astype(np.float32)) * scale.astype(np.float32)
    return out.reshape(shape)
