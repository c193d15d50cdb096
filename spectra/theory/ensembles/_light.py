"""Ensembles of Gaussian matrices: pure noise, with a signal, correlated, symmetric."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import (
    checked_shape,
    expected_spikes,
    noise_edges,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["correlated", "gaussian", "spiked", "wigner"]

_EXACT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def gaussian(
    shape: tuple[int, int], /, *, std: float = 1.0, rng: int | np.random.Generator | None = None
) -> Sample:
    r"""
    Draw a matrix of independent Gaussian elements.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    std : float, default: 1.0
        Standard deviation of the elements.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The edges are :math:`\sigma^2 (\sqrt N \pm \sqrt M)^2`. The largest eigenvalue differs from the
    upper edge by :math:`\sigma^2 (\sqrt N + \sqrt M)(1/\sqrt N + 1/\sqrt M)^{1/3}` times a
    Tracy-Widom variable.

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
    W = scale * _checks.generator(rng).standard_normal(checked)
    return Sample(W, *noise_edges(checked, scale**2))


def _orthonormal(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    """Draw orthonormal columns, uniformly over all directions."""
    Q, R = np.linalg.qr(rng.standard_normal((rows, columns)))
    uniform: FloatArray = Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return uniform


def spiked(
    shape: tuple[int, int],
    /,
    *,
    strengths: Iterable[float],
    std: float = 1.0,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of Gaussian noise plus a planted signal of low rank.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    strengths : iterable of float
        Singular values of the signal, one per direction, in units of :math:`\sigma \sqrt N`.
    std : float, default: 1.0
        Standard deviation of the noise.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges, a spike for every strength above the limit, and the planted
        directions in the order of `strengths`.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    With :math:`\gamma = M/N` a strength :math:`\theta > \gamma^{1/4}` gives an eigenvalue at
    :math:`\sigma^2 N (1 + \theta^2)(\gamma + \theta^2) / \theta^2`; a smaller strength gives no
    eigenvalue outside the bulk. Eigenvalues of strengths closer to each other than about
    :math:`N^{-1/2}` repel each other.

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
    random = _checks.generator(rng)
    noise = random.standard_normal((rows, columns))
    left = _orthonormal(rows, len(theta), random)
    right = _orthonormal(columns, len(theta), random)
    W = scale * (noise + math.sqrt(max(rows, columns)) * (left * theta) @ right.T)
    spikes = expected_spikes((rows, columns), scale, theta.tolist())
    return Sample(W, *noise_edges((rows, columns), scale**2), spikes=spikes, left=left, right=right)


def _population_edges(rows: int, population: FloatArray) -> tuple[float, float]:
    r"""
    Find the outermost edges of the spectrum of a matrix with correlated columns.

    Outside the spectrum :math:`\psi(x) = x + (x/N) \sum t/(x - t)` rises, so an edge is where its
    derivative vanishes. This happens once beyond the largest t and once below the smallest.
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
    shape: tuple[int, int],
    /,
    *,
    population: npt.ArrayLike,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent Gaussian elements whose columns have given variances.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    population : array_like, shape (columns,)
        Variances of the columns: the eigenvalues of the covariance of a row, which is diagonal.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with the outermost edges. Between them the spectrum may have gaps. A single
        large variance gives a separate interval inside the edges and is not listed as a spike.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

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
    W = _checks.generator(rng).standard_normal((rows, columns)) * np.sqrt(t)
    return Sample(W, *_population_edges(rows, t))


def wigner(
    size: int, /, *, std: float = 1.0, rng: int | np.random.Generator | None = None
) -> Sample:
    r"""
    Draw a symmetric Gaussian matrix, with the edges of the eigenvalues of W itself.

    Parameters
    ----------
    size : int
        Number of rows and of columns.
    std : float, default: 1.0
        Standard deviation of the elements off the diagonal; those on the diagonal have
        :math:`\sqrt 2` times as much.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges, in units of W.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

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
    square = _checks.generator(rng).standard_normal((n, n))
    edge = 2 * scale * math.sqrt(n)
    return Sample((square + square.T) * (scale / math.sqrt(2)), -edge, edge)
