"""Save results to a file, whole or not at all, and load them again."""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ArgumentError, ModelFormatError, ModelNotFoundError
from spectra.results import accessor
from spectra.results.dataset import restored
from spectra.results.reading import one_model, records, table
from spectra.results.summary import summary
from spectra.results.triage import triage
from spectra_io.results import csv_tables, stores
from spectra_io.results.recognition import is_result
from spectra_io.storage.outputs import check_writable, written

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    import xarray as xr

__all__ = ["FORMATS", "as_json", "check", "load", "save"]


def _netcdf(ds: xr.Dataset, tensors: xr.Dataset | None) -> bytes:
    buffer = BytesIO()  # h5netcdf may crash if the disk is full
    restored(ds).to_netcdf(buffer, engine="h5netcdf")
    if tensors is None:
        return buffer.getvalue()
    both = BytesIO(buffer.getvalue())
    restored(tensors).to_netcdf(both, engine="h5netcdf", group="tensors", mode="a")
    return both.getvalue()


def _csv(ds: xr.Dataset, tensors: xr.Dataset | None) -> bytes:
    return csv_tables.as_text(ds).encode("utf-8", "backslashreplace")


def _parquet(ds: xr.Dataset, tensors: xr.Dataset | None) -> bytes:
    buffer = BytesIO()
    table(ds).to_parquet(buffer, engine="pyarrow")
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: null for a missing number, text for a date."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float | str | None) else str(value)


