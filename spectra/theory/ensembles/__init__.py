r"""
Ensembles: random matrices with spectra known from theory.

Each function draws a matrix and returns it with the predictions of theory for the eigenvalues of
``W.T @ W``, not divided by N: the edges of the bulk, the exponent of a power-law tail, and the
eigenvalues outside. N and M are the longer and the shorter side of the matrix. If there are more
columns than rows, the eigenvalues beyond the first M are zero and not counted here. With a number
`num` a function draws that many matrices at once, of shape (num, rows, columns).

``hermite``, ``laguerre`` and ``jacobi`` draw eigenvalues alone, in much less time, for matrices of
real (beta = 1), complex (2) and quaternion (4) elements, and at any other beta above 0.

For independent elements whose distribution falls off as :math:`P(|w| > x) \sim x^{-\mu}`, the
spectrum depends on the tail index :math:`\mu`. For :math:`\mu > 4` it has the same edges as for
Gaussian elements of the same variance. For :math:`\mu \le 4` there is no upper edge: each of the
largest elements gives a separate eigenvalue, and the density of these eigenvalues falls off as
:math:`\lambda^{-(1 + \mu/2)}`. For :math:`\mu < 2` the variance is infinite and the whole bulk
follows the power law. From 2 to 4 a vanishing share of the spectrum follows it, and an exponent
fitted to a matrix of a thousand columns is much larger than :math:`1 + \mu/2`.
"""

from spectra.theory.ensembles._eigenvalues import hermite, jacobi, laguerre
from spectra.theory.ensembles._heavy import levy, pareto, student_t, symmetric_pareto
from spectra.theory.ensembles._light import correlated, gaussian, wigner
from spectra.theory.ensembles._planted import spiked, trained_like
from spectra.theory.ensembles._sample import Sample
from spectra.theory.ensembles._structured import orthogonal, product, sparse

__all__ = [
    "Sample",
    "correlated",
    "gaussian",
    "hermite",
    "jacobi",
    "laguerre",
    "levy",
    "orthogonal",
    "pareto",
    "product",
    "sparse",
    "spiked",
    "student_t",
    "symmetric_pareto",
    "trained_like",
    "wigner",
]
