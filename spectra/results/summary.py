"""Summarize a model by means and counts over its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.errors import ArgumentError
from spectra.results.reading import present
from spectra.results.variables import VARIABLES, Status
from spectra.tails.support import Support

if TYPE_CHECKING:
    import xarray as xr

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
    Average the layers of a model, or of each of several models.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, or several results concatenated along another dimension.

    Returns
    -------
    xarray.Dataset
        Dataset without the dimension ``layer``: the means of `alpha`, `alpha_weighted`,
        `log_alpha_norm`, `log_norm`, `log_spectral_norm`, `stable_rank`, `entropy` and `D` over the
        layers that have a value, for each of them that `ds` holds; `log_product_norm` and
        `log_product_spectral_norm`, of the products over the layers, ``nan`` if a layer has no
        value; the numbers of layers
        `num_layers`, `num_not_reached` (of work that was interrupted), `num_fitted` (with a
        power-law fit) and `num_supported` (with a supported power law).

    Raises
    ------
    ArgumentError
        If `ds` has no dimension ``layer``.

    Notes
    -----
    A layer without a fit does not enter a mean; WeightWatcher averages its alpha of -1 in.

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
    import xarray as xr

    if not isinstance(ds, xr.Dataset) or "layer" not in ds.dims:
        got = f"dimensions {tuple(ds.dims)}" if isinstance(ds, xr.Dataset) else type(ds).__name__
        msg = f"`ds` must be the result of spectra.analyze, with a dimension layer, got {got}"
        raise ArgumentError(msg)
    means = {name: ds[name].mean("layer", keep_attrs=True) for name in _AVERAGED if name in ds}
    for mean in means.values():
        mean.attrs["cell_methods"] = "layer: mean"
    products = {
        f"log_product_{name}": _product(ds, f"log_{name}")
        for name in ("norm", "spectral_norm")
        if f"log_{name}" in ds
    }
    counts = {"num_layers": present(ds).sum("layer")}
    if "status" in ds:
        counts["num_not_reached"] = (ds.status == Status.NOT_REACHED).sum("layer")
    if "alpha" in ds:
        counts["num_fitted"] = ds.alpha.notnull().sum("layer")
    if "power_law_support" in ds:
        counts["num_supported"] = (ds.power_law_support == Support.SUPPORTED).sum("layer")
    counted = {
        name: n.astype(int).assign_attrs(VARIABLES[name].attrs) for name, n in counts.items()
    }
    summed = {name: v.assign_attrs(VARIABLES[name].attrs) for name, v in products.items()}
    return xr.Dataset({**means, **summed, **counted}, attrs=ds.attrs)


def _product(ds: xr.Dataset, name: str) -> xr.DataArray:
    """Return the sum over the layers that a model has; nan if one of them has no value."""
    complete = (ds[name].notnull() | ~present(ds)).all("layer") & present(ds).any("layer")
    return ds[name].sum("layer").where(complete)
