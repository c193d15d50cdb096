"""Contents of a report: what is said of each model, and the numbers of each layer, as words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.errors import ArgumentError, one_line
from spectra.results.reading import in_words, records
from spectra.results.several import by_model
from spectra.results.triage import triage
from spectra.results.variables import VARIABLES, Status
from spectra.results.variables._sources import OURS
from spectra_io.report._comparisons import merged
from spectra_io.terminal import summaries
from spectra_io.terminal.cells import probability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from spectra.results.dataset import Row
    from spectra.results.triage import Triage
    from spectra.results.variables import Variable

__all__ = [
    "Said",
    "checked",
    "exponent_of",
    "formula_of",
    "glossary",
    "in_order",
    "numbers",
    "said_of",
]

_GROUPS = ("diagnosis", "tail", "noise", "size", "layer")
_NOT_REACHED = Status.NOT_REACHED.name.lower()
_FUNCTION = "spectra."  # beginning of the name of a function, which is no formula
_LONGEST = 1000  # characters of a text from a file
_MISSING = {"", "-", "nan"}
_POWERS = {"w": 1, "w2": 2}  # of the weights, in a unit
_LARGEST = 2**53
_SMALL = 1e-3  # probabilities below are written as powers of ten
_OUTSIDE = "; the value is outside, since most resamples have their tail start elsewhere"
_BOUNDS = {("p_precision",)}  # errors that are the largest possible


class Said(NamedTuple):
    """What is said of a model."""

    name: str
    """Name of the model."""
    about: str
    """Format, and numbers of tensors and elements."""
    seen: Triage
    """Verdicts, and layers to look at first."""
    lines: list[str]
    """Averages, counts beside chance, notes, failures, and what is not analysed."""


def checked(models: Any) -> dict[str, xr.Dataset]:
    """Return the results of each model by its name; refuse what is not of an analysis."""
    known = by_model(models)
    for name, ds in known.items():
        if lacking := [each for each in ("status", "rf") if each not in ds]:
            msg = f"{name}: must be the result of spectra.analyze, lacks the variable {lacking[0]}"
            raise ArgumentError(msg)
    return known


def said_of(name: str, ds: xr.Dataset) -> Said:
    """Return what is said of a model by its results."""
    seen = triage(ds)
    notes = str(ds.attrs.get("model_notes", "")).splitlines()
    reached = ds.isel(layer=np.flatnonzero(ds.status.values != Status.NOT_REACHED))
    counts = [summaries.averages_line(reached), summaries.claims_line(reached)]
    lines = [*(counts if reached.sizes["layer"] else []), *notes, *seen.failures]
    if seen.left_out:
        lines.append(f"not analysed: {seen.left_out.removeprefix('not analysed: ')}")
    return Said(name, _about(ds), seen, [one_line(line) for line in lines if line])


def _about(ds: xr.Dataset) -> str:
    """Return the format and the size of a model, as far as they are known."""
    kind = one_line(ds.attrs.get("model_format", ""))
    tensors, elements = (ds.attrs.get(f"num_{what}") for what in ("tensors", "elements"))
    size = ""
    if tensors and elements:
        size = f"{tensors:,} tensor{'s' if tensors > 1 else ''}, {elements:,} elements"
    return ", ".join(part for part in (kind, size) if part)


def in_order(models: Mapping[str, xr.Dataset]) -> dict[str, list[Row | None]]:
    """Return the rows of each layer in all models, layers in the order of the networks."""
    every = [{row["layer"]: row for row in records(ds)} for ds in models.values()]
    names = merged([list(rows) for rows in every])
    found = {name: [_reached(rows.get(name)) for rows in every] for name in names}
    return {name: rows for name, rows in found.items() if any(rows)}


def _reached(row: Row | None) -> Row | None:
    return None if row is None or row.get("status") == _NOT_REACHED else row


def glossary(layers: Mapping[str, Sequence[Row | None]]) -> list[Variable]:
    """Return the variables of the numbers of a report, by subject."""
    ends = {name for v in VARIABLES.values() if isinstance(v.error, tuple) for name in v.error}
    beside = {v.noise for v in VARIABLES.values()} | ends | {"num_evals", "interval_confidence"}
    known = {name for rows in layers.values() for row in rows if row for name in row}
    shown = [v for v in VARIABLES.values() if v.name in known and v.group in _GROUPS]
    kept = [v for v in shown if v.name not in beside or v.name == "num_evals"]
    return sorted(kept, key=lambda v: _GROUPS.index(v.group))


def formula_of(variable: Variable) -> str:
    """Return the formula of a variable, and its source, without the names of functions."""
    parts = [part for part in variable.formula.split("; ") if _FUNCTION not in part]
    source = "" if variable.references == OURS else variable.references
    return "; ".join(part for part in (*parts, source) if part)


def numbers(row: Row, variables: Sequence[Variable]) -> list[list[str]]:
    """Return for each variable the number of a layer, its error, and what noise gives."""
    return [[_word(row, v.name), _error(row, v), _noise(row, v)] for v in variables]


def exponent_of(row: Row) -> int:
    """Return the power of two that the weights are divided by; 0 if there is no spectrum."""
    exponent: float = row.get("scale_exponent", math.nan)
    return 0 if exponent != exponent else int(exponent)


def _word(row: Row, name: str) -> str:
    value: Any = row.get(name, math.nan)
    variable = VARIABLES[name]
    if variable.kind == "flag":
        return in_words(str(value))
    if isinstance(value, str):
        return one_line(value)[:_LONGEST] or "-"
    if value != value:
        return "-"
    exponent = exponent_of(row)
    if exponent and variable.units in _POWERS:  # the unit of the number is not that of the weights
        return f"{value:.4g} x 2^{exponent * _POWERS[variable.units]}"
    if 0 <= value < _SMALL and _is_probability(name):
        return probability(value)
    whole = variable.units == "1" and abs(value) < _LARGEST and value == int(value)
    return f"{int(value):,}" if whole else f"{value:.4g}"


def _is_probability(name: str) -> bool:
    """Return whether a variable is a p-value."""
    return name == "p_value" or name.endswith("_p") or name.startswith("p_")


def _noise(row: Row, variable: Variable) -> str:
    said = variable.noise
    return _word(row, said) if said in VARIABLES else said


def _error(row: Row, variable: Variable) -> str:
    """Return how sure a number is: an interval, a standard error, or words."""
    if _word(row, variable.name) in _MISSING:
        return ""
    if isinstance(variable.error, str):
        return variable.error
    ends = [_word(row, name) for name in variable.error]
    if not set(ends).isdisjoint(_MISSING):
        return ""
    confidence = row.get("interval_confidence", math.nan)
    share = "" if confidence != confidence else f" ({confidence:.0%})"
    least = "at most " if variable.error in _BOUNDS else ""
    if not ends[1:]:
        return f"{least}± {ends[0]}"
    low, high = (row[name] for name in variable.error)
    inside = low <= row[variable.name] <= high
    return f"{ends[0]} to {ends[1]}{share}{'' if inside else _OUTSIDE}"
