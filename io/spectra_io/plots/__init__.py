"""
Plots: the figures of a layer and of a model.

- :func:`esd`: spectral density of a layer, with its fitted tail and the law of its noise
- :func:`correlation_flow`: alpha against depth
- :func:`to_file`: write a figure to a file without a display; :func:`check` does it beforehand
"""

from spectra_io.plots._correlation_flow import correlation_flow
from spectra_io.plots._esd import esd
from spectra_io.plots._files import FORMATS, check, to_file

__all__ = ["FORMATS", "check", "correlation_flow", "esd", "to_file"]
