"""Plots: the figures of a layer and of a model."""

from spectra_io.plots._figures import FORMATS, check, correlation_flow, esd, to_file

__all__ = ["FORMATS", "check", "correlation_flow", "esd", "to_file"]
