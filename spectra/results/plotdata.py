"""Compute the numbers that the figures show, to draw or to check them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.results.reading import one_model, select

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["ESD", "CorrelationFlow", "correlation_flow", "esd"]

_MAX_BINS = 100
_TAIL_POINTS = 50
_BULK_POINTS = 400
_SHOWN = 0.01  # of xmin: smaller eigenvalues are counted but not drawn
_NARROWEST = 1e-5  # decades: a narrower spectrum, of an orthogonal layer, is one bar in a decade


class ESD(NamedTuple):
    """
    Empirical spectral density of a layer, with its fitted tail and bulk.

    Examples
    --------
    >>> ESD._fields[:2]
    ('edges', 'density')
    """

    edges: FloatArray
    """Bin edges, evenly spaced in the logarithm, in weight units squared."""
    density: FloatArray
    """Share of all eigenvalues in each bin over the width of the bin."""
    tail: FloatArray
    """Points from `xmin` to `xmax`, in weight units squared; empty without a fit."""
    tail_density: FloatArray
    """Fitted power law at the points of the tail, times the share of eigenvalues in the tail."""
    bulk: FloatArray
    """Points from the lower to the upper edge of the bulk; empty if the bulk is not fitted."""
    bulk_density: FloatArray
    """Marchenko-Pastur law at the points of the bulk, times the share of eigenvalues in it."""
    num_left_out: int
    """Number of eigenvalues too small to draw, below a hundredth of `xmin`."""


class CorrelationFlow(NamedTuple):
    """
    Alpha of the fitted layers against their depth.

    Examples
    --------
    >>> CorrelationFlow._fields
    ('layer', 'depth', 'alpha', 'low', 'high', 'noise')
    """

    layer: list[str]
    """Names of the layers with a fit."""
    depth: FloatArray
    """Depth of each layer, 1 for the first of the model; layers without a fit leave gaps."""
    alpha: FloatArray
    """Power-law exponents."""
    low: FloatArray
    """Lower ends of the intervals of alpha, or alpha less one standard error without intervals."""
    high: FloatArray
    """Upper ends of the intervals of alpha, or alpha plus one standard error without intervals."""
    noise: FloatArray
    """Exponents of pure noise of the same shapes; ``nan`` if not measured."""


def _need(ds: xr.Dataset, *names: str) -> xr.Dataset:
    """Return the results of one model; refuse those without some variables."""
    ds = one_model(ds)
    missing = [name for name in names if name not in ds]
    if missing:
        msg = f"the Dataset must have {', '.join(names)}, it lacks {', '.join(missing)}"
        raise ArgumentError(msg)
    return ds


def esd(ds: xr.Dataset, /, *, layer: str) -> ESD:
    """
    Compute the spectral density of a layer and of its fitted tail and bulk.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, with the measure :func:`~spectra.measures.tail_fit`.
    layer : str
        Name of the layer.

    Returns
    -------
    ESD
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no positive eigenvalue, or the Dataset lacks the power-law fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> figure = esd(ds, layer="fc")
    >>> round(float(figure.density @ np.diff(figure.edges)), 12), figure.num_left_out
    (1.0, 0)
    """
    ds = _need(ds, "eigenvalue", "alpha", "xmin", "xmax", "num_tail")
    row = select(ds, layer)
    values = row.eigenvalue.dropna("mode").values
    if not (values > 0).any():
        msg = f"layer {layer!r} has no positive eigenvalue to draw"
        raise ArgumentError(msg)
    # a few tiny eigenvalues would squeeze all others into a corner of the figure
    start = row.xmin.item() if row.xmin.notnull() else float(np.max(values))
    x = values[values >= _SHOWN * start]
    edges = _edges(x)
    counts, _ = np.histogram(x, edges)
    density = counts / (len(values) * np.diff(edges))
    alpha, xmin, num_tail = row.alpha.item(), row.xmin.item(), row.num_tail.item()
    tail = np.geomspace(xmin, row.xmax.item(), _TAIL_POINTS) if alpha > 1 else np.empty(0)
    tail_density = num_tail / len(values) * (alpha - 1) / xmin * (tail / xmin) ** -alpha
    bulk, bulk_density = _bulk(row, edges[0])
    return ESD(edges, density, tail, tail_density, bulk, bulk_density, len(values) - len(x))


def _edges(x: FloatArray) -> FloatArray:
    """Return bin edges around positive numbers, evenly spaced in the logarithm."""
    bins = min(_MAX_BINS, math.ceil(2 * math.sqrt(len(x))))
    low, high = np.log10(x.min()), np.log10(x.max())
    if high - low < _NARROWEST:  # equal to within rounding, or nearly: all in the middle bin
        middle, bins = (low + high) / 2, bins // 2 * 2 + 1
        low, high = middle - 0.5, middle + 0.5
    edges = np.logspace(low, high, bins + 1)
    edges[0], edges[-1] = min(edges[0], x.min()), max(edges[-1], x.max())
    return edges


def _bulk(row: xr.Dataset, start: float) -> tuple[FloatArray, FloatArray]:
    """Return points and density of the law of noise from `start` up, for a layer of one matrix."""
    if "noise_std" not in row or row.rf.item() != 1 or not row.noise_std.notnull():
        return np.empty(0), np.empty(0)
    N, M, num = (row[name].item() for name in ("N", "M", "num_spikes"))
    mean = row.noise_std.item() ** 2 * N
    ratio = (M - num) / (N - num)
    x = np.geomspace(max(row.bulk_min.item(), start), row.bulk_max.item(), _BULK_POINTS)
    rescaled = mean * (N - num) / N  # the spikes take rows away as well as columns
    return x, (1 - num / M) * _mp.pdf(x / rescaled, ratio) / rescaled


def correlation_flow(ds: xr.Dataset, /) -> CorrelationFlow:
    """
    Collect alpha of every fitted layer, in the order of the model.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, with the measure :func:`~spectra.measures.tail_fit`.

    Returns
    -------
    CorrelationFlow
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the Dataset lacks the power-law fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({"a": rng.pareto(2, (99, 50)), "b": np.eye(3)})
    >>> correlation_flow(ds).layer
    ['a']
    """
    ds = _need(ds, "alpha", "sigma")
    fitted = ds.isel(layer=np.flatnonzero(np.isfinite(ds.alpha.values)))
    alpha, sigma = fitted.alpha.values, fitted.sigma.values
    low, high = (fitted.get(name) for name in ("alpha_low", "alpha_high"))
    noise = fitted.get("alpha_noise")
    return CorrelationFlow(
        layer=[str(name) for name in fitted.layer.values],
        depth=np.flatnonzero(np.isfinite(ds.alpha.values)).astype(np.float64) + 1,
        alpha=alpha,
        low=alpha - sigma if low is None else low.fillna(alpha - sigma).values,
        high=alpha + sigma if high is None else high.fillna(alpha + sigma).values,
        noise=np.full(len(alpha), np.nan) if noise is None else noise.values,
    )
