#!/usr/bin/env python3
"""
Make the tables of WeightWatcher 0.7.7 that the tests compare with.

    sh tests/golden/environment.sh                    # once: the environment .peers/
    .peers/bin/python tests/golden/make.py            # the tables of the shipped network
    .peers/bin/python tests/golden/make.py --networks FOLDER    # the tables of all networks

A table is a JSON file: ``meta`` with the model, the options and the versions, ``summary`` with the
averages, ``rows`` with one object per layer, in which ``tensor`` is the name of the tensor.
Numbers that are not finite are the strings "nan", "inf" and "-inf". README.md beside this file says
more. Neither torch nor WeightWatcher is needed by the tests.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
SEED = 0
OPTIONS: dict[str, dict[str, Any]] = {
    "noise": {"detX": True, "mp_fit": True, "randomize": True},
    "slices": {"detX": True, "mp_fit": True, "pool": False},
    "vectors": {"vectors": True},
    "clip_xmax": {"fix_fingers": "clip_xmax"},
    "TPL": {"fit": "TPL", "pl_package": "powerlaw"},
    "powerlaw15": {"pl_package": "powerlaw"},
}
SHIPPED = "examples/models/mnist_mlp.safetensors"
POLICY, FACES = "unitree/g1_velocity_v0_policy.onnx", "ultraface/version-RFB-320_simplified.onnx"
TABLES = {
    "mnist-onnx": ("examples/models/mnist_mlp.onnx", "noise"),
    "mnist-safetensors": (SHIPPED, "noise"),
    "mnist-vectors": (SHIPPED, "vectors"),
    "mnist-clip_xmax": (SHIPPED, "clip_xmax"),
    "mnist-TPL": (SHIPPED, "TPL"),
    "mnist-powerlaw15": (SHIPPED, "powerlaw15"),
    "ani-ani-1x_8x__train0": ("ani/ani-1x_8x__train0.safetensors", "noise"),
    "dtln-model_2": ("dtln/model_2.onnx", "noise"),
    "g2p-checkpoint20": ("g2p/checkpoint20.safetensors", "noise"),
    "magika-standard_v1__model.1a4f2fc5": ("magika/standard_v1__model.1a4f2fc5.onnx", "noise"),
    "magika-standard_v3_3__model": ("magika/standard_v3_3__model.onnx", "noise"),
    "silero-silero_vad_16k": ("silero/silero_vad_16k.safetensors", "noise"),
    "soccer-ppo__SoccerAgent-0.52c8d1": ("soccer/ppo__SoccerAgent-0.52c8d1.onnx", "noise"),
    "soccer-ppo__SoccerAgent-5251584.d0d61b": (
        "soccer/ppo__SoccerAgent-5251584.d0d61b.onnx",
        "noise",
    ),
    "ultraface-slices": (FACES, "slices"),
    "ultraface-version-RFB-320_simplified": (FACES, "noise"),
    "unitree-clip_xmax": (POLICY, "clip_xmax"),
    "unitree-g1_velocity_v0_policy": (POLICY, "noise"),
    "unitree-vectors": (POLICY, "vectors"),
    "wildbg-0001-TPL": ("wildbg/0001__wildbg.onnx", "TPL"),
    "wildbg-0001-powerlaw15": ("wildbg/0001__wildbg.onnx", "powerlaw15"),
    "wildbg-0001__wildbg": ("wildbg/0001__wildbg.onnx", "noise"),
    "wildbg-0008__wildbg": ("wildbg/0008__wildbg.onnx", "noise"),
    "wildbg-0012__contact": ("wildbg/0012__contact.onnx", "noise"),
    "wildbg-0017__contact": ("wildbg/0017__contact.onnx", "noise"),
}
"""Model and set of options of each table."""


def arrays(path: Path) -> dict[str, Any]:
    """Return the float arrays that a table covers, in the order of the file."""
    import numpy as np

    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return {name: array for name, array in found.items() if array.ndim in (2, 4)}
    import onnx
    from onnx import numpy_helper

    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    taken = {}
    for tensor in onnx.load(path).graph.initializer:
        shape = tuple(tensor.dims)
        large_enough = len(shape) == 4 or (len(shape) == 2 and min(shape) >= 8)
        if tensor.data_type in floats and large_enough:
            taken[tensor.name] = numpy_helper.to_array(tensor).astype(np.float32)
    return taken


def network(weights: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """Return a torch module with one layer per array, and the array behind each layer's name."""
    import numpy as np
    import torch

    layers, names = torch.nn.Module(), {}
    for number, (name, array) in enumerate(weights.items()):
        layer: Any
        if array.ndim == 2:
            layer = torch.nn.Linear(1, 1, bias=False)
        else:
            layer = torch.nn.Conv2d(1, 1, 1, bias=False)
        values = torch.from_numpy(np.ascontiguousarray(array))
        layer.weight = torch.nn.Parameter(values, requires_grad=False)
        plain = "".join(c if c.isalnum() or c in "_-" else "_" for c in name)
        key = f"t{number:05d}_{plain}"
        layers.add_module(key, layer)
        names[key] = name
    return layers, names


