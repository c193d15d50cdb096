"""Sketches: what a graph tells of the shapes and small integers that it computes with."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.values import small
from spectra_io.formats.onnx_model.numbers import dtype_name, single
from spectra_io.formats.onnx_model.structure import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import onnx

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = [
    "MAX_INPUTS",
    "NOTHING",
    "Length",
    "Sketch",
    "declared",
    "extent",
    "of_constant",
    "sketches",
]

_MAX_NUMBERS = 64  # integers that are followed; a shape has fewer
_MAX_NDIM = 32
_INT_MAX = (1 << 31) - 1  # an end by which exporters mean the end; no length is larger
_MAX_ELEMENTS = 1 << 62


Length = int | str | None
"""A length: known, open with a name (equal wherever the name is), or not known at all."""


MAX_INPUTS = 4096
"""Inputs of an operator of which anything is told; an operator in a real graph has fewer."""


class Sketch(NamedTuple):
    """
    Known lengths and elements of an array that is computed from the input of a network.

    Examples
    --------
    >>> Sketch(("batch", None, 8)).ndim, Sketch().ndim
    (3, None)
    """

    shape: tuple[Length, ...] | None = None
    """Length of each axis; ``None`` if their number is unknown."""
    numbers: AnyArray | None = None
    """Elements of a small array of integers, each known as a length is."""

    @property
    def ndim(self) -> int | None:
        """Number of axes, if known."""
        return None if self.shape is None else len(self.shape)


NOTHING = Sketch()
"""The sketch of an array of which nothing is known."""

if TYPE_CHECKING:
    _Given = Sequence[Sketch]
    _Rule = Callable[[Call, _Given], list[Sketch]]


def declared(info: onnx.ValueInfoProto, /) -> Sketch:
    """
    Return the sketch of an array whose type a graph declares.

    Parameters
    ----------
    info : onnx.ValueInfoProto
        Declaration of an input, output or inner value.

    Returns
    -------
    Sketch
        Its shape. The open lengths that a graph gives a name are equal, as ONNX wants it; one
        without a name is equal to itself only.

    Examples
    --------
    >>> import onnx
    >>> declared(onnx.helper.make_tensor_value_info("x", 1, ["batch", 8])).shape
    ('batch', 8)
    """
    kind = info.type.tensor_type
    if not info.type.HasField("tensor_type") or not kind.HasField("shape"):
        return NOTHING
    sides = kind.shape.dim[: _MAX_NDIM + 1]
    if len(sides) > _MAX_NDIM:
        return NOTHING
    return Sketch(
        tuple(
            d.dim_value
            if d.dim_value >= 0 and d.HasField("dim_value")
            else _name(d, info.name, axis)
            for axis, d in enumerate(sides)
        )
    )


def _name(side: onnx.TensorShapeProto.Dimension, value: str | bytes, axis: int) -> str:
    """Return the name of an open length; onnxruntime takes one below 0 as open, too."""
    return text(side.dim_param) or f"\0{text(value)}\0{axis}"


def of_constant(value: Value, /) -> Sketch:
    """
    Return the sketch of a constant.

    Parameters
    ----------
    value : Value
        The constant.

    Returns
    -------
    Sketch
        Its shape; the elements too, of a few integers of 32 or 64 bits.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.values import Stored, of
    >>> of_constant(of(Stored("axes", (1,), "int64", lambda: np.array([-1])))).numbers
    array([-1], dtype=object)
    """
    known = value.dtype in ("int64", "int32") and value.size <= _MAX_NUMBERS
    few = small(value) if known else None
    return Sketch(value.shape, None if few is None else _array(few, value.shape))


def _array(numbers: Iterable[Length], shape: Sequence[int]) -> AnyArray:
    out = np.empty(math.prod(shape), object)
    out[:] = list(numbers)
    return out.reshape(shape)


def _counting(numbers: AnyArray | None) -> Sketch:
    if numbers is None or numbers.size > _MAX_NUMBERS:
        return NOTHING
    return Sketch(numbers.shape, numbers)


def _whole(given: _Given, index: int) -> list[int] | None:
    """Return the integers at an input, if all are known."""
    numbers = given[index].numbers if index < len(given) else None
    if numbers is None or not all(isinstance(n, int) for n in numbers.ravel()):
        return None
    return [int(n) for n in numbers.ravel()]


def _wholes(call: Call, given: _Given, name: str, index: int) -> list[int] | None:
    """Return integers that are an attribute or, in newer versions, an input."""
    if name in call.attributes:
        return [int(n) for n in call.attributes[name].ints]
    return _whole(given, index)


def _same(call: Call, given: _Given) -> list[Sketch]:
    return [given[0]]


def _cast(call: Call, given: _Given) -> list[Sketch]:
    """Keep integers of 32 and 64 bits; of others the graph computes in another way."""
    shape, numbers = given[0]
    if numbers is None or dtype_name(call.whole("to", 0)) not in ("int32", "int64"):
        return [Sketch(shape)]
    return [Sketch(shape, _array(map(_bounded, numbers.ravel()), numbers.shape))]


def _bounded(number: Length) -> Length:
    """Return a number that 32 bits hold, or an open length; of others nothing is known."""
    return number if isinstance(number, str) or abs(number or 0) <= _INT_MAX else None


def _skipped(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketches of a normalization that returns the sum of its inputs as well."""
    return [Sketch(given[0].shape), NOTHING, NOTHING, Sketch(given[0].shape)]


