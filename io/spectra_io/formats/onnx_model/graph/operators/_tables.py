"""Tables of vectors that are looked up by index: Gather, and GatherBlockQuantized."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.dtypes import BY_NAME
from spectra.models.quantization import affine, unpack
from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.casts import INTEGERS as _INTEGERS
from spectra_io.formats.onnx_model.graph.dequantization import dequantized
from spectra_io.formats.onnx_model.graph.lookups import of_table
from spectra_io.formats.onnx_model.graph.operators._choices import chosen
from spectra_io.formats.onnx_model.graph.operators._parts import (
    UNKNOWN_SCALE,
    Around,
    Part,
    Unread,
    misfit,
)
from spectra_io.formats.onnx_model.graph.values import Value, combined, cut

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["block_stack", "block_table", "table"]


def table(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the table of a Gather; integers with the scale that the operators behind it apply."""
    if len(value.shape) != 2:
        return []
    if value.dtype not in _INTEGERS or call.operator != "Gather":
        return [Part("", value)]
    if (found := of_table(call, around)) is None:
        return UNKNOWN_SCALE if _INTEGERS[value.dtype] <= 8 else [Part("", value)]
    if call.whole("axis", 0) != 0 and found.axis is not None:
        return Unread("scales along an axis, behind a lookup along another: not read")
    real = dequantized(value, found.scale, found.zero, axis=found.axis, block_size=found.block_size)
    return [Part("", real)] if real else UNKNOWN_SCALE


def block_table(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the table of com.microsoft's GatherBlockQuantized, (indices, features)."""
    real = _dequantized(call, value)
    return real if isinstance(real, Unread) else [Part("", real)] if len(value.shape) == 2 else []


def block_stack(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the matrices of a stack that GatherBlockQuantized chooses from."""
    real = _dequantized(call, value)
    if isinstance(real, Unread) or real is None:
        return real or [Part("", None)]
    return chosen(call, real, around)


def _dequantized(call: Call, value: Value) -> Value | Unread | None:
    """Return what GatherBlockQuantized looks up as real numbers, or the reason why not."""
    ndim = len(value.shape)
    axis = counted(call.whole("quantize_axis", 1), ndim)
    block, scales, zeros = call.whole("block_size", 128), call.input(2), call.input(3)
    bits = call.whole("bits", 4) if value.dtype == "uint8" else BY_NAME[value.dtype].bits
    real = BY_NAME[value.dtype].kind == "float"
    if value.dtype not in ("uint8", "int4", "uint4") and not real:
        return Unread(f"{value.dtype}: not read")
    if bits not in (2, 4, 8) or not 0 <= axis < ndim or block < (0 if real else 1):
        return Unread(f"{bits} bits along axis {axis} in blocks of {block}: not read")
    if scales is None or call.unknown(3):
        return UNKNOWN_SCALE
    each = 8 // bits if value.dtype == "uint8" else 1
    if each > 1 and axis != ndim - 1:
        return Unread(f"packed along the last axis, in blocks along axis {axis}: not read")
    shape = (*value.shape[:-1], each * value.shape[-1])
    size = block or shape[axis]
    blocks = (*shape[:axis], -(-shape[axis] // max(size, 1)), *shape[axis + 1 :])
    alike = {blocks, tuple(n if i == axis else 1 for i, n in enumerate(blocks))}
    held = (*blocks[:axis], -(-blocks[axis] // each), *blocks[axis + 1 :])
    wanted = misfit(call, 2, *(alike if real else ()), blocks) or misfit(call, 3, held)
    if wanted or (real and zeros is not None):
        return wanted or Unread("input 3 beside floats: not read")
    function = partial(_real, bits=bits, axis=axis, block_size=size, packed=each > 1)
    given = [value, scales, zeros]
    made = combined(function, given, shape, main=value, dtype=scales.dtype)

    def slices(along: int, start: int, stop: int) -> Value | None:
        """Dequantize some of the first axis alone, each with its own scales."""
        parts = [cut(one, 0, start, stop) if one else None for one in given]
        first = parts[0]
        if along or not axis or first is None or scales.shape[0] != shape[0]:
            return None
        size = (stop - start, *shape[1:])
        return combined(function, parts, size, main=first, dtype=scales.dtype)

    return made and replace(made, slices=slices)


def _real(
    q: AnyArray,
    scales: AnyArray,
    zeros: AnyArray | None = None,
    *,
    bits: int,
    axis: int,
    block_size: int,
    packed: bool,
) -> AnyArray:
    """Return real numbers; bytes without zero points have them in the middle of their range."""
    middle = np.uint8(1 << (bits - 1))
    whole = unpack(q, bits) if packed else q
    count = -(-whole.shape[axis] // block_size)
    sides = (*whole.shape[:axis], count, *whole.shape[axis + 1 :])
    wide = np.broadcast_to(scales, sides)
    if zeros is not None and packed:
        zeros = unpack(zeros, bits)[..., :count]
    elif zeros is None and q.dtype == np.uint8:
        zeros = np.full(sides, middle)
    return affine(whole, wide, zeros, axis=axis, block_size=block_size)
