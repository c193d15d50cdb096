"""Compare a spectrum with pure noise, by random matrix theory."""

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
