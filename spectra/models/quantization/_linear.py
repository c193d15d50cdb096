"""Linear quantization: integers times a scale, of the whole array, a slice or a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["affine", "scaled_blocks"]


def _spread(
    parameter: AnyArray, shape: tuple[int, ...], axis: int | None, block_size: int
) -> AnyArray:
    """Return scales or zero points in a shape that broadcasts with an array of `shape`."""
    if axis is None:
        wanted: tuple[int, ...] = ()
    elif not 0 <= axis < len(shape) or block_size < 0:
        msg = f"scales along axis {axis}, in blocks of {block_size}, of an array {shape}"
        raise ModelFormatError(msg)
    elif block_size:
        blocks = -(-shape[axis] // block_size)
        wanted = (*shape[:axis], blocks, *shape[axis + 1 :])
    else:
        wanted = (shape[axis],)
    if parameter.shape != wanted:
        msg = f"scales of an array {shape} must have the shape {wanted}, got {parameter.shape}"
        raise ModelFormatError(msg)
    if axis is not None and block_size:
        every = np.arange(shape[axis]) // block_size
        return np.take(parameter, every, axis=axis)
    return (
        parameter
        if axis is None
        else parameter.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    )


def affine(
    q: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    /,
    *,
    axis: int | None = None,
    block_size: int = 0,
) -> AnyArray:
    """
    Dequantize as DequantizeLinear of ONNX does, (q - zero_point) * scale.

    Parameters
    ----------
    q : array of any shape
        Integers of 2 to 32 bits, or 8-bit floats.
    scale : array
        A number; or one scale per slice along `axis`; or, for blocks, an array of the shape of `q`
        but for `axis`, along which it has one scale per block.
    zero_point : array, optional
        Zero points in the shape of `scale`; 0 by default.
    axis : int, optional
        Axis of the scales, not negative; ``None`` for a single scale.
    block_size : int, default: 0
        Numbers along the axis that share a scale; 0 for a whole slice.

    Returns
    -------
    array
        Real numbers in the shape of `q` and the type of `scale`.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html

    Examples
    --------
    >>> affine(np.array([3, 5], np.int8), np.float32(0.5), np.int8(1))
    array([1., 2.], dtype=float32)
    """
    array, scales = np.asarray(q), np.asarray(scale)
    wide = np.int64 if array.dtype.itemsize > 2 else np.int32
    whole = array.dtype.name.startswith(("int", "uint"))
    numbers = array.astype(wide if whole else np.float32)
    if zero_point is not None:
        zeros = np.asarray(zero_point).astype(numbers.dtype)
        numbers = numbers - _spread(zeros, array.shape, axis, block_size)
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = numbers.astype(scales.dtype) * _spread(
            scales, array.shape, axis, block_size
        )
    return out


def scaled_blocks(
    W: AnyArray, scale: AnyArray, /, *, block: tuple[int, int] | None = None
) -> AnyArray:
    """
    Multiply every block or row of a matrix by its scale.

    Parameters
    ----------
    W : array, shape (m, n)
        8-bit floats or integers.
    scale : array, shape (ceil(m / rows), ceil(n / columns)), or (m,), (m, 1), (1,) or ()
        One scale per block, one per row, or a single scale.
    block : tuple of int, optional
        Rows and columns of a block. By default, powers of two for which there are as many blocks as
        scales; if there are none, equal shares of the matrix.

    Returns
    -------
    array of float32, shape (m, n)
        The real numbers.

    Raises
    ------
    ModelFormatError
        If the number of scales differs from that of blocks.

    Notes
    -----
    Checkpoints of DeepSeek-V3 have blocks of 128 x 128. Their ``weight_scale_inv`` is the factor,
    despite its name.

    References
    ----------
    DeepSeek-AI (2024), DeepSeek-V3 technical report, arXiv:2412.19437, section 3.3.

    Examples
    --------
    >>> scaled_blocks(np.ones((2, 4)), np.array([[1.0, 2.0]]), block=(2, 2))
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """
    numbers, scales = np.asarray(W), np.asarray(scale).astype(np.float32)
    if scales.size == 1 or scales.shape in ((len(numbers),), (len(numbers), 1)):
        factor = scales.reshape(-1, 1)
    else:
        rows, columns = _block(numbers.shape, scales.shape, block)
        every_row, every_column = (
            np.arange(n) // b for n, b in zip(numbers.shape, (rows, columns), strict=True)
        )
        factor = scales[every_row][:, every_column]
    out: AnyArray = numbers.astype(np.float32) * factor
    return out


def _block(
    shape: tuple[int, ...], blocks: tuple[int, ...], given: tuple[int, int] | None
) -> tuple[int, int]:
    sides = given or tuple(_side(n, count) for n, count in zip(shape, blocks, strict=False))
    fits = len(shape) == len(blocks) == len(sides) == 2 and all(
        side > 0 and -(-n // side) == count
        for n, side, count in zip(shape, sides, blocks, strict=True)
    )
    if not fits:
        msg = f"a matrix of {shape} cannot have scales of the shape {blocks}"
        raise ModelFormatError(msg + (f" in blocks of {given}" if given else ""))
    return sides[0], sides[1]


def _side(length: int, count: int) -> int:
    """Return the length of blocks, a usual one if possible, for a number of blocks of an axis."""
    usual = (side for side in (128, 64, 32, 256, 512, 1024, 16) if -(-length // side) == count)
    return next(usual, -(-length // count) if count else 0)
