"""
Train networks of several depths under several regularisations, and keep numbers of every layer.

Eigenvalues are kept of three of the networks, so that their alphas can be fitted again.

In ``examples/articles``:

    python -m trainings.grid_of_networks --digits FOLDER --out OUT

It takes a quarter of an hour.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import spectra
from trainings import command
from trainings.digits import Digits, read_train_and_test, shuffled, with_random_labels
from trainings.networks import accuracy, start, train

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from trainings.networks import Network

__all__ = ["BATCHES", "DECAYS", "DEPTHS", "SEEDS", "eigenvalues", "of_network", "table", "trained"]

DEPTHS = (2, 3, 4, 5)  # numbers of hidden layers
DECAYS = (0.0, 0.0005, 0.002, 0.006)  # of the weights
BATCHES = (4, 16, 64)  # digits in each step
SEEDS = (0, 1)  # of the start, the order of the digits and the random labels
WIDTH = 150  # of the hidden layers
DIGITS = 3000  # to train with
SHARE = 0.2  # of the labels that are drawn at random
RATE, MOMENTUM = 0.05, 0.0  # of the descent
EPOCHS = 25
COLUMNS = [
    "N", "M", "alpha", "alpha_noise", "D", "alpha_weighted", "log_alpha_norm", "log_norm",
    "log_spectral_norm", "stable_rank",
]  # fmt: skip


def trained(
    train_on: Digits, *, depth: int, decay: float, batch: int, seed: int, epochs: int = EPOCHS
) -> tuple[Network, Digits]:
    """Train one network, and return it with its digits, of which some labels are random."""
    rng = np.random.default_rng(seed)
    mixed = shuffled(train_on, rng)
    few = Digits(mixed.x[:DIGITS], mixed.y[:DIGITS])
    spoiled = with_random_labels(few, SHARE, rng)
    network = start((few.x.shape[1], *[WIDTH] * depth, 10), rng)
    found = train(
        network, spoiled, batch=batch, rate=RATE, momentum=MOMENTUM, decay=decay, rng=rng,
        epochs=epochs, patience=epochs,
    )  # fmt: skip
    return found.network, spoiled


def of_network(
    train_on: Digits,
    test_on: Digits,
    *,
    depth: int,
    decay: float,
    batch: int,
    seed: int,
    epochs: int = EPOCHS,
) -> pd.DataFrame:
    """Train one network, and return the numbers of its layers with its accuracies."""
    network, spoiled = trained(
        train_on, depth=depth, decay=decay, batch=batch, seed=seed, epochs=epochs
    )
    found = spectra.analyze({f"fc{i}": layer.weight for i, layer in enumerate(network, 1)})
    known = {
        "depth": depth, "decay": decay, "batch": batch, "seed": seed,
        "test": accuracy(network, test_on), "train": accuracy(network, spoiled),
    }  # fmt: skip
    layers = spectra.table(found)[COLUMNS].reset_index(names="layer")
    return pd.concat([pd.DataFrame([known] * len(layers)), layers], axis=1)


def table(
    train_on: Digits,
    test_on: Digits,
    *,
    depths: Iterable[int] = DEPTHS,
    decays: Iterable[float] = DECAYS,
    batches: Iterable[int] = BATCHES,
    seeds: Iterable[int] = SEEDS,
    epochs: int = EPOCHS,
) -> pd.DataFrame:
    """Train a network for each depth, decay, batch size and seed, and return all layers."""
    grid = itertools.product(depths, decays, batches, seeds)
    return pd.concat(
        [
            of_network(
                train_on, test_on, depth=depth, decay=decay, batch=batch, seed=seed, epochs=epochs
            )
            for depth, decay, batch, seed in grid
        ],
        ignore_index=True,
    )


def eigenvalues(
    train_on: Digits,
    *,
    depth: int = DEPTHS[0],
    decay: float = DECAYS[1],
    batches: Iterable[int] = BATCHES,
    seed: int = SEEDS[1],
    epochs: int = EPOCHS,
) -> NDArray[np.float32]:
    """Train a network with each batch size; axes are batch size, hidden layer, eigenvalue."""
    networks = [
        trained(train_on, depth=depth, decay=decay, batch=batch, seed=seed, epochs=epochs)[0]
        for batch in batches
    ]
    every = [[spectra.eigenvalues(layer.weight) for layer in net[:-1]] for net in networks]
    return np.asarray(every, np.float32)


if __name__ == "__main__":
    args = command.read(command.parser(__doc__, "digits"))
    train_on, test_on = read_train_and_test(args.digits)
    every = table(train_on, test_on)
    every.to_csv(args.out / "simpsons_paradox.csv", index=False, float_format="%.6g")
    np.save(args.out / "simpsons_paradox_evals.npy", eigenvalues(train_on))
