"""The matrices of a layer, however it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import spectra
from spectra.errors import ArgumentError, one_line, unknown_name

__all__ = ["matrices"]


def matrices(data: Any, layer: str | None) -> tuple[Any, str]:
    """Return matrices of a matrix, a Spectrum, a layer, or a layer of a model; and its name."""
    import xarray as xr

    if isinstance(data, xr.Dataset):
        msg = (
            "the result of spectra.analyze does not keep the matrices: pass the model with layer=, "
            "a spectra.Layer, or the matrix"
        )
        raise ArgumentError(msg)
    if isinstance(data, Mapping):
        data = _of_model(data, layer)
    elif layer is not None:
        msg = f"`layer` chooses from a model, got {type(data).__name__}"
        raise ArgumentError(msg)
    if isinstance(data, spectra.Layer):
        return data.matrices(), one_line(data.name)
    return data, ""


def _of_model(model: Mapping[str, Any], layer: str | None) -> spectra.Layer:
    taken = [one for one in spectra.layers(model) if one.taken]
    if layer is None and len(taken) == 1:
        return taken[0]
    if layer is None:
        msg = f"`layer` must name one of {len(taken)} layers"
        raise ArgumentError(msg)
    found = [one for one in taken if one.name == layer]
    if not found:
        raise unknown_name(layer, [one.name for one in taken], what="layer")
    return found[0]
