"""Numbers of the figures, for those who draw them and those who check them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.results.dataset import one_model, select

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["ESD", "CorrelationFlow", "correlation_flow", "esd"]

_MAX_BINS = 100
_TAIL_POINTS = 50
_BULK_POINTS = 400
_SHOWN = 0.01  # of the start of the tail; smaller eigenvalues are only counted


class ESD(NamedTuple):
    """
    The empirical spectral density of a layer and its fitted tail.

    Examples
    --------
    >>> ESD._fields[:2]
    ('edges', 'density')
    """

    edges: FloatArray
    """Bin edges, evenly spaced in the logarithm, in weight units squared."""
    density: FloatArray
    """Share of all eigenvalues in each bin over its width."""
    tail: FloatArray
    """Points from `xmin` to `xmax`, in weight units squared; empty without a fit."""
    tail_density: FloatArray
    """The fitted power law there, times the share of eigenvalues in the tail."""
    bulk: FloatArray
    """Points from the lower to the upper edge of the bulk; empty if it is not fitted."""
    bulk_density: FloatArray
    """The Marchenko-Pastur law there, times the share of eigenvalues in the bulk."""
    num_left_out: int
    """Eigenvalues too small for the picture, below a hundredth of the start of the tail."""


class CorrelationFlow(NamedTuple):
    """
    Alpha against depth.

    Examples
    --------
    >>> CorrelationFlow._fields
    ('layer', 'depth', 'alpha', 'low', 'high', 'noise')
    """

    layer: list[str]
    """Names of the layers with a fit."""
    depth: FloatArray
    """Their place among the layers, 1 the first; layers without a fit leave gaps."""
    alpha: FloatArray
    """Their power-law exponents."""
    low: FloatArray
    """Lower ends of their intervals, or one standard error less where there is none."""
    high: FloatArray
    """Upper ends, or one standard error more."""
    noise: FloatArray
    """Exponents that noise would have; ``nan`` if not measured."""


def _need(ds: xr.Dataset, *names: str) -> None:
    missing = [name for name in names if name not in one_model(ds)]
    if missing:
        msg = f"the Dataset must have {', '.join(names)}, it lacks {', '.join(missing)}"
        raise ArgumentError(msg)


def esd(ds: xr.Dataset, /, *, layer: str) -> ESD:
    """
    Compute the histogram of the eigenvalues of a layer and its fitted tail.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, with the power-law measure.
    layer : str
        Name of the layer.

    Returns
    -------
    ESD
        The numbers of the figure.

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
    _need(ds, "eigenvalue", "alpha", "xmin", "xmax", "num_tail")
    row = select(ds, layer)
    values = row.eigenvalue.dropna("mode").values
    if not (values > 0).any():
        msg = f"layer {layer!r} has no positive eigenvalue to draw"
        raise ArgumentError(msg)
    # a few tiny eigenvalues would push all that matters into a corner
    start = row.xmin.item() if row.xmin.notnull() else float(np.max(values))
    x = values[values >= _SHOWN * start]
    bins = min(_MAX_BINS, math.ceil(2 * math.sqrt(len(x))))
    low, high = np.histogram_bin_edges(np.log10(x), bins=1)  # wide enough for equal eigenvalues
    edges = np.logspace(low, high, bins + 1)
    edges[0], edges[-1] = min(edges[0], x.min()), max(edges[-1], x.max())
    counts, _ = np.histogram(x, edges)
    density = counts / (len(values) * np.diff(edges))
    alpha, xmin, num_tail = row.alpha.item(), row.xmin.item(), row.num_tail.item()
    tail = np.geomspace(xmin, row.xmax.item(), _TAIL_POINTS) if alpha > 1 else np.empty(0)
    tail_density = num_tail / len(values) * (alpha - 1) / xmin * (tail / xmin) ** -alpha
    bulk, bulk_density = _bulk(row, edges[0])
    return ESD(edges, density, tail, tail_density, bulk, bulk_density, len(values) - len(x))


def _bulk(row: xr.Dataset, start: float) -> tuple[FloatArray, FloatArray]:
    """Return the law of the noise of a layer of one matrix, from where the figure starts."""
    if "noise_std" not in row or row.rf.item() != 1 or not row.noise_std.notnull():
        return np.empty(0), np.empty(0)
    N, M, num = (row[name].item() for name in ("N", "M", "num_spikes"))
    mean = row.noise_std.item() ** 2 * N
    ratio = (M - num) / (N - num)
    x = np.geomspace(max(row.bulk_min.item(), start), row.bulk_max.item(), _BULK_POINTS)
    rescaled = mean * (N - num) / N  # as the spikes take rows away, too
    return x, (1 - num / M) * _mp.pdf(x / rescaled, ratio) / rescaled


def correlation_flow(ds: xr.Dataset, /) -> CorrelationFlow:
    """
    Take alpha of every fitted layer, in the order of the model.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, with the power-law measure.

    Returns
    -------
    CorrelationFlow
        The numbers of the figure.

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
    _need(ds, "alpha", "sigma")
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
