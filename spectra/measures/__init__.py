"""
Measures: functions from the spectrum of a layer to a few named results.

A measure is called with one :class:`~spectra.linalg.eigen.Spectrum`, all of it finite and its
largest eigenvalue positive, and returns a mapping of variable names to numbers. Options belong to
the measure that uses them: set them with :func:`functools.partial`. A function of your own is as
good as these; declare what it returns with :class:`~spectra.results.variables.Variable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spectra.measures._directions import erg, spacings, vectors
from spectra.measures._noise import marchenko_pastur, phase, randomized, spikes
from spectra.measures._sizes import norms, ranks
from spectra.measures._tails import evidence, hill, power_law

if TYPE_CHECKING:
    from spectra.linalg.eigen import Spectrum

__all__ = [
    "ALL",
    "CORE",
    "RANDOM_MATRIX",
    "Measure",
    "erg",
    "evidence",
    "hill",
    "marchenko_pastur",
    "norms",
    "phase",
    "power_law",
    "randomized",
    "ranks",
    "spacings",
    "spikes",
    "vectors",
]

Measure = Callable[["Spectrum"], Mapping[str, Any]]
"""The type of a measure."""

CORE: tuple[Measure, ...] = (norms, ranks, power_law, hill, evidence)
"""The measures taken by default."""

RANDOM_MATRIX: tuple[Measure, ...] = (
    *(marchenko_pastur, spikes, randomized, erg, spacings, vectors, phase),
)
"""Those of noise and signal, by random matrix theory; the vectors take longest."""

ALL: tuple[Measure, ...] = (*CORE, *RANDOM_MATRIX)
"""Everything."""
