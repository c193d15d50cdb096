"""
How good the forecast of a run of unequal layers is, a third of the way through.

    python tests/bench/forecast.py

One model of layers from 256 x 128 to 6144 x 1536, with the large layers first, last and mixed, is
analysed on two threads, half a minute or more each. Printed are the whole time that was forecast
after a third of it, by the costs and, for comparison, by the count of layers that were done. Other
programs on the machine change its speed during a run: with --cpu the clock is the processor time of
this one, divided by the number of threads.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

os.environ["OPENBLAS_NUM_THREADS"] = "1"
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "io")]

import numpy as np  # noqa: E402

import spectra  # noqa: E402
from spectra_io.runs import executors, progress  # noqa: E402

SHAPES = [(6144, 1536)] * 6 + [(2048, 1024)] * 12 + [(1024, 512)] * 24 + [(256, 128)] * 48


def model(order, size):
    """Return arrays by name: the large ones first, last, or mixed."""
    rng = np.random.default_rng(0)
    shapes = {"first": SHAPES, "last": SHAPES[::-1], "mixed": rng.permutation(SHAPES).tolist()}
    return {
        f"layer{i}.weight": rng.standard_normal((round(size * m), round(size * n)), np.float32)
        for i, (m, n) in enumerate(shapes[order])
    }


def processor_time():
    """Return the seconds that each core would have worked by now on a machine of our own."""
    return time.process_time() / executors.cores()


def watched(arrays, *, cpu):
    """Analyze a model, and return the forecasts of the whole time with the time of each."""
    found = []

    @contextmanager
    def shown(names, *, noun):
        def view(forecast, elapsed):
            by_count = elapsed * forecast.num / max(1, forecast.num_done)
            found.append((elapsed, elapsed + forecast.remaining(elapsed), by_count))

        yield view

    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(progress, "shown", shown))
        if cpu:
            patches.enter_context(mock.patch.object(time, "monotonic", processor_time))
        spectra.analyze(arrays, executor=executors.WithProgress())
    return np.array(found)


def main():
    """Print the forecasts and the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="scale of the shapes")
    parser.add_argument("--cpu", action="store_true", help="take the processor time as the clock")
    options = parser.parse_args()
    spectra.analyze({"warm.weight": np.random.default_rng(0).standard_normal((60, 40))})
    for order in ("first", "last", "mixed"):
        times, by_cost, by_count = watched(model(order, options.size), cpu=options.cpu).T
        whole = times[-1]
        third = np.searchsorted(times, whole / 3)
        first = times[np.isfinite(by_cost)][0]
        print(
            f"large layers {order}: {whole:.1f} s; at a third {by_cost[third]:.1f} s "
            f"({by_cost[third] / whole - 1:+.0%}), by count {by_count[third]:.1f} s "
            f"({by_count[third] / whole - 1:+.0%}); first forecast after {first:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
