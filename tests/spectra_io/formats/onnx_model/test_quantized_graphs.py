"""Quantized operators: the numbers that onnxruntime makes of the same integers."""

from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx
from tests.spectra.models.test_quantization import run

node = helper.make_node
COM = {"domain": "com.microsoft"}
Q = np.random.default_rng(0).integers(-128, 128, (6, 4)).astype(np.int8)
KERNEL = np.random.default_rng(1).integers(-128, 128, (6, 2, 3, 3)).astype(np.int8)
SCALE, ZERO = np.array(0.03, np.float32), np.array(7, np.int8)


def by_channel(count):
    scale = np.abs(f32(count, seed=4)) + 0.01
    return scale, np.random.default_rng(5).integers(-9, 9, count).astype(np.int8)


def dequantized(q, scale, zero, axis):
    """Return what onnxruntime makes of the integers."""
    options = {} if scale.ndim == 0 else {"axis": axis}
    arrays = {"q": q, "s": scale, "z": zero}
    return run(node("DequantizeLinear", [*arrays], ["y"], **options), arrays)


def matrices(path, nodes, arrays):
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    model = open_model(write_onnx(path / "m.onnx", graph(nodes, tensors)))
    return {x.name: x.matrices() for x in spectra.layers(model) if x.taken}, model


SCALED_PRODUCTS = {
    "QLinearMatMul": (["x", "xs", "xz", "q", "s", "z", "ys", "yz"], {}),
    "MatMulIntegerToFloat": (["x", "q", "xs", "s", "xz", "z"], COM),
    "DynamicQuantizeMatMul": (["x", "q", "s", "z"], COM),
    "QGemm": (["x", "xs", "xz", "q", "s", "z"], COM),
    "QAttention": (["x", "q", "b", "xs", "s", "", "xz", "z"], COM),
}


@pytest.mark.parametrize("operator", SCALED_PRODUCTS)
@pytest.mark.parametrize("channels", [False, True])
def test_products_with_their_scales_beside_them(tmp_path, operator, channels):
    inputs, options = SCALED_PRODUCTS[operator]
    scale, zero = by_channel(4) if channels else (SCALE, ZERO)
    made = node(operator, inputs, ["y"], **options)
    found, model = matrices(tmp_path, [made], {"q": Q, "s": scale, "z": zero})
    expected = dequantized(Q, scale, zero, 1)
    np.testing.assert_array_equal(np.concatenate([m[0] for m in found.values()]), expected.T)
    assert model["s"].note == "scale of q"


def test_a_product_of_a_stored_matrix_from_the_left(tmp_path):
    made = node("QLinearMatMul", ["q", "s", "z", "x", "xs", "xz", "ys", "yz"], ["y"])
    found, _ = matrices(tmp_path, [made], {"q": Q, "s": SCALE, "z": ZERO})
    np.testing.assert_array_equal(found["q"][0], dequantized(Q, SCALE, ZERO, 0))


