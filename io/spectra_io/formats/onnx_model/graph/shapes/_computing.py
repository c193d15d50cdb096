"""Computing: sketches of what operators compute of arrays, element by element or in products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.shapes._numbers import counting, same_ndim, wholes
from spectra_io.formats.onnx_model.graph.shapes._sides import (
    MAX_NDIM,
    MAX_NUMBERS,
    array_of,
    bounded,
    broadcast,
    extent,
)
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING, Sketch
from spectra_io.formats.onnx_model.numbers import dtype_name, single

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.shapes._numbers import Given, Rule

__all__ = ["COMPUTING", "NEEDS_TWO"]


def _same(call: Call, given: Given) -> list[Sketch]:
    return [given[0]]


def _cast(call: Call, given: Given) -> list[Sketch]:
    """Keep integers of 32 and 64 bits; of others the graph computes in another way."""
    shape, numbers = given[0]
    if numbers is None or dtype_name(call.whole("to", 0)) not in ("int32", "int64"):
        return [Sketch(shape)]
    return [Sketch(shape, array_of(map(bounded, numbers.ravel()), numbers.shape))]


def _skipped(call: Call, given: Given) -> list[Sketch]:
    """Return the sketches of a normalization that returns the sum of its inputs as well."""
    return [Sketch(given[0].shape), NOTHING, NOTHING, Sketch(given[0].shape)]


def _rounded(call: Call, given: Given) -> list[Sketch]:
    """Return the sketches of integers, of their scale and of their zero point."""
    return [Sketch(given[0].shape), Sketch(()), Sketch(())]


def _same_shape(call: Call, given: Given) -> list[Sketch]:
    return [Sketch(given[0].shape)]


_COUNT: dict[str, Callable[[int, int], int]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a // b if a * b > 0 else -(-a // b) if b else 0,
    "Mod": lambda a, b: a % b if b else 0,
    "Min": min,
    "Max": max,
}


def _elementwise(call: Call, given: Given) -> list[Sketch]:
    shape = broadcast(*(one.shape for one in given))
    count = _COUNT.get(call.operator)
    numbers = [one.numbers for one in given if one.numbers is not None]
    if count is None or not len(given) == len(numbers) == 2:
        return [Sketch(shape)]
    if shape is None or not all(
        isinstance(side, int) for side in shape
    ):  # of two arrays that do not fit together
        return [NOTHING]
    try:
        pairs = np.broadcast(*numbers)
    except ValueError:
        return [NOTHING]
    if call.whole("fmod", 0):
        return [Sketch(pairs.shape)]
    found = [
        bounded(count(a, b)) if isinstance(a, int) and isinstance(b, int) else None
        for a, b in pairs
    ]
    return [counting(array_of(found, pairs.shape))]


def _matmul(call: Call, given: Given) -> list[Sketch]:
    left, right = given[0].shape, given[1].shape
    if not left or not right:
        return [NOTHING]
    if len(right) == 1:
        return [Sketch(left[:-1])]
    ahead = broadcast(left[:-2], right[:-2]) or ()
    return [Sketch((*ahead, *left[-2:-1], right[-1]))]


def _other_product(call: Call, given: Given) -> list[Sketch]:
    """Return the sketch of a product whose weight is packed, or may be turned."""
    left, right = given[0].shape, given[1].shape if len(given) > 1 else None
    if not left or any(call.whole(f"trans{name}", 0) for name in ("A", "BatchA", "BatchB")):
        return [NOTHING]
    if "N" in call.attributes:
        return [Sketch((*left[:-1], call.whole("N", 0)))]
    if right is None or len(right) != 2:
        return [NOTHING]
    return [Sketch((*left[:-1], right[0 if call.whole("transB", 0) else 1]))]


def _gemm(call: Call, given: Given) -> list[Sketch]:
    left, right = given[0].shape, given[1].shape
    if not left or not right or len(left) != 2 or len(right) != 2:
        return [NOTHING]
    flips = [bool(call.whole(name, 0)) for name in ("transA", "transB")]
    return [Sketch((left[1 if flips[0] else 0], right[0 if flips[1] else 1]))]


def _attended(call: Call, given: Given) -> list[Sketch]:
    """Return the sketch of an attention, as wide as its values; heads may have their own axis."""
    left = given[0].shape
    return [Sketch((*left[:-1], None)) if left and len(left) == 3 else NOTHING]


def _embedded(call: Call, given: Given) -> list[Sketch]:
    """Return the sketch of embeddings: one vector for each number of a token."""
    tokens = given[0].shape
    return [Sketch((*tokens, None)) if tokens is not None else NOTHING]


def _reduced(call: Call, given: Given) -> list[Sketch]:
    shape, axes = given[0].shape, wholes(call, given, "axes", 1)
    if shape is None or (axes is None and len(given) > 1):
        return [NOTHING]
    if not axes and call.whole("noop_with_empty_axes", 0):
        return [Sketch(shape)]
    gone = {counted(axis, len(shape)) for axis in axes or range(len(shape))}
    if call.whole("keepdims", 1):
        return [Sketch(tuple(1 if i in gone else n for i, n in enumerate(shape)))]
    return [Sketch(tuple(n for i, n in enumerate(shape) if i not in gone))]


def _filled_with(call: Call, given: Given) -> list[Sketch]:
    """Return the shape of ConstantOfShape, and the numbers of a small one that are integers."""
    numbers = given[0].numbers
    if numbers is None or numbers.size > MAX_NDIM:
        return [NOTHING]
    shape = tuple(numbers.ravel().tolist())
    size, number = extent(shape), _filling(call)
    if number is None or size is None or size[1] or size[0] > MAX_NUMBERS:
        return [Sketch(shape)]
    return [counting(np.full([int(n) for n in shape], number, object))]


def _filling(call: Call) -> int | None:
    """Return the number that ConstantOfShape fills an array with, if it is an integer."""
    number = single(call.attributes["value"].t) if "value" in call.attributes else None
    whole = number is not None and number.dtype in (np.int32, np.int64)
    return int(number[0]) if number is not None and whole else None


def _range(call: Call, given: Given) -> list[Sketch]:
    """Return the shape of Range: as long as its limit says, if it counts from 0 by 1."""
    numbers = [one.numbers.ravel().tolist() if one.numbers is not None else [] for one in given]
    if len(numbers) == 3 and numbers[0] == [0] and numbers[2] == [1] and len(numbers[1]) == 1:
        limit = numbers[1][0]
        return [Sketch((max(limit, 0) if isinstance(limit, int) else limit,))]
    return [Sketch((None,))]


_ELEMENTWISE = (
    *("Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Pow", "Where", "And", "Or", "Equal"),
    *("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "PRelu", "Sum", "Mean"),
    *("BitwiseAnd", "BitwiseOr"),
)


_UNARY = (
    *("Relu", "Sigmoid", "Tanh", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Neg", "Abs", "Softmax"),
    *("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "Clip", "Elu"),
    *("LogSoftmax", "Reciprocal", "LeakyRelu", "HardSigmoid", "HardSwish", "Softplus", "Not"),
    *("BatchNormalization", "InstanceNormalization", "GroupNormalization", "QuickGelu", "Floor"),
    *("FastGelu", "BiasGelu", "QuantizeLinear", "DequantizeLinear", "RotaryEmbedding", "Round"),
    *("CumSum", "Sin", "Cos"),
    *("Mish", "Celu", "Selu", "Swish", "Dropout", "IsNaN", "ScatterND"),
    *("Tan", "Trilu", "Silu", "BitwiseNot"),
)


_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp", "LogSum")


_PACKED = (
    *("FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"),
    *("MatMulNBits", "MatMulBnb4", "GemmFastGelu"),
)


_ATTENTION = (
    *("Attention", "QAttention", "MultiHeadAttention", "GroupQueryAttention"),
    "PackedAttention",
)


COMPUTING: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_UNARY, _same_shape),
    "Identity": _same,
    "DynamicQuantizeLinear": _rounded,
    "Cast": _cast,
    "CastLike": _same_shape,
    **dict.fromkeys(("Conv", "FusedConv", "MaxPool", "AveragePool", "Pad"), same_ndim),
    **dict.fromkeys(("MatMul", "MatMulInteger"), _matmul),
    **dict.fromkeys(_PACKED, _other_product),
    **dict.fromkeys(_ATTENTION, _attended),
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm),
    "SkipLayerNormalization": _skipped,
    "SkipSimplifiedLayerNormalization": _skipped,
    "EmbedLayerNormalization": _embedded,
    **dict.fromkeys((f"Reduce{kind}" for kind in _REDUCTIONS), _reduced),
    "ConstantOfShape": _filled_with,
    "Range": _range,
}
"""Sketches of the outputs of an operator, given those of its inputs."""

NEEDS_TWO = frozenset((_matmul, _gemm))
"""Rules that look at the second input, too."""
