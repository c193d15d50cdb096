"""
Measures: functions from the spectrum of a layer to a few named results.

A measure is called with one :class:`~spectra.eigen.Spectrum`, all of it finite and its largest
eigenvalue positive, and returns a mapping of variable names to numbers. Options belong to the
measure that uses them: set them with :func:`functools.partial`. A function of your own is as good
as these; declare what it returns with :class:`~spectra.variables.Variable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from spectra.measures.sizes import norms, ranks
from spectra.measures.tails import evidence, hill, power_law

if TYPE_CHECKING:
    from spectra.eigen import Spectrum

__all__ = ["CORE", "Measure", "evidence", "hill", "norms", "power_law", "ranks"]

Measure = Callable[["Spectrum"], Mapping[str, float]]
"""The type of a measure."""

CORE: tuple[Measure, ...] = (norms, ranks, power_law, hill, evidence)
"""The measures taken by default."""