@pytest.mark.parametrize("channels", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions(tmp_path, channels, groups):
    scale, zero = by_channel(6) if channels else (SCALE, ZERO)
    inputs = ["x", "xs", "xz", "q", "s", "z", "ys", "yz", "b"]
    made = node("QLinearConv", inputs, ["y"], group=groups)
    found, _ = matrices(tmp_path, [made], {"q": KERNEL, "s": scale, "z": zero})
    real = dequantized(KERNEL, scale, zero, 0)
    expected = [
        real[g * 6 // groups : (g + 1) * 6 // groups, :, i, j]
        for i, j in np.ndindex(3, 3)
        for g in range(groups)
    ]
    np.testing.assert_array_equal(found["q"], expected)


@pytest.mark.parametrize("order", ["data first", "weight first"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_integer_products_scaled_afterwards(tmp_path, order, shape):
    """As tools that quantize while running write it."""
    factors = ["xs", "s"] if order == "data first" else ["s", "xs"]
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        node("MatMulInteger", ["xq", "q", "xz", "z"], ["i"]),
        node("Cast", ["i"], ["f"], to=1),
        node("Mul", factors, ["both"]),
        node("Mul", ["f", "both"], ["y"]),
    ]
    arrays = {"q": Q, "s": SCALE.reshape(shape), "z": ZERO.reshape(shape)}
    found, _ = matrices(tmp_path, nodes, arrays)
    np.testing.assert_array_equal(found["q"][0], dequantized(Q, SCALE, ZERO, 0).T)


def test_integer_convolutions_scaled_afterwards(tmp_path):
    nodes = [
        node("ConvInteger", ["xq", "q", "xz", "z"], ["i"]),
        node("Cast", ["i"], ["f"], to=1),
        node("Mul", ["xs", "s"], ["both"]),
        node("Mul", ["f", "both"], ["y"]),
    ]
    found, _ = matrices(tmp_path, nodes, {"q": KERNEL, "s": SCALE, "z": ZERO})
    real = dequantized(KERNEL, SCALE, ZERO, 0)
    np.testing.assert_array_equal(found["q"][4], real[:, :, 1, 1])


FACTORED: dict[str, Any] = {**COM, "N": 4, "K": 12, "block_size": 16, "quant_type": 1}
UNKNOWN = {
    "never scaled": [node("MatMulInteger", ["x", "q", "", "z"], ["i"])],
    "scaled by the data": [
        node("MatMulInteger", ["x", "q", "", "z"], ["i"]), node("Mul", ["i", "xs"], ["y"])
    ],
    "scale computed": [node("QLinearMatMul", ["x", "a", "b", "q", "c", "z", "d", "e"], ["y"])],
    "zero point computed": [node("QLinearMatMul", ["x", "a", "b", "q", "s", "c", "d", "e"], ["y"])],
    "factors computed": [node("MatMulBnb4", ["x", "q", "c"], ["y"], **FACTORED)],
}  # fmt: skip


@pytest.mark.parametrize("nodes", UNKNOWN.values(), ids=UNKNOWN)
def test_integers_whose_scale_is_not_known_say_so(tmp_path, nodes):
    found, model = matrices(tmp_path, nodes, {"q": Q, "s": SCALE, "z": ZERO})
    assert found == {}
    reason = next(x.reason for x in spectra.layers(model) if x.tensor.name == "q")
    assert reason.startswith("quantized (int8): input")
    assert reason.endswith("its scale is not known")


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_packed_products(tmp_path, bits):
    rows, columns, block = 6, 32, 16
    rng = np.random.default_rng(2)
    B = rng.integers(0, 256, (rows, 2, block * bits // 8)).astype(np.uint8)
    scales = np.abs(f32(rows * 2)) + 0.1
    sizes = {"N": rows, "K": columns, "bits": bits, "block_size": block}
    made = node("MatMulNBits", ["x", "B", "scales"], ["y"], **COM, **sizes)
    found, model = matrices(tmp_path, [made], {"B": B, "scales": scales})
    options = {"rows": rows, "columns": columns, "bits": bits, "block_size": block}
    expected = spectra.models.quantization.nbits(B, scales, **options)
    np.testing.assert_array_equal(found["B"][0], expected)
    assert (model["B"].role, model["scales"].role) == ("dense", "scale")


BROKEN = [{"N": 0}, {"K": -1}, {"bits": 3}, {"block_size": 0}, {"K": 1 << 60}, {"N": 7}]


@pytest.mark.parametrize("wrong", BROKEN)
def test_packed_products_of_impossible_sizes(tmp_path, wrong):
    sizes = {"N": 6, "K": 32, "bits": 4, "block_size": 16, **wrong}
    made = node("MatMulNBits", ["x", "B", "scales"], ["y"], **COM, **sizes)
    arrays = {"B": np.zeros((6, 2, 8), np.uint8), "scales": f32(12)}
    assert matrices(tmp_path, [made], arrays)[0] == {}


@pytest.mark.parametrize("sizes", [None, [4, 2, 2]])
def test_heads_of_attention(tmp_path, sizes):
    columns = sum(sizes or [4, 4, 4])
    W = f32(6, columns)
    options = {"num_heads": 2} | ({"qkv_hidden_sizes": sizes} if sizes else {})
    found, _ = matrices(
        tmp_path, [node("Attention", ["x", "w"], ["y"], **COM, **options)], {"w": W}
    )
    ends = np.cumsum(sizes or [4, 4, 4])
    assert list(found) == ["w[q]", "w[k]", "w[v]"]
    for matrix, part in zip(found.values(), np.split(W, ends[:2], axis=1), strict=True):
        np.testing.assert_array_equal(matrix[0], part.T)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("block", [0, 2])
def test_dequantized_along_an_axis(tmp_path, axis, block):
    count = Q.shape[axis]
    shape: tuple[int, ...] = (count,)
    if block:
        shape = tuple(n // block if i == axis % 2 else n for i, n in enumerate(Q.shape))
    scale = (np.abs(f32(*shape, seed=6)) + 0.01).reshape(shape)
    zero = np.zeros(shape, np.int8)
    options = {"axis": axis} | ({"block_size": block} if block else {})
    nodes = [
        node("DequantizeLinear", ["q", "s", "z"], ["w"], **options),
        node("MatMul", ["x", "w"], ["y"]),
    ]
    arrays = {"q": Q, "s": scale, "z": zero}
    found, model = matrices(tmp_path, nodes, arrays)
    np.testing.assert_array_equal(found["q"][0], run(nodes[0], {**arrays}, output="w").T)
    assert model["q"].note == "input 1 of MatMul, times s"


@pytest.mark.parametrize("kind", ["uint4", "int4"])
@pytest.mark.parametrize("size", [6, 60])
def test_four_bits(tmp_path, kind, size):
    """In raw data, two numbers a byte, kept in the message and left in the file."""
    import ml_dtypes  # noqa: F401  (registers the types)

    q = np.random.default_rng(3).integers(0, 8, (size, size + 1)).astype(kind)
    nodes = [node("DequantizeLinear", ["q", "s"], ["w"]), node("Gemm", ["x", "w"], ["y"], transB=1)]
    found, model = matrices(tmp_path, nodes, {"q": q, "s": SCALE})
    assert model["q"].dtype == kind
    np.testing.assert_array_equal(model["q"].read().astype(int), q.astype(int))
    np.testing.assert_array_equal(found["q"][0], q.astype(np.float32) * SCALE)
