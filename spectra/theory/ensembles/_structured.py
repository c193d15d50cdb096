"""Ensembles of matrices with structure: sparse, orthogonal, products."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import (
    checked_shape,
    checked_stack,
    noise_edges,
    orthonormal,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["orthogonal", "product", "sparse"]

_EXACT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def sparse(
    shape: tuple[int, int],
    /,
    *,
    density: float,
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of Gaussian elements, most of which are replaced by zeros at random.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    density : float
        Probability p of an element to be kept, above 0 and at most 1.
    std : float, default: 1.0
        Standard deviation of the elements, zeros included; that of the elements that are kept is
        larger by :math:`1 / \sqrt p`.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix, as an array with zeros, with both edges of the limit of many elements per row
        and column.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    gaussian : The same with all elements.

    Notes
    -----
    The edges are those of :func:`gaussian` of the same `std`, whatever the density, as long as each
    row and column keeps many elements: p M much larger than log N. The elements have the excess
    kurtosis :math:`\kappa = 3 / p - 3`, and the largest eigenvalue lies higher by a share of about
    :math:`\kappa / \sqrt{NM}`. Where columns keep few elements, single columns give eigenvalues
    outside the edges, and empty columns give zeros.

    References
    ----------
    Hwang, Lee & Schnelli (2019), doi:10.1214/19-AAP1472.

    Examples
    --------
    >>> import numpy as np
    >>> sample = sparse((400, 100), density=0.2, rng=np.random.default_rng(0))
    >>> sample.upper_edge, round(float(np.mean(sample.W != 0)), 2)
    (900.0, 0.2)
    """
    checked, scale = checked_shape(shape), positive(std, "std")
    kept = positive(density, "density", most=1.0)
    random, drawn = _checks.generator(rng), checked_stack(num) + checked
    W = random.standard_normal(drawn) * (random.random(drawn) < kept)
    return Sample(W * (scale / math.sqrt(kept)), *noise_edges(checked, scale**2))


def orthogonal(
    shape: tuple[int, int],
    /,
    *,
    scale: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of orthonormal columns, or rows if there are fewer, uniformly over all of them.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    scale : float, default: 1.0
        Factor of the matrix: all its singular values.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges, which are equal.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The distribution (Haar's) does not change when the matrix is multiplied by an orthogonal matrix
    from either side. All M eigenvalues of ``W.T @ W`` are ``scale**2``. The elements have the
    standard deviation :math:`\mathrm{scale} / \sqrt N`.

    References
    ----------
    Mezzadri (2007), Notices of the AMS 54, 592-604, arXiv:math-ph/0609050.

    Examples
    --------
    >>> import numpy as np
    >>> sample = orthogonal((5, 2), scale=3.0, rng=np.random.default_rng(0))
    >>> np.allclose(sample.W.T @ sample.W, 9 * np.eye(2)), sample.upper_edge
    (True, 9.0)
    """
    (rows, columns), factor = checked_shape(shape), positive(scale, "scale")
    drawn = (*checked_stack(num), max(rows, columns), min(rows, columns))
    W = factor * orthonormal(drawn, _checks.generator(rng))
    return Sample(W if rows >= columns else W.swapaxes(-1, -2), factor**2, factor**2)


def _checked_sizes(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(sizes, tuple) or len(sizes) < 2:
        msg = f"`sizes` must be (rows, ..., columns), at least two numbers, got {sizes!r}"
        raise ArgumentError(msg)
    for position, side in enumerate(sizes):
        _checks.count(f"sizes[{position}]", side)
    return tuple(map(int, sizes))


def _product_edges(sizes: tuple[int, ...], variance: float) -> tuple[float, float]:
    r"""
    Find both edges of the nonzero spectrum of a product of Gaussian matrices.

    Outside the spectrum :math:`x = \prod_i (n_i + u) / u`, where u is the sum of
    :math:`\lambda / (x - \lambda)` over all eigenvalues. Its derivative vanishes at both edges:
    above for u > 0, below between the negatives of the two smallest sizes.
    """
    from scipy.optimize import brentq

    least, second, *more = sorted(sizes)

    def eigenvalue(u: float) -> float:
        return math.prod(variance * (n + u) for n in sizes) / (variance * u)

    def above(u: float) -> float:
        return math.fsum(u / (n + u) for n in sizes) - 1

    upper = eigenvalue(brentq(above, least / (2 * len(sizes)), max(sizes), **_EXACT))
    if least == second:
        return 0.0, upper
    larger = [n for n in more if n > second]
    equal = len(sizes) - 1 - len(larger)

    def below(v: float) -> float:  # v = -u, multiplied by what is zero at either end
        rest = 1 / v + math.fsum(1 / (n - v) for n in larger)
        return (second - v) - (v - least) * (equal + (second - v) * rest)

    return eigenvalue(-brentq(below, least, second, **_EXACT)), upper


def product(
    sizes: tuple[int, ...],
    /,
    *,
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a product of independent Gaussian matrices, like that of the layers of a linear network.

    Parameters
    ----------
    sizes : tuple of int
        Rows :math:`n_0` of the product, sizes :math:`n_1, \ldots, n_{k-1}` in between, and columns
        :math:`n_k`: the i-th of the k matrices has :math:`n_{i-1}` rows and :math:`n_i` columns.
    std : float, default: 1.0
        Standard deviation :math:`\sigma` of the elements of each matrix.
    num : int or None, default: None
        Number of products in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The product, of shape (:math:`n_0, n_k`), with both edges of its nonzero eigenvalues, as
        many as the smallest of the sizes.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    gaussian : One such matrix.

    Notes
    -----
    With :math:`x(u) = \sigma^{2k} \prod_{i=0}^k (n_i + u) / u` the edges are x where
    :math:`x'(u) = 0`. The lower edge is 0 if the two smallest sizes are equal. For square matrices
    the law has the moments of Fuss and Catalan, and the upper edge is
    :math:`(\sigma^2 n)^k (k + 1)^{k + 1} / k^k`; the density rises towards zero as
    :math:`\lambda^{-k / (k + 1)}`. The mean of the trace is :math:`\sigma^{2k} \prod_i n_i`.

    References
    ----------
    Penson & Zyczkowski (2011), doi:10.1103/PhysRevE.83.061118, for square matrices. Burda et al.
    (2010), doi:10.1103/PhysRevE.82.061114, for others.

    Examples
    --------
    >>> import numpy as np
    >>> sample = product((100, 100, 100), rng=np.random.default_rng(0))
    >>> sample.W.shape, round(sample.upper_edge)  # 100^2 times 27 / 4
    ((100, 100), 67500)
    """
    checked, scale = _checked_sizes(sizes), positive(std, "std")
    random, stack = _checks.generator(rng), checked_stack(num)
    factors = [scale * random.standard_normal(stack + pair) for pair in pairwise(checked)]
    W: FloatArray = reduce(np.matmul, factors)
    return Sample(W, *_product_edges(checked, scale**2))
