"""Theory: random matrices whose spectra are known, and free probability."""

from spectra.theory import ensembles, free_probability

__all__ = ["ensembles", "free_probability"]
