"""
Train a digit classifier gently, and so harshly that its layers are trapped; then try to heal it.

The network has the widths 784, 300, 100 and 10, and all of it is trained on 4,000 digits: *gentle*
with batches of 32, *harsh* with single digits and half the rate, so that a digit moves the weights
16 times as far. *Healed* goes on from harsh with batches of 32 and half the rate of gentle.
*Centred* is harsh without the mean of the elements, which is the cause of its traps. In
``examples/articles``:

    python -m trainings.traps --digits FOLDER --out OUT

A seed takes ten seconds.
"""

from __future__ import annotations

import csv

import numpy as np

import spectra
from spectra import measures
from trainings import command
from trainings.digits import Digits, read_train_and_test, shuffled
from trainings.networks import Layer, Network, accuracy, start, train

__all__ = ["centred", "main", "trained"]

WIDTHS = (784, 300, 100, 10)
NUM = 4000  # digits to train with
SHIPPED = 1  # seed of which the layers are kept
PLACE = 1  # layer that is kept


def centred(network: Network, places: tuple[int, ...]) -> Network:
    """Return a network without the mean of the elements of some layers."""
    return [
        Layer(layer.weight - layer.weight.mean(), layer.bias) if place in places else layer
        for place, layer in enumerate(network)
    ]


def trained(digits: Digits, seed: int, *, num: int = NUM) -> dict[str, Network]:
    """Train the networks of a seed, by name; all begin from the same weights."""
    rng = np.random.default_rng(seed)
    x, y = shuffled(digits, rng)
    few = Digits(x[:num], y[:num])
    before = start(WIDTHS, rng)
    order = np.random.default_rng([seed, 5])
    gentle = train(before, few, batch=32, rate=0.1, rng=order, epochs=10).network
    harsh = train(before, few, batch=1, rate=0.05, rng=order, epochs=3).network
    healed = train(harsh, few, batch=32, rate=0.05, rng=order, epochs=5).network
    return {"gentle": gentle, "harsh": harsh, "centred": centred(harsh, (0, 1)), "healed": healed}


def main() -> None:
    """Train from the command line, and write the layers of a seed and a table of all."""
    parser = command.parser(__doc__, "digits")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    args = command.read(parser)
    digits, test = read_train_and_test(args.digits)
    rows = []
    for seed in args.seeds:
        for name, network in trained(digits, seed).items():
            layers = {str(place): network[place].weight for place in (0, 1)}
            ds = spectra.analyze(layers, measures=[*measures.CORE, measures.randomized], rng=0)
            traps = [int(num) for num in ds.num_traps]
            causes = spectra.labels(ds.trap_cause).values.tolist()
            rows.append([seed, name, f"{accuracy(network, test):.4f}", *traps, *causes])
            print(*rows[-1], flush=True)
            if seed == SHIPPED and name != "centred":
                np.save(args.out / f"traps_{name}.npy", network[PLACE].weight)
    heads = ["seed", "network", "test", "traps_0", "traps_1", "cause_0", "cause_1"]
    with (args.out / "traps.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *rows])


if __name__ == "__main__":
    main()
