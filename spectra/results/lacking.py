"""Layers with a spectrum that lack values, because a measure failed on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.errors import one_line
from spectra.results.variables import Status

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["lacking_layers", "lacking_lines"]

_REASONS = 3  # different reasons that are named


def lacking_layers(ds: xr.Dataset, /) -> dict[str, str]:
    """
    Return the layers with a spectrum on which a measure failed, with the reasons.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.

    Returns
    -------
    dict of str to str
        Names of measures and errors by layer, in the order of the layers.

    Examples
    --------
    >>> import spectra
    >>> lacking_layers(spectra.analyze({}))
    {}
    """
    if not {"status", "status_reason"} <= {*ds.data_vars}:
        return {}
    computed = ds.isel(layer=(ds.status == Status.COMPUTED).values.nonzero()[0])
    reasons = zip(computed.layer.values, computed.status_reason.values, strict=True)
    return {str(layer): str(reason) for layer, reason in reasons if reason}


def lacking_lines(ds: xr.Dataset, /) -> list[str]:
    """
    Say which measures failed, on how many layers, and at first on which.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.

    Returns
    -------
    list of str
        A line for each of the three most frequent reasons, and the number of the others.

    Examples
    --------
    >>> import numpy as np, pytest, spectra
    >>> from spectra.errors import SpectraWarning
    >>> def own(spectrum):
    ...     return {"alpha": 1 / (spectrum.N - 3)}
    >>> with pytest.warns(SpectraWarning):
    ...     ds = spectra.analyze({"a": np.eye(3), "b": np.eye(4)}, measures=own)
    >>> lacking_lines(ds)
    ["values missing in 1 layer, 'a': measure own: ZeroDivisionError: division by zero"]
    """
    layers: dict[str, list[str]] = {}
    for layer, reason in lacking_layers(ds).items():
        layers.setdefault(reason, []).append(layer)
    by_number = sorted(layers.items(), key=lambda pair: -len(pair[1]))
    lines = [_line(names, reason) for reason, names in by_number[:_REASONS]]
    rest = len(by_number) - _REASONS
    noun = "reason" if rest == 1 else "reasons"
    return (
        [*lines, f"values missing for {rest} other {noun} (status_reason)"] if rest > 0 else lines
    )


def _line(names: list[str], reason: str) -> str:
    noun = "1 layer," if len(names) == 1 else f"{len(names)} layers, at first"
    return f"values missing in {noun} {one_line(names[0])!r}: {one_line(reason)}"
