"""
Tails of spectra: power-law fits, tests of the fits, and alternative laws.

The power law

- ``power_law``: the fit (``fit``), many fits at once (``fits``), one per threshold (``scan``)
- ``options``: options of the fit, with their defaults (``FitOptions``)
- ``hill``: Hill's estimate of alpha from the k largest data (``alpha``), for every k (``curve``),
  from the larger half (``half``)
- ``exponents``: gamma, xi, mu and alpha of a tail, converted into one another (``convert``)
- ``tail_indices``: estimates of the tail index for every k, by moments, kernels and Pickands
- ``tail_errors``: variance and bias of these estimates, the best k of a known tail (``best_k``)
- ``second_order``: where the power law of a tail begins (``fit``), Hill's estimate without its bias
  (``corrected_hill``)
- ``tail_length``: the k of the least error, by the double bootstrap (``choose``)

How far to trust it

- ``bootstrap``: confidence intervals of alpha and xmin (``interval``), p-value of the power law
  (``goodness_of_fit``)
- ``ambiguity``: other tails that fit nearly as well (``local_minima``, ``rival``)
- ``support``: whether data support a power law, in a word (``judge``, ``power_law_support``,
  ``likelier_law``)
- ``outliers``: fits without a few large outliers, fingers (``clip_xmax``, ``xmin_peak``)

Other laws

- ``alternatives``: exponential, lognormal and others: the fit of one (``fit``), likelihood-ratio
  tests against the power law (``compare``, ``vuong``)
- ``truncated_power_law``: a power law with an exponential cutoff (``fit``)

What the fits are made of

- ``log_excess``: distribution of ln(x / xmin) under a power law (``pdf``, ``cdf``, ``sf``, ``ppf``,
  ``isf``, and the same with an end), Stephens' test (``stephens``)
- ``samples``: the data that can be fitted (``positive``, ``prepare``), codes of fits that are
  impossible (``FitStatus``)
- ``xmin_search``: the threshold of smallest distance (``search``), the longest tail that a test
  does not reject (``longest``)
"""

from spectra.tails import (
    alternatives,
    ambiguity,
    bootstrap,
    exponents,
    hill,
    log_excess,
    options,
    outliers,
    power_law,
    samples,
    second_order,
    support,
    tail_errors,
    tail_indices,
    tail_length,
    truncated_power_law,
    xmin_search,
)

__all__ = [
    "alternatives",
    "ambiguity",
    "bootstrap",
    "exponents",
    "hill",
    "log_excess",
    "options",
    "outliers",
    "power_law",
    "samples",
    "second_order",
    "support",
    "tail_errors",
    "tail_indices",
    "tail_length",
    "truncated_power_law",
    "xmin_search",
]
