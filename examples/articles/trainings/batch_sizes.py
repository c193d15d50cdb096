"""
Train one layer of a digit classifier with smaller and smaller batches.

The network has the widths 784, 300, 100 and 10; only the layer of 300 x 100 changes. All batch
sizes begin from the same weights. In the series ``random`` a fifth of the labels is drawn at
random, in ``right`` none; in ``rates`` all batches have 32 digits, and the learning rate is larger
by as much as they are larger. In ``examples/articles``:

    python -m trainings.batch_sizes --digits FOLDER --work WORK --out OUT

Trainings that are in WORK already are not repeated. All take hours; those of
``--series right --seeds 1 --batches 32 --epochs 2`` take seconds.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
from safetensors.numpy import save_file

import spectra
from spectra import measures
from spectra.results import reading
from trainings import command
from trainings.digits import Digits, read_train_and_test, shuffled, with_random_labels
from trainings.networks import Floats, Network, accuracy, outputs, start, train

__all__ = ["BATCHES", "Result", "gather", "layer_trained", "main"]

WIDTHS = (784, 300, 100, 10)
BATCHES = (32, 16, 8, 4, 2, 1)
RATE = 0.01
EPOCHS = 200
SHARE = 0.2  # of the labels that are drawn at random
SERIES = ("random", "right", "rates")
SHIPPED = 1  # seed of which the weights are kept
COLUMNS = (
    *("series", "seed", "batch", "rate", "epochs", "loss", "train_accuracy", "test_accuracy"),
    *("verdict", "alpha", "alpha_low", "alpha_high", "alpha_noise", "D", "num_tail"),
    *("power_law_support", "num_spikes", "stable_rank"),
)


class Options(TypedDict):
    """Size of the batches, learning rate, and share of the labels that are drawn at random."""

    batch: int
    rate: float
    share: float


class Result(NamedTuple):
    """What a training gives."""

    epochs: int
    loss: float
    train_accuracy: float
    test_accuracy: float
    weight: Floats
    """Weights of the layer, of shape (100, 300)."""


def layer_trained(
    digits: Digits,
    test: Digits,
    *,
    batch: int,
    seed: int,
    share: float = 0.0,
    rate: float = RATE,
    epochs: int = EPOCHS,
) -> Result:
    """Train the middle layer until the loss stops falling, `share` of the labels at random."""
    rng = np.random.default_rng(seed)
    given = with_random_labels(shuffled(digits, rng), share, rng)
    network = start(WIDTHS, rng)
    inputs, tested = (_behind_first(network, each) for each in (given, test))
    found = train(
        network[1:],
        inputs,
        batch=batch,
        rate=rate,
        rng=np.random.default_rng([seed, batch]),
        layers=[0],
        epochs=epochs,
    )
    right = [accuracy(found.network, each) for each in (inputs, tested)]
    return Result(len(found.losses), found.losses[-1], right[0], right[1], found.network[0].weight)


def _behind_first(network: Network, digits: Digits) -> Digits:
    """Return digits as the layer in training sees them: the first layer never changes."""
    return Digits(outputs(network, digits.x)[1], digits.y)


def options_of(series: str, batch: int) -> Options:
    """Return the options of a training, by the series and the size of its batches."""
    share = 0.0 if series == "right" else SHARE
    scaled = series == "rates"
    return {
        "batch": BATCHES[0] if scaled else batch,
        "rate": RATE * BATCHES[0] / batch if scaled else RATE,
        "share": share,
    }


def main() -> None:
    """Train what is not trained yet, and gather the results."""
    parser = command.parser(__doc__, "digits")
    parser.add_argument("--work", type=Path, required=True, help="folder of each training's result")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--series", nargs="+", default=SERIES, choices=SERIES)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = command.read(parser)
    digits, test = read_train_and_test(args.digits)
    work = args.work / f"at_most_{args.epochs}_epochs"
    work.mkdir(parents=True, exist_ok=True)
    for series, seed, batch in itertools.product(args.series, args.seeds, args.batches):
        path = work / f"{series}_seed{seed}_batch{batch}.npz"
        if path.exists():
            continue
        options = options_of(series, batch)
        found = layer_trained(digits, test, seed=seed, epochs=args.epochs, **options)
        np.savez(path, series=series, seed=seed, **options, **found._asdict())
        print(path.stem, *found[:4], flush=True)
    gather(work, args.out)


def gather(work: Path, out: Path) -> None:
    """Write a table of all trainings, their eigenvalues, and the weights of the first seed."""
    paths = [path for series in SERIES for path in sorted(work.glob(f"{series}_seed*_batch*.npz"))]
    found = [dict(np.load(path)) for path in paths]
    found.sort(key=lambda x: (SERIES.index(x["series"]), x["seed"], x["rate"], -x["batch"]))
    with (out / "batch_sizes.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for each in found:
            ds = spectra.analyze(
                {"W": each["weight"]}, measures=[*measures.CORE, measures.bulk_fit], rng=0
            )
            table.writerow(
                [each[name].item() for name in COLUMNS[:8]]
                + [reading.records(ds)[0][name] for name in COLUMNS[8:]]
            )
    evals = [spectra.eigenvalues(each["weight"]) for each in found]
    kept = [each for each in found if (each["series"], each["seed"]) == ("random", SHIPPED)]
    weights = {f"batch_{each['batch']}": each["weight"] for each in kept}
    np.save(out / "batch_sizes_evals.npy", evals)
    save_file(weights, out / "batch_sizes.safetensors")


if __name__ == "__main__":
    main()
