"""Fates: tell from the use of a product's columns which are queries, keys, values or gates."""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra_io.formats.onnx_model.graph.columns import CARRIED, pieces
from spectra_io.formats.onnx_model.graph.group import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.columns import Piece
    from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings

__all__ = ["groups", "role"]

_MAX_GROUPS = 16  # that a product may have; a mixer of states has five
_MAX_STEPS = 4000  # operators that are looked at after a product
_MAX_ROLE_STEPS = 100  # after a product that is one part
_MAX_BACK = 6  # operators between a Softmax and the product with the values
_MAX_ALL_STEPS = 500_000  # after all products of a model
_MAX_COLUMNS = 1 << 20
_EINSUM = re.compile(r"([a-zA-Z]{1,52}),([a-zA-Z]{1,52})->([a-zA-Z]{1,52})")
_JOINS = frozenset(("Add", "Sub", "Sum", "Concat", "Where", "ScatterND"))
_PRODUCTS = frozenset(
    (
        *("MatMul", "FusedMatMul", "Einsum", "MatMulInteger", "MatMulIntegerToFloat"),
        "DynamicQuantizeMatMul",
    )
)
_ACTIVATIONS = frozenset(
    (
        *("Relu", "Sigmoid", "Tanh", "Gelu", "Erf", "Elu", "Selu", "Celu", "LeakyRelu", "Silu"),
        *("HardSigmoid", "HardSwish", "Softplus", "Mish", "Swish", "QuickGelu", "FastGelu"),
    )
)
_ATTENTION = frozenset(
    (
        *("Attention", "MultiHeadAttention", "GroupQueryAttention"),
        *("DecoderMaskedMultiHeadAttention", "SparseAttention", "PagedAttention"),
    )
)
_PASSED = CARRIED | frozenset(
    (
        *("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Split", "Slice", "Gather"),
        "GatherND",
        *("Expand", "Tile", "Concat", "Where", "Softmax", "LayerNormalization", "Max", "Min"),
        *("RMSNormalization", "SimplifiedLayerNormalization", "BatchNormalization", "Pad", "Pow"),
        *("RotaryEmbedding", "LpNormalization", "DynamicQuantizeLinear", "Sum", "ScatterND"),
        *("InstanceNormalization", "GroupNormalization", "ScatterElements"),
    )
)
"""Operators whose result is still made of the same part of a product."""

_AFTER_SOFTMAX = {"Cast": 0, "Dropout": 0, "Identity": 0, "Reshape": 0, "Where": 2}
"""Operators between a Softmax and the values, with the input that is the scores."""

_BEFORE_SOFTMAX = frozenset(("Add", "Sub", "Mul", "Div", "Where", "Cast", "Identity", "Reshape"))
"""Operators between a product of queries and keys and the Softmax."""


class _Mark(NamedTuple):
    """What a value is made of."""

    part: int
    is_score: bool = False  # a product of queries and keys
    is_active: bool = False  # an activation function was applied
    is_soft: bool = False  # a score of which each row was made to sum to 1


class _Parts:
    """Parts of a product that may turn out to be one."""

    def __init__(self, labels: AnyArray) -> None:
        self._same = list(range(int(labels.max()) + 1))
        self.roles: dict[int, set[str]] = defaultdict(set)
        self.gated: list[tuple[_Mark, _Mark]] = []
        self.attends = False  # whether scores multiply values after a Softmax
        self.is_unsure = False  # whether scores are used in a way in which q may be k

    def find(self, part: int) -> int:
        """Return the number by which a part is known."""
        while self._same[part] != part:
            part = self._same[part]
        return part

    def join(self, parts: Iterable[int]) -> None:
        """Make several parts one."""
        first, *rest = {self.find(part) for part in parts}
        for other in rest:
            self._same[other] = first

    def labels(self) -> dict[int, str]:
        """Return the labels of all parts; empty if their use does not say what they are."""
        found = sorted({self.find(part) for part in range(len(self._same))})
        roles: dict[int, set[str]] = defaultdict(set)
        for part, names in self.roles.items():
            roles[self.find(part)] |= names
        if self.is_unsure:
            return {}
        if self.attends and all(len(roles[part]) == 1 for part in found):
            labels = {part: next(iter(roles[part])) for part in found}
            return labels if len(set(labels.values())) == len(labels) else {}
        return self._halves(found)

    def _halves(self, found: Sequence[int]) -> dict[int, str]:
        for one, other in self.gated:
            pair = {self.find(one.part): one.is_active, self.find(other.part): other.is_active}
            if [*sorted(pair)] == [*found] and sorted(pair.values()) == [False, True]:
                return {part: "gate" if active else "up" for part, active in pair.items()}
        return {}


