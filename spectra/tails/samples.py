"""Validate and clean the data of a fit; status codes when no fit is possible."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spectra._checks import one_dimensional
from spectra._spectral import EPS, nonzero
from spectra.tails.options import SMALL_SAMPLE, check, fixed_threshold

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["FitStatus", "logarithms", "positive", "prepare"]

TINY = float(np.finfo(np.float64).tiny)  # smallest number of full precision
EQUAL_WITHIN = 1e-12  # mean log-excess of data that are equal to within rounding


class FitStatus(IntEnum):
    """
    Outcome of a fit: fitted, or the reason why there is no fit.

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
    NEGATIVE = 5
    NO_THRESHOLD = 6


def positive(values: npt.ArrayLike, /) -> tuple[FloatArray, FitStatus]:
    """
    Return the positive data in ascending order, and the status of the data.

    Parameters
    ----------
    values : array_like, shape (n,), or Spectrum
        Data in any order; of a Spectrum, the eigenvalues that are not zero to within rounding.

    Returns
    -------
    values : ndarray
        Positive data, ascending; empty if the data are negative or not finite.
    status : FitStatus
        ``NOT_FINITE``, ``NEGATIVE``, or ``FITTED`` if neither. Negative values within rounding,
        n eps times the largest datum, count as zeros.

    Raises
    ------
    ArgumentError
        If `values` is not one-dimensional.

    Examples
    --------
    >>> values, status = positive([3.0, 0.0, 1.0, -1e-17])
    >>> values, status.name
    (array([1., 3.]), 'FITTED')
    """
    x = one_dimensional(nonzero(values), "eigenvalues")
    x.sort()
    if len(x) and not np.isfinite(x[[0, -1]]).all():  # nan is sorted last
        return np.empty(0), FitStatus.NOT_FINITE
    rounding = len(x) * EPS * x.max(initial=0.0)
    if x.min(initial=0.0) < -rounding:
        return np.empty(0), FitStatus.NEGATIVE
    return x[np.searchsorted(x, 0.0, side="right") :], FitStatus.FITTED


def prepare(
    eigenvalues: npt.ArrayLike, /, **options: Unpack[FitOptions]
) -> tuple[FloatArray, FitStatus, FitOptions]:
    """
    Select the data of a fit, and set the options that depend on the number of data.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order.
    **options
        Options of the fit, as in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    sample : ndarray
        The positive data, ascending, without those above `xmax` or below a fixed `xmin`.
    status : FitStatus
        Status of the data, as in :func:`positive`.
    options : FitOptions
        Options, with the small-sample rule applied if `xmin` is fixed.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    Examples
    --------
    >>> sample, status, options = prepare([3.0, 1.0, 2.0], xmin=2.0)
    >>> sample, options["estimator"]
    (array([2., 3.]), 'n-1')
    """
    check(options)
    values, status = positive(eigenvalues)
    xmin, xmax = fixed_threshold(options.get("xmin")), options.get("xmax")
    if xmin is not None and options.get("estimator", "published") == "published":
        options["estimator"] = "n" if len(values) >= SMALL_SAMPLE else "n-1"
    first = np.searchsorted(values, xmin or 0.0)
    end = len(values) if xmax is None else np.searchsorted(values, xmax, side="right")
    return values[first:end], status, options


def logarithms(x: FloatArray, options: FitOptions, /) -> tuple[FloatArray, FitOptions]:
    """
    Return the logarithms of data in a unit that is a power of two, and the options in that unit.

    Data and thresholds that are multiplied by a power of two have the same logarithms, to the last
    bit, so that a fit does not depend on their scale.

    Parameters
    ----------
    x : ndarray, shape (rows, n)
        Positive data, ascending along each row.
    options : FitOptions
        Options of the fit. The unit is near a fixed `xmin` and `xmax`; without them it is the
        largest power of two up to the largest datum of each row.

    Returns
    -------
    log_x : ndarray, shape (rows, n)
        Logarithms of the data in that unit; of the data as they are, if data and thresholds are too
        far apart for one unit.
    options : FitOptions
        Options with the thresholds in the same unit; the ends of a range as columns, one per row.

    Examples
    --------
    >>> x = np.array([[3.0, 6.0]])
    >>> bool((logarithms(x, {})[0] == logarithms(1024 * x, {})[0]).all())
    True
    >>> logarithms(x, {"xmin": 3.0})[1]
    {'xmin': 1.5}
    """
    xmin, xmax = options.get("xmin"), options.get("xmax")
    fixed = [v for v in (fixed_threshold(xmin), xmax) if v is not None]
    unit = _unit(x, np.array(fixed))
    with np.errstate(over="ignore", under="ignore"):
        log_x: FloatArray = np.log(x / unit)
        scaled: dict[str, Any] = {**options}
        if isinstance(xmin, tuple):
            scaled["xmin"] = (xmin[0] / unit, xmin[1] / unit)
        elif xmin is not None:
            scaled["xmin"] = xmin / float(unit[0, 0])
        if xmax is not None:
            scaled["xmax"] = xmax / float(unit[0, 0])
    return log_x, cast("FitOptions", scaled)


def _unit(x: FloatArray, fixed: FloatArray) -> FloatArray:
    """Return a power of two for each row, or one for all near fixed thresholds, as a column."""
    if not x.size:
        return np.ones((1, 1))
    ends, near = x[:, [0, -1]], x[:, -1:]
    if len(fixed):
        ends = np.array([[x[:, 0].min(), x[:, -1].max(), *fixed]])
        near = fixed[None]
    exponents = np.frexp(near)[1].sum(axis=1, keepdims=True) // near.shape[1]
    unit = np.ldexp(1.0, exponents - 1)
    with np.errstate(over="ignore", under="ignore"):
        inside = ends / unit
    exact = ((inside >= TINY) & np.isfinite(inside)).all(axis=1, keepdims=True)
    return np.where(exact, unit, 1.0)
