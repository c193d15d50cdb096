"""
Find correlation traps, the spikes left after permuting the elements of a matrix, and their causes.

A permutation destroys correlations. A spike that survives a permutation is not a signal but a
property of the elements: their mean is not zero, which makes a rank-one part that no permutation
removes, or a few elements are huge. To tell the cause, the matrix is centred or its huge elements
are clipped, and its elements are permuted in the same order again.
"""

from __future__ import annotations

import itertools
import math
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import BLOCK, extreme_exponent, matrices_of, matrix_of, spectrum_of
from spectra.errors import ArgumentError
from spectra.linalg import far_elements
from spectra.linalg._changed import Changed
from spectra.linalg._packing import copied, packed
from spectra.linalg.eigen import eigenvalues
from spectra.linalg.elements import Elements, look, sample_kurtosis
from spectra.linalg.live_elements import read
from spectra.multiple_tests import combined, significance_each
from spectra.noise.permutation import RTOL, PermutedSpectra
from spectra.noise.spikes import detect, detect_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.linalg.far_elements import FarElements
    from spectra.linalg.live_elements import LiveElements
    from spectra.noise.spikes import Spikes

__all__ = ["Cause", "Explanation", "Traps", "explain", "find"]

_GONE = 1e-3  # p-value above which a trap is gone, if it is also a hundred times larger
_Reason = tuple["Cause", float]


class Cause(IntEnum):
    """
    Cause of a correlation trap.

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
    Cause of a correlation trap, and its place in the matrix.

    Examples
    --------
    >>> Explanation._fields
    ('cause', 'where', 'num_huge')
    """

    cause: Cause
    """Cause of the trap."""
    where: str
    """Rows, columns or elements that make the trap, or the mean; empty if unexplained."""
    num_huge: float
    """Number of huge elements if they are the cause, else ``nan``."""


class Traps(NamedTuple):
    """
    Number, p-value and cause of the correlation traps of a layer.

    Examples
    --------
    >>> Traps._fields
    ('num', 'p', 'cause', 'where', 'num_huge')
    """

    num: float
    """Number of traps."""
    p: float
    """Probability of a trap at least as strong in pure noise."""
    cause: Cause
    """Cause of the strongest trap."""
    where: str
    """Rows, columns or elements that make the strongest trap, or the mean."""
    num_huge: float
    """Number of huge elements if they are the cause, else ``nan``."""


def _p(W: Changed, kurtosis: float) -> float:
    """Return the p-value of the largest eigenvalue of a matrix under pure noise."""
    exponent = extreme_exponent(W)
    scaled = W if not exponent else np.ldexp(np.asarray(W), -exponent)
    return detect(eigenvalues(scaled, rtol=RTOL), max(1, *W.shape), kurtosis=kurtosis).p


