"""
Heavy-tailed matrices
=====================

How are norms of a matrix with heavy-tailed elements tied to the exponent of its eigenvalues?
"""

# %%
# Elements with a tail :math:`P(|w| > x) \sim x^{-\mu}` are drawn for several :math:`\mu`.

import numpy as np

import spectra
from spectra.theory import ensembles

SIZE = 100  # sides of the matrices
EXPONENTS = (0.5, 1.0, 1.5, 2.0, 3.0)  # of the elements
DRAWS = 8  # matrices for each exponent

ratios = {}
for mu in EXPONENTS:
    found = []
    for draw in range(DRAWS):
        W = ensembles.pareto((SIZE, SIZE), mu=mu, rng=draw).W
        evals = spectra.eigenvalues(W) / SIZE
        found.append(np.log10(evals.sum()) / np.log10(evals.max()))
    ratios[mu] = float(np.mean(found))
print(ratios)
