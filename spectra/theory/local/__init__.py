"""
Local statistics: how the eigenvalues of a random matrix lie beside their neighbours.

On the scale of the distance between neighbours, the eigenvalues of large random matrices have laws
that depend only on `beta`, the number of real numbers in an element: 1 real, 2 complex, 4
quaternion. Where a law of independent numbers belongs beside them, it is that of `beta` 0. Spectra
lie along the last axis of an array; leading axes are draws.

- ``unfolding``: eigenvalues mapped to a mean spacing of 1, by their law (``by_law``), a polynomial
  (``by_polynomial``) or the mean spacing around each (``by_window``)
- ``spacing_law``: exact law of the spacing of neighbours (``pdf``, ``cdf``, ``sf``, ``ppf``,
  ``isf``), and a test against it (``kolmogorov_smirnov``)
- ``surmise``: Wigner's formula for that law, from 2 x 2 matrices
- ``brody``: law between independent numbers and Wigner's surmise, and its exponent (``fit``)
- ``number_variance``: variance of the number of eigenvalues in an interval (``measure``,
  ``expected``)
- ``rigidity``: distance of the counting function from a straight line, Delta_3 (``measure``,
  ``expected``)
- ``bulk_kernel``, ``edge_kernel``, ``hard_edge_kernel``: kernels, densities and pair correlations
  inside the spectrum, at its edge, and at zero
"""

from spectra.theory.local import (
    brody,
    bulk_kernel,
    edge_kernel,
    hard_edge_kernel,
    number_variance,
    rigidity,
    spacing_law,
    surmise,
    unfolding,
)

__all__ = [
    "brody",
    "bulk_kernel",
    "edge_kernel",
    "hard_edge_kernel",
    "number_variance",
    "rigidity",
    "spacing_law",
    "surmise",
    "unfolding",
]
