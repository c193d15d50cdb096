r"""
Length of a tail, the number k of its data, by the double bootstrap.

A short tail makes an estimate of the index scatter, a long tail makes it biased. The difference of
the estimates from k / 2 and from k data has the same two errors and is known to be 0: its mean
square is estimated by resampling. Since samples of n data have too little bias to be seen, the
resamples are of two smaller sizes, :math:`n_1` and :math:`n_1^2 / n`, which extrapolate to n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.tails.tail_indices as _indices
from spectra._spectral import nonzero
from spectra.errors import ArgumentError
from spectra.tails.tail_errors import Estimator, halves

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Choice", "choose"]

_FEWEST = 100  # data of which a double bootstrap makes sense
_LEAST = 8  # shortest tail that is tried
_AT_ONCE = 1 << 20  # resampled data that are sorted at a time


class Choice(NamedTuple):
    """
    Tail length that the double bootstrap chooses, and the estimate from it.

    Examples
    --------
    >>> Choice._fields
    ('k', 'gamma', 'sigma', 'rho', 'best')
    """

    k: int
    """Number of data in the tail; 0 if there are too few."""
    gamma: float
    """Extreme-value index from these data."""
    sigma: float
    """Standard error of gamma, without its bias."""
    rho: float
    """Second-order index that the first of the two lengths implies."""
    best: tuple[int, int]
    """Best lengths for the difference of two estimates, in resamples of both sizes."""


def choose(
    values: npt.ArrayLike,
    /,
    *,
    estimator: Estimator = "hill",
    resamples: int = 300,
    size: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Choice:
    r"""
    Choose the tail length of the least mean squared error by the double bootstrap.

    Parameters
    ----------
    values : array_like, shape (n,), or Spectrum
        Data in any order; those not above 0 are left out.
    estimator : {"hill", "moments", "kernel", "positive_kernel", "pickands"}, default: "hill"
        Estimator of :mod:`spectra.tails.tail_indices`.
    resamples : int, default: 300
        Number of resamples of each size.
    size : int, optional
        Number of data of the larger resamples, from 100 to n - 1; :math:`n^{0.95}` by default.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the resamples; None draws different ones each time.

    Returns
    -------
    Choice
        Length and estimate; a length of 0 and ``nan`` if there are fewer than 100 data, or if one
        is not finite.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    With the best lengths :math:`k_1` and :math:`k_2` for the difference in resamples of both
    sizes, the length is :math:`k_1 (k_1 / k_2)` times the ratio
    :func:`~spectra.tails.tail_errors.halves` at
    :math:`\rho = \ln k_1 / (2 (\ln k_1 - \ln n_1))`. Lengths grow with a power of n between 0
    and 1, so that :math:`k_1 / k_2` counts as 1 if it is below, and as :math:`n / n_1` if it is
    above: a false minimum in one of the sizes would throw the length far off. Danielsson et
    al. (2001) and Draisma et al. (1999) take other differences, one for each estimator.

    References
    ----------
    Danielsson, de Haan, Peng & de Vries (2001), doi:10.1006/jmva.2000.1903; Draisma, de Haan, Peng
    & Pereira (1999), doi:10.1023/A:1009900215680; Qi (2008), doi:10.1007/s10687-007-0049-8;
    Gomes & Oliveira (2001), Extremes 4(4), 331-358, for the difference of two lengths.

    Examples
    --------
    >>> x = (-np.log(np.random.default_rng(0).random(2000))) ** -0.5
    >>> found = choose(x, rng=0)
    >>> found.k, round(found.gamma, 2)
    (474, 0.52)
    """
    _checks.choice("estimator", estimator, get_args(Estimator))
    _checks.count("resamples", resamples)
    if size is not None:
        _checks.count("size", size, at_least=_FEWEST)
    random = _checks.generator(rng)
    x = _checks.one_dimensional(nonzero(values), "values")
    x = np.sort(x[~(x <= 0)])
    if len(x) < _FEWEST or not np.isfinite(x[-1]):
        return Choice(0, np.nan, np.nan, np.nan, (0, 0))
    n1 = int(len(x) ** 0.95 if size is None else size)
    if n1 >= len(x):
        msg = f"`size` must be from 100 to {len(x) - 1}, below the number of data, got {size!r}"
        raise ArgumentError(msg)
    k1, k2 = (_best(x, estimator, n, resamples, random) for n in (n1, int(n1**2 / len(x))))
    rho = np.log(k1) / (2 * (np.log(k1) - np.log(n1)))
    length = k1 * min(max(k1 / k2, 1.0), len(x) / n1)
    gamma = _estimate_at(x, estimator, length).gamma
    ratio = float(halves(estimator, max(gamma, 0.01), rho)) if np.isfinite(gamma) else 1.0
    found = _estimate_at(x, estimator, ratio * length)
    return found._replace(rho=float(rho), best=(k1, k2))


def _estimate_at(x: FloatArray, estimator: Estimator, length: float) -> Choice:
    """Return the estimate whose tail length is nearest."""
    found = getattr(_indices, estimator)(x)
    i = int(np.abs(found.k - length).argmin())
    return Choice(int(found.k[i]), float(found.gamma[i]), float(found.sigma[i]), np.nan, (0, 0))


def _best(
    x: FloatArray, estimator: Estimator, num: int, resamples: int, random: np.random.Generator
) -> int:
    """Return the length at which the estimates from k / 2 and k data differ least."""
    squares: list[FloatArray] = []
    left = resamples
    while left:
        rows = min(left, max(1, _AT_ONCE // num))
        k, gamma, _ = getattr(_indices, estimator)(x[random.integers(len(x), size=(rows, num))])
        whole = np.flatnonzero((k >= _LEAST) & (k < num - 1))
        half = np.searchsorted(k, k[whole] // 2)
        squares.append((gamma[:, half] - gamma[:, whole]) ** 2)
        left -= rows
    every = np.concatenate(squares)
    missing = np.isnan(every)
    mean = np.where(missing, 0, every).sum(axis=0) / np.maximum((~missing).sum(axis=0), 1)
    mean[missing.all(axis=0)] = np.inf
    return int(k[whole[mean.argmin()]])
