"""
Corrections for fingers: a few isolated largest eigenvalues that distort the fit of the tail.

A matrix of finite size may have a few outliers above an otherwise good power law; xmin then moves
to the end of the spectrum and alpha becomes far too large. Two corrections are in use: remove the
largest eigenvalues, or start the tail at the peak of the spectrum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.tails.power_law import PowerLawFit, fit
from spectra.tails.samples import FitStatus, positive

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["Clipped", "clip", "clip_xmax", "peak", "xmin_peak"]

_BELOW, _ABOVE = 0.95, 1.5  # search range of xmin_peak, in units of the peak
_NO_MORE_BELOW = 2.0  # an alpha up to this value needs no correction


class Clipped(NamedTuple):
    """
    Fit without the fingers.

    Examples
    --------
    >>> Clipped._fields
    ('fit', 'num_fingers', 'raw_alpha')
    """

    fit: PowerLawFit
    """Fit of the remaining eigenvalues."""
    num_fingers: int
    """Number of largest eigenvalues removed."""
    raw_alpha: float
    """Exponent of the fit of all eigenvalues."""


def clip(eigenvalues: npt.ArrayLike, k: int, /) -> FloatArray:
    """
    Remove the k largest eigenvalues.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order.
    k : int
        Number of eigenvalues to remove, from 0 to n.

    Returns
    -------
    ndarray, shape (n - k,)
        Remaining eigenvalues, ascending.

    Raises
    ------
    ArgumentError
        If `k` is not from 0 to n, or `eigenvalues` is not one-dimensional or contains nan.

    Examples
    --------
    >>> clip([3.0, 1.0, 2.0], 1)
    array([1., 2.])
    """
    x = np.sort(_checks.one_dimensional(eigenvalues, "eigenvalues"))
    if num_nan := int(np.isnan(x).sum()):
        msg = f"`eigenvalues` must be numbers, got {num_nan} nan among {len(x)}"
        raise ArgumentError(msg)
    _checks.count("k", k, at_least=0, at_most=len(x))
    return x[: len(x) - k]


def clip_xmax(
    eigenvalues: npt.ArrayLike,
    /,
    *,
    drop: float = 1.0,
    lengths: Iterable[int] = range(1, 10),
    **options: Unpack[FitOptions],
) -> Clipped:
    """
    Remove the largest eigenvalues, one after another, until alpha falls.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    drop : float, default: 1.0
        Decrease of alpha that is required to accept a correction.
    lengths : iterable of int, default: 1 to 9
        Numbers of eigenvalues to remove, tried in this order.
    **options
        Options of the fit, as in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    Clipped
        First fit whose alpha is lower by more than `drop`; the plain fit if there is none, or if
        alpha falls to 2 or less before.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    Notes
    -----
    WeightWatcher never removes exactly one eigenvalue, and reports one less than it removed.
    :mod:`spectra.weightwatcher` does the same.

    References
    ----------
    WeightWatcher 0.7.7, ``fix_fingers="clip_xmax"``.

    Examples
    --------
    >>> import numpy as np
    >>> found = clip_xmax([*np.linspace(1.0, 3.0, 60), 3.15, 3.16, 3.17])
    >>> found.num_fingers, round(found.raw_alpha, 1), round(found.fit.alpha, 1)
    (3, 15.9, 9.5)
    """
    x, _ = positive(eigenvalues)
    plain = fit(eigenvalues, **options)
    for k in lengths:
        found = fit(clip(x, min(k, len(x))), **options)
        if found.status is not FitStatus.FITTED:
            break
        if found.alpha + drop < plain.alpha:
            return Clipped(found, k, plain.alpha)
        if found.alpha <= _NO_MORE_BELOW:
            break
    return Clipped(plain, 0, plain.alpha)


def peak(eigenvalues: npt.ArrayLike, /, *, bins: int = 100) -> float:
    """
    Find the peak of the spectrum on a logarithmic scale.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    bins : int, default: 100
        Number of bins in the histogram of the logarithms.

    Returns
    -------
    float
        Lower edge of the fullest bin, of equally full bins the first; ``nan`` without data.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional.

    References
    ----------
    WeightWatcher 0.7.7, ``fix_fingers="xmin_peak"``. Yang et al. (2023),
    doi:10.1145/3580305.3599518.

    Examples
    --------
    >>> round(peak([1.0, 9.9, 10.0, 10.1, 1000.0]), 1)
    9.8
    """
    x, _ = positive(eigenvalues)
    if not len(x):
        return float("nan")
    counts, edges = np.histogram(np.log10(x), bins)
    return float(10 ** edges[np.argmax(counts)])


def xmin_peak(eigenvalues: npt.ArrayLike, /, **options: Unpack[FitOptions]) -> PowerLawFit:
    """
    Fit a power law with xmin near the peak of the spectrum.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    **options
        Options of the fit, as in :func:`spectra.tails.power_law.fit`, without `xmin`, which is
        searched from 0.95 to 1.5 times the peak.

    Returns
    -------
    PowerLawFit
        Fit with its status.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    Notes
    -----
    WeightWatcher uses the logarithm of the lower end of this range as the end itself.
    :mod:`spectra.weightwatcher` does the same.

    References
    ----------
    WeightWatcher 0.7.7, ``fix_fingers="xmin_peak"``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).lognormal(size=1000)
    >>> 0.95 * peak(x) <= xmin_peak(x).xmin <= 1.5 * peak(x)
    True
    """
    if "xmin" in options:
        msg = "xmin_peak finds `xmin` itself; to give one use spectra.tails.power_law.fit"
        raise ArgumentError(msg)
    around = peak(eigenvalues)
    if around > 0:
        options["xmin"] = (_BELOW * around, _ABOVE * around)
    return fit(eigenvalues, **options)