def _overlapping(used: Sequence[Piece], count: int) -> AnyArray | None:
    """Return a number per column, equal where operators use columns together."""
    labels = np.full(count, -1)
    for number, piece in enumerate(used):
        met = np.unique(labels[piece.columns])
        labels[piece.columns] = number
        if met[-1] >= 0:
            labels[np.isin(labels, met[met >= 0])] = number
    if (labels < 0).any():
        return None
    _, out = np.unique(labels, return_inverse=True)
    return out


def _roles(call: Call, marks: Sequence[set[_Mark]]) -> list[tuple[int, str]]:
    """Return the parts that are queries, keys or values in a product of two activations."""
    left, right = _sides(call, marks)
    if any(mark.is_score for mark in right):
        return []
    if any(mark.is_score for mark in left):
        soft = any(mark.is_soft for mark in left)
        return [(mark.part, "v") for mark in right if soft]
    return [(m.part, "q") for m in left] + [(m.part, "k") for m in right if not m.is_score]


def _sides(call: Call, marks: Sequence[set[_Mark]]) -> tuple[set[_Mark], set[_Mark]]:
    """Return the marks of both factors, that whose axis comes first in the result first."""
    left, right = marks[0], marks[1]
    if call.operator != "Einsum" or "equation" not in call.attributes:
        return left, right
    equation = call.attributes["equation"].s.decode("utf-8", "replace").replace(" ", "")
    if match := _EINSUM.fullmatch(equation):
        mine = [match[3].index(c) for c in match[1] if c in match[3] and c not in match[2]]
        other = [match[3].index(c) for c in match[2] if c in match[3] and c not in match[1]]
        scored = any(mark.is_score for mark in right)
        if mine and other and not scored and min(mine) > min(other):
            return right, left
        if scored and not any(mark.is_score for mark in left):
            return right, left
    return left, right


class _Trace:
    """A walk forward from the parts of a product, which notes what they are used for."""

    def __init__(self, parts: _Parts) -> None:
        self.parts = parts
        self._marks: dict[Place, set[_Mark]] = defaultdict(set)
        self._todo: list[tuple[int, int, Call, Place]] = []
        self._met: set[tuple[int, Surroundings]] = set()

    def mark(self, place: Place, marks: Iterable[_Mark]) -> None:
        """Mark a value, and come to the operators that use it in the order of computation."""
        users = place.users()
        for one in (place, *(there for _, there in users)):  # in functions under other names
            self._marks[one] |= set(marks)
        for call, there in users:
            if (met := (call.order, there.around)) not in self._met:
                self._met.add(met)
                heapq.heappush(self._todo, (call.order, len(self._met), call, there))

    def run(self, steps: list[int], most: int = _MAX_STEPS) -> bool:
        """Follow all parts, and count the steps; return whether an end was reached."""
        for _ in range(most):
            steps[0] += 1
            if not self._todo:
                return True
            *_, call, there = heapq.heappop(self._todo)
            names = [call.names[index] for index in call.operands]
            marks = [self._marks.get(there._replace(name=name), set()) for name in names]
            made = self._after(call, marks, there)
            for name in call.outputs if made else ():
                self.mark(there._replace(name=name), made)
        return False

    def _after(self, call: Call, marks: list[set[_Mark]], there: Place) -> set[_Mark]:
        """Note what an operator does with parts; return the marks of its results."""
        everything = set().union(*marks)
        if _takes_q_k_v(call) and len(marks) > 2:
            self.parts.attends = True
            for role, given in zip("qkv", marks, strict=False):
                for mark in given:
                    self.parts.roles[mark.part].add(role)
            return set()
        if call.kind in _PRODUCTS:
            return self._product(call, marks, there)
        if call.kind not in _PASSED:
            return set()
        if call.kind == "Mul" and self._gated(marks):
            return set()
        if call.kind == "Mul":
            everything -= self._gates(call, marks)
        plain = {mark.part for mark in everything if not mark.is_score}
        if call.kind in _JOINS and plain and not _is_kept_for_later(call, there):
            self.parts.join(plain)
        active, soft = call.kind in _ACTIVATIONS, call.kind == "Softmax"
        if not _keeps_rows(call, there):
            self.parts.is_unsure |= any(mark.is_score for mark in everything)
            everything = {mark for mark in everything if not mark.is_score}
        return {
            m._replace(is_active=m.is_active or active, is_soft=m.is_soft or (soft and m.is_score))
            for m in everything
        }

    def _gates(self, call: Call, marks: list[set[_Mark]]) -> set[_Mark]:
        """Return the marks of gates that another activation is multiplied with."""
        values = [call.input(index) for index in call.operands]
        arrays = [value is None or value.size > 1 for value in values]
        others = any(array and not m for m, array in zip(marks, arrays, strict=True))
        return {mark for given in marks for mark in given if mark.is_active and others}

    def _gated(self, marks: list[set[_Mark]]) -> bool:
        """Note a product of two different parts, element by element."""
        pairs = [
            (a, b)
            for a in marks[0]
            for b in (marks[1] if len(marks) > 1 else ())
            if self.parts.find(a.part) != self.parts.find(b.part)
        ]
        self.parts.gated += pairs
        return bool(pairs)

    def _product(self, call: Call, marks: list[set[_Mark]], there: Place) -> set[_Mark]:
        known = [call.input(index) for index in call.operands[:2]]
        if len(marks) < 2 or any(value is not None for value in known):
            return set()
        if not marks[0] and call.operator != "Einsum" and _is_softmax(call, there):
            self.parts.attends = True
            for mark in marks[1]:
                self.parts.roles[mark.part].add("v")
            return set()
        if any(mark.is_score for given in marks for mark in given) and not _sums_keys(call, marks):
            self.parts.is_unsure = True
            return set()
        roles = _roles(call, marks)
        self.parts.attends |= any(mark.is_soft for mark in _sides(call, marks)[0])
        for part, role in roles:
            self.parts.roles[part].add(role)
        scores = any(role in "qk" for _, role in roles)
        return {_Mark(part, is_score=True) for part, _ in roles} if scores else set()


