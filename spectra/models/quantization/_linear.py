"""Linear quantization: integers times a scale, of the whole array, a slice or a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["affine", "exponents", "grouped", "scaled_blocks"]

_BIAS = 127  # of a stored exponent
_NOT_A_NUMBER = 255


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


def exponents(stored: AnyArray, /) -> AnyArray:
    """
    Return the powers of two that E8M0 scales stand for.

    Parameters
    ----------
    stored : array of uint8 or float8_e8m0fnu, any shape
        Exponents of two plus 127; 255 for not a number.

    Returns
    -------
    array of float32
        The powers of two, in the shape of `stored`.

    References
    ----------
    Open Compute Project (2023), OCP Microscaling Formats (MX) Specification v1.0, section 5.4.1.

    Examples
    --------
    >>> exponents(np.array([126, 127, 255], np.uint8))
    array([0.5, 1. , nan], dtype=float32)
    """
    codes = np.asarray(stored).view(np.uint8).astype(np.int32)
    out: AnyArray = np.ldexp(np.float32(1), np.minimum(codes, _NOT_A_NUMBER - 1) - _BIAS)
    out[codes == _NOT_A_NUMBER] = np.nan
    return out


def scaled_blocks(
    W: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    /,
    *,
    block: tuple[int, int] | None = None,
) -> AnyArray:
    """
    Subtract the zero point of every block of a matrix, and multiply it by its scale.

    Parameters
    ----------
    W : array, shape (m, n)
        Floats of at most 8 bits, or integers.
    scale : array, shape (ceil(m / rows), ceil(n / columns)), or (m,), (m, 1), (1,) or ()
        One scale per block, one per row, or a single scale.
    zero_point : array, optional
        Zero points in the shape of `scale`; 0 by default.
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
        If the number of scales differs from that of blocks, or from that of zero points.

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
    >>> scaled_blocks(np.array([[3, 5]], np.int8), np.float32(0.5), np.int8(1))
    array([[1., 2.]], dtype=float32)
    """
    numbers, scales = np.asarray(W), np.asarray(scale).astype(np.float32)
    real = numbers.astype(np.float32)
    if zero_point is not None:
        zeros = np.asarray(zero_point).astype(np.float32)
        if zeros.size != scales.size:
            msg = f"scales of the shape {scales.shape} and zero points of the shape {zeros.shape}"
            raise ModelFormatError(msg)
        real = real - _over_blocks(zeros.reshape(scales.shape), numbers.shape, block)
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = real * _over_blocks(scales, numbers.shape, block)
    return out


def _over_blocks(
    parameter: AnyArray, shape: tuple[int, ...], block: tuple[int, int] | None
) -> AnyArray:
    """Return scales or zero points of blocks in a shape that broadcasts with a matrix."""
    if parameter.size == 1 or parameter.shape in ((shape[0],), (shape[0], 1)):
        return parameter.reshape(-1, 1)
    rows, columns = _block(shape, parameter.shape, block)
    every_row, every_column = (
        np.arange(n) // b for n, b in zip(shape, (rows, columns), strict=True)
    )
    out: AnyArray = parameter[every_row][:, every_column]
    return out


def grouped(
    q: AnyArray,
    scales: AnyArray,
    offsets: AnyArray | None = None,
    /,
    *,
    group_size: int | None = None,
) -> AnyArray:
    """
    Multiply groups of columns by their scales, and add their offsets.

    Parameters
    ----------
    q : array, shape (m, n)
        Integers or narrow floats.
    scales : array, shape (m, groups)
        One scale per row and group of columns.
    offsets : array, shape (m, groups), optional
        Added to the products; 0 by default.
    group_size : int, optional
        Columns of a group; by default equal shares.

    Returns
    -------
    array of float32, shape (m, n)
        ``q * scale + offset``.

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    MLX 0.32, ``mlx.core.dequantize``.

    Examples
    --------
    >>> grouped(np.array([[1, 2, 3, 4]]), np.array([[1.0, 2.0]]), np.array([[0.5, -1.0]]))
    array([[1.5, 2.5, 5. , 7. ]], dtype=float32)
    """
    numbers, wide = np.asarray(q), np.asarray(scales).astype(np.float32)
    count = wide.shape[1] if wide.ndim == 2 else 0
    size = group_size or (-(-numbers.shape[1] // count) if count and numbers.ndim == 2 else 0)
    fits = size > 0 and len(wide) == len(numbers) and -(-numbers.shape[1] // size) == count
    if not fits or (offsets is not None and offsets.shape != wide.shape):
        msg = f"a matrix of {numbers.shape} cannot have scales of the shape {wide.shape}"
        raise ModelFormatError(msg + (f" in groups of {group_size}" if group_size else ""))
    every = np.arange(numbers.shape[1]) // size
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = numbers.astype(np.float32) * wide[:, every]
        if offsets is not None:
            out += np.asarray(offsets).astype(np.float32)[:, every]
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
