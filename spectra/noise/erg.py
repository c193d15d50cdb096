r"""
The trace-log condition: the tail whose eigenvalues, rescaled to mean 1, multiply to 1.

The theory of Martin and Hinrichs (ERG, for exact renormalisation group) takes a layer for well
trained where this tail is the one that the power law fits. Everything is summed in logarithms,
which neither overflow nor underflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._checks import real_numbers
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Tail", "mean_log", "tail"]

_ROUNDING = 1e-14  # of a logarithm, so that those of equal data sum to zero


class Tail(NamedTuple):
    """
    The tail whose eigenvalues multiply to 1.

    Examples
    --------
    >>> Tail._fields
    ('num', 'edge', 'fraction')
    """

    num: int
    """Eigenvalues in the tail; 0 if the data make no sense."""
    edge: float
    """The smallest of them, in the unit of the data; ``nan`` if there is none."""
    fraction: float
    """Their share of all eigenvalues, zeros included; ``nan`` if there is none."""


def _logs(eigenvalues: npt.ArrayLike) -> tuple[FloatArray, FloatArray] | None:
    """Return the data in descending order and their logarithms rescaled; none without sense."""
    x = real_numbers(eigenvalues)
    if x.ndim != 1:
        msg = f"`eigenvalues` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    x[::-1].sort()
    largest = x.max(initial=0.0)
    if not (np.isfinite(x).all() and largest > 0):
        return None
    if x[-1] < -len(x) * np.finfo(float).eps * largest:
        return None
    x = x.clip(min=0)
    ratios = x / largest  # whose mean is never out of range
    with np.errstate(divide="ignore"):
        return x, np.log(ratios) - np.log(ratios.mean())


def tail(eigenvalues: npt.ArrayLike, /) -> Tail:
    r"""
    Find the longest tail whose rescaled eigenvalues multiply to at least 1.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        All of a layer, in any order and unit. Zeros count in the mean and are in no tail; negative
        values no larger than rounding count as zeros.

    Returns
    -------
    Tail
        Its size and where it starts; nothing if the data are negative, not finite, all zero or
        none. All of them if they are equal.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or holds no real numbers.

    See Also
    --------
    mean_log : The same logarithms, over a tail found otherwise.
    spectra.weightwatcher._noise.determinant : The tail one longer that WeightWatcher reports.

    Notes
    -----
    The largest k with :math:`\sum_{i=1}^k \ln \tilde\lambda_{(n-i+1)} \ge 0`, where
    :math:`\tilde\lambda_i = n \lambda_i / \sum_j \lambda_j`. The sums first rise and then fall, so
    all shorter tails have it too. Noise has it as well: for it 73 % of the eigenvalues of a square
    matrix are in the tail, 81 % at an aspect ratio of 2 and 95 % at one of 32.

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
    sums = np.cumsum(logs)
    num = int(np.flatnonzero(sums >= -_ROUNDING * np.arange(1, len(x) + 1))[-1]) + 1
    return Tail(num, float(x[num - 1]), num / len(x))


def mean_log(eigenvalues: npt.ArrayLike, /, *, start: float) -> float:
    r"""
    Compute the mean logarithm of the rescaled eigenvalues of a tail.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        All of a layer, in any order and unit.
    start : float
        Where the tail starts, in the same unit: `xmin` of a power law.

    Returns
    -------
    float
        Near 0 where the condition holds; positive for a shorter tail than that of :func:`tail`,
        negative for a longer one, ``-inf`` for one with zeros in it. ``nan`` if nothing is in the
        tail, or the data make no sense.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or holds no real numbers.

    See Also
    --------
    spectra.noise.marchenko_pastur.mean_log : What noise has over all of its eigenvalues.

    Notes
    -----
    :math:`\frac{1}{k} \sum_{\lambda_i \ge start} \ln \tilde\lambda_i`, with
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
    inside = logs[x >= start]
    return float(inside.mean()) if len(inside) else float("nan")
