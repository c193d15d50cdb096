r"""
Relate a metric of models to their accuracy, over all models, within groups and between groups.

A metric that follows the accuracy within every family of models may run against it over all of
them, and the other way round (Simpson's paradox). So the relation is measured three times.
Kendall's :math:`\tau` counts the pairs of models that both quantities put in the same order, less
those that they put in opposite orders, relative to the pairs without ties.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError, one_line

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

__all__ = ["relation"]

_DIGITS = 14  # of means of numbers up to 1
_KINDS = ("all", "within", "between")
_WORDS = {
    "tau": "Kendall's rank correlation",
    "tau_low": "lower end of the interval of tau",
    "tau_high": "upper end of the interval of tau",
    "p": "probability of a tau at least as far from 0 by chance",
    "num": "number of points",
    "slope": "change of the accuracy per unit of the metric, by least squares",
    "rmse": "root mean square of the accuracy around the line",
    "rmse_without": "root mean square of the accuracy around its mean",
}


class _Points(NamedTuple):
    """Points sorted by group in units of powers of 2, and the signs of all differences."""

    x: FloatArray
    y: FloatArray
    spans: list[slice]
    x_signs: FloatArray
    y_signs: FloatArray
    exponents: tuple[int, int]


def _signs(values: FloatArray) -> FloatArray:
    return (values[:, None] > values).astype(np.float64) - (values[:, None] < values)


def _in_units(values: FloatArray) -> tuple[FloatArray, int]:
    """Return values of at most 1 with the power of 2 that they are multiplied by."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    return np.ldexp(values, -exponent), exponent


def _mean(values: FloatArray) -> float:
    """Return the mean, of equal values exactly that value."""
    least = float(values.min())
    return least + float((values - least).mean())


def _means(values: FloatArray, spans: list[slice]) -> FloatArray:
    """Return the mean of each group; those that differ by rounding are equal."""
    return np.round([_mean(values[span]) for span in spans], _DIGITS)


def _orders(x_signs: FloatArray, y_signs: FloatArray) -> FloatArray:
    """Return the pairs in equal less those in opposite order, and those untied in x, and in y."""
    one, other = x_signs.ravel(), y_signs.ravel()
    return np.array([one @ other, one @ one, other @ other])


