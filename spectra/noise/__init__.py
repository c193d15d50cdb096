"""Noise: what random matrix theory says of a spectrum."""

from spectra.noise import (
    baselines,
    bulk,
    erg,
    marchenko_pastur,
    permutation,
    phases,
    signal,
    spacings,
    spikes,
    tracy_widom,
    traps,
    truncation,
)

__all__ = [
    "baselines",
    "bulk",
    "erg",
    "marchenko_pastur",
    "permutation",
    "phases",
    "signal",
    "spacings",
    "spikes",
    "tracy_widom",
    "traps",
    "truncation",
]
