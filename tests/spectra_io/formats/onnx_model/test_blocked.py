"""Convolutions in blocks of channels, as onnxruntime saves an optimized graph."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import SHARED, f32, graph, write_onnx

NCHWC = "com.microsoft.nchwc"


def up(count, size):
    return -(-count // size) * size


def blocked(kernel, size, *, inputs):
    """Return a kernel filled up with zeros and in blocks, number by number."""
    rows, columns, height, width = kernel.shape
    full = up(rows, size), up(columns, size) if inputs else columns
    flat = []
    for o in range(0, full[0], size):
        for i in range(0, full[1], size if inputs else 1):
            for h, w in np.ndindex(height, width):
                for bi in range(size if inputs else 1):
                    for bo in range(size):
                        there = o + bo < rows and i + bi < columns
                        flat.append(kernel[o + bo, i + bi, h, w] if there else 0)
    return np.array(flat, np.float32).reshape(*full, height, width)


def stack_of(kernel, groups):
    """Return the matrices of a kernel, one per position and group."""
    rows, columns = kernel.shape[:2]
    if columns == 1:
        return kernel.reshape(1, rows, -1)
    apart = kernel.reshape(groups, rows // groups, columns, -1)
    return np.moveaxis(apart, -1, 0).reshape(-1, rows // groups, columns)


class Net:
    """A graph of convolutions in blocks of channels."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.nodes: list[Any] = []
        self.arrays: dict[str, Any] = {}
        self.truth: dict[str, Any] = {}

    def add(self, operator: str, *inputs: str, domain: str = NCHWC, **options: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, list(inputs), [name], domain=domain, **options)
        )
        return name

    def conv(self, x: str, kernel: Any, *, inputs: bool, bias: bool = True, **options: Any) -> str:
        name = f"w{len(self.truth)}"
        self.truth[name] = kernel, options.get("group", 1)
        self.arrays[name] = blocked(kernel, self.size, inputs=inputs)
        given = [x, name]
        if bias:
            count = len(kernel)
            padding = np.zeros(up(count, self.size) - count, np.float32)
            self.arrays[f"b_{name}"] = np.append(f32(count, seed=9), padding)
            given.append(f"b_{name}")
        if len(kernel) == options.get("group"):
            options["group"] = up(len(kernel), self.size)
        return self.add("Conv", *given, **options)

    def out(self, x: str, count: int) -> str:
        return self.add("ReorderOutput", x, channels=count)

    def opened(self, path, shape=None):
        tensors = [numpy_helper.from_array(a, n) for n, a in self.arrays.items()]
        made = graph(self.nodes, tensors)
        made.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))
        return open_model(write_onnx(path / "m.onnx", made))

    def check(self, path, shape=None):
        found = {
            layer.name: layer.matrices()
            for layer in spectra.layers(self.opened(path, shape))
            if layer.taken
        }
        assert sorted(found) == sorted(self.truth)
        for name, (kernel, groups) in self.truth.items():
            np.testing.assert_array_equal(found[name], stack_of(kernel, groups))


SIZES = pytest.mark.parametrize("size", [8, 16])


@SIZES
@pytest.mark.parametrize("bias", [False, True])
def test_a_chain_whose_ends_are_stated(tmp_path, size, bias):
    net = Net(size)
    y = net.conv("x", f32(12, 3, 3, 3), inputs=False, bias=bias)
    y = net.conv(y, f32(9, 12, 1, 1, seed=1), inputs=True, bias=bias)
    net.out(y, 9)
    net.check(tmp_path)


@SIZES
def test_channels_that_no_convolution_uses_are_padding(tmp_path, size):
    """Nothing states the 12 channels in between; kernels, biases and the next kernel agree."""
    net = Net(size)
    y = net.conv("x", f32(12, 3, 3, 3), inputs=False)
    y = net.add("Relu", y, domain="")
    y = net.conv(y, f32(12, 1, 3, 3, seed=1), inputs=False, group=12)
    y = net.conv(net.add("MaxPool", y), f32(24, 12, 1, 1, seed=2), inputs=True, bias=False)
    net.out(y, 24)
    net.check(tmp_path)


@SIZES
def test_a_sum_inside_a_convolution(tmp_path, size):
    net = Net(size)
    y = net.conv("x", f32(12, 3, 3, 3), inputs=False)
    z = net.conv(y, f32(12, 12, 3, 3, seed=1), inputs=True, bias=False)
    net.nodes[-1].input.extend(["", y])
    net.out(z, 12)
    net.check(tmp_path)


@SIZES
def test_joined_channels_are_whole_blocks(tmp_path, size):
    net = Net(size)
    parts = [net.conv("x", f32(n, 3, 1, 1, seed=n), inputs=False) for n in (size, 2 * size)]
    y = net.add("Concat", *parts, domain="", axis=1)
    y = net.conv(y, f32(9, 3 * size, 1, 1), inputs=True)
    net.out(net.add("Upsample", y), 9)
    net.check(tmp_path)


