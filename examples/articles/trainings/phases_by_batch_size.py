"""
Train one network at one rate with many batch sizes, and keep the eigenvalues of its layers.

In ``examples/articles``:

    python -m trainings.phases_by_batch_size --digits FOLDER --out OUT

It takes a few minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra
from trainings import command
from trainings.digits import Digits, read_train_and_test, shuffled, with_random_labels
from trainings.networks import accuracy, start, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["BATCHES", "SEEDS", "WIDTHS", "Run", "run", "series"]

WIDTHS = (784, 300, 200, 10)  # of the network
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # digits in each step
SEEDS = (0, 1, 2)  # of the start, the order of the digits and the random labels
DIGITS = 3000  # to train with
SHARE = 0.2  # of the labels that are drawn at random
RATE = 0.1  # of the descent, without momentum or decay, the same for all batch sizes
EPOCHS = 30  # the same number for all batch sizes


class Run(NamedTuple):
    """Accuracies of a network after training, and the eigenvalues of its hidden layers."""

    test: float
    train: float
    evals: list[NDArray[np.float64]]


def run(train_on: Digits, test_on: Digits, *, batch: int, seed: int, epochs: int = EPOCHS) -> Run:
    """Train the network from the start of a seed, with digits of which some labels are random."""
    rng = np.random.default_rng(seed)
    mixed = shuffled(train_on, rng)
    few = Digits(mixed.x[:DIGITS], mixed.y[:DIGITS])
    spoiled = with_random_labels(few, SHARE, rng)
    network = train(
        start(WIDTHS, rng), spoiled, batch=batch, rate=RATE, rng=rng, epochs=epochs, patience=epochs
    ).network
    evals = [spectra.eigenvalues(layer.weight) for layer in network[:-1]]
    return Run(accuracy(network, test_on), accuracy(network, spoiled), evals)


def series(
    train_on: Digits,
    test_on: Digits,
    *,
    batches: Sequence[int] = BATCHES,
    seeds: Sequence[int] = SEEDS,
    epochs: int = EPOCHS,
) -> dict[str, NDArray[np.float32]]:
    """Train with each batch size and seed; axes of the arrays are batch size, seed, eigenvalue."""
    runs = [
        [run(train_on, test_on, batch=batch, seed=seed, epochs=epochs) for seed in seeds]
        for batch in batches
    ]
    kept = {
        "batch": batches,
        "test": [[each.test for each in row] for row in runs],
        "train": [[each.train for each in row] for row in runs],
    }
    for place in range(len(WIDTHS) - 2):
        kept[f"fc{place + 1}"] = [[each.evals[place] for each in row] for row in runs]
    return {name: np.asarray(values, np.float32) for name, values in kept.items()}


if __name__ == "__main__":
    args = command.read(command.parser(__doc__, "digits"))
    found = series(*read_train_and_test(args.digits))
    np.savez_compressed(args.out / "five_plus_one_phases.npz", **found)  # type: ignore[arg-type]
