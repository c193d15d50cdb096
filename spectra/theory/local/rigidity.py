r"""
Spectral rigidity: the distance of the counting function from the nearest straight line, Delta_3.

The mean over an interval of length L of the squared difference between the number of eigenvalues
below a point and the straight line that fits it best. Of independent numbers it is :math:`L / 15`;
of random matrices it grows as :math:`\frac{1}{\beta \pi^2} \ln L`. It follows from the number
variance:

.. math:: \Delta_3(L) = \frac{2}{L^4} \int_0^L (L^3 - 2 L^2 r + r^3)\, \Sigma^2(r)\, dr.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.local import number_variance
from spectra.theory.local._arguments import ascending, known_beta, lengths_of
from spectra.theory.local._intervals import Intervals, over_draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["expected", "measure"]

_FAR = 1e4  # mean spacings, beyond which the waves of the number variance do not count
_NODES = 12  # for each mean spacing, in which the number variance of beta 4 has two periods


def expected(lengths: npt.ArrayLike, /, *, beta: int = 1) -> FloatArray:
    """
    Compute the spectral rigidity in a large random matrix.

    Parameters
    ----------
    lengths : array_like
        Lengths of the intervals, in mean spacings.
    beta : {0, 1, 2, 4}, default: 1
        0 for independent numbers, 1 for real matrices, 2 for complex ones, 4 for quaternions.

    Returns
    -------
    ndarray
        Rigidities, of the shape of `lengths`.

    Raises
    ------
    ArgumentError
        If a length is negative or not finite, or `beta` is not 0, 1, 2 or 4.

    Notes
    -----
    The integral over the number variance is computed by Gauss-Legendre quadrature in pieces of at
    most one mean spacing, to 1e-12; that beyond 10,000 mean spacings is closed, since there the
    number variance is a logarithm and waves that do not count.

    References
    ----------
    Dyson & Mehta (1963), doi:10.1063/1.1704008; Pandey (1979), doi:10.1016/0003-4916(79)90416-6;
    Mehta (2004), Random Matrices, chapter 16.

    Examples
    --------
    >>> expected([0.0, 1.0, 10.0]).round(5)
    array([0.     , 0.06055, 0.2357 ])
    """
    known_beta(beta)
    L = lengths_of(lengths)
    if beta == 0:
        return L / 15
    found = [_integrated(length, beta) for length in L.ravel().tolist()]
    return np.array(found).reshape(L.shape)


def _integrated(length: float, beta: int) -> float:
    if length == 0:
        return 0.0
    near = min(length, _FAR)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    pieces = math.ceil(near)
    r = ((np.arange(pieces)[:, np.newaxis] + (nodes + 1) / 2) * (near / pieces)).ravel()
    variance, u = number_variance.expected(r, beta=beta), r / length
    weight = np.tile(weights / 2 * (near / pieces / length), pieces)
    found = 2 * float(weight @ ((1 - 2 * u + u**3) * variance))
    return found + (_beyond(length, beta) if length > _FAR else 0.0)


def _beyond(length: float, beta: int) -> float:
    r"""
    Return the part of the integral from :data:`_FAR` to a length.

    There the number variance is :math:`a \ln r + b + c / r^2` and waves, of a whole number of
    periods, whose integral is below 1e-12.
    """
    log, (a, b, c) = math.log(2 * math.pi) + np.euler_gamma + 1, (1.0, 0.0, 0.0)
    if beta == 1:
        a, b, c = 2.0, -(math.pi**2) / 4, 1 / (2 * math.pi**2)
    if beta == 4:
        a, b, c = 0.5, math.pi**2 / 16 + math.log(2) / 2, 1 / (32 * math.pi**2)
    b += a * log
    u = _FAR / length
    plain = (u - u**2 + u**4 / 4) - 1 / 4  # integral of the weight from u to 1, negative
    logs = (u - u**2 + u**4 / 4) * math.log(u) - u + u**2 / 2 - u**4 / 16 + 9 / 16
    squares = (1 / u + 2 * math.log(u) - u**2 / 2 - 1 / 2) / length / length
    total = -a * logs - (a * math.log(length) + b) * plain + c * squares
    return 2 * float(total) / math.pi**2


def measure(
    unfolded: npt.ArrayLike, lengths: npt.ArrayLike, /, *, intervals: int = 1000
) -> tuple[FloatArray, FloatArray]:
    r"""
    Compute the spectral rigidity of unfolded eigenvalues, and its standard error.

    Parameters
    ----------
    unfolded : array_like, shape (..., n)
        Unfolded eigenvalues, in any order; leading axes are draws. Cut off the ends of the
        spectrum, where neighbours do not lie as inside it.
    lengths : array_like
        Lengths of the intervals, in mean spacings.
    intervals : int, default: 1000
        Number of intervals of each length, spread evenly over each draw.

    Returns
    -------
    value : ndarray
        Mean over intervals and draws, of the shape of `lengths`; ``nan`` for lengths beyond the
        range of the eigenvalues.
    error : ndarray
        Standard error of the mean over draws, ``nan`` for one draw.

    Raises
    ------
    ArgumentError
        If `unfolded` is one number, a length is negative or not finite, or `intervals` is not a
        whole number from 1.

    Notes
    -----
    With eigenvalues :math:`x_1 < ... < x_n` from the middle of an interval the integral is closed:
    :math:`\Delta_3 = \frac{n^2}{16} - \frac{(\sum x_i)^2}{L^2} + \frac{3 n}{2 L^2} \sum x_i^2
    - \frac{3}{L^4} (\sum x_i^2)^2 + \frac{1}{L} \sum (n - 2 i + 1) x_i`.

    References
    ----------
    Bohigas & Giannoni (1975), doi:10.1016/0003-4916(75)90275-X.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(0).uniform(0, 200, (50, 200))
    >>> value, error = measure(draws, [3.0, 15.0])
    >>> abs(value - expected([3.0, 15.0], beta=0)) < 4 * error
    array([ True,  True])
    """
    _checks.count("intervals", intervals)
    draws, L = ascending(unfolded, "unfolded"), lengths_of(lengths)
    return over_draws(_distances, draws, L, int(intervals))


def _distances(found: Intervals) -> FloatArray:
    """Return the mean squared distance from the best line in each interval."""
    if found.length == 0:
        return np.zeros(len(found.starts))
    place = np.arange(found.counts.max(initial=0))
    n = found.counts[:, np.newaxis]
    index = np.minimum(found.first[:, np.newaxis] + place, len(found.x) - 1)
    middle = found.starts[:, np.newaxis] + found.length / 2
    x = np.where(place < n, (found.x[index] - middle) / found.length, 0.0)
    first, second = x.sum(axis=1), (x**2).sum(axis=1)
    ranked = ((n - 2 * place - 1) * x).sum(axis=1)
    num = found.counts
    distances: FloatArray = num**2 / 16 - first**2 + 1.5 * num * second - 3 * second**2 + ranked
    return distances
