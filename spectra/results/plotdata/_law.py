"""Numbers of the figure of a law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Theory", "theory"]

_POINTS = 500
_ENDS = 1e-3  # probability left out at each end of a law with quantiles
_HEAVY_ENDS = 0.02  # the same of a law of spectra.theory.laws that reaches to infinity
_AT = 1e-9  # of the range of a law: data so close to an atom are there
_NEAR = 1e-6  # relative distance from the ends of the support, where a density may have no bound


class Theory(NamedTuple):
    """
    Density of a law, beside the histogram of data if there are any.

    Examples
    --------
    >>> Theory._fields[:2]
    ('x', 'density')
    """

    x: FloatArray
    """Points, ascending."""
    density: FloatArray
    """Density of the law at the points."""
    edges: FloatArray
    """Bin edges of the data; empty without data."""
    histogram: FloatArray
    """Share of the data in each bin over its width, those at atoms left out; empty without data."""
    atoms: FloatArray
    """Places where the law has single eigenvalues with a probability of their own; mostly none."""
    share: FloatArray
    """Their probabilities."""
    data_share: FloatArray
    """Share of the data at these places; nan without data."""
    name: str
    """Name of the law with its parameters."""
    caption: str
    """Sentences with the numbers of the figure."""


def theory(
    law: Any, /, *parameters: float, x: npt.ArrayLike | None = None, data: npt.ArrayLike = ()
) -> Theory:
    """
    Compute the density of a law, and the histogram of data to compare with it.

    Parameters
    ----------
    law : module or object with pdf, or callable
        Law of :mod:`spectra.theory.laws`, module such as :mod:`spectra.noise.marchenko_pastur`, a
        distribution of scipy.stats, or the density itself.
    *parameters : float
        Parameters of the law, after x: ``0.5`` for the ratio of a Marchenko-Pastur law.
    x : array_like, optional
        Points; by default over the intervals of the law, between the quantiles of 0.001 and 0.999,
        for which the law needs a ``ppf``, or over the range of the data.
    data : array_like, optional
        Data in the unit of the law, of any shape, such as a stack of spectra.

    Returns
    -------
    Theory
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the law has no density, or there is nothing that tells the range of x.

    Examples
    --------
    >>> from spectra.noise import marchenko_pastur
    >>> figure = theory(marchenko_pastur, 0.25)
    >>> round(float(np.trapezoid(figure.density, figure.x)), 2), figure.name
    (1.0, 'marchenko_pastur(0.25)')
    """
    density = getattr(law, "pdf", law)
    if not callable(density):
        msg = f"`law` must have a pdf or be a density, got {type(law).__name__}"
        raise ArgumentError(msg)
    sample = _checks.real_numbers(data, "data").ravel()
    if len(sample) and not np.isfinite(sample).all():
        msg = f"`data` must be finite, got {int((~np.isfinite(sample)).sum())} that are not"
        raise ArgumentError(msg)
    points = _points(law, parameters, sample) if x is None else _checks.real_numbers(x, "x").ravel()
    points = np.sort(points)
    height = np.asarray(density(points, *parameters), dtype=np.float64)
    atoms, share = _atoms(law)
    span = max(np.ptp([*points, *atoms, 0.0]), np.finfo(float).tiny)
    at = np.abs(sample[:, None] - atoms) <= _AT * span
    spread = sample[~at.any(axis=1)]
    edges = histogram = np.empty(0)
    if len(spread):
        edges = np.histogram_bin_edges(spread, min(100, math.ceil(2 * math.sqrt(len(spread)))))
        histogram = np.histogram(spread, edges)[0] / (len(sample) * np.diff(edges))
    counted = at.mean(axis=0) if len(sample) else np.full(len(atoms), np.nan)
    name = _name(law, parameters)
    return Theory(
        points, height, edges, histogram, atoms, share, counted, name,
        _caption(name, len(sample), atoms, share, counted),
    )  # fmt: skip


def _atoms(law: Any) -> tuple[FloatArray, FloatArray]:
    """Return the places and probabilities of the atoms of a law, as far as it tells them."""
    found = getattr(law, "atoms", ())
    pairs = np.array(found if isinstance(found, tuple) else (), np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _caption(name: str, num: int, atoms: FloatArray, share: FloatArray, counted: FloatArray) -> str:
    beside = f" and histogram of {num} numbers" if num else ""
    said = f"Density of {name}{beside}."
    for place, own, drawn in zip(atoms, share, counted, strict=True):
        data = f", and {drawn:.3g} of the numbers" if num else ""
        said += f" {own:.3g} of the law is at {place:.4g} itself{data}."
    return said


def _points(law: Any, parameters: tuple[float, ...], sample: FloatArray) -> FloatArray:
    intervals = getattr(law, "intervals", None)
    if isinstance(intervals, tuple) and np.isfinite(intervals).all():
        return _along(intervals)
    edges = getattr(law, "edges", None)
    if callable(edges):
        low, high = edges(*parameters)
        low += _NEAR * (high - low)
        # dense at the lower edge, where the law of a square matrix rises without bound
        values: FloatArray = low + (high - low) * np.linspace(0, 1, _POINTS) ** 2
        return values
    quantile = getattr(law, "ppf", None)
    if callable(quantile):
        end = _ENDS if intervals is None else _HEAVY_ENDS
        low, high = (float(quantile(q, *parameters)) for q in (end, 1 - end))
    elif len(sample):
        low, high = float(sample.min()), float(sample.max())
    else:
        msg = "`x` must be given: the law has no ppf that tells its range"
        raise ArgumentError(msg)
    return np.linspace(low, high, _POINTS)


def _along(intervals: tuple[tuple[float, float], ...]) -> FloatArray:
    """Return points of all intervals, dense at their ends, and the ends themselves."""
    inside = (1 - np.cos(np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)) / 2
    each = [[low, *(low + (high - low) * inside), high] for low, high in intervals]
    return np.array([x for points in each for x in points])


def _name(law: Any, parameters: tuple[float, ...]) -> str:
    inner = getattr(law, "dist", law)  # frozen distributions of scipy
    module = str(getattr(inner, "__name__", "")).rpartition(".")[2]
    short = module or str(getattr(inner, "name", "") or type(inner).__name__)
    args = parameters or tuple(getattr(law, "args", ()))
    return f"{short}({', '.join(f'{p:g}' for p in args)})" if args else short
