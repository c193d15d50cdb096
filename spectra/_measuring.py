"""Results of one layer: its spectrum, its measures, and what becomes of a measure that fails."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra._spectrum import Spectrum, spectrum
from spectra.errors import (
    ModelError,
    SpectraError,
    SpectraWarning,
    UnknownNameError,
    one_line,
    unknown_name,
)
from spectra.linalg.finiteness import not_finite
from spectra.results.values import checked
from spectra.results.variables import VARIABLES, Status, Variable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from spectra._executing import Lost
    from spectra.measures import Measure
    from spectra.models.layers import Layer
    from spectra.results.dataset import Row
    from spectra.tails.options import FitOptions

__all__ = [
    "Options",
    "Work",
    "failed_places",
    "layer_row",
    "names_of",
    "not_done",
    "warn_of_failures",
]


class Options(NamedTuple):
    """Options of the spectrum of every layer, shared by all measures."""

    tail: FitOptions
    significance: float
    rng: int
    rtol: float
    device: str | None = None


class Work:
    """The two kinds of work on a layer: to compute its spectrum, and to measure that."""

    def __init__(self, measures: Sequence[Measure], options: Options) -> None:
        self.measures, self.options = measures, options

    def spectrum(self, layer: Layer) -> Spectrum:
        """Return the spectrum of a layer, which is read for it."""
        return spectrum(layer.in_blocks() or layer.matrices(), **self.options._asdict())

    def measured(self, place: int, found: Spectrum) -> Mapping[str, Any]:
        """Return what the measure of a place finds."""
        return self.measures[place](found)


def _shape_row(layer: Layer) -> Row:
    row: Row = {
        "tensor_name": layer.tensor.name,
        "layer_type": layer.tensor.role,
        "N": layer.N,
        "M": layer.M,
        "Q": layer.Q,
        "rf": layer.rf,
        "num_evals": layer.num_evals,
    }
    return row if layer.position is None else {**row, "slice_id": layer.position}


def _without(row: Row, status: Status, reason: str) -> Row:
    return {**row, "status": status, "status_reason": reason}


def not_done(layer: Layer, lost: Lost | None) -> Row:
    """Return the results of a layer that an executor did not get to, or lost for a reason."""
    if lost is None:
        return _without(_shape_row(layer), Status.NOT_REACHED, "not reached")
    return _without(_shape_row(layer), Status.NOT_READ, f"not read: {lost.reason}")


def _name(measure: Measure) -> str:
    """Return the name of a measure without its options."""
    function = getattr(measure, "func", measure)
    return str(getattr(function, "__name__", type(function).__name__))


def _named(measure: Measure) -> str:
    """Return the name of a measure with its options, given by functools.partial or default."""
    function, chosen = getattr(measure, "func", measure), getattr(measure, "keywords", {})
    name = _name(measure)
    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):  # a callable without a signature
        parameters = []
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    words = ", ".join(f"{key}={value!r}" for key, value in (defaults | chosen).items())
    return f"{name}({words})" if words else name


def names_of(measures: Iterable[Measure]) -> str:
    """Return the names of measures with their options, in one line."""
    return ", ".join(map(_named, measures))


_FACTS = {  # variables that are facts of a layer, which no measure returns
    *("tensor_name", "layer_type", "N", "M", "Q", "rf", "num_evals", "slice_id", "status"),
    *("status_reason", "scale_exponent", "eigenvalue"),
}


class _Measured(NamedTuple):
    """Values of one layer, and the failures of measures by their place among the measures."""

    row: Row
    failures: dict[int, str]


def _measured(found: Spectrum, work: Work, known: Mapping[str, Variable]) -> _Measured:
    """Return what the measures find; a measure that fails costs its own values only."""
    row: Row = {}
    failures: dict[int, str] = {}
    for place, measure in enumerate(work.measures):
        try:
            results = work.measured(place, found)
        except MemoryError as error:
            raise MemoryError(_name(measure)) from error
        except ModelError:  # of the elements, which some measures read once more
            raise
        except Exception as error:
            failures[place] = f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")
            continue
        if not isinstance(results, Mapping):
            got = type(results).__name__
            failures[place] = f"must return a mapping of names to numbers, got {got}"
            continue
        if reserved := [name for name in results if name in _FACTS or not isinstance(name, str)]:
            failures[place] = f"must not return {reserved[0]!r}, which is not the name of a number"
            continue
        for name in results:
            if name not in known:
                problem = unknown_name(name, known, what="variable")
                msg = f"measure {measure!r}: {problem}; declare it with variables=[Variable(...)]"
                raise UnknownNameError(msg)
        values, problems = checked(results, known, found.eigenvalues.size)
        row |= values
        if problems:
            failures[place] = "; ".join(problems)
    return _Measured(row, failures)


_FAILURES = "measures that failed"  # a name that no variable has, for failures by place


def _not_finite(layer: Layer) -> Row:
    """Return the results of a layer with elements that are not finite, which are read again."""
    row = _shape_row(layer)
    try:
        elements = not_finite(layer.in_blocks() or layer.matrices())
    except (SpectraError, OSError, ValueError, MemoryError) as error:
        return _without(row, Status.NOT_READ, f"not read: {error or type(error).__name__}")
    where = f"not finite: {elements.sentence}" if elements else ""
    return _without(row, Status.NOT_FINITE, where)


def failed_places(row: Row) -> Collection[int]:
    """Return the places of the measures that failed, or one of whose values did not fit."""
    failures: dict[int, str] = row.get(_FAILURES, {})
    return failures.keys()


def layer_row(layer: Layer, work: Work, declared: Sequence[Variable]) -> Row:
    """
    Return the results of one layer, or the status of a layer without a spectrum.

    Beside the variables of the library those that are `declared` are known.
    """
    row = _shape_row(layer)
    if layer.num_evals == 0:
        return {**row, "status": Status.EMPTY}
    try:
        found = work.spectrum(layer)
    except np.linalg.LinAlgError as error:
        return _without(row, Status.NOT_CONVERGED, f"no eigenvalues: {error}")
    except (SpectraError, OSError, ValueError, MemoryError) as error:
        return _without(row, Status.NOT_READ, f"not read: {error or type(error).__name__}")
    if not np.isfinite(found.lambda_max * found.eigenvalues.size):
        return _not_finite(layer)
    row |= {"scale_exponent": found.exponent, "eigenvalue": found.eigenvalues[::-1]}
    if found.lambda_max == 0:
        return {**row, "status": Status.ALL_ZERO}
    try:
        known = {**VARIABLES, **{variable.name: variable for variable in declared}}
        measured, failures = _measured(found, work, known)
    except MemoryError as error:
        reason = f"not read: out of memory in measure {error}"
        return _without(_shape_row(layer), Status.NOT_READ, reason)
    except ModelError as error:
        return _without(_shape_row(layer), Status.NOT_READ, f"not read: {error}")
    words = [f"measure {_name(work.measures[place])}: {why}" for place, why in failures.items()]
    row |= {"status": Status.COMPUTED, "status_reason": "; ".join(words), _FAILURES: failures}
    return {**row, **measured}


def warn_of_failures(rows: Mapping[str, Row], measures: Sequence[Measure]) -> int:
    """Take the failures of measures out of the rows, and warn of each measure once."""
    failed: dict[int, dict[str, str]] = {}
    tried = 0
    for layer, row in rows.items():
        tried += _FAILURES in row
        for place, why in row.pop(_FAILURES, {}).items():
            failed.setdefault(place, {})[layer] = why
    for place, layers_ in failed.items():
        first, why = next(iter(layers_.items()))
        every = f"EVERY LAYER ({tried})" if len(layers_) == tried else f"{len(layers_)} of {tried}"
        msg = (
            f"measure {_name(measures[place])} failed on {every}"
            f"{' layers' if len(layers_) < tried else ''}, at first {first!r}: {why}; "
            "the layers lack its values, and status_reason says why"
        )
        warnings.warn(one_line(msg), SpectraWarning, stacklevel=3)
    return len(failed)
