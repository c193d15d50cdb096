"""
Correlation traps: spikes that stay when the elements of a matrix are permuted, and their causes.

A permutation destroys correlations. A spike that survives it is no signal but a property of the
elements: their mean is not zero, which makes a rank-one part that no permutation removes, or a few
of them are huge. Which of the two it is shows when the matrix is centred, or its huge elements are
clipped, and permuted in the same order.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.eigen import eigenvalues
from spectra.elements import alive, excess_kurtosis, spread
from spectra.errors import ArgumentError
from spectra.randomization import orders, permuted
from spectra.spikes import combined, detect, detect_each, level_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.spikes import Spikes

__all__ = ["Cause", "Explanation", "Traps", "explain", "find", "huge", "where"]

_HUGE = 0.05
_RTOL = 0.01  # as of the spectra in random order
_LEFT = 1e-3
_Reason = tuple["Cause", float]
_NAMED = 3  # rows, columns or elements that are named


class Cause(IntEnum):
    """
    What makes a trap.

    Examples
    --------
    >>> [cause.name.lower() for cause in Cause]
    ['not_tested', 'no_trap', 'mean', 'elements', 'mean_and_elements', 'unexplained']
    """

    NOT_TESTED = 0
    NO_TRAP = 1
    MEAN = 2
    ELEMENTS = 3
    MEAN_AND_ELEMENTS = 4
    UNEXPLAINED = 5


class Explanation(NamedTuple):
    """
    What makes a trap.

    Examples
    --------
    >>> Explanation._fields
    ('cause', 'where', 'num_huge')
    """

    cause: Cause
    """Its kind."""
    where: str
    """The rows, columns or elements that do, or the mean; empty if unexplained."""
    num_huge: float
    """Huge elements, if they are the cause."""


class Traps(NamedTuple):
    """
    The correlation traps of a layer.

    Examples
    --------
    >>> Traps._fields
    ('num', 'p', 'cause', 'where', 'num_huge')
    """

    num: float
    """How many."""
    p: float
    """Probability of a trap as strong in noise."""
    cause: Cause
    """What makes them; of several matrices, in the one with the strongest."""
    where: str
    """The rows, columns or elements that do, or the mean."""
    num_huge: float
    """Huge elements, if they are the cause."""


def huge(W: npt.ArrayLike, /, *, level: float = _HUGE) -> npt.NDArray[np.bool_]:
    r"""
    Mark the elements that are too large for a normal law.

    Parameters
    ----------
    W : array_like
        In weight units.
    level : float, default: 0.05
        Probability of marking any element of a normal sample.

    Returns
    -------
    ndarray of bool
        Where :math:`|w - median|` is above z times the standard deviation, which is that of
        :func:`spectra.elements.spread`; z is exceeded by the largest of so many normal numbers with
        probability `level`.

    Raises
    ------
    ArgumentError
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> huge([0.1, -0.3, 0.2, 12.0, -0.1]).tolist()
    [False, False, False, True, False]
    """
    elements = _elements(np.asarray(W), level)
    return elements.distance > elements.limit


class _Elements(NamedTuple):
    """What the elements of a matrix are like, found once."""

    mean: float
    median: float
    scale: float
    limit: float
    size: int
    distance: AnyArray

    @property
    def mean_is_visible(self) -> bool:
        """Whether the mean is at least half of what makes a spike: std (N M)**(-1/4)."""
        return bool(2 * abs(self.mean) * self.size**0.25 > self.scale)

    @property
    def spiking(self) -> float:
        """From where on an element makes a spike by itself: std (N M)**(1/4), the BBP limit."""
        return max(self.limit, self.scale * math.sqrt(math.sqrt(self.size)))


def _elements(W: AnyArray, level: float = _HUGE) -> _Elements:
    """Look at the elements; rows and columns of zeros have no say in what is ordinary."""
    from scipy.special import ndtri

    array = W if W.dtype in (np.float32, np.float64) else W.astype(np.float64)
    live = alive(array) if array.ndim == 2 else array
    median = np.median(live) if live.size else array.dtype.type(0)
    apart = np.abs(live - median)
    scale = spread(apart)
    z = -float(ndtri(level_each(level, max(1, live.size)) / 2))
    limit = scale * z if scale > 0 else math.inf
    ordinary = live[apart <= limit]
    mean = float(ordinary.mean(dtype=np.float64)) if ordinary.size else 0.0
    distance = apart if live.size == array.size else np.abs(array - median)
    return _Elements(mean, float(median), scale, limit, live.size, distance)


def where(W: npt.ArrayLike, /) -> str:
    """
    Say where the huge elements of a matrix are: in a few rows, in a few columns, or which they are.

    Parameters
    ----------
    W : array_like, shape (m, n)
        In weight units.

    Returns
    -------
    str
        Rows, if those with far more of the elements that :func:`huge` marks than chance explains
        hold at least half of them, and three or more each; else columns by the same rule; else
        elements. The first three, fullest or largest first, are named. Empty if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((50, 40))
    >>> W[3, 7] = 100.0
    >>> where(W)
    'element (3, 7)'
    >>> W[12] *= 20
    >>> where(W)
    'row 12'
    """
    elements = _elements(np.asarray(W))
    return _where(elements, elements.limit)


def _where(elements: _Elements, limit: float) -> str:
    mask = elements.distance > limit
    for axis, word in ((1, "row"), (0, "column")):
        found = _crowded(mask.sum(axis=axis))
        if len(found):
            return _listed(word, found.tolist())
    places = np.argwhere(mask)
    largest = np.argsort(-elements.distance[mask], kind="stable")[:_NAMED]
    named = places[largest].tolist()
    return _listed("element", [*map(tuple, named)], len(places))


def _crowded(counts: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Return the lines that hold most of the marks, the fullest first, if not by chance."""
    from scipy.special import pdtrc

    total, lines = int(counts.sum()), len(counts)
    by_chance = pdtrc(np.maximum(counts - 1, 0), total / max(lines, 1))
    crowded = np.flatnonzero((by_chance < 0.01 / max(lines, 1)) & (counts >= _NAMED))
    enough = 2 * counts[crowded].sum() >= max(total, 1)
    order = np.argsort(-counts[crowded], kind="stable")
    return crowded[order] if enough else crowded[:0]


