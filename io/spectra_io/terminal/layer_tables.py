"""Lay out the layers of an analysis: the table by groups of columns, and what to look at first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import unknown_name
from spectra.results.reading import records
from spectra.results.variables import VARIABLES, Status
from spectra.results.verdicts import Verdict
from spectra_io.terminal.cells import cells
from spectra_io.terminal.column_groups import columns_of, named
from spectra_io.terminal.columns import Column, TextTable, laid_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from spectra.results.triage import Finding

__all__ = ["SHOWN", "VERDICTS", "arranged", "finding_table", "layer_table", "rest_line"]

VERDICTS = {
    word.name.lower().replace("_", "-"): word.name.lower() for word in Verdict if word.value
}
"""Verdicts as an option names them: "like-noise"."""

_NOT_REACHED = Status.NOT_REACHED.name.lower()  # the work was stopped before these layers

SHOWN = 10
"""Findings that are listed."""


def layer_table(
    ds: xr.Dataset, /, *, groups: Sequence[str] = ("main",), sort: str | None = None
) -> TextTable:
    """
    Lay out the results of an analysis as a table of one row per layer that was reached.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    groups : sequence of str, default: ("main",)
        Groups of columns and names of variables; a column of a group that `ds` lacks is left out.
    sort : str, optional
        Variable that the layers are sorted by, which has a column too.

    Returns
    -------
    TextTable
        Table with the columns of :func:`spectra_io.terminal.column_groups.columns_of`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> sheet = layer_table(spectra.analyze({"fc": 2 * np.eye(3)}))
    >>> sheet.rows[0][:2]
    ['fc', 'too small to tell']
    """
    rows = [row for row in records(ds) if row["status"] != _NOT_REACHED]
    pooled, measured = any(row["rf"] > 1 for row in rows), "alpha_low" in ds
    asked = named(groups, sort=sort)
    known = {"layer", "verdict", *asked, *map(str, ds.data_vars)}
    every = columns_of(groups, sort=sort)
    columns = [_headed(found, ds) for found in every if found.name in known]
    missing: dict[str, Any] = {found.name: math.nan for found in columns}
    entries = (cells(row, pooled=pooled, measured=measured, asked=asked) for row in rows)
    shown = [{**missing, **each} for each in entries]
    return laid_out(columns, shown)


def _headed(found: Column, ds: xr.Dataset) -> Column:
    """Return a column, that of the interval with its confidence as the head."""
    if found.name != "alpha_low" or "interval_confidence" not in ds:
        return found
    known = ds.interval_confidence.values[ds.interval_confidence.values > 0]
    return found._replace(head=f"{100 * (known.max() if len(known) else 0.9):g} %")


def arranged(
    ds: xr.Dataset,
    /,
    *,
    sort: str | None = None,
    only: Sequence[str] = (),
    top: int | None = None,
) -> xr.Dataset:
    """
    Return the layers of an analysis that are asked for, in the order that is asked for.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.
    sort : str, optional
        Variable to sort by, with a minus in front for the largest first; missing values are last.
        A variable that no layer of `ds` has leaves the order as it is.
    only : sequence of str, optional
        Verdicts, as keys of :data:`VERDICTS`.
    top : int, optional
        Number of layers.

    Returns
    -------
    xarray.Dataset
        These layers.

    Raises
    ------
    UnknownNameError
        If there is no such variable.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> ds = from_rows({"a": {"alpha": 3.0}, "b": {}, "c": {"alpha": 5.0}})
    >>> arranged(ds, sort="-alpha", top=2).layer.values.tolist()
    ['c', 'a']
    """
    if only and "verdict" in ds:
        words = {VERDICTS[word] for word in only}
        codes = [word.value for word in Verdict if word.name.lower() in words]
        ds = ds.isel(layer=np.flatnonzero(ds.verdict.isin(codes).values))
    if sort:
        ds = ds.isel(layer=_order(ds, sort))
    return ds.isel(layer=slice(top))


def _order(ds: xr.Dataset, sort: str) -> list[int]:
    name, last_first = sort.removeprefix("-"), sort.startswith("-")
    known = ["layer", "depth", *(str(n) for n, v in ds.data_vars.items() if v.dims == ("layer",))]
    if name not in known:
        if name in VARIABLES:  # of no layer here
            return list(range(ds.sizes["layer"]))
        raise unknown_name(name, known, what="variable to sort by")
    values = ds[name].values
    missing = values != values
    ranks = np.unique(values, return_inverse=True)[1]
    order = np.lexsort((np.arange(len(values)), -ranks if last_first else ranks, missing))
    return [int(i) for i in order]


def finding_table(found: Sequence[Finding], /) -> TextTable:
    """
    Lay out the layers to look at first.

    Parameters
    ----------
    found : sequence of Finding
        Result of :func:`spectra.results.triage.findings`.

    Returns
    -------
    TextTable
        The first ten; :func:`rest_line` has the number of the others.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.results.triage import findings
    >>> found = findings(spectra.analyze({"fc": np.zeros((4, 3))}))
    >>> list(finding_table(found).lines())
    ['look at these first  verdict  why', 'fc                   broken   all weights are zero']
    """
    heads = ("look at these first", "verdict", "why")
    drop = {"verdict": 1}
    columns = tuple(Column(head, head, left=True, expendable=drop.get(head, 0)) for head in heads)
    shown = [(one.layer, one.verdict, one.reason) for one in found[:SHOWN]]
    return laid_out(columns, [dict(zip(heads, one, strict=True)) for one in shown])


def rest_line(found: Sequence[Finding], /) -> str:
    """
    Say how many layers to look at first are not listed, and what lists them.

    Parameters
    ----------
    found : sequence of Finding
        Result of :func:`spectra.results.triage.findings`.

    Returns
    -------
    str
        Line of text; empty if all are listed.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.results.triage import findings
    >>> rest_line(findings(spectra.analyze({f"fc{i}": np.zeros((4, 3)) for i in range(12)})))
    'and 2 more layers to look at first (--format json lists all)'
    """
    rest = len(found) - SHOWN
    noun = "layer" if rest == 1 else "layers"
    return f"and {rest} more {noun} to look at first (--format json lists all)" if rest > 0 else ""