def explain(
    W: npt.ArrayLike,
    /,
    *,
    rng: int | np.random.Generator | None = 0,
    significance: float = 0.05,
    p: float | None = None,
) -> Explanation:
    r"""
    Find the cause of the trap of one matrix.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units, whose elements in the order of `rng` have a trap.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the permutation that has the trap.
    significance : float, default: 0.05
        Probability of finding a trap in a matrix of noise.
    p : float, optional
        The p-value of the trap, computed if not given.

    Returns
    -------
    Explanation
        The mean if centring removes the trap, the elements if clipping removes it, the one with
        the larger p-value if either does; both if only both together remove it. Clipping starts
        with the elements large enough to make a spike by themselves; if that does not remove the
        trap, all huge elements are clipped.

    Raises
    ------
    ArgumentError
        If W is not a matrix of real numbers, or `significance` is not between 0 and 1.

    Notes
    -----
    Clipping replaces by the median the elements that :func:`spectra.linalg.elements.huge` marks;
    normal noise has no such elements. A single element makes a spike if it is above
    :math:`\sigma (N M)^{1/4}`, the limit of :func:`spectra.noise.signal.limit`. A trap counts as
    removed if the p-value is then above `significance`, or above 0.001 and a hundred times the
    p-value before, because one noise matrix in twenty has a p-value below 5 % too.

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
    array = copied(matrix_of(W))
    if array.ndim != 2:
        msg = f"`W` must be a matrix, got {array.ndim}-D"
        raise ArgumentError(msg)
    _checks.share("significance", significance)
    live = read(array)
    elements = look(array, live=live)
    far = _far_elements(array, elements, live)
    shuffled = packed(array, live.rows, live.columns)  # in place of `array`
    _checks.generator(rng).shuffle(shuffled.reshape(-1))
    kurtosis = sample_kurtosis(live.sample)  # leaves out the huge elements and the mean
    before = (
        _p(_without((Cause.NO_TRAP, math.inf), shuffled, elements), kurtosis) if p is None else p
    )
    for reasons in _reasons(elements, [*far]):
        left = {r: _p(_without(r, shuffled, elements), kurtosis) for r in reasons}
        helps = {r: q for r, q in left.items() if q > significance or q > max(_GONE, 100 * before)}
        if helps:
            return _explanation(max(helps, key=lambda found: helps[found]), elements, far)
    return Explanation(Cause.UNEXPLAINED, "", math.nan)


def _far_elements(W: AnyArray, elements: Elements, live: LiveElements) -> dict[float, FarElements]:
    """Return the elements beyond the limits of a spike and of huge ones, by their limit."""
    limits = [limit for limit in (elements.spiking, elements.limit) if math.isfinite(limit)]
    found = {
        limit: far_elements.find(W, centre=elements.median, limit=limit, live=live)
        for limit in limits
    }
    counts = [0, *(far.num for far in found.values())]
    more = [count > fewer for fewer, count in itertools.pairwise(counts)]
    return dict(itertools.compress(found.items(), more))


def _reasons(elements: Elements, limits: list[float]) -> list[list[_Reason]]:
    """Return the possible causes, the simplest first: mean, a few elements, all huge elements."""
    by_elements = [[(Cause.ELEMENTS, limit)] for limit in limits]
    if not elements.mean_is_visible:
        return by_elements
    by_mean = (Cause.MEAN, math.inf)
    first = [[by_mean, *by_elements[0]], *by_elements[1:]] if by_elements else [[by_mean]]
    return [*first, *([(Cause.MEAN_AND_ELEMENTS, limit)] for limit in limits)]


def _without(reason: _Reason, W: AnyArray, elements: Elements) -> Changed:
    """
    Return W without the cause: centred, its huge elements replaced by the median, or both.

    Huge elements clipped to the limit itself might still make a trap.
    """
    cause, limit = reason

    def clipped(part: FloatArray, *_: slice) -> FloatArray:
        if math.isfinite(limit):
            apart = part - elements.median
            part[np.abs(apart, out=apart) > limit] = elements.median
        return part

    changed = Changed(W, clipped)
    if cause not in {Cause.MEAN, Cause.MEAN_AND_ELEMENTS}:
        return changed
    step = max(1, BLOCK // max(1, min(W.shape)))
    mean = math.fsum(float(part.sum()) for part in changed.blocks(step)) / max(1, W.size)

    def centred(part: FloatArray, *_: slice) -> FloatArray:
        part = clipped(part)
        part -= mean
        return part

    return Changed(W, centred)


def _explanation(
    reason: _Reason, elements: Elements, far: Mapping[float, FarElements]
) -> Explanation:
    cause, limit = reason
    mean = f"mean {elements.mean:.3g}"
    if cause is Cause.MEAN:
        return Explanation(cause, mean, math.nan)
    place, num = far[limit].where, float(far[limit].num)
    return Explanation(cause, place if cause is Cause.ELEMENTS else f"{mean}; {place}", num)


def find(
    matrices: npt.ArrayLike,
    permuted_spectra: PermutedSpectra,
    /,
    *,
    significance: float = 0.05,
) -> Traps:
    """
    Find the correlation traps of a layer and their causes.

    Parameters
    ----------
    matrices : array_like, shape (rf, m, n) or (m, n), or Spectrum
        Matrices in weight units.
    permuted_spectra : PermutedSpectra
        The result of :func:`spectra.noise.permutation.permuted_spectra` for these matrices.
    significance : float, default: 0.05
        Probability of finding any trap in a layer of noise, however many matrices it has.

    Returns
    -------
    Traps
        Median number of traps over the replicas, and twice the median p-value, which is valid for
        dependent replicas. Of several traps the strongest is explained. Not tested, with ``nan``,
        if the matrices have fewer than 10 nonzero eigenvalues.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Notes
    -----
    Each matrix is compared with its own noise, so that the unequal scales of the positions of a
    convolution do not make traps. Heavy-tailed elements do: each eigenvalue that they lift above
    the bulk is one.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for correlation traps; Vovk & Wang (2020),
    doi:10.1093/biomet/asaa027, for Rueger's rule of twice the median.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.noise.permutation import permuted_spectra
    >>> W = np.random.default_rng(0).standard_normal((1, 200, 100))
    >>> W[0, 4, 2] = 100.0
    >>> found = find(W, permuted_spectra(W, rng=0))
    >>> found.num, found.cause.name, found.where
    (1.0, 'ELEMENTS', 'element (4, 2)')
    """
    stack, values = matrices_of(matrices), permuted_spectra.eigenvalues
    sides, shapes = _sides_and_shapes(matrices, stack)
    found = [
        detect_each(rows, sides, significance=significance, kurtosis=shapes) for rows in values
    ]
    p = np.array([[spikes.p for spikes in replica] for replica in found])
    each = np.array([combined(row) for row in p])
    if np.isnan(each).any():
        return Traps(math.nan, math.nan, Cause.NOT_TESTED, "", math.nan)
    joint = float(each[0] if len(each) == 1 else min(1.0, 2 * np.median(each)))
    if joint > significance:
        return Traps(0.0, joint, Cause.NO_TRAP, "", math.nan)
    nums = sorted(float(np.nansum([spikes.num for spikes in replica])) for replica in found)
    num = nums[(len(nums) - 1) // 2]
    # ranked by height above the edge, as several p-values may underflow to 0
    height = np.array([[_height(spikes) for spikes in replica] for replica in found])
    replica, position = np.unravel_index(int(np.nanargmax(height)), height.shape)
    W = stack[int(position)]
    order = permuted_spectra.orders[int(replica)][int(position)]
    strongest = float(p[replica, position])
    reason = explain(
        W, rng=order, significance=significance_each(significance, len(stack)), p=strongest
    )
    place = _of_stack(reason.where, int(position), [spikes.num for spikes in found[int(replica)]])
    return Traps(num, joint, reason.cause, place, reason.num_huge)


def _sides_and_shapes(
    matrices: npt.ArrayLike, stack: Sequence[npt.ArrayLike]
) -> tuple[Sequence[int], Sequence[float]]:
    """Return the longer live side of each matrix, and the kurtosis of its elements."""
    known = spectrum_of(matrices)
    if known is not None:
        return known.sides, known.kurtosis
    live = [read(W) for W in stack]
    return [max(1, *each.shape) for each in live], [sample_kurtosis(each.sample) for each in live]


def _height(spikes: Spikes) -> float:
    """Return the largest eigenvalue over the upper edge of the bulk; 0 without a spike."""
    return spikes.largest / spikes.bulk.upper if spikes.num > 0 else 0.0


def _of_stack(place: str, position: int, nums: list[float]) -> str:
    """Add to a place the number of its matrix, and the number of other matrices with traps."""
    if len(nums) == 1 or not place:
        return place
    others = sum(num > 0 for num in nums) - 1
    more = f"; {others} other{'s' if others > 1 else ''} too" if others > 0 else ""
    return f"matrix {position}: {place}{more}"
