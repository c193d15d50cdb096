"""
Measures: functions from the spectrum of a layer to a few named numbers.

A measure is called with one :class:`~spectra.Spectrum`, all of it finite and its largest eigenvalue
positive, and returns a mapping of variable names to numbers. The fit of the tail, the bulk and the
spikes belong to the Spectrum: they are computed once, with the options given to
:func:`spectra.analyze`, and all measures read the same. An option that one measure uses alone is
set with :func:`functools.partial`. A function of your own is as good as these; declare what it
returns with :class:`~spectra.Variable`.

- :func:`size`: norms
- :func:`rank`: ranks and entropy
- :func:`tail_fit`: power law of the tail
- :func:`hill_fit`: exponent of the larger half
- :func:`evidence`: error bars, p-value and rivals of the power law
- :func:`bulk_fit`: noise in the layer, and the number of spikes above it
- :func:`spike_signals`: signal behind each spike
- :func:`randomized`: permuted elements, and traps
- :func:`erg_tail`: tail whose eigenvalues multiply to 1
- :func:`spacing_ratios`: repulsion of neighbouring eigenvalues
- :func:`vector_spread`: localization of singular vectors
- :func:`training_phase`: phase of training
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spectra.measures._directions import erg_tail, spacing_ratios, vector_spread
from spectra.measures._noise import bulk_fit, randomized, spike_signals, training_phase
from spectra.measures._sizes import rank, size
from spectra.measures._tails import evidence, hill_fit, tail_fit

if TYPE_CHECKING:
    from spectra._spectrum import Spectrum

__all__ = [
    "ALL",
    "CORE",
    "RANDOM_MATRIX",
    "Measure",
    "bulk_fit",
    "erg_tail",
    "evidence",
    "hill_fit",
    "randomized",
    "rank",
    "size",
    "spacing_ratios",
    "spike_signals",
    "tail_fit",
    "training_phase",
    "vector_spread",
]

Measure = Callable[["Spectrum"], Mapping[str, Any]]
"""The type of a measure."""

CORE: tuple[Measure, ...] = (size, rank, tail_fit, hill_fit, evidence)
"""The measures taken by default."""

RANDOM_MATRIX: tuple[Measure, ...] = (
    *(bulk_fit, spike_signals, randomized, erg_tail, spacing_ratios, vector_spread),
    training_phase,
)
"""Measures of noise and signal, by random matrix theory; the vectors take longest."""

ALL: tuple[Measure, ...] = (*CORE, *RANDOM_MATRIX)
"""Every measure."""
