"""Pictures of a report: interactive figures as data that a browser draws, with short numbers."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ArgumentError
from spectra_io.plots import interactive
from spectra_io.plots.interactive._markup import name_of
from spectra_io.report._links import FIGURES
from spectra_io.report._names import brief

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import xarray as xr

__all__ = ["of_layer", "of_models"]

_DIGITS = 4
_LINE = 64  # points of a line
_MARKS = 120  # marks, of which half are those at the end
_ONE_LAYER = ("esd", "tail_laws")
_ONE_MODEL = ("correlation_flow", "heat_map")


def of_layer(ds: xr.Dataset, layer: str) -> list[dict[str, Any]]:
    """Return the pictures of a layer; none of a layer without a spectrum."""
    one = ds.sel(layer=[layer])
    drawn = (_drawn(name, one, layer=layer, thinned=True) for name in _ONE_LAYER)
    return [found for found in drawn if found]


def of_models(models: Mapping[str, xr.Dataset]) -> list[dict[str, Any]]:
    """Return the pictures of a whole model, or of several beside one another."""
    if len(models) > 1:
        found = _drawn(
            "correlation_flow", dict(zip(brief(list(models)), models.values(), strict=True))
        )
        return [_with_whole_names(found, list(models))] if found else []
    (ds,) = models.values()
    return [found for found in (_drawn(name, ds) for name in _ONE_MODEL) if found]


def _with_whole_names(picture: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a picture whose marks say the whole names of the models when they are pointed at."""
    for trace in picture["data"]:
        if trace.get("mode") == "markers" and "legendgroup" in trace:
            _, mark, rest = trace["hovertemplate"].partition("<br>")
            trace["hovertemplate"] = name_of(names[int(trace["legendgroup"])], 120) + mark + rest
    return picture


def _drawn(name: str, *data: Any, thinned: bool = False, **options: Any) -> dict[str, Any] | None:
    """Return the data of a figure, long traces thinned out; None if there is nothing to draw."""
    try:
        figure = getattr(interactive, name)(*data, **options)
    except ArgumentError:
        return None
    found = figure.to_plotly_json()
    layout = {name: value for name, value in found["layout"].items() if name != "template"}
    caption = str(layout.pop("meta", {}).get("caption", ""))
    title = layout.pop("title", {})
    return {
        "data": [_short(_thinned(t) if thinned else _unpacked(t)) for t in found["data"]],
        "layout": _short(layout),
        "title": title.get("subtitle", {}).get("text", ""),
        "caption": caption,
        "page": FIGURES[name],
    }


def _thinned(trace: dict[str, Any]) -> dict[str, Any]:
    """Return a trace with arrays in place of packed bytes, a long one without some points."""
    whole: dict[str, Any] = _unpacked(trace)
    num = len(whole.get("x", ()))
    if trace["type"] != "scatter" or num <= min(_LINE, _MARKS):
        return whole
    taken: dict[str, Any] = _taken(whole, num, _chosen(num, str(trace.get("mode", ""))))
    return taken


def _taken(value: Any, num: int, chosen: npt.NDArray[np.intp]) -> Any:
    """Return the chosen points of everything that has one entry for each point, nested or not."""
    if isinstance(value, dict):
        return {name: _taken(each, num, chosen) for name, each in value.items()}
    if isinstance(value, np.ndarray) and len(value) == num:
        return value[chosen]
    if isinstance(value, list | tuple) and len(value) == num:
        return [value[i] for i in chosen]
    return value


def _unpacked(value: Any) -> Any:
    """Return a value with the arrays that plotly has packed."""
    if not isinstance(value, dict):
        return value
    if "bdata" not in value:
        return {name: _unpacked(each) for name, each in value.items()}
    flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
    shape = value.get("shape")
    return flat if shape is None else flat.reshape([int(n) for n in str(shape).split(",")])


def _chosen(num: int, mode: str) -> npt.NDArray[np.intp]:
    """Return the points to keep: evenly spaced, of marks also all at the end, which is the tail."""
    if mode == "lines":
        return np.unique(np.linspace(0, num - 1, min(num, _LINE)).astype(np.intp))
    last = np.arange(max(0, num - _MARKS // 2), num)
    spread = np.linspace(0, num - 1, min(num, _MARKS // 2)).astype(np.intp)
    return np.unique(np.concatenate([spread, last]))


def _short(value: Any) -> Any:
    """Return data with numbers of a few digits, arrays as lists, and null for missing numbers."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _short(value.tolist())
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
