"""Values: constant arrays of a graph, reshaped, cut and joined without being read."""

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

__all__ = [
    "Stored",
    "Use",
    "Value",
    "combined",
    "cut",
    "joined",
    "mapped",
    "of",
    "picked",
    "reshaped",
    "retyped",
    "small",
    "transposed",
]

_MAX_DEPTH = 48  # operators on the way from the file; real graphs have up to ten
_MAX_JOINED = 512  # pieces of a joined value
_MAX_SMALL = 4096  # numbers of a shape or of axes, read while a file is opened
_MAX_READ = 1 << 16  # stored numbers that they are made of
_MAX_GROWN = 1 << 24  # elements of an array that is made of a few stored numbers
_MAX_GROWTH = 8  # elements per stored number in a larger one; packed numbers of 2 bits have 4
_MAX_WORK = 1 << 28  # elements computed on the way to an array
_MAX_EFFORT = 256  # elements computed per stored number on the way to a larger one


@dataclass(frozen=True, slots=True)
class Use:
    """
    The use of a tensor by an operator.

    Examples
    --------
    >>> Use(3, "dense", "input 1 of MatMul").role
    'dense'
    """

    order: int
    """Place in the order of computation."""
    role: str
    """Role of the tensor in the operator, one of :data:`spectra.models.roles.ROLES`."""
    note: str
    """Input and operator, for a person."""
    parts: tuple[tuple[str, Value, int], ...] = ()
    """Label, matrix or kernel, and number of groups of each weight in the operator."""
    name: str = ""
    """Name of the weight in the network, if it is known."""
    is_whole: bool = False
    """Whether the operator uses the whole tensor."""


@dataclass(eq=False, slots=True)
class Stored:
    """
    A tensor of the file, and its uses by operators.

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
    is_filled: bool = False
    """Whether the graph fills it with one number, so that the file does not have it."""

    def use(self) -> Use:
        """
        Return the use that determines the role of the tensor.

        Returns
        -------
        Use
            The first use that is not "constant"; if there is none, the first use.
        """
        known = [use for use in self.uses if use.role != "constant"]
        unused = Use(1 << 62, "unused", "no operator uses it")
        return min(known or self.uses, key=lambda use: use.order, default=unused)


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """
    A constant array of a graph: a stored tensor, or the result of operators on stored tensors.

    Examples
    --------
    >>> of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3)))).shape
    (2, 3)
    """

    shape: tuple[int, ...]
    dtype: str
    source: Source
    roots: tuple[Stored, ...]
    """Tensors whose numbers are in the value, the main one first."""
    helpers: tuple[Stored, ...] = ()
    """Tensors of scales and zero points."""
    label: str = ""
    """Bounds of a part that was cut from the tensor; empty for all of it."""
    pieces: tuple[int, tuple[Value, ...]] | None = None
    """Axis and pieces of a value that was joined."""
    depth: int = 0
    work: int = 0
    """Elements computed on the way from the file."""
    product: bool = False
    """Whether the value is a product of two constant matrices, to which nothing is added."""
    is_narrow: bool = False
    """Whether the numbers are read in a narrower type that holds them all, and widened later."""
    slices: Callable[[int, int, int], Value | None] | None = None
    """Function of an axis and bounds that computes a slice without the rest, if there is one."""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Whether the value has as many elements as the tensors whose numbers are in it."""
        if self.pieces is None:  # of a sum of matrices the main one counts
            return self.size >= math.prod(self.roots[0].shape)
        return self.size == sum(math.prod(root.shape) for root in self.roots)

    @property
    def stored(self) -> int:
        """Number of stored elements that the value is made of."""
        return sum(math.prod(one.shape) for one in (*self.roots, *self.helpers))

    @property
    def grown(self) -> bool:
        """Whether the value is too large for the stored numbers that it is made of."""
        return self.size > max(_MAX_GROWN, _MAX_GROWTH * self.stored)


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
        The value of the tensor.

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
    elementwise: bool = False,
    **options: object,
) -> Value | None:
    """
    Apply a function of one array to a value.

    Parameters
    ----------
    value : Value
        The array.
    function : callable
        Function of the array and `options`; picklable.
    shape : sequence of int
        Shape of the result.
    dtype : str, optional
        Type of the result; by default that of `value`.
    elementwise : bool, default: False
        Whether each element of the result depends on the same element of the array only, so that
        a slice of it needs no more than a slice.
    **options : object
        Keyword arguments of the function.

    Returns
    -------
    Value or None
        The result; ``None`` if more operators or more work precede it than in any real graph, or if
        it is a part of an array that is too large for the stored numbers that it is made of.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3))))
    >>> mapped(w, np.transpose, (3, 2)).source().shape
    (3, 2)
    """
    if value.grown and math.prod(shape) < value.size:
        return None
    made = replace(
        value,
        shape=tuple(shape),
        dtype=dtype or value.dtype,
        source=derived(function, value.source, **options),
        pieces=None,
        depth=value.depth + 1,
        work=value.work + math.prod(shape),
        slices=None,
    )
    if elementwise:

        def slices(axis: int, start: int, stop: int) -> Value | None:
            part = cut(value, axis, start, stop)
            if part is None:
                return None
            return mapped(part, function, part.shape, dtype=dtype, elementwise=True, **options)

        made = replace(made, slices=slices)
    return made if _within_limits(made) else None


