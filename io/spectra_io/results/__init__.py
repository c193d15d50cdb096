"""Save results to files and load them again."""

from spectra_io.results import files

__all__ = ["files"]
