"""Lookups: find the scale of a table of integers behind the operator that looks rows up in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.calls import counted
from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.scales import MOVING, factors_after, named_like, stems
from spectra_io.formats.onnx_model.graph.surroundings import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["Quantization", "of_table"]

_MAX_STEPS = 64  # operators behind the one that looks up
_SCALED = {  # by operator and input: the inputs with the scale and the zero point of it
    ("DequantizeLinear", 0): (1, 2),
    ("QLinearMatMul", 0): (1, 2),
    ("QLinearConv", 0): (1, 2),
    ("QLinearMatMul", 3): (4, 5),
    ("MatMulIntegerToFloat", 0): (2, 4),
    ("QGemm", 0): (1, 2),
    ("QAttention", 0): (3, 6),
    ("QLinearAdd", 0): (1, 2),
    ("QLinearAdd", 3): (4, 5),
    ("QLinearMul", 0): (1, 2),
    ("QLinearMul", 3): (4, 5),
    ("QLinearSigmoid", 0): (1, 2),
}


class Quantization(NamedTuple):
    """
    The meaning of the integers of a table.

    Examples
    --------
    >>> Quantization(None).axis is None
    True
    """

    scale: Value | None
    zero: Value | None = None
    axis: int | None = None
    """Axis of the table along which the scales lie; ``None`` for a single scale."""
    block_size: int = 0


def _behind(call: Call, around: Surroundings) -> Iterator[tuple[Call, Place, bool]]:
    """Yield the operators that use what was looked up, and whether it was moved before."""
    todo = [(Place(around, name), False) for name in call.outputs[:1]]
    for _ in range(_MAX_STEPS):
        if not todo:
            return
        place, is_moved = todo.pop(0)
        for user, at in place.users():
            if user.operator in MOVING and at.name == user.names[0]:
                moved = is_moved or user.operator != "Identity"
                todo += [(Place(at.around, name), moved) for name in user.outputs[:1]]
            else:
                yield user, at, is_moved


def _looked_up(call: Call, user: Call, index: int, around: Surroundings) -> Value | None:
    """Return the table of scales, or of zero points, of which the same rows are looked up."""
    maker = around.maker(user.names[index]) if index < len(user.names) else None
    alike = maker is not None and maker.operator == "Gather" and len(maker.names) == 2
    if maker is None or not alike or maker.names[1] != call.names[1]:
        return None
    return maker.input(0) if maker.whole("axis", 0) == call.whole("axis", 0) == 0 else None


def _dequantized(call: Call, user: Call, at: Place, is_moved: bool) -> Quantization | None:
    """Return the meaning that an operator with inputs for scales gives to what was looked up."""
    index = list(user.names).index(at.name)
    if (user.operator, index) not in _SCALED:
        return None
    places = _SCALED[user.operator, index]
    scale, zero = (user.input(place) for place in places)
    if scale is not None and scale.size == 1 and not user.unknown(places[1]):
        return Quantization(scale, zero)
    if user.operator != "DequantizeLinear" or is_moved:
        return None
    ndim, axis = at.sketch().ndim, user.whole("axis", 1)
    last = axis == -1 or (ndim is not None and counted(axis, ndim) == ndim - 1)
    block = user.whole("block_size", 0)
    if not last:
        return None
    if scale is not None and len(scale.shape) == 1 and not block and not user.unknown(places[1]):
        return Quantization(scale, zero, 1)
    scale, zero = (_looked_up(call, user, place, at.around) for place in places)
    if scale is None or not block or (zero is None and user.unknown(places[1])):
        return None
    return Quantization(scale, zero, 1, block)


def _multiplied(call: Call, user: Call, at: Place) -> Quantization | None:
    """Return the meaning that the factors after a product of integers give to its left side."""
    if user.operator != "MatMulInteger" or at.name != user.names[0] or user.unknown(2):
        return None
    names = stems(call, 0) | stems(user, 2)
    found = named_like(names, factors_after(user, at.around).known)
    return Quantization(found[0], user.input(2)) if len(found) == 1 else None


def _by_hand(call: Call, user: Call, at: Place) -> Quantization | None:
    """Return the meaning that a Cast and a multiplication by a constant give."""
    users = Place(at.around, user.outputs[0]).users() if user.outputs else []
    if user.operator != "Cast" or len(users) != 1:
        return None
    scale = _factor(users[0][0])
    if scale is None or scale.size != 1 or any(_factor(one) for one, _ in _next(users[0])):
        return None  # of two factors, both or one may be the scale
    return Quantization(scale)


def _factor(user: Call) -> Value | None:
    """Return the real constant that an operator multiplies with."""
    known = [value for value in user.inputs if value is not None]
    real = len(known) == 1 and known[0].dtype in REALS
    return known[0] if user.operator == "Mul" and real else None


def _next(use: tuple[Call, Place]) -> list[tuple[Call, Place]]:
    """Return the operators that use the result of one."""
    user, at = use
    return Place(at.around, user.outputs[0]).users() if user.outputs else []


def _same(one: Quantization, other: Quantization) -> bool:
    """Return whether two operators give integers the same meaning, by the same constants."""
    pairs = [(one.scale, other.scale), (one.zero, other.zero)]
    alike = all(
        a is b or (a is not None and b is not None and (a.roots, a.label) == (b.roots, b.label))
        for a, b in pairs
    )
    return alike and (one.axis, one.block_size) == (other.axis, other.block_size)


def of_table(call: Call, around: Surroundings, /) -> Quantization | None:
    """
    Return the scale of a table of integers, of which an operator looks rows up.

    Parameters
    ----------
    call : Call
        The operator, a Gather.
    around : Surroundings
        Its graph.

    Returns
    -------
    Quantization or None
        ``None`` if no operator behind it tells, or they do not agree.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> of_table(Call("Gather", {}, ["t", "i"], [None] * 2, ["y"]), Surroundings())
    """
    found = [
        meaning
        for user, at, is_moved in _behind(call, around)
        if at.name in user.names
        and (
            meaning := _dequantized(call, user, at, is_moved)
            or _multiplied(call, user, at)
            or _by_hand(call, user, at)
        )
    ]
    return found[0] if found and all(_same(found[0], one) for one in found) else None
