"""
Train the networks of the page on correlation flow, and keep what `analyze` finds in them.

In ``examples/articles``:

    python -m trainings.series_of_networks --digits FOLDER --out OUT
    python -m trainings.series_of_networks --models FOLDER --out OUT

Networks of one shape learn from more and
more digits, in equally many steps. One of them is then fine-tuned on all digits, and for comparison
trained on with its own. Two more learn from the answers of the best, one of them under a pressure
that shortens the rows of its hidden layers. Of the best network of the first seed the eigenvalues
are kept, too. The networks of others are those of `SERIES`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

import spectra
import spectra_io
from trainings import command, networks_of_others
from trainings.digits import Digits, read_train_and_test, shuffled
from trainings.networks import Network, accuracy, outputs, start, train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["SERIES", "Setting", "analyzed", "eigenvalues", "networks", "published"]

_KEPT = (
    *("N", "M", "rf", "layer_type", "status", "fit_status", "power_law_support", "verdict"),
    *("norm", "log_norm", "spectral_norm", "log_spectral_norm", "large_strength", "mean_strength"),
    *("alpha", "sigma", "alpha_low", "alpha_high", "alpha_noise", "alpha_weighted"),
)
_ADAPTER = "peft/outputs__peft_mrpc_40_rerun__checkpoint-{}__adapter_model.safetensors"
SERIES = {
    "backgammon, one hidden layer": {
        "version 1": "wildbg/0001__wildbg.onnx",
        "version 4": "wildbg/0004__wildbg.onnx",
    },
    "backgammon, three hidden layers": {
        "version 8": "wildbg/0008__wildbg.onnx",
        "version 10": "wildbg/0010__contact.onnx",
        "version 12": "wildbg/0012__contact.onnx",
        "version 14": "wildbg/0014__contact.onnx",
        "version 17": "wildbg/0017__contact.onnx",
    },
    "football player": {
        "step 2.0 M": "soccer/ppo__SoccerAgent-1999936.b2ec8f.onnx",
        "step 4.0 M": "soccer/ppo__SoccerAgent-3999936.44c78f.onnx",
        "step 5.3 M": "soccer/ppo__SoccerAgent-5251584.d0d61b.onnx",
    },
    "file types": {
        "release 1": "magika/standard_v1__model.1a4f2fc5.onnx",
        "release 2.1": "magika/standard_v2_1__model.onnx",
        "release 3.3": "magika/standard_v3_3__model.onnx",
    },
    "fine-tuned classifier": {f"step {step}": _ADAPTER.format(step) for step in (230, 920, 2300)},
    "molecules": {
        "first data": "ani/ani-1x_8x__train0.safetensors",
        "transferred": "ani/ani-1ccx_8x__train0.safetensors",
    },
}
"""Models of each series by name, from the first to the last, which is said to be the best."""


class Setting(NamedTuple):
    """Numbers of the trainings; those of the tests are smaller."""

    widths: tuple[int, ...] = (784, *[128] * 7, 10)
    sizes: tuple[int, ...] = (300, 1000, 3000, 10_000)
    """Numbers of digits to learn from."""
    tuned: int = 1000
    """Size of the network that is trained on."""
    steps: int = 15_000
    """Steps of descent of a training; a fine-tune has a third of them."""
    batch: int = 16
    rate: float = 0.01
    momentum: float = 0.9
    decay: float = 1e-4
    seeds: int = 4
    pressure: float = 0.05
    """Length by which rows of hidden layers are shortened after an epoch of a distillation."""


def _learn(
    network: Network, digits: Digits, steps: int, seed: int, setting: Setting, shrink: float = 0.0
) -> Network:
    """Train a copy of a network in a number of steps; `shrink` is the pressure on groups."""

    def shorten(_: int, now: Network) -> None:
        for layer in now[1:-1]:
            length = np.linalg.norm(layer.weight, axis=1, keepdims=True)
            layer.weight[...] *= np.maximum(1 - shrink / np.maximum(length, shrink), 0)

    return train(
        network, digits, batch=setting.batch, rate=setting.rate, momentum=setting.momentum,
        decay=setting.decay, rng=np.random.default_rng((seed, 1)),
        epochs=max(1, steps * setting.batch // len(digits.y)), patience=sys.maxsize,
        after_epoch=shorten if shrink else None,
    ).network  # fmt: skip


def networks(digits: Digits, seed: int, setting: Setting) -> dict[str, Network]:
    """Train all networks of a seed, and return them by name, with the untrained one first."""
    digits = shuffled(digits, np.random.default_rng((seed, 2)))
    begin = start(setting.widths, np.random.default_rng(seed))
    found = {"untrained": begin}
    for size in setting.sizes:
        some = Digits(digits.x[:size], digits.y[:size])
        found[f"{size} digits"] = _learn(begin, some, setting.steps, seed, setting)
    name, size = f"{setting.tuned} digits", setting.tuned
    some = Digits(digits.x[:size], digits.y[:size])
    found["trained on"] = _learn(found[name], some, setting.steps // 3, seed + 100, setting)
    found["fine-tuned"] = _learn(found[name], digits, setting.steps // 3, seed + 100, setting)
    teacher = found[f"{setting.sizes[-1]} digits"]
    taught = Digits(digits.x, outputs(teacher, digits.x)[-1].argmax(axis=1))
    fresh = start(setting.widths, np.random.default_rng((seed, 3)))
    for name, shrink in (("distilled", 0.0), ("distilled in groups", setting.pressure)):
        found[name] = _learn(fresh, taught, setting.steps, seed, setting, shrink)
    return found


def analyzed(train_on: Digits, test_on: Digits, setting: Setting) -> xr.Dataset:
    """Train the networks of all seeds, and return their results along `model`."""
    runs, names, seeds, right = [], [], [], []
    for seed in range(setting.seeds):
        for name, network in networks(train_on, seed, setting).items():
            weights = {f"fc{i}": layer.weight for i, layer in enumerate(network, 1)}
            runs.append(spectra.analyze(weights).drop_dims("mode"))
            names.append(f"{name}, seed {seed}")
            seeds.append(seed)
            right.append(accuracy(network, test_on))
            print(names[-1], round(right[-1], 4), file=sys.stderr, flush=True)
    model = xr.Variable("model", names)
    ds = xr.concat(runs, model, join="outer", combine_attrs="drop_conflicts")
    kinds = [name.split(",")[0] for name in names]
    return ds.assign_coords(kind=("model", kinds), seed=("model", seeds), accuracy=("model", right))


def eigenvalues(digits: Digits, seed: int, setting: Setting) -> NDArray[np.float64]:
    """Train the network of the most digits, and return the eigenvalues of its hidden layers."""
    digits = shuffled(digits, np.random.default_rng((seed, 2)))
    some = Digits(digits.x[: setting.sizes[-1]], digits.y[: setting.sizes[-1]])
    begin = start(setting.widths, np.random.default_rng(seed))
    network = _learn(begin, some, setting.steps, seed, setting)
    return np.array([spectra.eigenvalues(layer.weight) for layer in network[1:-1]])


def published(models: Path) -> xr.Dataset:
    """Analyse the networks of others, and return their results along `model`."""
    networks_of_others.check(
        models, (path for members in SERIES.values() for path in members.values())
    )
    runs, names, series = [], [], []
    for name, members in SERIES.items():
        for label, path in members.items():
            ds = spectra.analyze(spectra_io.open_model(models / path)).drop_dims("mode")
            ds = ds[[name for name in _KEPT if name in ds]]
            ds = ds.isel(layer=np.flatnonzero(np.isfinite(ds.alpha)))
            places = [f"{place:02d}" for place in range(1, ds.sizes["layer"] + 1)]
            runs.append(ds.drop_vars("depth").assign_coords(layer=places))
            names.append(label)
            series.append(name)
            print(name, label, file=sys.stderr, flush=True)
    model = xr.Variable("model", names)
    ds = xr.concat(runs, model, join="outer", combine_attrs="drop_conflicts")
    return ds.assign_coords(series=("model", series))


if __name__ == "__main__":
    args = command.read(command.parser(__doc__, "digits", "models"))
    if args.models:
        spectra_io.save(published(args.models), args.out / "correlation_flow_published.nc")
    else:
        train_on, test_on = read_train_and_test(args.digits)
        found = analyzed(train_on, test_on, Setting())
        spectra_io.save(found, args.out / "correlation_flow.nc")
        evals = eigenvalues(train_on, 0, Setting())
        np.save(args.out / "correlation_flow_evals.npy", evals)
