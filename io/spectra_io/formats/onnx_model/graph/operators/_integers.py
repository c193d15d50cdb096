"""Integer weights: their scales and zero points are other inputs, or come after the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.dequantization import dequantized
from spectra_io.formats.onnx_model.graph.operators._kernels import transposed_kernel
from spectra_io.formats.onnx_model.graph.operators._parts import (
    UNKNOWN_SCALE,
    Around,
    Part,
    Rule,
    Unread,
)
from spectra_io.formats.onnx_model.graph.operators._products import gemm
from spectra_io.formats.onnx_model.graph.scales import scale_of_weight
from spectra_io.formats.onnx_model.graph.values import Value, reshaped

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = [
    *("float8_gemm", "integers", "scaled", "scaled_gemm", "scaled_transposed"),
    "unknown_scale",
]


def scaled(rule: Rule, scale: int, zero: int, axis: int) -> Rule:
    """Return the rule for integers whose scale and zero point are other inputs."""

    def quantized(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        if call.unknown(zero) or not value.shape:
            return UNKNOWN_SCALE
        at = axis % len(value.shape)
        real = dequantized(value, _flat(call.input(scale)), _flat(call.input(zero)), axis=at)
        return rule(call, real, around) if real else UNKNOWN_SCALE

    return quantized


def scaled_gemm(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the weight of QGemm, with one scale per output."""
    return scaled(gemm, 4, 5, 0 if call.whole("transB", 0) else 1)(call, value, around)


def scaled_transposed(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the kernel of QLinearConvTranspose, (in, out / groups, positions...)."""
    scale = call.input(4)
    if call.whole("group", 1) != 1 and scale is not None and scale.size > 1:
        return Unread("a scale for each output, in groups: not read")
    return scaled(transposed_kernel, 4, 5, 1)(call, value, around)


def float8_gemm(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the weight of GemmFloat8, with a scale if it has 8 bits."""
    if value.dtype in REALS:
        return gemm(call, value, around)
    real = None if call.unknown(4) else dequantized(value, call.input(4), None)
    return gemm(call, real, around) if real else UNKNOWN_SCALE


def _flat(value: Value | None) -> Value | None:
    """Return a value without its axes of length one, if all but one are."""
    if value is None or len(value.shape) < 2 or max(value.shape) != value.size:
        return value
    return reshaped(value, (value.size,))


def integers(rule: Rule, weight: int, zero: int, axis: int) -> Rule:
    """Return the rule for integers whose product is scaled by a later operator."""

    def scaled_later(call: Call, value: Value, around: Around) -> list[Part] | Unread:
        if call.unknown(zero) or not value.shape:
            return UNKNOWN_SCALE
        found = scale_of_weight(call, around, weight=weight, zero=zero, other=1 - weight)
        if isinstance(found, str):
            return Unread(found)
        last = len(value.shape) - 1 if axis == 0 else -axis  # of the result, from its last axis
        scale = _along(found, last)
        if scale is None:
            return Unread(f"its scale has the shape {'x'.join(map(str, found.shape))}")
        real = dequantized(value, scale, _flat(call.input(zero)), axis=axis % len(value.shape))
        return rule(call, real, around) if real else UNKNOWN_SCALE

    return scaled_later


def _along(scale: Value, last: int) -> Value | None:
    """Return a scale as a vector if it lies along one axis, counted from the last as 1."""
    wide = [len(scale.shape) - i for i, size in enumerate(scale.shape) if size > 1]
    return _flat(scale) if wide in ([], [last]) else None


def unknown_scale(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    return UNKNOWN_SCALE
