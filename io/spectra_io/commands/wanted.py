"""Measures that the columns of a table need, beside those of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra import measures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectra.measures import Measure

__all__ = ["with_variables"]


def with_variables(chosen: Sequence[Measure], names: Iterable[str], /) -> list[Measure]:
    """
    Add the measures that return variables which the chosen measures do not return.

    Parameters
    ----------
    chosen : sequence of callable
        Measures.
    names : iterable of str
        Names of variables; those that no measure returns add none.

    Returns
    -------
    list of callable
        The chosen measures, and those of :data:`spectra.measures.ALL` that return the others.

    Examples
    --------
    >>> [found.__name__ for found in with_variables([measures.size], ["alpha", "norm"])]
    ['size', 'tail_fit']
    """
    found = list(chosen)
    missing = {*names}
    missing = missing.difference(*map(measures.returned, found)) if missing else missing
    for measure in measures.ALL:
        if missing and (here := measures.returned(measure) & missing):
            found.append(measure)
            missing -= here
    return found
