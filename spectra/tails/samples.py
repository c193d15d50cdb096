"""Validate and clean the data of a fit; status codes when no fit is possible."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from spectra._checks import one_dimensional
from spectra._spectral import EPS, nonzero
from spectra.tails.options import SMALL_SAMPLE, check, fixed_threshold

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["FitStatus", "positive", "prepare"]

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
