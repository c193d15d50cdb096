"""
Run the analysis of the layers in parallel, and say how long it takes.

- ``plans``: threads or processes, and how many of them (``Planned``, ``Resources``)
- ``budgets``: the memory that a run may use (``free``, ``parsed``)
- ``executors``: a pool of workers with progress, which can be stopped (``WithProgress``)
- ``threads``, ``processes``: the workers, and ``events``: what they report
- ``clusters``: the workers of a Dask cluster (``connected``)
- ``admission``: which layer may start, within a budget of memory (``Admission``)
- ``blas``: linear algebra in one thread (``one_thread``)
- ``forecasts``: the rest of a run by the costs that are done (``Forecast``)
- ``progress``: a bar on a terminal, else a line every half minute (``shown``)
- ``calibration``: how fast this machine works (``calibrated``)
- ``estimates``: time and memory of an analysis before it starts (``estimate``, ``cost_table``)
"""

from spectra_io.runs import (
    admission,
    blas,
    budgets,
    calibration,
    clusters,
    estimates,
    events,
    executors,
    forecasts,
    plans,
    processes,
    progress,
    threads,
)

__all__ = [
    "admission",
    "blas",
    "budgets",
    "calibration",
    "clusters",
    "estimates",
    "events",
    "executors",
    "forecasts",
    "plans",
    "processes",
    "progress",
    "threads",
]
