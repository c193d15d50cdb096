"""Packed integers: several numbers of few bits in a word, with one scale per group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models.quantization._unpacking import unpack, unpack_apart

if TYPE_CHECKING:
    from spectra._typing import AnyArray

__all__ = ["awq", "gptq", "nbits", "packed_integers"]

_AWQ_ORDER = [0, 4, 1, 5, 2, 6, 3, 7]  # position in its word of each of eight columns


def _refuse(what: str, **shapes: object) -> NoReturn:
    given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    msg = f"{what}: these do not fit together: {given}"
    raise ModelFormatError(msg)


def gptq(
    qweight: AnyArray,
    qzeros: AnyArray,
    scales: AnyArray,
    g_idx: AnyArray | None = None,
    /,
    *,
    bits: int = 4,
    zero_offset: int = 1,
    symmetric: bool = False,
    group_size: int | None = None,
    carry: bool = False,
) -> AnyArray:
    """
    Dequantize a GPTQ layer.

    Parameters
    ----------
    qweight : array of int32, shape (in * bits / 32, out)
        The weights, packed along the inputs.
    qzeros : array of int32, shape (groups, out * bits / 32)
        The zero points, packed along the outputs.
    scales : array, shape (groups, out)
        Scales of the groups.
    g_idx : array of int, shape (in,), optional
        The group of each input; by default, groups of equal size in order.
    bits : int, default: 4
        Bits of a number.
    zero_offset : int, default: 1
        Added to the stored zero points: 1 in the first checkpoint format, 0 in "gptq_v2".
    symmetric : bool, default: False
        Whether every zero point is known to be ``2 ** (bits - 1)``, whatever the offset.
    group_size : int, optional
        Inputs of a group, where there is no `g_idx`; by default equal shares.
    carry : bool, default: False
        Whether 1 was subtracted from whole words of zero points, as GPTQModel does: a zero point of
        0 then borrows from the next. By default from each of them. Not for 3 bits.

    Returns
    -------
    array of float32, shape (out, in)
        Scale times (weight minus zero point).

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together, a group does not exist, or the zero points of symmetric
        weights are neither ``2 ** (bits - 1)`` nor one less.

    References
    ----------
    Frantar et al. (2023), GPTQ, arXiv:2210.17323; the layout of AutoGPTQ 0.7, ``qlinear_cuda``.

    Examples
    --------
    >>> qweight = np.array([[0x76543210]], np.int32)  # the inputs 0 to 7 of one output
    >>> qzeros = np.array([[2]], np.int32)
    >>> gptq(qweight, qzeros, np.array([[0.5]]))
    array([[-1.5, -1. , -0.5,  0. ,  0.5,  1. ,  1.5,  2. ]], dtype=float32)
    """
    q = unpack(qweight.T, bits).T
    if carry and zero_offset and not symmetric:
        qzeros, zero_offset = _with_carry(qzeros, bits), 0
    zeros = unpack(qzeros, bits)[:, : scales.shape[-1]]
    groups = len(scales)
    if zeros.shape != scales.shape or q.shape[1:] != scales.shape[1:] or not groups:
        _refuse("GPTQ", qweight=qweight.shape, qzeros=qzeros.shape, scales=scales.shape)
    size = group_size or max(1, -(-len(q) // groups))
    index = np.arange(len(q)) // size if g_idx is None else g_idx
    if index.shape != (len(q),) or (len(q) and not 0 <= index.min() <= index.max() < groups):
        _refuse("GPTQ", qweight=qweight.shape, scales=scales.shape, g_idx=index.shape)
    if symmetric:
        zero_offset = _symmetric_offset(zeros, bits)
    # the zero point 0 is stored as -1, which is all ones
    shifted = ((zeros.astype(np.int32) + zero_offset) & ((1 << bits) - 1)).astype(np.float32)
    wide = scales.astype(np.float32)
    out: AnyArray = (wide[index] * (q.astype(np.float32) - shifted[index])).T
    return out


def _with_carry(words: AnyArray, bits: int) -> AnyArray:
    """Add 1 to every packed number, as a sum of whole words in which one carries to the next."""
    ones = np.uint32(sum(1 << place for place in range(0, 32, bits)))
    out: AnyArray = (np.ascontiguousarray(words).view(np.uint32) + ones).view(np.int32)
    return out


def _symmetric_offset(zeros: AnyArray, bits: int) -> int:
    """Return what has to be added to stored zero points that all stand for half the range."""
    half = 1 << (bits - 1)
    for offset in (0, 1):
        if (zeros == half - offset).all():
            return offset
    msg = f"GPTQ: symmetric weights of {bits} bits with zero points other than {half}"
    raise ModelFormatError(msg)


def awq(qweight: AnyArray, qzeros: AnyArray, scales: AnyArray, /) -> AnyArray:
    """
    Dequantize an AWQ layer, of 4-bit numbers.

    Parameters
    ----------
    qweight : array of int32, shape (in, out / 8)
        The weights, packed along the outputs in the order 0, 2, 4, 6, 1, 3, 5, 7.
    qzeros : array of int32, shape (groups, out / 8)
        The zero points, packed likewise.
    scales : array, shape (groups, out)
        Scales of the groups.

    Returns
    -------
    array of float32, shape (out, in)
        Scale times (weight minus zero point).

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together.

    References
    ----------
    Lin et al. (2024), AWQ, arXiv:2306.00978; the layout of AutoAWQ, ``WQLinear_GEMM``.

    Examples
    --------
    >>> qweight = np.array([[0x75316420]], np.int32)  # the outputs 0 to 7 of one input
    >>> awq(qweight, np.zeros((1, 1), np.int32), np.ones((1, 8)))[:, 0]
    array([0., 1., 2., 3., 4., 5., 6., 7.], dtype=float32)
    """
    q, zeros = (_in_order(unpack(words, 4)) for words in (qweight, qzeros))
    groups = len(scales)
    fits = groups and len(q) % groups == 0 and q.shape[1:] == zeros.shape[1:] == scales.shape[1:]
    if not fits or len(zeros) != groups:
        _refuse("AWQ", qweight=qweight.shape, qzeros=qzeros.shape, scales=scales.shape)
    index = np.arange(len(q)) // max(len(q) // groups, 1)
    wide = scales.astype(np.float32)
    out: AnyArray = (wide[index] * (q.astype(np.float32) - zeros[index].astype(np.float32))).T
    return out


def _in_order(q: AnyArray) -> AnyArray:
    eights = q.reshape(len(q), q.shape[1] // 8, 8)[:, :, _AWQ_ORDER]
    return eights.reshape(q.shape)


def packed_integers(
    packed: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    g_idx: AnyArray | None = None,
    /,
    *,
    bits: int,
    columns: int,
    group_size: int | None = None,
    dense: bool = False,
) -> AnyArray:
    """
    Dequantize the pack-quantized layout.

    Parameters
    ----------
    packed : array of int32, shape (out, ceil(in / (32 // bits))), or (out, ceil(in * bits / 32))
        The weights plus ``2 ** (bits - 1)``, packed along the inputs, low bits first.
    scale : array, shape (out, groups), or (1,)
        Scales of the groups, or one for all.
    zero_point : array, optional
        Zero points: of int32, packed along the outputs as the weights are along the inputs; or of
        another type in the shape of `scale`, as they are. 0 by default.
    g_idx : array of int, shape (in,), optional
        The group of each input; by default, groups of equal size in order.
    bits : int
        Bits of a number.
    columns : int
        Number of inputs; packed numbers beyond are padding.
    group_size : int, optional
        Inputs of a group; by default equal shares.
    dense : bool, default: False
        Whether numbers are packed across the borders of words.

    Returns
    -------
    array of float32, shape (out, in)
        Scale times (weight minus zero point).

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together, or a group does not exist.

    References
    ----------
    compressed-tensors 0.20, ``pack_quantized``.

    Examples
    --------
    >>> packed = np.array([[0x0FEDCBA9]], np.int32)
    >>> packed_integers(packed, np.array([[0.5]]), bits=4, columns=4)
    array([[0.5, 1. , 1.5, 2. ]], dtype=float32)
    """
    out_of = unpack if dense else unpack_apart
    half, q = 1 << (bits - 1), out_of(packed, bits)
    scales = scale.astype(np.float32).reshape(len(scale) if scale.ndim else 1, -1)
    size = group_size or -(-columns // max(scales.shape[1], 1))
    index = np.arange(columns) // max(size, 1) if g_idx is None else g_idx
    fits = 0 < columns <= q.shape[1] and len(scales) in (1, len(q)) and index.shape == (columns,)
    if not fits or not 0 <= index.min() <= index.max() < scales.shape[1]:
        _refuse("packed integers", packed=packed.shape, scale=scale.shape, columns=columns)
    numbers = q[:, :columns].astype(np.float32) - half
    if zero_point is not None:
        packed_zeros = zero_point.dtype == np.int32 and zero_point.ndim == 2
        zeros = zero_point
        if packed_zeros:
            zeros = out_of(zero_point.T, bits).T[: len(scales)].astype(np.float32) - half
        if zeros.size != scales.size:
            _refuse("packed integers", zero_point=zero_point.shape, scale=scales.shape)
        numbers -= zeros.astype(np.float32).reshape(scales.shape)[:, index]
    with np.errstate(over="ignore", invalid="ignore"):
        out: AnyArray = numbers * scales[:, index]
    return out


def nbits(
    packed: AnyArray,
    scales: AnyArray,
    zero_points: AnyArray | None = None,
    g_idx: AnyArray | None = None,
    /,
    *,
    rows: int,
    columns: int,
    bits: int,
    block_size: int,
) -> AnyArray:
    """
    Dequantize the weight of MatMulNBits, an operator of onnxruntime.

    Parameters
    ----------
    packed : array of uint8, shape (N, blocks, block_size * bits / 8)
        The weights, low bits first.
    scales : array, N * blocks numbers
        Scales of the groups.
    zero_points : array, optional
        Packed like the weights, each row padded to whole bytes; or unpacked, in the type of the
        scales; ``2 ** (bits - 1)`` by default.
    g_idx : array of integers, shape (K,) or (blocks * block_size,), optional
        Group of each input, whose scale and zero point it has; by default that of its block.
    rows, columns : int
        N and K, numbers of outputs and inputs.
    bits : int
        Bits of a number: 2, 4 or 8.
    block_size : int
        Inputs that share a scale.

    Returns
    -------
    array of float32, shape (N, K)
        Scale times (weight minus zero point).

    Raises
    ------
    ModelFormatError
        If the shapes do not fit together, or a group is not there.

    References
    ----------
    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md,
    com.microsoft.MatMulNBits

    Examples
    --------
    >>> packed = np.array([0x98, 0xBA], np.uint8)
    >>> nbits(packed, np.ones(1), rows=1, columns=4, bits=4, block_size=4)
    array([[0., 1., 2., 3.]], dtype=float32)
    """
    blocks = -(-columns // max(block_size, 1))
    if packed.size * 8 != rows * blocks * block_size * bits or scales.size != rows * blocks:
        _refuse("MatMulNBits", B=packed.shape, scales=scales.shape, N=rows, K=columns)
    q = unpack(packed.reshape(rows, -1), bits).reshape(rows, blocks, block_size)
    zeros = _zero_points(zero_points, rows, blocks, bits)
    wide = scales.astype(np.float32).reshape(rows, blocks, 1)
    if g_idx is not None:
        return _in_groups(q.reshape(rows, -1)[:, :columns], zeros, wide, g_idx)
    real = (q.astype(np.float32) - zeros) * wide
    out: AnyArray = real.reshape(rows, blocks * block_size)[:, :columns]
    return out


def _in_groups(q: AnyArray, zeros: AnyArray | float, scales: AnyArray, g_idx: AnyArray) -> AnyArray:
    """Return real numbers, each input with the scale and the zero point of its group."""
    groups = g_idx.reshape(-1)[: q.shape[1]].astype(np.int64)
    if len(groups) < q.shape[1] or np.any((groups < 0) | (groups >= scales.shape[1])):
        _refuse("MatMulNBits", B=q.shape, groups=scales.shape[1], g_idx=g_idx.shape)
    shifts = zeros if isinstance(zeros, float) else zeros[:, groups, 0]
    out: AnyArray = (q.astype(np.float32) - shifts) * scales[:, groups, 0]
    return out


def _zero_points(given: AnyArray | None, rows: int, blocks: int, bits: int) -> AnyArray | float:
    if given is None:
        return float(1 << (bits - 1))
    if given.dtype != np.uint8:
        zeros = given.astype(np.float32)
    else:
        zeros = unpack(given.reshape(rows, -1), bits)[:, :blocks].astype(np.float32)
    if zeros.size != rows * blocks:
        _refuse("MatMulNBits", zero_points=given.shape, N=rows, blocks=blocks)
    return zeros.reshape(rows, blocks, 1)
