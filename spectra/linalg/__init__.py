"""Linear algebra: eigenvalues, norms, ranks, elements and singular vectors of a matrix."""

from spectra.linalg import eigen, elements, norms, ranks, vectors

__all__ = ["eigen", "elements", "norms", "ranks", "vectors"]
