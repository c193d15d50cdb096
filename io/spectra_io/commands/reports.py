"""Print the results of an analysis in the format that is asked for, and write the files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spectra.errors import SpectraError
from spectra.results import scale_collapse
from spectra.results.lacking import lacking_lines
from spectra.results.left_out import left_out_line
from spectra.results.triage import triage
from spectra_io.commands import steps, stops
from spectra_io.results import csv_tables, files
from spectra_io.terminal import column_groups, layer_tables, markdown, screen, summaries
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from spectra_io.terminal.markdown import Part

__all__ = ["View", "check_measured", "chosen", "finish", "parts"]

_STDOUT = Path("-")


@dataclass(frozen=True)
class View:
    """
    Choice of what is printed of an analysis.

    Parameters
    ----------
    groups : sequence of str
        Groups of columns, and names of variables.
    sort : str, optional
        Variable to sort by.
    only : sequence of str, optional
        Verdicts of the layers to print.
    top : int, optional
        Number of layers to print.
    form : {"text", "json", "csv", "md"}, default: "text"
        Format.

    Examples
    --------
    >>> View(["main"]).form
    'text'
    """

    groups: Sequence[str]
    sort: str | None = None
    only: Sequence[str] = ()
    top: int | None = None
    form: str = "text"

    @property
    def variables(self) -> list[str]:
        """Variables that are named: those of columns, and the one to sort by."""
        return column_groups.named(self.groups, sort=self.sort)

    @property
    def has_noise(self) -> bool:
        """Whether the columns on noise are printed."""
        return column_groups.has_noise(self.groups)


def chosen(outputs: Sequence[Path], /, **view: Any) -> tuple[View, list[Path]]:
    """
    Return the choice of what is printed, and the files to write, once they can be written.

    Parameters
    ----------
    outputs : sequence of Path
        Files to write; "-" is standard output, in the format csv if none is given.
    **view
        Options of a :class:`View`.

    Returns
    -------
    view : View
        Choice of what is printed.
    outputs : list of Path
        Files to write.

    Raises
    ------
    ArgumentError
        If a file cannot be written.
    UnknownNameError
        If `sort` or a column names no variable, and no group of columns.

    Examples
    --------
    >>> chosen([Path("-")], groups=["main"])[0].form
    'csv'
    """
    found = View(**view)
    column_groups.check_columns(found.groups)
    if found.sort:
        column_groups.check_sort(found.sort)
    if _STDOUT in outputs and found.form == "text":
        found = replace(found, form="csv")
    files_only = [output for output in outputs if output != _STDOUT]
    steps.check_outputs(files_only)
    return found, files_only


def check_measured(paths: Sequence[str], results: Sequence[xr.Dataset], view: View, /) -> None:
    """
    Check that the results of stored runs have what is to be printed.

    Parameters
    ----------
    paths : sequence of str
        Stores, or runs in them.
    results : sequence of xarray.Dataset
        Results of :func:`spectra.analyze` that were loaded from these.
    view : View
        Choice of what is printed. Of the groups "main" and "all" what there is.

    Raises
    ------
    ArgumentError
        If a variable was not measured: the message has the command that measures it.

    Examples
    --------
    >>> import spectra
    >>> check_measured(["a.store"], [spectra.analyze({})], View(["main"]))
    """
    wanted = column_groups.measured_in([word for word in view.groups if word != "main"])
    wanted += [name for name in view.variables if name not in (*wanted, *scale_collapse.NAMES)]
    for path, ds in zip(paths, results, strict=True):
        if lacking := [name for name in wanted if name not in ds and name not in ds.coords]:
            steps.refuse_lacking(path, lacking)


def parts(ds: xr.Dataset, view: View, /) -> list[Part]:
    """
    Return what is printed of one model: texts and tables.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    view : View
        Choice of rows and columns.

    Returns
    -------
    list of str or TextTable
        The sentence of the verdicts, the layers to look at first, the table, averages and counts;
        without what is empty.

    Raises
    ------
    UnknownNameError
        If there is no variable to sort by.

    Examples
    --------
    >>> import spectra
    >>> parts(spectra.analyze({}), View(["main"]))
    ['0 layers']
    """
    table = layer_tables.layer_table(_arranged(ds, view), groups=view.groups, sort=view.sort)
    seen = triage(ds)
    found = layer_tables.finding_table(seen.findings)
    lines = [_no_layer(view)] if view.only and not table.rows else []
    lines += [summaries.averages_line(ds), summaries.claims_line(ds)]
    every: list[Part] = [seen.sentence]
    every += [found] if found.rows else []
    every += [rest] if (rest := layer_tables.rest_line(seen.findings)) else []
    every += [table] if table.rows else []
    below = "\n".join(line for line in lines if line)
    return [*every, below] if below else every


def _no_layer(view: View) -> str:
    """Say that no layer has one of the verdicts that are asked for."""
    words = " or ".join(word.replace("-", " ") for word in view.only)
    looked = view.has_noise or "trapped" not in view.only
    hint = "" if looked else "; spectra noise, or --columns noise, looks for traps"
    return f"no layer is {words}{hint}"


def _arranged(ds: xr.Dataset, view: View) -> xr.Dataset:
    return layer_tables.arranged(ds, sort=view.sort, only=view.only, top=view.top)


def finish(
    paths: Sequence[str],
    tensors: Sequence[xr.Dataset],
    results: Sequence[xr.Dataset],
    outputs: Sequence[Path],
    /,
    *,
    view: View,
) -> int:
    """
    Print the results of one or more models and what was left out, and write the files.

    Parameters
    ----------
    paths : sequence of str
        Paths of the models, as headings of several.
    tensors, results : sequence of xarray.Dataset
        Results of :func:`spectra.describe` and :func:`spectra.analyze` for each model.
    outputs : sequence of Path
        Files to write, also if nothing can be printed.
    view : View
        Choice of what is printed.

    Returns
    -------
    int
        Largest :func:`spectra_io.commands.steps.exit_code` of the models.

    Raises
    ------
    click.ClickException
        If a file could not be written, or nothing could be printed.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> model = {"fc": np.zeros((4, 3))}
    >>> found = [spectra.describe(model)], [spectra.analyze(model)]
    >>> code = finish(["a"], *found, [], view=View(["main"]))
    1 layer: 1 broken
    <BLANKLINE>
    look at these first  verdict  why
    fc                   broken   all weights are zero
    <BLANKLINE>
    layer  verdict           N  M  alpha  D  tail
    fc     broken: all zero  4  3      -  -     -
    >>> code
    3
    """
    several = len(paths) > 1
    names = [shown(path) for path in paths[: len(results)]]  # the work may have been stopped
    tensors = tensors[: len(results)]
    if view.has_noise or {*view.variables} & {*scale_collapse.NAMES}:
        results = [_with_collapse(ds) for ds in results]
    is_seen, problems = _show(names, results, tensors, view, several)
    for name, described, ds in zip(names, tensors, results, strict=True):
        for line in (left_out_line(described, ds), *lacking_lines(ds)):
            if line:
                screen.note(f"{name}: {line}" if several else line, fold=True)
    whole = _together(names, results, several), _together(names, tensors, several)
    problems += (unwritten := steps.write(*whole, outputs))
    if unwritten and is_seen and len(unwritten) == len(outputs):
        problems.append("the results are only in the table above")
    for path in paths[len(results) :]:
        screen.note(f"not begun: {shown(path)}")
    if line := stops.stopped(results[-1], len(outputs) - len(unwritten)):
        screen.note(f"{line} (of {names[-1]})" if several else line, fold=True)
    if problems:
        raise click.ClickException("; ".join(problems))
    return max(map(steps.exit_code, results, tensors))


def _show(
    names: Sequence[str],
    results: Sequence[xr.Dataset],
    tensors: Sequence[xr.Dataset],
    view: View,
    several: bool,
) -> tuple[bool, list[str]]:
    """Print the results, and return whether they were printed, or the reason why not."""
    try:
        return screen.show(_printed(names, results, tensors, view, several)), []
    except SpectraError as error:
        return False, [str(error)]
    except OSError as error:
        return False, [f"{error.filename}: not written: {error.strerror}"]
    except MemoryError:
        return False, ["out of memory while printing"]


def _with_collapse(ds: xr.Dataset) -> xr.Dataset:
    return ds.assign(scale_collapse.find(ds).data_vars)


def _together(names: Sequence[str], found: Sequence[xr.Dataset], several: bool) -> xr.Dataset:
    """Return results along the models, or those of the only one."""
    if not several:
        return found[0]
    import pandas as pd
    import xarray as xr

    index = pd.Index(names, name="model")
    return xr.concat(found, index, join="outer", combine_attrs="drop_conflicts")


def _printed(
    names: Sequence[str],
    results: Sequence[xr.Dataset],
    tensors: Sequence[xr.Dataset],
    view: View,
    several: bool,
) -> list[Part] | bytes:
    """Return the parts of a text, or the content of a file."""
    if view.form in {"json", "csv"}:
        arranged = _together(names, [_arranged(ds, view) for ds in results], several)
        if view.form == "csv":
            return csv_tables.for_log(csv_tables.as_text(arranged)).encode(
                "utf-8", "backslashreplace"
            )
        whole = _together(names, results, several), _together(names, tensors, several)
        return files.as_json(*whole, layers=arranged)
    heading = "# {}" if view.form == "md" else "== {}"
    text: list[Part] = []
    for name, ds in zip(names, results, strict=True):
        text += [heading.format(name)] * (several or view.form == "md") + parts(ds, view)
    return markdown.markdown(text).encode() if view.form == "md" else text
