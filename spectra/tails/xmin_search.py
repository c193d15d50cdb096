"""
Exact search for the threshold xmin of smallest distance, without evaluating every candidate.

The distance of a tail from its law is the largest of the deviations at the data of the tail. Any
few deviations therefore bound the distance from below, and the search for the smallest distance is
a search for the smallest of many maxima. The search uses cutting planes (Kelley 1960): deviations
at a few data bound every candidate; the candidate of smallest bound is evaluated in full; the datum
of its largest deviation is nearly the worst datum of the neighbouring candidates too, and so bounds
them almost tightly. A candidate whose bound exceeds the best distance found is never evaluated.
Three to thirty evaluations, each in time proportional to n, suffice for samples of any size; no
candidate that could be the best is skipped. Data without randomness, such as exact quantiles of a
power law, deviate equally everywhere and can take the time of a full scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.tails.log_excess import STEPHENS_AT_05, stephens

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Tails", "distances", "longest", "search"]

_SAMPLED = 8  # longest tails bounded by a sampled datum, in units of the tail from that datum up
_BLOCK = 1 << 15  # deviations computed at once
_PATIENCE = 100  # single evaluations before the remaining candidates are evaluated in blocks
_SLACK = 1e-15  # rounding of a deviation, which is at most 1


class Tails(NamedTuple):
    """
    Samples of equal size, and the law fitted above every candidate start of the tail.

    Examples
    --------
    >>> import numpy as np
    >>> def cdf(excess, rate):
    ...     return -np.expm1(-rate * excess)
    >>> log_x = np.log([[1.0, 2.0, 3.0, 5.0]])
    >>> rate = np.array([[1.2, 1.7, 3.9]])
    >>> tails = Tails(log_x, log_x[:, :3], np.ones((1, 3), bool), cdf, (rate,))
    >>> index, distance = search(tails)
    >>> int(index[0]), [round(float(D), 3) for D in distances(tails)]
    (1, [0.315, 0.165, 0.364])
    """

    log_x: FloatArray
    """Logarithms of the data, one sample per row, ascending."""
    log_xmin: FloatArray
    """Logarithms of the candidates: candidate i is datum i; a single one may be below datum 0."""
    allowed: AnyArray
    """Whether each candidate may start the tail."""
    cdf: Callable[..., FloatArray]
    """Law as ``cdf(excess, *parameters)`` of the log-excess ``ln(x / xmin)``, elementwise."""
    parameters: tuple[FloatArray, ...]
    """Parameters of the law above each candidate, each of the shape of `log_xmin`."""
    half: float = 0.0
    """0 for the deviation from the lower step of the empirical distribution, 0.5 for both steps."""
    steps: AnyArray | None = None
    """Whether the deviation at each datum counts, same shape as `log_x`; by default all do."""


def _deviation(
    tails: Tails,
    log_xmin: FloatArray,
    parameters: tuple[FloatArray, ...],
    log_x: FloatArray,
    i: AnyArray | int,
    j: AnyArray | int,
) -> FloatArray:
    """Return the deviation at datum j >= i from the law above datum i, elementwise."""
    num = tails.log_x.shape[1] - i
    found = tails.cdf(log_x - log_xmin, *parameters)
    found -= (j - (i - tails.half)) / num
    np.abs(found, out=found)
    # the larger deviation of the two steps is the deviation of their middle plus half a step
    return found + tails.half / num if tails.half else found


def _sampled_bounds(tails: Tails) -> FloatArray:
    """Bound every candidate by the deviations at the data that halve, quarter, ... the sample."""
    log_x = tails.log_x
    n, count = log_x.shape[1], tails.allowed.shape[1]
    index = np.arange(count, dtype=np.float64)  # float, to avoid conversions below
    bounds = np.where(tails.allowed, 0.0, np.inf)
    above = n // 2
    while above >= 1:
        j = n - above
        s = slice(max(0, n - _SAMPLED * above), min(j, count))
        parameters = tuple(p[:, s] for p in tails.parameters)
        found = _deviation(tails, tails.log_xmin[:, s], parameters, log_x[:, j, None], index[s], j)
        if tails.steps is not None:
            found[~tails.steps[:, j]] = 0.0
        np.maximum(bounds[:, s], found, out=bounds[:, s])
        above //= 2
    return bounds


def _worst(
    tails: Tails,
    row: AnyArray,
    i: AnyArray,
    log_xmin: FloatArray,
    parameters: tuple[FloatArray, ...],
) -> tuple[AnyArray, FloatArray]:
    """Return the datum and the size of the largest deviation of candidates i of samples `row`."""
    first, several = int(i.min()), len(row) > 1
    j = np.arange(first, tails.log_x.shape[1], dtype=np.float64)
    columns = tuple(p[:, None] for p in parameters)
    log_x = tails.log_x[row, first:]
    if several:  # data below a candidate are not in its tail
        log_x = np.maximum(log_x, log_xmin[:, None])
    found = _deviation(tails, log_xmin[:, None], columns, log_x, i[:, None], j)
    if several:
        found[j < i[:, None]] = 0.0
    if tails.steps is not None:
        found[~tails.steps[row, first:]] = 0.0
    worst = np.argmax(found, axis=1)
    return worst + first, found[np.arange(len(row)), worst]


def search(tails: Tails, /) -> tuple[AnyArray, FloatArray]:
    """
    Find the candidate of smallest distance in each sample.

    Parameters
    ----------
    tails : Tails
        Samples, and the law above each candidate.

    Returns
    -------
    index : ndarray of int, shape (rows,)
        Index of the candidate; of equal ones the first, -1 if none is allowed.
    distance : ndarray, shape (rows,)
        Kolmogorov-Smirnov distance of the candidate, ``inf`` if none is allowed.

    See Also
    --------
    distances : Distances of all candidates, in quadratic time.

    References
    ----------
    Kelley (1960), The cutting-plane method for solving convex programs, doi:10.1137/0108053; the
    maximum over data takes the place of the supporting planes.

    Examples
    --------
    >>> import numpy as np
    >>> log_x = np.sort(np.random.default_rng(0).exponential(size=(1, 500)))
    >>> n = 500 - np.arange(499)
    >>> excess = log_x[:, ::-1].cumsum(axis=1)[:, :0:-1] - n * log_x[:, :-1]
    >>> def cdf(excess, rate):
    ...     return -np.expm1(-rate * excess)
    >>> tails = Tails(log_x, log_x[:, :-1], np.ones((1, 499), bool), cdf, (n / excess,))
    >>> index, distance = search(tails)
    >>> bool(index[0] == distances(tails).argmin())
    True
    """
    num_rows = len(tails.log_x)
    best, at = np.full(num_rows, np.inf), np.full(num_rows, -1)
    witness = np.zeros(num_rows, dtype=np.int64)  # datum of largest deviation of the last one tried
    bounds = _sampled_bounds(tails)
    if not bounds.size:
        return at, best
    tried = bounds.argmin(axis=1)
    rows = np.flatnonzero(bounds[np.arange(num_rows), tried] < np.inf)
    if not rows.size:
        return at, best
    witness[rows] = _try(tails, rows, tried[rows], best, at)
    bounds[rows, tried[rows]] = np.inf
    # the candidates that may still be the best, row by row
    row, i = np.nonzero((bounds < np.inf) & (bounds <= best[:, None] + _SLACK))
    bound = bounds[row, i]
    for _ in range(_PATIENCE):
        bound = np.maximum(bound, _cuts(tails, row, i, witness[row]))
        left = bound <= best[row] + _SLACK
        row, i, bound = row[left], i[left], bound[left]
        if not row.size:
            return at, best
        lowest = _lowest(row, bound)
        witness[row[lowest]] = _try(tails, row[lowest], i[lowest], best, at)
        bound[lowest] = np.inf
    _try_all(tails, row, i, bound, best, at)
    return at, best


def _try(tails: Tails, row: AnyArray, i: AnyArray, best: FloatArray, at: AnyArray) -> AnyArray:
    """Evaluate candidates, update the best of their rows, return the data of largest deviation."""
    parameters = tuple(p[row, i] for p in tails.parameters)
    worst, found = _worst(tails, row, i, tails.log_xmin[row, i], parameters)
    for r, candidate, D in zip(row.tolist(), i.tolist(), found.tolist(), strict=True):
        if (D, candidate) < (best[r], at[r]):
            best[r], at[r] = D, candidate
    return worst


def _try_all(
    tails: Tails, row: AnyArray, i: AnyArray, bound: FloatArray, best: FloatArray, at: AnyArray
) -> None:
    """Evaluate the remaining candidates in blocks, in ascending order of their bounds."""
    together = max(1, _BLOCK // tails.log_x.shape[1])
    order = np.argsort(bound, kind="stable")
    while (order := order[bound[order] <= best[row[order]] + _SLACK]).size:
        now, order = order[:together], order[together:]
        _try(tails, row[now], i[now], best, at)


def _cuts(tails: Tails, row: AnyArray, i: AnyArray, j: AnyArray) -> FloatArray:
    """Bound candidates by their deviations at data j; 0 if datum j is not in the tail."""
    log_xmin = tails.log_xmin[row, i]
    parameters = tuple(p[row, i] for p in tails.parameters)
    log_x = np.maximum(tails.log_x[row, j], log_xmin)
    found = _deviation(tails, log_xmin, parameters, log_x, i, j)
    return np.where(i <= j, found, 0.0)


def _lowest(row: AnyArray, bound: FloatArray) -> AnyArray:
    """Return the position of the smallest bound of each row."""
    starts = np.concatenate([[0], np.flatnonzero(row[1:] != row[:-1]) + 1])
    counts = np.concatenate([starts[1:], [len(row)]]) - starts
    lowest = np.flatnonzero(bound == np.repeat(np.minimum.reduceat(bound, starts), counts))
    return lowest[np.searchsorted(lowest, starts)]


def _distance(tails: Tails, i: int) -> tuple[int, float]:
    """Return the datum and size of the largest deviation of candidate i of the first sample."""
    one = np.array([i])
    parameters = tuple(p[0, one] for p in tails.parameters)
    j, found = _worst(tails, np.array([0]), one, tails.log_xmin[0, one], parameters)
    return int(j[0]), float(found[0])


def distances(tails: Tails, /, *, limits: FloatArray | None = None) -> FloatArray:
    """
    Compute the distance of every candidate.

    Parameters
    ----------
    tails : Tails
        One sample, and the law above each candidate.
    limits : ndarray, shape (candidates,), optional
        Distances of interest: a candidate that is surely further from its law is left out, unless
        it is the best of all, or next to one that is not left out.

    Returns
    -------
    ndarray, shape (candidates,)
        Kolmogorov-Smirnov distances; 1 for a candidate that is not allowed, ``inf`` for one that is
        left out.

    See Also
    --------
    search : Smallest distance, found much faster.

    Notes
    -----
    The computation takes :math:`O(n^2)` time and :math:`O(n)` memory.

    Examples
    --------
    >>> import numpy as np
    >>> def cdf(excess, rate):
    ...     return -np.expm1(-rate * excess)
    >>> log_x = np.log([[1.0, 2.0]])
    >>> tails = Tails(log_x, log_x[:, :1], np.ones((1, 1), bool), cdf, (np.array([[2.9]]),))
    >>> distances(tails).round(3)
    array([0.366])
    """
    found = np.ones(tails.allowed.shape[1])
    candidates = np.flatnonzero(tails.allowed[0])
    if limits is not None and len(candidates):
        near = _sampled_bounds(tails)[0, candidates] <= limits[candidates]
        near |= candidates == search(tails)[0][0]
        padded = np.concatenate([[False], near, [False]])
        near |= padded[:-2] | padded[2:]
        found[candidates[~near]] = np.inf
        candidates = candidates[near]
    together = max(1, _BLOCK // max(1, tails.log_x.shape[1]))
    for first in range(0, len(candidates), together):
        i = candidates[first : first + together]
        parameters = tuple(p[0, i] for p in tails.parameters)
        found[i] = _worst(tails, np.zeros_like(i), i, tails.log_xmin[0, i], parameters)[1]
    return found


def longest(tails: Tails, /, *, before: int) -> int:
    """
    Find the longest tail whose law is not rejected by a test at 5 %.

    Parameters
    ----------
    tails : Tails
        One sample, and the law above each candidate.
    before : int
        Candidate to return if no longer tail passes; only longer tails are tried.

    Returns
    -------
    int
        Index of the first candidate that passes the test, `before` if none does.

    Notes
    -----
    The test uses :func:`spectra.tails.log_excess.stephens`, with D from both steps.

    Examples
    --------
    >>> import numpy as np
    >>> log_x = np.log([[1.0, 1.5, 2.3, 3.9, 8.1]])
    >>> def cdf(excess, rate):
    ...     return -np.expm1(-rate * excess)
    >>> rate = np.array([[1.1, 1.2, 1.5, 2.7]])
    >>> tails = Tails(log_x, log_x[:, :4], np.ones((1, 4), bool), cdf, (rate,))
    >>> longest(tails, before=3)
    0
    """
    both = tails._replace(half=0.5)
    num = tails.log_x.shape[1] - np.arange(before)
    bounds = _sampled_bounds(both)[0, :before]
    index = np.arange(before)
    row = np.zeros_like(index)
    while (possible := np.flatnonzero(stephens(bounds, num) <= STEPHENS_AT_05)).size:
        i = int(possible[0])
        j, distance = _distance(both, i)
        if stephens(np.array(distance), num[i]) <= STEPHENS_AT_05:
            return i
        bounds = np.maximum(bounds, _cuts(both, row, index, np.full_like(index, j)))
        bounds[i] = np.inf
    return before
