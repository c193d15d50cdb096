"""Columns: follow the columns of a product to the operators that use them apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra_io.formats.onnx_model.graph.calls import Call, counted
from spectra_io.formats.onnx_model.graph.shapes._sides import extent
from spectra_io.formats.onnx_model.graph.shapes.sketches import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.shapes._sides import Length
    from spectra_io.formats.onnx_model.graph.surroundings import Place

__all__ = ["CARRIED", "Piece", "pieces"]

_MAX_STEPS = 1000  # operators between a product and the uses of its columns
_MAX_NDIM = 32
_MAX_NUMBERS = 1 << 23  # of columns, in all values of a product: 64 MB


class _Columns(NamedTuple):
    """
    An array made of columns of a product; all other axes have length 1 here.

    Examples
    --------
    >>> _Columns(np.arange(6).reshape(1, 1, 6), (False, False, True)).first
    2
    """

    numbers: AnyArray
    """Numbers of the columns."""
    own: tuple[bool, ...] | None
    """For each axis whether columns lie along it; ``None`` if more axes may come before."""

    @property
    def first(self) -> int:
        """First axis with columns; one of length 1 does not count where others are longer."""
        own = [i for i, one in enumerate(self.own or ()) if one]
        return next((i for i in own if self.numbers.shape[i] > 1), own[0] if own else 0)


class Piece(NamedTuple):
    """
    Columns of a product that an operator uses.

    Examples
    --------
    >>> Piece(np.arange(2), None, None, True).columns
    array([0, 1])
    """

    columns: AnyArray
    """Numbers of the columns, in the order of their use."""
    place: Place
    """The value that holds the columns."""
    user: Call | None
    """The operator that uses them; ``None`` for a value that is moved on, or a result."""
    is_used: bool
    """Whether the value is used or is a result of the network, not only moved or scaled."""
    before: AnyArray | None = None
    """Columns of the value from which this one was made; ``None`` for the product itself."""


CARRIED = frozenset(
    (
        *("Add", "Sub", "Mul", "Div", "Sum", "Identity", "Cast", "CastLike", "Dropout", "Clip"),
        *("Relu", "Sigmoid", "Tanh", "Gelu", "Erf", "Elu", "Selu", "Celu", "LeakyRelu", "Neg"),
        *("HardSigmoid", "HardSwish", "Softplus", "Mish", "Swish", "QuickGelu", "FastGelu", "Exp"),
        *("BiasGelu", "QuantizeLinear", "DequantizeLinear", "Silu"),
    )
)
"""Operators that compute each element of their result from one element of each input."""

_INPUTS = {"Add": 2, "Sub": 2, "Mul": 2, "Div": 2, "Sum": 99}  # of others only the first carries
_ABOUT_SHAPE = frozenset(("Shape", "Size"))


def _known_axes(have: _Columns, axis: int) -> tuple[_Columns, int] | None:
    """Return columns with all axes known as far as needed, and an axis from the first."""
    if have.own is not None:
        at = counted(axis, len(have.own))
        return (have, at) if 0 <= at < len(have.own) else None
    return (have, 0) if axis == -1 else None


def _is_own(have: _Columns, axis: int) -> bool:
    return have.own is None or have.own[axis]


def _kept(have: _Columns, numbers: AnyArray) -> _Columns:
    return _Columns(numbers, have.own)


def _with_axes(have: _Columns, sketch: Sketch, axis: int = -1) -> _Columns:
    """Return columns along one axis, with the other axes that the graph tells of."""
    if have.own is not None or sketch.ndim is None or sketch.ndim < -axis:
        return have
    ahead, after = sketch.ndim + axis, -1 - axis
    shape = (1,) * ahead + (-1,) + (1,) * after
    return _Columns(have.numbers.reshape(shape), tuple(i == ahead for i in range(sketch.ndim)))


def _same(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    """Follow an operator on each element; a longer operand adds axes in front."""
    ndims = [one.ndim for one in given[: _INPUTS.get(call.kind, 1)]]
    most = max((n for n in ndims if n is not None), default=0)
    if have.own is None or most <= len(have.own):
        return [have]
    ahead = most - len(have.own)
    shape = (1,) * ahead + have.numbers.shape
    return [_Columns(have.numbers.reshape(shape), (False,) * ahead + have.own)]


def _transpose(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    perm = list(call.attributes["perm"].ints) if "perm" in call.attributes else None
    if have.own is None:
        if perm is None or len(perm) > _MAX_NDIM:
            return None
        have = _with_axes(have, Sketch((None,) * len(perm)))
    own = have.own or ()
    axes = perm if perm is not None else list(reversed(range(len(own))))
    if sorted(axes) != list(range(len(own))) or len(own) > _MAX_NDIM:
        return None
    return [_Columns(have.numbers.transpose(axes), tuple(own[axis] for axis in axes))]


def _suffix(wanted: list[Length], size: int, ahead: list[Length] | None) -> list[int]:
    """Return the lengths at the end of a shape into which `size` columns are laid out."""
    total, tail = 1, list[int]()
    for side in reversed(wanted):
        if not isinstance(side, int) or side < 1 or total * side > size:
            break
        total, tail = total * side, [side, *tail]
        if total == size:
            return tail
    rest = _behind(wanted, ahead) if ahead is not None else []
    sides = [side if isinstance(side, int) and side > 0 else 0 for side in rest]
    known = math.prod(side for side in sides if side)
    if not sides or sides.count(0) > 1 or size % known:
        return []
    whole = [side or size // known for side in sides]
    return whole if math.prod(whole) == size else []


def _behind(wanted: list[Length], ahead: list[Length]) -> list[Length]:
    """Return the lengths after those that are laid out from the axes ahead, where that is known."""
    named = [f"\0{i}" if side is None else side for i, side in enumerate(ahead)]
    real = [named[i] if side == 0 and i < len(ahead) else side for i, side in enumerate(wanted)]
    ends = (i for i in range(len(real)) if extent(real[:i]) == extent(named))
    end = next(ends, None)
    return [] if end is None else real[end:]


def _are_last(have: _Columns, sketch: Sketch) -> bool:
    """Return whether, from the first axis of columns on, every other axis has length 1."""
    if have.own is None:
        return True
    shape = sketch.shape if sketch.ndim == len(have.own) else None
    after = range(have.first, len(have.own))
    return all(have.own[i] or (shape is not None and shape[i] == 1) for i in after)


def _reshape(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    wanted = given[1].numbers if len(given) > 1 else None
    ints = list(call.attributes["shape"].ints) if "shape" in call.attributes else None
    target = ints if ints is not None else None if wanted is None else wanted.ravel().tolist()
    if target is None or len(target) > _MAX_NDIM:
        return None
    first = have.first
    if not _are_last(have, given[0]):
        return None
    ahead: list[Length] | None = None
    if have.own is not None:
        shape = given[0].shape
        ahead = list(shape[:first]) if shape and len(shape) == len(have.own) else [None] * first
    sides = _suffix(list(target), have.numbers.size, ahead)
    if not sides:
        return None
    before = len(target) - len(sides)
    own = (False,) * before + (True,) * len(sides)
    return [_Columns(have.numbers.reshape((1,) * before + tuple(sides)), own)]


def _flatten(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    if have.own is None or not _are_last(have, given[0]):
        return None
    if counted(call.whole("axis", 1), len(have.own)) != have.first:
        return None
    return [_Columns(have.numbers.reshape(1, -1), (False, True))]


def _axes(call: Call, given: Sequence[Sketch], name: str, index: int) -> list[int] | None:
    if name in call.attributes:
        return [int(n) for n in call.attributes[name].ints]
    numbers = given[index].numbers if index < len(given) else None
    found = [] if numbers is None else numbers.ravel().tolist()
    return None if numbers is None or not all(isinstance(n, int) for n in found) else found


def _squeeze(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    axes = _axes(call, given, "axes", 1)
    if axes is None or have.own is None:
        return None
    own, numbers = have.own, have.numbers
    gone = {counted(axis, len(own)) for axis in axes}
    if any(not 0 <= axis < len(own) or numbers.shape[axis] != 1 for axis in gone):
        return None
    left = [i for i in range(len(own)) if i not in gone]
    shape = [numbers.shape[i] for i in left]
    return [_Columns(numbers.reshape(shape), tuple(own[i] for i in left))]


def _unsqueeze(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    axes = _axes(call, given, "axes", 1)
    if axes is None or have.own is None:
        return None
    ndim = len(have.own) + len(axes)
    new = {counted(axis, ndim) for axis in axes}
    if len(new) != len(axes) or any(not 0 <= axis < ndim for axis in new) or ndim > _MAX_NDIM:
        return None
    own = iter(have.own)
    wider = tuple(False if i in new else next(own) for i in range(ndim))
    return [_Columns(np.expand_dims(have.numbers, tuple(new)), wider)]


def _split(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    known = _known_axes(have, call.whole("axis", 0))
    if known is None:
        return None
    have, axis = known
    if not _is_own(have, axis):
        return None if call.operator == "SplitToSequence" else [have] * len(call.outputs)
    length = have.numbers.shape[axis]
    sizes = _axes(call, given, "split", 1)
    if sizes is None and (call.operator == "SplitToSequence" or (len(given) > 1 and call.names[1])):
        return None
    if sizes is None:
        step = -(-length // max(1, len(call.outputs)))
        sizes = [max(0, min(step, length - step * i)) for i in range(len(call.outputs))]
    in_sequence = call.operator == "SplitToSequence"
    if sum(sizes) != length or min(sizes, default=-1) < 0:
        return None
    if len(sizes) != len(call.outputs) and not in_sequence:
        return None
    ends = np.cumsum(sizes).tolist()
    return [
        _kept(have, have.numbers.take(range(end - size, end), axis))
        for size, end in zip(sizes, ends, strict=True)
    ]


def _slice(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    starts, ends = _axes(call, given, "starts", 1), _axes(call, given, "ends", 2)
    axes, steps = _axes(call, given, "axes", 3), _axes(call, given, "steps", 4)
    if axes is None and len(given) <= 3 and starts is not None:
        axes = list(range(len(starts)))
    if axes is None:
        return None
    for i, axis in enumerate(axes):
        known = _known_axes(have, axis)
        if known is None:
            return None
        have, at = known
        if not _is_own(have, at):
            continue
        if starts is None or ends is None or not len(starts) == len(ends) == len(axes):
            return None
        stride = steps[i] if steps is not None and i < len(steps) else 1
        if stride < 1 or (steps is None and len(given) > 4 and call.names[4]):
            return None
        span = range(*slice(starts[i], ends[i], stride).indices(have.numbers.shape[at]))
        have = _kept(have, have.numbers.take(span, at))
    return [have]


def _are_indices(numbers: AnyArray, length: int) -> bool:
    """Return whether all numbers are known, and those of elements."""
    return all(isinstance(n, int) and -length <= n < length for n in numbers.ravel())


def _gather(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    known = _known_axes(have, call.whole("axis", 0))
    index = given[1] if len(given) > 1 else Sketch()
    if known is None or have.own is None or index.ndim is None:
        return None
    if len(have.own) + index.ndim > _MAX_NDIM:
        return None
    have, axis = known
    own = have.own or ()
    inner = (_is_own(have, axis),) * index.ndim
    if not own[axis]:
        shape = (*have.numbers.shape[:axis], *(1,) * index.ndim, *have.numbers.shape[axis + 1 :])
        numbers = have.numbers.reshape(shape)
    else:
        length = have.numbers.shape[axis]
        which = index.numbers
        if which is None or not _are_indices(which, length):
            return None
        numbers = have.numbers.take(which.astype(np.int64), axis)
    return [_Columns(numbers, (*own[:axis], *inner, *own[axis + 1 :]))]


def _gather_nd(call: Call, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    """Follow GatherND with one number per index, which picks along the first axis."""
    index = given[1] if len(given) > 1 else Sketch()
    if have.own is None or index.shape is None or index.shape[-1:] != (1,):
        return None
    if call.whole("batch_dims", 0) or not have.own[0]:
        return None
    if len(have.own) + len(index.shape) > _MAX_NDIM:
        return None
    length, which = have.numbers.shape[0], index.numbers
    if which is None or not _are_indices(which, length):
        return None
    numbers = have.numbers.take(which[..., 0].astype(np.int64), 0)
    return [_Columns(numbers, (*(True,) * (len(index.shape) - 1), *have.own[1:]))]


_MOVES: dict[str, Callable[[Call, _Columns, Sequence[Sketch]], list[_Columns] | None]] = {
    **dict.fromkeys(CARRIED, _same),
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "GatherND": _gather_nd,
}
"""Columns in the outputs of an operator, given those in an input; ``None`` if not followed."""


def _moved(call: Call, name: str, have: _Columns, given: Sequence[Sketch]) -> list[_Columns] | None:
    """Return the columns in each output of an operator, or ``None`` if it is not followed."""
    operands = call.operands[: _INPUTS.get(call.kind, 1)]
    places = [i for i, one in enumerate(call.names) if one == name]
    if call.kind not in _MOVES or not set(places) <= set(operands) or have.numbers.size == 0:
        return None
    return _MOVES[call.kind](call, have, [given[index] for index in call.operands])


def _made(call: Call, there: Place, have: _Columns) -> list[tuple[Place, _Columns]] | None:
    """Return the values that an operator makes of columns; ``None`` if it is not followed."""
    given = there.around.inputs(call)
    if call.operator == "SplitToSequence":
        return _from_sequence(call, there, _split(call, have, given))
    moved = _moved(call, there.name, have, given)
    if moved is None:
        return None
    outputs = zip(call.outputs, moved, strict=False)
    return [(there._replace(name=name), one) for name, one in outputs]


def _from_sequence(
    call: Call, there: Place, parts: list[_Columns] | None
) -> list[tuple[Place, _Columns]] | None:
    """Return the columns that are taken out of a sequence of parts, each by its number."""
    found = []
    for user, place in there._replace(name=call.outputs[0]).users() if parts else ():
        index = _axes(user, place.around.inputs(user), "", 1)
        if user.operator != "SequenceAt" or not index or not parts:
            return None
        if not -len(parts) <= index[0] < len(parts):
            return None
        found.append((place._replace(name=user.outputs[0]), parts[index[0]]))
    return found or None


def pieces(place: Place, count: int, /, *, axis: int = -1) -> Iterator[Piece]:
    """
    Follow the columns of a product.

    Parameters
    ----------
    place : Place
        The result of the product.
    count : int
        Number of columns.
    axis : int, default: -1
        Axis of the result along which the columns lie, counted from the last.

    Yields
    ------
    Piece
        Every value that holds columns: first the result itself, then what operators make of it,
        as far as each element is still one of a known column; and every use of such a value.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings
    >>> around = Surroundings()
    >>> next(pieces(Place(around, "y"), 2)).columns
    array([0, 1])
    """
    start = _with_axes(_Columns(np.arange(count), None), place.sketch(), axis)
    todo: list[tuple[Place, _Columns, AnyArray | None]] = []
    if start.own is not None or axis == -1:
        todo.append((place, start, None))
    steps = numbers = 0
    while todo and steps < _MAX_STEPS and numbers < _MAX_NUMBERS:
        here, have, before = todo.pop()
        columns = have.numbers.ravel()
        users = here.users()
        yield Piece(columns, here, None, not users, before)
        for call, there in users:
            if call.operator in _ABOUT_SHAPE:
                continue
            steps, numbers = steps + 1, numbers + have.numbers.size
            if steps >= _MAX_STEPS or numbers >= _MAX_NUMBERS:
                yield Piece(start.numbers.ravel(), place, None, True)
                return
            made = _made(call, there, have)
            if made is None:
                yield Piece(columns, there, call, True)
                continue
            todo += [(place, one, columns) for place, one in made if one.numbers.size]
    if todo:  # more operators than in any real graph
        yield Piece(start.numbers.ravel(), place, None, True)
