"""
Compute the noise columns of WeightWatcher 0.7.7, by its names and formulas.

These are the columns of the options ``mp_fit``, ``randomize``, ``detX`` and ``vectors``. The fit of
the Marchenko-Pastur law follows WeightWatcher's arithmetic step by step, but estimates the density
once instead of some 230 times. Ties that rounding decides in WeightWatcher are decided here by a
fixed rule.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra.linalg.vectors as _vectors
import spectra.weightwatcher._shuffles as _shuffles
from spectra.noise.permutation import rand_distance

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray

__all__ = ["COLUMNS", "determinant", "mp_fit", "randomized", "vectors"]

_FIT = ("W_scale", "bulk_max", "bulk_min", "mp_softrank", "num_spikes", "sigma_mp")
_METRICS = ("loc_ratio", "part_ratio", "vec_entropy")

COLUMNS = {
    "mp_fit": _FIT,
    "randomize": (
        *("max_rand_eval", "num_traps", "rand_distance", "ww_maxdist", "ww_softrank"),
        *(f"rand_{name}" for name in _FIT),
    ),
    "detX": ("ERG_gap", "detX_num", "detX_val", "detX_val_unrescaled", "num_ERG_spikes"),
    "vectors": tuple(
        f"{part}_{moment}_{metric}"
        for part in ("bulk", "tail")
        for moment in ("mean", "var")
        for metric in _METRICS
    ),
}
"""Columns that each option adds."""

_POINTS, _BANDWIDTH, _BEYOND = 1000, 0.1, 0.5  # grid of the density, and its end past the data
_EMPTY = 0.01  # density up to which a point is left out of the fit
_TIED = 1e-12  # relative difference up to which densities are equal to within rounding
_OFF = 1000.0  # residual of a law that misses the peak of the density or overshoots the data
_BINS, _EPSILON = 100, 1e-10  # histogram of the discrete entropy
_ROUNDING = 1e-12  # rounding error of an eigenvalue, over the largest


class _Density(NamedTuple):
    """Density of the data at the points where it is above 0.01, and its mode."""

    x: FloatArray
    y: FloatArray
    mode: float


def _density(data: FloatArray) -> _Density:
    """Estimate the density with a linear kernel: each eigenvalue adds to the points near it."""
    x = np.linspace(0, data.max() + _BEYOND, _POINTS)
    step = x[1]
    first = np.ceil((data - _BANDWIDTH) / step).astype(np.intp)
    near = first[:, None] + np.arange(int(2 * _BANDWIDTH / step) + 2)
    kernel = 1 - np.abs(near * step - data[:, None]) / _BANDWIDTH
    inside = (kernel > 0) & (near >= 0) & (near < _POINTS)
    total = np.bincount(near[inside], weights=kernel[inside], minlength=_POINTS)
    y = total / (_BANDWIDTH * len(data))
    kept = y > _EMPTY
    x, y = x[kept], y[kept]
    # of equally high points the first is the mode, not the one that rounding lifts
    mode = x[y >= y.max() * (1 - _TIED)][0] if len(y) else math.nan
    return _Density(x, y, float(mode))


def _misfit(sigma: float | FloatArray, density: _Density, Q: float) -> FloatArray:
    """Return the sum of squared residuals of the law for each sigma."""
    s = np.reshape(sigma, (-1, 1))
    x, y, mode = density
    with np.errstate(all="ignore"):  # outside its edges the law is zero
        if Q == 1:
            law = np.sqrt(4 - x**2) / (np.pi * s * s)
            off = np.zeros(s.shape, dtype=bool)
        else:
            low, high = (s * (1 - np.sqrt(1 / Q))) ** 2, (s * (1 + np.sqrt(1 / Q))) ** 2
            law = np.sqrt((high - x) * (x - low)) / (2 * np.pi * s * s * x / Q)
            off = (high < mode) | (high > x[-1]) | (low > mode)
    residuals = np.where(off, _OFF, np.nan_to_num(law) - y)
    sums: FloatArray = np.sum(residuals**2, axis=1)
    return sums


def _sigma(e: FloatArray, Q: float) -> float:
    """Fit sigma: search a grid, then refine with a simplex as coarse as WeightWatcher's."""
    from scipy.optimize import fmin

    density = _density(np.sqrt(e) if Q == 1 else e)
    if not len(density.x):
        return math.nan
    misfit = partial(_misfit, density=density, Q=Q)
    full = float(np.sqrt(e.max() / np.square(1 + 1 / np.sqrt(Q))))  # bulk that holds all the data
    grid = np.mgrid[0.05 * full : 2.0 * full : 0.01 * full]
    best = grid[misfit(grid).argmin()]
    return float(fmin(lambda s: misfit(s)[0], best, disp=False)[0])


