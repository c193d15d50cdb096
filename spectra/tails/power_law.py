"""Fit a power law to the tail of a spectrum, by maximum likelihood above the best threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.tails.log_excess as _excess
from spectra._checks import real_numbers
from spectra.errors import ArgumentError
from spectra.tails.options import FitOptions, check, fixed_threshold, rule
from spectra.tails.samples import EQUAL_WITHIN, FitStatus, logarithms, prepare
from spectra.tails.xmin_search import Tails, distances, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.tails.options import Distance, Estimator, Threshold, Ties

__all__ = [
    "PowerLawFit",
    "PowerLawFits",
    "Scan",
    "fit",
    "fits",
    "scan",
    "tails",
]


class PowerLawFit(NamedTuple):
    """
    Power-law fit of a tail; all ``nan`` if there is no fit.

    Examples
    --------
    >>> fit([1.0, 2.0]).status.name
    'TOO_FEW_EIGENVALUES'
    """

    alpha: float
    """Exponent of the density ``x**-alpha``."""
    xmin: float
    """Start of the tail: one of the data, or the given threshold."""
    xmax: float
    """Largest datum, or the given upper end."""
    D: float
    """Kolmogorov-Smirnov distance between the tail and the fit."""
    sigma: float
    """Asymptotic standard error of alpha for the fitted tail, `xmin` taken as known."""
    num_tail: int
    """Number of data from `xmin` up to `xmax`, whatever the treatment of equal data."""
    status: FitStatus
    """Outcome of the fit: fitted, or the reason why there is no fit."""


class PowerLawFits(NamedTuple):
    """
    Power-law fits of many samples; ``nan`` where there is no fit.

    Examples
    --------
    >>> PowerLawFits._fields
    ('alpha', 'xmin', 'D', 'sigma', 'num_tail')
    """

    alpha: FloatArray
    """Exponents of the densities."""
    xmin: FloatArray
    """Starts of the tails."""
    D: FloatArray
    """Kolmogorov-Smirnov distances."""
    sigma: FloatArray
    """Asymptotic standard errors of alpha."""
    num_tail: FloatArray
    """Numbers of data from each `xmin` up."""


class Scan(NamedTuple):
    """
    Power-law fits for every candidate threshold.

    Examples
    --------
    >>> scan([1.0, 2.0, 4.0], estimator="n").alpha.round(3)
    array([2.443, 3.885])
    """

    xmin: FloatArray
    """Candidate thresholds, ascending."""
    alpha: FloatArray
    """Exponent of the tail from each candidate up; ``inf`` where its points are equal."""
    D: FloatArray
    """Kolmogorov-Smirnov distance of each tail; 1 where its points are equal."""
    sigma: FloatArray
    """Asymptotic standard error of each alpha."""
    num_tail: FloatArray
    """Number of data from each `xmin` up."""


def _first_of_equals(log_x: FloatArray) -> AnyArray:
    """Return whether each datum is larger than the one before it, by more than rounding."""
    return np.diff(log_x, axis=1, prepend=-np.inf) > EQUAL_WITHIN


def _starts(
    log_x: FloatArray, shortest: int, xmin: Threshold, ties: Ties
) -> tuple[FloatArray, FloatArray, AnyArray]:
    """Return the log of every threshold, the total log-excess over it, whether it is allowed."""
    count = max(0, log_x.shape[1] - shortest + 1)
    if (fixed := fixed_threshold(xmin)) is not None:
        log_xmin = np.full((len(log_x), min(1, count)), math.log(fixed))
        total = (log_x - math.log(fixed)).sum(axis=1, keepdims=True)[:, :count]
        return log_xmin, total, np.ones_like(total, dtype=bool)
    allowed = np.ones((len(log_x), count), dtype=bool)
    if isinstance(xmin, tuple):
        with np.errstate(divide="ignore"):  # a range from 0 up
            low, high = np.log(xmin[0]), np.log(xmin[1])
        allowed &= (log_x[:, :count] >= low) & (log_x[:, :count] <= high)
    if ties != "each":
        allowed &= _first_of_equals(log_x)[:, :count]
    return log_x[:, :count], _excess.totals(log_x)[:, :count], allowed


def tails(
    log_x: FloatArray,
    /,
    *,
    xmin: Threshold = None,
    xmax: float | None = None,
    estimator: Estimator = "published",
    distance: Distance = "lower",
    ties: Ties = "clauset",
) -> Tails:
    """
    Fit a power law above every candidate threshold of every sample, without distances.

    Parameters
    ----------
    log_x : ndarray, shape (rows, n)
        Logarithms of the data, ascending along each row; from ln(xmin) up if `xmin` is fixed.
    xmin : float or (float, float), optional
        Start of the tail, or range to search, as in :func:`fit`, in the unit of the data.
    xmax : float, optional
        Upper end of the power law, in the same unit.
    estimator : {"published", "n", "n-1", "n-2"}, default: "published"
        Estimator of alpha.
    distance : {"lower", "two-sided"}, default: "lower"
        Steps of the empirical distribution used for D.
    ties : {"clauset", "distinct", "each"}, default: "clauset"
        Treatment of equal data.

    Returns
    -------
    Tails
        Tails of all rows. The first parameter of the law is alpha minus one.

    Examples
    --------
    >>> import numpy as np
    >>> found = tails(np.log([[1.0, 2.0, 4.0]]), estimator="n")
    >>> found.parameters[0].round(3)
    array([[1.443, 2.885]])
    """
    n = log_x.shape[1]
    correction, shortest = rule(estimator, n)
    log_xmin, total, allowed = _starts(log_x, shortest, xmin, ties)
    num = n - np.arange(total.shape[1])
    allowed &= total > num * EQUAL_WITHIN
    mean = np.where(allowed, total, 1.0) / (num - correction if xmax is None else num)
    cdf: Callable[..., FloatArray] = _excess.cdf
    parameters: tuple[FloatArray, ...] = (1 / mean,)
    if xmax is not None:
        length = math.log(xmax) - log_xmin
        allowed &= mean < length
        length = np.where(allowed, length, 2 * mean)
        cdf, parameters = _excess.bounded_cdf, (_excess.bounded_rate(mean, length), length)
    half = 0.5 if distance == "two-sided" else 0.0
    steps = _first_of_equals(log_x) if ties == "distinct" and not half else None
    return Tails(log_x, log_xmin, allowed, cdf, parameters, half, steps)


def _sigma(parameters: tuple[FloatArray, ...], num_tail: FloatArray) -> FloatArray:
    rate, *length = parameters
    if length:
        return _excess.bounded_sigma(rate, length[0], num_tail)
    return rate / np.sqrt(num_tail)


def fits(samples: npt.ArrayLike, /, **options: Unpack[FitOptions]) -> PowerLawFits:
    """
    Fit many samples of the same size at once, much faster than one after another.

    Parameters
    ----------
    samples : array_like, shape (rows, n)
        Positive data, one sample per row, in any order; from a fixed `xmin` up, up to `xmax`.
    **options
        Options of the fit, as in :func:`fit`.

    Returns
    -------
    PowerLawFits
        Fits, as arrays of shape (rows,).

    Raises
    ------
    ArgumentError
        If `samples` are not two-dimensional, positive, finite and between `xmin` and `xmax`.

    See Also
    --------
    fit : Fit of one sample, with a status.

    Examples
    --------
    >>> import numpy as np
    >>> samples = np.random.default_rng(0).pareto(1.5, (100, 500)) + 1  # alpha = 2.5
    >>> round(float(np.mean(fits(samples).alpha)), 1)
    2.5
    """
    check(options)
    x = real_numbers(samples, "samples")
    xmin, xmax = options.get("xmin"), options.get("xmax")
    low = fixed_threshold(xmin) or 0.0
    high = math.inf if xmax is None else xmax
    wanted = f"`samples` must be rows of positive numbers from {low:g} to {high:g}"
    if x.ndim != 2:
        msg = f"{wanted}, got shape {x.shape}"
        raise ArgumentError(msg)
    x.sort(axis=1)
    ends = x[:, [0, -1]] if x.size else x  # nan is sorted last
    if not (np.isfinite(ends) & (ends > 0) & (ends >= low) & (ends <= high)).all():
        msg = f"{wanted}, got numbers from {ends.min():g} to {ends.max():g}"
        raise ArgumentError(msg)
    return _fits(x, low, options)


def _fits(x: FloatArray, fixed: float, options: FitOptions) -> PowerLawFits:
    """Fit valid samples, ascending rows; `fixed` is the fixed threshold, 0 if there is none."""
    log_x, scaled = logarithms(x, options)
    found = tails(log_x, **scaled)
    if not found.allowed.shape[1]:
        return PowerLawFits(*np.full((5, len(x)), np.nan))
    index, D = search(found)
    row = np.arange(len(x))
    parameters = tuple(p[row, index] for p in found.parameters)
    fitted = (x.shape[1] - index).astype(np.float64)
    start = np.full(len(x), fixed) if fixed else x[row, index]
    num_tail = fitted
    if options.get("ties") == "each":  # the fit may have left out data equal to its start
        num_tail = (x >= start[:, None]).sum(axis=1).astype(np.float64)
    every = (1 + parameters[0], start, D, _sigma(parameters, fitted), num_tail)
    return PowerLawFits(*(np.where(index >= 0, values, np.nan) for values in every))


def scan(
    eigenvalues: npt.ArrayLike, /, *, plausible: bool = False, **options: Unpack[FitOptions]
) -> Scan:
    r"""
    Fit a power law above every candidate threshold.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    plausible : bool, default: False
        Whether to compute D only where a test at 10 % may not reject the power law, next to such
        thresholds and for the best fit; D is ``inf`` elsewhere.
    **options
        Options of the fit, as in :func:`fit`.

    Returns
    -------
    Scan
        One entry per distinct datum that starts a long enough tail, in ascending order; with
        ``ties="each"`` one per datum. None if the data are negative or not finite.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    fit : Best of these fits, computed much faster.

    Notes
    -----
    The scan takes :math:`O(n^2)` time and :math:`O(n)` memory.

    Examples
    --------
    >>> len(scan(range(1, 101)).xmin)
    99
    """
    x, _, options = prepare(eigenvalues, **options)
    fixed = fixed_threshold(options.get("xmin"))
    log_x, scaled = logarithms(x[None], options)
    found = tails(log_x, **scaled)
    allowed, count = found.allowed[0], found.allowed.shape[1]
    fitted = (len(x) - np.arange(count)).astype(np.float64)
    xmin = x[:count] if fixed is None else np.full(count, fixed)
    every = Scan(
        xmin=xmin,
        alpha=np.where(allowed, 1 + found.parameters[0][0], np.inf),
        D=distances(found, limits=_plausible(fitted) if plausible else None),
        sigma=_sigma(tuple(p[0] for p in found.parameters), fitted),
        num_tail=(len(x) - np.searchsorted(x, xmin)).astype(np.float64),
    )
    if fixed is not None or options.get("ties") == "each":
        return every
    distinct = _first_of_equals(found.log_x)[0, :count]
    return Scan(*(values[distinct] for values in every))


def _plausible(num: FloatArray) -> FloatArray:
    """Return the distance up to which a test at 10 % does not reject, see `log_excess.stephens`."""
    root = np.sqrt(num)
    limits: FloatArray = _excess.STEPHENS_AT_10 / (root + 0.26 + 0.5 / root) + 0.2 / num
    return limits * (1 + 1e-9)  # not to lose one to rounding


def fit(
    eigenvalues: npt.ArrayLike,
    /,
    *,
    xmin: Threshold = None,
    xmax: float | None = None,
    estimator: Estimator = "published",
    distance: Distance = "lower",
    ties: Ties = "clauset",
) -> PowerLawFit:
    r"""
    Fit a power law :math:`p(x) \propto x^{-\alpha}` to the tail of a spectrum.

    Every datum is tried as the start of the tail; the fit is the tail with the smallest
    Kolmogorov-Smirnov distance from its power law.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order and unit; zeros are left out.
    xmin : float or (float, float), optional
        Start of the tail, or the range to search for it. By default every datum is tried.
    xmax : float, optional
        Upper end of the power law: larger data are left out, and the likelihood is of the doubly
        bounded power law. To leave data out without bounding the law, pass fewer data.
    estimator : {"published", "n", "n-1", "n-2"}, default: "published"
        Estimator of alpha. ``"n"`` is the maximum-likelihood estimate, ``"n-1"`` unbiased for a
        threshold known beforehand, ``"n-2"`` unbiased for a threshold that is the smallest datum of
        the tail. ``"published"`` is the rule of WeightWatcher: ``"n"`` from 20 data on, ``"n-1"``
        with tails of at least 8 below 20 data. With `xmax`, always the maximum of the likelihood.
    distance : {"lower", "two-sided"}, default: "lower"
        Steps of the empirical distribution used for D: the lower steps only, as in published
        numbers, or both, as in textbooks; the two distances differ by up to 1/n.
    ties : {"clauset", "distinct", "each"}, default: "clauset"
        Treatment of equal data, which may differ by rounding, 1e-12 of their size. ``"clauset"``:
        the tail is all data from xmin up, and each datum has its own step in D (the programs of
        Clauset et al.). ``"distinct"``: the tail is the same, and the steps are at distinct data
        (the powerlaw package). ``"each"``: each of several equal data may start a tail, which
        leaves out the equal data before it; alpha, sigma and D are then of that shorter tail
        (WeightWatcher). Without ties all three agree.

    Returns
    -------
    PowerLawFit
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_tail` and a `status`: fitted; or too few data
        (below 8 in the default options, below 2 above a fixed `xmin`); equal data; data that are
        not finite; negative data; no data in the range for `xmin`.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    scan : Distance and exponent for every threshold.
    fits : Fits of many samples at once.
    spectra.tails.bootstrap.interval : Confidence intervals of alpha and xmin.
    spectra.tails.bootstrap.goodness_of_fit : Test of the power law.

    Notes
    -----
    For the tail of n data from :math:`x_{min}` up, :math:`\alpha = 1 + n / \sum \ln (x / x_{min})`
    and :math:`\sigma = (\alpha - 1) / \sqrt n`. The search is exact and takes time proportional
    to n, see :mod:`spectra.tails.xmin_search`.

    Data and thresholds multiplied by a power of two have the same fit, to the last bit.

    The data are assumed continuous. Counts (of words, of links) need another likelihood; this fit
    gives a different, mostly larger, alpha for counts.

    Pure noise is fitted too: the edge of a Marchenko-Pastur bulk gives an alpha of 3 to 50, from a
    few dozen points. Check `num_tail` and :mod:`spectra.tails.bootstrap` before trusting alpha.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, equations 3.1 and 3.9. Aban,
    Meerschaert & Panorska (2006), doi:10.1198/016214505000000411, for the doubly bounded law.

    Examples
    --------
    >>> import numpy as np
    >>> x = (1 - (np.arange(1000) + 0.5) / 1000) ** (-1 / 1.5)  # quantiles for alpha = 2.5
    >>> result = fit(x)
    >>> round(result.alpha, 2), result.status.name
    (2.5, 'FITTED')
    >>> round(fit(x, xmin=2.0, xmax=50.0).alpha, 1)
    2.5
    """
    x, status, options = prepare(
        eigenvalues, xmin=xmin, xmax=xmax, estimator=estimator, distance=distance, ties=ties
    )
    if status is not FitStatus.FITTED:
        return _no_fit(status)
    found = _fits(x[None], fixed_threshold(xmin) or 0.0, options)
    if np.isnan(found.alpha[0]):
        return _no_fit(_why_not(x, options))
    return PowerLawFit(
        alpha=float(found.alpha[0]),
        xmin=float(found.xmin[0]),
        xmax=float(x[-1] if xmax is None else xmax),
        D=float(found.D[0]),
        sigma=float(found.sigma[0]),
        num_tail=int(found.num_tail[0]),
        status=FitStatus.FITTED,
    )


def _why_not(x: FloatArray, options: FitOptions) -> FitStatus:
    """Return the reason why there is no candidate threshold."""
    _, shortest = rule(options.get("estimator", "published"), len(x))
    xmin = options.get("xmin")
    inside = (x >= xmin[0]) & (x <= xmin[1]) if isinstance(xmin, tuple) else np.full(len(x), True)
    if len(x) >= shortest and not inside.any():
        return FitStatus.NO_THRESHOLD
    long_enough = inside[: max(0, len(x) - shortest + 1)]
    return FitStatus.EQUAL_EIGENVALUES if long_enough.any() else FitStatus.TOO_FEW_EIGENVALUES


def _no_fit(status: FitStatus) -> PowerLawFit:
    nan = float("nan")
    return PowerLawFit(nan, nan, nan, nan, nan, 0, status)
