"""
Run the analysis of the layers in parallel, and say how long it takes.

- ``executors``: threads with progress, which can be stopped (``ThreadsWithProgress``)
- ``forecasts``: the rest of a run by the costs that are done (``Forecast``)
- ``progress``: a bar on a terminal, else a line every half minute (``shown``)
- ``calibration``: how fast this machine works (``calibrated``)
- ``estimates``: time and memory of an analysis before it starts (``estimate``, ``cost_table``)
"""

from spectra_io.runs import calibration, estimates, executors, forecasts, progress

__all__ = ["calibration", "estimates", "executors", "forecasts", "progress"]