def mp_fit(eigenvalues: FloatArray, /, *, N: int, M: int, prefix: str = "") -> dict[str, Any]:
    r"""
    Fit the Marchenko-Pastur law, and return WeightWatcher's columns of ``mp_fit``.

    Parameters
    ----------
    eigenvalues : ndarray, shape (n,)
        All eigenvalues of a layer, ascending.
    N, M : int
        Longer and shorter side of the matrices, by WeightWatcher's definition.
    prefix : str, default: ""
        Prefix of the column names: ``"rand_"`` for the eigenvalues of shuffled matrices.

    Returns
    -------
    dict
        `num_spikes`, `sigma_mp`, `mp_softrank`, `W_scale`, `bulk_max` and `bulk_min`; all -1
        without a fit, if the eigenvalues are all zero or not finite.

    Notes
    -----
    The law is fitted to a density of the eigenvalues rescaled to mean 1, estimated with a linear
    kernel of width 0.1: the sum of squares is minimized on a grid of sigma, then by a simplex. For
    N = M the quarter circle :math:`\sqrt{4 - x^2} / (\pi\sigma^2)`, whose edge does not depend on
    sigma, is fitted to the density of the square roots. A law whose support misses the mode is
    rejected. With few eigenvalues many points of the density are equally high: in WeightWatcher
    rounding decides which of them is the mode, and so sigma; here the first is the mode.

    References
    ----------
    WeightWatcher 0.7.7, ``mp_fit`` and ``RMT_Util.fit_density_with_range``.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import eigenvalues
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> found = mp_fit(eigenvalues(W), N=400, M=200)
    >>> round(found["sigma_mp"], 2), found["num_spikes"]
    (1.01, 0)
    """
    Q = N / M
    with np.errstate(all="ignore"):
        scale = float(np.sqrt(len(eigenvalues)) / np.sqrt(np.sum(eigenvalues)))
        e = scale * scale * eigenvalues
    usable = len(e) > 0 and bool(np.isfinite(e).all()) and e[-1] > 0
    sigma = _sigma(e, Q) if usable else math.nan
    if not math.isfinite(sigma):
        return {f"{prefix}{name}": -1 for name in _FIT}
    low, high = (sigma * (1 - 1 / np.sqrt(Q))) ** 2, (sigma * (1 + 1 / np.sqrt(Q))) ** 2
    width = 1 / np.sqrt(Q) * high ** (2 / 3) * M ** (-2 / 3)
    row = {
        "W_scale": scale,
        "bulk_max": float(high / scale**2),
        "bulk_min": float(low / scale**2),
        "mp_softrank": float(high / e[-1]),
        "num_spikes": int(np.sum(e > high + np.sqrt(width))),
        "sigma_mp": sigma,
    }
    return {f"{prefix}{name}": value for name, value in row.items()}