def _rounded(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketches of integers, of their scale and of their zero point."""
    return [Sketch(given[0].shape), Sketch(()), Sketch(())]


def _same_shape(call: Call, given: _Given) -> list[Sketch]:
    return [Sketch(given[0].shape)]


def _broadcast(*shapes: tuple[Length, ...] | None) -> tuple[Length, ...] | None:
    """Return the shape of an elementwise result; an open length stays open beside 1."""
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    ndim = max(map(len, known), default=0)
    columns = zip(*((1,) * (ndim - len(shape)) + shape for shape in known), strict=True)
    return tuple(map(_longest, columns))


def _longest(sides: Sequence[Length]) -> Length:
    """Return the length of an axis that is broadcast; any open length may be 1."""
    longer = [side for side in sides if side != 1]
    same = longer[0] if len(set(longer)) == 1 else None
    return next((side for side in longer if isinstance(side, int)), same) if longer else 1


_COUNT: dict[str, Callable[[int, int], int]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a // b if a * b > 0 else -(-a // b) if b else 0,
    "Mod": lambda a, b: a % b if b else 0,
    "Min": min,
    "Max": max,
}


def _elementwise(call: Call, given: _Given) -> list[Sketch]:
    shape = _broadcast(*(one.shape for one in given))
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
        _bounded(count(a, b)) if isinstance(a, int) and isinstance(b, int) else None
        for a, b in pairs
    ]
    return [_counting(_array(found, pairs.shape))]


def _matmul(call: Call, given: _Given) -> list[Sketch]:
    left, right = given[0].shape, given[1].shape
    if not left or not right:
        return [NOTHING]
    if len(right) == 1:
        return [Sketch(left[:-1])]
    ahead = _broadcast(left[:-2], right[:-2]) or ()
    return [Sketch((*ahead, *left[-2:-1], right[-1]))]


def _other_product(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketch of a product whose weight is packed, or may be turned."""
    left, right = given[0].shape, given[1].shape if len(given) > 1 else None
    if not left or any(call.whole(f"trans{name}", 0) for name in ("A", "BatchA", "BatchB")):
        return [NOTHING]
    if "N" in call.attributes:
        return [Sketch((*left[:-1], call.whole("N", 0)))]
    if right is None or len(right) != 2:
        return [NOTHING]
    return [Sketch((*left[:-1], right[0 if call.whole("transB", 0) else 1]))]


def _attended(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketch of an attention, as wide as its values; heads may have their own axis."""
    left = given[0].shape
    return [Sketch((*left[:-1], None)) if left and len(left) == 3 else NOTHING]


def _like_indices(call: Call, given: _Given) -> list[Sketch]:
    return [Sketch(given[1].shape) if len(given) > 1 else NOTHING]


def _unpacked(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketch of what is looked up in a packed table, of another width than that."""
    made = _gather(call, given)[0].shape
    return [Sketch((*made[:-1], None)) if made else NOTHING]


def _embedded(call: Call, given: _Given) -> list[Sketch]:
    """Return the sketch of embeddings: one vector for each number of a token."""
    tokens = given[0].shape
    return [Sketch((*tokens, None)) if tokens is not None else NOTHING]


def _gemm(call: Call, given: _Given) -> list[Sketch]:
    left, right = given[0].shape, given[1].shape
    if not left or not right or len(left) != 2 or len(right) != 2:
        return [NOTHING]
    flips = [bool(call.whole(name, 0)) for name in ("transA", "transB")]
    return [Sketch((left[1 if flips[0] else 0], right[0 if flips[1] else 1]))]


def _shape(call: Call, given: _Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [Sketch((None,))]
    start, end = call.whole("start", 0), call.whole("end", len(shape))
    part = shape[start:end]
    return [_counting(_array(part, (len(part),)))]


def _reshape(call: Call, given: _Given) -> list[Sketch]:
    wanted = given[1].numbers if len(given) > 1 else None
    if "shape" in call.attributes:
        wanted = _array(call.attributes["shape"].ints, (len(call.attributes["shape"].ints),))
    if wanted is None:
        sides = given[1].shape if len(given) > 1 else None
        count = sides[0] if sides and len(sides) == 1 else None
        known = isinstance(count, int) and 0 <= count <= _MAX_NDIM
        return [Sketch((None,) * count if isinstance(count, int) and known else None)]
    shape = _filled(wanted.ravel().tolist(), given[0].shape, keep=not call.whole("allowzero", 0))
    return [_of_shape(given[0].numbers, shape)]


def _of_shape(numbers: AnyArray | None, shape: tuple[Length, ...]) -> Sketch:
    """Return the sketch of an array that was given another shape."""
    sides = [side for side in shape if isinstance(side, int)]
    fits = numbers is not None and len(sides) == len(shape) and math.prod(sides) == numbers.size
    return Sketch(shape, numbers.reshape(sides) if numbers is not None and fits else None)


def _filled(
    wanted: Sequence[Length], shape: tuple[Length, ...] | None, *, keep: bool
) -> tuple[Length, ...]:
    """Return the lengths of a reshaped array, with 0 and -1 replaced where that is possible."""
    sides = [
        (shape[i] if shape is not None and i < len(shape) else None) if n == 0 and keep else n
        for i, n in enumerate(wanted)
    ]
    if -1 in sides:
        rest = [n for n in sides if n != -1]
        sides[sides.index(-1)] = _quotient(shape or (None,), rest)
    return tuple(None if isinstance(side, int) and side < 0 else side for side in sides)


def _product(sides: Iterable[Length]) -> Length:
    """Return a product of lengths; of a single open one its name."""
    longer = [side for side in sides if side != 1]
    if len(longer) == 1:
        return longer[0]
    known = [side for side in longer if isinstance(side, int)]
    return _bounded(math.prod(known)) if len(known) == len(longer) else None


def extent(sides: Iterable[Length], /) -> tuple[int, list[str]] | None:
    """
    Return how many elements a shape has, as far as that is known.

    Parameters
    ----------
    sides : iterable of int or str or None
        Lengths.

    Returns
    -------
    tuple of (int, list of str) or None
        The product of the known lengths, and the names of the open ones, in order; ``None`` if a
        length is not known at all or is -1, or if it is more than any array has.

    Examples
    --------
    >>> extent([2, "n", 3, "b"]), extent([2, None])
    ((6, ['b', 'n']), None)
    """
    given = list(sides)
    known = [side for side in given if isinstance(side, int)]
    named = [side for side in given if isinstance(side, str)]
    if len(known) + len(named) < len(given) or min(known, default=0) < 0:
        return None
    return (size, sorted(named)) if (size := math.prod(known)) <= _MAX_ELEMENTS else None


def _quotient(sides: Sequence[Length], taken: Sequence[Length]) -> Length:
    """Return how long the axis is that is left of a shape, of which other lengths are taken."""
    whole, part = extent(sides), extent(taken)
    if whole is None or part is None or not part[0] or whole[0] % part[0]:
        return None
    left = Counter(whole[1])
    left.subtract(part[1])
    if min(left.values(), default=0) < 0:
        return None
    return _product([whole[0] // part[0], *left.elements()])


def _transpose(call: Call, given: _Given) -> list[Sketch]:
    shape = given[0].shape
    given_axes = call.attributes.get("perm")
    if shape is None:
        return [Sketch((None,) * min(len(given_axes.ints), _MAX_NDIM)) if given_axes else NOTHING]
    axes = list(given_axes.ints) if given_axes else list(reversed(range(len(shape))))
    fits = sorted(axes) == list(range(len(shape)))
    return [Sketch(tuple(shape[axis] for axis in axes)) if fits else NOTHING]


def _squeeze(call: Call, given: _Given) -> list[Sketch]:
    shape, axes = given[0].shape, _wholes(call, given, "axes", 1)
    if shape is None or axes is None:
        return [NOTHING]
    gone = {counted(axis, len(shape)) for axis in axes}
    left = tuple(side for i, side in enumerate(shape) if i not in gone)
    return [_of_shape(given[0].numbers, left)]


def _unsqueeze(call: Call, given: _Given) -> list[Sketch]:
    shape, axes = given[0].shape, _wholes(call, given, "axes", 1)
    if shape is None or axes is None or len(shape) + len(axes) > _MAX_NDIM:
        return [NOTHING]
    ndim = len(shape) + len(axes)
    new, sides = {counted(axis, ndim) for axis in axes}, iter(shape)
    if len(new) != len(axes) or any(not 0 <= axis < ndim for axis in new):
        return [NOTHING]
    wider = tuple(1 if i in new else next(sides) for i in range(ndim))
    return [_of_shape(given[0].numbers, wider)]


def _elements(one: Sketch) -> AnyArray | None:
    """Return the elements of a short vector, at least how many there are."""
    if one.numbers is not None or one.shape is None or len(one.shape) != 1:
        return one.numbers
    count = one.shape[0]
    few = isinstance(count, int) and count <= _MAX_NUMBERS
    return np.full(count, None, object) if isinstance(count, int) and few else None


def _concat(call: Call, given: _Given) -> list[Sketch]:
    shapes = [one.shape for one in given]
    first = next((shape for shape in shapes if shape is not None), None)
    if first is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 1), len(first))
    if not 0 <= axis < len(first):
        return [NOTHING]
    counts = [shape[0] if shape and len(shape) == 1 else None for shape in shapes]
    few = sum(n for n in counts if isinstance(n, int)) <= _MAX_NUMBERS
    numbers = [n for one in given if few and (n := _elements(one)) is not None and n.ndim == 1]
    if len(first) == 1 and len(numbers) == len(given):
        return [_counting(np.concatenate(numbers))]
    sides = [shape[axis] if shape is not None and axis < len(shape) else None for shape in shapes]
    known = [side for side in sides if isinstance(side, int)]
    total = sum(known) if len(known) == len(sides) else None
    return [Sketch((*first[:axis], total, *first[axis + 1 :]))]


def _gather(call: Call, given: _Given) -> list[Sketch]:
    shape, index = given[0].shape, given[1] if len(given) > 1 else NOTHING
    if shape is None or index.shape is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 0), len(shape))
    out = (*shape[:axis], *index.shape, *shape[axis + 1 :])
    numbers, which = given[0].numbers, _whole(given, 1)
    if numbers is None or which is None or numbers.ndim != 1:
        return [Sketch(out if len(out) <= _MAX_NDIM else None)]
    if any(not -numbers.size <= i < numbers.size for i in which):
        return [NOTHING]
    found = _array([numbers[i] for i in which], (len(which),))
    return [_of_shape(found, index.shape)]


def _gather_nd(call: Call, given: _Given) -> list[Sketch]:
    shape, index = given[0].shape, given[1].shape if len(given) > 1 else None
    if shape is None or not index or not isinstance(index[-1], int) or call.whole("batch_dims", 0):
        return [NOTHING]
    return [Sketch((*index[:-1], *shape[index[-1] :]))]


def _slice(call: Call, given: _Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [NOTHING]
    starts, ends = _wholes(call, given, "starts", 1), _wholes(call, given, "ends", 2)
    axes, steps = _wholes(call, given, "axes", 3), _wholes(call, given, "steps", 4)
    if axes is None and len(given) > 3:
        return [Sketch((None,) * len(shape))]
    axes = list(range(len(starts or []))) if axes is None else axes
    at = [counted(axis, len(shape)) for axis in axes]
    if starts is None or ends is None or not len(starts) == len(ends) == len(axes):
        return [Sketch(tuple(None if i in at else n for i, n in enumerate(shape)))]
    strides = [1] * len(axes) if len(given) <= 4 or not call.names[4] else steps
    if strides is None or len(strides) != len(axes) or min(strides, default=1) < 1:
        return [Sketch(tuple(None if i in at else n for i, n in enumerate(shape)))]
    spans = dict(zip(at, map(slice, starts, ends, strides), strict=True))
    numbers = given[0].numbers
    if numbers is not None and numbers.ndim == 1 and set(spans) <= {0}:
        return [_counting(numbers[spans.get(0, slice(None))])]
    return [Sketch(tuple(_cut(n, spans[i]) if i in spans else n for i, n in enumerate(shape)))]


def _cut(side: Length, span: slice) -> Length:
    """Return the length of a slice of an axis."""
    if isinstance(side, int):
        return len(range(*span.indices(side)))
    return side if (span.start, span.step) == (0, 1) and span.stop >= _INT_MAX else None


def _split(call: Call, given: _Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [NOTHING]
    axis = counted(call.whole("axis", 0), len(shape))
    known = _wholes(call, given, "split", 1)
    sizes: Sequence[Length] = known if known is not None else [None] * len(call.outputs)
    return [Sketch((*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]


def _same_ndim(call: Call, given: _Given) -> list[Sketch]:
    return [Sketch(None if given[0].shape is None else (None,) * len(given[0].shape))]


def _expand(call: Call, given: _Given) -> list[Sketch]:
    numbers = _elements(given[1]) if len(given) > 1 else None
    wanted = None if numbers is None else tuple(numbers.ravel().tolist())
    return [Sketch(_broadcast(given[0].shape, wanted))]


def _tiled(call: Call, given: _Given) -> list[Sketch]:
    shape, numbers = given[0].shape, given[0].numbers
    times = (
        given[1].numbers.ravel().tolist() if given[1:] and given[1].numbers is not None else None
    )
    if shape is None or times is None or len(times) != len(shape):
        return _same_ndim(call, given)
    few = numbers is not None and numbers.ndim == 1 and isinstance(times[0], int)
    if numbers is not None and few and 0 <= times[0] * numbers.size <= _MAX_NUMBERS:
        return [_counting(np.tile(numbers, times[0]))]
    return [Sketch(tuple(_product([n, k]) for n, k in zip(shape, times, strict=True)))]


def _reduced(call: Call, given: _Given) -> list[Sketch]:
    shape, axes = given[0].shape, _wholes(call, given, "axes", 1)
    if shape is None or (axes is None and len(given) > 1):
        return [NOTHING]
    if not axes and call.whole("noop_with_empty_axes", 0):
        return [Sketch(shape)]
    gone = {counted(axis, len(shape)) for axis in axes or range(len(shape))}
    if call.whole("keepdims", 1):
        return [Sketch(tuple(1 if i in gone else n for i, n in enumerate(shape)))]
    return [Sketch(tuple(n for i, n in enumerate(shape) if i not in gone))]


def _flatten(call: Call, given: _Given) -> list[Sketch]:
    shape = given[0].shape
    if shape is None:
        return [Sketch((None, None))]
    axis = counted(call.whole("axis", 1), len(shape))
    return [Sketch((_product(shape[:axis]), _product(shape[axis:])))]


def _filled_with(call: Call, given: _Given) -> list[Sketch]:
    """Return the shape of ConstantOfShape, and the numbers of a small one that are integers."""
    numbers = given[0].numbers
    if numbers is None or numbers.size > _MAX_NDIM:
        return [NOTHING]
    shape = tuple(numbers.ravel().tolist())
    size, number = extent(shape), _filling(call)
    if number is None or size is None or size[1] or size[0] > _MAX_NUMBERS:
        return [Sketch(shape)]
    return [_counting(np.full([int(n) for n in shape], number, object))]


def _filling(call: Call) -> int | None:
    """Return the number that ConstantOfShape fills an array with, if it is an integer."""
    number = single(call.attributes["value"].t) if "value" in call.attributes else None
    whole = number is not None and number.dtype in (np.int32, np.int64)
    return int(number[0]) if number is not None and whole else None


def _range(call: Call, given: _Given) -> list[Sketch]:
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
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_UNARY, _same_shape),
    "Identity": _same,
    "DynamicQuantizeLinear": _rounded,
    "Cast": _cast,
    "CastLike": _same_shape,
    **dict.fromkeys(("Conv", "FusedConv", "MaxPool", "AveragePool", "Pad"), _same_ndim),
    "Tile": _tiled,
    **dict.fromkeys(("MatMul", "MatMulInteger"), _matmul),
    **dict.fromkeys(_PACKED, _other_product),
    **dict.fromkeys(_ATTENTION, _attended),
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm),
    "Shape": _shape,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Gather": _gather,
    "GatherBlockQuantized": _unpacked,
    "GatherElements": _like_indices,
    "GatherND": _gather_nd,
    "SkipLayerNormalization": _skipped,
    "SkipSimplifiedLayerNormalization": _skipped,
    "EmbedLayerNormalization": _embedded,
    "Slice": _slice,
    "Split": _split,
    "Expand": _expand,
    "Flatten": _flatten,
    **dict.fromkeys((f"Reduce{kind}" for kind in _REDUCTIONS), _reduced),
    "ConstantOfShape": _filled_with,
    "Range": _range,
}
"""Sketches of the outputs of an operator, given those of its inputs."""

_DOMAINS = frozenset(
    ("", "ai.onnx", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")
)


def sketches(call: Call, given: Sequence[Sketch], /) -> list[Sketch]:
    """
    Return what is known of the outputs of an operator.

    Parameters
    ----------
    call : Call
        The operator.
    given : sequence of Sketch
        What is known of each input.

    Returns
    -------
    list of Sketch
        One for each output of which something is known, the first ones.

    Examples
    --------
    >>> call = Call("MatMul", {}, ["x", "w"], [None, None], ["y"])
    >>> sketches(call, [Sketch((None, 5, 8)), Sketch((8, 24))])[0].shape
    (None, 5, 24)
    """
    if call.domain not in _DOMAINS or len(call.names) > MAX_INPUTS:
        return []
    rule = _RULES.get(call.operator) or _RULES.get(call.kind)
    needed = 2 if rule in (_matmul, _gemm) else 1
    operands = [given[index] for index in call.operands]
    if rule is None or len(operands) < needed:
        return []
    found = rule(call, operands)
    return [one if one.ndim is None or one.ndim <= _MAX_NDIM else NOTHING for one in found]
