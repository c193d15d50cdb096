"""Count what the layers of a model show, beside what chance would show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.multiple_tests import combined, holm
from spectra.results.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CLAIMS", "Claim", "claims"]


class Claim(NamedTuple):
    """
    Kind of claim that a test makes of a layer.

    Examples
    --------
    >>> CLAIMS["trap"].p_name
    'trap_p'
    """

    p_name: str
    """Variable of the p-value."""
    factor: float = 1.0
    """Factor by which a p-value below 0.001 may be too small."""


CLAIMS = {
    "spike": Claim("spike_p", 2.0),
    "trap": Claim("trap_p", 2.0),
    "power_law_rejected": Claim("p_value"),
}
"""Claims by name."""


def claims(ds: xr.Dataset, /, *, significance: float = 0.05) -> xr.Dataset:
    """
    Count the layers that have spikes, traps or a rejected power law, beside chance.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model, with some of the variables `spike_p`,
        `trap_p` and `p_value`.
    significance : float, default: 0.05
        Significance of the test of each layer, and of the model as a whole.

    Returns
    -------
    xarray.Dataset
        Along ``claim``: `num_tested`, the layers with a p-value; `num_significant`, those of them
        with a p-value up to `significance`; `num_by_chance`, how many that would be by chance;
        `num_sure`, those that are significant in the model as a whole (Holm's rule: the
        probability of a single one by chance is `significance`); `model_p`, the p-value of the
        smallest p-value of the model (Sidak's rule). Along ``claim`` and ``layer``: `sure`, whether
        the layer is one of the sure ones.

    Raises
    ------
    ArgumentError
        If `ds` is not the result of one model, or `significance` is not between 0 and 1.

    Notes
    -----
    In a model of 100 layers of noise, five have a spike at 5 %. The Tracy-Widom law is that of
    infinite matrices, and at p-values below 0.001 up to twice too small for matrices of 50 to 100
    columns. For spikes and traps of the model as a whole the p-values are therefore doubled. Any of
    100 layers of noise then had a sure spike in 5.7, 5.0 and 2 % of 300, 300 and 100 models of 100
    x 50, 60 x 40 and 300 x 100 matrices (7, 10 and 3 % without), and a sure trap, with one random
    order, in 6 % of 200. With several random orders traps are rarer, because their p-value is twice
    a median. Below 50 columns the law errs by more: of 16 x 16 matrices of noise one in a thousand
    has a spike at 0.0001.

    With r resamples no p-value of a power law is below 1 / (1 + r): a rejected power law can be
    sure only in models of fewer than `significance` times 1 + r layers, five with the default 100.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65; Sidak (1967),
    doi:10.1080/01621459.1967.10482935.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> ds = from_rows({f"fc{i}": {"spike_p": p} for i, p in enumerate([1e-9, 0.04, 0.7])})
    >>> found = claims(ds).sel(claim="spike")
    >>> found.num_significant.item(), round(found.num_by_chance.item(), 2), found.num_sure.item()
    (2, 0.15, 1)
    """
    import xarray as xr

    _checks.share("significance", significance)
    one = isinstance(ds, xr.Dataset) and "layer" in ds.dims and {*ds.dims} <= {"layer", "mode"}
    if not one:
        got = f"dimensions {tuple(ds.dims)}" if isinstance(ds, xr.Dataset) else type(ds).__name__
        msg = f"`ds` must be the result of spectra.analyze for one model, got {got}"
        raise ArgumentError(msg)
    names = [name for name, claim in CLAIMS.items() if claim.p_name in ds]
    shape = len(names), ds.sizes["layer"]
    p = np.array([ds[CLAIMS[name].p_name].values for name in names]).reshape(shape)
    factors = np.array([CLAIMS[name].factor for name in names]).reshape(-1, 1)
    in_model = np.minimum(1.0, factors * p)
    sure = np.array([holm(row, significance) for row in in_model], dtype=bool).reshape(shape)
    columns = {
        "num_tested": np.isfinite(p).sum(axis=1),
        "num_significant": (p <= significance).sum(axis=1),
        "num_by_chance": significance * np.isfinite(p).sum(axis=1),
        "num_sure": sure.sum(axis=1),
        "model_p": np.array([combined(row) for row in in_model]),
    }
    arrays = {name: xr.Variable("claim", v, VARIABLES[name].attrs) for name, v in columns.items()}
    arrays["sure"] = xr.Variable(("claim", "layer"), sure, VARIABLES["sure"].attrs)
    attrs = {"significance": significance}
    return xr.Dataset(arrays, {"claim": names, "layer": ds.layer.values}, attrs)