@SIZES
def test_groups_of_channels(tmp_path, size):
    """Their channels are whole blocks."""
    net = Net(size)
    y = net.conv("x", f32(2 * size, 3, 1, 1), inputs=False)
    y = net.conv(y, f32(4 * size, size, 3, 3, seed=1), inputs=True, group=2)
    net.out(y, 4 * size)
    y = net.conv("x", f32(3, 3, 1, 1), inputs=False)
    net.out(y, 3)
    net.check(tmp_path)


BEFORE: dict[str, Any] = {
    "an input of a known shape": lambda net: "x",
    "a result of a known number of channels": lambda net: net.out(
        net.conv("z", f32(20, 3, 1, 1, seed=5), inputs=False), 20
    ),
    "the same, pooled": lambda net: net.add(
        "GlobalAveragePool",
        net.out(net.conv("z", f32(20, 3, 1, 1, seed=5), inputs=False), 20),
        domain="",
    ),
    "an ordinary convolution": lambda net: net.add(
        "Relu", net.add("Conv", "z", "p", domain=""), domain=""
    ),
    "results that are joined": lambda net: net.add(
        "Concat",
        net.out(net.conv("z", f32(12, 3, 1, 1, seed=5), inputs=False), 12),
        net.out(net.conv("z", f32(8, 3, 1, 1, seed=6), inputs=False), 8),
        domain="",
        axis=1,
    ),
}


@SIZES
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_a_value_that_is_put_into_blocks(tmp_path, size, before):
    net = Net(size)
    y = net.add("ReorderInput", before(net))
    net.out(net.conv(y, f32(9, 20, 1, 1), inputs=True), 9)
    if "p" in {name for made in net.nodes for name in made.input}:
        net.truth["p"] = f32(20, 3, 1, 1, seed=7), 1
        net.arrays["p"] = f32(20, 3, 1, 1, seed=7)
    net.check(tmp_path, [1, 20, 8, 8])


LAST: dict[str, Any] = {
    "a normalization": lambda net: net.add("LayerNormalization", "z", "g", domain=""),
    "a function of one": lambda net: net.add(
        "Relu", net.add("LayerNormalization", "z", "g", domain="", axis=3), domain=""
    ),
    "a product": lambda net: net.add("MatMul", "z", "m", domain=""),
}


@SIZES
@pytest.mark.parametrize("before", LAST.values(), ids=LAST)
def test_a_value_with_channels_last_that_is_put_into_blocks(tmp_path, size, before):
    """As between the stages of ConvNeXt."""
    net = Net(size)
    y = net.add("ReorderInput", before(net), channels_last=1)
    net.out(net.conv(y, f32(9, 20, 1, 1), inputs=True), 9)
    if net.nodes[0].op_type == "MatMul":
        net.arrays["m"] = f32(3, 20, seed=7)
        net.truth["m"] = net.arrays["m"].T.reshape(20, 3, 1, 1), 1
    else:
        net.arrays["g"] = f32(20)
    net.check(tmp_path)


@pytest.mark.parametrize("scale", [(1,), (20, 1), ()])
def test_a_normalization_that_does_not_tell_the_channels(tmp_path, scale):
    net = Net(8)
    y = net.add("LayerNormalization", "z", "g", domain="")
    net.out(net.conv(net.add("ReorderInput", y, channels_last=1), f32(9, 20, 1, 1), inputs=True), 9)
    net.arrays["g"] = f32(*scale)
    (kernel,) = [x for x in spectra.layers(net.opened(tmp_path)) if x.tensor.name == "w0"]
    assert "24 channels, of which the last may be padding" in kernel.reason


def test_an_input_of_less_than_a_block_is_not_in_blocks(tmp_path):
    """Of 12 channels: as many as a block of 8, so these are blocks of 16."""
    net = Net(16)
    y = net.conv("x", f32(16, 12, 1, 1), inputs=False)
    net.out(y, 16)
    net.check(tmp_path)


def reasons(model):
    return {layer.tensor.name: layer.reason for layer in spectra.layers(model)}


@SIZES
def test_blocks_of_a_length_that_is_not_said(tmp_path, size):
    net = Net(size)
    y = net.conv("x", f32(32, 3, 3, 3), inputs=False)
    net.out(net.conv(y, f32(64, 32, 1, 1), inputs=True), 64)
    found = reasons(net.opened(tmp_path))
    for name in ("w0", "w1"):
        assert found[name].startswith("input 1 of Conv, in blocks of 8 or of 16 channels, which")
        assert "ORT_ENABLE_EXTENDED" in found[name]


def test_channels_that_may_be_padding(tmp_path):
    """A kernel of 16 channels whose last two are zero, which the next kernel uses."""
    net = Net(8)
    kernel, after = f32(16, 3, 3, 3), f32(24, 16, 1, 1, seed=1)
    kernel[14:] = 0
    net.out(net.conv(net.conv("x", kernel, inputs=False, bias=False), after, inputs=True), 24)
    found = reasons(net.opened(tmp_path))
    for name in ("w0", "w1"):
        assert found[name].endswith("16 channels, of which the last may be padding: not read")


