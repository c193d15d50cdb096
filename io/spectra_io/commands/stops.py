"""Work that was stopped: its signal, and the line on what is missing from its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.results.variables import Status
from spectra_io.commands import signals

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CODES", "STOPPED_BY", "before_its_turn", "code_of", "stopped"]

STOPPED_BY = "stopped_by"
"""Attribute of a result of work that was stopped: the name of the signal."""

CODES = {"SIGINT": signals.INTERRUPTED, "SIGTERM": signals.TERMINATED}
"""Exit code for the name of a signal."""

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated"}


def before_its_turn(ds: xr.Dataset, /) -> str:
    """
    Return the reason why the models after that of a result were not begun.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of the last model that was begun.

    Returns
    -------
    str
        Reason: the work was stopped.

    Examples
    --------
    >>> import spectra
    >>> before_its_turn(spectra.analyze({}).assign_attrs(stopped_by="SIGINT"))
    'the work was interrupted before its turn'
    """
    return f"the work was {_WORDS.get(ds.attrs.get(STOPPED_BY, ''), 'stopped')} before its turn"


def code_of(ds: xr.Dataset, /) -> int:
    """
    Return the exit code of the signal that stopped an analysis, 0 if none did.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    int
        130, 143 or 0.

    Examples
    --------
    >>> import spectra
    >>> code_of(spectra.analyze({}))
    0
    """
    return CODES[ds.attrs[STOPPED_BY]] if STOPPED_BY in ds.attrs else 0


def stopped(ds: xr.Dataset, num_files: int, /) -> str:
    """
    Return the line on work that was stopped, empty if it was not.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    num_files : int
        Number of files that were written.

    Returns
    -------
    str
        Line with the number of layers that are done.

    Examples
    --------
    >>> import spectra
    >>> stopped(spectra.analyze({}).assign_attrs(stopped_by="SIGINT"), 1)
    'spectra: interrupted after 0 of 0 layers; the table and the file hold these'
    """
    if STOPPED_BY not in ds.attrs:
        return ""
    num = ds.sizes["layer"]
    done = num - int((ds.status == Status.NOT_REACHED).sum())
    hold = ("holds", "and the file hold", "and the files hold")[min(num_files, 2)]
    word = _WORDS[ds.attrs[STOPPED_BY]]
    return f"spectra: {word} after {done} of {num} layers; the table {hold} these"
