"""Runs: the table of an analysis, stored when it ends, and made a Dataset again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError, UnknownNameError
from spectra.results import accessor
from spectra.results.dataset import from_rows
from spectra.results.variables import VARIABLES
from spectra.stored._declarations import as_json, from_json
from spectra.stored._envelope import (
    BrokenPartError,
    pack,
    packed_value,
    unpack,
    unpacked_value,
)
from spectra.stored._identity import digest
from spectra.stored._parts import Part, names_under

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence

    import xarray as xr

    from spectra._typing import AnyArray
    from spectra.results.dataset import Row
    from spectra.results.variables import Variable
    from spectra.stored._kept import Kept

__all__ = ["RUNS", "Run", "Table", "load_run", "record", "runs"]

RUNS = "runs/"
"""Beginning of the names of runs."""

_KIND = "run"
_FOREIGN = (ValueError, TypeError, KeyError, AttributeError, IndexError)  # of what is not a run
_OUTCOMES = ("not_analysed",)  # attributes that tell what came out, not what was asked for
_DIGITS = 12  # of each of the two digests in the name of a run


@dataclass(frozen=True)
class Run:
    """
    A run of :func:`spectra.analyze` that a store holds.

    Parameters
    ----------
    name : str
        Name in the store.
    model : str
        Name of the model.
    num_layers : int
        Number of layers.
    num_reached : int
        Number of layers that were read, before the run was stopped if it was.
    num_variables : int
        Number of variables that the Dataset has.
    attrs : mapping
        Attributes of the Dataset: options, seed, fingerprint of the model.

    Examples
    --------
    >>> Run("runs/0", "net.onnx", num_layers=3, num_reached=2, num_variables=40, attrs={}).model
    'net.onnx'
    """

    name: str
    model: str
    num_layers: int
    num_reached: int
    num_variables: int
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Arguments of :func:`from_rows`, of which a Dataset is made."""

    rows: Mapping[str, Row]
    always: Iterable[str]
    variables: Iterable[Variable]
    attrs: Mapping[str, Any]
    dim: str = "layer"

    def dataset(self) -> xr.Dataset:
        """Return the Dataset."""
        return from_rows(
            self.rows,
            dim=self.dim,
            always=self.always,
            variables=self.variables,
            attrs=self.attrs,
        )

    def to_header(self, arrays: list[AnyArray]) -> dict[str, Any]:
        """Return the table without eigenvalues as JSON has it; other arrays are appended."""
        used = {*self.always, *(name for row in self.rows.values() for name in row)}
        known = {**VARIABLES, **{v.name: v for v in self.variables}}
        return {
            "rows": [
                [name, {k: packed_value(v, arrays) for k, v in row.items() if k != "eigenvalue"}]
                for name, row in self.rows.items()
            ],
            "always": sorted(self.always),
            "variables": [as_json(v) for v in known.values() if v.name in used],
            "attrs": {name: packed_value(value, arrays) for name, value in self.attrs.items()},
            "dim": self.dim,
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any], arrays: Sequence[AnyArray]) -> Table:
        """Return the table of which this is the header."""
        return cls(
            {
                name: {key: unpacked_value(value, arrays) for key, value in row.items()}
                for name, row in header["rows"]
            },
            header["always"],
            [from_json(variable) for variable in header["variables"]],
            {key: unpacked_value(value, arrays) for key, value in header["attrs"].items()},
            header["dim"],
        )


def record(
    store: MutableMapping[str, bytes],
    layers: Table,
    tensors: Table,
    kept: Mapping[str, Kept],
    /,
    *,
    known_by: Sequence[str],
) -> None:
    """
    Store the run of an analysis, unless one that reached all its layers is there.

    Runs of the same work that were stopped earlier are deleted. It is the same if layers, options,
    and what the results are `known_by` are: version of the method, identities of the measures. One
    with an unknown identity is the same only if its results are.
    """
    contents = [each.content for each in kept.values()]
    arrays: list[AnyArray] = []
    header = {
        "kind": _KIND,
        "contents": contents,
        "parts": [each.name for each in kept.values()],
        "layers": layers.to_header(arrays),
        "tensors": tensors.to_header(arrays),
    }
    data = pack(header, arrays)
    facts = [(name, row["N"], row["M"], row["rf"]) for name, row in layers.rows.items()]
    asked = {name: value for name, value in layers.attrs.items() if name not in _OUTCOMES}
    found = "" if all(known_by) else data
    same = digest(*facts, *sorted(map(ascii, asked.items())), *known_by, found)[:_DIGITS]
    replaced = []
    for name in names_under(store, f"{RUNS}{same}-"):
        try:
            others = _header(store, name)[0]["contents"]
        except _FOREIGN:
            continue
        if _reaches(others, contents) and others != contents:
            return
        if _reaches(contents, others) and others != contents:
            replaced.append(name)
    store[f"{RUNS}{same}-{digest(*contents)[:_DIGITS]}"] = data
    for name in replaced:
        store.pop(name, None)  # another process may have deleted it