def _ratios(orders: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(orders[..., 0] / np.sqrt(orders[..., 1] * orders[..., 2]))


def _taus(points: _Points, first: AnyArray, second: AnyArray) -> FloatArray:
    """Return tau over all, within and between groups, then of each group; x and y reordered."""
    x_signs = points.x_signs[np.ix_(first, first)]
    y_signs = points.y_signs[np.ix_(second, second)]
    each = [_orders(x_signs[span, span], y_signs[span, span]) for span in points.spans]
    means = (_means(v, points.spans) for v in (points.x[first], points.y[second]))
    between = _orders(*map(_signs, means))
    return _ratios(np.array([_orders(x_signs, y_signs), np.sum(each, axis=0), between, *each]))


def _intervals(
    points: _Points, resamples: int, confidence: float, random: np.random.Generator
) -> FloatArray:
    """Return the ends of the interval of each tau, from points redrawn within their groups."""
    drawn = [
        np.concatenate([random.integers(s.start, s.stop, s.stop - s.start) for s in points.spans])
        for _ in range(resamples)
    ]
    found = np.array([_taus(points, order, order) for order in drawn])
    ends = np.full((2, found.shape[1]), math.nan)
    known = np.isfinite(found).mean(axis=0) > 0.5
    tail = (1 - confidence) / 2
    ends[:, known] = np.nanquantile(found[:, known], [tail, 1 - tail], axis=0)
    return ends


def _p_values(
    points: _Points, taus: FloatArray, resamples: int, random: np.random.Generator
) -> FloatArray:
    """Return the p-value of each tau: y is exchanged, over all or within its group."""
    from scipy.stats import kendalltau

    order = np.arange(len(points.x))
    farther = np.zeros(len(taus))
    for _ in range(resamples):
        within = np.concatenate([random.permutation(order[span]) for span in points.spans])
        found = _taus(points, order, within)
        over_all = random.permutation(order)
        found[0] = _ratios(_orders(points.x_signs, points.y_signs[np.ix_(over_all, over_all)]))
        farther += np.abs(found) >= np.abs(taus) - 1e-9
    p = np.where(np.isfinite(taus), (1 + farther) / (1 + resamples), math.nan)
    means = (_means(values, points.spans) for values in (points.x, points.y))
    p[2] = float(kendalltau(*means).pvalue) if math.isfinite(taus[2]) else math.nan
    return p


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return the slope, and the scatter of y around the line and without it, of centred data."""
    square = float(x @ x)
    slope = float(x @ y) / square if square else math.nan
    return slope, math.sqrt(np.mean((y - slope * x) ** 2)), math.sqrt(np.mean(y**2))


def _lines(points: _Points) -> list[tuple[float, float, float]]:
    """Return the lines through all points, with a level for each group, and through the means."""
    found = []
    for group in ([slice(None)], points.spans):
        parts = [[v[span] - _mean(v[span]) for span in group] for v in (points.x, points.y)]
        found.append(_line(*map(np.concatenate, parts)))
    means = [_means(v, points.spans) for v in (points.x, points.y)]
    found.append(_line(*(v - _mean(v) for v in means)))
    x, y = points.exponents
    with np.errstate(over="ignore"):  # a slope that no number holds
        return [tuple(np.ldexp(line, [y - x, y, y]).tolist()) for line in found]


def relation(
    metric: npt.ArrayLike,
    accuracy: npt.ArrayLike,
    /,
    *,
    groups: Iterable[object],
    confidence: float = 0.9,
    resamples: int = 1000,
    rng: int | np.random.Generator | None = 0,
) -> xr.Dataset:
    r"""
    Relate a metric of models to their accuracy, over all models, within and between groups.

    Parameters
    ----------
    metric, accuracy : array_like, shape (n,)
        Two numbers of each model, such as its mean alpha and its test accuracy. Models with a
        number that is not finite are left out.
    groups : iterable, length n
        Group of each model, such as its architecture or its depth: hashable objects, of which equal
        ones are one group. A group is named after the object, as ``str`` has it, on one line.
    confidence : float, default: 0.9
        Confidence of the intervals.
    resamples : int, default: 1000
        Number of draws for the intervals, and of permutations for the p-values.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the draws, or the generator to draw from; None for an unseeded one.

    Returns
    -------
    xarray.Dataset
        Along ``points``, which are ``all`` models, models ``within`` their groups, and ``between``
        groups, the means of the groups: `tau`, its interval from `tau_low` to `tau_high`, its
        p-value `p`, the number of points `num`, the `slope` of the least-squares line, the root
        mean square `rmse` of the accuracy around the line, and `rmse_without` around the mean.
        Within groups the line has one slope and a level for each group. Along ``group``:
        `group_tau`, `group_tau_low`, `group_tau_high`, `group_p` and `group_num`. The attribute
        `num_left_out` counts the models that are left out. Without two different values on either
        side a number is ``nan``.

    Raises
    ------
    ArgumentError
        If the arguments differ in length, no model has two finite numbers, two groups have one
        name, the groups are a string, a mapping or a set, or an option is wrong.

    See Also
    --------
    spectra.results.plotdata.regression : Lines of the figure, for each group.

    Notes
    -----
    :math:`\tau` is Kendall's :math:`\tau_b`; within groups its three counts of pairs are summed
    over the groups. Intervals are percentiles over models redrawn within their groups: they say
    what other models of the same groups would give, nothing about other groups, and are too narrow
    for groups of fewer than ten models. The p-values come from permutations of the accuracies
    over all models, or within groups, so that none is below 1 / (1 + `resamples`); between groups
    it is that of SciPy's ``kendalltau``, exact without ties, and cannot be below 1/12 for four
    groups. Models that share a seed or data are not independent, and their intervals too narrow:
    average over such models first. The signs of all pairs are kept: n models take about
    :math:`32 n^2` bytes, 3 GB for 10,000 of them.

    References
    ----------
    Kendall (1945), doi:10.1093/biomet/33.3.239; Simpson (1951), JRSS B 13, 238.

    Examples
    --------
    >>> metric = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    >>> accuracy = [7, 8, 9, 4, 5, 6, 1, 2, 3]
    >>> found = relation(metric, accuracy, groups=list("aaabbbccc"))
    >>> found.tau.round(2).to_series().to_dict()
    {'all': -0.5, 'within': 1.0, 'between': -1.0}
    >>> found.slope.round(2).values.tolist()
    [-0.8, 1.0, -1.0]
    """
    import xarray as xr

    points, names, num_left_out = _sorted(metric, accuracy, groups)
    _checks.share("confidence", confidence)
    _checks.count("resamples", resamples)
    random = _checks.generator(rng)
    order = np.arange(len(points.x))
    taus = _taus(points, order, order)
    low, high = _intervals(points, resamples, confidence, random)
    p = _p_values(points, taus, resamples, random)
    sizes = [span.stop - span.start for span in points.spans]
    num = np.array([len(order), len(order), len(names), *sizes])
    columns = dict(zip(_WORDS, (taus, low, high, p, num), strict=False))
    lines = np.array(_lines(points)).T
    arrays = {
        **{name: ("points", v[:3]) for name, v in columns.items()},
        **dict(zip(list(_WORDS)[5:], [("points", v) for v in lines], strict=True)),
        **{f"group_{name}": ("group", v[3:]) for name, v in columns.items()},
    }
    described = {
        name: xr.Variable(dim, values, {"long_name": _WORDS[name.removeprefix("group_")]})
        for name, (dim, values) in arrays.items()
    }
    attrs = {"confidence": confidence, "resamples": resamples, "num_left_out": num_left_out}
    return xr.Dataset(described, {"points": list(_KINDS), "group": names}, attrs)


def _sorted(
    metric: npt.ArrayLike, accuracy: npt.ArrayLike, groups: Iterable[object]
) -> tuple[_Points, list[str], int]:
    """Return the finite points sorted by group, the names of the groups, and how many are left."""
    x = _checks.one_dimensional(metric, "metric")
    y = _checks.one_dimensional(accuracy, "accuracy")
    labels = _labels(groups)
    if not len(x) == len(y) == len(labels):
        got = f"{len(x)}, {len(y)} and {len(labels)}"
        msg = f"`metric`, `accuracy` and `groups` must have one entry per model, got {got}"
        raise ArgumentError(msg)
    kept = np.isfinite(x) & np.isfinite(y)
    if not kept.any():
        msg = f"no model has two finite numbers, of {len(x)}"
        raise ArgumentError(msg)
    names, places = _by_group(labels, kept)
    ends = np.cumsum([0, *map(len, places)]).tolist()
    spans = [slice(start, stop) for start, stop in pairwise(ends)]
    order = np.concatenate(places)
    x, y = x[order], y[order]
    (x_in_units, x_exponent), (y_in_units, y_exponent) = _in_units(x), _in_units(y)
    exponents = x_exponent, y_exponent
    points = _Points(x_in_units, y_in_units, spans, _signs(x), _signs(y), exponents)
    return points, names, int((~kept).sum())


def _labels(groups: Iterable[object]) -> list[object]:
    """Return the group of each model."""
    if isinstance(groups, (str, bytes, Mapping, Set)) or not isinstance(groups, Iterable):
        got = type(groups).__name__
        msg = f"`groups` must have the group of each model in order, as a list has, got a {got}"
        raise ArgumentError(msg)
    if isinstance(groups, np.ma.MaskedArray) and np.ma.is_masked(groups):
        msg = "`groups` must not be masked: leave out the models whose group is not known"
        raise ArgumentError(msg)
    if hasattr(groups, "__array__") and np.ndim(np.asarray(groups)) != 1:
        msg = f"`groups` must be one-dimensional, got {np.ndim(np.asarray(groups))}-D"
        raise ArgumentError(msg)
    given = list(np.asarray(groups) if hasattr(groups, "__array__") else groups)
    labels = [math.nan if label != label else label for label in given]
    for label in labels:
        try:
            hash(label)
        except TypeError:
            got = type(label).__name__
            msg = f"a group must be hashable, such as a string, number or tuple, got a {got}"
            raise ArgumentError(msg) from None
    return labels


def _by_group(labels: list[object], kept: AnyArray) -> tuple[list[str], list[AnyArray]]:
    """Return the name of each group with the places of its models, of those that are kept."""
    places: dict[object, list[int]] = {}
    for place in np.flatnonzero(kept).tolist():
        places.setdefault(labels[place], []).append(place)
    named: dict[str, object] = {}
    for group in places:
        name = one_line(group)
        if name in named:
            msg = f"two groups have the name {name!r}: {named[name]!r} and {group!r}; rename one"
            raise ArgumentError(msg)
        named[name] = group
    return list(named), [np.array(mine) for mine in places.values()]
