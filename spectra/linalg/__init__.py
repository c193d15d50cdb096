"""
Linear algebra: eigenvalues, norms, ranks, elements and singular vectors of a matrix.

Eigenvalues, and numbers computed from them

- ``eigen``: eigenvalues of ``W.T @ W`` (``eigenvalues``)
- ``norms``: squared Frobenius norm (``frobenius``), stable rank (``stable_rank``), logarithms of
  Schatten norms (``log_schatten``)
- ``ranks``: rank to within rounding (``matrix_rank``), entropy of the spectrum (``entropy``)

From the matrix itself

- ``vectors``: largest and smallest eigenvalues with their singular vectors (``largest``,
  ``smallest``), and how localized vectors are (``participation_ratio``, ``inverse_participation``,
  ``localization_ratio``, ``entropy``, ``porter_thomas``)
- ``elements``: outlying elements (``huge``), where they are (``where``), kurtosis without them
  (``excess_kurtosis``), the matrix without dead rows and columns (``alive``)
"""

from spectra.linalg import eigen, elements, norms, ranks, vectors

__all__ = ["eigen", "elements", "norms", "ranks", "vectors"]