def _within_limits(value: Value) -> bool:
    """Return whether a value takes no more operators and work than in any real graph."""
    return value.depth <= _MAX_DEPTH and value.work <= max(_MAX_WORK, _MAX_EFFORT * value.stored)


def combined(
    function: Callable[..., AnyArray],
    values: Sequence[Value | None],
    shape: Sequence[int],
    /,
    *,
    main: Value,
    dtype: str = "",
    joins: bool = False,
    work: int | None = None,
    elementwise: bool = False,
    **options: object,
) -> Value | None:
    """
    Apply a function of several arrays to values.

    Parameters
    ----------
    function : callable
        Function of the arrays and `options`; picklable.
    values : sequence of Value or None
        The arrays, in order; ``None`` for an optional one that is left out.
    shape : sequence of int
        Shape of the result.
    main : Value
        The one of `values` that gives the result its name; the others are scales, zero points and
        the like.
    dtype : str, optional
        Type of the result; by default that of `main`.
    joins : bool, default: False
        Whether the numbers of the others are in the result too, as in a sum of matrices.
    work : int, optional
        Elements that the function computes; by default those of the result.
    elementwise : bool, default: False
        Whether each element of the result depends on the same element of each array only, as they
        are broadcast.
    **options : object
        Keyword arguments of the function.

    Returns
    -------
    Value or None
        The result; ``None`` if more operators or more work precede it than in any real graph.

    Examples
    --------
    >>> w = of(Stored("w", (2,), "float32", lambda: np.float32([2, 3])))
    >>> s = of(Stored("s", (), "float32", lambda: np.float32(0.5)))
    >>> made = combined(np.multiply, [w, s], (2,), main=w)
    >>> made.source(), [helper.name for helper in made.helpers]
    (array([1. , 1.5], dtype=float32), ['s'])
    """
    given = [value for value in values if value is not None]
    others = [value for value in given if value is not main]
    if any(value.grown and math.prod(shape) < value.size for value in given):
        return None
    roots = _unique([*main.roots, *(root for one in others if joins for root in one.roots)])
    helpers = [*main.helpers, *(h for one in others for h in (*one.roots, *one.helpers))]
    made = Value(
        tuple(shape),
        dtype or main.dtype,
        derived(function, *(_operand(value) for value in given), **options),
        roots,
        tuple(one for one in _unique(helpers) if one not in roots),
        main.label,
        depth=1 + max(value.depth for value in given),
        work=sum(value.work for value in given) + (math.prod(shape) if work is None else work),
        product=main.product,
    )
    if elementwise:

        def slices(axis: int, start: int, stop: int) -> Value | None:
            parts = [value and _cut_broadcast(value, shape, axis, start, stop) for value in values]
            if any(part is None and value for part, value in zip(parts, values, strict=True)):
                return None
            first = next(part for part, v in zip(parts, values, strict=True) if v is main and part)
            size = (*shape[:axis], stop - start, *shape[axis + 1 :])
            return combined(
                function,
                parts,
                size,
                main=first,
                dtype=dtype,
                joins=joins,
                work=None,
                elementwise=True,
                **options,
            )

        made = replace(made, slices=slices)
    return made if _within_limits(made) else None


