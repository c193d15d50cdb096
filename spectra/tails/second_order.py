r"""
Second order of a heavy tail: how fast the tail becomes a power law, and Hill's estimate without it.

To second order the quantile function is
:math:`U(t) = C t^\gamma (1 + \gamma \beta t^\rho / \rho)`, with the probability :math:`1 - 1/t`.
The nearer :math:`\rho < 0` is to 0, the later the power law begins; an exact power law has
:math:`\beta = 0`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.tails.tail_errors import bias
from spectra.tails.tail_indices import Estimates, hill, log_moments

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["SecondOrder", "corrected_hill", "fit"]

_EXPONENT = 0.995  # the second order is estimated from n**0.995 data, nearly all


class SecondOrder(NamedTuple):
    """
    Second order of a tail.

    Examples
    --------
    >>> SecondOrder._fields
    ('rho', 'beta', 'k')
    """

    rho: FloatArray
    """Second-order index, below 0."""
    beta: FloatArray
    """Scale of the second order, positive if Hill's estimate of gamma is too large."""
    k: int
    """Number of data that the two were estimated from."""


def fit(values: npt.ArrayLike, /, *, k: int | None = None, tuning: int = 0) -> SecondOrder:
    r"""
    Estimate the second order of a heavy tail.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.
    k : int, optional
        Number of data in the tail; by default the whole part of :math:`n_+^{0.995}`, where
        :math:`n_+` of the data are above 0 in every spectrum.
    tuning : {0, 1}, default: 0
        Power :math:`\tau` of the moments that are compared: 0 is better if :math:`\rho \ge -1`,
        1 if it is below.

    Returns
    -------
    SecondOrder
        Estimates of shape (...); ``nan`` for fewer than 4 data.

    Raises
    ------
    ArgumentError
        If `k` is not from 3 to n - 1, or `tuning` is unknown.

    References
    ----------
    Fraga Alves, Gomes & de Haan (2003), Portugaliae Mathematica 60(2), 193-213, for rho; Gomes &
    Martins (2002), Extremes 5(1), 5-31, for beta.

    Examples
    --------
    >>> x = (-np.log(np.random.default_rng(0).random(20_000))) ** -0.5  # Frechet: -1 and 1/2
    >>> found = fit(x)
    >>> round(float(found.rho), 2), round(float(found.beta), 2), found.k
    (-1.31, 0.84, 19033)
    """
    _checks.choice("tuning", tuning, (0, 1))
    every, one, two, three = log_moments(values)
    positive = np.isfinite(one).reshape(-1, len(every)).all(axis=0).sum() + 1
    num = min(int(positive**_EXPONENT), positive - 1) if k is None else k
    if k is not None:
        _checks.count("k", k, at_least=3)
        if k > len(every):
            msg = f"`k` must be at most {len(every)}, one less than the data, got {k}"
            raise ArgumentError(msg)
    if num < 3:
        missing = np.full(one.shape[:-1], np.nan)
        return SecondOrder(missing, missing, 0)
    roots = [(m[..., num - 1] / c) for m, c in ((one, 1.0), (two, 2.0), (three, 6.0))]
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, c = (np.log(m) / p if tuning == 0 else m ** (1 / p) for p, m in enumerate(roots, 1))
        ratio = (a - b) / (b - c)
        rho = -np.abs(3 * (ratio - 1) / (ratio - 3))
        beta = _beta(np.diff(every[:num] * one[..., :num], axis=-1, prepend=0.0), rho)
    return SecondOrder(rho, beta * (num / (len(every) + 1)) ** rho, num)


def _beta(scaled: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the scale over (k / n)^rho, by the regression of i d_i on (i / k)^-rho."""
    num = scaled.shape[-1]
    power = (np.arange(1, num + 1) / num) ** -rho[..., None]
    d1, p1 = scaled.mean(axis=-1), power.mean(axis=-1)
    d2, p2 = (power * scaled).mean(axis=-1), (power**2 * scaled).mean(axis=-1)
    found: FloatArray = (p1 * d1 - d2) / (p1 * d2 - p2)
    return found


def corrected_hill(
    values: npt.ArrayLike,
    /,
    *,
    rho: npt.ArrayLike | None = None,
    beta: npt.ArrayLike | None = None,
) -> Estimates:
    r"""
    Estimate the extreme-value index by Hill's estimator without its asymptotic bias.

    Parameters
    ----------
    values : array_like, shape (..., n), or Spectrum
        Data in any order along the last axis; of a Spectrum, its nonzero eigenvalues.
    rho, beta : array_like, optional
        Second order of the tail, one of each spectrum; estimated by :func:`fit` by default.

    Returns
    -------
    Estimates
        Index :math:`H_k (1 - \beta (n/k)^\rho / (1 - \rho))` for k from 1 to n - 1. Its standard
        error is that of Hill's estimate.

    Raises
    ------
    ArgumentError
        If one of `rho` and `beta` is given without the other.

    References
    ----------
    Caeiro, Gomes & Pestana (2005), REVSTAT 3(2), 113-136.

    Examples
    --------
    >>> x = (-np.log(np.random.default_rng(0).random(5000))) ** -0.5
    >>> [round(float(found.gamma[1999]), 3) for found in (hill(x), corrected_hill(x))]
    [0.573, 0.502]
    """
    if (rho is None) != (beta is None):
        msg = "`rho` and `beta` must be given together, got only one of them; fit estimates both"
        raise ArgumentError(msg)
    k, gamma, _ = hill(values)
    if rho is None or beta is None:
        rho, beta, _ = fit(values)
    r, b = (np.asarray(x, dtype=np.float64)[..., None] for x in (rho, beta))
    corrected = gamma - bias("hill", k, len(k) + 1, gamma=gamma, rho=r, beta=b)
    return Estimates(k, corrected, np.abs(corrected) / np.sqrt(k))
