"""
Linear algebra: eigenvalues, norms, ranks, elements and singular vectors of a matrix.

Eigenvalues, and numbers computed from them

- ``eigen``: eigenvalues of ``W.T @ W`` (``eigenvalues``)
- ``devices``: other libraries than NumPy and the hardware on which they compute (``opened``)
- ``estimates``: the largest eigenvalues (``largest``) and the density (``spectral_density``) of
  matrices too wide for all eigenvalues, each with its error
- ``two_stage``: eigenvalues of a large symmetric matrix (``eigenvalues``), and its reduction to a
  band (``to_band``)
- ``norms``: squared Frobenius norm (``frobenius``), nuclear norm (``nuclear``), logarithms of
  Schatten norms (``log_schatten``), stable rank (``stable_rank``), ``condition_number``
- ``ranks``: rank to within rounding (``matrix_rank``), entropy of the spectrum (``entropy``), and
  other numbers of directions (``effective_rank``, ``energy_rank``, ``participation_ratio``)

From the matrix itself

- ``vectors``: largest and smallest eigenvalues with their singular vectors (``largest``,
  ``smallest``), and how localized vectors are (``participation_ratio``, ``inverse_participation``,
  ``localization_ratio``, ``entropy``, ``porter_thomas``)
- ``subspaces``: overlaps of two matrices: canonical correlations of their columns
  (``canonical_correlations``), and shares of their singular vectors along the spectrum
  (``band_overlaps``)
- ``elements``: outlying elements (``huge``), where they are (``where``), kurtosis without them
  (``excess_kurtosis``), the matrix without dead rows and columns (``alive``)
- ``far_elements``: elements far from a number (``find``), and their places in words
  (``places_in_words``)
- ``finiteness``: elements that are not finite, and where the first is (``not_finite``)
- ``live_elements``: summary of the elements outside dead rows and columns, read in blocks
  (``read``, ``pieces``)
- ``weibull``: Weibull law of the absolute elements (``shape``)
"""

from spectra.linalg import (
    devices,
    eigen,
    elements,
    estimates,
    far_elements,
    finiteness,
    live_elements,
    norms,
    ranks,
    subspaces,
    two_stage,
    vectors,
    weibull,
)

__all__ = [
    "devices",
    "eigen",
    "elements",
    "estimates",
    "far_elements",
    "finiteness",
    "live_elements",
    "norms",
    "ranks",
    "subspaces",
    "two_stage",
    "vectors",
    "weibull",
]
