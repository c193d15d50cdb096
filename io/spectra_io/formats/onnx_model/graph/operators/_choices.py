"""Choices: stacks of matrices of which the network chooses some, as a mixture of experts does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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

_MAX_STEPS = 8  # operators between a choice and the product
_SAME = frozenset(("Cast", "Identity", "CastLike", "Dropout"))


class _Used(NamedTuple):
    """The product that takes the chosen matrices."""

    call: Call
    around: Around
    is_left: bool
    is_turned: bool


def _turns(call: Call) -> bool | None:
    """Return whether a Transpose swaps the last two axes only; ``None`` if it does more."""
    perm = list(call.attributes["perm"].ints) if "perm" in call.attributes else []
    ahead = list(range(len(perm) - 2))
    if len(perm) < 3 or perm[:-2] != ahead:
        return None
    return bool(perm[-1] == len(perm) - 2)


def _used(call: Call, around: Around) -> _Used | None:
    """Return the product that follows a choice, if nothing else does."""
    place, turned = Place(around, call.outputs[0] if call.outputs else ""), False
    for _ in range(_MAX_STEPS):
        users = place.users()
        if len(users) != 1:
            return None
        user, there = users[0]
        if user.operator == "MatMul":
            return _Used(user, there.around, user.names[0] == there.name, turned)
        turns = _turns(user) if user.operator == "Transpose" else False
        if turns is None or user.operator not in _SAME | {"Transpose"} or not user.outputs:
            return None
        place, turned = there._replace(name=user.outputs[0]), turned != turns
    return None


def chosen(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the matrices of a stack (count, rows, columns) that an index chooses from."""
    at_first = call.whole("axis", 0) == 0 and call.whole("batch_dims", 0) == 0
    used = _used(call, around) if at_first and len(value.shape) == 3 else None
    if used is None:
        return Unread(f"a choice from {len(value.shape)} axes by no known product", "constant")

    def make(W: Value) -> list[Part]:
        """Return a matrix (out, in): on the left it is stored so, on the right (in, out)."""
        matrix = W if used.is_left != used.is_turned else upright(W)
        return outputs(used.call, matrix, used.around, -2 if used.is_left else -1)

    return numbered(value, make)
