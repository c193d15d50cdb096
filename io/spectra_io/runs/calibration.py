"""Measure how fast this machine works, to forecast the time of an analysis before it starts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

import spectra
from spectra.costs import TYPICAL, Rates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["calibrated"]

_TYPICAL_SECONDS = {  # of the samples below, on the core of the typical rates
    "product": 0.030,
    "values": 0.043,
    "vectors": 0.018,
    "element": 0.011,
    "layer": 0.060,
}
_REPETITIONS = 4


def _samples() -> Mapping[str, Callable[[], object]]:
    """Return a small piece of each kind of work."""
    rng = np.random.default_rng(0)
    tall = rng.standard_normal((4096, 512))
    other = rng.standard_normal((1024, 768))
    gram = other.T @ other
    part = gram[:384, :384].copy()
    narrow = rng.standard_normal((2048, 1024)).astype(np.float32)
    layer = {"weight": rng.standard_normal((200, 100))}
    return {
        "product": lambda: tall.T @ tall,
        "values": lambda: np.linalg.eigvalsh(gram),
        "vectors": lambda: np.linalg.eigh(part),
        "element": lambda: np.abs(narrow.astype(np.float64)).max(),
        "layer": lambda: spectra.analyze(layer),
    }


def calibrated(workers: int, /) -> Rates:
    """
    Measure the seconds that each of several threads takes for a unit of work.

    Parameters
    ----------
    workers : int
        Number of threads that work at the same time, as they do in an analysis.

    Returns
    -------
    Rates
        Rates of one thread. The measurement takes about a second.

    Examples
    --------
    >>> calibrated(1).product > 0
    True
    """
    samples = _samples()
    samples["layer"]()  # imports what it needs

    def slowness(_: int) -> dict[str, float]:
        return {
            name: _mean_time(sample) / _TYPICAL_SECONDS[name] for name, sample in samples.items()
        }

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(slowness, range(workers)))
    slower = {name: float(np.mean([each[name] for each in found])) for name in samples}
    slower["eigenvalue"] = slower["layer"]  # both are work of the interpreter
    return Rates(*(getattr(TYPICAL, name) * slower[name] for name in Rates._fields))


def _mean_time(work: Callable[[], object]) -> float:
    """Return the mean seconds of a few repetitions, what other threads and programs take in it."""
    start = time.perf_counter()
    for _ in range(_REPETITIONS):
        work()
    return (time.perf_counter() - start) / _REPETITIONS
