"""Datasets: rows of results, labelled and documented by the table of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from spectra.errors import ArgumentError, unknown_name
from spectra.results.variables import VARIABLES, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spectra._typing import AnyArray

__all__ = ["Row", "build", "labels", "records", "select", "table"]

Row = dict[str, Any]
"""Results of one layer, or facts of one tensor: variable names to values."""

_MODES = ("mode",)
_MISSING: dict[str, Any] = {"float": np.nan, "int": -1, "str": "", "flag": 0}
_DTYPE: dict[str, Any] = {"float": np.float64, "int": np.int64, "str": object, "flag": np.int8}


def _column(variable: Variable, rows: Sequence[Row], modes: int) -> AnyArray:
    missing, dtype = _MISSING[variable.kind], _DTYPE[variable.kind]
    values = [row.get(variable.name, missing) for row in rows]
    if variable.dims[1:] != _MODES:
        return np.array(values, dtype=dtype)
    padded = np.full((len(rows), modes), np.nan)
    for out, value in zip(padded, values, strict=True):
        out[: np.size(value)] = value
    return padded


def _most_modes(names: Iterable[str], rows: Sequence[Row]) -> int:
    """Return the length of the longest array, whichever variable has it."""
    return max((np.size(row[name]) for name in names for row in rows if name in row), default=0)


def _declared(names: Iterable[str], variables: Mapping[str, Variable]) -> list[Variable]:
    """Return the declarations of `names`, in the order they are declared."""
    wanted = set(names)
    for name in sorted(wanted - set(variables)):
        raise unknown_name(name, variables, what="variable")
    return [v for v in variables.values() if v.name in wanted]


def build(
    rows: Mapping[str, Mapping[str, Row]],
    /,
    *,
    always: Iterable[str] = (),
    variables: Iterable[Variable] = (),
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """
    Build a Dataset of rows, each variable with its declared dimensions, type and attributes.

    Parameters
    ----------
    rows : mapping of str to mapping of str to dict
        For each dimension its labels, and for each label the values it has. What a label lacks is
        missing: ``nan``, -1, the empty string, or code 0.
    always : iterable of str, optional
        Variables to have even if no row has them.
    variables : iterable of Variable, optional
        Declarations beside :data:`~spectra.results.variables.VARIABLES`.
    attrs : mapping, optional
        Attributes of the whole Dataset.

    Returns
    -------
    xarray.Dataset
        With the dimensions of `rows`, and ``mode`` (1 = largest) where a value is an array.

    Raises
    ------
    UnknownNameError
        If a row holds a name that no variable declares.

    Examples
    --------
    >>> ds = build({"layer": {"fc1": {"alpha": 2.5}, "fc2": {}}})
    >>> ds.alpha.values, ds.alpha.attrs["long_name"]
    (array([2.5, nan]), 'power-law exponent of the tail')
    """
    known = {**VARIABLES, **{v.name: v for v in variables}}
    ds = xr.Dataset(attrs=dict(attrs or {}))
    for dim, labelled in rows.items():
        ds = ds.assign_coords({dim: np.array(list(labelled), dtype=object)})
        values = list(labelled.values())
        names = {name for row in values for name in row}
        names |= {name for name in always if known[name].dims[:1] == (dim,)}
        declared = _declared(names, known)
        modes = _most_modes([v.name for v in declared if v.dims[1:] == _MODES], values)
        for v in declared:
            if v.dims[:1] != (dim,):
                msg = f"variable {v.name!r} has dimensions {v.dims}, so no {dim} can have it"
                raise ArgumentError(msg)
            ds[v.name] = (v.dims, _column(v, values, modes), v.attrs)
    if "mode" in ds.dims:
        ds = ds.assign_coords(mode=np.arange(1, ds.sizes["mode"] + 1))
        ds.mode.attrs["long_name"] = "number of the eigenvalue, 1 the largest"
    return ds


def labels(flag: xr.DataArray, /) -> xr.DataArray:
    """
    Put words for the codes of a flag variable.

    Parameters
    ----------
    flag : xarray.DataArray of int
        With the attributes ``flag_values`` and ``flag_meanings``.

    Returns
    -------
    xarray.DataArray of str
        The meanings, same shape.

    Raises
    ------
    ArgumentError
        If `flag` lacks these attributes.

    Examples
    --------
    >>> ds = build({"layer": {"fc1": {"verdict": 2}}})
    >>> labels(ds.verdict).item()
    'well_trained'
    """
    if not {"flag_values", "flag_meanings"} <= set(flag.attrs):
        msg = f"`flag` must have flag_values and flag_meanings, got attributes {list(flag.attrs)}"
        raise ArgumentError(msg)
    codes = np.atleast_1d(flag.attrs["flag_values"])
    words = dict(zip(codes.tolist(), flag.attrs["flag_meanings"].split(), strict=True))
    named = np.array([words[code] for code in flag.values.ravel().tolist()], dtype=object)
    return flag.copy(data=named.reshape(flag.shape)).drop_attrs()


def select(ds: xr.Dataset, layer: str, /) -> xr.Dataset:
    """
    Take one layer by name.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    layer : str
        Its name.

    Returns
    -------
    xarray.Dataset
        The variables of that layer, without the dimension ``layer``.

    Raises
    ------
    UnknownNameError
        If there is no such layer; the message has the nearest names.

    Examples
    --------
    >>> select(build({"layer": {"fc1": {"alpha": 2.5}}}), "fc1").alpha.item()
    2.5
    """
    if layer not in ds.indexes["layer"]:
        raise unknown_name(layer, map(str, ds.layer.values), what="layer")
    return ds.sel(layer=layer)


def table(ds: xr.Dataset, /, *, dim: str = "layer") -> pd.DataFrame:
    """
    Lay out what has one value a layer (or a tensor) as a table, codes as words.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    dim : str, default: "layer"
        The dimension to run along.

    Returns
    -------
    pandas.DataFrame
        One row a label, one column a variable.

    Raises
    ------
    UnknownNameError
        If `ds` has no dimension `dim`.

    Examples
    --------
    >>> table(build({"layer": {"fc1": {"alpha": 2.5, "verdict": 2}}})).loc["fc1"].to_dict()
    {'alpha': 2.5, 'verdict': 'well_trained'}
    """
    if dim not in ds.dims:
        raise unknown_name(dim, map(str, ds.dims), what="dimension")
    columns = {
        str(name): labels(v).values if "flag_values" in v.attrs else v.values
        for name, v in ds.data_vars.items()
        if v.dims == (dim,)
    }
    return pd.DataFrame(columns, index=pd.Index(ds[dim].values, name=dim))


def records(ds: xr.Dataset, /, *, dim: str = "layer") -> list[Row]:
    """
    Lay out the same as :func:`table` as a list of dicts.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    dim : str, default: "layer"
        The dimension to run along.

    Returns
    -------
    list of dict
        One a label, the label first.

    Raises
    ------
    UnknownNameError
        If `ds` has no dimension `dim`.

    Examples
    --------
    >>> records(build({"layer": {"fc1": {"alpha": 2.5}}}))
    [{'layer': 'fc1', 'alpha': 2.5}]
    """
    rows = table(ds, dim=dim).reset_index().to_dict(orient="records")
    return [{str(key): value for key, value in row.items()} for row in rows]
