r"""
Shrinkage: singular values made smaller, to recover a signal of low rank from a noisy matrix.

Noise makes the singular values of a signal larger and turns its singular vectors. The value that
brings the matrix closest to the signal is smaller than the strength of the signal, because the
vectors are off. What is closest depends on the loss. A threshold (:mod:`spectra.noise.truncation`)
keeps or drops a singular value and costs more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.noise import signal

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Loss", "denoised", "shrink"]

Loss = Literal["frobenius", "operator", "nuclear"]
"""Norms of the difference to the signal; see :func:`shrink`."""

_LARGEST = 1e70  # singular value, whose fourth power float64 holds


def shrink(
    singular_values: npt.ArrayLike, ratio: npt.ArrayLike, /, *, loss: Loss = "frobenius"
) -> FloatArray:
    r"""
    Compute the singular values that bring a noisy matrix closest to its signal.

    Parameters
    ----------
    singular_values : array_like
        Singular values of the noisy matrix, in units of :math:`\sigma \sqrt N`.
    ratio : array_like
        M/N, above 0 and at most 1.
    loss : {"frobenius", "operator", "nuclear"}, default: "frobenius"
        Norm of the difference between matrix and signal that is least: the root of the sum of the
        squared singular values, the largest one, or their sum.

    Returns
    -------
    ndarray
        Values for the same singular vectors, 0 for noise. With the strength x of the signal behind
        a singular value y and :math:`\gamma = M/N`:
        :math:`\sqrt{(y^2 - 1 - \gamma)^2 - 4 \gamma} / y` for the Frobenius norm,
        :math:`x \sqrt{(x^2 + \gamma) / (x^2 + 1)}` for the operator norm, and
        :math:`(x^4 - \gamma - \sqrt\gamma x y) / (x^2 y)` for the nuclear norm, if above 0.

    Raises
    ------
    ArgumentError
        If a singular value is negative, not finite or above 1e70, `ratio` is out of range or `loss`
        is unknown.

    See Also
    --------
    spectra.noise.truncation.gavish_donoho : Threshold that keeps or drops singular values.

    Notes
    -----
    Gavish and Donoho give x for the operator norm, which has the least loss for square matrices
    only. For :math:`\gamma < 1` Leeb's factor makes the loss smaller.

    References
    ----------
    Gavish & Donoho (2017), doi:10.1109/TIT.2017.2653801; Leeb (2020),
    arXiv:2005.11807, for the operator norm.

    Examples
    --------
    >>> shrink([1.9, 2.5, 4.0], 1.0).round(3)
    array([0.   , 1.5  , 3.464])
    >>> shrink(2.5, 1.0, loss="operator"), shrink(2.5, 1.0, loss="nuclear")
    (array(2.), array(1.))
    """
    _checks.choice("loss", loss, get_args(Loss))
    gamma = _checks.numbers("ratio", ratio, above=0, at_most=1, what="M/N,")
    y = _checks.real_numbers(singular_values, "singular_values")
    if not ((y >= 0) & (y <= _LARGEST)).all():
        msg = f"`singular_values` must be from 0 to {_LARGEST:g}, in units of the noise"
        raise ArgumentError(msg)
    x = signal.strength(y**2, gamma)
    if loss == "operator":
        return np.asarray(x * np.sqrt((x**2 + gamma) / (x**2 + 1)))
    seen = x > 0
    y, z = np.where(seen, y, 1.0), np.where(seen, x, 1.0)
    if loss == "frobenius":
        root = np.maximum((y**2 - 1 - gamma) ** 2 - 4 * gamma, 0)
        return np.where(seen, np.sqrt(root) / y, 0.0)
    nuclear = (z**4 - gamma - np.sqrt(gamma) * z * y) / (z**2 * y)
    return np.where(seen, np.maximum(nuclear, 0), 0.0)


def denoised(
    W: npt.ArrayLike, /, *, std: float | None = None, loss: Loss = "frobenius"
) -> FloatArray:
    """
    Estimate the signal in a noisy matrix by shrinking its singular values.

    Parameters
    ----------
    W : array_like, shape (..., rows, columns)
        Matrices of a signal of low rank plus independent noise of equal variance.
    std : float, optional
        Standard deviation of the noise; by default estimated from the median singular value.
    loss : {"frobenius", "operator", "nuclear"}, default: "frobenius"
        Norm of the difference that is least, as in :func:`shrink`.

    Returns
    -------
    ndarray, shape (..., rows, columns)
        Estimated signals.

    Raises
    ------
    ArgumentError
        If `W` is not a matrix, or an argument is out of range.

    References
    ----------
    Gavish & Donoho (2017), doi:10.1109/TIT.2017.2653801.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> signal = np.outer(np.ones(200), np.ones(100)) / 3
    >>> W = signal + rng.standard_normal((200, 100))
    >>> bool(np.linalg.norm(denoised(W) - signal) < np.linalg.norm(signal) / 2)
    True
    """
    _checks.choice("loss", loss, get_args(Loss))
    matrix = _checks.real_numbers(W, "W")
    if matrix.ndim < 2 or 0 in matrix.shape[-2:] or not np.isfinite(matrix).all():
        msg = f"`W` must be a matrix of finite numbers, or a stack, got shape {matrix.shape}"
        raise ArgumentError(msg)
    if std is not None:
        _checks.number("std", std, above=0)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    M, N = sorted(matrix.shape[-2:])
    if std is None:
        unit = np.median(values, axis=-1, keepdims=True) / math.sqrt(float(_mp.isf(0.5, M / N)))
    else:
        unit = np.full((*values.shape[:-1], 1), std * math.sqrt(N))
    known = np.where(unit > 0, unit, 1.0)  # a matrix of low rank has no noise
    kept = np.where(unit > 0, known * shrink(values / known, M / N, loss=loss), values)
    found: FloatArray = (left * kept[..., None, :]) @ right
    return found