def _wide(array: AnyArray, *, to: str) -> AnyArray:
    return array.astype(to, copy=False)


def _operand(value: Value) -> Source:
    """Return the numbers of a value in its own type, to compute with."""
    return derived(_wide, value.source, to=value.dtype) if value.is_narrow else value.source


def _cut_broadcast(
    value: Value, shape: Sequence[int], axis: int, start: int, stop: int
) -> Value | None:
    """Cut an array along the axis that an axis of its broadcast shape is made of, if any is."""
    own = axis - (len(shape) - len(value.shape))
    if own < 0 or value.shape[own] != shape[axis]:
        return value
    return cut(value, own, start, stop)


def retyped(value: Value, dtype: str, /) -> Value:
    """
    Say that a value and its parts have another type, without a change of its numbers.

    Parameters
    ----------
    value : Value
        The array.
    dtype : str
        A type that holds every number of the value. They are left as they are until something is
        computed of them.

    Returns
    -------
    Value
        The same array, under the name of the type.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float16", lambda: np.ones((2, 3), np.float16)))
    >>> cut(retyped(w, "float32"), 0, 0, 1).dtype
    'float32'
    """
    if value.dtype == dtype:
        return value
    made = replace(value, dtype=dtype, is_narrow=True)
    if value.pieces is not None:
        axis, pieces = value.pieces
        made = replace(made, pieces=(axis, tuple(retyped(piece, dtype) for piece in pieces)))
    if value.slices is not None:

        def slices(axis: int, start: int, stop: int) -> Value | None:
            part = cut(value, axis, start, stop)
            return part and retyped(part, dtype)

        made = replace(made, slices=slices)
    return made


def _reshape(array: AnyArray, shape: tuple[int, ...]) -> AnyArray:
    return array.reshape(shape)  # np.reshape has no keyword `shape` before NumPy 2.1


def reshaped(value: Value, shape: Sequence[int], /) -> Value | None:
    """
    Give a value another shape of the same size.

    Parameters
    ----------
    value : Value
        The array.
    shape : sequence of int
        Shape of the result.

    Returns
    -------
    Value or None
        The result; ``None`` if more operators precede it than in any real graph.

    Examples
    --------
    >>> w = of(Stored("w", (2, 3), "float32", lambda: np.ones((2, 3))))
    >>> reshaped(w, (6,)).source().shape
    (6,)
    """
    made = mapped(value, _reshape, shape, shape=tuple(shape))
    many = value.shape[0] // shape[0] if value.shape and shape and shape[0] else 0
    if made is None or value.slices is None or many * (shape[0] if shape else 0) != value.shape[0]:
        return made

    def slices(axis: int, start: int, stop: int) -> Value | None:
        """Reshape the rows of the array that make a slice along the first axis."""
        part = cut(value, 0, start * many, stop * many) if axis == 0 else None
        return part and reshaped(part, (stop - start, *shape[1:]))

    return replace(made, slices=slices)


