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
from spectra.errors import ArgumentError
from spectra.randomization import orders, permuted
from spectra.spikes import combined, detect, detect_each, level_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Cause", "Explanation", "Traps", "explain", "find", "huge", "where"]

_MAD = 1.482602218505602  # standard deviation of a normal law over its median absolute deviation
_HUGE = 0.05
_LEFT = 1e-3
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
        Where :math:`|w - median|` is above z times the standard deviation, which is taken from the
        median absolute deviation; z is exceeded by the largest of so many normal numbers with
        probability `level`. None if more than half of the elements are equal.

    Raises
    ------
    ArgumentError
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> huge([0.1, -0.3, 0.2, 12.0, -0.1]).tolist()
    [False, False, False, True, False]
    """
    return _elements(np.asarray(W), level).huge


class _Elements(NamedTuple):
    """What the elements of a matrix are like, found once."""

    mean: float
    median: float
    scale: float
    limit: float
    huge: npt.NDArray[np.bool_]

    @property
    def mean_is_visible(self) -> bool:
        """Whether the mean is at least half of what makes a spike: std (N M)**(-1/4)."""
        return bool(2 * abs(self.mean) * self.huge.size**0.25 > self.scale)


def _elements(W: AnyArray, level: float = _HUGE) -> _Elements:
    from scipy.special import ndtri

    array = W if W.dtype in (np.float32, np.float64) else W.astype(np.float64)
    median = np.median(array)
    distance = np.abs(array - median)
    scale = _MAD * float(np.median(distance))
    z = -float(ndtri(level_each(level, array.size) / 2))
    limit = scale * z if scale > 0 else math.inf
    mean = float(array.mean(dtype=np.float64))
    return _Elements(mean, float(median), scale, limit, distance > limit)


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
    array = np.asarray(W)
    return _where(array, _elements(array))


def _where(array: AnyArray, elements: _Elements) -> str:
    mask = elements.huge
    for axis, word in ((1, "row"), (0, "column")):
        found = _crowded(mask.sum(axis=axis))
        if len(found):
            return _listed(word, found.tolist())
    places = np.argwhere(mask)
    distance = np.abs(array[mask].astype(np.float64) - elements.median)
    named = places[np.argsort(-distance, kind="stable")[:_NAMED]].tolist()
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


def _p(W: AnyArray) -> float:
    """Return the p-value of the largest eigenvalue."""
    return detect(eigenvalues(W, rtol=math.inf), max(W.shape)).p


def explain(
    W: npt.ArrayLike, /, *, seed: int = 0, level: float = 0.05, p: float | None = None
) -> Explanation:
    """
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
        The mean if no trap is left after centring, the huge elements if none is left after
        clipping, the one that leaves less if either does; both if only both together help.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `level` is not between 0 and 1.

    Notes
    -----
    Clipping puts the median for the elements that :func:`huge` marks; normal noise has none. No
    trap is left if its p-value is above `level`, or, as one matrix of noise in twenty is below 5 %
    too, above 0.001 and a hundred times what it was.

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
    elements = _elements(array)
    mean = f"mean {elements.mean:.3g}" if elements.mean_is_visible else ""
    place = _where(array, elements)
    reasons = {
        Cause.MEAN: mean,
        Cause.ELEMENTS: place,
        Cause.MEAN_AND_ELEMENTS: f"{mean}; {place}" if mean and place else "",
    }
    shuffled = permuted(array, seed=seed).astype(np.float64)
    before = _p(shuffled) if p is None else p
    left = {cause: _p(_without(cause, shuffled, elements)) for cause, why in reasons.items() if why}
    helps = {cause: q for cause, q in left.items() if q > level or q > max(_LEFT, 100 * before)}
    alone = {cause: q for cause, q in helps.items() if cause is not Cause.MEAN_AND_ELEMENTS}
    best = alone or helps
    if not best:
        return Explanation(Cause.UNEXPLAINED, "", math.nan)
    cause = max(best, key=lambda found: best[found])
    num_huge = math.nan if cause is Cause.MEAN else float(elements.huge.sum())
    return Explanation(cause, reasons[cause], num_huge)


def _without(cause: Cause, W: FloatArray, elements: _Elements) -> FloatArray:
    """Return W without the cause. Huge elements at their limit might still make a trap."""
    changed = W
    if cause is not Cause.MEAN:
        changed = np.where(np.abs(W - elements.median) > elements.limit, elements.median, W)
    if cause is not Cause.ELEMENTS:
        changed = changed - changed.mean()
    return changed


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
        whatever they have in common. Not tested, with ``nan``, if a matrix has less than 10
        eigenvalues or if most of its elements are zero.

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
    Martin & Hinrichs (2025), arXiv:2507.17912, for correlation traps; Rueschendorf (1982),
    doi:10.1214/aos/1176345797, for the median.

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
    N = max(stack.shape[1:])
    found = [detect_each(by_matrix, N, level=level) for by_matrix in values]
    p = np.array([[spikes.p for spikes in replica] for replica in found])
    each = np.array([combined(row) for row in p])
    if np.isnan(each).any():
        return Traps(math.nan, math.nan, Cause.NOT_TESTED, "", math.nan)
    joint = float(each[0] if len(each) == 1 else min(1.0, 2 * np.median(each)))
    if joint > level:
        return Traps(0.0, joint, Cause.NO_TRAP, "", math.nan)
    num = float(np.median([np.nansum([spikes.num for spikes in replica]) for replica in found]))
    replica, position = np.unravel_index(int(np.nanargmin(p)), p.shape)
    W = stack[position]
    order = orders(seed, len(values), len(stack))[int(replica)][int(position)]
    strongest = float(p[replica, position])
    reason = explain(W, seed=order, level=level_each(level, len(stack)), p=strongest)
    prefix = f"matrix {position}: " if len(stack) > 1 and reason.where else ""
    return Traps(num, joint, reason.cause, prefix + reason.where, reason.num_huge)