def _reaches(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether every layer that others reached was reached too, with the same content."""
    return all(one == other for one, other in zip(some, others, strict=False) if other)


def _header(store: Mapping[str, bytes], name: str) -> tuple[dict[str, Any], list[AnyArray]]:
    header, arrays = unpack(store[name])
    if header.get("kind") != _KIND or len(header.get("contents", ())) != len(header["parts"]):
        msg = "not a run"
        raise BrokenPartError(msg)
    return header, arrays


def runs(store: MutableMapping[str, bytes], /) -> list[Run]:
    """
    List the runs of :func:`spectra.analyze` that a store holds.

    Parameters
    ----------
    store : mapping of str to bytes
        Store that was given to :func:`spectra.analyze`.

    Returns
    -------
    list of Run
        Runs that ended, or were stopped after a layer was done, in the order of their names;
        without those that are damaged.

    See Also
    --------
    load_run : The Dataset of one of them.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> store = {}
    >>> ds = spectra.analyze({"fc": np.eye(3)}, store=store)
    >>> [(run.num_layers, run.num_reached) for run in runs(store)]
    [(1, 1)]
    """
    found = []
    for name in names_under(store, RUNS):
        try:
            header, arrays = _header(store, name)
            table = Table.from_header(header["layers"], arrays)
        except _FOREIGN:
            continue
        reached = sum(map(bool, header["contents"]))
        counts = len(table.rows), reached, len([*table.variables])
        found.append(Run(name, str(table.attrs.get("model", "")), *counts, table.attrs))
    return found


def load_run(
    store: MutableMapping[str, bytes], name: str, /, *, tensors: bool = False
) -> xr.Dataset:
    """
    Return the Dataset of a run as :func:`spectra.analyze` returned it.

    Parameters
    ----------
    store : mapping of str to bytes
        Store that was given to :func:`spectra.analyze`.
    name : str
        Name of a :class:`Run`.
    tensors : bool, default: False
        Whether to return the tensors, as :func:`spectra.describe` does, in place of the layers.

    Returns
    -------
    xarray.Dataset
        Layers or tensors.

    Raises
    ------
    UnknownNameError
        If the store has no such run.
    ModelFormatError
        If the run, or the eigenvalues of one of its layers, are damaged or gone.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> store = {}
    >>> ds = spectra.analyze({"fc": np.eye(3)}, store=store)
    >>> (run,) = runs(store)
    >>> load_run(store, run.name).identical(ds)
    True
    """
    accessor.register()
    if name not in store:
        raise _no_run(store, name)
    try:
        header, arrays = _header(store, name)
        table = Table.from_header(header["tensors" if tensors else "layers"], arrays)
        if not tensors:
            for row, part in zip(table.rows.values(), header["parts"], strict=True):
                row.update(_eigenvalues(store, part) if "scale_exponent" in row else {})
    except _FOREIGN as error:
        msg = f"{name}: a damaged run: {error}; analyze the model again with this store"
        raise ModelFormatError(msg) from error
    return table.dataset()


def _no_run(store: MutableMapping[str, bytes], name: str) -> UnknownNameError:
    there = ", ".join(repr(run.name) for run in runs(store)) or "none"
    return UnknownNameError(f"no run {name!r} in the store; there are: {there}")


def _eigenvalues(store: Mapping[str, bytes], name: str) -> Row:
    """Return the eigenvalues of a layer as a row of results has them."""
    if name not in store:
        msg = f"its part {name} is gone"
        raise BrokenPartError(msg)
    part = Part.from_bytes(store[name])
    return {"eigenvalue": np.sort(part.by_matrix, axis=None)[::-1]}
