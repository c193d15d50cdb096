"""
Hill estimator: the power-law exponent from the k largest data, without a threshold search.

The estimates for all k form the Hill plot; an exponent is credible if it is constant over many k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.tails.log_excess as _excess
from spectra.tails.samples import EQUAL_WITHIN, FitStatus, logarithms, positive

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Curve", "Half", "alpha", "curve", "half"]

Half = Literal["code", "paper"]
"""Definition of the larger half of the data; see :func:`half`."""


class Curve(NamedTuple):
    """
    Hill estimates for every k, and their standard errors.

    Examples
    --------
    >>> curve([1.0, 2.0, 4.0]).k
    array([1, 2])
    """

    k: npt.NDArray[np.int64]
    """Numbers of data in the tail, 1 to n - 1."""
    xmin: FloatArray
    """Largest datum that is not in the tail."""
    alpha: FloatArray
    """Exponent of the density; ``inf`` where the data of the tail are equal."""
    sigma: FloatArray
    """Standard error of alpha, (alpha - 1) / sqrt(k)."""


def curve(eigenvalues: npt.ArrayLike, /) -> Curve:
    r"""
    Compute the Hill estimator for every tail length, the values of a Hill plot.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.

    Returns
    -------
    Curve
        Estimates for k from 1 to n - 1; none if data are negative, not finite or fewer than two.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional.

    Notes
    -----
    :math:`\alpha_k = 1 + k / \sum_{i=1}^k \ln (x_{(n-i+1)} / x_{(n-k)})`. The estimates for
    neighbouring k share their data: a constant stretch is weaker evidence than it looks.

    References
    ----------
    Hill (1975), doi:10.1214/aos/1176343247. Drees, de Haan & Resnick (2000),
    doi:10.1214/aos/1016120372, on the interpretation of Hill plots.

    Examples
    --------
    >>> curve([1.0, 2.0, 4.0]).alpha.round(3)
    array([2.443, 1.962])
    """
    x, _ = positive(eigenvalues)
    log_x = logarithms(x[None], {})[0][0]
    excess = _excess.totals(log_x)[:-1][::-1]
    k = np.arange(1, len(x))
    found = np.full(len(k), np.inf)
    np.divide(k, excess, out=found, where=excess > k * EQUAL_WITHIN)
    return Curve(k, x[:-1][::-1], 1 + found, found / np.sqrt(k))


def alpha(eigenvalues: npt.ArrayLike, /, *, k: int) -> float:
    """
    Estimate the power-law exponent from the k largest data.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    k : int
        Number of data in the tail, from 1 to n - 1.

    Returns
    -------
    float
        Exponent of the density; ``nan`` if there are fewer than k + 1 data, or negative or
        non-finite ones, ``inf`` if the data of the tail are equal.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional, or k is below 1.

    See Also
    --------
    curve : Estimates for every k.
    spectra.noise.baselines.hill_alpha : Expected value for noise.

    References
    ----------
    Hill (1975), doi:10.1214/aos/1176343247.

    Examples
    --------
    >>> round(alpha([1.0, 2.0, 4.0], k=2), 3)
    1.962
    """
    _checks.count("k", k)
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
        ``"paper"`` is the Hill estimator with k = n // 2. ``"code"`` is the rule of the programs
        behind the published numbers (TempBalance, FARMS, AlphaDecay): the datum of index n // 2 is
        the threshold and counts as part of the tail, with a log-excess of 0.

    Returns
    -------
    float
        Exponent of the density; ``nan`` if the data are too few, negative or not finite, ``inf`` if
        they are equal.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or `variant` is unknown.

    See Also
    --------
    spectra.noise.baselines.hill_alpha : Expected value for noise.

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
    _checks.choice("variant", variant, get_args(Half))
    x, status = positive(eigenvalues)
    if status is not FitStatus.FITTED or len(x) < 2:
        return float("nan")
    if variant == "paper":
        return alpha(x, k=len(x) // 2)
    k = len(x) - len(x) // 2 - 1  # data above the threshold
    return 1 + (k + 1) / k * (alpha(x, k=k) - 1) if k else float("nan")
