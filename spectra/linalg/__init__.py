"""Linear algebra: from a matrix to its eigenvalues, norms, ranks and singular vectors."""

from spectra.linalg import eigen, elements, norms, ranks, vectors

__all__ = ["eigen", "elements", "norms", "ranks", "vectors"]
