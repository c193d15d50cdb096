"""
Compare a spectrum with pure noise, by random matrix theory.

Laws of noise

- ``marchenko_pastur``: law of all eigenvalues: its edges (``edges``), ``pdf``, ``cdf``, ``sf``,
  ``ppf``, ``isf``, ``moments``, ``mean_log``
- ``tracy_widom``: law of the largest eigenvalue: p-value (``sf``), critical value (``isf``),
  ``pdf``, ``cdf``, ``ppf``, its centre and width (``scale``)
- ``units``: units of eigenvalues by name, and conversion between them (``convert``)
- ``baselines``: what estimates of a tail give for noise (``hill_alpha``, ``tail_distance``)

Noise and signal in a spectrum

- ``bulk``: variance of the noise (``estimate``, ``bema``), law fitted to the bulk (``fit``), its
  distance and p-value (``distance``, ``p_value``)
- ``spikes``: number of eigenvalues too large for noise, in one matrix (``detect``) or in each of
  several (``detect_each``)
- ``lower_edge``: smallest eigenvalue, if it is too small for noise (``p_value``),
  and its quantiles in noise (``isf``)
- ``signal``: strength of the signal behind a spike (``strength``), its spike (``eigenvalue``),
  angles between the singular vectors (``overlaps``)
- ``biwhitening``: rows and columns of unequal variance made alike (``scales``, ``whiten``)
- ``truncation``: thresholds on eigenvalues (``threshold``, ``screenot``) or on singular values
  (``gavish_donoho``) that recover a signal
- ``shrinkage``: singular values that bring a matrix closest to its signal (``shrink``), and the
  matrix with them (``denoised``)
- ``spacings``: repulsion of neighbouring eigenvalues (``mean_ratio``, ``windowed``)
- ``windows``: where along the spectrum a matrix is random (``windows``)

The matrix in random order

- ``permutation``: spectra of the permuted elements (``permuted_spectra``), distances between two
  spectra (``jensen_shannon``, ``rand_distance``)
- ``traps``: spikes that permuting leaves (``find``), and their cause (``explain``)
- ``large_elements``: elements and means that make a trap, without permuting (``find``)

Training

- ``erg``: the tail whose rescaled eigenvalues multiply to 1 (``tail``)
- ``phases``: phase of training of a layer (``classify``), its evidence (``evidence``), another
  phase that is near (``second``), published bands of alpha (``band``)
"""

from spectra.noise import (
    baselines,
    biwhitening,
    bulk,
    erg,
    large_elements,
    lower_edge,
    marchenko_pastur,
    permutation,
    phases,
    shrinkage,
    signal,
    spacings,
    spikes,
    tracy_widom,
    traps,
    truncation,
    units,
    windows,
)

__all__ = [
    "baselines",
    "biwhitening",
    "bulk",
    "erg",
    "large_elements",
    "lower_edge",
    "marchenko_pastur",
    "permutation",
    "phases",
    "shrinkage",
    "signal",
    "spacings",
    "spikes",
    "tracy_widom",
    "traps",
    "truncation",
    "units",
    "windows",
]
