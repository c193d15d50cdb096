r"""
Ensembles: random matrices whose spectra are known from theory.

Each function draws a matrix and says where the eigenvalues of ``W.T @ W``, not divided by N, should
lie: the edges of the bulk, the exponent of a power-law tail, the eigenvalues outside. N and M are
the longer and the shorter side of the matrix; where there are more columns than rows, the
eigenvalues beyond the first M are zero and no part of what is said here.

Elements whose distribution falls off as :math:`P(|w| > x) \sim x^{-\mu}` decide by :math:`\mu`.
Above 4 the spectrum ends where that of Gaussian elements of the same variance does. At 4 and below
there is no upper edge: the largest elements give eigenvalues of their own, whose density falls off
as :math:`\lambda^{-(1 + \mu/2)}`. Below 2 the variance is infinite and the power law is the bulk
itself; from 2 to 4 it is a vanishing share of the spectrum, and an exponent fitted to a matrix of a
thousand columns is much larger than :math:`1 + \mu/2`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.spiked import eigenvalue, limit

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "Sample",
    "correlated",
    "gaussian",
    "laguerre",
    "levy",
    "pareto",
    "spiked",
    "student_t",
    "symmetric_pareto",
    "wigner",
]

_EXACT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}
_BOUNDED = 4.0  # tail index of elements above which the spectrum has an upper edge


class Sample(NamedTuple):
    """
    A random matrix, and what theory says of the eigenvalues of ``W.T @ W``.

    Examples
    --------
    >>> Sample._fields
    ('W', 'lower_edge', 'upper_edge', 'alpha', 'spikes', 'left', 'right')
    """

    W: FloatArray
    """The matrix."""
    lower_edge: float = math.nan
    """Where the bulk starts, in units of W squared; ``nan`` if it is not known to."""
    upper_edge: float = math.nan
    """Where the bulk ends, in units of W squared; ``nan`` if it does not."""
    alpha: float = math.nan
    """Exponent of the power-law tail of the density; ``nan`` if there is none."""
    spikes: tuple[float, ...] = ()
    """Eigenvalues expected outside the bulk, largest first, in units of W squared."""
    left: FloatArray = np.empty((0, 0))
    """Planted left singular vectors, shape (rows, k); empty if none."""
    right: FloatArray = np.empty((0, 0))
    """Planted right singular vectors, shape (columns, k); empty if none."""


def _count(value: object, name: str) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        msg = f"`{name}` must be a whole number, at least 1, got {value!r}"
        raise ArgumentError(msg)
    return int(value)


def _checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(shape, tuple) or len(shape) != 2:
        msg = f"`shape` must be (rows, columns), got {shape!r}"
        raise ArgumentError(msg)
    return _count(shape[0], "rows"), _count(shape[1], "columns")


def _positive(value: float, name: str, *, most: float = math.inf) -> float:
    if not (isinstance(value, Real) and 0 < value <= most and math.isfinite(value)):
        end = "" if math.isinf(most) else f" and at most {most:g}"
        msg = f"`{name}` must be a finite number above 0{end}, got {value!r}"
        raise ArgumentError(msg)
    return float(value)


def _checked_rng(rng: object) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        msg = f"`rng` must be a numpy.random.Generator, got {type(rng).__name__}"
        raise ArgumentError(msg)
    return rng


def _edges(shape: tuple[int, int], variance: float) -> tuple[float, float]:
    """Return the ends of the spectrum of independent elements of that variance."""
    long, short = max(shape), min(shape)
    return _mp.edges(short / long, variance=variance * long)


def _spikes(shape: tuple[int, int], std: float, strengths: Iterable[float]) -> tuple[float, ...]:
    """Return where strengths above the limit, in units of std sqrt(N), are seen in the noise."""
    long, short = max(shape), min(shape)
    visible = sorted((s for s in strengths if s > limit(short / long)), reverse=True)
    return tuple((std**2 * long * eigenvalue(visible, short / long)).tolist())


def _heavy(W: FloatArray, mu: float, variance: float, spikes: tuple[float, ...] = ()) -> Sample:
    """Say what the tail index of independent elements decides."""
    if mu > _BOUNDED:
        return Sample(W, *_edges((W.shape[0], W.shape[1]), variance), spikes=spikes)
    return Sample(W, alpha=1 + mu / 2, spikes=spikes)


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
    checked, scale = _checked_shape(shape), _positive(std, "std")
    W = scale * _checked_rng(rng).standard_normal(checked)
    return Sample(W, *_edges(checked, scale**2))


def student_t(shape: tuple[int, int], /, *, df: float, rng: np.random.Generator) -> Sample:
    r"""
    Draw a matrix of independent elements with Student's t distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    df : float
        Degrees of freedom, the tail index :math:`\mu` of the elements; 1 is Cauchy's.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges if `df` is above 4, with alpha if not.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The variance is :math:`\mu / (\mu - 2)`.

    References
    ----------
    Auffinger, Ben Arous & Peche (2009), doi:10.1214/08-AIHP188.

    Examples
    --------
    >>> import numpy as np
    >>> student_t((20, 10), df=1.0, rng=np.random.default_rng(0)).alpha
    1.5
    """
    checked, mu = _checked_shape(shape), _positive(df, "df")
    W = _checked_rng(rng).standard_t(mu, checked)
    return _heavy(W, mu, mu / (mu - 2) if mu > 2 else math.inf)


def pareto(shape: tuple[int, int], /, *, mu: float, rng: np.random.Generator) -> Sample:
    r"""
    Draw a matrix of independent, positive elements with Pareto's second distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges if `mu` is above 4, with alpha if not; with a spike if it is above 2 and
        the mean stands out of the noise.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    symmetric_pareto : Without the mean.

    Notes
    -----
    :math:`P(w > x) = (1 + x)^{-\mu}` from 0 up, as in :meth:`numpy.random.Generator.pareto` and the
    published calibrations of alpha. The mean :math:`m = 1 / (\mu - 1)` is a matrix of rank one
    and singular value :math:`m \sqrt{NM}`. With the variance
    :math:`\sigma^2 = \mu / ((\mu - 1)^2 (\mu - 2))` it gives an eigenvalue at
    :math:`m^2 NM + \sigma^2 (N + M) + \sigma^4 / m^2`, which lies above all others for
    :math:`\mu > 2`; a power law fitted to the spectrum takes it for part of the tail. Up to 4
    this is so in the limit: single elements give eigenvalues nearly as large.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), Table 3. Benaych-Georges & Nadakuditi (2012),
    doi:10.1016/j.jmva.2012.04.019, section 3.1, for the spike.

    Examples
    --------
    >>> import numpy as np
    >>> sample = pareto((400, 100), mu=5.0, rng=np.random.default_rng(0))
    >>> round(sample.upper_edge), round(sample.spikes[0])
    (94, 2552)
    """
    checked, tail = _checked_shape(shape), _positive(mu, "mu")
    W = _checked_rng(rng).pareto(tail, checked)
    if tail <= 2:
        return _heavy(W, tail, math.inf)
    mean, variance = 1 / (tail - 1), tail / ((tail - 1) ** 2 * (tail - 2))
    strength = mean * math.sqrt(min(checked) / variance)
    return _heavy(W, tail, variance, _spikes(checked, math.sqrt(variance), [strength]))


def symmetric_pareto(shape: tuple[int, int], /, *, mu: float, rng: np.random.Generator) -> Sample:
    r"""
    Draw a matrix as :func:`pareto` does, with a random sign for every element.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With both edges if `mu` is above 4, with alpha if not.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The variance is :math:`2 / ((\mu - 1)(\mu - 2))`.

    References
    ----------
    Auffinger, Ben Arous & Peche (2009), doi:10.1214/08-AIHP188.

    Examples
    --------
    >>> import numpy as np
    >>> sample = symmetric_pareto((20, 10), mu=3.0, rng=np.random.default_rng(0))
    >>> sample.alpha, sample.spikes
    (2.5, ())
    """
    checked, tail = _checked_shape(shape), _positive(mu, "mu")
    signs = _checked_rng(rng).integers(0, 2, checked) * 2.0 - 1
    W = signs * rng.pareto(tail, checked)
    return _heavy(W, tail, 2 / ((tail - 1) * (tail - 2)) if tail > 2 else math.inf)


def levy(shape: tuple[int, int], /, *, mu: float, rng: np.random.Generator) -> Sample:
    r"""
    Draw a matrix of independent elements with a symmetric stable distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements, at most 2; 1 is Cauchy's distribution, 2 a Gaussian of variance
        2.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Sample
        With alpha if `mu` is below 2, with both edges if it is 2.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The characteristic function is :math:`\exp(-|t|^\mu)`. With U uniform on
    :math:`(-\pi/2, \pi/2)` and E exponential,

    .. math:: w = \frac{\sin \mu U}{(\cos U)^{1/\mu}}
              \left( \frac{\cos((1 - \mu) U)}{E} \right)^{(1 - \mu) / \mu}.

    References
    ----------
    Chambers, Mallows & Stuck (1976), doi:10.1080/01621459.1976.10480344. Cizeau & Bouchaud (1994),
    doi:10.1103/PhysRevE.50.1810, on the matrices.

    Examples
    --------
    >>> import numpy as np
    >>> levy((20, 10), mu=1.5, rng=np.random.default_rng(0)).alpha
    1.75
    """
    checked, tail = _checked_shape(shape), _positive(mu, "mu", most=2.0)
    U = _checked_rng(rng).uniform(-math.pi / 2, math.pi / 2, checked)
    E = rng.standard_exponential(checked)
    power = (1 - tail) / tail
    W = np.sin(tail * U) / np.cos(U) ** (1 / tail) * (np.cos((1 - tail) * U) / E) ** power
    return _heavy(W, tail, math.inf) if tail < 2 else Sample(W, *_edges(checked, 2.0))


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
    (rows, columns), scale = _checked_shape(shape), _positive(std, "std")
    theta = np.array(list(strengths) if isinstance(strengths, Iterable) else strengths, np.float64)
    if theta.ndim != 1 or not (np.isfinite(theta) & (theta >= 0)).all():
        msg = f"`strengths` must be finite numbers, none negative, got {strengths!r}"
        raise ArgumentError(msg)
    if len(theta) > min(rows, columns):
        msg = f"`strengths` must be at most as many as the shorter side, got {len(theta)}"
        raise ArgumentError(msg)
    noise = _checked_rng(rng).standard_normal((rows, columns))
    left = _orthonormal(rows, len(theta), rng)
    right = _orthonormal(columns, len(theta), rng)
    W = scale * (noise + math.sqrt(max(rows, columns)) * (left * theta) @ right.T)
    spikes = _spikes((rows, columns), scale, theta.tolist())
    return Sample(W, *_edges((rows, columns), scale**2), spikes=spikes, left=left, right=right)


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
    rows, columns = _checked_shape(shape)
    t = np.asarray(population, dtype=np.float64)
    if t.shape != (columns,) or not (np.isfinite(t) & (t > 0)).all():
        msg = f"`population` must be {columns} finite numbers above 0, got {population!r}"
        raise ArgumentError(msg)
    W = _checked_rng(rng).standard_normal((rows, columns)) * np.sqrt(t)
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
    n, scale = _count(size, "size"), _positive(std, "std")
    square = _checked_rng(rng).standard_normal((n, n))
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

    checked, scale, count = _checked_shape(shape), _positive(std, "std"), _count(num, "num")
    N, M = max(checked), min(checked)
    square = _checked_rng(rng).chisquare(N - np.arange(M), (count, M))
    beside = rng.chisquare(np.arange(M - 1, 0, -1), (count, M - 1))
    diagonal = square.copy()  # of the bidiagonal matrix times its transpose
    diagonal[:, :-1] += beside
    off = np.sqrt(beside * square[:, 1:])
    found = [eigvalsh_tridiagonal(*pair) for pair in zip(diagonal, off, strict=True)]
    values: FloatArray = scale**2 * np.clip(found, 0, None)
    return values
