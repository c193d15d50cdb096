"""The generating function of an R-transform, and the metric of a layer derived from it."""

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

    from spectra._typing import FloatArray, Numbers

__all__ = ["capacity", "generating_function"]

_LOBATTO, _LEGENDRE = 12, (15, 21)  # numbers of nodes of the rules that must agree
_INSIDE = 1e-12  # smallest distance of a node from an end, relative to the width
_AGREED = 1e-12  # difference of the rules, relative to the integral of |R|
_HALVINGS = 1100  # enough to get from any float64 down to the smallest
_MOST = 1 << 14  # number of pieces beyond which R is taken for noise


@cache
def _rules() -> list[tuple[FloatArray, FloatArray]]:
    """Return nodes and weights of quadrature rules on 0 to 1, the most accurate last."""
    # the end nodes of a Lobatto rule detect a step or branch point outside the nodes of the other
    # rules; the middle node of a Legendre rule detects a pole there, whose sides cancel. Two rules
    # may agree by chance, so there are three.
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
    """Return the best integral of R, its largest difference from the others, and that of |R|."""
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
    """Integrate from each start to its end, halving while the rules differ; ``nan`` on failure."""
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
    """Integrate from `lower` to each of the points, which are in order of distance from it."""
    start = np.concatenate([[lower], points[:-1]])
    # over an empty interval the integral is 0, even where R is not finite
    pieces = np.where(start == points, 0.0, _pieces(r, start, points))
    return np.asarray(np.cumsum(pieces), np.float64)


def generating_function(
    x: npt.ArrayLike, r: Callable[[FloatArray], npt.ArrayLike], /, *, lower: float = 0.0
) -> FloatArray:
    r"""
    Compute the generating function of an R-transform, its integral up to each of some values.

    Parameters
    ----------
    x : array_like
        Upper limits, in any order and of any shape.
    r : callable
        R-transform: a function of a one-dimensional array that returns an array of the same
        length or one number. Only the real part of complex numbers is used.
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
        If an argument is out of range or of a wrong type.

    See Also
    --------
    capacity : Sum of the generating function over eigenvalues.

    Notes
    -----
    A Gauss-Lobatto rule of 12 nodes and Gauss-Legendre rules of 15 and 21 must agree between
    neighbouring values. Where they do not, as at a branch point, the interval is halved until they
    do or until it vanishes. Integrals that hardly converge, of powers of z below -0.9, are ``nan``
    too.

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
) -> Numbers:
    r"""
    Compute the metric of a layer that an R-transform implies.

    Parameters
    ----------
    eigenvalues : array_like, shape (..., n)
        Eigenvalues of the tail, or all eigenvalues; leading axes are draws.
    r : callable
        R-transform, as in :func:`generating_function`.
    lower : float, default: 0.0
        Lower limit of the integrals; in the paper it is the smallest eigenvalue of the tail.

    Returns
    -------
    float or ndarray, shape (...)
        :math:`\sum_i G(\lambda_i)`; ``nan`` if one of the integrals does not converge, 0 if there
        are no eigenvalues.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    For a large matrix A of size N that follows the law of R, and a matrix X of small rank with the
    given eigenvalues, the metric is the limit of
    :math:`N^{-1} \ln E\, e^{N \operatorname{Tr} X U A U^*}`, the mean taken over all rotations U.
    This holds for small eigenvalues; the formula is continued to larger ones. In the second paper
    the metric is the square of the quality of a layer, and X is the tail of the layer.

    With the R of

    * the semicircle the metric is :math:`\sigma^2 / 2` times the sum of squares: the squared
      Frobenius norm of the matrix with these eigenvalues, or of W if its singular values are given;
    * the heavy-tailed law, variant ``"2019"``, it is :math:`(b / \alpha) \sum_i
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
    >>> round(capacity([1.0, 2.0], lambda z: wigner_R(z, variance=2.0)), 12)
    5.0
    """
    x = _checks.rows(eigenvalues, "eigenvalues")
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.sum(generating_function(x, r, lower=lower), axis=-1)
    return np.asarray(found) if x.ndim > 1 else float(found)
