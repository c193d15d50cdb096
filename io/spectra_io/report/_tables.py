"""Table of all layers of all models: the columns of the command line, with numbers to sort by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import one_line
from spectra.results.reading import in_words, records
from spectra.results.variables import VARIABLES, Status
from spectra_io.report._contents import exponent_of
from spectra_io.report._links import page_of
from spectra_io.terminal.layer_tables import layer_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from spectra.results.dataset import Row
    from spectra_io.terminal.columns import Column

__all__ = ["Cell", "Head", "Line", "layers_table"]

_COLUMNS = ("main", "num_spikes", "stable_rank", "log_norm")
_FAR = {"-", "not classified"}  # words for a layer that is near no other phase
_NOT_REACHED = Status.NOT_REACHED.name.lower()


class Head(NamedTuple):
    """Head of a column, with its explanation."""

    name: str
    text: str
    help: str
    words: bool
    page: str
    """Page of the documentation on its method."""


class Cell(NamedTuple):
    """Text of a cell, and what it is sorted by."""

    text: str
    order: str


class Line(NamedTuple):
    """Row of the table."""

    layer: str
    model: int
    cells: list[Cell]
    near: str
    """Another phase that the layer is close to; empty if it is not."""


def layers_table(models: Mapping[str, xr.Dataset]) -> tuple[list[Head], list[Line]]:
    """Return heads and rows of the layers that were reached, models beside one another."""
    tables = [layer_table(ds, groups=_COLUMNS) for ds in models.values()]
    columns = {
        column.name: column
        for table in tables
        for i, column in enumerate(table.columns)
        if i and any(row[i] != "-" for row in table.rows)
    }
    lines = []
    for i, (table, ds) in enumerate(zip(tables, models.values(), strict=True)):
        places = {column.name: j for j, column in enumerate(table.columns)}
        rows = [row for row in records(ds) if row["status"] != _NOT_REACHED]
        for row, texts in zip(rows, table.rows, strict=True):
            found = {name: texts[place] for name, place in places.items()}
            cells = [_cell(row, name, found.get(name, "")) for name in columns]
            near = in_words(str(row.get("phase_second", "")))
            lines.append(Line(str(row["layer"]), i, cells, "" if near in _FAR else near))
    return [_head(column) for column in columns.values()], lines


def _head(column: Column) -> Head:
    variable = VARIABLES[column.name]
    return Head(
        column.name,
        column.head,
        variable.help or variable.long_name,
        column.left,
        page_of(variable),
    )


def _cell(row: Row, name: str, text: str) -> Cell:
    value: Any = row.get(name, math.nan)
    if isinstance(value, str):
        return Cell(one_line(text), "")
    missing = value != value
    exponent = exponent_of(row) * (VARIABLES[name].units == "w2")
    return Cell(text, "" if missing or exponent else repr(float(value)))
