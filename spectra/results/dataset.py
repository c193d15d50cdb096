"""Build Datasets from rows of results, and read them back as labels, tables and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ArgumentError, unknown_name
from spectra.results.variables import VARIABLES, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

    from spectra._typing import AnyArray

__all__ = ["Row", "from_rows", "restored", "whole_dtype"]

Row = dict[str, Any]
"""Results of one layer, or properties of one tensor, by variable name."""

_MODES = ("mode",)
_MOST = 1 << 25  # characters of a column of texts: 128 MB
_MISSING: dict[str, Any] = {"float": np.nan, "int": -1, "str": "", "flag": 0}
_DTYPE: dict[str, Any] = {"float": np.float64, "int": np.int64, "str": np.str_, "flag": np.int8}


def _shown(text: str) -> str:
    """Return a text with null characters escaped, which would end a numpy or netCDF string."""
    return text.replace("\0", "\\x00")


def _texts(texts: Sequence[str]) -> AnyArray:
    """Return texts as numpy keeps them, all as long as the longest, if there is room for that."""
    longest = max(map(len, texts), default=0)
    return np.array(texts, dtype=np.str_ if len(texts) * longest <= _MOST else object)


def _column(variable: Variable, rows: Sequence[Row], modes: int) -> AnyArray:
    missing, dtype = _MISSING[variable.kind], _DTYPE[variable.kind]
    values = [row.get(variable.name, missing) for row in rows]
    if variable.kind == "str":
        return _texts([_shown(value) for value in values])
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
    labels = _texts([_shown(name) for name in names])
    coords: dict[str, Any] = {dim: labels}
    if dim == "layer":
        depth = {"long_name": "depth of the layer"}
        coords["depth"] = (dim, np.arange(1, len(labels) + 1), depth)
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
        -1, the empty string or code 0, by the type of the variable. Texts are kept as objects if a
        column of them would take more than 128 MB as numpy pads them.
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
    import xarray as xr

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
            changed[name] = array.copy(data=_texts(texts).reshape(array.shape))
        elif whole and (dtype := whole_dtype(str(name), array)):
            changed[name] = array.copy(data=array.values.astype(dtype))
    return ds.assign({k: v for k, v in changed.items() if k not in ds.coords}).assign_coords(
        {k: v for k, v in changed.items() if k in ds.coords}
    )


def whole_dtype(name: str, array: xr.Variable, /) -> Any:
    """
    Return the integer type of a code or a count.

    Parameters
    ----------
    name : str
        Name of the variable.
    array : xarray.Variable
        The variable.

    Returns
    -------
    type or None
        None for variables of other kinds.

    Examples
    --------
    >>> import xarray as xr
    >>> whole_dtype("depth", xr.Variable((), 0.0))
    <class 'numpy.int64'>
    """
    if "flag_values" in array.attrs:
        return np.int8
    declared = name == "depth" or (name in VARIABLES and VARIABLES[name].kind == "int")
    return np.int64 if declared else None
