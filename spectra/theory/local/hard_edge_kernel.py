r"""
The Bessel kernel: the smallest eigenvalues of a large random matrix that is nearly square.

For W with N rows, M <= N columns and independent elements of variance 1, of which the `excess`
a = N - M is small beside M, the numbers :math:`x = 4 M \lambda` of the smallest eigenvalues of
``W.T @ W`` have a law that depends on a alone. Those of complex matrices are a determinantal
process with the kernel

.. math:: K(x, y) = \frac14 \int_0^1 J_a(\sqrt{x t})\, J_a(\sqrt{y t})\, dt.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.local._arguments import known_beta

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["kernel", "one_point", "pair_correlation"]

_NODES = 10
_NEAR = 0.5  # half the distance of the roots up to which the kernel is integrated
_MOST = 1e20
_FAR = 1000.0  # root above which the integral is a series in its inverse
_PARTS = 17  # terms of that series, to 1e-14
_CLOSE = math.exp(2)  # ratio of the roots up to which it is


def _root(x: npt.ArrayLike, name: str) -> FloatArray:
    values = _checks.real_numbers(x, name)
    if np.any(values < 0):
        msg = f"`{name}` must be at least 0, as the eigenvalues of W.T @ W are, got {x!r}"
        raise ArgumentError(msg)
    if np.any(values > _MOST):
        msg = f"`{name}` must be at most {_MOST:g}, above which Bessel functions have no digits"
        raise ArgumentError(msg)
    return np.sqrt(values)


def _checked_excess(excess: int) -> int:
    _checks.count("excess", excess, at_least=0)
    return int(excess)


def kernel(x: npt.ArrayLike, y: npt.ArrayLike, /, *, excess: int = 0) -> FloatArray:
    r"""
    Compute the Bessel kernel.

    Parameters
    ----------
    x, y : array_like
        Eigenvalues times four times their number, of shapes that broadcast.
    excess : int, default: 0
        Rows that the matrix has more than columns.

    Returns
    -------
    ndarray
        Kernel, the density of complex matrices where x = y.

    Raises
    ------
    ArgumentError
        If `x` or `y` is not real numbers from 0 to 1e20, or `excess` is not a whole number from 0.

    Notes
    -----
    With p and q the roots of x and y,
    :math:`K = (p J_{a+1}(p)\, J_a(q) - J_a(p)\, q J_{a+1}(q)) / (2 (p^2 - q^2))`. The numerator
    loses digits where x is near y, by ratio and by difference: there it is integrated from the
    diagonal, along :math:`\ln (p / q)`.

    References
    ----------
    Forrester (1993), doi:10.1016/0550-3213(93)90126-A; Tracy & Widom (1994),
    doi:10.1007/BF02099779.

    Examples
    --------
    >>> kernel([0.0, 1.0], [0.0, 9.0]).round(6)
    array([0.25    , 0.055799])
    """
    a = _checked_excess(excess)
    p, q = np.broadcast_arrays(_root(x, "x"), _root(y, "y"))
    zero = (p == 0) | (q == 0)
    low, high = np.minimum(p, q), np.maximum(p, q)
    near = (high - low <= 2 * _NEAR) & (high <= _CLOSE * low) & ~zero
    found = np.empty(p.shape)
    found[near] = _near(p[near], q[near], a)
    found[zero] = _at_zero(np.maximum(p, q)[zero], a)
    far = ~near & ~zero
    found[far] = _far(p[far], q[far], a)
    return found


def _far(p: FloatArray, q: FloatArray, a: int) -> FloatArray:
    from scipy.special import jv

    low, high = np.minimum(p, q), np.maximum(p, q)
    ratio = low / high  # all is over the square of the larger root, so that nothing underflows
    top: FloatArray = jv(a, low) * (jv(a + 1, high) / high)
    top -= ratio * jv(a + 1, low) * (jv(a, high) / high)
    return top / (2 * (1 - ratio) * (1 + ratio))


def _near(p: FloatArray, q: FloatArray, a: int) -> FloatArray:
    """
    Return the integral over v of the slope of the numerator, p and q being m exp(+-v).

    The slope is written with the next order in place of derivatives: for small p and q the terms in
    the square of a cancel, and are not there.
    """
    from scipy.special import jv

    middle, half = np.sqrt(p) * np.sqrt(q), np.abs(np.log(p / q)) / 2
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    v = half[..., np.newaxis] * (nodes + 1) / 2
    m, up, down = middle[..., np.newaxis], np.exp(v), np.exp(-v)
    above, below, next_above, next_below = (
        jv(order, m * side) for order in (a, a + 1) for side in (up, down)
    )
    slope = 2 * np.cosh(2 * v) * above * below + 2 * next_above * next_below
    slope -= 2 * a * (down * above * (next_below / m) + up * (next_above / m) * below)
    share = np.divide(2 * half, np.sinh(2 * half), out=np.ones_like(half), where=half > 0)
    found: FloatArray = share * (slope @ weights) / 16
    return found


def _at_zero(p: FloatArray, a: int) -> FloatArray:
    """Return the kernel between 0 and p squared, which vanishes unless a is 0."""
    from scipy.special import jv

    if a:
        return np.zeros(p.shape)
    found: FloatArray = np.divide(jv(1, p), 2 * p, out=np.full(p.shape, 0.25), where=p > 0)
    return found


def one_point(x: npt.ArrayLike, /, *, excess: int = 0, beta: int = 1) -> FloatArray:
    r"""
    Compute the density of the smallest eigenvalues.

    Parameters
    ----------
    x : array_like
        Eigenvalues times four times their number.
    excess : int, default: 0
        Rows that the matrix has more than columns.
    beta : {1, 2}, default: 1
        1 for real matrices, 2 for complex ones.

    Returns
    -------
    ndarray
        Mean number of eigenvalues per unit of x, of the shape of `x`: :math:`1 / (2 \pi \sqrt x)`
        far above 0, as of the Marchenko-Pastur law of a square matrix.

    Raises
    ------
    ArgumentError
        If `x` is not real numbers from 0 to 1e20, `excess` is not a whole number from 0, or `beta`
        is not 1 or 2.

    Notes
    -----
    Of complex matrices it is :math:`K(x, x)`. Of real ones, with the root p of x, it is
    :math:`K(x, x) + \frac{J_a(p)}{4 p} (1 - \int_0^p J_a(t)\, dt)`; infinite at 0 for square
    matrices.

    References
    ----------
    Forrester, Nagao & Honner (1999), doi:10.1016/S0550-3213(99)00272-2.

    Examples
    --------
    >>> one_point([1.0, 10.0]).round(6), one_point([1.0, 10.0], beta=2).round(6)
    (array([0.210149, 0.051497]), array([0.194793, 0.043134]))
    """
    from scipy.special import jv

    _checks.choice("beta", beta, (1, 2))
    a, p = _checked_excess(excess), _root(x, "x")
    complex_ = kernel(x, x, excess=excess)
    if known_beta(beta) == 2:
        return complex_
    with np.errstate(divide="ignore", invalid="ignore"):
        real = jv(a, p) / (4 * p) * _integral_above(p, a)
    limit = {0: math.inf, 1: 1 / 8}.get(a, 0.0)
    return np.where(p > 0, complex_ + real, limit + complex_)


def _integral_above(p: FloatArray, a: int) -> FloatArray:
    """Return the integral of the Bessel function of order a from p up."""
    far = p > max(_FAR, 10 * (a + 1))
    found = np.empty(p.shape)
    found[far] = _far_integral(p[far], a)
    found[~far] = 1 - _near_integral(p[~far], a)
    return found


def _near_integral(p: FloatArray, a: int) -> FloatArray:
    """Return the integral from 0 to p, 2 sum J_(a + 2k + 1)."""
    from scipy.special import jv

    found, largest = np.zeros(p.shape), np.max(p, initial=0.0, where=p < np.inf)
    for order in range(a + 1, a + 61 + int(1.2 * largest), 2):  # above p they fall off
        found += 2 * jv(order, p)
    return found


def _far_integral(p: FloatArray, a: int) -> FloatArray:
    """Return the integral from p up, by parts again and again."""
    from scipy.special import jv

    found, factor = np.zeros(p.shape), np.ones(p.shape)
    for k in range(_PARTS):
        found -= factor * jv(a + 1 + k, p)
        factor *= (a + 1 + 2 * k) / p
    return found


def pair_correlation(x: npt.ArrayLike, y: npt.ArrayLike, /, *, excess: int = 0) -> FloatArray:
    """
    Compute the joint density of two of the smallest eigenvalues of a complex matrix.

    Parameters
    ----------
    x, y : array_like
        Eigenvalues times four times their number, of shapes that broadcast.
    excess : int, default: 0
        Rows that the matrix has more than columns.

    Returns
    -------
    ndarray
        Density of pairs, ``K(x, x) K(y, y) - K(x, y)**2``.

    Raises
    ------
    ArgumentError
        If `x` or `y` is not real numbers from 0 to 1e20, or `excess` is not a whole number from 0.

    Examples
    --------
    >>> pair_correlation([1.0, 1.0], [1.0, 9.0]).round(6)
    array([0.      , 0.005778])
    """
    across = kernel(x, y, excess=excess)
    found = kernel(x, x, excess=excess) * kernel(y, y, excess=excess) - across**2
    return np.maximum(found, 0.0)
