"""Build Datasets from rows of results, and read them back as labels, tables and records."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from spectra.errors import ArgumentError, unknown_name
from spectra.results.variables import VARIABLES, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from spectra._typing import AnyArray

__all__ = [
    "Row",
    "from_rows",
    "labels",
    "one_model",
    "present",
    "records",
    "restored",
    "select",
    "table",
]

Row = dict[str, Any]
"""Results of one layer, or properties of one tensor, by variable name."""

_MODES = ("mode",)
_MISSING: dict[str, Any] = {"float": np.nan, "int": -1, "str": "", "flag": 0}
_DTYPE: dict[str, Any] = {"float": np.float64, "int": np.int64, "str": np.str_, "flag": np.int8}


def _shown(text: str) -> str:
    """Return a text with null characters escaped, which would end a numpy or netCDF string."""
    return text.replace("\0", "\\x00")


def _column(variable: Variable, rows: Sequence[Row], modes: int) -> AnyArray:
    missing, dtype = _MISSING[variable.kind], _DTYPE[variable.kind]
    values = [row.get(variable.name, missing) for row in rows]
    if variable.kind == "str":
        values = [_shown(value) for value in values]
    if variable.dims[1:] != _MODES:
        return np.array(values, dtype=dtype)
    padded = np.full((len(rows), modes), np.nan)
    for out, value in zip(padded, values, strict=True):
        out[: np.size(value)] = value
    return padded


def _most_modes(names: Iterable[str], rows: Sequence[Row]) -> int:
    """Return the length of the longest array of any variable."""
    return max((np.size(row[name]) for name in names for row in rows if name in row), default=0)


def _declared(names: Iterable[str], variables: Mapping[str, Variable]) -> list[Variable]:
    """Return the declarations of `names`, in the order of declaration."""
    wanted = set(names)
    for name in sorted(wanted - set(variables)):
        raise unknown_name(name, variables, what="variable")
    return [v for v in variables.values() if v.name in wanted]


def _coordinates(dim: str, names: Iterable[str], modes: int) -> dict[str, Any]:
    """Return the labels, the depth of layers and, if not negative, the numbers 1 to `modes`."""
    shown = [_shown(name) for name in names]
    coords: dict[str, Any] = {dim: np.array(shown, dtype=np.str_)}
    if dim == "layer":
        depth = {"long_name": "depth of the layer"}
        coords["depth"] = (dim, np.arange(1, len(shown) + 1), depth)
    if modes >= 0:
        number = {"long_name": "number of the eigenvalue, 1 the largest"}
        coords["mode"] = ("mode", np.arange(1, modes + 1), number)
    return coords


def from_rows(
    rows: Mapping[str, Row],
    /,
    *,
    dim: str = "layer",
    always: Iterable[str] = (),
    variables: Iterable[Variable] = (),
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """
    Build a Dataset from rows, each variable with its declared dimensions, type and attributes.

    Parameters
    ----------
    rows : mapping of str to dict
        Values by variable name, for each label. A value that a row lacks is filled with ``nan``,
        -1, the empty string or code 0, by the type of the variable.
    dim : str, default: "layer"
        Dimension of the labels.
    always : iterable of str, optional
        Variables to include even if no row has them.
    variables : iterable of Variable, optional
        Further declarations, beside :data:`~spectra.results.variables.VARIABLES`.
    attrs : mapping, optional
        Attributes of the whole Dataset.

    Returns
    -------
    xarray.Dataset
        Dataset with the dimension `dim`, and the dimension ``mode`` (1 = largest) where a value is
        an array; layers have the coordinate ``depth`` (1 = first).

    Raises
    ------
    UnknownNameError
        If a row holds a name that no variable declares.
    ArgumentError
        If a variable is declared for another dimension.

    Examples
    --------
    >>> ds = from_rows({"fc1": {"alpha": 2.5}, "fc2": {}})
    >>> ds.alpha.values, ds.alpha.attrs["long_name"]
    (array([2.5, nan]), 'power-law exponent of the tail')
    """
    known = {**VARIABLES, **{v.name: v for v in variables}}
    values = list(rows.values())
    declared = _declared({*always, *(name for row in values for name in row)}, known)
    for v in declared:
        if v.dims[:1] != (dim,):
            msg = f"variable {v.name!r} has dimensions {v.dims}, so a {dim} cannot have it"
            raise ArgumentError(msg)
    arrays = [v.name for v in declared if v.dims[1:] == _MODES]
    modes = _most_modes(arrays, values)
    return xr.Dataset(
        {v.name: (v.dims, _column(v, values, modes), v.attrs) for v in declared},
        coords=_coordinates(dim, rows, modes if arrays else -1),
        attrs=dict(attrs or {}),
    )


def restored(ds: xr.Dataset, /) -> xr.Dataset:
    """
    Restore texts, codes and counts of a Dataset that was concatenated, reindexed or loaded.

    xarray fills the missing values of one of several models with ``nan``, which turns texts into
    objects, and codes and counts into floats.

    Parameters
    ----------
    ds : xarray.Dataset
        Results, combined in any way.

    Returns
    -------
    xarray.Dataset
        The same Dataset with empty strings for ``nan`` in texts; codes and counts without ``nan``
        are integers again, those with ``nan`` stay as they are.

    Examples
    --------
    >>> import xarray as xr
    >>> parts = [from_rows({name: {"verdict": 2, "layer_type": "dense"}}) for name in "ab"]
    >>> ds = xr.concat(parts, "model", join="outer")
    >>> restored(ds).layer_type.values.tolist(), restored(ds).verdict.values.tolist()
    ([['dense', ''], ['', 'dense']], [[2.0, nan], [nan, 2.0]])
    >>> restored(ds.isel(model=0, layer=[0])).verdict.dtype
    dtype('int8')
    """
    changed = {}
    for name, array in ds.variables.items():
        whole = array.dtype.kind == "f" and np.isfinite(array.values).all()
        if array.dtype == object and all(isinstance(v, str) or v != v for v in array.values.flat):
            texts = ["" if value != value else value for value in array.values.flat]
            changed[name] = array.copy(data=np.array(texts, np.str_).reshape(array.shape))
        elif whole and (dtype := _whole_dtype(str(name), array)):
            changed[name] = array.copy(data=array.values.astype(dtype))
    return ds.assign({k: v for k, v in changed.items() if k not in ds.coords}).assign_coords(
        {k: v for k, v in changed.items() if k in ds.coords}
    )


def _whole_dtype(name: str, array: xr.Variable) -> Any:
    """Return the type of a code or a count, None for other variables."""
    if "flag_values" in array.attrs:
        return np.int8
    declared = name == "depth" or (name in VARIABLES and VARIABLES[name].kind == "int")
    return np.int64 if declared else None


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
    >>> ds = from_rows({"fc1": {"verdict": 2}})
    >>> labels(ds.verdict).item()
    'well_trained'
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
    >>> import xarray as xr
    >>> parts = [from_rows({name: {"alpha": 2.5}}) for name in ("fc1", "fc2")]
    >>> both = xr.concat(parts, "model", join="outer")
    >>> one_model(both.isel(model=1)).layer.values.tolist()
    ['fc2']
    """
    _check_results(ds, "layer")
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


