"""Tails of spectra: power-law fits, tests of the fits, and alternative laws."""

from spectra.tails import (
    alternatives,
    ambiguity,
    bootstrap,
    hill,
    log_excess,
    options,
    outliers,
    power_law,
    samples,
    truncated_power_law,
    xmin_search,
)

__all__ = [
    "alternatives",
    "ambiguity",
    "bootstrap",
    "hill",
    "log_excess",
    "options",
    "outliers",
    "power_law",
    "samples",
    "truncated_power_law",
    "xmin_search",
]
