"""Theory: random matrices with spectra known from theory, and free probability."""

from spectra.theory import ensembles, free_probability

__all__ = ["ensembles", "free_probability"]
