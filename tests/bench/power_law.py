"""
How fast power laws are fitted, and WeightWatcher's and powerlaw's fits beside ours.

    python tests/bench/power_law.py --weightwatcher PATH/TO/python

The other interpreter must have weightwatcher and powerlaw; without it only our times and their
growth are printed. All contestants fit the same arrays, each in fresh processes of one thread,
imports not counted; medians of interleaved runs are compared. A run's time is the shortest of a
few fits in a row.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SIZE = 4096
SIZES = (1_000, 10_000, 100_000)
BLOCK = 1_000  # eigenvalues of one matrix in the larger samples
TIMER = """
import sys, time
import numpy as np
x = np.load(sys.argv[1])
def shortest(work, times):
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    print("took", min(took))
"""
OURS = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
from spectra.tails import bootstrap, power_law
{TIMER}
shortest(lambda: power_law.fit(x), 9)
"""
BOOTSTRAP = OURS.replace("power_law.fit(x), 9", "bootstrap.refits(x, resamples=1000), 3")
WEIGHTWATCHER = f"""
import contextlib, io, logging
logging.disable(logging.CRITICAL)
with contextlib.redirect_stdout(io.StringIO()):
    from weightwatcher.WW_powerlaw import WWFit
{TIMER}
shortest(lambda: WWFit(x), 5)
"""
POWERLAW = f"""
import warnings
warnings.simplefilter("ignore")
import powerlaw
{TIMER}
shortest(lambda: powerlaw.Fit(x, parameter_ranges={{"alpha": [1, 30]}}, verbose=False), 1)
"""


def gram(weights):
    """Return the eigenvalues of ``W.T @ W``."""
    return np.linalg.eigvalsh(weights.T @ weights)


def blocks(draw: Callable[[tuple[int, int]], np.ndarray], size: int) -> np.ndarray:
    """Return the eigenvalues of as many matrices as it takes, pooled."""
    side = min(size, BLOCK) if size > SIZE else size
    return np.concatenate([gram(draw((2 * side, side))) for _ in range(max(1, size // side))])


def samples(size: int) -> dict[str, np.ndarray]:
    """Return data of every kind."""
    rng = np.random.default_rng(0)
    return {
        "Pareto": rng.pareto(1.5, size) + 1,
        "lognormal": rng.lognormal(0, 1, size),
        "Marchenko-Pastur": blocks(rng.standard_normal, size),
        "heavy-tailed Wishart": blocks(lambda shape: rng.standard_t(2.5, shape), size),
    }


def run(python: str, code: str, file: Path) -> float:
    """Return the seconds a contestant took."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [python, "-c", code, str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads})
    if ran.returncode:
        sys.exit(ran.stderr)
    return float(next(x for x in ran.stdout.splitlines() if x.startswith("took")).split()[1])


def medians(contestants: dict[str, tuple[str, str, Path]], runs: int) -> dict[str, float]:
    """Run all of them in turn, several times."""
    took: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            took[name].append(run(*contestant))
    return {name: statistics.median(times) for name, times in took.items()}


def saved(folder: Path, name: str, x: np.ndarray) -> Path:
    """Write an array and return where."""
    path = folder / f"{name}-{len(x)}.npy"
    np.save(path, x)
    return path


def main() -> None:
    """Print times, ratios and exponents of growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weightwatcher", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    other = options.weightwatcher
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, x in samples(SIZE).items():
            file = saved(folder, kind, x)
            contestants = {"ours": (sys.executable, OURS, file)}
            if other:
                contestants["WeightWatcher"] = (other, WEIGHTWATCHER, file)
                contestants["powerlaw"] = (other, POWERLAW, file)
            took = medians(contestants, options.runs)
            ratios = [f"{t / took['ours']:.0f} x {n}" for n, t in took.items() if n != "ours"]
            print(f"{kind}, n = {SIZE}: {1e3 * took['ours']:.2f} ms; faster than", *ratios)
        growth = [samples(size) for size in SIZES]
        for kind in growth[0]:
            files = [saved(folder, kind, x[kind]) for x in growth]
            took = medians(
                {str(n): (sys.executable, OURS, f) for n, f in zip(SIZES, files, strict=True)},
                options.runs,
            )
            power = np.log(took[str(SIZES[-1])] / took[str(SIZES[0])]) / np.log(
                SIZES[-1] / SIZES[0]
            )
            shown = ", ".join(f"{1e3 * t:.2f} ms at {n}" for n, t in took.items())
            print(f"{kind}: {shown}; cost grows as n^{power:.2f}")
        small = saved(folder, "bootstrap", np.random.default_rng(0).pareto(1.5, 1000) + 1)
        large = folder / f"lognormal-{SIZE}.npy"
        contestants = {"ours": (sys.executable, BOOTSTRAP, small)}
        if other:
            contestants["WeightWatcher"] = (other, WEIGHTWATCHER, large)
        took = medians(contestants, options.runs)
        print(f"1000 refits at n = 1000: {took['ours']:.2f} s")
        if other:
            print(
                f"as long as {took['ours'] / took['WeightWatcher']:.1f} of its fits at n = {SIZE}"
            )


if __name__ == "__main__":
    main()
