"""The generating function of an R-transform, and the metric of a layer that follows."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._checks import real_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["capacity", "generating_function"]

_LOBATTO, _LEGENDRE = 12, (15, 21)  # nodes of the rules that must agree
_INSIDE = 1e-12  # how far from an end, relative to the width, R is asked for
_AGREED = 1e-12  # their difference, relative to the integral of |R|
_HALVINGS = 1100  # from any number down to the smallest
_MOST = 1 << 14  # pieces at a time, beyond which R is taken for noise


@cache
def _rules() -> list[tuple[FloatArray, FloatArray]]:
    """Return nodes and weights of rules on 0 to 1, the best last."""
    # the ends of a Lobatto rule see a step or branch point that all nodes of the others lie beyond,
    # the middle of a Legendre rule a pole there, whose sides cancel; two may agree by chance
    last = np.polynomial.Legendre.basis(_LOBATTO - 1)
    nodes = np.concatenate([[-1.0], np.sort(last.deriv().roots().real), [1.0]])
    rules = [(nodes, 2 / (_LOBATTO * (_LOBATTO - 1) * last(nodes) ** 2))]
    rules += [np.polynomial.legendre.leggauss(num) for num in _LEGENDRE]
    inside = (_INSIDE, 1 - _INSIDE)
    return [(np.clip((nodes + 1) / 2, *inside), weights / 2) for nodes, weights in rules]


def _real(r: Callable[[FloatArray], npt.ArrayLike], z: FloatArray) -> FloatArray:
    value: FloatArray = np.broadcast_to(np.real(np.asarray(r(z))), z.shape).astype(np.float64)
    return value


def _integrate(
    r: Callable[[FloatArray], npt.ArrayLike], start: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Integrate R by all rules: the best, how far the others are from it, and that of abs(R)."""
    found: list[FloatArray] = []
    for nodes, weights in _rules():
        z = start[:, None] + width[:, None] * nodes
        values = _real(r, z.ravel()).reshape(z.shape)
        found.append(width * (values @ weights))
    *others, best = found
    doubt = np.max([np.abs(other - best) for other in others], axis=0)
    return best, doubt, np.abs(width) * (np.abs(values) @ weights)


def _pieces(
    r: Callable[[FloatArray], npt.ArrayLike], start: FloatArray, end: FloatArray
) -> FloatArray:
    """Integrate from each start to its end, halved while the rules differ; ``nan`` if in vain."""
    total, owner, whole = np.zeros(len(start)), np.arange(len(start)), None
    most = _MOST + 2 * len(start)
    for _ in range(_HALVINGS):
        best, doubt, size = _integrate(r, start, end - start)
        whole = size if whole is None else whole
        total[owner[~np.isfinite(size)]] = np.nan
        settled = doubt <= _AGREED * whole[owner]
        np.add.at(total, owner[settled], best[settled])
        left = ~settled & np.isfinite(total[owner])
        owner, start, end = owner[left], start[left], end[left]
        if not 0 < len(owner) < most:
            break
        middle = start + (end - start) / 2
        start, end = np.concatenate([start, middle]), np.concatenate([middle, end])
        owner = np.concatenate([owner, owner])
    total[owner] = np.nan
    return total


def _outward(
    r: Callable[[FloatArray], npt.ArrayLike], lower: float, points: FloatArray
) -> FloatArray:
    """Integrate from `lower` to each of the points, which lie one beyond the other."""
    start = np.concatenate([[lower], points[:-1]])
    # over nothing the integral is 0, even where R is not finite
    pieces = np.where(start == points, 0.0, _pieces(r, start, points))
    return np.asarray(np.cumsum(pieces), np.float64)


def generating_function(
    x: npt.ArrayLike, r: Callable[[FloatArray], npt.ArrayLike], /, *, lower: float = 0.0
) -> FloatArray:
    r"""
    Integrate an R-transform up to each of some values.

    Parameters
    ----------
    x : array_like
        Upper limits, in any order and of any shape.
    r : callable
        R, from a one-dimensional array to an array of as many or one number; of complex ones the
        real part counts.
    lower : float, default: 0.0
        Lower limit of all integrals.

    Returns
    -------
    ndarray
        :math:`G(x) = \int_{lower}^{x} \Re R(z) dz`, of the shape of `x`, with an error below
        1e-9 of the integral of the absolute value; ``nan`` where the integral does not converge,
        where R is not finite on the way, and where `x` is not.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : The sum.

    Notes
    -----
    A Gauss-Lobatto rule of 12 nodes and Gauss-Legendre rules of 15 and 21 must agree between
    neighbouring values; where they do not, as at a branch point, the interval is halved until they
    do or it vanishes. Integrals that hardly converge, of powers of z below -0.9, are ``nan`` too.

    References
    ----------
    Tanaka (2008), doi:10.1088/1742-6596/95/1/012002.

    Examples
    --------
    >>> from spectra.theory.free_probability import wigner_R
    >>> generating_function([1.0, 2.0], wigner_R)
    array([0.5, 2. ])
    """
    _checks.number("lower", lower, above=-math.inf)
    values = np.asarray(real_numbers(x, "x"))
    found = np.full(values.shape, np.nan)
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore"):
        for side, step in ((finite & (values >= lower), 1), (finite & (values < lower), -1)):
            points, place = np.unique(values[side], return_inverse=True)
            if len(points):
                found[side] = _outward(r, float(lower), points[::step])[::step][place]
    return found


def capacity(
    eigenvalues: npt.ArrayLike, r: Callable[[FloatArray], npt.ArrayLike], /, *, lower: float = 0.0
) -> float:
    r"""
    Compute the metric that follows from an R-transform.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Those of the tail, or all.
    r : callable
        R, as in :func:`generating_function`.
    lower : float, default: 0.0
        Where the integrals start; the smallest eigenvalue of the tail in the paper.

    Returns
    -------
    float
        :math:`\sum_i G(\lambda_i)`; ``nan`` if one of the integrals does not converge, 0 if there
        are no eigenvalues.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    For a large matrix A of size N that follows the law of R, and X of small rank with the given
    eigenvalues, it is the limit of :math:`N^{-1} \ln E\, e^{N \operatorname{Tr} X U A U^*}` over
    all rotations U. That holds for small eigenvalues; beyond, the formula is carried on. In the
    second paper it is the square of the quality of a layer, the tail of which takes the place of X.

    With the R of

    * the semicircle it is :math:`\sigma^2 / 2` times the sum of squares: the squared Frobenius norm
      of the matrix with these eigenvalues, or of W if its singular values are given;
    * the heavy-tailed law, convention ``"2019"``, it is :math:`(b / \alpha) \sum_i
      \lambda_i^\alpha`, the Schatten norm of :func:`spectra.linalg.norms.log_schatten`, whose
      logarithm is about :math:`\alpha \log \lambda_{max}`: alpha-hat;
    * the inverse Marchenko-Pastur law, from a `lower` beyond the branch point, it is
      :math:`\kappa \sum_i \ln(\lambda_i / lower)`.

    References
    ----------
    Tanaka (2008), doi:10.1088/1742-6596/95/1/012002. Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> from spectra.theory.free_probability import wigner_R
    >>> capacity([1.0, 2.0], lambda z: wigner_R(z, variance=2.0))
    5.0
    """
    x = _checks.one_dimensional(eigenvalues, "eigenvalues")
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(generating_function(x, r, lower=lower)))
