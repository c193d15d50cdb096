"""
Theory: random matrices with spectra known from theory, and free probability.

- ``compare``: whether matrices or spectra obey a law, at their size and to what precision
- ``scan``: the same at several sizes, and the rate at which an ensemble tends to the law
- ``ensembles``: random matrices to test a method on, each with its predicted spectrum: noise
  (``gaussian``, ``wigner``, ``correlated``, ``sparse``), noise with spikes (``spiked``,
  ``trained_like``), other structure (``orthogonal``, ``product``), heavy-tailed matrices of known
  alpha (``pareto``, ``symmetric_pareto``, ``student_t``, ``levy``), eigenvalues alone at any beta
  (``hermite``, ``laguerre``, ``jacobi``)
- ``free_probability``: free cumulants of a spectrum (``free_cumulants``), R-transforms of laws
  (``marchenko_pastur_R``, ``levy_R`` and others), the metric of a layer by one of them
  (``capacity``)
- ``laws``: laws as objects of one kind, with density, transforms, cumulants and draws, and their
  free sums and products
- ``local``: statistics of neighbouring eigenvalues: unfolding, laws of their spacings, number
  variance, rigidity, kernels
- ``deformations``: outliers that a matrix of low rank adds to a law, and their vectors: to a
  semicircle (``wigner``), to any law (``additive``, ``multiplicative``, ``rectangular``)
- ``many_spikes``: bands of a spectrum if a share of its eigenvalues is signal (``rectangular``,
  ``symmetric``), the largest share that leaves a gap (``largest_share``)
- ``mu_alpha``: exponent of the spectrum from the tail index of the elements, in theory
  (``exponents``) and fitted to matrices of a size (``fitted``)
- ``spherical_integrals``: means over all rotations at a finite size, of which free probability is
  the limit: exact for a matrix of rank one (``log_rank_one``) and for unitary rotations
  (``log_unitary``), and draws of the exponent (``overlaps``)
"""

from spectra.theory import (
    deformations,
    ensembles,
    free_probability,
    laws,
    local,
    many_spikes,
    mu_alpha,
    spherical_integrals,
)
from spectra.theory._compare import compare
from spectra.theory._scan import scan

__all__ = [
    "compare",
    "deformations",
    "ensembles",
    "free_probability",
    "laws",
    "local",
    "many_spikes",
    "mu_alpha",
    "scan",
    "spherical_integrals",
]
