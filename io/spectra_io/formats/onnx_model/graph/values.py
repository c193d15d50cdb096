"""Values: the constant arrays of a graph, moved about without being read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import SpectraError
from spectra.models.lazy import Source, derived, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray

__all__ = ["Stored", "Use", "Value", "cut", "joined", "mapped", "of", "small", "transposed"]

_MAX_DEPTH = 48  # steps from the file to the operator; real graphs have up to ten
_MAX_JOINED = 512  # pieces put together
_MAX_SMALL = 4096  # numbers that are looked at while a file is opened


@dataclass(frozen=True, slots=True)
class Use:
    """
    One use of a tensor by an operator.

    Examples
    --------
    >>> Use(3, "dense", "input 1 of MatMul").role
    'dense'
    """

    order: int
    """Place in the order of computation."""
    role: str
    """What the operator uses it for, one of :data:`spectra.models.roles.ROLES`."""
    note: str
    """Which input of what operator it is, for a person."""
    parts: tuple[tuple[str, Value, int], ...] = ()
    """Label, matrix or kernel, and groups of each weight, as the operator computes with it."""


@dataclass(eq=False, slots=True)
class Stored:
    """
    A tensor found in the file, and the operators that use it.

    Examples
    --------
    >>> Stored("w", (2, 2), "float32", lambda: np.eye(2)).uses
    []
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    source: Source
    uses: list[Use] = field(default_factory=list)

    def use(self) -> Use:
        """
        Choose the use that says what the tensor is for.

        Returns
        -------
        Use
            The first as a weight; if there is none, the first of all.
        """
        known = [use for use in self.uses if use.role != "constant"]
        unused = Use(1 << 62, "unused", "no operator uses it")
        return min(known or self.uses, key=lambda use: use.order, default=unused)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """
    A constant array of a graph: a stored tensor, or what operators make of some.

    Examples
    --------
    >>> of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3)))).shape
    (2, 3)
    """

    shape: tuple[int, ...]
    dtype: str
    source: Source
    roots: tuple[Stored, ...]
    """What it is made of, the tensor that matters first."""
    helpers: tuple[Stored, ...] = ()
    """Scales and zero points."""
    label: str = ""
    """Which part of the tensor it is, if not all of it."""
    pieces: tuple[int, tuple[Value, ...]] | None = None
    """What it was joined of, and along which axis."""
    depth: int = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Whether it has as many elements as the tensors it is made of."""
        return self.size == sum(math.prod(root.shape) for root in self.roots)


def of(stored: Stored, /) -> Value:
    """
    Return a stored tensor as a value.

    Parameters
    ----------
    stored : Stored
        The tensor.

    Returns
    -------
    Value
        As it is.

    Examples
    --------
    >>> of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3)))).depth
    0
    """
    return Value(stored.shape, stored.dtype, stored.source, (stored,))


def mapped(
    value: Value,
    function: Callable[..., AnyArray],
    shape: Sequence[int],
    /,
    *,
    dtype: str = "",
    **options: object,
) -> Value | None:
    """
    Apply a function of one array to a value.

    Parameters
    ----------
    value : Value
        The array.
    function : callable
        Takes the array and `options`; may be pickled.
    shape : sequence of int
        Shape of the result.
    dtype : str, optional
        Type of the result, if it is another one.
    **options : object
        Arguments of the function by name.

    Returns
    -------
    Value or None
        ``None`` if there are more steps already than any real graph has.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3))))
    >>> mapped(w, np.reshape, (6,), shape=(6,)).source().shape
    (6,)
    """
    if value.depth >= _MAX_DEPTH:
        return None
    return replace(
        value,
        shape=tuple(shape),
        dtype=dtype or value.dtype,
        source=derived(function, value.source, **options),
        pieces=None,
        depth=value.depth + 1,
    )


def transposed(value: Value, axes: tuple[int, ...], /) -> Value | None:
    """
    Permute the axes of a value; what it was joined of stays known.

    Parameters
    ----------
    value : Value
        The array.
    axes : tuple of int
        A permutation.

    Returns
    -------
    Value or None
        ``None`` if it is no permutation of the axes, or too many steps.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3))))
    >>> transposed(w, (1, 0)).shape
    (3, 2)
    """
    if sorted(axes) != list(range(len(value.shape))):
        return None
    if list(axes) == sorted(axes):
        return value
    out = mapped(value, np.transpose, [value.shape[axis] for axis in axes], axes=axes)
    if out is None or value.pieces is None:
        return out
    axis, pieces = value.pieces
    moved = [transposed(piece, axes) for piece in pieces]
    return replace(out, pieces=(axes.index(axis), tuple(p for p in moved if p is not None)))


def _sliced(array: AnyArray, *, axis: int, start: int, stop: int, step: int = 1) -> AnyArray:
    return array[(slice(None),) * axis + (slice(start, stop, step),)]


def _cut_leaf(value: Value, axis: int, start: int, stop: int) -> Value | None:
    shape = (*value.shape[:axis], stop - start, *value.shape[axis + 1 :])
    out = mapped(value, _sliced, shape, axis=axis, start=start, stop=stop)
    if out is None:
        return None
    label = f"{value.label},{start}:{stop}".removeprefix(",")
    source = rows(value.source, start, stop) if axis == 0 else out.source
    return replace(out, source=source, label=label)


def cut(value: Value, axis: int, start: int, stop: int, /) -> Value | None:
    """
    Take a part of a value along one axis, from as few pieces as hold it.

    Parameters
    ----------
    value : Value
        The array.
    axis : int
        Counted from the first.
    start, stop : int
        Inside the array, in ascending order.

    Returns
    -------
    Value or None
        ``None`` if it is outside, or too many steps.

    Examples
    --------
    >>> w = of(Stored("w", (4, 3), "float32", lambda: np.arange(12).reshape(4, 3)))
    >>> cut(w, 0, 1, 2).source()
    array([[3, 4, 5]])
    """
    if not (0 <= axis < len(value.shape) and 0 <= start <= stop <= value.shape[axis]):
        return None
    if (start, stop) == (0, value.shape[axis]):
        return value
    if value.pieces is None:
        return _cut_leaf(value, axis, start, stop)
    along, pieces = value.pieces
    found, begin = [], 0
    for piece in pieces:
        if axis != along:
            found.append(cut(piece, axis, start, stop))
            continue
        first, last = max(start - begin, 0), min(stop - begin, piece.shape[axis])
        if first < last:
            found.append(cut(piece, axis, first, last))
        begin += piece.shape[axis]
    kept = [piece for piece in found if piece is not None]
    if len(kept) < len(found) or not kept:
        return None
    return kept[0] if len(kept) == 1 else joined(kept, along)


def _concatenated(*arrays: AnyArray, axis: int) -> AnyArray:
    out: AnyArray = np.concatenate(arrays, axis=axis)
    return out


def _unique(stored: Sequence[Stored]) -> tuple[Stored, ...]:
    return tuple({id(one): one for one in stored}.values())


def joined(pieces: Sequence[Value], axis: int, /) -> Value | None:
    """
    Put values together along an axis.

    Parameters
    ----------
    pieces : sequence of Value
        Of equal shape but for that axis.
    axis : int
        Counted from the first.

    Returns
    -------
    Value or None
        ``None`` if they do not fit together, are more or deeper than any real graph has, or repeat
        what they are made of.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3))))
    >>> v = of(Stored("v", (4, 3), "float32", lambda: np.zeros((4, 3))))
    >>> joined([w, v], 0).shape
    (6, 3)
    """
    flat = [
        part
        for piece in pieces
        for part in (piece.pieces[1] if piece.pieces and piece.pieces[0] == axis else (piece,))
    ]
    if not 0 < len(flat) <= _MAX_JOINED or not 0 <= axis < len(flat[0].shape):
        return None
    if len(flat) == 1:
        return flat[0]
    if len({len(piece.shape) for piece in flat}) > 1:
        return None
    depth = 1 + max(piece.depth for piece in flat)
    kinds = {(*p.shape[:axis], -1, *p.shape[axis + 1 :], p.dtype) for p in flat}
    roots = _unique([root for piece in flat for root in piece.roots])
    shape = list(flat[0].shape)
    shape[axis] = sum(piece.shape[axis] for piece in flat)
    repeats = math.prod(shape) > sum(math.prod(root.shape) for root in roots)
    if depth > _MAX_DEPTH or len(kinds) > 1 or repeats:
        return None
    return Value(
        tuple(shape),
        flat[0].dtype,
        derived(_concatenated, *(piece.source for piece in flat), axis=axis),
        roots,
        _unique([helper for piece in flat for helper in piece.helpers]),
        pieces=(axis, tuple(flat)),
        depth=depth,
    )


def small(value: Value | None, /) -> list[int] | None:
    """
    Read a few whole numbers, such as a shape or axes.

    Parameters
    ----------
    value : Value, optional
        The array.

    Returns
    -------
    list of int or None
        ``None`` if there is no such array, it is not whole numbers, or too many.

    Examples
    --------
    >>> small(of(Stored("axes", (2,), "int64", lambda: np.array([0, -1]))))
    [0, -1]
    """
    if value is None or value.size > _MAX_SMALL or not value.dtype.startswith(("int", "uint")):
        return None
    try:
        return [int(n) for n in np.asarray(value.source()).ravel()]
    except (SpectraError, OSError, ValueError):  # then it is not known here, and complained of
        return None  # where the tensor itself is read
