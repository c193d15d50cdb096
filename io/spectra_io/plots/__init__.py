"""
Draw the figures of a layer and of a model.

- :func:`esd`: spectral density of a layer, with its fitted tail and the law of its noise
- :func:`correlation_flow`: alpha of the layers against their depth
- :func:`to_file`: axes that are written to a file, without a display
- :func:`check`: check that a figure can be written, before the analysis
"""

from spectra_io.plots._correlation_flow import correlation_flow
from spectra_io.plots._esd import esd
from spectra_io.plots._files import FORMATS, check, to_file

__all__ = ["FORMATS", "check", "correlation_flow", "esd", "to_file"]
