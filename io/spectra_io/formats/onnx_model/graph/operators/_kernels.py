"""Kernels of convolutions: Conv and ConvTranspose."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._parts import Around, Part
from spectra_io.formats.onnx_model.graph.values import Value, mapped, reshaped, transposed

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["kernel", "transposed_kernel"]


def _groups(call: Call, value: Value) -> int:
    groups = call.whole("group", 1)
    return groups if groups > 0 and value.shape[0] % groups == 0 else 1


def kernel(call: Call, value: Value, around: Around) -> list[Part]:
    return [Part("", value, _groups(call, value))] if 3 <= len(value.shape) <= 5 else []


def _swapped(kernel: AnyArray, *, groups: int) -> AnyArray:
    """Return (in, out / groups, positions...) as (out, in / groups, positions...)."""
    first, second, *axes = kernel.shape
    apart = kernel.reshape(groups, first // groups, second, *axes).swapaxes(1, 2)
    out: AnyArray = apart.reshape(groups * second, first // groups, *axes)
    return out


def transposed_kernel(call: Call, value: Value, around: Around) -> list[Part]:
    """
    Return the kernel (out, in, positions...) of ConvTranspose.

    A kernel of one output channel is the matrix (positions, in): a matrix per position would have a
    single row.
    """
    if not 3 <= len(value.shape) <= 5:
        return []
    groups = _groups(call, value)
    first, second, *axes = value.shape
    if groups == second == 1:
        flat = reshaped(value, (first, math.prod(axes)))
        return [Part("", flat and transposed(flat, (1, 0)))]
    shape = (groups * second, first // groups, *axes)
    return [Part("", mapped(value, _swapped, shape, groups=groups), groups)]