def _keeps_rows(call: Call, there: Place) -> bool:
    """Return whether an operator on scores leaves the keys along the last axis, if one knows."""
    if call.kind == "Softmax":
        ndim = there.sketch().ndim
        return call.whole("axis", -1) in (-1, None if ndim is None else ndim - 1)
    if call.kind != "Transpose":
        return True
    perm = list(call.attributes["perm"].ints) if "perm" in call.attributes else [0]
    return perm[-1] == len(perm) - 1


def _takes_q_k_v(call: Call) -> bool:
    """Return whether an operator takes queries, keys and values; another one takes weights."""
    weights = call.operator == "Attention" and call.domain == "com.microsoft"
    return call.operator in _ATTENTION and not weights


def _sums_keys(call: Call, marks: Sequence[set[_Mark]]) -> bool:
    """Return whether a product of scores with values sums over the last axis of the scores."""
    if call.operator == "Einsum" and "equation" in call.attributes:
        equation = call.attributes["equation"].s.decode("utf-8", "replace").replace(" ", "")
        match = _EINSUM.fullmatch(equation)
        scores = 1 if any(mark.is_score for mark in marks[0]) else 2
        return match is not None and match[scores][-1] not in match[3]
    turned = ("transA", "transBatchA", "transBatchB")
    return not any(call.whole(name, 0) for name in turned)


def _is_softmax(call: Call, there: Place) -> bool:
    """Return whether the left side of a product is the Softmax of a product of two activations."""
    name = call.names[call.operands[0]]
    if not _sums_keys(call, [set(), set()]):
        return False
    for _ in range(_MAX_BACK):
        maker = there.around.maker(name)
        if maker is None or maker.kind == "Softmax":
            rows = maker is not None and _keeps_rows(maker, there._replace(name=name))
            return rows and maker is not None and _is_of_activations(maker.names[0], there.around)
        if maker.kind not in _AFTER_SOFTMAX:
            return False
        name = maker.names[_AFTER_SOFTMAX[maker.kind]]
    return False


def _is_of_activations(name: str, around: Surroundings) -> bool:
    """Return whether a value is a product of two activations, scaled, masked or shifted."""
    todo = [name]
    for _ in range(2 * _MAX_BACK):
        maker = around.maker(todo.pop(0)) if todo else None
        if maker is None and not todo:
            return False
        if maker is not None and maker.kind in _PRODUCTS:
            return all(maker.input(index) is None for index in maker.operands[:2])
        if maker is not None and maker.kind in _BEFORE_SOFTMAX:
            todo += [n for i, n in enumerate(maker.names) if n and maker.input(i) is None]
    return False


def _is_kept_for_later(call: Call, there: Place) -> bool:
    """Return whether an operator joins keys and values only as a result of the network."""
    users = (there._replace(name=name).users() for name in call.outputs)
    return call.kind == "Concat" and not any(users)


