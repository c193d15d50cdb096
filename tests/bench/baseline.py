"""
Time of the default analysis over that of bare linear algebra.

    python tests/bench/baseline.py [--runs 3]

The bare time is that of ``W.T @ W`` in float64 and ``numpy.linalg.eigvalsh`` for the same heavy-
tailed matrices, one after the other with the best fixed number of BLAS threads, and one matrix per
core with one thread each. The analysis runs on all cores, as the command line does.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "io")]

import spectra  # noqa: E402
from spectra import measures  # noqa: E402
from spectra_io.runs.executors import cores  # noqa: E402
from spectra_io.runs.plans import Planned  # noqa: E402

NUMBER = {256: 64, 768: 16, 2048: 8, 4096: 4}  # of square matrices of each width


def bare(W):
    """Return the eigenvalues as one line of NumPy has them."""
    wide = W.astype(np.float64)
    return np.linalg.eigvalsh(wide.T @ wide)


def least(work, runs):
    """Return the least time of several runs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def baseline(matrices, runs):
    """Return the time of the best of the ways to thread the bare computation."""
    times = []
    for threads in range(1, cores() + 1):
        with threadpool_limits(threads, "blas"):
            times.append(least(lambda: [bare(W) for W in matrices], runs))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        times.append(least(lambda: list(pool.map(bare, matrices)), runs))
    return min(times)


def main():
    """Print the ratio for each width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="*", default=list(NUMBER))
    options = parser.parse_args()
    spectra.analyze({"warm": np.random.default_rng(1).standard_t(2, (64, 64))})
    for width in options.widths:
        rng = np.random.default_rng(0)
        model = {
            f"w{i}": rng.standard_t(3, (width, width)).astype(np.float32)
            for i in range(NUMBER[width])
        }
        ours = least(
            lambda: spectra.analyze(model, executor=Planned(measures.CORE)),  # noqa: B023
            options.runs,
        )
        theirs = baseline(list(model.values()), options.runs)
        each = 1000 / NUMBER[width]
        print(
            f"{width:5}: analysis {each * ours:7.1f} ms, bare {each * theirs:7.1f} ms per layer, "
            f"ratio {ours / theirs:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
