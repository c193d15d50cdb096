"""Lookup quantization: numbers of 4 or 8 bits that are places in a table of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["bnb4", "lookup"]


def lookup(codes: AnyArray, table: AnyArray, absmax: AnyArray, /, *, block_size: int) -> AnyArray:
    """
    Replace codes by the values of a table, and multiply each block by its largest magnitude.

    Parameters
    ----------
    codes : array of uint8, shape (n,)
        Places in the table.
    table : array, shape (k,)
        The values, 16 or 256 of them.
    absmax : array, shape (ceil(n / block_size),)
        Factor of each block.
    block_size : int
        Numbers of a block.

    Returns
    -------
    array of float32, shape (n,)
        The real numbers.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    Dettmers et al. (2022), 8-bit Optimizers via Block-wise Quantization, arXiv:2110.02861.

    Examples
    --------
    >>> codes = np.array([0, 2, 1], np.uint8)
    >>> lookup(codes, np.array([-1, 0, 1]), np.array([2.0, 3.0]), block_size=2)
    array([-2.,  2.,  0.], dtype=float32)
    """
    fits = codes.ndim == 1 and block_size > 0 and absmax.size == -(-codes.size // block_size)
    if not fits or (codes.size and int(codes.max()) >= table.size):
        msg = (
            f"{codes.size} codes in blocks of {block_size} do not fit {absmax.size} factors "
            f"and a table of {table.size}"
        )
        raise ModelFormatError(msg)
    values = table.astype(np.float32).reshape(-1)[codes]
    factors = np.repeat(absmax.astype(np.float32).reshape(-1), block_size)[: codes.size]
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = values * factors
    return out


def bnb4(
    packed: AnyArray,
    table: AnyArray,
    absmax: AnyArray,
    /,
    *nested: AnyArray,
    shape: tuple[int, int],
    block_size: int = 64,
    nested_block_size: int = 256,
    offset: float = 0.0,
) -> AnyArray:
    """
    Dequantize a matrix of bitsandbytes, of NF4 or FP4 numbers.

    Parameters
    ----------
    packed : array of uint8, any shape
        Two codes per byte, the high half first.
    table : array, shape (16,)
        Values of the codes.
    absmax : array
        Factor of each block; codes of uint8 if they are quantized themselves.
    *nested : array
        Table and factors of quantized `absmax`.
    shape : tuple of int
        Shape of the matrix.
    block_size, nested_block_size : int
        Numbers of a block of weights, and of a block of factors.
    offset : float, default: 0.0
        Added to quantized factors.

    Returns
    -------
    array of float32, shape `shape`
        The real numbers.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    Dettmers et al. (2023), QLoRA, arXiv:2305.14314, section 3; bitsandbytes 0.50,
    ``dequantize_4bit``.

    Examples
    --------
    >>> packed, table = np.array([[0x01], [0x10]], np.uint8), np.arange(16)
    >>> bnb4(packed, table, np.array([2.0]), shape=(2, 2))
    array([[0., 2.],
           [2., 0.]], dtype=float32)
    """
    count = shape[0] * shape[1]
    flat = packed.reshape(-1)
    if packed.dtype != np.uint8 or flat.size != -(-count // 2) or len(nested) not in (0, 2):
        msg = f"{flat.size} bytes of {packed.dtype} cannot hold a matrix of {shape} in 4 bits"
        raise ModelFormatError(msg)
    factors = absmax
    if nested:
        codes = absmax.reshape(-1)
        factors = lookup(codes, *nested, block_size=nested_block_size) + np.float32(offset)
    codes = np.stack([flat >> 4, flat & 0xF], axis=-1).reshape(-1)[:count]
    return lookup(codes, table, factors, block_size=block_size).reshape(shape)
