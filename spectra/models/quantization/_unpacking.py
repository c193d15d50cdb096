"""Unpacking: numbers of few bits out of larger words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["unpack", "unpack_apart"]


def unpack(words: AnyArray, bits: int, /) -> AnyArray:
    """
    Unpack numbers of few bits from words, low bits first, across the borders of words.

    Parameters
    ----------
    words : array of integers, shape (..., n)
        Words of 8 to 64 bits.
    bits : int
        Bits of a number, from 1 to 8.

    Returns
    -------
    array of uint8, shape (..., n * word / bits)
        The numbers; an incomplete one at the end is left out.

    Raises
    ------
    ModelFormatError
        If `bits` is out of range.

    Examples
    --------
    >>> unpack(np.array([0x21, 0x43], np.uint8), 4)
    array([1, 2, 3, 4], dtype=uint8)
    """
    if not 1 <= bits <= 8:
        msg = f"packed numbers have 1 to 8 bits, got {bits}"
        raise ModelFormatError(msg)
    width = words.dtype.itemsize * 8
    unsigned = np.ascontiguousarray(words).view(f"u{words.dtype.itemsize}")
    count = unsigned.shape[-1] * width // bits
    if width % bits == 0:
        shifts = np.arange(0, width, bits).astype(unsigned.dtype)
        apart = (unsigned[..., np.newaxis] >> shifts) & unsigned.dtype.type((1 << bits) - 1)
        small: AnyArray = apart.astype(np.uint8)
        return small.reshape(*unsigned.shape[:-1], count)
    little = unsigned.astype(unsigned.dtype.newbyteorder("<"), copy=False).view(np.uint8)
    each = np.unpackbits(little, axis=-1, bitorder="little")[..., : count * bits]
    apart = each.reshape(*each.shape[:-1], count, bits)
    padded = np.packbits(apart, axis=-1, bitorder="little")
    out: AnyArray = padded[..., 0]
    return out


def unpack_apart(words: AnyArray, bits: int, /) -> AnyArray:
    """
    Unpack numbers of few bits from words, low bits first, none across the border of two words.

    Parameters
    ----------
    words : array of integers, shape (..., n)
        Words of 8 to 64 bits.
    bits : int
        Bits of a number, from 1 to 8.

    Returns
    -------
    array of uint8, shape (..., n * (word // bits))
        The numbers.

    Raises
    ------
    ModelFormatError
        If `bits` is out of range.

    Examples
    --------
    >>> unpack_apart(np.array([0b01_110_001], np.uint8), 3)  # the two highest bits are padding
    array([1, 6], dtype=uint8)
    """
    if not 1 <= bits <= 8:
        msg = f"packed numbers have 1 to 8 bits, got {bits}"
        raise ModelFormatError(msg)
    unsigned = np.ascontiguousarray(words).view(f"u{words.dtype.itemsize}")
    shifts = np.arange(words.dtype.itemsize * 8 // bits) * bits
    apart = unsigned[..., np.newaxis] >> shifts.astype(unsigned.dtype)
    small: AnyArray = (apart & unsigned.dtype.type((1 << bits) - 1)).astype(np.uint8)
    return small.reshape(*unsigned.shape[:-1], unsigned.shape[-1] * len(shifts))
