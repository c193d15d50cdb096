"""Arithmetic of constants, element by element (Mul, Sqrt, Where, ...)."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.casts import INTEGERS, REALS
from spectra_io.formats.onnx_model.graph.values import Stored, Value, combined, mapped, reshaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["ARITHMETIC"]


def _relu(x: AnyArray) -> AnyArray:
    out: AnyArray = np.maximum(x, 0)
    return out


def _sigmoid(x: AnyArray) -> AnyArray:
    out: AnyArray = 1 / (1 + np.exp(-x))
    return out


def _softplus(x: AnyArray) -> AnyArray:
    out: AnyArray = np.logaddexp(x, 0)
    return out


_OF_ONE: dict[str, Callable[[AnyArray], AnyArray]] = {
    "Neg": np.negative,
    "Abs": np.abs,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Exp": np.exp,
    "Log": np.log,
    "Sign": np.sign,
    "Tanh": np.tanh,
    "Relu": _relu,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.rint,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
}
_OF_SEVERAL: dict[str, Callable[..., AnyArray]] = {
    "Mul": np.multiply,
    "Div": np.divide,
    "Add": np.add,
    "Sub": np.subtract,
    "Sum": np.add,
    "Min": np.minimum,
    "Max": np.maximum,
    "Pow": np.power,
}
_SUMS = {"Add", "Sub", "Sum"}
_ANY_NUMBER = {"Sum", "Min", "Max"}  # of inputs
_COMPARED: dict[str, Callable[..., AnyArray]] = {
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "GreaterOrEqual": np.greater_equal,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
}


def _main(values: Sequence[Value]) -> Value:
    """Return the value that a result is named after: the largest, made of the largest tensor."""
    sizes = [(v.size, max(map(_count, v.roots))) for v in values]
    return values[sizes.index(max(sizes))]


def _count(stored: Stored) -> int:
    return 0 if stored.is_filled else math.prod(stored.shape)


def _shape(values: Sequence[Value]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*(value.shape for value in values))
    except ValueError:
        return None


def _of_one(array: AnyArray, *, operator: str, to: str) -> AnyArray:
    with np.errstate(all="ignore"):
        wide = array.astype(np.promote_types(to, np.float32))
        out: AnyArray = _OF_ONE[operator](wide).astype(to)
    return out


def _single(call: Call, value: Value) -> list[Value | None]:
    """Return a function of each element of a constant."""
    if value.dtype not in REALS or len(call.inputs) != 1:
        return [None]
    function = partial(_of_one, operator=call.operator, to=value.dtype)
    return [mapped(value, function, value.shape, elementwise=True)]


def _of_several(*arrays: AnyArray, operator: str, to: str) -> AnyArray:
    with np.errstate(all="ignore"):
        out = arrays[0].astype(to, copy=False)
        for array in arrays[1:]:
            out = _OF_SEVERAL[operator](out, array.astype(to, copy=False))
    return out


def _aligned(call: Call, values: list[Value]) -> list[Value]:
    """Return two arrays, the second along the axis of the first that opsets 1 to 6 name."""
    if "axis" not in call.attributes or len(values) != 2:
        return values
    first, second = values
    after = len(first.shape) - counted(call.whole("axis", 0), len(first.shape)) - len(second.shape)
    moved = reshaped(second, (*second.shape, *(1,) * after)) if after > 0 else None
    return [first, moved or second]


def _several(call: Call, value: Value) -> list[Value | None]:
    """Return a constant scaled, shifted or limited by another, or a sum of constants."""
    values = _aligned(call, [given for given in call.inputs if given is not None])
    power = call.operator == "Pow"
    known = {*REALS, *INTEGERS} if power else {*REALS}
    if len(values) != len(call.inputs) or value.dtype not in REALS:
        return [None]
    if {given.dtype for given in values} - known or (shape := _shape(values)) is None:
        return [None]
    if not (len(values) == 2 or (values and call.operator in _ANY_NUMBER)):
        return [None]
    main = value if power else _main(values)
    made = combined(
        partial(_of_several, operator=call.operator, to=main.dtype),
        values,
        shape,
        main=main,
        joins=call.operator in _SUMS and _alike(values, main),
        elementwise=True,
    )
    return [made]


def _alike(values: Sequence[Value], main: Value) -> bool:
    """Return whether all terms of a sum are arrays of one size."""
    return all(value.size == main.size for value in values)


def _clipped(x: AnyArray, *bounds: AnyArray, given: str, to: str) -> AnyArray:
    limits = dict(zip(given.split(), bounds, strict=True))
    out: AnyArray = x.astype(to, copy=False)
    if "least" in limits:
        out = np.maximum(out, limits["least"].reshape(()).astype(to))
    if "most" in limits:
        out = np.minimum(out, limits["most"].reshape(()).astype(to))
    return out


def _clip(call: Call, value: Value) -> list[Value | None]:
    """Return a constant within bounds, which are attributes in old versions of ONNX."""
    if value.dtype not in REALS or call.unknown(1) or call.unknown(2):
        return [None]
    if "min" in call.attributes or "max" in call.attributes:
        least, most = call.number("min", -np.inf), call.number("max", np.inf)
        function = partial(_between, least=least, most=most, to=value.dtype)
        return [mapped(value, function, value.shape, elementwise=True)]
    bounds = {"least": call.input(1), "most": call.input(2)}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if any(bound.size != 1 or bound.dtype not in REALS for bound in given.values()):
        return [None]
    function = partial(_clipped, given=" ".join(given), to=value.dtype)
    values = [value, *given.values()]
    return [combined(function, values, value.shape, main=value, elementwise=True)]


def _between(x: AnyArray, *, least: float, most: float, to: str) -> AnyArray:
    out: AnyArray = np.clip(x.astype(np.promote_types(to, np.float32)), least, most).astype(to)
    return out


def _compared(*arrays: AnyArray, operator: str) -> AnyArray:
    return _COMPARED[operator](*arrays)


def _comparison(call: Call, value: Value) -> list[Value | None]:
    """Return a mask: for each element of two constants, whether they compare so."""
    values = _aligned(call, [given for given in call.inputs if given is not None])
    if len(values) != len(call.inputs) or len(values) != 2:
        return [None]
    value, other = values
    if other.dtype != value.dtype:
        return [None]
    logical = call.operator in {"And", "Or", "Xor"}
    fits = value.dtype in ({"bool"} if logical else {*REALS, *INTEGERS, "bool"})
    if not fits or (shape := _shape(values)) is None:
        return [None]
    function = partial(_compared, operator=call.operator)
    main = _main(values)
    return [combined(function, values, shape, main=main, dtype="bool", elementwise=True)]


def _not(call: Call, value: Value) -> list[Value | None]:
    known = value.dtype == "bool"
    return [mapped(value, np.logical_not, value.shape, elementwise=True) if known else None]


def _chosen(mask: AnyArray, x: AnyArray, y: AnyArray, *, to: str) -> AnyArray:
    out: AnyArray = np.where(mask, x.astype(to, copy=False), y.astype(to, copy=False))
    return out


def _where(call: Call, value: Value) -> list[Value | None]:
    """Return elements of one constant where a mask is true, and of another elsewhere."""
    x, y = call.input(1), call.input(2)
    if x is None or y is None or value.dtype != "bool" or {x.dtype, y.dtype} - {*REALS}:
        return [None]
    if (shape := _shape([value, x, y])) is None:
        return [None]
    main = _main([x, y])
    function = partial(_chosen, to=main.dtype)
    return [combined(function, [value, x, y], shape, main=main, elementwise=True)]


ARITHMETIC: dict[str, Callable[[Call, Value], list[Value | None]]] = {
    **dict.fromkeys(_OF_ONE, _single),
    **dict.fromkeys(_OF_SEVERAL, _several),
    **dict.fromkeys(_COMPARED, _comparison),
    "Clip": _clip,
    "Not": _not,
    "Where": _where,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