def randomized(
    matrices: AnyArray,
    eigenvalues: FloatArray,
    /,
    *,
    N: int,
    M: int,
    rng: np.random.RandomState,
    scale: float = 1.0,
) -> dict[str, Any]:
    """
    Shuffle the elements of the matrices, and return WeightWatcher's columns of ``randomize``.

    Parameters
    ----------
    matrices : array, shape (rf, rows, columns)
        Matrices of one layer, as WeightWatcher shuffles them: upright for a convolution.
    eigenvalues : ndarray, shape (rf * min(rows, columns),)
        Eigenvalues of all the matrices, times `scale`, ascending.
    N, M : int
        Longer and shorter side of the matrices, by WeightWatcher's definition.
    rng : numpy.random.RandomState
        NumPy's legacy generator, which WeightWatcher uses.
    scale : float, default: 1.0
        Factor on the eigenvalues of `matrices`.

    Returns
    -------
    dict
        `max_rand_eval`, `rand_distance`, `ww_softrank`, `ww_maxdist`, `num_traps` and the columns
        of :func:`mp_fit` with the prefix ``"rand_"``.

    Notes
    -----
    The elements are shuffled for the fit and `max_rand_eval`, five times if the layer has fewer
    than 100 eigenvalues, and once more for the other columns. `rand_distance` compares the two
    ascending lists of eigenvalues, each divided by its sum, not two histograms. If the lists are
    equal to within rounding, as for matrices of one column, `rand_distance` is 0 to within 1e-7;
    WeightWatcher may give ``nan``.

    References
    ----------
    WeightWatcher 0.7.7, ``apply_random_esd``.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[3.0], [4.0]])
    >>> row = randomized(W[None], np.array([25.0]), N=2, M=1, rng=np.random.RandomState(0))
    >>> row["max_rand_eval"], row["rand_distance"], row["ww_softrank"]
    (25.0, 0.0, 1.0)
    """
    replicas = _shuffles.replicas(M * len(matrices))
    with np.errstate(all="ignore"):
        noise = _shuffles.shuffled(matrices, replicas, rng) * scale
        second = _shuffles.shuffled(matrices, 1, rng) * scale
        fit = mp_fit(noise, N=N, M=M, prefix="rand_")
        return {
            "max_rand_eval": float(noise[-1]),
            "rand_distance": rand_distance(eigenvalues, second),
            "ww_softrank": float(second[-1] / eigenvalues[-1]),
            "ww_maxdist": float(eigenvalues[-1] - second[-1]),
            "num_traps": fit["rand_num_spikes"],
            **fit,
        }


def determinant(eigenvalues: FloatArray, /, *, num_pl_spikes: int) -> dict[str, Any]:
    """
    Find the tail whose eigenvalues multiply to 1, and return WeightWatcher's columns of ``detX``.

    Parameters
    ----------
    eigenvalues : ndarray, shape (n,)
        All eigenvalues of a layer, ascending.
    num_pl_spikes : int
        Number of eigenvalues in the power-law tail, -1 after a failed fit.

    Returns
    -------
    dict
        `detX_num`, its copy `num_ERG_spikes`, `ERG_gap`, `detX_val`, and `detX_val_unrescaled`,
        which, despite its name, is the rescaled value.

    See Also
    --------
    spectra.noise.erg.tail : Tail by the condition of the paper.

    Notes
    -----
    `detX_num` counts the eigenvalue that takes the product below 1, one more than the paper. If
    none of the n - 1 largest does, `detX_num` is n and `detX_val` the second smallest eigenvalue;
    if all eigenvalues are equal, `detX_num` is 0 and `detX_val` their value. Products are computed
    as sums of logarithms. WeightWatcher multiplies, which underflows for more than some 5,000
    eigenvalues and ends the tail too early.

    References
    ----------
    WeightWatcher 0.7.7, ``RMT_Util.detX_constraint``.

    Examples
    --------
    >>> import numpy as np
    >>> determinant(np.array([0.5, 1.0, 1.5, 2.0, 5.0]), num_pl_spikes=2)["detX_num"]
    4
    """
    n = len(eigenvalues)
    with np.errstate(all="ignore"):
        scale = np.sqrt(n) / np.sqrt(np.sum(eigenvalues))
        e = scale * scale * eigenvalues
        below = np.cumsum(np.log(e[:0:-1])) < 0
    if not eigenvalues[0] < eigenvalues[-1]:
        num, index = 0, 0
    elif below.any():
        num = int(below.argmax()) + 1
        index = n - num
    else:
        num, index = n, 1
    with np.errstate(all="ignore"):
        value = float(e[index] / (scale * scale))
    return {
        "detX_num": num,
        "num_ERG_spikes": num,
        "ERG_gap": num - num_pl_spikes,
        "detX_val": value,
        "detX_val_unrescaled": float(e[index]),
    }


