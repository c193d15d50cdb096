"""The variables that a measure returns, found by measuring a matrix of one element."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._spectrum import Spectrum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["returned"]


def returned(measure: Callable[[Spectrum], Mapping[str, Any]], /) -> frozenset[str]:
    """
    Return the names of the variables that a measure returns.

    Parameters
    ----------
    measure : callable
        Measure that returns the same names for every spectrum, as those of this package do.

    Returns
    -------
    frozenset of str
        Names that the measure returns for a matrix of one element.

    See Also
    --------
    returning : Measures that return given variables.

    Examples
    --------
    >>> from spectra import measures
    >>> sorted(returned(measures.hill_fit))
    ['alpha_hill', 'alpha_hill_noise']
    """
    return frozenset(measure(_unit()))


@cache
def _unit() -> Spectrum:
    """Return the spectrum of a matrix of one element, whose fit all measures share."""
    return Spectrum(np.ones((1, 1)), N=1, matrices=np.ones((1, 1, 1)))
