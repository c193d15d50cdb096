"""Matrices packed in numbers of few bits: MatMulNBits and its kin, MatMulBnb4, NVFP4 and FP8."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.models.quantization import bnb4, nbits, nvfp4
from spectra_io.formats.onnx_model.graph.dequantization import dequantized
from spectra_io.formats.onnx_model.graph.operators._parts import (
    UNKNOWN_SCALE,
    Around,
    Part,
    Rule,
    Unread,
    misfit,
    outputs,
    upright,
)
from spectra_io.formats.onnx_model.graph.values import Value, combined

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["Blocks", "bnb4_weight", "fp4_blocks", "fp8_blocks", "nbits_weight", "unread"]

_LEAST_BLOCK = 16
_NF4 = (  # quantiles of a normal distribution, between -1 and 1
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
_FP4 = (0, 0.0625, 8, 12, 4, 6, 2, 3, -0.0, -0.0625, -8, -12, -4, -6, -2, -3)  # twelfths
_TABLES: dict[int, AnyArray] = {  # by quant_type
    0: np.array(_FP4, np.float32) / 12,
    1: np.array(_NF4, np.float32),
}


class Blocks(NamedTuple):
    """
    Inputs and attributes of a matrix (out, in) in blocks of inputs, as of MatMulNBits.

    Examples
    --------
    >>> Blocks().scales
    2
    """

    weight: int = 1
    scales: int = 2
    zeros: int = -1
    """Input with the zero points; -1 for none."""
    order: int = -1
    """Input with the group of each column; -1 for none."""
    rows: str = "N"
    """Attribute with the number of outputs; empty for the first side of the weight."""
    columns: str = "K"
    """Attribute with the number of inputs; empty for the first side of the input before it."""
    prefix: str = ""
    """Beginning of the attributes with the number of bits and the length of a block."""
    splits: bool = False
    """Whether the result is the product alone, whose columns may be used apart."""


def _side(call: Call, name: str, index: int) -> int:
    """Return a length that is an attribute, or the first side of an input."""
    value = call.input(index)
    return call.whole(name, 0) if name else value.shape[0] if value and value.shape else 0


def nbits_weight(layout: Blocks) -> Rule:
    """Return the rule for unsigned integers of few bits, low bits first within each block."""

    def rule(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        bits = call.whole(f"{layout.prefix}bits", 4)
        block = call.whole(f"{layout.prefix}block_size", 0)
        rows = _side(call, layout.rows, layout.weight)
        columns = _side(call, layout.columns, layout.weight - 2)
        if bits not in (2, 4, 8):
            return Unread(f"{bits} bits: not read")
        if min(rows, columns) < 1 or block < _LEAST_BLOCK or block & (block - 1):
            return Unread(f"{rows} x {columns} in blocks of {block}: not read")
        if call.whole("weight_prepacked", 0):
            return Unread("packed for one kind of device: not read")
        if fault := _fault(call, layout, (rows, columns, bits, block)):
            return fault
        scales, zeros = call.input(layout.scales), call.input(layout.zeros)
        g_idx = call.input(layout.order)
        function = partial(
            _nbits,
            with_zeros=zeros is not None,
            rows=rows,
            columns=columns,
            bits=bits,
            block_size=block,
        )
        given = [value, scales, zeros, g_idx]
        made = combined(function, given, (rows, columns), main=value, dtype="float32")
        return outputs(call, made, around) if layout.splits else [Part("", made)]

    return rule


def _fault(call: Call, layout: Blocks, sizes: tuple[int, int, int, int]) -> Unread | None:
    """Return the reason why the inputs do not make a matrix, by their shapes; None if they do."""
    rows, columns, bits, block = sizes
    count = -(-columns // block)
    scales, zeros = call.input(layout.scales), call.input(layout.zeros)
    helpers = (layout.scales, layout.zeros, layout.order)
    if scales is None or any(call.unknown(index) for index in helpers):
        return UNKNOWN_SCALE
    packed = zeros is not None and zeros.dtype == "uint8"
    each = -(-count * bits // 8) if packed else count
    if call.input(layout.order) is not None and (packed or bits != 4):
        beside = "packed zero points" if packed else f"{bits} bits"  # not even run everywhere
        return Unread(f"input {layout.order} beside {beside}: not read")
    return (
        misfit(call, layout.weight, (rows, count, block * bits // 8))
        or misfit(call, layout.scales, (rows * count,), (rows, count))
        or misfit(call, layout.zeros, (rows * each,), (rows, each))
        or misfit(call, layout.order, (count * block,), (columns,))
    )


def _nbits(
    packed: AnyArray, scales: AnyArray, *more: AnyArray, with_zeros: bool, **sizes: int
) -> AnyArray:
    zeros = more[0] if with_zeros else None
    g_idx = more[-1] if len(more) > with_zeros else None
    return nbits(packed, scales, zeros, g_idx, **sizes)


def bnb4_weight(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the weight of com.microsoft's MatMulBnb4, (N, K), in blocks of the flat matrix."""
    rows, columns, block = (call.whole(name, 0) for name in ("N", "K", "block_size"))
    kind, absmax = call.whole("quant_type", -1), call.input(2)
    if kind not in _TABLES:
        return Unread(f"quant_type {kind}: not read")
    if min(rows, columns) < 1 or block < _LEAST_BLOCK or block & (block - 1):
        return Unread(f"{rows} x {columns} in blocks of {block}: not read")
    if absmax is None:
        return UNKNOWN_SCALE
    count = rows * columns
    half, blocks = -(-count // 2), -(-count // block)
    if fault := misfit(call, 1, (half, 1), (half,)) or misfit(call, 2, (blocks,)):
        return fault
    function = partial(_bnb4, kind=kind, rows=rows, columns=columns, block_size=block)
    made = combined(function, [value, absmax], (rows, columns), main=value, dtype="float32")
    return outputs(call, made if call.whole("transB", 1) else made and upright(made), around)


def _bnb4(
    packed: AnyArray, absmax: AnyArray, *, kind: int, rows: int, columns: int, block_size: int
) -> AnyArray:
    return bnb4(packed, _TABLES[kind], absmax, shape=(rows, columns), block_size=block_size)


def fp4_blocks(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the weight of com.microsoft's MatMulBlockQuantizedFp4Weight: NVFP4, (N, K / 2)."""
    scales, overall, block = call.input(2), call.input(3), call.whole("block_size", 16)
    if scales is None or overall is None:
        return UNKNOWN_SCALE
    if len(value.shape) != 2 or block < 1 or 2 * value.shape[1] % block:
        return Unread(f"{value.shape} in blocks of {block}: not read")
    rows, columns = value.shape[0], 2 * value.shape[1]
    if fault := misfit(call, 2, (rows, columns // block)) or misfit(call, 3, (1,), ()):
        return fault
    given = [value, scales, overall]
    return outputs(
        call, combined(nvfp4, given, (rows, columns), main=value, dtype="float32"), around
    )


def fp8_blocks(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the weight of com.microsoft's MatMulBlockQuantizedFp8Weight, (N, K)."""
    block = call.whole("block_size", 128)
    if len(value.shape) != 2 or block < 1:
        return Unread(f"{value.shape} in blocks of {block}: not read")
    if fault := misfit(call, 2, (value.shape[0], -(-value.shape[1] // block))):
        return fault
    real = dequantized(value, call.input(2), None, axis=1, block_size=block)
    return outputs(call, real, around) if real else UNKNOWN_SCALE


def unread(reason: str) -> Rule:
    """Return the rule for weights in a layout that is known and not read."""
    return lambda call, value, around: Unread(reason)
