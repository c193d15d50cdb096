"""Parts of the figures of models, other than alpha against depth, for any library."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import counted, one_line
from spectra_io.plots._labels import eigenvalue_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray
    from spectra.results.plotdata import HeatMap, Histogram, Regression

__all__ = ["Shares", "axis_name", "colours", "heat_map", "histogram", "point_names", "regression"]

_UNORDERED = ("safetensors", "npz")  # formats that keep no order of layers


def heat_map(
    numbers: HeatMap, ds: xr.Dataset, *, brief: bool = False
) -> tuple[dict[str, str], bool]:
    """Return the words of a heat map, and whether the layers are in the order of the model."""
    mean = "/ mean" if brief else "over their mean"
    what = f"eigenvalue {mean}" if numbers.relative else r"eigenvalue $\lambda$"
    empty = int(np.isnan(numbers.density).all(axis=1).sum())
    less = numbers.num_left_out
    said = [f"not shown: {counted(less, 'smaller eigenvalue')}"] if less else []
    said += [f"empty: {empty} without a spectrum"] if empty else []
    words = {
        "title": numbers.model or "spectra by layer",
        "y": eigenvalue_label(numbers.exponent, what=what),
        "color": "share per decade",
        "left out": "\n".join(said),
    }
    return words, ds.attrs.get("model_format", "") not in _UNORDERED


def colours(numbers: HeatMap) -> tuple[FloatArray, float]:
    """Return the shares per decade, nan where there is none, and the end of their colours."""
    shown = np.where(numbers.density > 0, numbers.density, np.nan)
    return shown, float(np.quantile(shown[np.isfinite(shown)], 0.99))


class Shares(NamedTuple):
    """Heights of the bars of histograms, and their words."""

    heights: dict[str, FloatArray]
    """Number of layers of each model in each bin, or its share if models are of unequal size."""
    labels: dict[str, str]
    """Words after the name of each model."""
    x: str
    """Words of the horizontal axis."""
    y: str
    """Words of the vertical axis."""
    whole: bool
    """Whether heights are whole numbers."""


def histogram(numbers: Histogram, *, room: float = np.inf) -> Shares:
    """Return heights and words of histograms; `room` is the most letters of the axis."""
    sizes = {name: int(counts.sum()) for name, counts in numbers.counts.items()}
    shares = len(set(sizes.values())) > 1
    labels = {}
    for name in sizes:
        lost = f", {numbers.missing[name]} without" if numbers.missing[name] else ""
        labels[name] = f"median {numbers.medians[name]:.3g}{lost}"
    column, unit = numbers.column, f" [{numbers.units}]" if numbers.units else ""
    words = f"{column}: {numbers.long_name}" if numbers.long_name != column else column
    heights = {
        name: counts / max(1, sizes[name]) if shares else counts
        for name, counts in numbers.counts.items()
    }
    return Shares(
        heights, labels, f"{words if len(words) <= room else column}{unit}",
        "share of layers" if shares else "number of layers", not shares,
    )  # fmt: skip


def regression(numbers: Regression) -> dict[str, str]:
    """Return the words for all points, and for those that are left out."""
    num = numbers.num_left_out
    return {
        "all": f"all: {numbers.overall.words}",
        "left out": f"{counted(num, 'point')} without numbers" if num else "",
    }


def axis_name(values: object) -> str:
    """Return the name of a Series or a DataArray; empty for plain numbers."""
    return one_line(getattr(values, "name", None) or "")


def point_names(
    x: npt.ArrayLike, y: npt.ArrayLike, names: Sequence[object] | None
) -> list[str] | None:
    """Return the names of the points that have two finite numbers; None without names."""
    if names is None:
        return None
    kept = np.isfinite(np.asarray(x, np.float64)) & np.isfinite(np.asarray(y, np.float64))
    return [one_line(name) for name, there in zip(names, kept, strict=True) if there]
