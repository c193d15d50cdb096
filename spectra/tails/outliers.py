"""
Fingers: a few largest eigenvalues that stand apart and pull the fit off the rest of the tail.

A matrix of finite size has a few outliers above an otherwise good power law; xmin then runs away
to the end of the spectrum and alpha becomes far too large. Two corrections are in use: leave the
largest out, or start the tail where the spectrum peaks.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._checks import real_numbers
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

_BELOW, _ABOVE = 0.95, 1.5  # of the peak: where xmin_peak searches
_NO_MORE_BELOW = 2.0  # alpha that needs no correction


class Clipped(NamedTuple):
    """
    A fit without the fingers.

    Examples
    --------
    >>> Clipped._fields
    ('fit', 'num_fingers', 'raw_alpha')
    """

    fit: PowerLawFit
    """The fit of what is left."""
    num_fingers: int
    """How many of the largest were left out."""
    raw_alpha: float
    """Exponent with all of them."""


def clip(eigenvalues: npt.ArrayLike, k: int, /) -> FloatArray:
    """
    Leave out the k largest.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order.
    k : int
        How many, from 0 to n.

    Returns
    -------
    ndarray, shape (n - k,)
        The others, ascending.

    Raises
    ------
    ArgumentError
        If there are no k data.

    Examples
    --------
    >>> clip([3.0, 1.0, 2.0], 1)
    array([1., 2.])
    """
    x = np.sort(real_numbers(eigenvalues))
    if x.ndim != 1 or np.isnan(x).any():
        msg = f"`eigenvalues` must be one-dimensional and not nan, got shape {x.shape}"
        raise ArgumentError(msg)
    if not isinstance(k, Integral) or not 0 <= k <= len(x):
        msg = f"`k` must be from 0 to the {len(x)} data there are, got {k!r}"
        raise ArgumentError(msg)
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
    Leave out the largest, one after the other, until alpha falls.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    drop : float, default: 1.0
        By how much alpha must fall for a correction to be accepted.
    lengths : iterable of int, default: 1 to 9
        How many to leave out, in turn.
    **options
        As in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    Clipped
        The first fit whose alpha is lower by `drop`; the plain one if there is none, or if alpha
        comes to 2 or less before.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    Notes
    -----
    WeightWatcher never leaves out exactly one, and reports one less than it left out.
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
    Find where the spectrum peaks on a logarithmic scale.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    bins : int, default: 100
        Of the histogram of the logarithms.

    Returns
    -------
    float
        Lower edge of the fullest bin, the first of several; ``nan`` without data.

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
    Fit the tail from the peak of the spectrum up.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    **options
        As in :func:`spectra.tails.power_law.fit`; xmin is searched from 0.95 to 1.5 times the peak.

    Returns
    -------
    PowerLawFit
        With its status.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    Notes
    -----
    WeightWatcher takes the logarithm of the lower end of this range for the end itself.
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
