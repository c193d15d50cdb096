"""Groups of columns of the table of layers, and columns by the names of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.errors import ArgumentError, unknown_name
from spectra.results.variables import VARIABLES
from spectra_io.terminal.columns import Column, column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ALL",
    "GROUPS",
    "check_columns",
    "check_sort",
    "columns_of",
    "has_noise",
    "measured_in",
    "named",
]

ALL = "all"
"""Name of all groups together."""

_FIRST = (Column("layer", "layer", left=True), column("verdict"))
_LAW = 20  # alpha, and the words that qualify it, are dropped together

GROUPS: dict[str, tuple[Column, ...]] = {
    "main": (
        column("N", expendable=5),
        column("M", expendable=5),
        column("rf", expendable=4, optional=True),
        column("alpha", expendable=_LAW),
        column("alpha_low", expendable=14, optional=True),
        column("alpha_noise", expendable=_LAW, optional=True),
        column("sigma", expendable=6, optional=True),
        column("D", expendable=3),
        column("num_tail", expendable=7),
        column("alpha_reading", expendable=13, optional=True),
        column("power_law_support", expendable=_LAW, optional=True),
    ),
    "tail": (
        column("alpha", expendable=_LAW),
        column("alpha_low", expendable=14, optional=True),
        column("alpha_rival", expendable=6, optional=True),
        column("alpha_noise", expendable=_LAW, optional=True),
        column("sigma", expendable=6, optional=True),
        column("D", expendable=5),
        column("num_tail", expendable=7),
        column("support_p", expendable=8, optional=True),
        column("likelier_law", expendable=4, optional=True),
        column("alpha_weighted", expendable=1),
        column("alpha_reading", expendable=13, optional=True),
        column("power_law_support", expendable=_LAW, optional=True),
    ),
    "noise": (
        column("N", expendable=5),
        column("M", expendable=5),
        column("rf", expendable=4, optional=True),
        column("noise_std", expendable=6),
        column("num_spikes", expendable=18),
        column("spike_p", expendable=15),
        column("mp_softrank", expendable=9),
        column("bulk_p", expendable=8),
        column("spacing_ratio", expendable=2),
        column("rand_jsd", expendable=1),
        column("num_traps", expendable=17),
        column("trap_p", expendable=7),
        column("collapsed", expendable=12, optional=True),
        column("phase", expendable=14),
        column("trap_where", expendable=16, optional=True),
    ),
    "size": (
        column("N", expendable=8),
        column("M", expendable=8),
        column("rf", expendable=7, optional=True),
        column("log_norm", expendable=6),
        column("log_spectral_norm", expendable=4),
        column("stable_rank", expendable=5),
        column("effective_rank", expendable=3),
        column("rank_90", expendable=2),
        column("matrix_rank", expendable=1),
    ),
    "reason": (column("verdict_reason"),),
}
"""
Columns of :func:`~spectra_io.terminal.layer_tables.layer_table` by group, beside the name of the
layer and its verdict.
"""

_QUALIFIED = {"alpha": "power_law_support"}  # shown with the words that qualify it
_LAST = {"verdict_reason", "status_reason"}  # sentences, which fill the rest of a line
_LAYERS = [name for name, declared in VARIABLES.items() if declared.dims == ("layer",)]
_DEPTH = Column("depth", "depth", 0)


def named(chosen: Iterable[str], /, *, sort: str | None = None) -> list[str]:
    """
    Return the variables that are chosen by name, and the one to sort by.

    Parameters
    ----------
    chosen : iterable of str
        Names of :data:`GROUPS`, :data:`ALL`, and names of variables.
    sort : str, optional
        Variable to sort by, with or without a minus in front.

    Returns
    -------
    list of str
        Names of variables, each once; without the name of the layer and its verdict, which every
        table has.

    Examples
    --------
    >>> named(["main", "stable_rank"], sort="-alpha")
    ['stable_rank', 'alpha']
    """
    names = [name for name in chosen if name not in GROUPS and name != ALL]
    names += [sort.removeprefix("-")] if sort else []
    first = {found.name for found in _FIRST}
    return [name for name in dict.fromkeys(names) if name not in first]


def has_noise(chosen: Iterable[str], /) -> bool:
    """
    Return whether the group of columns on noise is chosen.

    Parameters
    ----------
    chosen : iterable of str
        Names of :data:`GROUPS`, :data:`ALL`, and names of variables.

    Returns
    -------
    bool
        Whether "noise" or "all" is among them.

    Examples
    --------
    >>> has_noise(["main"]), has_noise(["all"])
    (False, True)
    """
    return bool({"noise", ALL} & {*chosen})


def measured_in(chosen: Iterable[str], /) -> list[str]:
    """
    Return the variables of the columns that a group always has.

    Parameters
    ----------
    chosen : iterable of str
        Names of :data:`GROUPS`; all other words are passed over.

    Returns
    -------
    list of str
        Names of variables, each once.

    Examples
    --------
    >>> measured_in(["reason", "alpha"])
    ['verdict_reason']
    """
    every = (found for word in chosen for found in GROUPS.get(word, ()) if not found.optional)
    return list(dict.fromkeys(found.name for found in every))


def columns_of(chosen: Sequence[str], /, *, sort: str | None = None) -> tuple[Column, ...]:
    """
    Return the columns of some groups, and of some variables, each once.

    Parameters
    ----------
    chosen : sequence of str
        Names of :data:`GROUPS`, :data:`ALL`, and names of variables.
    sort : str, optional
        Variable to sort by, which has a column too.

    Returns
    -------
    tuple of Column
        Name and verdict first, sentences last. A variable that is chosen by name is the last that
        a narrow screen drops, and `alpha` comes with the words that qualify it.

    Examples
    --------
    >>> [found.head for found in columns_of(["reason"])]
    ['layer', 'verdict', 'why']
    >>> [found.name for found in columns_of(["stable_rank"], sort="-alpha")]
    ['layer', 'verdict', 'stable_rank', 'alpha', 'power_law_support']
    """
    names = named(chosen, sort=sort)
    asked = {name: _asked(name, _LAW + len(names) - place) for place, name in enumerate(names)}
    every = [*_FIRST]
    for word in [*chosen, *names]:
        group = [*GROUPS] if word == ALL else [word] if word in GROUPS else []
        every += [found for each in group for found in GROUPS[each]]
        every += [asked[word]] if word in asked else []
        every += [column(_QUALIFIED[word], expendable=_LAW)] if word in _QUALIFIED else []
    unique = {found.name: found for found in reversed(every)}
    places = dict.fromkeys(found.name for found in every)
    in_order = [asked.get(name, unique[name]) for name in places]
    return tuple(sorted(in_order, key=lambda found: found.name in _LAST))


def _asked(name: str, order: int) -> Column:
    """Return the column of a variable that is chosen by name."""
    if name == _DEPTH.name:
        return _DEPTH._replace(expendable=order)
    with_law = any(c.name == name and c.expendable == _LAW for c in GROUPS["main"])
    return column(name, expendable=_LAW if with_law else 0 if name in _LAST else order)


def check_columns(chosen: Iterable[str], /) -> None:
    """
    Check that there are such groups and variables, before the analysis.

    Parameters
    ----------
    chosen : iterable of str
        Names of :data:`GROUPS`, :data:`ALL`, and names of variables.

    Raises
    ------
    UnknownNameError
        If a name is neither that of a group nor that of a variable.
    ArgumentError
        If a variable does not have one number, word or text per layer.

    Examples
    --------
    >>> check_columns(["main", "stable_rank"])
    >>> check_columns(["stabel_rank"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.UnknownNameError: no group of columns or variable 'stabel_rank'; the nearest ...
    """
    known = [*GROUPS, ALL, "layer", _DEPTH.name, *_LAYERS]
    for name in chosen:
        if name in known:
            continue
        if name in VARIABLES:
            msg = f"{name} is not a column: it does not have one number or word per layer"
            raise ArgumentError(msg)
        raise unknown_name(name, known, what="group of columns or variable")


def check_sort(sort: str, /) -> None:
    """
    Check that there is a variable to sort by, before the analysis.

    Parameters
    ----------
    sort : str
        Name of a variable, with or without a minus in front.

    Raises
    ------
    UnknownNameError
        If no variable of layers has that name.

    Examples
    --------
    >>> check_sort("-alpha")
    """
    known = ["layer", _DEPTH.name, *_LAYERS]
    if sort.removeprefix("-") not in known:
        raise unknown_name(sort.removeprefix("-"), known, what="variable to sort by")
