r"""
Asymptotic variance and bias of estimators of the extreme-value index, and the best tail length.

The index :math:`\gamma > 0` of a heavy tail is estimated from the k largest of n data. The second
order of the tail is :math:`A(t) = \gamma \beta t^\rho` with :math:`\rho < 0`: the quantile function
is to this order :math:`U(t) = C t^\gamma (1 + A(t) / \rho)`, with the probability :math:`1 - 1/t`.
In terms of the log-spacings between neighbouring data every estimator is, to first order, a mean
with weights w on [0, 1]. Its variance is :math:`\int w^2 / k` and its bias
:math:`(A(n/k) / \gamma) \int w(s) s^{-\rho} ds`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Estimator", "best_k", "bias", "halves", "variance"]

Estimator = Literal["hill", "moments", "kernel", "positive_kernel", "pickands"]
"""Names of the estimators, functions of :mod:`spectra.tails.tail_indices`."""

BIWEIGHT: dict[float, float] = {0: 15 / 8, 2: -15 / 4, 4: 15 / 8}
"""Kernel 15/8 (1 - u^2)^2, by the powers of u."""

KERNEL_POWER = 0.6
"""Power of u in the two sums of the kernel estimator, above 1/2 (Groeneboom et al. 2003)."""


class _Weights(NamedTuple):
    """Weights w = gamma K + P of an estimator, by integrals over [0, 1]."""

    squares: tuple[float, float, float]  # of K^2, 2 K P, P^2
    crossed: tuple[float, float, float]  # the same with s / 2 as argument of the second factor
    biases: tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]


def _products(
    K: dict[float, float], P: dict[float, float], step: float
) -> tuple[float, float, float]:
    """Return the integrals of K(s) K(s t), K(s) P(s t) + P(s) K(s t) and P(s) P(s t)."""

    def product(f: dict[float, float], g: dict[float, float]) -> float:
        terms = [a * b * step**q / (p + q + 1) for p, a in f.items() for q, b in g.items()]
        return math.fsum(terms)

    return product(K, K), product(K, P) + product(P, K), product(P, P)


def _of_powers(K: dict[float, float], P: dict[float, float]) -> _Weights:
    """Return the weights of sums of powers."""

    def against(f: dict[float, float]) -> Callable[[FloatArray], FloatArray]:
        return lambda rho: np.sum([a / (1 + p - rho) for p, a in f.items()], axis=0) + 0 * rho

    squares, crossed = _products(K, P, 1.0), _products(K, P, 0.5)
    return _Weights(squares, crossed, (against(K), against(P)))


def _kernel_weights() -> _Weights:
    """Return the weights of the kernel estimator for indices of any sign."""
    norm = sum(a / (KERNEL_POWER + p) for p, a in BIWEIGHT.items())
    P = {KERNEL_POWER - 1 + p: a * (KERNEL_POWER + p) / norm for p, a in BIWEIGHT.items()}
    return _of_powers(BIWEIGHT, P)


_WEIGHTS = {
    "hill": _of_powers({0: 1.0}, {}),
    "positive_kernel": _of_powers(BIWEIGHT, {}),
    "kernel": _kernel_weights(),
    "moments": _Weights(  # K = 1, P = -1 - ln s
        (1.0, 0.0, 1.0),
        (1.0, math.log(2), 1.0),
        (lambda rho: 1 / (1 - rho), lambda rho: rho / (1 - rho) ** 2),
    ),
}


def _pickands(gamma: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return k times the variance, and k times the covariance with the estimate from k / 2."""
    at = np.array([0.25, 0.5, 1.0])
    g = np.where(gamma == 0, 1e-12, gamma)[..., None]
    gaps = -np.diff(np.expm1(-g * np.log(at)) / g, axis=-1)
    slope = at ** (-g - 1) / math.log(2)
    c = np.stack([-1 / gaps[..., 0], (1 / gaps).sum(axis=-1), -1 / gaps[..., 1]], axis=-1) * slope
    own = np.minimum(at[:, None], at)
    half = 2 * np.minimum(at[:, None], at / 2)
    own_sum, half_sum = (np.einsum("...i,ij,...j->...", c, m, c) for m in (own, half))
    return np.asarray(own_sum), np.asarray(half_sum)


