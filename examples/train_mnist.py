"""Train a small fully connected network on MNIST and save it twice.

A 784-300-100-10 ReLU network is trained in plain NumPy, then the same float32
weights are written as ``mnist_mlp.safetensors`` and as ``mnist_mlp.onnx``. The same
data, seed, machine and number of BLAS threads give the same bytes.

MNIST is by LeCun, Cortes and Burges. Any ``.npz`` with ``x`` (uint8, n x 784) and
``y`` (labels 0 to 9) serves as training data; the test set is read in MNIST's own
gzipped idx format.
"""

import argparse
import gzip
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Params = dict[str, Floats]

WIDTHS = (784, 300, 100, 10)
LAYERS = tuple(f"fc{i}" for i in range(1, len(WIDTHS)))

# Small batches and a fairly large rate let training reshape the whole spectrum;
# a gentler run also learns the digits but stays nearer to the random start.
BATCH = 16
PEAK_RATE = 0.02
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4


def scale_pixels(pixels: NDArray[np.uint8]) -> Floats:
    """Flatten images to rows of float32 between 0 and 1."""
    return pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a gzipped idx file of unsigned bytes."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:3] != b"\0\0\x08":
        message = f"{path} is not an idx file of unsigned bytes"
        raise ValueError(message)
    ndim = raw[3]
    shape = np.frombuffer(raw, dtype=">i4", count=ndim, offset=4)
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * ndim).reshape(shape)


def initial_params(rng: np.random.Generator) -> Params:
    """Draw Glorot-normal weights, stored (out, in), and zero biases."""
    params: Params = {}
    for name, fan_in, fan_out in zip(LAYERS, WIDTHS[:-1], WIDTHS[1:], strict=True):
        std = math.sqrt(2 / (fan_in + fan_out))
        params[f"{name}.weight"] = rng.normal(0, std, (fan_out, fan_in)).astype(np.float32)
        params[f"{name}.bias"] = np.zeros(fan_out, dtype=np.float32)
    return params


def forward(params: Params, x: Floats) -> list[Floats]:
    """Return the input of every layer, followed by the logits."""
    values = [x]
    for name in LAYERS:
        out = values[-1] @ params[f"{name}.weight"].T + params[f"{name}.bias"]
        values.append(out if name == LAYERS[-1] else np.maximum(out, 0))
    return values


def loss_and_gradients(params: Params, x: Floats, y: Ints) -> tuple[float, Params]:
    """Return the mean softmax cross-entropy and its gradients."""
    values = forward(params, x)
    logits, rows = values[-1], np.arange(len(y))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    delta = np.exp(log_probs)
    delta[rows, y] -= 1
    delta /= len(y)
    grads: Params = {}
    for name, value in zip(reversed(LAYERS), reversed(values[:-1]), strict=True):
        grads[f"{name}.weight"] = delta.T @ value
        grads[f"{name}.bias"] = delta.sum(axis=0)
        delta = (delta @ params[f"{name}.weight"]) * (value > 0)
    return -float(log_probs[rows, y].mean()), grads


def train(x: Floats, y: Ints, epochs: int, seed: int) -> Params:
    """Run SGD with momentum while the rate falls along a half cosine."""
    rng = np.random.default_rng(seed)
    params = initial_params(rng)
    velocity = {name: np.zeros_like(value) for name, value in params.items()}
    for epoch in range(epochs):
        started = time.perf_counter()
        rate = PEAK_RATE * (1 + math.cos(math.pi * epoch / epochs)) / 2
        order = rng.permutation(len(x))
        total = 0.0
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            loss, grads = loss_and_gradients(params, x[rows], y[rows])
            total += loss * len(rows)
            for name, grad in grads.items():
                if name.endswith(".weight"):
                    grad += WEIGHT_DECAY * params[name]
                velocity[name] = MOMENTUM * velocity[name] + grad
                params[name] -= rate * velocity[name]
        note = f"loss {total / len(x):.4f}, {time.perf_counter() - started:.1f} s"
        print(f"epoch {epoch + 1}/{epochs}: {note}", file=sys.stderr)
    return params


def accuracy(params: Params, x: Floats, y: Ints) -> float:
    """Return the share of digits named correctly."""
    return float((forward(params, x)[-1].argmax(axis=1) == y).mean())


def safetensors_bytes(params: Params, metadata: dict[str, str]) -> bytes:
    """Serialise as safetensors, with the metadata in a fixed order."""
    # The library writes metadata in hash order, which differs from run to run.
    blob = save(params, metadata)
    end = 8 + int.from_bytes(blob[:8], "little")
    header: dict[str, Any] = json.loads(blob[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    return blob[:8] + text.ljust(end - 8) + blob[end:]


def onnx_model(params: Params, metadata: dict[str, str]) -> onnx.ModelProto:
    """Build the network as Gemm and Relu nodes from 'digits' to 'logits'."""
    nodes, source = [], "digits"
    for name in LAYERS:
        last = name == LAYERS[-1]
        out = "logits" if last else f"{name}.out"
        inputs = [source, f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Gemm", inputs, [out], name=name, transB=1))
        source = out
        if not last:
            source = f"{name}.relu"
            nodes.append(helper.make_node("Relu", [out], [source], name=source))
    graph = helper.make_graph(
        nodes,
        "mnist_mlp",
        [helper.make_tensor_value_info("digits", TensorProto.FLOAT, ["batch", WIDTHS[0]])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", WIDTHS[-1]])],
        [numpy_helper.from_array(value, name) for name, value in params.items()],
    )
    # Opset 17 and IR 8 were released together, and current runtimes all read them.
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Train from the command line and write both files."""
    parser = argparse.ArgumentParser(description="Train a small network on MNIST and save it.")
    parser.add_argument("--train", type=Path, required=True, help=".npz with arrays x and y")
    parser.add_argument("--test-images", type=Path, help="test images, gzipped idx")
    parser.add_argument("--test-labels", type=Path, help="test labels, gzipped idx")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "models")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if (args.test_images is None) != (args.test_labels is None):
        parser.error("--test-images and --test-labels go together")

    with np.load(args.train) as data:
        x, y = scale_pixels(data["x"]), data["y"].astype(np.int64)
    params = train(x, y, args.epochs, args.seed)

    metadata = {"format": "np", "licence": "Apache-2.0", "made_by": "examples/train_mnist.py"}
    if args.test_images is not None:
        test_x = scale_pixels(read_idx(args.test_images))
        test_y = read_idx(args.test_labels).astype(np.int64)
        metadata["test_accuracy"] = f"{accuracy(params, test_x, test_y):.4f}"
        print(f"test accuracy {metadata['test_accuracy']}", file=sys.stderr)

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "mnist_mlp.safetensors").write_bytes(safetensors_bytes(params, metadata))
    model = onnx_model(params, metadata)
    (args.out / "mnist_mlp.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
