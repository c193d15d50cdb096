r"""
Find the tail of the trace-log condition, whose eigenvalues, rescaled to mean 1, multiply to 1.

In the theory of Martin and Hinrichs (ERG, for exact renormalisation group) a layer is well trained
where this tail is the tail that the power law fits. Products are computed as sums of logarithms,
which neither overflow nor underflow.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._checks import one_dimensional
from spectra._spectral import EPS

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Tail", "mean_log", "tail"]

_ROUNDING = 1e-14  # of a logarithm, so that the logarithms of equal eigenvalues sum to zero


class Tail(NamedTuple):
    """
    Tail of the trace-log condition.

    Examples
    --------
    >>> Tail._fields
    ('num', 'edge', 'fraction')
    """

    num: int
    """Number of eigenvalues from `edge` up; 0 for data that are not eigenvalues."""
    edge: float
    """Smallest eigenvalue in the tail, in the unit of the data; ``nan`` without a tail."""
    fraction: float
    """Share of the tail among all eigenvalues, zeros included; ``nan`` without a tail."""


def _logs(eigenvalues: npt.ArrayLike) -> tuple[FloatArray, FloatArray] | None:
    """
    Return the eigenvalues in descending order, and the logarithms of the rescaled eigenvalues.

    None if the data are negative, not finite or all zero.
    """
    x = one_dimensional(eigenvalues, "eigenvalues")
    x[::-1].sort()
    largest = x.max(initial=0.0)
    if not (np.isfinite(x).all() and largest > 0):
        return None
    if x[-1] < -len(x) * EPS * largest:
        return None
    x = x.clip(min=0)
    ratios = x / largest  # so that the mean does not overflow
    with np.errstate(divide="ignore"):
        return x, np.log(ratios) - np.log(ratios.mean())


def tail(eigenvalues: npt.ArrayLike, /) -> Tail:
    r"""
    Find the longest tail whose rescaled eigenvalues multiply to at least 1.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        All eigenvalues of a layer, in any order and unit. Zeros count in the mean and are in no
        tail; negative values no larger than rounding count as zeros.

    Returns
    -------
    Tail
        Number, edge and share of the tail: all eigenvalues if they are equal; 0 and ``nan`` if
        the data are negative, not finite, all zero or empty.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or holds no real numbers.

    See Also
    --------
    mean_log : Mean of the same logarithms over any tail.
    spectra.weightwatcher.analyze : WeightWatcher's tail, one eigenvalue longer.

    Notes
    -----
    The size is the largest k with :math:`\sum_{i=1}^k \ln \tilde\lambda_{(n-i+1)} \ge 0`, where
    :math:`\tilde\lambda_i = n \lambda_i / \sum_j \lambda_j`. Equal eigenvalues are in the tail
    together or not at all. The sums first rise and then fall, so they are positive for all shorter
    tails too. Noise has such a tail as well: it holds 73 % of the
    eigenvalues of a square matrix, 81 % at an aspect ratio of 2 and 95 % at an aspect ratio of 32.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, the trace-log condition.

    Examples
    --------
    >>> tail([0.5, 1.0, 1.5, 2.0, 5.0])
    Tail(num=3, edge=1.5, fraction=0.6)
    """
    found = _logs(eigenvalues)
    if found is None:
        return Tail(0, float("nan"), float("nan"))
    x, logs = found
    enough = np.cumsum(logs) >= -_ROUNDING * np.arange(1, len(x) + 1)
    last_of_equals = np.append(x[1:] < x[:-1], True)
    num = int(np.flatnonzero(enough & last_of_equals)[-1]) + 1
    return Tail(num, float(x[num - 1]), num / len(x))


def mean_log(eigenvalues: npt.ArrayLike, /, *, start: float, end: float = math.inf) -> float:
    r"""
    Compute the mean logarithm of the rescaled eigenvalues of a tail.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        All eigenvalues of a layer, in any order and unit.
    start : float
        Smallest value in the tail, in the same unit, such as `xmin` of a power law.
    end : float, default: inf
        Largest value in the tail, in the same unit, such as `xmax` of a power law.

    Returns
    -------
    float
        Near 0 where the condition holds; positive for a tail shorter than the result of
        :func:`tail`, negative for a longer tail, ``-inf`` for a tail with zeros in it. ``nan`` if
        the tail is empty, or the data are negative, not finite or all zero.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or holds no real numbers.

    See Also
    --------
    spectra.noise.marchenko_pastur.mean_log : Mean logarithm over all eigenvalues of noise.

    Notes
    -----
    :math:`\frac{1}{k} \sum_{start \le \lambda_i \le end} \ln \tilde\lambda_i`, with
    :math:`\tilde\lambda_i = n \lambda_i / \sum_j \lambda_j`; the paper plots its absolute value.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> round(mean_log([0.5, 1.0, 1.5, 2.0, 5.0], start=2.0), 4)
    0.4581
    """
    found = _logs(eigenvalues)
    if found is None:
        return float("nan")
    x, logs = found
    inside = logs[(x >= start) & (x <= end)]
    return float(inside.mean()) if len(inside) else float("nan")
