"""
How long the default analysis of eight 768-wide layers takes, and WeightWatcher's beside it.

    python tests/bench/analyze.py --weightwatcher PATH/TO/python

The other interpreter must have weightwatcher and torch; without it only our time is printed. Both
run in fresh processes on the same arrays, one BLAS thread each, the imports not counted; the
medians of interleaved runs are compared, and the peak memory of the processes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FINISH = """
took = time.perf_counter() - start
import resource
print("took", took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
OURS = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "io")!r}]
import numpy as np, spectra
spectra.analyze({{"warm.weight": np.random.default_rng(0).standard_normal((30, 20))}})
model = dict(np.load(sys.argv[1]))
start = time.perf_counter()
spectra.analyze(model)
{FINISH}"""
THEIRS = f"""
import logging, sys, time
import numpy as np, torch, weightwatcher as ww
logging.getLogger().setLevel(logging.ERROR)
logging.getLogger("weightwatcher").setLevel(logging.ERROR)
torch.set_num_threads(1)
model = {{k: torch.from_numpy(v) for k, v in np.load(sys.argv[1]).items()}}
start = time.perf_counter()
ww.WeightWatcher(model=model).analyze()
{FINISH}"""


def layers():
    """Return eight layers as of one transformer block, half noise, half heavy-tailed."""
    rng = np.random.default_rng(0)
    shapes = [(768, 768)] * 4 + [(3072, 768)] * 4
    return {
        f"layer{i}.weight": (
            rng.standard_normal(shape) if i % 2 else rng.standard_t(2.5, shape)
        ).astype(np.float32)
        for i, shape in enumerate(shapes)
    }


def run(python, code, file):
    """Return seconds and MiB."""
    env = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")}
    ran = subprocess.run([python, "-c", code, file], capture_output=True, text=True, env=env)
    if ran.returncode:
        sys.exit(ran.stderr)
    _, took, memory = next(x for x in ran.stdout.splitlines() if x.startswith("took")).split()
    return float(took), float(memory)


def main():
    """Print times, memory and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weightwatcher", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    contestants = {"ours": (sys.executable, OURS)}
    if options.weightwatcher:
        contestants["WeightWatcher"] = (options.weightwatcher, THEIRS)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "layers.npz")
        np.savez(file, **layers())
        for _ in range(options.runs):
            for name, contestant in contestants.items():
                found[name].append(run(*contestant, file))
    medians = {
        name: [statistics.median(x) for x in zip(*runs, strict=True)]
        for name, runs in found.items()
    }
    for name, (took, memory) in medians.items():
        print(f"{name}: {took:.2f} s, {memory:.0f} MiB")
    if options.weightwatcher:
        time_ratio, memory_ratio = np.divide(medians["WeightWatcher"], medians["ours"])
        print(f"ratios: {time_ratio:.1f} in time, {memory_ratio:.1f} in memory")


if __name__ == "__main__":
    main()
