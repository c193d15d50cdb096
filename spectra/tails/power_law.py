"""Power laws: the tail of a spectrum, fitted by maximum likelihood above the best threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.tails.log_excess as _excess
from spectra._checks import real_numbers
from spectra.errors import ArgumentError
from spectra.tails.options import FitOptions, check, fixed_threshold, rule
from spectra.tails.samples import FitStatus, prepare
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

_SPREAD = 1e-12  # mean excess of a tail below which its points are equal to within rounding


class PowerLawFit(NamedTuple):
    """
    A fitted power-law tail; all ``nan`` where there is none.

    Examples
    --------
    >>> fit([1.0, 2.0]).status.name
    'TOO_FEW_EIGENVALUES'
    """

    alpha: float
    """Exponent of the density ``x**-alpha``."""
    xmin: float
    """Start of the tail: one of the data, or what was asked for."""
    xmax: float
    """Largest of the data, or what was asked for."""
    D: float
    """Kolmogorov-Smirnov distance of tail and fit."""
    sigma: float
    """Asymptotic standard error of alpha for the tail it was given, `xmin` taken as known."""
    num_tail: int
    """Number of data from `xmin` up."""
    status: FitStatus
    """Whether there is a fit and, if not, why."""


class PowerLawFits(NamedTuple):
    """
    The fits of many samples; ``nan`` where there is none.

    Examples
    --------
    >>> PowerLawFits._fields
    ('alpha', 'xmin', 'D', 'sigma', 'num_tail')
    """

    alpha: FloatArray
    """Exponents."""
    xmin: FloatArray
    """Starts of the tails."""
    D: FloatArray
    """Kolmogorov-Smirnov distances."""
    sigma: FloatArray
    """Asymptotic standard errors."""
    num_tail: FloatArray
    """Numbers of data in the tails."""


class Scan(NamedTuple):
    """
    The fit for every candidate threshold.

    Examples
    --------
    >>> scan([1.0, 2.0, 4.0], estimator="n").alpha.round(3)
    array([2.443, 3.885])
    """

    xmin: FloatArray
    """Candidates, ascending."""
    alpha: FloatArray
    """Exponent of the tail from each candidate up; ``inf`` where its points are equal."""
    D: FloatArray
    """Kolmogorov-Smirnov distance of each tail; 1 where its points are equal."""
    sigma: FloatArray
    """Asymptotic standard error of each alpha."""
    num_tail: FloatArray
    """Number of data in each tail."""


def _first_of_equals(x: FloatArray) -> AnyArray:
    return np.diff(x, axis=1, prepend=-np.inf) > 0


def _starts(
    log_x: FloatArray, shortest: int, xmin: Threshold, ties: Ties
) -> tuple[FloatArray, FloatArray, AnyArray]:
    """Return the logarithm of every threshold, the excess over it, and whether it counts."""
    count = max(0, log_x.shape[1] - shortest + 1)
    if (fixed := fixed_threshold(xmin)) is not None:
        log_xmin = np.full((len(log_x), min(1, count)), math.log(fixed))
        total = (log_x - math.log(fixed)).sum(axis=1, keepdims=True)[:, :count]
        return log_xmin, total, np.ones_like(total, dtype=bool)
    allowed = np.ones((len(log_x), count), dtype=bool)
    if isinstance(xmin, tuple):
        with np.errstate(divide="ignore"):  # a range from 0 up
            low, high = np.log(xmin)
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
    ties: Ties = "each",
) -> Tails:
    """
    Fit a power law above every candidate threshold of every sample, without its distance.

    Parameters
    ----------
    log_x : ndarray, shape (rows, n)
        Logarithms of the data, ascending along each row; above that of `xmin`, if it is fixed.
    xmin : float or (float, float), optional
        As in :func:`fit`, like the following.
    xmax : float, optional
        End of the law.
    estimator : {"published", "n", "n-1", "n-2"}, default: "published"
        Of alpha.
    distance : {"lower", "two-sided"}, default: "lower"
        Steps that D is taken from.
    ties : {"each", "clauset", "distinct"}, default: "each"
        What equal data count as.

    Returns
    -------
    Tails
        Of all rows. The first parameter of the law is alpha less one.

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
    allowed &= total > num * _SPREAD
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
    Fit many samples of the same size at once, much faster than one after the other.

    Parameters
    ----------
    samples : array_like, shape (rows, n)
        Positive data, a sample a row, in any order; within `xmin` if it is fixed, and `xmax`.
    **options
        As in :func:`fit`.

    Returns
    -------
    PowerLawFits
        Arrays of shape (rows,).

    Raises
    ------
    ArgumentError
        If `samples` are not two-dimensional, positive, finite and within `xmin` and `xmax`.

    See Also
    --------
    fit : One sample, with a status.

    Examples
    --------
    >>> import numpy as np
    >>> samples = np.random.default_rng(0).pareto(1.5, (100, 500)) + 1  # alpha = 2.5
    >>> round(float(np.mean(fits(samples).alpha)), 1)
    2.5
    """
    check(options)
    x = np.sort(real_numbers(samples, "samples"), axis=-1)
    xmin, xmax = options.get("xmin"), options.get("xmax")
    low = fixed_threshold(xmin) or 0.0
    high = math.inf if xmax is None else xmax
    ends = x[..., [0, -1]] if x.size else x  # of sorted rows, nan last
    if x.ndim != 2 or not (np.isfinite(ends) & (ends > 0) & (ends >= low) & (ends <= high)).all():
        msg = f"`samples` must be rows of positive numbers from {low:g} to {high:g}"
        raise ArgumentError(msg)
    return _fits(x, low, options)


def _fits(x: FloatArray, fixed: float, options: FitOptions) -> PowerLawFits:
    """Fit rows that are ascending and checked, from `fixed` up if it is not 0."""
    found = tails(np.log(x), **options)
    if not found.allowed.shape[1]:
        return PowerLawFits(*np.full((5, len(x)), np.nan))
    index, D = search(found)
    row = np.arange(len(x))
    parameters = tuple(p[row, index] for p in found.parameters)
    num_tail = (x.shape[1] - index).astype(np.float64)
    start = np.full(len(x), fixed) if fixed else x[row, index]
    every = (1 + parameters[0], start, D, _sigma(parameters, num_tail), num_tail)
    return PowerLawFits(*(np.where(index >= 0, values, np.nan) for values in every))


def scan(eigenvalues: npt.ArrayLike, /, **options: Unpack[FitOptions]) -> Scan:
    r"""
    Fit a power law above every candidate threshold.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    **options
        As in :func:`fit`.

    Returns
    -------
    Scan
        One entry for every datum that leaves a tail long enough, in ascending order; none if the
        data are negative or not finite.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    fit : The best of them, much faster.

    Notes
    -----
    Takes :math:`O(n^2)` time and :math:`O(n)` memory.

    Examples
    --------
    >>> len(scan(range(1, 101)).xmin)
    99
    """
    x, _, options = prepare(eigenvalues, **options)
    fixed = fixed_threshold(options.get("xmin"))
    found = tails(np.log(x[None]), **options)
    allowed, num_tail = found.allowed[0], len(x) - np.arange(found.allowed.shape[1])
    return Scan(
        xmin=x[: len(allowed)] if fixed is None else np.full(len(allowed), fixed),
        alpha=np.where(allowed, 1 + found.parameters[0][0], np.inf),
        D=distances(found),
        sigma=_sigma(tuple(p[0] for p in found.parameters), num_tail.astype(np.float64)),
        num_tail=num_tail.astype(np.float64),
    )


def fit(
    eigenvalues: npt.ArrayLike,
    /,
    *,
    xmin: Threshold = None,
    xmax: float | None = None,
    estimator: Estimator = "published",
    distance: Distance = "lower",
    ties: Ties = "each",
) -> PowerLawFit:
    r"""
    Fit a power law :math:`p(x) \propto x^{-\alpha}` to the tail of a spectrum.

    Every datum is tried as the start of the tail; the one whose tail is closest to its power law
    in Kolmogorov-Smirnov distance is taken.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order and unit; zeros are left out.
    xmin : float or (float, float), optional
        Where the tail starts, or the range to search it in. By default every datum is tried.
    xmax : float, optional
        Where the power law ends: larger data are left out and the likelihood knows it (a doubly
        bounded power law). To leave data out without telling the likelihood, pass fewer data.
    estimator : {"published", "n", "n-1", "n-2"}, default: "published"
        ``"n"`` is the maximum-likelihood estimate, ``"n-1"`` unbiased for a threshold known
        beforehand, ``"n-2"`` unbiased for one that is the smallest of the tail. ``"published"`` is
        what WeightWatcher's numbers use: ``"n"`` from 20 data on, ``"n-1"`` with tails of at least
        8 below that. With `xmax` it is always the maximum of the likelihood.
    distance : {"lower", "two-sided"}, default: "lower"
        Whether D looks at the lower steps of the empirical distribution only, as published numbers
        do, or at both, as textbooks do; the two differ by up to 1/n.
    ties : {"each", "clauset", "distinct"}, default: "each"
        ``"each"`` of several equal data may start a tail, without those before it (WeightWatcher).
        With ``"clauset"`` a tail holds all data equal to its start, but each has a step of its own
        in D (the programs of Clauset et al.). With ``"distinct"`` the steps too are at distinct
        data (the powerlaw package). Without ties they agree.

    Returns
    -------
    PowerLawFit
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_tail` and a `status`: fitted; or too few data
        (below 8 in the default options, below 2 above a fixed `xmin`); all of them equal; not
        finite; negative; none of them in the range for `xmin`.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    scan : The distance and exponent for every threshold.
    fits : Many samples at once.
    spectra.tails.bootstrap.interval : How sure alpha and xmin are.
    spectra.tails.bootstrap.goodness_of_fit : Whether it is a power law.

    Notes
    -----
    For a tail of n data from :math:`x_{min}` up, :math:`\alpha = 1 + n / \sum \ln (x / x_{min})`
    and :math:`\sigma = (\alpha - 1) / \sqrt n`. The search is exact and takes time proportional
    to n, see :mod:`spectra.tails.xmin_search`.

    The data are taken to be continuous. Counts (of words, of links) need another likelihood; fitted
    here they give another alpha, mostly a larger one.

    Pure noise is fitted too: the edge of a Marchenko-Pastur bulk gives an alpha of 3 to 50, from a
    few dozen points. Look at `num_tail`, and at :mod:`spectra.tails.bootstrap`, before believing
    it.

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
    """Say why no candidate counts."""
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
