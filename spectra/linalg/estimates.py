r"""
Estimates of a spectrum from products with a matrix, for matrices too wide for all eigenvalues.

The matrix is read in blocks, once per product, and no array of M x M is formed. What is estimated
comes with its error: a bound for each of the largest eigenvalues, and for the density an error that
19 of 20 estimates keep. Up to a width of 8192 all eigenvalues take less time, and are computed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import in_blocks, in_weight_units, matrix_of, zero_below
from spectra._spectral import largest as largest_element
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.linalg.live_elements import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Density", "Largest", "largest", "spectral_density"]

EXACT_BELOW = 8192
"""Shorter side up to which all eigenvalues take less time than an estimate."""

_CHECKED = 4  # products between two looks at the errors
_KOLMOGOROV_AT_05 = 1.358  # of the distance times the root of the number of independent data
_INVARIANT = 1e-13  # length of a remainder, over the largest eigenvalue, that is rounding


class Largest(NamedTuple):
    """
    The largest eigenvalues of a matrix, with bounds of their errors.

    Examples
    --------
    >>> Largest._fields
    ('eigenvalues', 'errors', 'passes')
    """

    eigenvalues: FloatArray
    """The largest eigenvalues of ``W.T @ W``, ascending, in weight units squared."""
    errors: FloatArray
    """Bound for each: some eigenvalue is not further from it than this; 0 if exact."""
    passes: int
    """Number of times that the matrix was read; 0 if all eigenvalues were computed."""


class Density(NamedTuple):
    """
    Estimated density of the eigenvalues of a matrix.

    Examples
    --------
    >>> Density._fields
    ('nodes', 'weights', 'error')
    """

    nodes: FloatArray
    """Nodes of each probe, ascending, in weight units squared, shape (probes, steps)."""
    weights: FloatArray
    """Share of the eigenvalues near each node, of the shape of `nodes`."""
    error: float
    """Kolmogorov-Smirnov distance from the true density that 95 % of estimates keep; 0 if exact."""

    def cdf(self, x: npt.ArrayLike, /) -> FloatArray:
        """
        Compute the share of the eigenvalues up to some values.

        Parameters
        ----------
        x : array_like
            Values in weight units squared.

        Returns
        -------
        ndarray
            Shares, means over the probes: of each the middle of the least and the largest share
            that its nodes and weights allow there.

        Examples
        --------
        >>> import numpy as np
        >>> spectral_density(np.diag([1.0, 2.0])).cdf([0.5, 1.0, 5.0])
        array([0. , 0.5, 1. ])
        """
        at = np.asarray(x, np.float64)
        each = [
            _shares(weights, exact=self.error == 0)[np.searchsorted(nodes, at, side="right")]
            for nodes, weights in zip(self.nodes, self.weights, strict=True)
        ]
        return np.asarray(np.mean(each, axis=0), np.float64)


def _shares(weights: FloatArray, *, exact: bool) -> FloatArray:
    """Return the share below the first node, between each two, and above the last."""
    below = np.concatenate([[0.0], np.cumsum(weights)])
    below[-1] = 1.0
    if not exact:  # k nodes are below: the share is between those of k - 1 and k + 1
        below[1:-1] = (below[:-2] + below[2:]) / 2
    return below


class _Operator(NamedTuple):
    """Products with ``W.T @ W`` of a matrix divided by a power of two, or W @ W.T if smaller."""

    M: int
    N: int
    exponent: int
    is_regular: bool  # finite, and not all zero
    product: Callable[[FloatArray], FloatArray]


def _operator(W: npt.ArrayLike) -> _Operator:
    matrix = matrix_of(W)
    parts = in_blocks(matrix)
    if parts is None and np.ndim(matrix) != 2:
        msg = f"`W` must be a matrix, got {np.ndim(matrix)}-D"
        raise ArgumentError(msg)
    m, n = np.shape(matrix) if parts is None else parts.shape
    most = largest_element(piece.values for piece in pieces(matrix) if piece.values.size)
    exponent = int(np.frexp(most)[1]) if np.isfinite(most) else 0

    def product(X: FloatArray) -> FloatArray:
        total = np.zeros_like(X)
        for piece in pieces(matrix):
            block = np.ldexp(piece.values.astype(np.float64), -exponent)
            rows = block if m >= n else block.T
            total += rows.T @ (rows @ X)
        return total

    return _Operator(min(m, n), max(m, n), exponent, 0 < most < math.inf, product)


def _is_exact(operator: _Operator, below: int) -> bool:
    """Return whether to compute all eigenvalues: of small, zero and broken matrices."""
    _checks.count("exact_below", below, at_least=0)
    return below >= operator.M or not operator.is_regular


def largest(
    W: npt.ArrayLike,
    /,
    *,
    num: int = 50,
    rtol: float = 1e-8,
    passes: int = 100,
    exact_below: int = EXACT_BELOW,
    rng: int | np.random.Generator | None = 0,
) -> Largest:
    r"""
    Estimate the largest eigenvalues of ``W.T @ W`` by block Lanczos iteration.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Real matrix in weight units. That of a layer of a file is read in blocks.
    num : int, default: 50
        Number of eigenvalues.
    rtol : float, default: 1e-8
        Bound of the error of each, over the eigenvalue, at which the iteration ends.
    passes : int, default: 100
        Most products with the matrix, each of which reads it once; up to three of them
        are needed to have `num` eigenvalues at all.
    exact_below : int, default: 8192
        Shorter side up to which all eigenvalues are computed instead.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the first vectors.

    Returns
    -------
    Largest
        Eigenvalues with their errors, which are larger than asked for if `passes` did not suffice.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or `passes` too few for so many eigenvalues.

    See Also
    --------
    spectra.linalg.vectors.largest : The largest eigenvalues with their vectors, to rounding.

    Notes
    -----
    The error of a Ritz value :math:`\theta` with vector y is at most
    :math:`\|W^T W y - \theta y\|`; in practice it is about the square of that over the distance to
    the next eigenvalue. That no eigenvalue is missed is as sure as that random vectors are not
    orthogonal to its vector. The basis takes M times `passes` times about half of `num` numbers.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, 4th ed., sections 8.1.2 (the bound) and 10.3.6.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((600, 300)) @ np.diag(np.arange(300.0))
    >>> found = largest(W, num=2, exact_below=0)
    >>> exact = eigenvalues(W)[-2:]
    >>> bool(np.all(abs(found.eigenvalues - exact) <= found.errors + 1e-12 * exact))
    True
    """
    _checks.count("num", num)
    _checks.count("passes", passes)
    _checks.number("rtol", rtol, above=0, at_most=1)
    operator = _operator(W)
    if num > operator.M:
        msg = f"`num` must be at most {operator.M}, the shorter side of W, got {num}"
        raise ArgumentError(msg)
    block = max(4, num // 2)
    if _is_exact(operator, exact_below) or 2 * (num + block) > operator.M:
        return Largest(eigenvalues(W)[-num:], np.zeros(num), 0)
    if passes * block < num:
        least = -(-num // block)
        msg = f"`passes` must be at least {least} for {num} eigenvalues, got {passes}"
        raise ArgumentError(msg)
    values, errors, done = _block_lanczos(operator, num, block, rtol, passes, rng)
    if done < passes and np.any(errors > rtol * values):  # the basis is as wide as the matrix
        return Largest(eigenvalues(W)[-num:], np.zeros(num), 0)
    zero = zero_below(float(values[-1]), operator.N)
    scale = in_weight_units(values, operator.exponent, zero)
    return Largest(scale, in_weight_units(errors, operator.exponent, math.inf), done)


def _block_lanczos(
    operator: _Operator,
    num: int,
    block: int,
    rtol: float,
    passes: int,
    rng: int | np.random.Generator | None,
) -> tuple[FloatArray, FloatArray, int]:
    """Return the largest Ritz values, bounds of their errors, and the number of products."""
    draws = _checks.generator(rng)
    steps = min(passes, operator.M // block - 1)
    basis = np.zeros((operator.M, (steps + 1) * block))
    projected = np.zeros((steps * block, steps * block))
    basis[:, :block] = np.linalg.qr(draws.standard_normal((operator.M, block)))[0]
    for step in range(1, steps + 1):
        size = step * block
        now, known = slice(size - block, size), basis[:, :size]
        rest = operator.product(basis[:, now])
        for _ in range(2):  # the second time against what rounding left
            share = known.T @ rest
            rest -= known @ share
            projected[:size, now] += share
        following, remainder = np.linalg.qr(rest)
        following -= known @ (known.T @ following)  # of a remainder that is rounding
        basis[:, size : size + block] = np.linalg.qr(following)[0]
        if (step % _CHECKED and step < steps) or size < num:
            continue
        values, vectors = np.linalg.eigh(projected[:size, :size], UPLO="U")
        errors = np.linalg.norm(remainder @ vectors[now, -num:], axis=0)
        if np.all(errors <= rtol * values[-num:]):
            break
    return values[-num:].clip(min=0), errors, step


def spectral_density(
    W: npt.ArrayLike,
    /,
    *,
    steps: int = 100,
    probes: int = 8,
    exact_below: int = EXACT_BELOW,
    rng: int | np.random.Generator | None = 0,
) -> Density:
    r"""
    Estimate the density of the eigenvalues of ``W.T @ W`` by stochastic Lanczos quadrature.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Real matrix in weight units. That of a layer of a file is read in blocks.
    steps : int, default: 100
        Number of products with the matrix, each of which reads it once, and nodes per probe.
    probes : int, default: 8
        Number of random vectors.
    exact_below : int, default: 8192
        Shorter side up to which all eigenvalues are computed instead.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the random vectors.

    Returns
    -------
    Density
        Nodes and weights, and the error of the distribution function.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    The error is the sum of two. By the inequalities of Chebyshev, Markov and Stieltjes, between two
    nodes the share below is known to within their weights: the middle is off by at most the mean of
    two neighbouring weights, about 2 / `steps`, or the weight of an end. The share of a random
    direction below an eigenvalue follows a beta law of variance :math:`2 F (1 - F) / (M + 2)`, as
    of :math:`(M + 2) / 2` independent data: at 95 % the Kolmogorov-Smirnov distance of `probes` of
    them is below :math:`1.358 \sqrt{2 / ((M + 2) probes)}`.

    References
    ----------
    Ubaru, Chen & Saad (2017), doi:10.1137/16M1104974. Chen, Trogdon & Ubaru (2021),
    arXiv:2105.06595, for the distance.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((600, 300))
    >>> found, exact = spectral_density(W, steps=40, exact_below=0), eigenvalues(W)
    >>> bool(abs(found.cdf(exact) - np.arange(1, 301) / 300).max() < found.error < 0.2)
    True
    """
    _checks.count("steps", steps)
    _checks.count("probes", probes)
    operator = _operator(W)
    if _is_exact(operator, exact_below):
        values = eigenvalues(W)[None]
        return Density(values, np.full_like(values, 1 / max(1, operator.M)), 0.0)
    nodes, weights = _quadratures(operator, min(steps, operator.M), probes, rng)
    pairs = ((weights[:, :-1] + weights[:, 1:]) / 2).max(axis=1, initial=0.0)
    ends = np.maximum(weights[:, 0], weights[:, -1])
    scatter = _KOLMOGOROV_AT_05 * math.sqrt(2 / ((operator.M + 2) * probes))
    scaled = in_weight_units(nodes.clip(min=0), operator.exponent, math.inf)
    return Density(scaled, weights, float(np.maximum(pairs, ends).mean()) + scatter)


def _quadratures(
    operator: _Operator, steps: int, probes: int, rng: int | np.random.Generator | None
) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of the Gauss quadrature of each of several random vectors."""
    vectors = _checks.generator(rng).standard_normal((operator.M, probes))
    vectors /= np.linalg.norm(vectors, axis=0)
    basis = np.zeros((probes, operator.M, steps))
    diagonal, beside = np.zeros((2, probes, steps))
    for step in range(steps):
        basis[:, :, step] = vectors.T
        known = basis[:, :, : step + 1]
        rest = operator.product(vectors)
        diagonal[:, step] = np.sum(rest * vectors, axis=0)
        for _ in range(2):  # the second time against what rounding left
            share = known.transpose(0, 2, 1) @ rest.T[:, :, None]
            rest -= (known @ share)[:, :, 0].T
        length = np.linalg.norm(rest, axis=0)
        ended = length <= _INVARIANT * diagonal.max()  # the space of this probe is invariant
        beside[:, step] = np.where(ended, 0.0, length)
        vectors = np.where(ended, 0.0, rest / np.where(ended, 1.0, length))
    matrices = np.zeros((probes, steps, steps))
    at = np.arange(steps)
    matrices[:, at, at] = diagonal
    matrices[:, at[1:], at[:-1]] = beside[:, :-1]
    nodes, found = np.linalg.eigh(matrices)
    return nodes, np.square(found[:, 0])
