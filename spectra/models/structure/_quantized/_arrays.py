"""Arrays that several layouts of quantized weights are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.models.quantization import mxfp4

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["mxfp4_rows", "with_inputs"]


def mxfp4_rows(packed: AnyArray, scales: AnyArray, /) -> AnyArray:
    """
    Dequantize MXFP4 numbers that are stored row by row.

    Parameters
    ----------
    packed : array of uint8, shape (m, n / 2)
        Two numbers per byte, the low half first.
    scales : array of uint8 or float8_e8m0fnu, shape (m, groups)
        Exponents of the groups of each row.

    Returns
    -------
    array of float32, shape (m, n)
        The real numbers.

    Examples
    --------
    >>> mxfp4_rows(np.full((1, 16), 0x22, np.uint8), np.array([[128]], np.uint8))[0, :2]
    array([2., 2.], dtype=float32)
    """
    return mxfp4(packed.reshape(*scales.shape, -1), scales)


def with_inputs(W: AnyArray, factors: AnyArray, /) -> AnyArray:
    """
    Multiply the columns of a matrix by the factors that the network has for its inputs.

    Parameters
    ----------
    W : array, shape (m, n)
        The matrix.
    factors : array, shape (n,) or ()
        Factors of the inputs.

    Returns
    -------
    array, shape (m, n)
        The matrix that maps the inputs as they are.

    Examples
    --------
    >>> with_inputs(np.ones((1, 2), np.float32), np.array([1.0, 3.0]))
    array([[1., 3.]], dtype=float32)
    """
    out: AnyArray = W * factors.astype(np.float32)
    return out
