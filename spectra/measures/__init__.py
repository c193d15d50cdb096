"""
Compute named numbers from the spectrum of a layer: the measures that analyze takes.

A measure is a function that takes one :class:`~spectra.Spectrum`, with finite eigenvalues and a
positive largest eigenvalue, and returns a mapping of variable names to numbers. The fit of the
tail, the bulk and the spikes belong to the Spectrum: they are computed once, with the options given
to :func:`spectra.analyze`, and shared by all measures. An option of a single measure is set with
:func:`functools.partial`. Any function of this form is a measure; declare its variables with
:class:`~spectra.Variable`.

- :func:`size`: norms of the weights
- :func:`rank`: ranks and entropy of the spectrum
- :func:`energy_spread`: effective, energy and participation ranks, nuclear norm and condition
- :func:`element_law`: kurtosis and Weibull shape of the elements
- :func:`foreseen_traps`: elements, and the mean, that make spikes in any order of the elements
- :func:`tail_fit`: power law of the tail
- :func:`hill_fit`: Hill exponent of the larger half of the eigenvalues
- :func:`evidence`: error bars, p-value and rivals of the power law
- :func:`bulk_fit`: variance of the noise, and number of spikes above the bulk
- :func:`equal_scales`: spikes left when all rows and columns have the same scale
- :func:`spike_signals`: strength of the signal behind each spike
- :func:`randomized`: spectrum of the permuted elements, and correlation traps
- :func:`erg_tail`: tail whose eigenvalues multiply to 1
- :func:`spacing_ratios`: repulsion of neighbouring eigenvalues
- :func:`randomness`: where along the spectrum the layer is random
- :func:`vector_spread`: localization of singular vectors
- :func:`training_phase`: phase of training, and the numbers that decide phase and verdict
- :func:`alpha_bands`: published names of ranges of alpha

:func:`returned` says which variables a measure returns, :func:`returning` which measures return the
variables that one wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spectra.measures._directions import (
    erg_tail,
    randomness,
    spacing_ratios,
    vector_spread,
)
from spectra.measures._elements import foreseen_traps
from spectra.measures._noise import (
    alpha_bands,
    bulk_fit,
    randomized,
    spike_signals,
    training_phase,
)
from spectra.measures._returned import returned
from spectra.measures._scales import equal_scales
from spectra.measures._sizes import element_law, energy_spread, rank, size
from spectra.measures._tails import evidence, hill_fit, tail_fit

if TYPE_CHECKING:
    from spectra._spectrum import Spectrum

__all__ = [
    "ALL",
    "CORE",
    "RANDOM_MATRIX",
    "Measure",
    "alpha_bands",
    "bulk_fit",
    "element_law",
    "energy_spread",
    "equal_scales",
    "erg_tail",
    "evidence",
    "foreseen_traps",
    "hill_fit",
    "randomized",
    "randomness",
    "rank",
    "returned",
    "returning",
    "size",
    "spacing_ratios",
    "spike_signals",
    "tail_fit",
    "training_phase",
    "vector_spread",
]

Measure = Callable[["Spectrum"], Mapping[str, Any]]
"""Type of a measure: from the spectrum of a layer to values by variable name."""

CORE: tuple[Measure, ...] = (
    *(size, rank, energy_spread, foreseen_traps, tail_fit, hill_fit, evidence, training_phase),
)
"""Measures that :func:`spectra.analyze` takes by default."""

RANDOM_MATRIX: tuple[Measure, ...] = (
    *(bulk_fit, spike_signals, randomized, erg_tail, spacing_ratios, vector_spread),
    *(training_phase, alpha_bands),
)
"""Measures of noise and signal by random matrix theory; `vector_spread` takes longest."""

ALL: tuple[Measure, ...] = (
    *CORE,
    element_law,
    equal_scales,
    randomness,
    *(m for m in RANDOM_MATRIX if m is not training_phase),
)
"""All measures."""


def returning(*names: str) -> tuple[Measure, ...]:
    """
    Return the default measures, and those of all measures that return variables besides.

    Parameters
    ----------
    *names : str
        Names of variables. Names that no measure returns, such as the facts of a layer, add none.

    Returns
    -------
    tuple of callable
        Measures for :func:`spectra.analyze`: :data:`CORE`, and each of :data:`ALL` that returns one
        of the names which those before it do not return.

    See Also
    --------
    spectra.results.rules.check : Rules, whose variables these measures return.

    Examples
    --------
    >>> [measure.__name__ for measure in returning("trap_p", "alpha") if measure not in CORE]
    ['randomized']
    """
    chosen = list(CORE)
    missing = {*names}.difference(*map(returned, chosen))
    for measure in ALL:
        if missing and (found := returned(measure) & missing):
            chosen.append(measure)
            missing -= found
    return tuple(chosen)
