"""
Time and memory beside WeightWatcher, on the same matrices in one run.

    python tests/bench/weightwatcher.py PATH/TO/python [--runs 3]

The other interpreter must have weightwatcher and torch. Each contestant is a process of its own on
all cores, started in turn; its imports and a first small layer are not counted. Each is given the
file as its users would: WeightWatcher a model of torch with the weights, we the path, so that our
time has the reading of the file in it. Printed are the least of the times, the largest peak of
memory of the whole process, and both over those of WeightWatcher:

- columns: its own columns from ``spectra.weightwatcher``, for twelve blocks of four 768-wide,
  heavy-tailed matrices, by default and with the Marchenko-Pastur fit and randomization;
- evidence: ``spectra.analyze`` with all default measures against its bare default, for matrices
  of 256, 768 and 2048 columns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OURS = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "io")!r}]
import numpy as np, spectra, spectra_io, spectra.weightwatcher
from spectra import measures
from spectra_io.runs.executors import WithProgress
from spectra_io.runs.plans import Planned
def work(model):
    %s
work({{"warm.weight": np.random.default_rng(0).standard_normal((60, 40))}})
model = spectra_io.open_model(sys.argv[1])
"""
THEIRS = """
import logging, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, torch, weightwatcher as ww
logging.disable(logging.CRITICAL)
def work(model):
    layers = [torch.nn.Linear(*W.shape[::-1], bias=False) for W in model.values()]
    for layer, W in zip(layers, model.values()):
        layer.weight.data = torch.from_numpy(W)
    ww.WeightWatcher(model=torch.nn.Sequential(*layers)).analyze(%s)
work({"warm.weight": np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)})
model = dict(np.load(sys.argv[1]))
"""
FINISH = """
import re
start = time.perf_counter()
work(model)
took = time.perf_counter() - start
status = open("/proc/self/status").read()  # ru_maxrss would be that of the parent, if larger
print("took", took, int(re.search(r"VmHWM:\\s+([0-9]+)", status)[1]) / 1024)
"""
TABLE = "spectra.weightwatcher.analyze(model, executor=WithProgress()%s)"
EVIDENCE = "spectra.analyze(model, executor=Planned(measures.CORE))"
HEAD = f"{'':20} {'ours':>8} {'theirs':>8} {'ratio':>6}   {'MiB':>6} {'theirs':>6} {'ratio':>6}"
NOISE = "mp_fit=True, randomize=True"
SHAPES = {
    "twelve blocks": [(768, 768), (768, 768), (3072, 768), (768, 3072)] * 12,
    "256": [(256, 256)] * 48,
    "768": [(768, 768)] * 16,
    "2048": [(2048, 2048)] * 3,
}
COMPARED = {
    "columns, default": ("twelve blocks", TABLE % "", ""),
    "columns, noise": ("twelve blocks", TABLE % f", {NOISE}", NOISE),
    "evidence at 256": ("256", EVIDENCE, ""),
    "evidence at 768": ("768", EVIDENCE, ""),
    "evidence at 2048": ("2048", EVIDENCE, ""),
}


def layers(shapes):
    """Return heavy-tailed matrices by name."""
    rng = np.random.default_rng(0)
    return {
        f"layer{i}.weight": rng.standard_t(3, shape).astype(np.float32)
        for i, shape in enumerate(shapes)
    }


def run(python, code, file):
    """Return seconds and MiB."""
    ran = subprocess.run(
        [python, "-c", code + FINISH, file], capture_output=True, text=True, env={**os.environ}
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    _, took, memory = next(x for x in ran.stdout.splitlines() if x.startswith("took")).split()
    return float(took), float(memory)


def compare(name, ours, theirs, other, file, runs):
    """Print a row of the table: the least time, the largest memory, and both as ratios."""
    found = [(run(sys.executable, ours, file), run(other, theirs, file)) for _ in range(runs)]
    (mine, my_memory), (their, their_memory) = (
        (min(took for took, _ in each), max(memory for _, memory in each))
        for each in zip(*found, strict=True)
    )
    print(
        f"{name:20} {mine:8.2f} {their:8.2f} {their / mine:6.1f}   "
        f"{my_memory:6.0f} {their_memory:6.0f} {my_memory / their_memory:6.2f}",
        flush=True,
    )


def main():
    """Print a table of times, memory and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weightwatcher", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="beginning of the comparisons to run")
    options = parser.parse_args()
    print(HEAD)
    for name, (which, ours, theirs) in COMPARED.items():
        if not name.startswith(options.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "layers.npz")
            np.savez(file, **layers(SHAPES[which]))
            compare(name, OURS % ours, THEIRS % theirs, options.weightwatcher, file, options.runs)


if __name__ == "__main__":
    main()
