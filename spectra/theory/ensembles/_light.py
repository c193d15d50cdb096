"""Ensembles of Gaussian elements: pure, with a signal, correlated, symmetric."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import (
    checked_rng,
    checked_shape,
    expected_spikes,
    noise_edges,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["correlated", "gaussian", "laguerre", "spiked", "wigner"]

_EXACT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def gaussian(shape: tuple[int, int], /, *, std: float = 1.0, rng: np.random.Generator) -> Sample:
    r"""
    Draw a matrix of independent Gaussian elements.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    std : float, default: 1.0
        Standard deviation of the elements.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The edges are :math:`\sigma^2 (\sqrt N \pm \sqrt M)^2`. The largest eigenvalue is off by
    :math:`\sigma^2 (\sqrt N + \sqrt M)(1/\sqrt N + 1/\sqrt M)^{1/3}` times a Tracy-Widom variable.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994. Johnstone (2001),
    doi:10.1214/aos/1009210544.

    Examples
    --------
    >>> import numpy as np
    >>> sample = gaussian((400, 100), rng=np.random.default_rng(0))
    >>> sample.W.shape, sample.lower_edge, sample.upper_edge
    ((400, 100), 100.0, 900.0)
    """
    checked, scale = checked_shape(shape), positive(std, "std")
    W = scale * checked_rng(rng).standard_normal(checked)
    return Sample(W, *noise_edges(checked, scale**2))


def _orthonormal(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    """Return orthonormal columns, all directions equally likely."""
    Q, R = np.linalg.qr(rng.standard_normal((rows, columns)))
    uniform: FloatArray = Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return uniform


def spiked(
    shape: tuple[int, int],
    /,
    *,
    strengths: Iterable[float],
    std: float = 1.0,
    rng: np.random.Generator,
) -> Sample:
    r"""
    Draw Gaussian noise with a few directions planted in it.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    strengths : iterable of float
        Singular value of each direction before the noise, in units of :math:`\sigma \sqrt N`.
    std : float, default: 1.0
        Standard deviation of the noise.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges, a spike for every strength above the limit, and the planted directions in
        the order of `strengths`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    With :math:`\gamma = M/N` a strength :math:`\theta > \gamma^{1/4}` gives an eigenvalue at
    :math:`\sigma^2 N (1 + \theta^2)(\gamma + \theta^2) / \theta^2`; a smaller one does
    not leave the bulk. Strengths closer to each other than about :math:`N^{-1/2}` repel.

    References
    ----------
    Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> sample = spiked((400, 100), strengths=[0.5, 2.0], rng=np.random.default_rng(0))
    >>> sample.spikes, sample.right.shape
    ((2125.0,), (100, 2))
    """
    (rows, columns), scale = checked_shape(shape), positive(std, "std")
    theta = np.array(list(strengths) if isinstance(strengths, Iterable) else strengths, np.float64)
    if theta.ndim != 1 or not (np.isfinite(theta) & (theta >= 0)).all():
        msg = f"`strengths` must be finite numbers, none negative, got {strengths!r}"
        raise ArgumentError(msg)
    if len(theta) > min(rows, columns):
        msg = f"`strengths` must be at most as many as the shorter side, got {len(theta)}"
        raise ArgumentError(msg)
    noise = checked_rng(rng).standard_normal((rows, columns))
    left = _orthonormal(rows, len(theta), rng)
    right = _orthonormal(columns, len(theta), rng)
    W = scale * (noise + math.sqrt(max(rows, columns)) * (left * theta) @ right.T)
    spikes = expected_spikes((rows, columns), scale, theta.tolist())
    return Sample(W, *noise_edges((rows, columns), scale**2), spikes=spikes, left=left, right=right)


def _population_edges(rows: int, population: FloatArray) -> tuple[float, float]:
    r"""
    Find the outermost ends of the spectrum of correlated columns.

    Outside the spectrum :math:`\psi(x) = x + (x/N) \sum t/(x - t)` rises, so an edge is where its
    derivative vanishes. Beyond the largest t, and below the smallest, it does so once.
    """
    from scipy.optimize import brentq

    largest = float(population.max())
    t = population / largest

    def slope(x: float) -> float:
        return 1 - float(np.sum((t / (x - t)) ** 2)) / rows

    def eigenvalue(x: float) -> float:
        return largest * x * (rows + float(np.sum(t / (x - t))))

    # at t (1 + near) the term of t alone is 4, at max(t) + far all together are at most 1/4
    near, far = 0.5 / math.sqrt(rows), 2 * math.sqrt(len(t) / rows)
    upper = brentq(slope, 1 + near, 1 + far, **_EXACT)
    if len(t) == rows:
        return 0.0, eigenvalue(upper)
    ends = (0.0, float(t.min()) * (1 - near)) if len(t) < rows else (-far, 0.0)
    return eigenvalue(brentq(slope, *ends, **_EXACT)), eigenvalue(upper)


def correlated(
    shape: tuple[int, int], /, *, population: npt.ArrayLike, rng: np.random.Generator
) -> Sample:
    r"""
    Draw a matrix of independent Gaussian rows whose columns have given variances.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    population : array_like, shape (columns,)
        Eigenvalues of the covariance of a row, which is diagonal.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With the outermost edges. Between them the spectrum may have gaps, and a single large
        variance is an interval of its own, not one of the spikes.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    With n rows, variances t and :math:`\psi(x) = x + (x/n) \sum_i t_i / (x - t_i)` the edges are
    :math:`n \psi(x)` where :math:`\psi'(x) = 0`.

    References
    ----------
    Silverstein & Choi (1995), doi:10.1006/jmva.1995.1058.

    Examples
    --------
    >>> import numpy as np
    >>> sample = correlated((400, 100), population=np.ones(100), rng=np.random.default_rng(0))
    >>> round(sample.lower_edge, 6), round(sample.upper_edge, 6)
    (100.0, 900.0)
    """
    rows, columns = checked_shape(shape)
    t = np.asarray(population, dtype=np.float64)
    if t.shape != (columns,) or not (np.isfinite(t) & (t > 0)).all():
        msg = f"`population` must be {columns} finite numbers above 0, got {population!r}"
        raise ArgumentError(msg)
    W = checked_rng(rng).standard_normal((rows, columns)) * np.sqrt(t)
    return Sample(W, *_population_edges(rows, t))


def wigner(size: int, /, *, std: float = 1.0, rng: np.random.Generator) -> Sample:
    r"""
    Draw a symmetric Gaussian matrix; here the edges are those of the eigenvalues of W itself.

    Parameters
    ----------
    size : int
        Rows, and columns.
    std : float, default: 1.0
        Standard deviation of the elements off the diagonal; on it :math:`\sqrt 2` times as much.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges, in units of W.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The Gaussian orthogonal ensemble. The eigenvalues fill a semicircle between
    :math:`\pm 2 \sigma \sqrt n`; those of ``W.T @ W`` are their squares.

    References
    ----------
    Mehta (2004), Random Matrices, 3rd ed., chapters 2 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> sample = wigner(400, rng=np.random.default_rng(0))
    >>> sample.lower_edge, sample.upper_edge
    (-40.0, 40.0)
    """
    _checks.count("size", size)
    n, scale = int(size), positive(std, "std")
    square = checked_rng(rng).standard_normal((n, n))
    edge = 2 * scale * math.sqrt(n)
    return Sample((square + square.T) * (scale / math.sqrt(2)), -edge, edge)


def laguerre(
    shape: tuple[int, int], /, *, num: int = 1, std: float = 1.0, rng: np.random.Generator
) -> FloatArray:
    r"""
    Draw the eigenvalues that Gaussian matrices have, without the matrices.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the matrices, N and M being the longer and the shorter side.
    num : int, default: 1
        How many matrices.
    std : float, default: 1.0
        Standard deviation of their elements.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    ndarray, shape (num, M)
        Eigenvalues of ``W.T @ W``, each row ascending, in weight units squared.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    gaussian : The matrices.

    Notes
    -----
    Reflections from both sides make a Gaussian matrix bidiagonal, with independent elements:
    :math:`\chi_{N - i}` on the diagonal and :math:`\chi_{M - 1 - i}` beside it, i = 0, 1, ... The
    distribution is exact; a matrix takes :math:`O(M^2)` time instead of :math:`O(N M^2)`.

    References
    ----------
    Dumitriu & Edelman (2002), doi:10.1063/1.1507823.

    Examples
    --------
    >>> import numpy as np
    >>> found = laguerre((400, 100), num=3, rng=np.random.default_rng(0))
    >>> found.shape, bool((found.max(axis=1) < 1000).all())
    ((3, 100), True)
    """
    from scipy.linalg import eigvalsh_tridiagonal

    _checks.count("num", num)
    checked, scale, count = checked_shape(shape), positive(std, "std"), int(num)
    N, M = max(checked), min(checked)
    square = checked_rng(rng).chisquare(N - np.arange(M), (count, M))
    beside = rng.chisquare(np.arange(M - 1, 0, -1), (count, M - 1))
    diagonal = square.copy()  # of the bidiagonal matrix times its transpose
    diagonal[:, :-1] += beside
    off = np.sqrt(beside * square[:, 1:])
    found = [eigvalsh_tridiagonal(*pair) for pair in zip(diagonal, off, strict=True)]
    values: FloatArray = scale**2 * np.clip(found, 0, None)
    return values
