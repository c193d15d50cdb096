"""
The Hill estimator: a tail index from the k largest data, without a search for a threshold.

All k at once give the Hill plot; an exponent is believable where it stays level over many k.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra.tails.log_excess as _excess
from spectra.errors import ArgumentError
from spectra.tails.samples import FitStatus, positive

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Curve", "Half", "alpha", "curve", "half"]

Half = Literal["code", "paper"]
"""How the larger half of the data is counted; see :func:`half`."""

_SPREAD = 1e-12  # mean excess below which data are equal to within rounding


class Curve(NamedTuple):
    """
    The Hill estimate for every k, and its standard error.

    Examples
    --------
    >>> curve([1.0, 2.0, 4.0]).k
    array([1, 2])
    """

    k: npt.NDArray[np.int64]
    """Numbers of data in the tail, 1 to n - 1."""
    xmin: FloatArray
    """The largest datum not in the tail."""
    alpha: FloatArray
    """Exponent of the density; ``inf`` where the tail is level."""
    sigma: FloatArray
    """(alpha - 1) / sqrt(k)."""


def curve(eigenvalues: npt.ArrayLike, /) -> Curve:
    r"""
    Compute the Hill estimator for every length of the tail: the numbers of a Hill plot.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.

    Returns
    -------
    Curve
        Empty if the data are negative, not finite or fewer than two.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional.

    Notes
    -----
    :math:`\alpha_k = 1 + k / \sum_{i=1}^k \ln (x_{(n-i+1)} / x_{(n-k)})`. The estimates for
    neighbouring k share their data: a level stretch is less convincing than it looks.

    References
    ----------
    Hill (1975), doi:10.1214/aos/1176343247. Drees, de Haan & Resnick (2000),
    doi:10.1214/aos/1016120372, on what a Hill plot shows.

    Examples
    --------
    >>> curve([1.0, 2.0, 4.0]).alpha.round(3)
    array([2.443, 1.962])
    """
    x, _ = positive(eigenvalues)
    excess = _excess.totals(np.log(x))[:-1][::-1]
    k = np.arange(1, len(x))
    found = np.full(len(k), np.inf)
    np.divide(k, excess, out=found, where=excess > k * _SPREAD)
    return Curve(k, x[:-1][::-1], 1 + found, found / np.sqrt(k))


def alpha(eigenvalues: npt.ArrayLike, /, *, k: int) -> float:
    """
    Estimate the power-law exponent from the k largest data.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    k : int
        Data in the tail, from 1 to n - 1.

    Returns
    -------
    float
        Exponent of the density; ``nan`` if there are no k + 1 data or they make no sense, ``inf``
        if they are equal.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or k below 1.

    See Also
    --------
    curve : For every k.
    spectra.noise.baselines.hill_alpha : What noise would give.

    References
    ----------
    Hill (1975), doi:10.1214/aos/1176343247.

    Examples
    --------
    >>> round(alpha([1.0, 2.0, 4.0], k=2), 3)
    1.962
    """
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        msg = f"`k` must be a whole number, at least 1, got {k!r}"
        raise ArgumentError(msg)
    every = curve(eigenvalues)
    return float(every.alpha[k - 1]) if k <= len(every.k) else float("nan")


def half(eigenvalues: npt.ArrayLike, /, *, variant: Half = "code") -> float:
    """
    Estimate the power-law exponent from the larger half of the data.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    variant : {"code", "paper"}, default: "code"
        ``"paper"`` is the Hill estimator with k = n // 2. The programs behind the published
        numbers (TempBalance, FARMS, AlphaDecay) take the datum of index n // 2 as threshold and
        count it as part of the tail, with an excess of 0: ``"code"``.

    Returns
    -------
    float
        Exponent of the density; ``nan`` if the data are too few or make no sense, ``inf`` if they
        are equal.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or `variant` is unknown.

    See Also
    --------
    spectra.noise.baselines.hill_alpha : What noise would give.

    References
    ----------
    Zhou et al. (2023), arXiv:2312.00359, for the paper; github.com/YefanZhou/TempBalance for the
    code.

    Examples
    --------
    >>> x = [1.0, 2.0, 4.0, 8.0]
    >>> round(half(x), 3), round(half(x, variant="paper"), 3)
    (3.885, 1.962)
    """
    if variant not in get_args(Half):
        msg = f"`variant` must be one of {', '.join(get_args(Half))}, got {variant!r}"
        raise ArgumentError(msg)
    x, status = positive(eigenvalues)
    if status is not FitStatus.FITTED or len(x) < 2:
        return float("nan")
    if variant == "paper":
        return alpha(x, k=len(x) // 2)
    k = len(x) - len(x) // 2 - 1  # data above the threshold
    return 1 + (k + 1) / k * (alpha(x, k=k) - 1) if k else float("nan")