def _listed(word: str, items: Sequence[object], num: int = 0) -> str:
    """Name the first of the items, and say how many there are, `num` if not all are given."""
    num = num or len(items)
    if not num:
        return ""
    more = f" and {num - _NAMED} more" if num > _NAMED else ""
    return f"{word}{'' if num == 1 else 's'} {', '.join(map(str, items[:_NAMED]))}{more}"


def _p(W: AnyArray, kurtosis: float) -> float:
    """Return the p-value of the largest eigenvalue."""
    return detect(eigenvalues(W, rtol=_RTOL), max(1, *W.shape), kurtosis=kurtosis).p


def explain(
    W: npt.ArrayLike, /, *, seed: int = 0, level: float = 0.05, p: float | None = None
) -> Explanation:
    r"""
    Find what makes the trap of one matrix.

    Parameters
    ----------
    W : array_like, shape (m, n)
        In weight units, with a trap in the order of `seed`.
    seed : int, default: 0
        Of the permutation.
    level : float, default: 0.05
        Of the test.
    p : float, optional
        The p-value of the trap, computed if not given.

    Returns
    -------
    Explanation
        The mean if no trap is left after centring, the elements if none is left after clipping, the
        one that leaves less if either does; both if only both together help. Clipping starts with
        the elements large enough to make a spike by themselves, and takes all that are huge if that
        does not help.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `level` is not between 0 and 1.

    Notes
    -----
    Clipping puts the median for the elements that :func:`huge` marks; normal noise has none. One
    element makes a spike if it is above :math:`\sigma (N M)^{1/4}`, the limit of
    :func:`spectra.spiked.limit`. No trap is left if its p-value is above `level`, or, as one matrix
    of noise in twenty is below 5 % too, above 0.001 and a hundred times what it was.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> explain(W + 1.0)
    Explanation(cause=<Cause.MEAN: 2>, where='mean 1', num_huge=nan)
    >>> W[4, 2] = 100.0
    >>> explain(W)
    Explanation(cause=<Cause.ELEMENTS: 3>, where='element (4, 2)', num_huge=1.0)
    """
    array = np.asarray(W)
    if array.ndim != 2:
        msg = f"`W` must be a matrix, got {array.ndim}-D"
        raise ArgumentError(msg)
    elements, live = _elements(array), alive(array)
    shuffled = permuted(live, seed=seed).astype(np.float64)
    kurtosis = excess_kurtosis(live)  # the huge elements and the mean are no part of it
    before = _p(shuffled, kurtosis) if p is None else p
    for reasons in _reasons(elements):
        left = {r: _p(_without(r, shuffled, elements), kurtosis) for r in reasons}
        helps = {r: q for r, q in left.items() if q > level or q > max(_LEFT, 100 * before)}
        if helps:
            return _explanation(max(helps, key=lambda found: helps[found]), elements)
    return Explanation(Cause.UNEXPLAINED, "", math.nan)


def _reasons(elements: _Elements) -> list[list[_Reason]]:
    """Return what may make a trap, the simplest first: mean, a few elements, all that are huge."""
    limits = [limit for limit in (elements.spiking, elements.limit) if math.isfinite(limit)]
    counts = [int((elements.distance > limit).sum()) for limit in limits]
    limits = [limits[i] for i in range(len(limits)) if counts[i] > (counts[i - 1] if i else 0)]
    by_elements = [[(Cause.ELEMENTS, limit)] for limit in limits]
    if not elements.mean_is_visible:
        return by_elements
    by_mean = (Cause.MEAN, math.inf)
    first = [[by_mean, *by_elements[0]], *by_elements[1:]] if by_elements else [[by_mean]]
    return [*first, *([(Cause.MEAN_AND_ELEMENTS, limit)] for limit in limits)]