def _rows(rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def _summary(ds: xr.Dataset) -> dict[str, Any] | list[dict[str, Any]]:
    """Return the summary of one model, or one per model of several."""
    means = summary(ds)
    if not means.dims:
        return _rows([{str(name): v.item() for name, v in means.data_vars.items()}])[0]
    return _rows(means.to_dataframe().reset_index().to_dict(orient="records"))


def _triage(ds: xr.Dataset) -> dict[str, Any]:
    """Return the verdicts of one model, and the layers to look at first, in the words of flags."""
    found = triage(ds)
    findings = [
        {**one._asdict(), "verdict": _flag(one.verdict), "concern": one.concern.name.lower()}
        for one in found.findings
    ]
    verdicts = {_flag(word): num for word, num in found.verdicts.items()}
    return {
        "verdicts": verdicts,
        "num_near": found.num_near,
        "findings": findings,
        "failures": list(found.failures),
        "not_analysed": found.left_out,
    }


def _flag(words: str) -> str:
    return words.replace(" ", "_").replace("-", "_")


def _triages(ds: xr.Dataset) -> dict[str, Any] | list[dict[str, Any]]:
    """Return the triage of one model, or one per model of several."""
    others = [dim for dim in ds.dims if dim not in {"layer", "mode"}]
    if not others:
        return _triage(ds)
    (dim,) = others
    return [
        {str(dim): _plain(ds[dim].values[i]) if dim in ds.coords else i}
        | _triage(one_model(ds.isel({dim: i})))
        for i in range(ds.sizes[dim])
    ]


def _json(ds: xr.Dataset, tensors: xr.Dataset | None) -> bytes:
    return as_json(ds, tensors)


def as_json(
    ds: xr.Dataset, tensors: xr.Dataset | None = None, /, *, layers: xr.Dataset | None = None
) -> bytes:
    """
    Return results as JSON.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, or several results concatenated.
    tensors : xarray.Dataset, optional
        Result of :func:`spectra.describe`.
    layers : xarray.Dataset, optional
        Layers to list, by default all of `ds`; summary and triage are those of `ds`.

    Returns
    -------
    bytes
        JSON document in ASCII, without ``##`` in any text, as the log of a build would obey it.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> json.loads(as_json(spectra.analyze({"fc": np.eye(3)})))["triage"]["verdicts"]
    {'too_small_to_tell': 1}
    """
    document = {
        "attributes": _rows([ds.attrs])[0],
        "summary": _summary(ds),
        **({"triage": _triages(ds)} if len({*ds.dims} - {"layer", "mode"}) <= 1 else {}),
        "layers": _rows(records(ds if layers is None else layers)),
        **({} if tensors is None else {"tensors": _rows(records(tensors))}),
    }
    text = json.dumps(document, indent=1, allow_nan=False)
    return (text.replace("##", "#\\u0023") + "\n").encode("utf-8")  # "#" stands in texts only


FORMATS: Mapping[str, Callable[[xr.Dataset, xr.Dataset | None], bytes]] = {
    ".nc": _netcdf,
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
}
"""Content of a file of results for each ending of its name."""


def save(
    ds: xr.Dataset, path: str | os.PathLike[str], /, *, tensors: xr.Dataset | None = None
) -> None:
    """
    Save results to a file, whole or not at all.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, or several results concatenated.
    path : path-like
        File to write, in the format of its ending. ``.nc`` (netCDF) keeps everything; ``.json``
        keeps the tables of layers and tensors and the summary; ``.csv`` and ``.parquet`` keep the
        table of the layers. An existing file is replaced if it is empty or a result of this
        library, and keeps its permissions; of a link the file that it leads to.
    tensors : xarray.Dataset, optional
        Result of :func:`spectra.describe`, which netCDF keeps as the group ``tensors``.

    Raises
    ------
    ArgumentError
        If :func:`~spectra_io.results.files.check` rejects the file.
    OSError
        If writing the file fails.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "result.nc"
    >>> save(spectra.analyze({"fc": np.eye(4)}), path)
    >>> load(path).norm.sel(layer="fc").item()
    4.0
    """
    import xarray as xr

    where = Path(path)
    check(where)
    for what, given in (("ds", ds), ("tensors", tensors)):
        if not isinstance(given, xr.Dataset | None) or (given is None and what == "ds"):
            msg = f"`{what}` must be a Dataset with results, got {type(given).__name__}"
            raise ArgumentError(msg)
    content = FORMATS[where.suffix.lower()](ds, tensors)
    with written(where) as partial:
        partial.write_bytes(content)


def check(path: Path, /) -> None:
    """
    Check that results can be saved to a file, before the analysis.

    Parameters
    ----------
    path : Path
        File to write.

    Raises
    ------
    ArgumentError
        If the ending is not one of :data:`FORMATS`, its library is not installed, the file cannot
        be written, or it exists and is not a result of this library.

    Examples
    --------
    >>> check(Path("a.txt"))
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: a.txt: its name must end in .nc, .csv, .json or .parquet
    """
    check_writable(path, FORMATS, is_ours=is_result)
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        msg = f"{path}: .parquet needs pyarrow; pip install pyarrow"
        raise ArgumentError(msg)


def load(path: str | os.PathLike[str], /, *, group: str | None = None) -> xr.Dataset:
    """
    Load a Dataset from a netCDF or CSV file that :func:`save` wrote, or from a store.

    Parameters
    ----------
    path : path-like
        File with the ending ``.nc``, which has everything, or ``.csv``, which has the table of the
        layers without eigenvalues and attributes. Or the folder of a store that holds one run; of
        several runs the file of one, in the folder ``runs`` of the store.
    group : str, optional
        Group of a netCDF file or of a run to load: ``"tensors"`` for the tensors; by default the
        layers.

    Returns
    -------
    xarray.Dataset
        Saved Dataset, in memory.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    ModelFormatError
        If the file is not a result in one of these formats, or has no such group; if a store holds
        no run, or several.

    Examples
    --------
    >>> load("nowhere.nc")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: nowhere.nc: no such file
    """
    import xarray as xr

    accessor.register()
    where = Path(path)
    if stores.holds_runs(where):
        if group not in (None, "tensors"):
            msg = f"{where}: a run has the group 'tensors' only, got {group!r}"
            raise ModelFormatError(msg)
        return stores.load(where, tensors=group is not None)
    if not where.is_file():
        msg = f"{where}: no such file"
        raise ModelNotFoundError(msg)
    if where.suffix.lower() == ".csv":
        if group is not None:
            msg = f"{where}: has no group {group!r}: a table of layers has no groups, .nc has"
            raise ModelFormatError(msg)
        return csv_tables.read(where)
    try:
        return restored(xr.load_dataset(where, engine="h5netcdf", group=group))
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        if "group not found" in str(error):
            msg = f"{where}: has no group {group!r}: it was saved without tensors="
        else:
            words = "only .nc and .csv are loaded"
            msg = f"{where}: not a netCDF file that this library wrote: {error}; {words}"
        raise ModelFormatError(msg) from error
