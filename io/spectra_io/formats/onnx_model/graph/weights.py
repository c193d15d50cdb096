"""Weights: the role of each input of an operator, and the matrices that it computes with."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from spectra.models.quantization import nbits
from spectra.models.structure import GATES
from spectra.models.tensors import MOST_PARTS
from spectra_io.formats.onnx_model.graph.arithmetic import dequantized, with_helpers
from spectra_io.formats.onnx_model.graph.values import Value, cut, mapped, reshaped, transposed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["ROLES", "Around", "Part", "Purpose", "purpose"]

_EQUATION = re.compile(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]*)")


class Part(NamedTuple):
    """
    A weight of an operator, as a matrix or kernel.

    Examples
    --------
    >>> Part("i", None).groups
    1
    """

    label: str
    """Name of the part, if the operator has several weights in one input."""
    value: Value | None
    """A matrix (out, in), or a kernel (out, in, positions...); ``None`` if it is not known."""
    groups: int = 1
    """Number of groups of a convolution."""


class Around(Protocol):
    """
    The operators before and after one, as far as they concern its weight.

    Examples
    --------
    >>> hasattr(Around, "split")
    True
    """

    def split(self, call: Call, length: int, /) -> list[int]:
        """Return the lengths of the parts into which the last axis of the output is split."""

    def scale(self, call: Call, /) -> Value | None:
        """Return the constant that scales the output of an integer product."""


if TYPE_CHECKING:
    _Rule = Callable[[Call, Value, Around], list[Part]]


class Purpose(NamedTuple):
    """
    The role of an input of an operator, and the rule that makes weights of it.

    Examples
    --------
    >>> Purpose("bias").parts is None
    True
    """

    role: str
    """One of :data:`spectra.models.roles.ROLES`."""
    parts: Callable[[Call, Value, Around], list[Part] | None] | None = None
    """Rule that returns the weights, or ``None`` for integers without a scale."""


def _numbered(value: Value | None, make: Callable[[Value], list[Part]]) -> list[Part]:
    """Return the parts of every matrix of a stack, (..., rows, columns)."""
    if value is None:
        return []
    ahead = value.shape[:-2]
    if math.prod(ahead) > MOST_PARTS or value.depth > 30:
        return []
    if not ahead:
        return make(value)
    found = []
    for i in range(value.shape[0]):
        one = cut(value, 0, i, i + 1)
        inner = one and reshaped(one, one.shape[1:])
        parts = _numbered(inner or None, make)
        several = value.shape[0] > 1
        found += [
            p._replace(label=".".join(filter(None, [str(i) if several else "", p.label])))
            for p in parts
        ]
    return found


def _rows(value: Value, sizes: Sequence[int], labels: Sequence[str] = ()) -> list[Part]:
    """Cut a matrix (out, in) into parts of its outputs."""
    names = labels or [str(i) for i in range(len(sizes))]
    if len(sizes) < 2:
        return [Part("", value)]
    ends = np.cumsum(sizes).tolist()
    return [
        Part(name, cut(value, 0, end - size, end))
        for name, size, end in zip(names, sizes, ends, strict=True)
        if size
    ]


def _upright(value: Value) -> Value | None:
    """Return a matrix that is stored (in, out) as (out, in)."""
    return transposed(value, (1, 0))


def _outputs(call: Call, value: Value | None, around: Around) -> list[Part]:
    """Return a matrix (out, in), cut like the output of the operator is split."""
    return _rows(value, around.split(call, value.shape[0])) if value else []


def _right_factor(call: Call, value: Value, around: Around) -> list[Part]:
    """Return W of x @ W, stored (in, out), or the matrices of a stack."""
    flipped = call.whole("transB", 0)  # of com.microsoft's FusedMatMul
    return _numbered(value, lambda W: _outputs(call, W if flipped else _upright(W), around))


def _left_factor(call: Call, value: Value, around: Around) -> list[Part]:
    flipped = call.whole("transA", 0)
    return _numbered(value, lambda W: [Part("", _upright(W) if flipped else W)])


def _gemm(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    return _outputs(call, value if call.whole("transB", 0) else _upright(value), around)


def _gemm_left(call: Call, value: Value, around: Around) -> list[Part]:
    if len(value.shape) != 2:
        return []
    return [Part("", _upright(value) if call.whole("transA", 0) else value)]


def _table(call: Call, value: Value, around: Around) -> list[Part]:
    return [Part("", value)] if len(value.shape) == 2 else []


def _groups(call: Call, value: Value) -> int:
    groups = call.whole("group", 1)
    return groups if groups > 0 and value.shape[0] % groups == 0 else 1


def _kernel(call: Call, value: Value, around: Around) -> list[Part]:
    return [Part("", value, _groups(call, value))] if 3 <= len(value.shape) <= 5 else []


def _swapped(kernel: AnyArray, *, groups: int) -> AnyArray:
    """Return (in, out / groups, positions...) as (out, in / groups, positions...)."""
    first, second, *axes = kernel.shape
    apart = kernel.reshape(groups, first // groups, second, *axes).swapaxes(1, 2)
    out: AnyArray = apart.reshape(groups * second, first // groups, *axes)
    return out


def _transposed_kernel(call: Call, value: Value, around: Around) -> list[Part]:
    if not 3 <= len(value.shape) <= 5:
        return []
    groups = _groups(call, value)
    first, second, *axes = value.shape
    shape = (groups * second, first // groups, *axes)
    return [Part("", mapped(value, _swapped, shape, groups=groups), groups)]


def _gates(call: Call, value: Value | None, around: Around) -> list[Part]:
    """Return the gates of W or R, (directions, gates x hidden, columns)."""
    gates = GATES["onnx"][call.operator]
    if value is None or len(value.shape) != 3 or value.shape[1] % len(gates):
        return []
    directions, height, columns = value.shape
    if directions not in (1, 2):
        return []
    hidden, found = height // len(gates), []
    names = ("forward", "reverse") if directions == 2 else ("",)
    for d, direction in enumerate(names):
        for g, gate in enumerate(gates):
            one = cut(value, 0, d, d + 1)
            part = one and cut(one, 1, g * hidden, (g + 1) * hidden)
            matrix = part and reshaped(part, (hidden, columns))
            found.append(Part(".".join(filter(None, [direction, gate])), matrix))
    return found


def _einsum(call: Call, value: Value, around: Around) -> list[Part]:
    """Return (out, in), in being the summed indices, for each index that all terms share."""
    if "equation" not in call.attributes:
        return []
    equation = call.attributes["equation"].s.decode("utf-8", "replace").replace(" ", "")
    if not (match := _EQUATION.fullmatch(equation)):
        return []
    at = 0 if call.input(0) is value else 1
    mine, other, result = match[1 + at], match[2 - at], match[3]
    if len(mine) != len(value.shape) or len(set(mine)) != len(mine):
        return []
    stacked = [c for c in mine if c in other and c in result]
    summed = [c for c in mine if c not in result]
    kept = [c for c in mine if c in result and c not in other]
    moved = transposed(value, tuple(mine.index(c) for c in (*stacked, *kept, *summed)))
    sides = dict(zip(mine, value.shape, strict=True))
    shape = [math.prod(sides[c] for c in axes) for axes in (stacked, kept, summed)]
    return _numbered(moved and reshaped(moved, shape), lambda W: [Part("", W)])


def _heads(call: Call, value: Value | None, around: Around) -> list[Part]:
    """Return q, k and v of com.microsoft's Attention, stored (in, q + k + v)."""
    if value is None or len(value.shape) != 2:
        return []
    columns = value.shape[1]
    given = call.attributes.get("qkv_hidden_sizes")
    sizes = list(given.ints) if given else [columns // 3] * 3
    upright = _upright(value)
    if len(sizes) != 3 or sum(sizes) != columns or min(sizes) < 0 or upright is None:
        return [Part("", upright)]
    return _rows(upright, sizes, "qkv")


def _scaled(
    rule: _Rule, scale: int, zero: int, axis: int
) -> Callable[[Call, Value, Around], list[Part] | None]:
    """Return the rule for integers whose scale and zero point are other inputs."""

    def quantized(call: Call, value: Value, around: Around) -> list[Part] | None:
        if call.unknown(zero) or not value.shape:
            return None
        at = axis % len(value.shape)
        real = dequantized(value, _flat(call.input(scale)), _flat(call.input(zero)), axis=at)
        return rule(call, real, around) if real else None

    return quantized


def _scaled_gemm(call: Call, value: Value, around: Around) -> list[Part] | None:
    """Return the weight of QGemm, with one scale per output."""
    return _scaled(_gemm, 4, 5, 0 if call.whole("transB", 0) else 1)(call, value, around)


def _flat(value: Value | None) -> Value | None:
    """Return a value without its axes of length one, if all but one are."""
    if value is None or len(value.shape) < 2 or max(value.shape) != value.size:
        return value
    return reshaped(value, (value.size,))


def _integers(
    rule: _Rule, zero: int, axis: int
) -> Callable[[Call, Value, Around], list[Part] | None]:
    """Return the rule for integers whose product is scaled by a later operator."""

    def scaled_later(call: Call, value: Value, around: Around) -> list[Part] | None:
        if call.unknown(zero) or not value.shape:
            return None
        scale = _flat(around.scale(call))
        real = dequantized(value, scale, _flat(call.input(zero)), axis=axis % len(value.shape))
        return rule(call, real, around) if real else None

    return scaled_later


def _unknown_scale(call: Call, value: Value, around: Around) -> list[Part] | None:
    return None


def _unpacked(call: Call, value: Value, around: Around) -> list[Part] | None:
    """Return the weight of com.microsoft's MatMulNBits, (out, in)."""
    wanted = {name: call.whole(name, 0) for name in ("N", "K", "bits", "block_size")}
    wanted["bits"] = wanted["bits"] or 4
    rows, columns, bits, block = (wanted[name] for name in ("N", "K", "bits", "block_size"))
    scales, zeros = call.input(2), call.input(3)
    if scales is None or call.unknown(3) or call.names[4:5] not in ([], [""]):
        return None
    if min(wanted.values()) < 1 or 8 % bits:
        return None
    if -(-columns // block) * block * bits * rows != value.size * 8:
        return None
    made = mapped(
        value,
        nbits,
        (rows, columns),
        dtype="float32",
        rows=rows,
        columns=columns,
        bits=bits,
        block_size=block,
    )
    return _outputs(call, with_helpers(made, (value, scales, zeros), (scales, zeros)), around)


_LEFT = (_left_factor, _gemm_left)
_DENSE = {0: Purpose("dense", _left_factor), 1: Purpose("dense", _right_factor)}
_GEMM = {0: Purpose("dense", _gemm_left), 1: Purpose("dense", _gemm), 2: Purpose("bias")}
_CONV = {1: Purpose("conv", _kernel), 2: Purpose("bias")}
_CELL = {1: Purpose("recurrent", _gates), 2: Purpose("recurrent", _gates), 3: Purpose("bias")}
_NORM, _BIAS, _TABLE = Purpose("norm"), Purpose("bias"), Purpose("embedding", _table)

_STANDARD: dict[str, dict[int, Purpose]] = {
    "Gemm": _GEMM,
    "MatMul": _DENSE,
    "Einsum": {0: Purpose("dense", _einsum), 1: Purpose("dense", _einsum)},
    "Conv": _CONV,
    "ConvTranspose": {1: Purpose("conv", _transposed_kernel), 2: _BIAS},
    "Gather": {0: _TABLE},
    "LSTM": {**_CELL, 7: _BIAS},
    "GRU": _CELL,
    "RNN": _CELL,
    "BatchNormalization": dict.fromkeys(range(1, 5), _NORM),
    "InstanceNormalization": dict.fromkeys((1, 2), _NORM),
    "LayerNormalization": dict.fromkeys((1, 2), _NORM),
    "GroupNormalization": dict.fromkeys((1, 2), _NORM),
    "RMSNormalization": {1: _NORM},
    "DequantizeLinear": {0: Purpose("quantized", _unknown_scale)},
    "QLinearConv": {3: Purpose("conv", _scaled(_kernel, 4, 5, 0)), 8: _BIAS},
    "QLinearMatMul": {
        0: Purpose("dense", _scaled(_left_factor, 1, 2, -2)),
        3: Purpose("dense", _scaled(_right_factor, 4, 5, -1)),
    },
    "ConvInteger": {1: Purpose("conv", _integers(_kernel, 3, 0))},
    "MatMulInteger": {
        0: Purpose("dense", _integers(_left_factor, 2, -2)),
        1: Purpose("dense", _integers(_right_factor, 3, -1)),
    },
}
_MICROSOFT: dict[str, dict[int, Purpose]] = {
    "FusedGemm": _GEMM,
    "FusedMatMul": _DENSE,
    "GemmFastGelu": {1: Purpose("dense", _right_factor), 2: _BIAS},
    "FusedConv": _CONV,
    "NhwcFusedConv": _CONV,
    "Attention": {1: Purpose("dense", _heads), 2: _BIAS},
    "PackedAttention": {1: Purpose("dense", _heads), 2: _BIAS},
    "QAttention": {1: Purpose("dense", _scaled(_heads, 4, 7, -1)), 2: _BIAS},
    "MatMulNBits": {1: Purpose("dense", _unpacked), 5: _BIAS},
    "MatMulIntegerToFloat": {1: Purpose("dense", _scaled(_right_factor, 3, 5, -1)), 6: _BIAS},
    "DynamicQuantizeMatMul": {1: Purpose("dense", _scaled(_right_factor, 2, 3, -1)), 4: _BIAS},
    "QGemm": {3: Purpose("dense", _scaled_gemm), 6: _BIAS},
    "EmbedLayerNormalization": {**dict.fromkeys((2, 3, 4), _TABLE), 5: _NORM, 6: _NORM},
    "SkipLayerNormalization": {2: _NORM, 3: _NORM, 4: _BIAS},
    "SimplifiedLayerNormalization": {1: _NORM},
    "SkipSimplifiedLayerNormalization": {2: _NORM, 3: _BIAS},
    "BiasGelu": {1: _BIAS},
    "FastGelu": {1: _BIAS},
    "DynamicQuantizeLSTM": dict.fromkeys((1, 2), Purpose("recurrent", _unknown_scale)) | {3: _BIAS},
    "MatMulBnb4": {1: Purpose("dense", _unknown_scale)},
    "QMoE": dict.fromkeys((2, 5, 8), Purpose("experts", _unknown_scale)),
    "MoE": {i: Purpose("experts", _left_factor) for i in (2, 4, 6)}
    | dict.fromkeys((3, 5, 7), _BIAS),
}

ROLES: Mapping[str, Mapping[str, Mapping[int, Purpose]]] = {
    "": _STANDARD,
    "ai.onnx": _STANDARD,
    "com.microsoft": {**_STANDARD, **_MICROSOFT},
}
"""Purposes of operator inputs by domain, operator and position; other inputs are constants."""

_ADDS_VECTOR = {"Add", "Sum"}
_NOTHING = Purpose("constant")


def purpose(domain: str, call: Call, index: int, /) -> Purpose:
    """
    Return the purpose of a constant input of an operator.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    call : Call
        The operator.
    index : int
        Position of the input.

    Returns
    -------
    Purpose
        The role, and the rule that makes weights of the input.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> purpose("", Call("Gemm", {}, ["x", "w"], [None, None], ["y"]), 1).role
    'dense'
    """
    value = call.input(index)
    vector = value is not None and sum(size > 1 for size in value.shape) == 1
    if call.operator in _ADDS_VECTOR and vector:
        return _BIAS
    found = ROLES.get(domain, {}).get(call.operator, {}).get(index, _NOTHING)
    # in a product of two constants, the first is the activations
    left = found.parts in _LEFT and call.input(1) is not None
    return _NOTHING if left else found
