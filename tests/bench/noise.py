"""
What the Marchenko-Pastur fit and the randomization cost, and WeightWatcher's beside them.

    python tests/bench/noise.py --weightwatcher PATH/TO/python

The layers are those of analyze.py: eight, 768 wide, half noise, half heavy-tailed. "extra" is what
the two options add to the plain analysis, over the plain analysis itself; first in WeightWatcher's
columns, then in our own measures. One BLAS thread each, medians of interleaved runs.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.analyze import FINISH, ROOT, layers, run

OURS = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "io")!r}]
import numpy as np, spectra
from spectra import measures
warm = {{"warm.weight": np.random.default_rng(0).standard_normal((30, 20))}}
def work(model):
    %s
work(warm)
model = dict(np.load(sys.argv[1]))
start = time.perf_counter()
work(model)
{FINISH}"""
THEIRS = f"""
import logging, sys, time
import numpy as np, torch, weightwatcher as ww
logging.getLogger().setLevel(logging.ERROR)
logging.getLogger("weightwatcher").setLevel(logging.ERROR)
torch.set_num_threads(1)
model = {{k: torch.from_numpy(v) for k, v in np.load(sys.argv[1]).items()}}
start = time.perf_counter()
ww.WeightWatcher(model=model).analyze(mp_fit=True, randomize=True)
{FINISH}"""
BOTH = "[*measures.CORE, measures.bulk_fit, measures.randomized]"
CASES = {
    "plain, WeightWatcher's columns": "spectra.weightwatcher.analyze(model)",
    "both, WeightWatcher's columns": (
        "spectra.weightwatcher.analyze(model, mp_fit=True, randomize=True)"
    ),
    "plain": "spectra.analyze(model)",
    "both": f"spectra.analyze(model, measures={BOTH})",
    "all measures": "spectra.analyze(model, measures=measures.ALL)",
}


def main():
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weightwatcher", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    contestants = {name: (sys.executable, OURS % code) for name, code in CASES.items()}
    if options.weightwatcher:
        contestants["WeightWatcher, both"] = (options.weightwatcher, THEIRS)
    found: dict[str, list[float]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "layers.npz")
        np.savez(file, **layers())
        for _ in range(options.runs):
            for name, contestant in contestants.items():
                found[name].append(run(*contestant, file)[0])
    took = {name: statistics.median(times) for name, times in found.items()}
    for name, seconds in took.items():
        print(f"{name}: {seconds:.2f} s")
    for kind in (", WeightWatcher's columns", ""):
        print(f"extra{kind}: {took[f'both{kind}'] / took[f'plain{kind}'] - 1:.2f} of plain")
    if options.weightwatcher:
        for kind in (", WeightWatcher's columns", ""):
            ratio = took["WeightWatcher, both"] / took[f"both{kind}"]
            print(f"ratio{kind}: {ratio:.1f}")


if __name__ == "__main__":
    main()
