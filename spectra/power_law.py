"""Power laws: the tail of a spectrum, fitted by maximum likelihood above the best threshold."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Estimator", "Fit", "FitStatus", "Scan", "fit", "scan"]

Estimator = Literal["published", "n", "n-1"]
"""How alpha is estimated from a tail of n points; see :func:`fit`."""

SMALL_SAMPLE = 20  # below this many points the published numbers use another rule
SMALL_SAMPLE_TAIL = 8
MAX_SCANNED = 50_000  # the scan takes eight seconds there, and grows with the square
_SPREAD = 1e-12  # mean log-excess of a tail below which its points are equal to within rounding


class FitStatus(IntEnum):
    """
    What came of a fit.

    Examples
    --------
    >>> FitStatus.TOO_FEW_EIGENVALUES.name.lower()
    'too_few_eigenvalues'
    """

    NO_SPECTRUM = 0
    FITTED = 1
    TOO_FEW_EIGENVALUES = 2
    EQUAL_EIGENVALUES = 3
    NOT_FINITE = 4
    TOO_MANY_EIGENVALUES = 5


class Fit(NamedTuple):
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
    """Start of the tail, one of the data."""
    xmax: float
    """Largest of the data."""
    D: float
    """Kolmogorov-Smirnov distance of tail and fit."""
    sigma: float
    """Asymptotic standard error of alpha for the tail it was given, `xmin` taken as known."""
    num_tail: int
    """Number of data from `xmin` up."""
    status: FitStatus
    """Whether there is a fit and, if not, why."""


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


def _positive(values: npt.ArrayLike) -> FloatArray:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        msg = f"`eigenvalues` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    return np.sort(x[~(x <= 0)])  # keeps nan, which is no eigenvalue and must not pass for one


def _rule(estimator: Estimator, num: int) -> tuple[int, int]:
    """Return the correction of n, and the shortest tail, for `num` data."""
    if estimator not in get_args(Estimator):
        msg = f"`estimator` must be one of {', '.join(get_args(Estimator))}, got {estimator!r}"
        raise ArgumentError(msg)
    if estimator == "n" or (estimator == "published" and num >= SMALL_SAMPLE):
        return 0, 2
    return 1, SMALL_SAMPLE_TAIL if estimator == "published" else 2


def _distance(log_excess: FloatArray, alpha: float) -> float:
    """Return the distance of a tail, given ``ln(x / xmin)`` ascending, from its power law."""
    num = len(log_excess)
    model = -np.expm1((1 - alpha) * log_excess)
    return float(np.max(np.abs(model - np.arange(num) / num)))


def scan(eigenvalues: npt.ArrayLike, /, *, estimator: Estimator = "published") -> Scan:
    r"""
    Fit a power law above every candidate threshold.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Data in any order; those not positive are left out.
    estimator : {"published", "n", "n-1"}, default: "published"
        As in :func:`fit`.

    Returns
    -------
    Scan
        One entry for every datum that leaves a tail long enough, in ascending order.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or `estimator` is unknown.

    See Also
    --------
    fit : The best of them.

    Notes
    -----
    Takes :math:`O(n^2)` time and :math:`O(n)` memory.

    Examples
    --------
    >>> len(scan(range(1, 101)).xmin)
    99
    """
    x = _positive(eigenvalues)
    correction, shortest = _rule(estimator, len(x))
    count = max(0, len(x) - shortest + 1)
    log_x = np.log(x)
    num_tail = len(x) - np.arange(count)
    log_sum = np.cumsum(log_x[::-1] - log_x[-1:])[::-1][:count] - num_tail * (
        log_x[:count] - log_x[-1:]
    )
    spread = log_sum > num_tail * _SPREAD
    alpha = np.full(count, np.inf)
    np.divide(num_tail - correction, log_sum, out=alpha, where=spread)
    alpha += 1
    D = np.ones(count)
    for i in np.flatnonzero(spread):
        D[i] = _distance(log_x[i:] - log_x[i], alpha[i])
    return Scan(x[:count], alpha, D)


def fit(eigenvalues: npt.ArrayLike, /, *, estimator: Estimator = "published") -> Fit:
    r"""
    Fit a power law :math:`p(x) \propto x^{-\alpha}` to the tail of a spectrum.

    Every datum is tried as the start of the tail; the one whose tail is closest to its power law
    in Kolmogorov-Smirnov distance is taken.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Data in any order and unit; those not positive are left out.
    estimator : {"published", "n", "n-1"}, default: "published"
        ``"n"`` is the maximum-likelihood estimate, ``"n-1"`` unbiased for a threshold known
        beforehand; both try tails of two points and more. ``"published"`` is what WeightWatcher's
        numbers use: ``"n"`` from 20 data on, ``"n-1"`` with tails of at least 8 below that.

    Returns
    -------
    Fit
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_tail` and a `status`.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or `estimator` is unknown.

    See Also
    --------
    scan : The distance and exponent for every threshold.

    Notes
    -----
    For a tail of n data from :math:`x_{min}` up, :math:`\alpha = 1 + n / \sum \ln (x / x_{min})`
    and :math:`\sigma = (\alpha - 1) / \sqrt n`. The empirical distribution in D takes its value
    from the lower step, :math:`0, 1/n, \dots, (n-1)/n`, as in the published numbers; the two-sided
    distance is up to 1/n larger. Pure noise is fitted too: the edge of a Marchenko-Pastur bulk
    gives alpha of 14 to 50 from a handful of points. Look at `num_tail` before believing it. More
    than 50,000 data are not searched.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, equations 3.1 and 3.9.

    Examples
    --------
    >>> import numpy as np
    >>> x = (1 - (np.arange(1000) + 0.5) / 1000) ** (-1 / 1.5)  # quantiles for alpha = 2.5
    >>> result = fit(x)
    >>> round(result.alpha, 2), result.status.name
    (2.5, 'FITTED')
    """
    x = _positive(eigenvalues)
    if not np.isfinite(x).all():
        return _no_fit(FitStatus.NOT_FINITE)
    if len(x) > MAX_SCANNED:
        return _no_fit(FitStatus.TOO_MANY_EIGENVALUES)
    candidates = scan(x, estimator=estimator)
    if not len(candidates.D):
        return _no_fit(FitStatus.TOO_FEW_EIGENVALUES)
    best = int(np.argmin(candidates.D))
    alpha = float(candidates.alpha[best])
    if np.isinf(alpha):
        return _no_fit(FitStatus.EQUAL_EIGENVALUES)
    num_tail = len(x) - best
    return Fit(
        alpha=alpha,
        xmin=float(x[best]),
        xmax=float(x[-1]),
        D=float(candidates.D[best]),
        sigma=(alpha - 1) / float(np.sqrt(num_tail)),
        num_tail=num_tail,
        status=FitStatus.FITTED,
    )


def _no_fit(status: FitStatus) -> Fit:
    nan = float("nan")
    return Fit(nan, nan, nan, nan, nan, 0, status)
