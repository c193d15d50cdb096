"""Ends of the axes of the figures of one layer and of theory, for any library that draws them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    import spectra.results.plotdata as _plotdata
    from spectra._typing import FloatArray

__all__ = [
    "convergence_axes",
    "density_heights",
    "difference_heights",
    "distance_top",
    "exponent_heights",
    "hill_top",
    "law_ends",
    "law_top",
    "long_enough",
    "participation_heights",
    "permuted_heights",
    "quantile_ticks",
    "size_ticks",
    "spike_axis",
]

_HIGH = 3.0  # times the highest bar: the top of a density, whatever the laws rise to
_HIGH_LAW = 4.0  # times the highest bar or the height at most points: the top of a law
_FAR = 2.5  # times the edge of the noise: spikes further out are beyond the end of the axis
_APART = 1.4  # ratio of sizes from which on each is written below its mark
_MOST_SIZES = 7  # that are written
_FEWEST = 5  # data in a tail whose alpha is drawn; fewer only scatter


def density_heights(numbers: _plotdata.ESD, scale: _plotdata.Scale) -> tuple[float, float]:
    """Return the lower and upper end of the vertical axis of a spectral density."""
    drawn = numbers.density[numbers.density > 0]
    tail = numbers.tail_density
    top = float(max([*drawn, *tail[tail < _HIGH * drawn.max()]]))
    if scale != "log-log":
        return 0.0, 1.1 * top
    return float(min([*drawn, *tail[tail > 0]])) / 2, 2 * top


def permuted_heights(numbers: _plotdata.Permuted) -> tuple[float, float]:
    """Return the lower and upper end of the vertical axis of two spectral densities."""
    both = np.concatenate([numbers.density, numbers.permuted_density])
    drawn = both[both > 0]
    return float(drawn.min()) / 2, 2 * float(drawn.max())


def spike_axis(numbers: _plotdata.Noise) -> tuple[float, int]:
    """Return the end of the axis of eigenvalues, and how many of the spikes are before it."""
    if not len(numbers.spikes):
        return 1.03 * float(numbers.edges[-1]), 0
    farthest = float(numbers.spikes[-1])
    end = max(min(_FAR * numbers.upper, 1.08 * farthest), float(numbers.edges[-1]))
    return end, int((numbers.spikes <= end).sum())


def hill_top(numbers: _plotdata.Hill) -> float:
    """Return the upper end of the axis of alpha of a Hill plot."""
    stable = numbers.alpha[numbers.k >= min(5, numbers.k[-1])]
    known = [v for v in (numbers.fitted, numbers.half) if math.isfinite(v)]
    return 1.15 * max([float(np.quantile(stable, 0.95)), *known])


def participation_heights(numbers: _plotdata.Vectors) -> tuple[float, float]:
    """Return the lower and upper end of the axis of effective numbers of elements."""
    y = numbers.participation
    low = min(float(y.min()), numbers.noise_low) / 1.3
    return low, 1.2 * max(float(y.max()), numbers.noise)


def long_enough(numbers: _plotdata.XminScan) -> npt.NDArray[np.bool_]:
    """Return whether the tail of each start is long enough for its alpha to be drawn."""
    kept: npt.NDArray[np.bool_] = numbers.num_tail >= _FEWEST
    return kept


def distance_top(numbers: _plotdata.XminScan) -> float:
    """Return the upper end of the axis of distances."""
    return 1.05 * float(numbers.D[np.isfinite(numbers.D)].max(initial=0.1))


def exponent_heights(numbers: _plotdata.XminScan) -> tuple[float, float] | None:
    """Return the ends of the axis of exponents; None if no tail is long enough."""
    kept = long_enough(numbers)
    if not kept.any():
        return None
    alpha, sigma = numbers.alpha[kept], numbers.sigma[kept]
    low = max(0.0, min(1.0, float((alpha - sigma).min())))
    return low, 1.1 * float(np.quantile(alpha + sigma, 0.98))


def law_ends(numbers: _plotdata.Theory) -> tuple[float, float]:
    """Return the ends of the axis of a law; with atoms there is room for their marks."""
    places = [*numbers.x, *numbers.edges, *numbers.atoms] or [0.0, 1.0]
    low, high = float(min(places)), float(max(places))
    free = (0.05 * (high - low) or 0.5) if len(numbers.atoms) else 0.0
    return low - free, high + free


def law_top(density: FloatArray, histogram: FloatArray) -> float:
    """Return the upper end of the axis of the density of a law, beside a histogram of data."""
    known = density[np.isfinite(density)]
    usual = max(float(np.quantile(known, 0.9)), *histogram, 0.0) if len(known) else 1.0
    return 1.08 * min(float(known.max(initial=0.0)) or 1.0, _HIGH_LAW * usual)


def difference_heights(numbers: _plotdata.Comparison) -> tuple[float, float]:
    """Return the ends of the axis of differences: all lines, and the band as far as they reach."""
    y, two = numbers.difference, np.nan_to_num(2 * numbers.error)
    around, reach = np.nan_to_num(numbers.expected), np.nan_to_num(numbers.reach)
    low = float(min((y - two).min(), (around - reach).min(), 0.0))
    high = float(max((y + two).max(), (around + reach).max(), 0.0))
    free = 0.06 * (high - low) or 0.01
    return low - free, high + free


def quantile_ticks(
    numbers: _plotdata.Comparison, *, few: bool = False
) -> tuple[list[float], list[str]]:
    """Return probabilities of a law, and words with the eigenvalues there."""
    places = [0.1, 0.5, 0.9] if few else [0.1, 0.3, 0.5, 0.7, 0.9]
    x = np.interp(places, numbers.q, numbers.x)
    words = [
        rf"{q:g}" + "\n" + rf"$\lambda$ = {value:.3g}" for q, value in zip(places, x, strict=True)
    ]
    return places, words


def convergence_axes(
    numbers: _plotdata.Convergence,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of the axes of sizes and of distances."""
    marks = np.where(numbers.clear, numbers.distance, numbers.distance + 2 * numbers.error)
    drawn = np.concatenate([marks, numbers.error, numbers.fitted])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    heights = (float(drawn.min()) / 2, 2 * float(drawn.max())) if len(drawn) else (0.1, 1.0)
    return (float(numbers.size.min()) / 1.25, 1.25 * float(numbers.size.max())), heights


def size_ticks(numbers: _plotdata.Convergence) -> list[int]:
    """Return the sizes if they are few and far enough apart to be written, otherwise none."""
    sizes = np.unique(numbers.size)
    fit = len(sizes) <= _MOST_SIZES and (sizes[1:] >= _APART * sizes[:-1]).all()
    return sizes.tolist() if fit else []
