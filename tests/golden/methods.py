"""Make methods.json: what WeightWatcher 0.7.7's other methods return for small made-up models."""

import contextlib
import json
import logging
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent / "methods" / "methods.json"
SEED = 3


def waves(*shape: int, shift: float = 0.0) -> Any:
    """Return numbers that any machine makes alike."""
    i = np.arange(math.prod(shape), dtype=np.float64) + shift
    return (np.sin(i**1.5) * np.exp(np.cos(3 * i))).reshape(shape)


def state_dict(shift: float = 0.0) -> dict[str, Any]:
    """Return a state dict in another order than that of its names."""
    return {
        "model.embed.weight": waves(40, 16, shift=shift),
        "model.norm.weight": waves(16, shift=shift),
        "model.layers.10.up.weight": waves(24, 16, shift=shift),
        "model.layers.10.up.bias": waves(24, shift=shift),
        "model.layers.2.up.weight": waves(16, 24, shift=shift),
        "model.zero.weight": np.zeros((12, 9)) + shift * np.eye(12, 9),
        "conv.weight": waves(12, 16, 3, 3, shift=shift),
        "even.weight": waves(8, 16, 2, 2, shift=shift),
    }


FILES = {
    "model-00001-of-00002.safetensors": [
        "model.norm.weight",
        "model.layers.2.up.weight",
        "even.weight",
        "model.layers.10.up.weight",
    ],
    "model-00002-of-00002.safetensors": [
        "conv.weight",
        "model.embed.weight",
        "model.layers.10.up.bias",
        "model.zero.weight",
    ],
}


def as_float32(arrays: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: arrays[name].astype(np.float32) for name in names}


def folder(path: Path, *, sharded: bool) -> Path:
    """Write the state dict as one safetensors file, or as two with an index sorted by names."""
    from safetensors.numpy import save_file

    arrays = state_dict()
    files = FILES if sharded else {"model.safetensors": list(arrays)}
    for file, names in files.items():
        save_file(as_float32(arrays, names), path / file)
    if sharded:
        index = {name: file for file, names in files.items() for name in names}
        text = json.dumps({"metadata": {}, "weight_map": index}, indent=2, sort_keys=True)
        (path / "model.safetensors.index.json").write_text(text)
    return path


def onnx_model() -> Any:
    """Return an ONNX model whose initializers have another order than their uses."""
    from onnx import TensorProto, helper, numpy_helper

    arrays = {
        "unused": waves(9, 9),
        "second.bias": waves(12),
        "onnx::MatMul_7": waves(20, 12),
        "shape": np.array([[1, 2], [3, 4]]),
        "first.weight": waves(20, 30),
    }
    kept = {n: a if a.dtype == np.int64 else a.astype(np.float32) for n, a in arrays.items()}
    nodes = [
        helper.make_node("Gemm", ["x", "first.weight"], ["h"], transB=1),
        helper.make_node("MatMul", ["h", "onnx::MatMul_7"], ["m"]),
        helper.make_node("Add", ["m", "second.bias"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
        for name, size in (("x", 30), ("y", 12))
    ]
    initializers = [numpy_helper.from_array(a, n) for n, a in kept.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


FILTERS: list[list[Any]] = [
    [3],
    [-3],
    [1, 7],
    [-1, -7],
    ["model.layers.2.up"],
    ["-conv", "-even"],
    ["dense"],
    ["conv2d"],
]
OPTIONS: list[dict[str, Any]] = [{}, {"pool": False}, {"start_ids": 5}, {"max_evals": 50}]
METHODS = ["raw", "euclidean", "cka"]


def records(table: Any) -> list[dict[str, Any]]:
    rows = table.reset_index().to_dict(orient="records")
    return [{k: v for k, v in row.items() if k != "index"} for row in rows]


def made(ww: Any) -> dict[str, Any]:
    """Return all that the tests compare."""

    def watch(model: Any, method: str, *arguments: Any, **options: Any) -> Any:
        model = str(model) if isinstance(model, Path) else model
        np.random.seed(SEED)  # noqa: NPY002
        return getattr(ww.WeightWatcher(model=model), method)(*arguments, **options)

    first, second = state_dict(), state_dict(0.5)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        models = {
            "state dict": first,
            "folder": folder(Path(one), sharded=False),
            "shards": folder(Path(two), sharded=True),
            "onnx": onnx_model(),
        }
        shown = ["layer_id", "name", "longname", "layer_type", "N", "M", "alpha"]
        places = {name: records(watch(model, "analyze")[shown]) for name, model in models.items()}
    compared = []
    for method in METHODS:
        for pool in (True, False):
            dW, db, table = watch(first, "distances", first, second, method, pool=pool)
            found = {"means": [float(dW), float(db)], "rows": records(table)}
            compared.append({"method": method, "pool": pool, **found})
    details = watch(first, "analyze", mp_fit=True)
    return {
        "places": places,
        "filters": [
            {"layers": chosen, "layer_id": watch(first, "analyze", layers=chosen).layer_id.tolist()}
            for chosen in FILTERS
        ],
        "describe": [
            {"options": o, "rows": records(watch(first, "describe", **o))} for o in OPTIONS
        ],
        "summary": {k: float(v) for k, v in ww.WeightWatcher().get_summary(details).items()},
        "distances": compared,
        "ESD": {
            layer: [watch(first, "get_ESD", layer=layer, random=r).tolist() for r in (False, True)]
            for layer in ("model.layers.10.up", "model.layers.2.up", "conv", "even")
        },
    }


def main() -> None:
    os.environ["MPLBACKEND"] = "Agg"
    with contextlib.redirect_stdout(sys.stderr):
        import weightwatcher as ww

        logging.disable(logging.CRITICAL)
        found = made(ww)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1, default=np.generic.item) + "\n")


if __name__ == "__main__":
    main()
