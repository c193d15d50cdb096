"""Averages: a whole model in a few numbers."""

from __future__ import annotations

import xarray as xr

from spectra.errors import ArgumentError
from spectra.results.variables import VARIABLES
from spectra.results.verdicts import Support, Verdict

__all__ = ["summary"]

_AVERAGED = (
    "alpha",
    "alpha_weighted",
    "log_alpha_norm",
    "log_norm",
    "log_spectral_norm",
    "stable_rank",
    "entropy",
    "D",
)


def summary(ds: xr.Dataset, /) -> xr.Dataset:
    """
    Average the layers of a model.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    xarray.Dataset
        Without dimensions: the plain mean over the layers that have a value, of `alpha`,
        `alpha_weighted`, `log_alpha_norm`, `log_norm`, `log_spectral_norm`, `stable_rank`,
        `entropy` and `D` where `ds` has them; `num_layers`; `num_fitted` with alpha;
        `num_supported` with a power law that the evidence supports.

    Raises
    ------
    ArgumentError
        If `ds` has no dimension ``layer``.

    Notes
    -----
    Layers without a fit do not count; WeightWatcher averages their alpha of -1 in.

    References
    ----------
    Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"a": np.eye(3), "b": 2 * np.eye(3)})
    >>> round(summary(ds).log_norm.item(), 4), summary(ds).num_fitted.item()
    (0.7782, 0)
    """
    if "layer" not in ds.dims:
        dims = ", ".join(map(str, ds.dims)) or "none"
        msg = f"the Dataset must have a dimension layer, it has {dims}"
        raise ArgumentError(msg)
    means = {name: ds[name].mean(keep_attrs=True) for name in _AVERAGED if name in ds}
    for mean in means.values():
        mean.attrs["cell_methods"] = "layer: mean"
    counts = {"num_layers": ds.sizes["layer"]}
    if "verdict" in ds:
        counts["num_fitted"] = int((ds.verdict != Verdict.NOT_FITTED).sum())
    if "power_law" in ds:
        counts["num_supported"] = int((ds.power_law == Support.SUPPORTED).sum())
    counted = {name: ((), value, VARIABLES[name].attrs) for name, value in counts.items()}
    return xr.Dataset({**means, **counted}, attrs=ds.attrs)