def groups(place: Place, count: int, /, *, axis: int = -1) -> Sequence[Group]:
    """
    Split the columns of a product into the matrices that the network uses apart.

    Parameters
    ----------
    place : Place
        The result of the product.
    count : int
        Number of its columns.
    axis : int, default: -1
        Axis along which they lie, counted from the last.

    Returns
    -------
    sequence of Group
        At least two, or none. Parts that are added or joined later, such as the halves of a rotary
        embedding, are one.

    Notes
    -----
    Queries and keys meet in a product of two activations, whose result multiplies the values. A
    gate is multiplied with the other half after an activation function.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings
    >>> groups(Place(Surroundings(), "y"), 2)
    ()
    """
    key = (place.name, count, axis)
    if key not in place.around.groups:  # every matrix of a stack has the same
        place.around.groups[key] = tuple(_found(place, count, axis))
    return place.around.groups[key]


def role(place: Place, /) -> str:
    """
    Tell whether the whole result of a product is queries, keys or values.

    Parameters
    ----------
    place : Place
        The result of the product.

    Returns
    -------
    str
        The role, "q", "k" or "v"; empty if its use does not say.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings
    >>> role(Place(Surroundings(), "y"))
    ''
    """
    steps = place.around.steps
    if steps[0] > _MAX_ALL_STEPS:
        return ""
    parts = _Parts(np.zeros(1, np.intp))
    trace = _Trace(parts)
    trace.mark(place, {_Mark(0)})
    return parts.labels().get(0, "") if trace.run(steps, _MAX_ROLE_STEPS) else ""


def _found(place: Place, count: int, axis: int) -> list[Group]:
    steps = place.around.steps
    if count > _MAX_COLUMNS or steps[0] > _MAX_ALL_STEPS:
        return []
    found = list(pieces(place, count, axis=axis))
    steps[0] += len(found)
    used = [piece for piece in found if piece.is_used]
    whole = [piece for piece in used if len(piece.columns) >= count]
    if whole or not used:
        return _packed(whole[0], count) if len(used) == 1 else []
    labels = _overlapping(used, count)
    if labels is None or labels.max() == 0:
        return []
    parts = _Parts(labels)
    trace = _Trace(parts)
    for piece in found:
        if piece.before is None or _is_one(labels, piece.before):
            continue
        if _is_one(labels, piece.columns):  # the first value that is of one part only
            trace.mark(piece.place, {_Mark(int(labels[piece.columns[0]]))})
    return _named(parts, labels) if trace.run(place.around.steps) else []


def _is_one(labels: AnyArray, columns: AnyArray) -> bool:
    return bool((labels[columns] == labels[columns[0]]).all())


def _packed(piece: Piece, count: int) -> list[Group]:
    """Return queries, keys and values that an operator of attention takes as one input."""
    call, columns = piece.user, piece.columns
    if call is None or call.names[1:3] not in ([], [""], ["", ""]) or len(columns) != count:
        return []
    if call.operator == "MultiHeadAttention":  # (batch, length, heads, 3, size)
        heads = call.whole("num_heads", 0)
        if heads < 1 or count % (3 * heads):
            return []
        kinds = columns.reshape(heads, 3, -1).swapaxes(0, 1).reshape(3, -1)
        return [Group(k, _runs(np.sort(kind))) for k, kind in zip("qkv", kinds, strict=True)]
    heads, keys = call.whole("num_heads", 0), call.whole("kv_num_heads", 0)
    if call.operator != "GroupQueryAttention" or min(heads, keys) < 1 or count % (heads + 2 * keys):
        return []
    size = count // (heads + 2 * keys)
    parts = np.split(columns, [heads * size, (heads + keys) * size])
    return [Group(k, _runs(np.sort(part))) for k, part in zip("qkv", parts, strict=True)]


def _named(parts: _Parts, labels: AnyArray) -> list[Group]:
    """Return the parts in the order of their first columns."""
    known = np.array([parts.find(part) for part in range(int(labels.max()) + 1)])[labels]
    firsts = np.sort(np.unique(known, return_index=True)[1]).tolist()
    if not 2 <= len(firsts) <= _MAX_GROUPS:
        return []
    names = parts.labels()
    return [
        Group(
            names.get(int(known[first]), str(number)), _runs(np.flatnonzero(known == known[first]))
        )
        for number, first in enumerate(firsts)
    ]


def _runs(columns: AnyArray) -> tuple[tuple[int, int], ...]:
    """Return ascending numbers as runs of neighbours."""
    breaks = np.flatnonzero(np.diff(columns) != 1) + 1
    return tuple((int(run[0]), int(run[-1]) + 1) for run in np.split(columns, breaks))
