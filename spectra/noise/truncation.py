r"""
Truncation: hard thresholds on singular values, to recover a signal from a noisy matrix.

Each threshold minimises the squared error of the truncated matrix, in the limit of large size. It
lies above the edge of the bulk: to keep a spike just above the edge adds more noise than signal, so
that fewer singular values are kept than :func:`spectra.noise.spikes.detect` finds spikes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.noise.bulk import nonzero

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray, Numbers

__all__ = ["gavish_donoho", "omega", "screenot", "threshold"]


@overload
def gavish_donoho(ratio: float, /) -> float: ...
@overload
def gavish_donoho(ratio: npt.ArrayLike, /) -> Numbers: ...
def gavish_donoho(ratio: npt.ArrayLike, /) -> Numbers:
    r"""
    Compute the optimal hard threshold on singular values for noise of known variance.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    float or ndarray
        :math:`\lambda_*(\beta) = \sqrt{2(\beta + 1) + 8\beta / (\beta + 1 + \sqrt{\beta^2 +
        14\beta + 1})}` with :math:`\beta = M/N`, in units of :math:`\sigma \sqrt N`.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Gavish & Donoho (2014), doi:10.1109/TIT.2014.2323359, equation 11.

    Examples
    --------
    >>> round(gavish_donoho(1.0), 6), round(gavish_donoho(0.5), 6)
    (2.309401, 1.978599)
    >>> gavish_donoho([1.0, 0.5]).round(6)
    array([2.309401, 1.978599])
    """
    beta = _checks.numbers("ratio", ratio, above=0, at_most=1, what="M/N,")
    root = np.sqrt(beta**2 + 14 * beta + 1)
    found = np.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + root))
    return float(found) if isinstance(beta, float) else np.asarray(found)


@overload
def omega(ratio: float, /) -> float: ...
@overload
def omega(ratio: npt.ArrayLike, /) -> Numbers: ...
def omega(ratio: npt.ArrayLike, /) -> Numbers:
    r"""
    Compute the optimal hard threshold in units of the median singular value, for unknown noise.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    float or ndarray
        :math:`\lambda_*(\beta) / \sqrt{\mu_\beta}`, where :math:`\mu_\beta` is the median of the
        Marchenko-Pastur law.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    References
    ----------
    Gavish & Donoho (2014), doi:10.1109/TIT.2014.2323359, equation 12.

    Examples
    --------
    >>> round(omega(1.0), 6), round(omega(0.5), 6)
    (2.858362, 2.171185)
    """
    found = gavish_donoho(ratio) / np.sqrt(_mp.isf(0.5, ratio))
    return np.asarray(found) if np.ndim(ratio) else float(found)


def threshold(eigenvalues: npt.ArrayLike, N: int | None = None, /) -> float:
    """
    Compute the optimal hard threshold on the eigenvalues of a matrix in white noise.

    Parameters
    ----------
    eigenvalues : array_like, shape (M,), or Spectrum
        All eigenvalues of ``W.T @ W``, in weight units squared; a Spectrum of one matrix.
    N : int, optional
        Longer side of W; a Spectrum has its own.

    Returns
    -------
    float
        The square of :func:`omega` times the median eigenvalue, in weight units squared; ``nan``
        if all eigenvalues are zero.

    Raises
    ------
    ArgumentError
        If `N` is missing or less than the number of eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> round(threshold(np.linalg.eigvalsh(W.T @ W), 400) / 400, 1)
    3.9
    """
    values, side = nonzero(eigenvalues, N)
    if not len(values):
        return math.nan
    return omega(len(values) / side) ** 2 * float(np.median(values))


def _imputed(values: FloatArray, num: int) -> FloatArray:
    """Return ascending singular values, the `num` largest replaced by values typical of noise."""
    if num == 0:
        return values
    body, kept = values.copy(), len(values) - num
    spread = values[kept - 1] - values[kept - num - 1]
    # an edge that ends as a square root: the l-th largest lies (l / num)**(2/3) below it
    place = (1 - (np.arange(num) / num) ** (2 / 3)) / (2 ** (2 / 3) - 1)
    body[kept:] = (values[kept - 1] + spread * place)[::-1]
    return body


def _psi(y: float, values: FloatArray, ratio: float) -> float:
    """Return y D'(y) / D(y), where D is the product of the two Stieltjes-like transforms."""
    gap = y**2 - values**2
    phi, slope = float(np.mean(y / gap)), -float(np.mean((y**2 + values**2) / gap**2))
    other = ratio * phi + (1 - ratio) / y
    other_slope = ratio * slope - (1 - ratio) / y**2
    return y * (slope / phi + other_slope / other)


def screenot(
    eigenvalues: npt.ArrayLike, N: int | None = None, /, *, most: int | None = None
) -> float:
    r"""
    Compute the optimal hard threshold on the eigenvalues of a matrix in noise of any covariance.

    Parameters
    ----------
    eigenvalues : array_like, shape (M,), or Spectrum
        All eigenvalues of ``W.T @ W``, in weight units squared; a Spectrum of one matrix.
    N : int, optional
        Longer side of W; a Spectrum has its own.
    most : int, optional
        Upper limit on the number of spikes, below M/2; a tenth of M by default.

    Returns
    -------
    float
        The square of the :math:`\theta` at which :math:`\theta D'(\theta) / D(\theta) = -4`, in
        weight units squared. D is the D-transform of the singular values, of which the `most`
        largest are replaced by a continuation of the others. ``nan`` for less than 3 eigenvalues
        or if all are zero.

    Raises
    ------
    ArgumentError
        If `N` is missing or less than the number of eigenvalues, or `most` is out of range.

    Notes
    -----
    In white noise the threshold tends to the square of that of :func:`gavish_donoho`.

    References
    ----------
    Donoho, Gavish & Romanov (2023), doi:10.1214/22-AOS2232, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> round(screenot(np.linalg.eigvalsh(W.T @ W), 400) / 400, 1)
    3.9
    """
    from scipy.optimize import brentq

    found, side = nonzero(eigenvalues, N)
    values, M = np.sqrt(found), len(found)
    num = M // 10 if most is None else most
    if not (num >= 0 and 2 * num + 1 <= max(M, 1)):
        msg = f"`most` must be from 0 to below half of the {M} eigenvalues, got {most!r}"
        raise ArgumentError(msg)
    body = _imputed(values, num)
    top = float(body.max(initial=0.0))
    if M < 3 or not top > 0:
        return math.nan

    body /= top  # so that no square overflows

    def excess(y: float) -> float:
        return _psi(y, body, M / side) + 4

    end = 2.0
    while excess(end) < 0:
        end *= 2
    return float(brentq(excess, 1 + 1e-9, end, xtol=1e-12)) ** 2 * top**2
