"""
Test published networks along their spectra, and a network of digits without parts of its spectrum.

In ``examples/articles``:

    python -m trainings.parts_of_spectra --models FOLDER --out OUT
    python -m trainings.parts_of_spectra --digits FOLDER --out OUT

The networks of others are those of `PUBLISHED` and `CHECKPOINTS`.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import spectra
import spectra_io
from spectra.linalg.subspaces import band_overlaps
from spectra.noise import biwhitening
from spectra.noise.windows import windows
from trainings import EXAMPLES, command, networks_of_others
from trainings.digits import Digits, read_test
from trainings.networks import Layer, Network, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CHECKPOINTS", "PUBLISHED", "census", "moved", "read", "removed"]

BANDS = 10
LEAST = 100  # eigenvalues of a layer, ten for each band
DRAWS = 4  # random matrices with which a removed part is compared
SHIPPED = EXAMPLES / "models" / "mnist_mlp.safetensors"

PUBLISHED = {
    "football player, untrained": "soccer/ppo__SoccerAgent-0.52c8d1.onnx",
    "football player": "soccer/ppo__SoccerAgent-5251584.d0d61b.onnx",
    "backgammon": "wildbg/0017__contact.onnx",
    "file types 1": "magika/standard_v1__model.1a4f2fc5.onnx",
    "file types 3": "magika/standard_v3_3__model.onnx",
    "classifier": "peft/outputs__peft_mrpc_40_rerun__checkpoint-2300__adapter_model.safetensors",
    "walking robot": "unitree/g1_velocity_v0_policy.onnx",
    "words to sounds": "g2p/checkpoint20.safetensors",
    "speech detector": "silero/silero_vad_16k.safetensors",
    "speech denoiser": "dtln/model_1.onnx",
}
_SOCCER, _PEFT = "soccer/ppo__SoccerAgent-{}.onnx", PUBLISHED["classifier"]
CHECKPOINTS = {
    "football player, 2.0 M to 5.3 M steps": (
        _SOCCER.format("1999936.b2ec8f"),
        _SOCCER.format("5251584.d0d61b"),
    ),
    "classifier, 230 to 2300 steps": (_PEFT.replace("2300", "230"), _PEFT),
    "molecules, trained again": (
        "ani/ani-1x_8x__train0.safetensors",
        "ani/ani-1ccx_8x__train0.safetensors",
    ),
}


def read(path: Path = SHIPPED) -> Network:
    """Read a network of three layers, by default the one that ships."""
    model = spectra_io.open_model(path)
    return [
        Layer(*(np.asarray(model[f"fc{i}.{part}"].read()) for part in ("weight", "bias")))
        for i in (1, 2, 3)
    ]


def _matrices(path: Path) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Read the matrices of a model that have enough eigenvalues; of a kernel the first position."""
    for layer in spectra.layers(spectra_io.open_model(path)):
        if layer.taken and min(layer.N, layer.M) >= LEAST:
            yield layer.name, np.asarray(layer.matrices(), np.float64)[0]


def census(models: Path) -> pd.DataFrame:
    """Test windows of published layers, as they are, in any order, and with equal variances."""
    networks_of_others.check(models, PUBLISHED.values())
    rows = []
    for model, path in PUBLISHED.items():
        for name, W in _matrices(models / path):
            rng = np.random.default_rng(0)
            changed = {
                "as it is": W,
                "any order": rng.permutation(W.ravel()).reshape(W.shape),
                "equal variances": biwhitening.whiten(W),
            }
            for kind, matrix in changed.items():
                p = windows(matrix, num=BANDS).p
                rows += [(model, name, *W.shape, kind, i + 1, x) for i, x in enumerate(p)]
        print(model, file=sys.stderr, flush=True)
    return pd.DataFrame(rows, columns=["model", "layer", "rows", "columns", "kind", "window", "p"])


def moved(models: Path) -> pd.DataFrame:
    """Compare the singular vectors of layers of two checkpoints, by bands."""
    networks_of_others.check(models, itertools.chain(*CHECKPOINTS.values()))
    rows = []
    for series, (first, second) in CHECKPOINTS.items():
        before = dict(_matrices(models / first))
        for name, W in _matrices(models / second):
            if name in before and W.shape == before[name].shape and (before[name] != W).any():
                left, right = band_overlaps(before[name], W), band_overlaps(before[name].T, W.T)
                for i in range(BANDS):
                    both = (
                        (left.overlap[i, i], left.noise[i, i]),
                        (right.overlap[i, i], right.noise[i, i]),
                    )
                    rows.append((series, name, i + 1, *both[0], *both[1]))
    columns = ["series", "layer", "band", "left", "left_noise", "right", "right_noise"]
    return pd.DataFrame(rows, columns=columns)


def _losses(network: Network, digits: Digits) -> tuple[NDArray[np.float64], float]:
    """Return the cross-entropy of each digit, and the share that is right."""
    logits = outputs(network, digits.x)[-1].astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    right = float((logits.argmax(axis=1) == digits.y).mean())
    return -chances[np.arange(len(digits.y)), digits.y], right


def _without(network: Network, place: int, part: NDArray[np.float64]) -> Network:
    """Subtract a matrix from the weights of a layer."""
    layer = network[place]
    weight = (layer.weight - part).astype(np.float32)
    return [*network[:place], layer._replace(weight=weight), *network[place + 1 :]]


def removed(network: Network, digits: Digits) -> pd.DataFrame:
    """
    Remove one band of singular values of one layer at a time, and measure what is lost.

    Beside it stands what is lost if noise of the same Frobenius norm is subtracted in its place.
    """
    rng, rows = np.random.default_rng(0), []
    whole, _ = _losses(network, digits)
    for place in (0, 1):
        left, values, right = np.linalg.svd(network[place].weight.astype(float), False)
        for band, at in enumerate(np.array_split(np.arange(len(values)), BANDS), 1):
            part = (left[:, at] * values[at]) @ right[at]
            losses, share = _losses(_without(network, place, part), digits)
            more, noise = losses - whole, []
            for _ in range(DRAWS):
                Z = rng.standard_normal(part.shape)
                Z *= np.linalg.norm(part) / np.linalg.norm(Z)
                noise.append((_losses(_without(network, place, Z), digits)[0] - whole).mean())
            found = {"layer": f"fc{place + 1}", "band": band}
            found |= {"largest": values[at[0]], "smallest": values[at[-1]], "accuracy": share}
            found |= {"loss": more.mean(), "error": more.std(ddof=1) / np.sqrt(len(more))}
            rows.append(found | {"noise": np.mean(noise), "noise_scatter": np.std(noise, ddof=1)})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    args = command.read(command.parser(__doc__, "models", "digits"))
    if args.models:
        tables = {"windows": census(args.models), "checkpoints": moved(args.models)}
    else:
        tables = {"removed": removed(read(), read_test(args.digits))}
    for name, table in tables.items():
        table.to_csv(args.out / f"noise_and_signal_{name}.csv", index=False, float_format="%.6g")
