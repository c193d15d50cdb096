"""Ensembles of Gaussian matrices: independent elements, correlated columns, symmetric."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import (
    checked_shape,
    checked_stack,
    noise_edges,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["correlated", "gaussian", "wigner"]

_EXACT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def gaussian(
    shape: tuple[int, int],
    /,
    *,
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent Gaussian elements.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    std : float, default: 1.0
        Standard deviation of the elements.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
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
    W = scale * _checks.generator(rng).standard_normal(checked_stack(num) + checked)
    return Sample(W, *noise_edges(checked, scale**2))


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
    num: int | None = None,
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
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
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
    drawn = (*checked_stack(num), rows, columns)
    W = _checks.generator(rng).standard_normal(drawn) * np.sqrt(t)
    return Sample(W, *_population_edges(rows, t))


def wigner(
    size: int,
    /,
    *,
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
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
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
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
    square = _checks.generator(rng).standard_normal((*checked_stack(num), n, n))
    edge = 2 * scale * math.sqrt(n)
    return Sample((square + square.swapaxes(-1, -2)) * (scale / math.sqrt(2)), -edge, edge)