def _check_results(ds: object, dim: str) -> None:
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
    >>> import xarray as xr
    >>> parts = [from_rows({name: {"alpha": 2.0}}) for name in "ab"]
    >>> present(xr.concat(parts, "model", join="outer")).values.tolist()
    [[True, False], [False, True]]
    """
    flat = restored(ds.drop_dims("mode", errors="ignore"))
    facts = [v for v in flat.data_vars.values() if dim in v.dims]
    said = [v != "" if v.dtype.kind == "U" else v.notnull() for v in facts if not _is_flag(v)]
    coded = [v.notnull() & (v != 0) for v in facts if _is_flag(v)]
    return reduce(or_, [*said, *coded]) if facts else xr.ones_like(flat[dim], dtype=bool)


def _is_flag(array: xr.DataArray) -> bool:
    return "flag_values" in array.attrs


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
        If there is no such layer; the message gives the nearest names.

    Examples
    --------
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
    >>> table(from_rows({"fc1": {"alpha": 2.5, "verdict": 2}})).loc["fc1"].to_dict()
    {'depth': 1, 'alpha': 2.5, 'verdict': 'well_trained'}
    """
    dim = "tensor" if "tensor" in getattr(ds, "dims", ()) else "layer"
    _check_results(ds, dim)
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
    whole = [n for n in kept if _whole_dtype(str(n), xr.Variable((), 0)) is not None]
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
    >>> records(from_rows({"fc1": {"alpha": 2.5}}))
    [{'layer': 'fc1', 'depth': 1, 'alpha': 2.5}]
    """
    rows = table(ds).reset_index().to_dict(orient="records")
    return [{str(key): value for key, value in row.items()} for row in rows]
