"""Samples: what a fit takes from data, and what there is to say of data without a fit."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from spectra._checks import real_numbers
from spectra._spectral import nonzero
from spectra.errors import ArgumentError
from spectra.tails.options import SMALL_SAMPLE, check, fixed_threshold

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["FitStatus", "positive", "prepare"]


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
    NEGATIVE = 5
    NO_THRESHOLD = 6


def positive(values: npt.ArrayLike, /) -> tuple[FloatArray, FitStatus]:
    """
    Sort what a power law can be fitted to, and say whether all of it makes sense.

    Parameters
    ----------
    values : array_like, shape (n,), or Spectrum
        Data in any order; of a Spectrum its eigenvalues that are not zero by rounding.

    Returns
    -------
    values : ndarray
        Those that are positive, ascending; none if the data make no sense.
    status : FitStatus
        ``NOT_FINITE``, ``NEGATIVE``, or ``FITTED`` if neither. Negative values no larger than
        rounding, n eps times the largest, count as zeros.

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
    x = real_numbers(nonzero(values))
    if x.ndim != 1:
        msg = f"`eigenvalues` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    x.sort()
    if len(x) and not np.isfinite(x[[0, -1]]).all():  # nan is last
        return np.empty(0), FitStatus.NOT_FINITE
    rounding = len(x) * np.finfo(float).eps * x.max(initial=0.0)
    if x.min(initial=0.0) < -rounding:
        return np.empty(0), FitStatus.NEGATIVE
    return x[np.searchsorted(x, 0.0, side="right") :], FitStatus.FITTED


def prepare(
    eigenvalues: npt.ArrayLike, /, **options: Unpack[FitOptions]
) -> tuple[FloatArray, FitStatus, FitOptions]:
    """
    Take from the data what a fit uses, and settle what depends on how many there are.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order.
    **options
        As in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    sample : ndarray
        The positive data, ascending, without those above `xmax` or below a fixed `xmin`.
    status : FitStatus
        As in :func:`positive`.
    options : FitOptions
        The same, the small-sample rule applied if `xmin` is fixed.

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
