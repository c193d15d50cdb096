"""Run the analysis of the layers in parallel."""

from spectra_io.runs import executors

__all__ = ["executors"]