def _discrete_entropy(v: FloatArray) -> float:
    """Return the entropy of a histogram of the absolute values of the elements."""
    sizes = np.abs(v)
    heights = np.histogram(sizes - sizes.mean(), bins=_BINS, density=True)[0] + _EPSILON
    p = heights / heights.sum()
    return float(-np.sum(p * np.log(p)))


def _metrics(W: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues of one matrix, and the metrics of its vectors, shape (3, M)."""
    wide = W.astype(np.float64)
    tall = wide if wide.shape[0] > wide.shape[1] else wide.T
    with np.errstate(all="ignore"):
        gram = tall.T @ tall
    if not np.isfinite(gram).all():
        return np.full(len(gram), np.nan), np.full((len(_METRICS), len(gram)), np.nan)
    values, columns = np.linalg.eigh(gram)
    entropies = [_discrete_entropy(v) for v in columns.T]
    localization = _vectors.localization_ratio(columns)
    participation = _vectors.participation_ratio(columns)
    return values, np.array([localization, participation, entropies])


def vectors(matrices: AnyArray, /, *, xmin: float, scale: float = 1.0) -> dict[str, Any]:
    """
    Measure the localization of the vectors, and return WeightWatcher's columns of ``vectors``.

    Parameters
    ----------
    matrices : array, shape (rf, rows, columns)
        Matrices of one layer.
    xmin : float
        Smallest eigenvalue in the tail, -1 after a failed fit.
    scale : float, default: 1.0
        Factor on the eigenvalues of `matrices`.

    Returns
    -------
    dict
        Mean and variance of `loc_ratio`, `part_ratio` and `vec_entropy` over the vectors of the
        bulk and over the vectors of the tail; ``nan`` without such vectors.

    See Also
    --------
    spectra.linalg.vectors.entropy : Entropy with a known value for noise.

    Notes
    -----
    `vec_entropy` is the entropy of a histogram of 100 bins. The eigenvalue at `xmin` is in the
    tail; in WeightWatcher, which computes this eigenvalue twice, rounding decides.

    References
    ----------
    WeightWatcher 0.7.7, ``apply_analyze_eigenvectors``.

    Examples
    --------
    >>> import numpy as np
    >>> row = vectors(np.diag([1.0, 2.0, 3.0])[None], xmin=4.0)
    >>> row["tail_mean_loc_ratio"], row["bulk_var_loc_ratio"]
    (1.0, 0.0)
    """
    found = [_metrics(W) for W in matrices]
    values = np.concatenate([values for values, _ in found]) * scale
    metrics = np.concatenate([metrics for _, metrics in found], axis=1)
    tail = values >= xmin - _ROUNDING * values.max()
    known = np.isfinite(values)
    row = {}
    for part, chosen in (("bulk", known & ~tail), ("tail", known & tail)):
        for name, every in zip(_METRICS, metrics[:, chosen], strict=True):
            row[f"{part}_mean_{name}"] = float(every.mean()) if len(every) else math.nan
            row[f"{part}_var_{name}"] = float(every.var()) if len(every) else math.nan
    return row
