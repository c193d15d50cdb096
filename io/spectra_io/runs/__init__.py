"""Runs: how the work on the layers is done."""

from spectra_io.runs import executors

__all__ = ["executors"]
