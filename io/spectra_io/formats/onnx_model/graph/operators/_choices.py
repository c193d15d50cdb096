"""Choices: stacks of matrices of which the network chooses some, as a mixture of experts does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.casts import INTEGERS
from spectra_io.formats.onnx_model.graph.dequantization import DEQUANTIZATIONS, dequantized
from spectra_io.formats.onnx_model.graph.operators._parts import (
    Part,
    Unread,
    numbered,
    outputs,
    upright,
)
from spectra_io.formats.onnx_model.graph.surroundings import Place

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.operators._parts import Around
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["chosen"]

_BYTE = 8  # bits; wider integers are places rather than weights
_MAX_STEPS = 8  # operators between a choice and the product
_SAME = frozenset(("Cast", "Identity", "CastLike", "Dropout"))
_PRODUCTS: dict[tuple[str, int], tuple[int, ...]] = {  # inputs with scale and zero point
    ("MatMul", 0): (),
    ("MatMul", 1): (),
    ("QLinearMatMul", 0): (1, 2),
    ("QLinearMatMul", 3): (4, 5),
    ("MatMulIntegerToFloat", 0): (2, 4),
    ("MatMulIntegerToFloat", 1): (3, 5),
}


class _Used(NamedTuple):
    """The product that takes the chosen matrices, and the stack as it gets there."""

    call: Call
    around: Around
    is_left: bool
    is_turned: bool
    stack: Value


def _turns(call: Call) -> bool | None:
    """Return whether a Transpose swaps the last two axes only; ``None`` if it does more."""
    perm = list(call.attributes["perm"].ints) if "perm" in call.attributes else []
    ahead = list(range(len(perm) - 2))
    if len(perm) < 3 or perm[:-2] != ahead:
        return None
    return bool(perm[-1] == len(perm) - 2)


def _rounded(user: Call, value: Value) -> Value | None:
    """Return a stack after QuantizeLinear or DequantizeLinear with a single scale."""
    scale = user.input(1)
    if scale is None or scale.size != 1:
        return None
    there = replace(user, inputs=[value, *user.inputs[1:]])
    return DEQUANTIZATIONS[user.operator](there, value)[0]


def _real(user: Call, index: int, value: Value) -> Value | None:
    """Return a stack as real numbers, with the scale that a product of integers has for it."""
    places = _PRODUCTS[user.operator, index]
    if not places:
        return value
    scale, zero = (user.input(place) for place in places)
    known = scale is not None and scale.size == 1 and not user.unknown(places[1])
    return dequantized(value, scale, zero) if known else None


def _other(user: Call, index: int) -> int:
    """Return the position of the other factor of a product."""
    return next(i for name, i in _PRODUCTS if name == user.operator and i != index)


def _used(call: Call, value: Value | None, around: Around) -> _Used | None:
    """Return the product that follows a choice, if nothing else does."""
    place, turned = Place(around, call.outputs[0] if call.outputs else ""), False
    for _ in range(_MAX_STEPS):
        users = place.users()
        if len(users) != 1 or value is None:
            return None
        user, there = users[0]
        index = list(user.names).index(there.name) if there.name in user.names else -1
        if (user.operator, index) in _PRODUCTS:
            if user.input(_other(user, index)) is not None:
                return None  # then vectors were looked up, which a constant multiplies
            real = _real(user, index, value)
            return _Used(user, there.around, index == 0, turned, real) if real else None
        turns = _turns(user) if user.operator == "Transpose" else False
        passes = user.operator in _SAME | {"Transpose", *DEQUANTIZATIONS} and index == 0
        if turns is None or not passes or not user.outputs:
            return None
        value = _rounded(user, value) if user.operator in DEQUANTIZATIONS else value
        place, turned = there._replace(name=user.outputs[0]), turned != turns
    return None


def chosen(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the matrices of a stack (count, rows, columns) that an index chooses from."""
    at_first = not any(call.whole(name, 0) for name in ("axis", "gather_axis", "batch_dims"))
    index = around.inputs(call)[1].shape if len(call.names) > 1 else None
    single = call.operator != "GatherND" or (index is not None and index[-1:] == (1,))
    one = at_first and single and len(value.shape) == 3
    used = _used(call, value, around) if one else None
    if used is None:
        role = "quantized" if INTEGERS.get(value.roots[0].dtype, _BYTE + 1) <= _BYTE else "constant"
        return Unread(f"a choice from {len(value.shape)} axes by no known product", role)

    def make(W: Value) -> list[Part]:
        """Return a matrix (out, in): on the left it is stored so, on the right (in, out)."""
        matrix = W if used.is_left != used.is_turned else upright(W)
        return outputs(used.call, matrix, used.around, -2 if used.is_left else -1)

    return numbered(used.stack, make)
