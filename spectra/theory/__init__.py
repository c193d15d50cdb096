"""
Theory: random matrices with spectra known from theory, and free probability.

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
"""

from spectra.theory import ensembles, free_probability, laws, local

__all__ = ["ensembles", "free_probability", "laws", "local"]
