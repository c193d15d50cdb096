"""Results: saved to files and loaded again."""

from spectra_io.results import files

__all__ = ["files"]
