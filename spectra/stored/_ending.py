"""The end of a run with a store: the run is recorded, and problems of storing are told once."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from spectra.errors import StoreWarning, one_line
from spectra.stored._kept import Problem, words_of
from spectra.stored._runs import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra.stored._kept import Kept
    from spectra.stored._runs import Table
    from spectra.stored._work import Shelves

__all__ = ["finish"]

_COPIED = Problem(
    "results not stored",
    "the workers have a copy of the store; give one that they share, as spectra_io.open_store does",
)


def finish(shelves: Shelves, layers: Table, tensors: Table, kept: Mapping[str, Kept], /) -> None:
    """Record a run in its store, and warn once of everything that could not be stored or read."""
    problems = [*shelves.problems, *(one for each in kept.values() for one in each.problems)]
    unstored = [name for name, row in layers.rows.items() if "eigenvalue" in row]
    is_whole = all(kept[name].name for name in unstored)
    if is_whole and any(each.content for each in kept.values()):
        try:
            if _is_shared(shelves, kept):
                known_by = (shelves.method, *shelves.identities)
                record(shelves.store, layers, tensors, kept, known_by=known_by)
            else:
                problems.append(_COPIED)
        except Exception as error:  # of any file system
            problems.append(Problem("run not stored", words_of(error)))
    if problems:
        warnings.warn(one_line("; ".join(_counted(problems))), StoreWarning, stacklevel=3)


def _is_shared(shelves: Shelves, kept: Mapping[str, Kept]) -> bool:
    """Return whether a part that a worker wrote is in the store."""
    written = next((each.name for each in kept.values() if each.name and not each.taken), "")
    return not written or written in shelves.store


def _counted(problems: Iterable[Problem]) -> list[str]:
    """Return each kind of problem with its number and the first of its reasons."""
    by_kind: dict[str, list[str]] = {}
    for kind, reason in problems:
        by_kind.setdefault(kind, []).append(reason)
    return [f"{len(reasons)} x {kind}: {reasons[0]}" for kind, reasons in by_kind.items()]
