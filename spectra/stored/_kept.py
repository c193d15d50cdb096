"""Accounts of what became of the storing of each layer, in its row until the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectra._executing import Done
from spectra.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.results.dataset import Row

__all__ = ["Kept", "Problem", "is_recalled", "is_taken", "marked", "taken_out", "words_of"]

_KEPT = "kept in a store"  # a name that no variable has


class Problem(NamedTuple):
    """A problem of a store that costs no result: its kind, and the reason."""

    kind: str
    reason: str


class Kept(NamedTuple):
    """What became of the storing of a layer."""

    content: str = ""
    """Digest of the numbers of the layer; empty if they could not be read."""
    name: str = ""
    """Name of a part with the eigenvalues of the layer; empty if there is none."""
    taken: bool = False
    """Whether all results come from the store."""
    problems: tuple[Problem, ...] = ()
    recalled: bool = False
    """Whether the eigenvalues come from the store."""


def words_of(error: Exception) -> str:
    """Return the reason of an error of a file system in a few words."""
    words = getattr(error, "strerror", None) or one_line(error)
    return f"{words or type(error).__name__}"


def marked(row: Row, kept: Kept) -> Row:
    """Return the row of a layer with what became of its storing."""
    return {**row, _KEPT: kept}


def taken_out(rows: Mapping[str, Row]) -> dict[str, Kept]:
    """Take what became of the storing out of the rows; layers not reached have an empty one."""
    return {name: row.pop(_KEPT, Kept()) for name, row in rows.items()}


def is_taken(row: object, /) -> bool:
    """
    Return whether the results of a layer come from a store, with nothing computed.

    Parameters
    ----------
    row : object
        What the function that an executor maps returned for a layer.

    Returns
    -------
    bool
        Whether all eigenvalues and values of measures were stored before.

    See Also
    --------
    spectra.analyze : Takes an executor and a store.

    Examples
    --------
    >>> is_taken({"status": 1})
    False
    """
    return _kept_of(row).taken


def is_recalled(row: object, /) -> bool:
    """
    Return whether the eigenvalues of a layer come from a store.

    Parameters
    ----------
    row : object
        What the function that an executor maps returned for a layer.

    Returns
    -------
    bool
        Whether the eigenvalues were stored before, and values of measures or not.

    See Also
    --------
    is_taken : Whether all results come from the store.

    Examples
    --------
    >>> is_recalled({"status": 1})
    False
    """
    return _kept_of(row).recalled


def _kept_of(row: object) -> Kept:
    found = row.value if isinstance(row, Done) else row
    kept = found.get(_KEPT) if isinstance(found, dict) else None
    return kept or Kept()