def as_json(value: Any) -> Any:
    """Return a number of NumPy as JSON can hold it."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, complex):
        value = value.real
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def table(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Run WeightWatcher on the arrays of a file, and return its details and averages."""
    import numpy as np
    import torch
    import weightwatcher

    torch.set_num_threads(1)
    layers, names = network(arrays(path))
    watcher = weightwatcher.WeightWatcher(model=layers)
    np.random.seed(SEED)  # noqa: NPY002  (WeightWatcher draws from the global generator)
    details = watcher.analyze(**options)
    rows = [
        {"tensor": names[row["longname"]], **{column: as_json(x) for column, x in row.items()}}
        for row in details.to_dict(orient="records")
    ]
    summary = {name: as_json(value) for name, value in watcher.get_summary(details).items()}
    return {"summary": summary, "rows": rows}


def make(name: str, networks: Path | None) -> None:
    """Write one table."""
    model, asked = TABLES[name]
    folder = REPO if model.startswith("examples/") else networks
    assert folder is not None
    with contextlib.redirect_stdout(sys.stderr):
        made = table(folder / model, OPTIONS[asked])
    packages = ("weightwatcher", "powerlaw", "numpy", "scipy", "pandas", "torch")
    versions = {name: importlib.metadata.version(name).partition("+")[0] for name in packages}
    meta = {
        "model": model,
        "seed": SEED,
        "options": {"pool": True, **OPTIONS[asked]},
        "versions": {"python": platform.python_version(), **versions},
    }
    text = json.dumps({"meta": meta, **made}, indent=1, allow_nan=False)
    (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def environment(name: str) -> dict[str, str]:
    """Return the environment of a run: one thread, and powerlaw 1.5 where it is needed."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    made = {**os.environ, **threads, "MPLBACKEND": "agg"}
    if "pl_package" in OPTIONS[TABLES[name][1]]:  # 0.7.7 cannot call powerlaw 2
        made["PYTHONPATH"] = str(Path(sys.prefix) / "powerlaw15")
    return made


def main() -> None:
    """Make the tables that are asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(description="Make the tables of WeightWatcher 0.7.7.")
    parser.add_argument("--networks", type=Path, help="folder of the networks that do not ship")
    parser.add_argument("--only", action="append", choices=TABLES, help="one table; repeatable")
    parser.add_argument("--here", choices=TABLES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        make(asked.here, asked.networks)
        return
    for name in asked.only or TABLES:
        if not asked.networks and not TABLES[name][0].startswith("examples/"):
            continue
        command = [sys.executable, __file__, "--here", name]
        if asked.networks:
            command += ["--networks", str(asked.networks)]
        subprocess.run(command, env=environment(name), check=True)
        print(f"{name}.json")


if __name__ == "__main__":
    main()
