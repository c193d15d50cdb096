"""Numbers of the figure of all spectra of a model over depth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError, counted, one_line
from spectra.results.plotdata._kinds import kind, network_order
from spectra.results.plotdata._source import need
from spectra.results.plotdata._units import exponents_of, in_one_unit, unit_words

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["HeatMap", "heat_map"]

_FEWEST_BINS, _MOST_BINS = 10, 60
_SHOWN = 0.01  # share of all eigenvalues that may lie below the figure
_FAR = 1e-3  # times the median: smaller eigenvalues lie below the figure


class HeatMap(NamedTuple):
    """
    Spectral densities of all layers of a model.

    Examples
    --------
    >>> HeatMap._fields[:3]
    ('layer', 'edges', 'density')
    """

    layer: list[str]
    """Names of all layers by their place."""
    edges: FloatArray
    """Bin edges, evenly spaced in the logarithm."""
    density: FloatArray
    """Share of the eigenvalues of each layer per decade, shape (layer, bin); ``nan`` without."""
    largest: FloatArray
    """Largest eigenvalue of each layer; ``nan`` without."""
    relative: bool
    """Whether eigenvalues are in units of the mean eigenvalue of their layer."""
    num_left_out: int
    """Number of eigenvalues that are below the first edge, zeros included."""
    model: str
    """Name of the model; empty if it has none."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def heat_map(ds: xr.Dataset, /, *, relative: bool = True) -> HeatMap:
    """
    Compute the spectral density of every layer on the same bins.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    relative : bool, default: True
        Whether to divide eigenvalues by the mean eigenvalue of their layer, which takes out the
        scale of its weights.

    Returns
    -------
    HeatMap
        Numbers of the figure. The lowest 1 % of all eigenvalues, and those below a
        thousandth of their median, are left out.

    Raises
    ------
    ArgumentError
        If no layer has a positive eigenvalue.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({"a": rng.standard_normal((90, 60)), "b": np.zeros((9, 9))})
    >>> figure = heat_map(ds)
    >>> figure.density.shape, bool(np.isnan(figure.density[1]).all())
    ((2, 14), True)
    """
    ds = need(ds, "eigenvalue")
    names = [str(name) for name in ds.layer.values]
    roles = ds.layer_type.values.tolist() if "layer_type" in ds else [""] * len(names)
    unordered = ds.attrs.get("model_format", "") in ("safetensors", "npz")
    kinds = [kind(name, str(role)) for name, role in zip(names, roles, strict=True)]
    order = network_order(kinds) if unordered else list(range(len(names)))
    values, exponent = ds.eigenvalue.transpose("layer", "mode").values[order], 0
    if not relative:
        (values,), exponent = in_one_unit([values], [exponents_of(ds)[order]], "w2")
    with np.errstate(invalid="ignore", divide="ignore"):
        alive = np.isfinite(values).any(axis=1) & (np.nansum(values, axis=1) > 0)
        unit = np.ones(len(values))
        if relative and alive.any():
            unit[alive] = np.nanmean(values[alive], axis=1)
        scaled = np.where(alive[:, None], values / unit[:, None], np.nan)
    known = scaled[np.isfinite(scaled)]
    positive = known[known > 0]
    if not len(positive):
        msg = "no layer of the Dataset has a positive eigenvalue to draw"
        raise ArgumentError(msg)
    least = max(float(np.quantile(positive, _SHOWN)), _FAR * float(np.median(positive)))
    low, high = least, float(positive.max())
    if high < 10 * low:
        low, high = low / 2, high * 2
    num = int(np.median(np.isfinite(scaled[alive]).sum(axis=1)))
    bins = min(_MOST_BINS, max(_FEWEST_BINS, 2 * math.isqrt(num)))
    edges = np.geomspace(low, high, bins + 1)
    edges[-1] = max(edges[-1], high)
    width = float(np.log10(high) - np.log10(low)) / bins
    density = np.full((len(values), bins), np.nan)
    largest = np.full(len(values), np.nan)
    for i in np.flatnonzero(alive):
        row = scaled[i][np.isfinite(scaled[i])]
        density[i] = np.histogram(row, edges)[0] / (len(row) * width)
        largest[i] = row.max()
    left_out = int((known < edges[0]).sum())
    model = one_line(ds.attrs.get("model", ""))
    unitary = " in units of the mean of the layer" if relative else ""
    named = counted(int(alive.sum()), "layer") + (f" of {model}" if model else "")
    none = int((~alive).sum())
    empty = f" {counted(none, 'layer')} {'has' if none == 1 else 'have'} no spectrum."
    return HeatMap(
        [names[i] for i in order], edges, density, largest, relative, left_out, model,
        exponent,
        f"Eigenvalues{unitary} of {named}: share per decade, from {edges[0]:.3g} to {high:.3g}; "
        f"{left_out} of {len(known)} {'is' if left_out == 1 else 'are'} smaller."
        f"{empty if none else ''}{unit_words(exponent)}",
    )  # fmt: skip
