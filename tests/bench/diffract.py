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

from weightwatcher import HEAD, OURS, SHAPES, compare, layers

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
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "layers.npz")
        np.savez(file, **layers(SHAPES["twelve blocks"]))
        for name, (fields, ours) in COMPARED.items():
            mine, theirs = OURS % (ANALYSIS % (ours, ours)), THEIRS % (fields, fields)
            compare(name, mine, theirs, options.diffract, file, options.runs)


if __name__ == "__main__":
    main()
