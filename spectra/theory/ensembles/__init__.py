r"""
Ensembles: random matrices whose spectra are known from theory.

Each function draws a matrix and says where the eigenvalues of ``W.T @ W``, not divided by N, should
lie: the edges of the bulk, the exponent of a power-law tail, the eigenvalues outside. N and M are
the longer and the shorter side of the matrix; where there are more columns than rows, the
eigenvalues beyond the first M are zero and no part of what is said here.

Elements whose distribution falls off as :math:`P(|w| > x) \sim x^{-\mu}` decide by :math:`\mu`.
Above 4 the spectrum ends where that of Gaussian elements of the same variance does. At 4 and below
there is no upper edge: the largest elements give eigenvalues of their own, whose density falls off
as :math:`\lambda^{-(1 + \mu/2)}`. Below 2 the variance is infinite and the power law is the bulk
itself; from 2 to 4 it is a vanishing share of the spectrum, and an exponent fitted to a matrix of a
thousand columns is much larger than :math:`1 + \mu/2`.
"""

from spectra.theory.ensembles._heavy import levy, pareto, student_t, symmetric_pareto
from spectra.theory.ensembles._light import correlated, gaussian, laguerre, spiked, wigner
from spectra.theory.ensembles._sample import Sample

__all__ = [
    "Sample",
    "correlated",
    "gaussian",
    "laguerre",
    "levy",
    "pareto",
    "spiked",
    "student_t",
    "symmetric_pareto",
    "wigner",
]
