"""Scales: find the scale of integers among the operators after a product of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra_io.formats.onnx_model.graph.casts import REALS
from spectra_io.formats.onnx_model.graph.surroundings import Place
from spectra_io.formats.onnx_model.graph.values import Value, combined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.surroundings import Surroundings

__all__ = ["MOVING", "Factors", "factors_after", "named_like", "scale_of_weight", "stems"]

MOVING = frozenset(("Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"))
"""Operators that move the elements of an array and leave them as they are."""

_MAX_STEPS = 8  # from a product to the operator that scales it
_MAX_FACTORS = 8
_ENDING = re.compile(r"[._](quantized|scales?|zero_points?)\Z")
_LONGEST = 1000  # characters of a name


class Factors(NamedTuple):
    """
    The factors by which the result of a product of integers is multiplied.

    Examples
    --------
    >>> Factors([], 1).dynamic
    1
    """

    known: list[tuple[str, Value]]
    """Constant factors, with their names."""
    dynamic: int
    """Number of factors that the network computes from its input."""
    is_moved: bool = False
    """Whether the result was moved before it was multiplied."""


def _leaves(name: str, value: Value | None, around: Surroundings, depth: int = 0) -> Factors:
    """Return the factors that a value is the product of."""
    maker = around.maker(name)
    if maker is not None and depth < _MAX_FACTORS:
        if maker.operator == "Mul" and len(maker.names) == 2:
            both = [
                _leaves(n, maker.input(i), around, depth + 1) for i, n in enumerate(maker.names)
            ]
            return Factors([*both[0].known, *both[1].known], both[0].dynamic + both[1].dynamic)
        if value is None and maker.operator in {"Cast", *MOVING}:
            return _leaves(maker.names[0], maker.input(0), around, depth + 1)
    return Factors([], 1) if value is None else Factors([(name, value)], 0)


def _is_of_activations(name: str, around: Surroundings) -> bool:
    """Return whether the network measures a factor where it rounds the activations."""
    maker = around.maker(name)
    return maker is not None and maker.operator == "DynamicQuantizeLinear"


def factors_after(call: Call, around: Surroundings, /) -> Factors:
    """
    Return the factors by which the result of a product is multiplied, one after the other.

    Parameters
    ----------
    call : Call
        The product.
    around : Surroundings
        Its graph.

    Returns
    -------
    Factors
        Those up to the first operator that does more than to cast, move, shift or scale the
        result, or up to a constant factor and one that the network computes. A lone factor that
        is computed counts only if it is measured where activations are rounded: another one may
        be a gate.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> factors_after(Call("MatMulInteger", {}, ["x", "w"], [None] * 2, ["y"]), Surroundings())
    Factors(known=[], dynamic=0, is_moved=False)
    """
    known: list[tuple[str, Value]] = []
    dynamic, is_moved = 0, False
    place = Place(around, call.outputs[0]) if call.outputs else None
    for _ in range(_MAX_STEPS):
        users = place.users() if place is not None else []
        if len(users) != 1 or not users[0][0].outputs:
            break
        user, at = users[0]
        index = list(user.names).index(at.name) if at.name in user.names else -1
        if user.operator == "Mul" and len(user.names) == 2:
            other = 1 - index
            found = _leaves(user.names[other], user.input(other), at.around)
            measured = _is_of_activations(user.names[other], at.around)
            if dynamic + found.dynamic > 1 or (found.dynamic and not found.known and not measured):
                break
            known, dynamic = [*known, *found.known], dynamic + found.dynamic
            if dynamic and known:
                break
        elif user.operator in MOVING:
            is_moved = is_moved or user.operator != "Identity"
        elif user.operator not in {"Cast", "Add"} and (user.operator, index) != ("Sub", 0):
            break
        place = Place(at.around, user.outputs[0])
    return Factors(known, dynamic, is_moved)


def _stem(name: str) -> str:
    """Return a name without the ending that tools give to a part of a quantized tensor."""
    return _ENDING.sub("", name[:_LONGEST])


def named_like(stems: set[str], known: Sequence[tuple[str, Value]], /) -> list[Value]:
    """
    Return the factors that are named like a tensor or like its zero point.

    Parameters
    ----------
    stems : set of str
        From :func:`stems`.
    known : sequence of (str, Value)
        Constants with their names.

    Returns
    -------
    list of Value
        Those of which the name begins so.

    Examples
    --------
    >>> named_like({"fc.weight"}, [("fc.weight_scale", None), ("x_scale", None)])
    [None]
    """
    return [value for name, value in known if _stem(name) in stems]


def _static(name: str, around: Surroundings) -> Value | None:
    """Return the constant scale by which activations were rounded before."""
    for _ in range(_MAX_STEPS):
        maker = around.maker(name)
        if maker is None or not maker.names:
            return None
        if maker.operator == "QuantizeLinear":
            return maker.input(1)
        if maker.operator not in MOVING:
            return None
        name = maker.names[0]
    return None


def stems(call: Call, *inputs: int) -> set[str]:
    """
    Return the names of inputs without the endings that tools give to parts of a quantized tensor.

    Parameters
    ----------
    call : Call
        The operator.
    *inputs : int
        Positions of a tensor and its zero point.

    Returns
    -------
    set of str
        Beginnings of names.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> names = ["x_quantized", "w_quantized", "x_zero_point", "w_zero_point"]
    >>> stems(Call("MatMulInteger", {}, names, [None] * 4, ["y"]), 1, 3)
    {'w'}
    """
    return {_stem(call.names[i]) for i in inputs if 0 <= i < len(call.names) and call.names[i]}


def scale_of_weight(
    call: Call, around: Surroundings, /, *, weight: int, zero: int, other: int
) -> Value | str:
    """
    Return the scale of the weight in a product of integers.

    Parameters
    ----------
    call : Call
        The product.
    around : Surroundings
        Its graph.
    weight, zero, other : int
        Inputs with the weight, its zero points, and the activations.

    Returns
    -------
    Value or str
        The scale, in the shape in which the result is multiplied by it; or the reason why it is
        not known.

    Notes
    -----
    The result is multiplied by the scales of the weight and of the activations. Of two constants,
    that of the activations is the one that they were rounded with; or else the names tell, as
    tools call the scale of a weight like its zero point.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> product = Call("MatMulInteger", {}, ["x", "w"], [None] * 2, ["y"])
    >>> scale_of_weight(product, Surroundings(), weight=1, zero=3, other=0)
    'its scale is not known'
    """
    found = factors_after(call, around)
    if not found.known:
        return "its scale is not known"
    known = found.known
    if not found.dynamic:
        rounded = _static(call.names[other], around) if other < len(call.names) else None
        mine = named_like(stems(call, weight, zero), known)
        rest = [(n, v) for n, v in known if rounded is None or v.roots[0] is not rounded.roots[0]]
        if rounded is not None and len(rest) == len(known) - 1 and rest:
            known = rest
        elif len(mine) == 1 and len(known) > 1:
            known = [(name, value) for name, value in known if value is mine[0]]
        else:
            names = " and ".join(name for name, _ in known[:2])
            return f"its scale and that of its input are not known apart ({names})"
    values = [value for _, value in known]
    if found.is_moved and any(value.size != 1 for value in values):
        return "its result is moved before it is scaled"
    made = _multiplied(values)
    return made if made is not None else "its scale is not known"


def _multiplied(values: Sequence[Value]) -> Value | None:
    out: Value | None = values[0]
    for value in values[1:]:
        if out is None or {out.dtype, value.dtype} - {*REALS}:
            return None
        try:
            shape = np.broadcast_shapes(out.shape, value.shape)
        except ValueError:
            return None
        out = combined(np.multiply, [out, value], shape, main=out)
    return out