def _kernel_below(gamma: FloatArray) -> FloatArray:
    """Return k times the variance of the kernel estimator for negative indices.

    The logarithms of the data are a constant minus the power g = -gamma of a Poisson process, whose
    fluctuation is a Brownian motion. Both sums are integrals of powers against it.
    """
    g = np.maximum(-gamma, 1e-6)[..., None]
    powers = KERNEL_POWER + np.array([*BIWEIGHT])
    first = np.array([*BIWEIGHT.values()])
    both = first * (powers + 1) - (1 - g) * first  # of q2 - (1 + gamma) q1
    rest = powers + g - 1
    rest = np.where(np.abs(rest) < 1e-4, 1e-4, rest)  # where the power becomes a logarithm
    b = both * powers * g / rest
    b = np.concatenate([-b.sum(axis=-1, keepdims=True), b], axis=-1)
    q = np.concatenate([np.zeros((*rest.shape[:-1], 1)), rest], axis=-1)
    mean = (first * g / (powers + g)).sum(axis=-1)
    pairs = b[..., None] * b[..., None, :] / (q[..., None] + q[..., None, :] + 1)
    return np.asarray(pairs.sum(axis=(-1, -2)) / mean**2)


def variance(estimator: Estimator, gamma: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute k times the asymptotic variance of an estimator from the k largest data.

    Parameters
    ----------
    estimator : {"hill", "moments", "kernel", "positive_kernel", "pickands"}
        Name of the estimator.
    gamma : array_like
        Extreme-value index.

    Returns
    -------
    ndarray
        :math:`\gamma^2` for Hill, :math:`1 + \gamma^2` for the moments if :math:`\gamma \ge 0`.
        ``nan`` for negative indices where the estimator is of positive ones.

    Raises
    ------
    ArgumentError
        If `estimator` is unknown.

    References
    ----------
    Dekkers, Einmahl & de Haan (1989), doi:10.1214/aos/1176347397; Dekkers & de Haan (1989),
    doi:10.1214/aos/1176347396, for Pickands.

    Examples
    --------
    >>> variance("moments", [0.0, 0.5]), variance("hill", 0.5)
    (array([1.  , 1.25]), array(0.25))
    """
    _checks.choice("estimator", estimator, get_args(Estimator))
    g = np.asarray(gamma, dtype=np.float64)
    if estimator == "pickands":
        return _pickands(g)[0]
    squares = _WEIGHTS[estimator].squares
    found = squares[0] * g**2 + squares[1] * g + squares[2]
    below: FloatArray | float = math.nan
    if estimator == "moments":
        h = np.minimum(g, 0)
        below = (1 - h) ** 2 * (1 - 2 * h) * (1 - h + 6 * h**2) / ((1 - 3 * h) * (1 - 4 * h))
    elif estimator == "kernel":
        below = _kernel_below(g)
    return np.where(g < 0, below, found)


def _shift(estimator: Estimator, gamma: FloatArray, rho: FloatArray) -> FloatArray:
    """Return the asymptotic bias over A(n/k)."""
    if estimator == "pickands":
        ratio = (2 ** (gamma + rho) - 1) / (2**gamma - 1)
        return np.asarray((2**rho - 1) * ratio / (rho * math.log(2)))
    own, other = _WEIGHTS[estimator].biases
    return np.asarray(own(rho) + other(rho) / gamma)


def bias(
    estimator: Estimator,
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    /,
    *,
    gamma: npt.ArrayLike,
    rho: npt.ArrayLike,
    beta: npt.ArrayLike,
) -> FloatArray:
    r"""
    Compute the asymptotic bias of an estimator from the k largest of n data.

    Parameters
    ----------
    estimator : {"hill", "moments", "kernel", "positive_kernel", "pickands"}
        Name of the estimator.
    k, n : array_like
        Number of data in the tail, and number of all data.
    gamma : array_like
        Extreme-value index, above 0.
    rho, beta : array_like
        Second-order index, below 0, and scale of the tail, see
        :func:`spectra.tails.second_order.fit`.

    Returns
    -------
    ndarray
        Expected estimate minus `gamma`, to first order in :math:`A(n/k)`. For Hill it is
        :math:`A(n/k) / (1 - \rho)`.

    Raises
    ------
    ArgumentError
        If `estimator` is unknown.

    References
    ----------
    de Haan & Ferreira (2006), doi:10.1007/0-387-34471-3, chapter 3.

    Examples
    --------
    A Frechet law has rho = -1 and beta = 1/2:

    >>> bias("hill", [100, 200], 1000, gamma=0.5, rho=-1.0, beta=0.5)
    array([0.0125, 0.025 ])
    """
    _checks.choice("estimator", estimator, get_args(Estimator))
    g, r, b = (np.asarray(x, dtype=np.float64) for x in (gamma, rho, beta))
    share = np.asarray(k, dtype=np.float64) / np.asarray(n, dtype=np.float64)
    found: FloatArray = g * b * share**-r * _shift(estimator, g, r)
    return found


def best_k(
    estimator: Estimator,
    n: npt.ArrayLike,
    /,
    *,
    gamma: npt.ArrayLike,
    rho: npt.ArrayLike,
    beta: npt.ArrayLike,
) -> FloatArray:
    r"""
    Compute the tail length of the least mean squared error of an estimator.

    Parameters
    ----------
    estimator : {"hill", "moments", "kernel", "positive_kernel", "pickands"}
        Name of the estimator.
    n : array_like
        Number of all data.
    gamma, rho, beta : array_like
        Extreme-value index, and second order of the tail, as in :func:`bias`.

    Returns
    -------
    ndarray
        The k, not rounded, at which :math:`v / k + b^2` is least, for the :func:`variance` v and
        the :func:`bias` b; at most `n`. For Hill it is
        :math:`((1 - \rho)^2 n^{-2 \rho} / (-2 \rho \beta^2))^{1 / (1 - 2 \rho)}`.

    Raises
    ------
    ArgumentError
        If `estimator` is unknown.

    References
    ----------
    Hall (1982), Journal of the Royal Statistical Society B 44(1), 37-42.

    Examples
    --------
    >>> best_k("hill", 1000, gamma=0.5, rho=-1.0, beta=0.5)
    array(200.)
    """
    size, r = np.asarray(n, dtype=np.float64), np.asarray(rho, dtype=np.float64)
    slope = bias(estimator, 1.0, 1.0, gamma=gamma, rho=r, beta=beta)
    with np.errstate(divide="ignore", over="ignore"):
        power = variance(estimator, gamma) * size ** (-2 * r) / (-2 * r * slope**2)
        return np.asarray(np.minimum(power ** (1 / (1 - 2 * r)), size))


def halves(estimator: Estimator, gamma: npt.ArrayLike, rho: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the best tail length of an estimator over that of the difference of two estimates.

    Parameters
    ----------
    estimator : {"hill", "moments", "kernel", "positive_kernel", "pickands"}
        Name of the estimator.
    gamma, rho : array_like
        Extreme-value index, and second-order index, as in :func:`bias`.

    Returns
    -------
    ndarray
        Length for which the estimate is best, over the length k for which the difference of the
        estimates from k / 2 and from k data is nearest to 0 in mean square.

    Raises
    ------
    ArgumentError
        If `estimator` is unknown.

    See Also
    --------
    spectra.tails.tail_length.choose : Choice of the tail length that uses this ratio.

    Notes
    -----
    The difference has the bias :math:`(2^\rho - 1) b` and the variance
    :math:`(3 \int w^2 - 2 \int w(s) w(s/2) ds) / k`.

    References
    ----------
    Gomes & Oliveira (2001), Extremes 4(4), 331-358.

    Examples
    --------
    >>> halves("hill", 0.5, [-2.0, -1.0, -0.5]).round(3)
    array([0.891, 0.63 , 0.293])
    """
    g, r = np.asarray(gamma, dtype=np.float64), np.asarray(rho, dtype=np.float64)
    own = variance(estimator, g)
    if estimator == "pickands":
        crossed = _pickands(g)[1]
    else:
        c = _WEIGHTS[estimator].crossed
        crossed = c[0] * g**2 + c[1] * g + c[2]
    power = own * (1 - 2**r) ** 2 / (3 * own - 2 * crossed)
    found: FloatArray = power ** (1 / (1 - 2 * r))
    return found
