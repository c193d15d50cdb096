"""
Time and memory beside diffract-core, for the same quantities of the same matrices in one run.

    python tests/bench/diffract.py PATH/TO/python [--runs 3]

The other interpreter must be Python 3.12 or later and have diffract-core. The matrices and what is
printed are those of ``weightwatcher.py``.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from weightwatcher import OURS, SHAPES, layers, run

THEIRS = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from diffract import Session
def work(model):
    session = Session(profile="ram")
    with session:
        session.models.add(model, model_id="m")
        session.compute.apply(*%s)
        session.results.export_metrics(*%s, export_format="dict")
work({"warm.weight": np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)})
model = dict(np.load(sys.argv[1]))
"""
FIELDS = ["frob_norm", "stable_rank", "pl_alpha", "pl_ks"]
NOISE = ["mp_num_spikes", "tw_num_spikes", "mp_soft_rank", "w1_rand_distance"]
SIZES = ["effective_rank", "nuclear_norm"]
COMPARED = {
    "fit": (FIELDS, "[measures.size, measures.rank, measures.tail_fit]"),
    "fit and noise": (
        [*FIELDS, *NOISE, *SIZES],
        "[measures.size, measures.rank, measures.energy_spread, measures.tail_fit, "
        "measures.bulk_fit, measures.randomized]",
    ),
}
ANALYSIS = "spectra.analyze(model, measures=%s, executor=Planned(%s))"


def main():
    """Print a table of times, memory and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("diffract", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{'':20} {'ours':>8} {'theirs':>8} {'ratio':>6}   {'MiB':>6} {'theirs':>6} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "layers.npz")
        np.savez(file, **layers(SHAPES["twelve blocks"]))
        for name, (fields, ours) in COMPARED.items():
            pairs = [
                (
                    run(sys.executable, OURS % (ANALYSIS % (ours, ours)), file),
                    run(options.diffract, THEIRS % (fields, fields), file),
                )
                for _ in range(options.runs)
            ]
            (mine, my_memory), (other, other_memory) = (
                (min(took for took, _ in runs), max(memory for _, memory in runs))
                for runs in zip(*pairs, strict=True)
            )
            print(
                f"{name:20} {mine:8.2f} {other:8.2f} {other / mine:6.1f}   "
                f"{my_memory:6.0f} {other_memory:6.0f} {my_memory / other_memory:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
