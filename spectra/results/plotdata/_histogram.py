"""Numbers of the figure of a histogram of one variable over the layers of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError, counted, unknown_name
from spectra.results.plotdata._bins import even_edges, log_edges
from spectra.results.plotdata._units import exponents_of, in_one_unit
from spectra.results.several import by_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Histogram", "histogram"]

_WIDE = 30.0  # largest over smallest positive value, from which the axis is logarithmic


class Histogram(NamedTuple):
    """
    Histograms of one variable over the layers of several models, with the same bins.

    Examples
    --------
    >>> Histogram._fields[:3]
    ('column', 'edges', 'counts')
    """

    column: str
    """Name of the variable."""
    edges: FloatArray
    """Bin edges, in the unit of the variable."""
    counts: dict[str, AnyArray]
    """Number of layers of each model in each bin."""
    medians: dict[str, float]
    """Median over the layers of each model; ``nan`` without a number."""
    missing: dict[str, int]
    """Number of layers of each model that have no finite number."""
    logarithmic: bool
    """Whether the bins are evenly spaced in the logarithm."""
    long_name: str
    """Name of the quantity in words."""
    units: str
    """Unit of the variable; empty for dimensionless numbers."""
    caption: str
    """Sentences with the numbers of the figure."""


def histogram(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset],
    /,
    *,
    column: str = "alpha",
    bins: int | None = None,
) -> Histogram:
    """
    Count the layers of one or more models by the value of a variable.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`; a Dataset may have a dimension such as ``model``.
    column : str, default: "alpha"
        Variable of numbers, one per layer.
    bins : int, optional
        Number of bins; by default twice the root of the number of layers, up to 100.

    Returns
    -------
    Histogram
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If a Dataset has no such variable.
    ArgumentError
        If the variable has no numbers per layer.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (60, 40)) for i in range(4)})
    >>> figure = histogram({"a": ds, "b": ds.isel(layer=[0])})
    >>> {name: int(counts.sum()) for name, counts in figure.counts.items()}
    {'a': 4, 'b': 1}
    """
    given = by_model(models)
    numbers, unit = _in_one_unit(given, column)
    kept = {name: values[np.isfinite(values)] for name, values in numbers.items()}
    together = np.concatenate(list(kept.values()))
    if not len(together):
        msg = f"no layer has a number in {column!r}"
        raise ArgumentError(msg)
    wide = together.min() > 0 and together.max() > _WIDE * together.min()
    edges = log_edges(together) if wide else even_edges(together)
    if bins is not None:
        _checks.count("bins", bins)
        spaced = np.geomspace if wide else np.linspace
        edges = spaced(edges[0], edges[-1], int(bins) + 1)
        edges[0], edges[-1] = min(edges[0], together.min()), max(edges[-1], together.max())
    medians = {n: float(np.median(v)) if len(v) else float("nan") for n, v in kept.items()}
    missing = {name: len(numbers[name]) - len(v) for name, v in kept.items()}
    said = [
        f"{name}: {counted(len(v), 'layer')}, median {medians[name]:.3g}"
        + (f", {missing[name]} without a number" if missing[name] else "")
        for name, v in kept.items()
    ]
    what = str(next(iter(given.values()))[column].attrs.get("long_name", column))
    return Histogram(
        column, edges, {name: np.histogram(v, edges)[0] for name, v in kept.items()}, medians,
        missing, bool(wide), what, unit,
        f"Layers by {column} ({what}). {'; '.join(said)}.",
    )  # fmt: skip


def _in_one_unit(given: Mapping[str, xr.Dataset], column: str) -> tuple[dict[str, FloatArray], str]:
    """Return the numbers of each model, and their unit, with the power of extreme weights."""
    numbers = [_numbers(ds, column) for ds in given.values()]
    units = str(next(iter(given.values()))[column].attrs.get("units", ""))
    moved, exponent = in_one_unit(numbers, [exponents_of(ds) for ds in given.values()], units)
    base = {"w": 2, "w2": 4}.get(units, 1)
    unit = f"{base}^{exponent} {units}" if exponent else units
    return dict(zip(given, moved, strict=True)), "" if unit == "1" else unit


def _numbers(ds: xr.Dataset, column: str) -> FloatArray:
    if column not in ds:
        known = [str(name) for name, v in ds.data_vars.items() if v.dims == ("layer",)]
        raise unknown_name(column, known, what="variable")
    array = ds[column]
    if array.dims != ("layer",) or array.dtype.kind not in "fiu" or "flag_values" in array.attrs:
        words = "codes" if "flag_values" in array.attrs else f"{array.dims} {array.dtype}"
        msg = f"`column` must be a variable of one number per layer, {column!r} has {words}"
        raise ArgumentError(msg)
    return array.values.astype(np.float64)
