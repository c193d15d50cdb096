"""Read Datasets of results: words for codes, tables, and the layers of one model of several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError, unknown_name
from spectra.results.dataset import restored, whole_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr

    from spectra.results.dataset import Row

__all__ = ["in_words", "labels", "one_model", "present", "records", "select", "table"]


def labels(flag: xr.DataArray, /) -> xr.DataArray:
    """
    Replace the codes of a flag variable by their meanings.

    Parameters
    ----------
    flag : xarray.DataArray of int
        Flag variable, with the attributes ``flag_values`` and ``flag_meanings``.

    Returns
    -------
    xarray.DataArray of str
        Meanings, in the same shape; empty where a layer is missing from one of several models.

    Raises
    ------
    ArgumentError
        If `flag` lacks these attributes, or has a code that is not in its ``flag_values``.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> ds = from_rows({"fc1": {"verdict": 3}})
    >>> labels(ds.verdict).item()
    'like_noise'
    """
    attrs = getattr(flag, "attrs", {})
    if not {"flag_values", "flag_meanings"} <= set(attrs):
        msg = f"`flag` must have flag_values and flag_meanings, got attributes {list(attrs)}"
        raise ArgumentError(msg)
    codes = np.atleast_1d(flag.attrs["flag_values"])
    words = dict(zip(codes.tolist(), flag.attrs["flag_meanings"].split(), strict=True))
    values = flag.values.ravel().tolist()
    unknown = [code for code in values if code == code and code not in words]
    if unknown:
        msg = f"`flag` has the code {unknown[0]!r}, its flag_values are {codes.tolist()}"
        raise ArgumentError(msg)
    named = np.array(["" if code != code else words[code] for code in values], dtype=np.str_)
    return flag.copy(data=named.reshape(flag.shape)).drop_attrs()


def in_words(flag: str, /) -> str:
    """
    Return the meaning of a flag as people write it.

    Parameters
    ----------
    flag : str
        Meaning, as of :func:`labels`.

    Returns
    -------
    str
        Words apart; "-" for a flag that says that there is none.

    Examples
    --------
    >>> in_words("heavy_tailed"), in_words("like_noise"), in_words("not_fitted")
    ('heavy-tailed', 'like noise', '-')
    """
    if flag in {"", "none", "not_fitted", "not_judged"}:
        return "-"
    return re.sub("_(tailed|trained)", r"-\1", flag).replace("_", " ")


def one_model(ds: xr.Dataset, /) -> xr.Dataset:
    """
    Return the results of one model with its own layers, in its own order.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, or one of several results that were concatenated, which
        has rows for the layers of the others too.

    Returns
    -------
    xarray.Dataset
        The same Dataset by depth, without the rows of other models.

    Raises
    ------
    ArgumentError
        If `ds` is not a Dataset, or has a dimension besides ``layer`` and ``mode``.
    UnknownNameError
        If `ds` has no dimension ``layer``.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> import xarray as xr
    >>> parts = [from_rows({name: {"alpha": 2.5}}) for name in ("fc1", "fc2")]
    >>> both = xr.concat(parts, "model", join="outer")
    >>> one_model(both.isel(model=1)).layer.values.tolist()
    ['fc2']
    """
    _check(ds, "layer")
    others = [str(dim) for dim in ds.dims if dim not in {"layer", "mode"}]
    if others:
        msg = (
            f"the Dataset holds several results along {others[0]!r}: "
            f"choose one with ds.isel({others[0]}=0)"
        )
        raise ArgumentError(msg)
    there = present(ds).values
    own = ds if there.all() else restored(ds.isel(layer=np.flatnonzero(there)))
    in_order = "depth" not in own.coords or (np.diff(own.depth.values) > 0).all()
    return own if in_order else own.sortby("depth")


def _check(ds: object, dim: str) -> None:
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        msg = (
            "`ds` must be a Dataset, the result of spectra.analyze or spectra.describe, "
            f"got {type(ds).__name__}"
        )
        raise ArgumentError(msg)
    if dim not in ds.dims:
        raise unknown_name(dim, map(str, ds.dims), what="dimension")


def present(ds: xr.Dataset, /, *, dim: str = "layer") -> xr.DataArray:
    """
    Return whether each of several models has each layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of one model, which has all layers, or of several.
    dim : str, default: "layer"
        Dimension of the labels.

    Returns
    -------
    xarray.DataArray of bool
        True where any variable has a number, a text or a code other than 0.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> import xarray as xr
    >>> parts = [from_rows({name: {"alpha": 2.0}}) for name in "ab"]
    >>> present(xr.concat(parts, "model", join="outer")).values.tolist()
    [[True, False], [False, True]]
    """
    import xarray as xr

    flat = ds.drop_dims("mode", errors="ignore")
    coords = restored(flat.drop_vars(flat.data_vars)).coords
    facts = [v for name, v in flat.variables.items() if name not in coords and dim in v.dims]
    if not facts:
        return xr.ones_like(coords[dim], dtype=bool)
    there = _any_said(facts)
    return xr.DataArray(there, {n: c for n, c in coords.items() if {*c.dims} <= {*there.dims}})


def _any_said(facts: Sequence[xr.Variable]) -> xr.Variable:
    """Return where any variable says something; the rest is not looked at once all are there."""
    dims = {dim for fact in facts for dim in fact.dims}
    there = _is_said(facts[0])
    for fact in facts[1:]:  # variables are not aligned, which takes long
        if {*there.dims} == dims and there.values.all():
            break
        there = there | _is_said(fact)
    return there


def _is_said(array: xr.Variable) -> xr.Variable:
    known: xr.Variable = array.notnull()
    if "flag_values" in array.attrs:
        known = known & (array != 0)
    elif array.dtype.kind in "UO":
        known = known & (array != "")
    return known


def select(ds: xr.Dataset, layer: str, /) -> xr.Dataset:
    """
    Return the results of one layer by its name.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    layer : str
        Name of the layer.

    Returns
    -------
    xarray.Dataset
        Variables of that layer, without the dimension ``layer``.

    Raises
    ------
    UnknownNameError
        If the Dataset has no layer of that name; the message gives the nearest names.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> select(from_rows({"fc1": {"alpha": 2.5}}), "fc1").alpha.item()
    2.5
    """
    if layer not in ds.indexes["layer"]:
        raise unknown_name(layer, map(str, ds.layer.values), what="layer")
    return ds.sel(layer=layer)


def table(ds: xr.Dataset, /) -> pd.DataFrame:
    """
    Convert results to a table of one row per layer (or tensor), with flags in words.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` or :func:`spectra.describe`. Results concatenated along
        another dimension, such as ``model``, give one row per pair of model and layer.

    Returns
    -------
    pandas.DataFrame
        Table of one column per variable that is not an array. A layer that a model lacks has no
        row.

    Raises
    ------
    ArgumentError
        If `ds` is not a Dataset.
    UnknownNameError
        If `ds` has neither a dimension ``layer`` nor ``tensor``.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> table(from_rows({"fc1": {"alpha": 2.5, "verdict": 3}})).loc["fc1"].to_dict()
    {'depth': 1, 'verdict': 'like_noise', 'alpha': 2.5}
    """
    import xarray as xr

    dim = "tensor" if "tensor" in getattr(ds, "dims", ()) else "layer"
    _check(ds, dim)
    flat = ds.drop_dims("mode", errors="ignore")
    others = [str(name) for name in flat.dims if name != dim]
    given = flat[[name for name, v in flat.data_vars.items() if dim in v.dims]]
    words = restored(given)
    words = words.assign(
        {name: labels(v) for name, v in words.data_vars.items() if "flag_values" in v.attrs}
    )
    frame = words.to_dataframe(dim_order=[*others, dim])
    frame = frame[sorted(frame, key=lambda name: name not in ds.coords)]  # depth first
    there = present(given, dim=dim).broadcast_like(words).transpose(*others, dim).values.ravel()
    if there.all() and not others:
        return frame
    if "depth" in frame:  # an outer join sorts the layers by name
        model = np.arange(len(frame)) // max(1, flat.sizes[dim])
        order = np.lexsort((frame["depth"], model))
        frame, there = frame.iloc[order], there[order]
    kept = frame[there]
    whole = [n for n in kept if whole_dtype(str(n), xr.Variable((), 0)) is not None]
    return kept.astype(dict.fromkeys(whole, np.int64))


def records(ds: xr.Dataset, /) -> list[Row]:
    """
    Convert results to a list of dicts, the rows of :func:`table`.

    Parameters
    ----------
    ds : xarray.Dataset
        Results, as in :func:`table`.

    Returns
    -------
    list of dict
        One dict per row, with the labels first.

    Raises
    ------
    ArgumentError
        If `ds` is not a Dataset.
    UnknownNameError
        If `ds` has neither a dimension ``layer`` nor ``tensor``.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> records(from_rows({"fc1": {"alpha": 2.5}}))
    [{'layer': 'fc1', 'depth': 1, 'alpha': 2.5}]
    """
    frame = table(ds).reset_index()
    names = [str(name) for name in frame]
    columns = [frame[name].tolist() for name in frame]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
