"""
Theory: random matrices with spectra known from theory, and free probability.

- ``ensembles``: random matrices to test a method on, each with its predicted spectrum: noise
  (``gaussian``, ``wigner``, ``correlated``), noise with spikes (``spiked``), heavy-tailed matrices
  of known alpha (``pareto``, ``symmetric_pareto``, ``student_t``, ``levy``), eigenvalues alone
  (``laguerre``)
- ``free_probability``: free cumulants of a spectrum (``free_cumulants``), R-transforms of laws
  (``marchenko_pastur_R``, ``levy_R`` and others), the metric of a layer by one of them
  (``capacity``)
- ``mu_alpha``: exponent of the spectrum from the tail index of the elements, in theory
  (``exponents``) and fitted to matrices of a size (``fitted``)
"""

from spectra.theory import ensembles, free_probability, mu_alpha

__all__ = ["ensembles", "free_probability", "mu_alpha"]
