"""
Cost of a store, for layers of two widths: in the first run, and in a second one.

    python tests/bench/store.py

The seconds are of one core (time of the processor, the least of several tries); those of a write
are by the clock, because they wait for the disk.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "io")]

import spectra  # noqa: E402
import spectra_io  # noqa: E402
from spectra.stored._content import content_of  # noqa: E402

WIDTHS = {256: 16, 2048: 1}  # layers of a model


def least(work, clock=time.process_time, tries=3):
    """Return the least time that work took."""
    found = []
    for _ in range(tries):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def measured(width, num, folder):
    """Print the cost of a layer of a width: plain, its digest, its write, and a second look."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((num, width, width)).astype(np.float32)
    model = {f"{n}.weight": array for n, array in enumerate(W)}
    store = spectra_io.open_store(folder / str(width))
    plain = least(lambda: spectra.analyze(model), tries=2) / num
    digest = least(lambda: content_of(W[0]))
    spectra.analyze(model, store=store)
    name = next(name for name in store if not name.startswith("runs/"))
    data = store[name]
    write = least(lambda: store.__setitem__(name, data), time.perf_counter)
    again = least(lambda: spectra.analyze(model, store=store)) / num
    print(
        f"width {width}: analysis {plain:.3f} s, digest {digest / plain:.2%}, "
        f"write of {len(data):,} bytes {write / plain:.2%}, second look {again / plain:.2%}"
    )


if __name__ == "__main__":
    spectra.analyze({"warm.weight": np.eye(30)}, store={})
    with TemporaryDirectory() as name:
        for width, num in WIDTHS.items():
            measured(width, num, Path(name))