def _without(reason: _Reason, W: FloatArray, elements: _Elements) -> FloatArray:
    """Return W without the cause. Huge elements at their limit might still make a trap."""
    cause, limit = reason
    changed = W
    if cause is not Cause.MEAN:
        changed = np.where(np.abs(W - elements.median) > limit, elements.median, W)
    if cause is not Cause.ELEMENTS:
        changed = changed - changed.mean()
    return changed


def _explanation(reason: _Reason, elements: _Elements) -> Explanation:
    cause, limit = reason
    mean = f"mean {elements.mean:.3g}"
    if cause is Cause.MEAN:
        return Explanation(cause, mean, math.nan)
    place, num = _where(elements, limit), float((elements.distance > limit).sum())
    return Explanation(cause, place if cause is Cause.ELEMENTS else f"{mean}; {place}", num)


def find(
    matrices: npt.ArrayLike,
    spectra: npt.ArrayLike,
    /,
    *,
    seed: int = 0,
    level: float = 0.05,
) -> Traps:
    """
    Find the correlation traps of a layer and what makes them.

    Parameters
    ----------
    matrices : array_like, shape (rf, m, n)
        In weight units.
    spectra : array_like, shape (replicas, rf, min(m, n))
        What :func:`spectra.randomization.permuted_spectra` gave for them with the same `seed`.
    seed : int, default: 0
        Of the orders.
    level : float, default: 0.05
        Probability of finding any trap in a layer of noise, however many matrices it has.

    Returns
    -------
    Traps
        Of several replicas the median number, and twice the median p-value, which is valid
        whatever they have in common. Of several matrices with a trap the one with the strongest is
        explained. Not tested, with ``nan``, if they have less than 10 eigenvalues.

    Raises
    ------
    ArgumentError
        If `level` or `seed` is wrong.

    Notes
    -----
    Each matrix is judged against its own noise, so that the unequal scales of the positions of a
    convolution make no traps. Heavy-tailed elements do: as many as stand above the bulk.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for correlation traps; Vovk & Wang (2020),
    doi:10.1093/biomet/asaa027, for twice the median, which is Rueger's.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.randomization import permuted_spectra
    >>> W = np.random.default_rng(0).standard_normal((1, 200, 100))
    >>> W[0, 4, 2] = 100.0
    >>> found = find(W, permuted_spectra(W))
    >>> found.num, found.cause.name, found.where
    (1.0, 'ELEMENTS', 'element (4, 2)')
    """
    stack, values = np.asarray(matrices), np.asarray(spectra, dtype=np.float64)
    live = [alive(W) for W in stack]
    sides, shapes = [max(1, *W.shape) for W in live], [excess_kurtosis(W) for W in live]
    found = [detect_each(rows, sides, level=level, kurtosis=shapes) for rows in values]
    p = np.array([[spikes.p for spikes in replica] for replica in found])
    each = np.array([combined(row) for row in p])
    if np.isnan(each).any():
        return Traps(math.nan, math.nan, Cause.NOT_TESTED, "", math.nan)
    joint = float(each[0] if len(each) == 1 else min(1.0, 2 * np.median(each)))
    if joint > level:
        return Traps(0.0, joint, Cause.NO_TRAP, "", math.nan)
    nums = sorted(float(np.nansum([spikes.num for spikes in replica])) for replica in found)
    num = nums[(len(nums) - 1) // 2]
    # by how far it stands out: several p-values may be too small to tell apart
    height = np.array([[_height(spikes) for spikes in replica] for replica in found])
    replica, position = np.unravel_index(int(np.nanargmax(height)), height.shape)
    W = stack[position]
    order = orders(seed, len(values), len(stack))[int(replica)][int(position)]
    strongest = float(p[replica, position])
    reason = explain(W, seed=order, level=level_each(level, len(stack)), p=strongest)
    place = _of_stack(reason.where, int(position), [spikes.num for spikes in found[int(replica)]])
    return Traps(num, joint, reason.cause, place, reason.num_huge)


def _height(spikes: Spikes) -> float:
    return spikes.largest / spikes.bulk.upper if spikes.num > 0 else 0.0


def _of_stack(place: str, position: int, nums: list[float]) -> str:
    """Say in which matrix of several a place is, and that others have traps too."""
    if len(nums) == 1 or not place:
        return place
    others = sum(num > 0 for num in nums) - 1
    more = f"; {others} other{'s' if others > 1 else ''} too" if others > 0 else ""
    return f"matrix {position}: {place}{more}"
