"""Stacks of experts: MoE, and QMoE with packed weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.models.quantization import affine, scaled_blocks, unpack
from spectra.models.tensors import MOST_PARTS
from spectra_io.formats.onnx_model.graph.operators._parts import (
    UNKNOWN_SCALE,
    Around,
    Part,
    Rule,
    Unread,
    misfit,
    upright,
)
from spectra_io.formats.onnx_model.graph.values import Value, combined, cut, mapped, reshaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["experts", "packed_experts"]

_FIRST, _SECOND, _THIRD = 1, 2, 3  # fc1, fc2 and fc3
_FLOATS = {_FIRST: 2, _SECOND: 4, _THIRD: 6}  # inputs of MoE
_PACKED = {_FIRST: 2, _SECOND: 5, _THIRD: 8}  # inputs of QMoE, each before its scales
_ZEROS = {_FIRST: 11, _SECOND: 12, _THIRD: 13}
_OVERALL = {_FIRST: 15, _SECOND: 16}  # one scale per expert
_INTERLEAVED, _STACKED = 1, 2  # values of swiglu_fusion


def _word(call: Call, name: str, default: str) -> str:
    given = call.attributes.get(name)
    return given.s.decode("utf-8", "replace") if given else default


def _fusion(call: Call) -> int:
    """Return how fc1 holds gate and up; 0 if it does not."""
    gated = _word(call, "activation_type", "relu") in {"swiglu", "geglu"}
    return call.whole("swiglu_fusion", 0) if gated else 0


def _one(stack: Value | None, index: int) -> Value | None:
    """Return one expert of a stack."""
    piece = stack and cut(stack, 0, index, index + 1)
    return reshaped(piece, piece.shape[1:]) if piece else None


def _every_second(W: AnyArray, *, start: int) -> AnyArray:
    return W[start::2]


def _numbered(count: int, make: Callable[[int], Value | None], fusion: int) -> list[Part] | Unread:
    """Return the matrices (out, in) of all experts, gate and up apart."""
    if 2 * count > MOST_PARTS:
        return Unread(f"{count} experts: not read", "unknown")
    found = []
    for index in range(count):
        W = make(index)
        if W is None or fusion not in (_INTERLEAVED, _STACKED) or W.shape[0] % 2:
            found.append(Part(str(index), W))
            continue
        half = W.shape[0] // 2
        for start, name in enumerate(("gate", "up")):
            if fusion == _STACKED:
                part = cut(W, 0, start * half, (start + 1) * half)
            else:
                part = mapped(W, _every_second, (half, W.shape[1]), start=start)
            found.append(Part(f"{index}.{name}", part))
    return found


def experts(which: int) -> Rule:
    """Return the rule for fc1, fc2 or fc3 of com.microsoft's MoE, (experts, out, in)."""

    def rule(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        if len(value.shape) != 3:
            return []
        fusion = _fusion(call) if which == _FIRST else 0
        turned = _is_turned(call, around)
        if turned is None:
            return Unread("fc1 and fc2 do not fit together: not read", "unknown")

        def make(index: int) -> Value | None:
            one = _one(value, index)
            return one and upright(one) if turned else one

        return _numbered(value.shape[0], make, fusion)

    return rule


def _is_turned(call: Call, around: Around) -> bool | None:
    """Return whether the experts are (in, out), as in old versions; None if neither can be."""
    first, second = call.input(_FLOATS[_FIRST]), call.input(_FLOATS[_SECOND])
    if first is None or second is None or not len(first.shape) == len(second.shape) == 3:
        return False
    (a, b), (c, d) = first.shape[1:], second.shape[1:]
    wider = 2 if _fusion(call) else 1
    upright, turned = b == c and a == wider * d, a == d and b == wider * c
    if upright and turned:  # the width of the input tells, or the length of a bias
        shape, bias = around.inputs(call)[0].shape, call.input(_FLOATS[_FIRST] + 1)
        width = shape[-1] if shape else None
        outputs = bias.shape[-1] if bias is not None and bias.shape else None
        return (width == a or outputs == b) and not (width == b or outputs == a)
    return turned if upright or turned else None


def packed_experts(which: int) -> Rule:
    """Return the rule for fc1, fc2 or fc3 of com.microsoft's QMoE."""

    def rule(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        kind = _word(call, "quant_type", "int")
        if len(value.shape) != 3 or kind not in ("int", "fp8"):
            return Unread(f"quant_type {kind[:20]}, {len(value.shape)} axes: not read")
        make = (_integers if kind == "int" else _floats)(call, value, which)
        if isinstance(make, Unread):
            return make
        return _numbered(value.shape[0], make, _fusion(call) if which == _FIRST else 0)

    return rule


def _bits(call: Call, which: int) -> int:
    return call.whole(f"fc{which}_expert_weight_bits", call.whole("expert_weight_bits", 4))


def _integers(call: Call, value: Value, which: int) -> Callable[[int], Value | None] | Unread:
    """Return a function that makes an expert of packed integers, low bits first along its row."""
    scales, zeros = call.input(_PACKED[which] + 1), call.input(_ZEROS[which])
    bits, block = _bits(call, which), max(0, call.whole("block_size", 0))
    if bits not in (2, 3, 4, 8) or (bits == 3 and not block):
        return Unread(f"{bits} bits in blocks of {block}: not read")
    if scales is None or call.unknown(_ZEROS[which]) or len(scales.shape) != (3 if block else 2):
        return UNKNOWN_SCALE
    if fault := _prepacked(call):
        return fault
    count, rows = value.shape[0], scales.shape[1]
    columns = block * scales.shape[2] if block else 8 * value.shape[2] // bits
    held = -(-(scales.shape[2] if block else rows) * bits // 8)
    fault = (
        misfit(call, _PACKED[which], (count, rows, -(-columns * bits // 8)))
        or misfit(call, _PACKED[which] + 1, (count, *scales.shape[1:]))
        or misfit(call, _ZEROS[which], (count, rows, held) if block else (count, held))
    )
    function = partial(_real, bits=bits, columns=columns, block_size=block)

    def make(index: int) -> Value | None:
        one, scale = _one(value, index), _one(scales, index)
        given = [one, scale, _one(zeros, index)]
        if one is None or scale is None:
            return None
        return combined(function, given, (rows, columns), main=one, dtype="float32")

    return fault or make


def _prepacked(call: Call) -> Unread | None:
    """
    Return the reason if the integers may be in the order of one kind of device.

    Such weights are stored as (experts, in, packed out), others as (experts, out, packed in); the
    scales are (experts, out, ...). Where nothing is said, the shapes decide.
    """
    said = call.whole("weights_prepacked", -1)
    if said == 0:
        return None
    if said == -1:
        for which in (_FIRST, _SECOND, _THIRD):
            value, scales = call.input(_PACKED[which]), call.input(_PACKED[which] + 1)
            if value is None or scales is None or min(len(value.shape), len(scales.shape)) < 2:
                continue
            packed, rows = value.shape[-1], scales.shape[1]
            if value.shape[1] == rows and packed != rows * _bits(call, which) // 8:
                return None
    return Unread("packed for one kind of device, or not said to be not: not read")


def _real(
    q: AnyArray,
    scales: AnyArray,
    zeros: AnyArray | None = None,
    *,
    bits: int,
    columns: int,
    block_size: int,
) -> AnyArray:
    wide = scales.astype(np.float32)
    if zeros is None:
        points = np.full(wide.shape, 1 << (bits - 1), np.uint8)
    else:
        points = unpack(zeros, bits)[..., : wide.shape[-1]]
    axis = 1 if block_size else 0
    return affine(unpack(q, bits)[:, :columns], wide, points, axis=axis, block_size=block_size)


def _floats(call: Call, value: Value, which: int) -> Callable[[int], Value | None] | Unread:
    """Return a function that makes an expert of 8-bit floats in square blocks, or as a whole."""
    block = call.whole("block_size", 0)
    scales = call.input(_PACKED[which] + 1 if block > 0 else _OVERALL.get(which, -1))
    if scales is None:
        return UNKNOWN_SCALE
    count, rows, columns = value.shape
    blocks = (count, -(-rows // block), -(-columns // block)) if block > 0 else (count,)
    if scales.shape != blocks:
        return Unread(f"scales of the shape {scales.shape}, not {blocks}: not read")
    function = partial(scaled_blocks, block=(block, block) if block > 0 else None)

    def make(index: int) -> Value | None:
        one, scale = _one(value, index), _one(scales, index)
        if one is None or scale is None:
            return None
        return combined(function, [one, scale], (rows, columns), main=one, dtype="float32")

    return make
