"""Microscaling (MX): blocks of 32 numbers of 4 bits, with a power of two as their scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["mxfp4"]

_E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
_VALUES = np.concatenate([_E2M1, -_E2M1])
_BIAS = 127  # of the exponent; 255 means not a number
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
    flat, exponents = blocks.reshape(-1, blocks.shape[-1]), scales.reshape(-1).astype(np.int32)
    out = np.empty((len(flat), 2 * blocks.shape[-1]), np.float32)
    step = max(1, _BLOCK // max(blocks.shape[-1], 1))
    for start in range(0, len(flat), step):
        some, power = flat[start : start + step], exponents[start : start + step, np.newaxis]
        known = np.minimum(power, 2 * _BIAS)
        factor = np.where(power == 2 * _BIAS + 1, np.nan, np.ldexp(np.float32(1), known - _BIAS))
        out[start : start + step, 0::2] = _VALUES[some & 0xF] * factor
        out[start : start + step, 1::2] = _VALUES[some >> 4] * factor
    *ahead, groups, width = blocks.shape
    return out.reshape(*ahead, groups * width * 2)
