"""Kernels in blocks of channels, as onnxruntime stores them for one kind of processor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import SpectraError
from spectra_io.formats.onnx_model.graph.channels import (
    block_sizes,
    blocked_convolutions,
    channels_of,
    is_blocked,
    is_depthwise,
)
from spectra_io.formats.onnx_model.graph.operators._parts import Around, Part, Unread
from spectra_io.formats.onnx_model.graph.values import Value, cut, mapped

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.same_channels import Channels

__all__ = ["blocked_kernel"]

_MAX_READ = 1 << 24  # elements of kernels that are searched for padding
_MOST_SEARCHED = 64  # kernels whose padding may tell how long blocks are
_MOST_IN_ALL = 5000  # kernels of a graph that are searched for padding


def _plain(kernel: AnyArray, *, size: int, inputs: bool, shape: tuple[int, ...]) -> AnyArray:
    """Return a kernel (out, in, positions...) from blocks of outputs, or of inputs and outputs."""
    rows, columns, *axes = kernel.shape
    positions = math.prod(axes)
    if inputs:
        apart = kernel.reshape(rows // size, columns // size, positions, size, size)
        whole = apart.transpose(0, 4, 1, 3, 2)
    else:
        whole = kernel.reshape(rows // size, columns, positions, size).transpose(0, 3, 1, 2)
    out: AnyArray = whole.reshape(kernel.shape)[: shape[0], : shape[1]]
    return out


def _sizes(around: Around) -> set[int]:
    """Return the lengths that blocks may have, by what the graph states or by their padding."""
    if around.sizes is None:
        around.sizes = block_sizes(around)
        calls = blocked_convolutions(around) if len(around.sizes) > 1 else []
        for call in calls[:_MOST_SEARCHED]:
            padded = {size for size in around.sizes if _zeros_made(call, size) > 0}
            if len(padded) == 1:
                around.sizes = padded
                break
    return around.sizes


def blocked_kernel(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the kernel of com.microsoft.nchwc's Conv, without the channels of the padding."""
    groups = call.whole("group", 1)
    if len(value.shape) != 4 or groups < 1 or not call.outputs:
        return Unread(f"{len(value.shape)} axes in blocks of channels: not read", "unknown")
    sizes = _sizes(around)
    if len(sizes) != 1:
        which = "8 or of 16 channels, which is not said" if sizes else "an unknown length"
        advice = "save the graph with less optimization (ORT_ENABLE_EXTENDED)"
        return Unread(f"in blocks of {which}: {advice}", "unknown")
    (size,), (rows, columns) = sizes, value.shape[:2]
    depthwise = is_depthwise(call)
    grouped = groups > 1 and not depthwise  # such channels are not filled up
    inputs = grouped or (groups == 1 and is_blocked(call.names[0], around))
    if rows % size or (inputs and columns % size):
        return Unread(f"{rows} x {columns} channels in blocks of {size}: not read", "unknown")
    out = rows if grouped else _real(channels_of(call.outputs[0], around), rows, size, around)
    into = columns
    if isinstance(out, Unread):
        return out
    if inputs and not grouped:
        taken = _real(channels_of(call.names[0], around), columns, size, around)
        if isinstance(taken, Unread):
            return taken
        into = taken
    shape = (out, into, *value.shape[2:])
    made = mapped(value, _plain, shape, size=size, inputs=inputs, shape=shape)
    return [Part("", made, out if depthwise else groups)]


def _real(channels: Channels, padded: int, size: int, around: Around) -> int | Unread:
    """Return the number of channels without padding, from what the graph states or the numbers."""
    stated = {padded} if channels.is_even and not channels.counts else channels.counts
    if stated:
        count = max(stated)
        fits = len(stated) == 1 and 0 < count <= padded < count + size
        seen = f"{sorted(stated)} of {padded} channels: not read"
        return count if fits else Unread(seen, "unknown")
    around.searched += len(channels.makers) + len(channels.takers)
    count = _padding(channels, size) if around.searched <= _MOST_IN_ALL else -1
    if 0 <= count < size and channels.makers:
        return padded - count
    return Unread(f"{padded} channels, of which the last may be padding: not read", "unknown")


def _padding(channels: Channels, size: int) -> int:
    """Return the number of channels at the end that no convolution uses; -1 if it is not clear."""
    made = set[int]()
    for call in channels.makers[:_MOST_SEARCHED]:
        made.add(_zeros_made(call, size))
        if 0 in made:
            return 0
    kernels = [call.input(1) for call in channels.takers]
    if sum(kernel.size if kernel else 0 for kernel in kernels) > _MAX_READ:
        return -1
    found = made | {_zeros_taken(call, size) for call in channels.takers}
    return min(found) if len(found) == 1 and channels.takers else -1


def _zeros_made(call: Call, size: int) -> int:
    """Return the number of outputs at the end of which kernel and bias are zero."""
    kernel, bias = call.input(1), call.input(2)
    last = cut(kernel, 0, kernel.shape[0] - size, kernel.shape[0]) if kernel else None
    of_bias = size if bias is None else _zeros(bias, (-1, 1))
    return 0 if of_bias == 0 else min(of_bias, _zeros(last, (-1, size), axis=1))


def _zeros_taken(call: Call, size: int) -> int:
    """Return the number of inputs at the end for which a kernel is zero."""
    kernel = call.input(1)
    if kernel is None or len(kernel.shape) != 4:
        return -1
    if is_depthwise(call):
        return _zeros_made(call, size)
    rows, columns, *axes = kernel.shape
    blocks = (rows // size, columns // size, math.prod(axes), size, size)
    return _zeros(kernel, blocks, axis=3, last=1)


def _zeros(value: Value | None, shape: tuple[int, ...], axis: int = 0, last: int = -1) -> int:
    """Return the number of zero slices at the end of an axis, in the last block of another."""
    try:
        array: AnyArray = np.zeros(0) if value is None else value.source().reshape(shape)
    except (SpectraError, OSError, ValueError):  # reported where the tensor itself is read
        return -1
    if last >= 0:
        array, axis = array.take(-1, last), axis - (last < axis)
    if not array.size:
        return -1
    others = tuple(i for i in range(array.ndim) if i != axis)
    used = np.flatnonzero((array != 0).any(others))
    return int(array.shape[axis] - 1 - used[-1]) if used.size else array.shape[axis]
