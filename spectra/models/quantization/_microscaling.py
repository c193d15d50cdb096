"""Floats of 4 bits in small blocks: MXFP4 with powers of two as scales, NVFP4 with 8-bit floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models.quantization._linear import exponents

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["as_float8", "mxfp4", "nvfp4"]

_E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
_VALUES = np.concatenate([_E2M1, -_E2M1])
_BLOCK = 1 << 20  # bytes at a time


def mxfp4(blocks: AnyArray, scales: AnyArray, /) -> AnyArray:
    """
    Dequantize MXFP4 blocks.

    Parameters
    ----------
    blocks : array of uint8, shape (..., groups, b)
        Two numbers per byte, the low half first; b is 16.
    scales : array of uint8, shape (..., groups)
        Exponents of two plus 127; 255 for not a number.

    Returns
    -------
    array of float32, shape (..., groups * 2b)
        Real numbers in stored order.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    Open Compute Project (2023), OCP Microscaling Formats (MX) Specification v1.0, sections 5.3.3,
    5.4.1 and 6.3.

    Examples
    --------
    >>> mxfp4(np.array([[0x21, 0xF9]], np.uint8), np.array([128], np.uint8))
    array([  1.,   2.,  -1., -12.], dtype=float32)
    """
    if blocks.ndim < 2 or blocks.shape[:-1] != scales.shape or blocks.dtype != np.uint8:
        msg = f"blocks {blocks.dtype} {blocks.shape} and scales {scales.shape} do not fit together"
        raise ModelFormatError(msg)
    out = _scaled(blocks.reshape(-1, blocks.shape[-1]), exponents(scales).reshape(-1))
    *ahead, groups, width = blocks.shape
    return out.reshape(*ahead, groups * width * 2)


def _scaled(blocks: AnyArray, factors: AnyArray) -> AnyArray:
    """Return the numbers of each block, two per byte, times the factor of the block."""
    out = np.empty((len(blocks), 2 * blocks.shape[-1]), np.float32)
    step = max(1, _BLOCK // max(blocks.shape[-1], 1))
    for start in range(0, len(blocks), step):
        some, factor = blocks[start : start + step], factors[start : start + step, np.newaxis]
        out[start : start + step, 0::2] = _VALUES[some & 0xF] * factor
        out[start : start + step, 1::2] = _VALUES[some >> 4] * factor
    return out


def as_float8(codes: AnyArray, /) -> AnyArray:
    """
    Return bytes as the 8-bit floats that they stand for; an array of floats as it is.

    Parameters
    ----------
    codes : array of uint8, or of floats
        The bits of E4M3 floats.

    Returns
    -------
    array
        The same bits as float8_e4m3fn.

    Examples
    --------
    >>> as_float8(np.array([0x38, 0xC0], np.uint8)).astype(float)
    array([ 1., -2.])
    """
    if codes.dtype != np.uint8:
        return codes
    from ml_dtypes import float8_e4m3fn

    out: AnyArray = np.ascontiguousarray(codes).view(float8_e4m3fn)
    return out


def nvfp4(packed: AnyArray, scales: AnyArray, overall: AnyArray | None = None, /) -> AnyArray:
    """
    Dequantize NVFP4 blocks.

    Parameters
    ----------
    packed : array of uint8, shape (m, n / 2)
        Two E2M1 numbers per byte, the low half first.
    scales : array of float8_e4m3fn, or uint8 with the same bits, shape (m, n / block)
        Scale of each block; 16 numbers in every program that is known.
    overall : array, optional
        Factor of the whole matrix, a single number; 1 by default.

    Returns
    -------
    array of float32, shape (m, n)
        The real numbers.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    Notes
    -----
    ModelOpt stores the factor of the matrix as ``weight_scale_2``, compressed-tensors its
    reciprocal as ``weight_global_scale``.

    References
    ----------
    NVIDIA (2025), TensorRT Model Optimizer 0.37, ``NVFP4QTensor``.

    Examples
    --------
    >>> packed = np.array([[0x21, 0x43, 0x65, 0x87, 0, 0, 0, 0x90]], np.uint8)
    >>> scales = np.array([[0x40]], np.uint8)  # 2 as an 8-bit float
    >>> nvfp4(packed, scales, np.float32(0.5))[0, [0, 1, 2, 6, 7, 15]]
    array([ 0.5,  1. ,  1.5,  6. , -0. , -0.5], dtype=float32)
    """
    whole = np.float32(1) if overall is None else np.asarray(overall).astype(np.float32)
    fits = packed.ndim == scales.ndim == 2 and len(packed) == len(scales) and scales.shape[1]
    if not fits or whole.size != 1 or packed.dtype != np.uint8 or packed.shape[1] % scales.shape[1]:
        msg = f"packed {packed.dtype} {packed.shape} and scales {scales.shape} do not fit together"
        raise ModelFormatError(msg)
    with np.errstate(over="ignore", invalid="ignore"):
        factors = as_float8(scales).astype(np.float32).reshape(-1) * whole.reshape(())
    blocks = packed.reshape(factors.size, -1)
    return _scaled(blocks, factors).reshape(len(packed), packed.shape[1] * 2)