def test_two_numbers_of_channels(tmp_path):
    net = Net(8)
    y = net.conv("x", f32(12, 3, 3, 3), inputs=False)
    net.out(y, 12)
    net.out(net.add("Relu", y, domain=""), 11)
    net.out(net.conv("x", f32(4, 3, 3, 3), inputs=False), 4)
    assert "[11, 12] of 16 channels: not read" in reasons(net.opened(tmp_path))["w0"]


def test_sizes_that_no_block_has(tmp_path):
    made = helper.make_node("Conv", ["x", "w"], ["y"], domain=NCHWC)
    tensor = numpy_helper.from_array(f32(12, 3, 1, 1), "w")
    model = open_model(write_onnx(tmp_path / "m.onnx", graph([made], [tensor])))
    assert "in blocks of an unknown length" in reasons(model)["w"]


def test_kernels_without_two_axes_of_positions(tmp_path):
    made = helper.make_node("Conv", ["x", "w"], ["y"], domain=NCHWC)
    tensor = numpy_helper.from_array(f32(16, 3, 1), "w")
    model = open_model(write_onnx(tmp_path / "m.onnx", graph([made], [tensor])))
    assert "3 axes in blocks of channels: not read" in reasons(model)["w"]


def random_network(rng):
    """Return a model with convolutions in a row, some of each channel apart, some joined."""
    nodes: list[Any] = []
    truth: dict[str, Any] = {}
    values = {"x": int(rng.choice([3, 12, 16]))}
    for step in range(int(rng.integers(2, 6))):
        x = list(values)[-1]
        channels, out = values[x], int(rng.choice([8, 9, 12, 16, 20, 24, 32, 48]))
        kind = rng.choice(["plain", "plain", "depthwise", "joined"]) if step else "plain"
        groups, per = (channels, 1) if kind == "depthwise" else (1, channels)
        out = channels if kind == "depthwise" else out
        name, y = f"w{step}", f"y{step}"
        side = 3 if kind == "depthwise" else int(rng.choice([1, 3]))
        truth[name] = rng.standard_normal((out, per, side, side)).astype(np.float32), groups
        inputs = [x, name]
        if rng.random() < 0.5:
            inputs.append(f"b{step}")
            truth[f"b{step}"] = rng.standard_normal(out).astype(np.float32), 0
        pads = [side // 2] * 4
        nodes.append(helper.make_node("Conv", inputs, [f"c{step}"], group=groups, pads=pads))
        last = f"c{step}"
        if kind == "joined":
            nodes.append(helper.make_node("Concat", [last, x], [f"j{step}"], axis=1))
            last, out = f"j{step}", out + channels
        nodes.append(helper.make_node(str(rng.choice(["Relu", "Sigmoid"])), [last], [y]))
        values[y] = out
    tensors = [numpy_helper.from_array(a, n) for n, (a, _) in truth.items()]
    made = graph(nodes, tensors, outputs=[list(values)[-1]])
    shape = [1, values["x"], 6, 6]
    made.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, shape))
    made.output[0].type.tensor_type.ClearField("shape")
    kernels = {name: kernel for name, kernel in truth.items() if kernel[1]}
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, kernels


@pytest.mark.parametrize("seed", range(20))
def test_what_onnxruntime_makes_of_random_networks(tmp_path, seed):
    """No kernel is wrong; one that is left out has a reason that names blocks or padding."""
    model, truth = random_network(np.random.default_rng(seed))
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "m.onnx")
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    left = [stack_of(kernel, groups) for kernel, groups in truth.values()]
    for layer in spectra.layers(open_model(tmp_path / "m.onnx")):
        if layer.tensor.ndim != 4:
            continue
        if not layer.taken:
            assert "in blocks of" in layer.reason or "padding" in layer.reason
            continue
        ours = layer.matrices()
        found = [i for i, one in enumerate(left) if one.shape == ours.shape and (one == ours).all()]
        assert found, layer.name
        del left[found[0]]


@pytest.mark.shared
def test_a_network_that_onnxruntime_optimized():
    """Of a stem, a depthwise, a pointwise, a grouped and two transposed convolutions."""
    folder = SHARED / "cases" / "readers" / "onnx-nchwc"
    wanted = dict(np.load(folder / "expected.npz"))
    del wanted["stem.weight"]  # its batch normalization was folded into it
    layers = [x for x in spectra.layers(open_model(folder / "model.onnx")) if x.taken]
    assert (9, 12, 3) in {x.matrices().shape for x in layers}
    for name, stack in wanted.items():
        values = np.sort(np.linalg.svd(stack, compute_uv=False), axis=None)
        alike = [
            np.sort(np.linalg.svd(x.matrices(), compute_uv=False), axis=None)
            for x in layers
            if x.matrices().shape == stack.shape
        ]
        assert any(np.allclose(values, one, rtol=1e-5) for one in alike), name
