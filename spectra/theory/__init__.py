"""
Theory: random matrices with spectra known from theory, and free probability.

- ``ensembles``: random matrices to test a method on, each with its predicted spectrum: noise
  (``gaussian``, ``wigner``, ``correlated``), noise with spikes (``spiked``), heavy-tailed matrices
  of known alpha (``pareto``, ``symmetric_pareto``, ``student_t``, ``levy``), eigenvalues alone
  (``laguerre``)
- ``free_probability``: free cumulants of a spectrum (``free_cumulants``), R-transforms of laws
  (``marchenko_pastur_R``, ``levy_R`` and others), the metric of a layer by one of them
  (``capacity``)
- ``local``: statistics of neighbouring eigenvalues: unfolding, laws of their spacings, number
  variance, rigidity, kernels
"""

from spectra.theory import ensembles, free_probability, local

__all__ = ["ensembles", "free_probability", "local"]