def transposed(value: Value, axes: tuple[int, ...], /) -> Value | None:
    """
    Permute the axes of a value, and those of the pieces it was joined from.

    Parameters
    ----------
    value : Value
        The array.
    axes : tuple of int
        Permutation of the axes.

    Returns
    -------
    Value or None
        The result; ``None`` if `axes` is not a permutation, or too many operators precede it.

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
    if out is not None and value.slices is not None:

        def slices(axis: int, start: int, stop: int) -> Value | None:
            part = cut(value, axes[axis], start, stop)
            return part and transposed(part, axes)

        out = replace(out, slices=slices)
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
    label = f"{value.label},{':,' * axis}{start}:{stop}".removeprefix(",")
    source = rows(value.source, start, stop) if axis == 0 else out.source
    return replace(out, source=source, label=label)


def cut(value: Value, axis: int, start: int, stop: int, /) -> Value | None:
    """
    Cut a value along one axis; of a joined value, only the pieces that the part needs are read.

    Parameters
    ----------
    value : Value
        The array.
    axis : int
        Axis, not negative.
    start, stop : int
        Bounds of the part, in ascending order.

    Returns
    -------
    Value or None
        The part; ``None`` if it is out of bounds, or too many operators precede it.

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
        part = value.slices(axis, start, stop) if value.slices else None
        return part or _cut_leaf(value, axis, start, stop)
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


def _picked(array: AnyArray, *, runs: tuple[tuple[int, int], ...]) -> AnyArray:
    out: AnyArray = np.concatenate([array[start:stop] for start, stop in runs])
    return out


def picked(value: Value, runs: Sequence[tuple[int, int]], /) -> Value | None:
    """
    Pick slices of a value along the first axis.

    Parameters
    ----------
    value : Value
        The array.
    runs : sequence of (int, int)
        First index, and the index after the last, of each slice; ascending, without overlaps.

    Returns
    -------
    Value or None
        The slices as one array; ``None`` if they are out of bounds, or too many operators precede
        the value.

    Examples
    --------
    >>> w = of(Stored("w", (4, 2), "float32", lambda: np.arange(8).reshape(4, 2)))
    >>> picked(w, [(0, 1), (3, 4)]).source()
    array([[0, 1],
           [6, 7]])
    """
    if len(runs) == 1:
        return cut(value, 0, *runs[0])
    bounds = [0, *(bound for run in runs for bound in run), value.shape[0]]
    if bounds != sorted(bounds):
        return None
    shape = (sum(stop - start for start, stop in runs), *value.shape[1:])
    out = mapped(value, _picked, shape, runs=tuple(tuple(run) for run in runs))
    label = f"{value.label},{runs[0][0]}:{runs[-1][1]}:{len(runs)}".removeprefix(",")
    return out and replace(out, label=label)


def _concatenated(*arrays: AnyArray, axis: int) -> AnyArray:
    out: AnyArray = np.concatenate(arrays, axis=axis)
    return out


def _unique(stored: Sequence[Stored]) -> tuple[Stored, ...]:
    return tuple({id(one): one for one in stored}.values())


def joined(pieces: Sequence[Value], axis: int, /) -> Value | None:
    """
    Join values along an axis.

    Parameters
    ----------
    pieces : sequence of Value
        Values of equal shape, except along `axis`.
    axis : int
        Axis, not negative.

    Returns
    -------
    Value or None
        The joined value; ``None`` if the shapes do not fit together, a tensor is repeated, or there
        are more pieces or operators than in any real graph.

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
        derived(_concatenated, *(_operand(piece) for piece in flat), axis=axis),
        roots,
        _unique([helper for piece in flat for helper in piece.helpers]),
        pieces=(axis, tuple(flat)),
        depth=depth,
        work=sum(piece.work for piece in flat) + math.prod(shape),
    )


def small(value: Value | None, /) -> list[int] | None:
    """
    Read a small array of integers, such as a shape or axes.

    Parameters
    ----------
    value : Value, optional
        The array.

    Returns
    -------
    list of int or None
        The integers. ``None`` if there is no array; if it is large, or computed from a large one;
        if its numbers are not integers, or cannot be read.

    Examples
    --------
    >>> small(of(Stored("axes", (2,), "int64", lambda: np.array([0, -1]))))
    [0, -1]
    """
    if value is None or value.size > _MAX_SMALL or not value.dtype.startswith(("int", "uint")):
        return None
    if value.stored > _MAX_READ or value.work > _MAX_READ:
        return None
    try:
        return [int(n) for n in np.asarray(value.source()).ravel()]
    except (SpectraError, OSError, ValueError):  # reported where the tensor itself is read
        return None
