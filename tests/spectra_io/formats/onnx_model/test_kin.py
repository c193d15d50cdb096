"""Operators that compute like others, each against the matrices that its page defines."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx

RNG = np.random.default_rng(0)
W = f32(6, 4)
KERNEL = f32(6, 3, 2, 2)
Q = RNG.integers(-100, 100, (6, 4)).astype(np.int8)
E4M3 = W.astype(ml_dtypes.float8_e4m3fn)
S, Z = np.float32(0.5), np.int8(3)


def node(operator: str, inputs: str, *, domain: str = "com.microsoft", **options: Any) -> Any:
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(operator, names, ["y"], domain=domain, **options)


def opened(path, nodes, arrays):
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    return open_model(write_onnx(path / "m.onnx", graph(nodes, tensors)))


def positions(kernel):
    """Return one matrix per kernel position."""
    return np.moveaxis(kernel.reshape(*kernel.shape[:2], -1), -1, 0)


def real(q, scale=S, zero=Z):
    return (q.astype(np.float32) - np.float32(zero)) * scale


LONG = f32(4, 12)
CASES: dict[str, Any] = {  # operator, arrays, layers by name
    "TransposeMatMul": (
        node("TransposeMatMul", "x w", transB=1, alpha=2.0),
        {"w": W},
        {"w": W},
    ),
    "FusedMatMulActivation": (
        node("FusedMatMulActivation", "x w", activation="Relu", alpha=2.0),
        {"w": W},
        {"w": W.T},
    ),
    "FusedMatMul of a stack": (
        node("FusedMatMul", "x w", transBatchB=1),
        {"w": f32(5, 2, 3)},
        {f"w[{i}]": f32(5, 2, 3)[:, i].T for i in range(2)},
    ),
    "FusedMatMul of a stack on the left": (
        node("FusedMatMul", "w x", transBatchA=1),
        {"w": f32(5, 2, 3)},
        {f"w[{i}]": f32(5, 2, 3)[:, i] for i in range(2)},
    ),
    "SparseToDenseMatMul": (node("SparseToDenseMatMul", "x w", transB=1), {"w": W}, {"w": W}),
    "GemmFloat8": (
        node("GemmFloat8", "x w - sa s", transB=1, alpha=2.0),
        {"w": E4M3, "s": S},
        {"w": E4M3.astype(np.float32)},
    ),
    "GemmFloat8 of wide floats": (node("GemmFloat8", "x w", transB=1), {"w": W}, {"w": W}),
    "MatMulIntegerToFloat from the left": (
        node("MatMulIntegerToFloat", "w x s xs z xz"),
        {"w": Q, "s": S, "z": Z},
        {"w": real(Q)},
    ),
    "LongformerAttention": (
        node("LongformerAttention", "x w b m g gb f", num_heads=2, window=2),
        {"w": LONG, "g": f32(4, 12, seed=1)},
        {
            f"{name}[{part}]": array[:, 4 * i : 4 * i + 4].T
            for name, array in (("w", LONG), ("g", f32(4, 12, seed=1)))
            for i, part in enumerate("qkv")
        },
    ),
    "DecoderAttention": (
        node("DecoderAttention", "x c q kv b", num_heads=2),
        {"q": f32(4, 4), "kv": f32(4, 8)},
        {"q": f32(4, 4).T, "kv[k]": f32(4, 8)[:, :4].T, "kv[v]": f32(4, 8)[:, 4:].T},
    ),
    "RouterGateUpProj": (
        node("RouterGateUpProj", "x w", router_size=4),
        {"w": LONG},
        {"w[router]": LONG.T[:4], "w[gate]": LONG.T[4:8], "w[up]": LONG.T[8:]},
    ),
    "TorchEmbedding": (node("TorchEmbedding", "w i"), {"w": W}, {"w": W}),
    "QEmbedLayerNormalization": (
        node("QEmbedLayerNormalization", "i j w p - g b m s sp - gs bs z zp"),
        {"w": Q, "s": S, "z": Z, "p": Q[:3], "sp": np.float32(2), "zp": Z},
        {"w": real(Q), "p": real(Q[:3], np.float32(2))},
    ),
    "WordConvEmbedding": (
        node("WordConvEmbedding", "x w b c"),
        {"w": f32(6, 1, 3, 4), "c": W},
        {"w": f32(6, 1, 3, 4).reshape(6, 12), "c": W},
    ),
    "NhwcConv": (node("NhwcConv", "x w"), {"w": KERNEL}, {"w": positions(KERNEL)}),
    "DeformConv": (node("DeformConv", "x w o", domain=""), {"w": KERNEL}, {"w": positions(KERNEL)}),
    "channels last": (
        node("Conv", "x w", domain="com.ms.internal.nhwc"),
        {"w": KERNEL},
        {"w": positions(KERNEL)},
    ),
    "quantized, channels last": (
        node("QLinearConv", "x xs xz w s z ys yz", domain="com.ms.internal.nhwc"),
        {"w": Q.reshape(6, 4, 1), "s": S, "z": Z},
        {"w": real(Q)},
    ),
    "quantized and transposed, channels last": (
        node("QLinearConvTranspose", "x xs xz w s z ys yz", domain="com.ms.internal.nhwc"),
        {"w": Q.reshape(6, 4, 1), "s": np.arange(1, 5, dtype=np.float32), "z": Z},
        {"w": (real(Q) / S * np.arange(1, 5, dtype=np.float32)).T},
    ),
    "CausalConvWithState": (
        node("CausalConvWithState", "x w", domain=""),
        {"w": f32(6, 1, 4)},
        {"w": f32(6, 4)},
    ),
    "VarlenCausalConvWithState": (
        node("VarlenCausalConvWithState", "x w l"),
        {"w": f32(6, 1, 4)},
        {"w": f32(6, 4)},
    ),
    "ConvTransposeWithDynamicPads": (
        node("ConvTransposeWithDynamicPads", "x w p"),
        {"w": KERNEL},
        {"w": positions(KERNEL.swapaxes(0, 1))},
    ),
    "ConvTranspose to one channel": (
        node("ConvTranspose", "x w", domain=""),
        {"w": f32(24, 1, 2, 2)},
        {"w": f32(24, 4).T},
    ),
    "ConvTranspose of each channel": (
        node("ConvTranspose", "x w", domain="", group=6),
        {"w": f32(6, 1, 2, 2)},
        {"w": f32(6, 4)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_operators_like_others(tmp_path, case):
    made, arrays, wanted = CASES[case]
    model = opened(tmp_path, [made], arrays)
    found = {x.name: x.matrices() for x in spectra.layers(model) if x.taken}
    assert sorted(found) == sorted(wanted)
    for name, matrix in wanted.items():
        stack = matrix if matrix.ndim == 3 else matrix[np.newaxis]
        np.testing.assert_allclose(found[name], stack, rtol=1e-6)


def test_cells_with_attention(tmp_path):
    """The weights of the attention are stacks over directions, (in, out)."""
    arrays = {"W": f32(1, 12, 5), "R": f32(1, 12, 3), "q": f32(1, 3, 4), "m": f32(1, 6, 4)}
    made = node("AttnLSTM", "x W R b - - - - q m v - - a", hidden_size=3)
    model = opened(tmp_path, [made], arrays)
    found = {x.name: x.matrices()[0] for x in spectra.layers(model) if x.taken}
    assert list(found)[:8] == [f"{name}[{gate}]" for name in "WR" for gate in "iofc"]
    np.testing.assert_array_equal(found["q"], arrays["q"][0].T)
    np.testing.assert_array_equal(found["m"], arrays["m"][0].T)


def test_products_of_sixteen_bit_integers(tmp_path):
    nodes = [
        node("DynamicQuantizeLinear", "a", domain=""),
        node("MatMulInteger16", "x w"),
    ]
    nodes[0].output[:] = ["x", "xs", "xz"]
    nodes[1].output[:] = ["i"]
    nodes += [
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["xs", "s"], ["b"]),
        helper.make_node("Mul", ["f", "b"], ["y"]),
    ]
    (layer,) = [
        x
        for x in spectra.layers(opened(tmp_path, nodes, {"w": Q.astype(np.int16), "s": S}))
        if x.taken
    ]
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, S, 0).T)


NOT_READ: dict[str, Any] = {
    "QOrderedMatMul": (node("QOrderedMatMul", "x xs w s ys"), Q, "in an order of cublasLt"),
    "QOrderedAttention": (node("QOrderedAttention", "x a b c d w k v"), Q, "an order of cublasLt"),
    "MatMulPacked": (node("MatMulPacked", "x w"), Q.view(np.uint8), "blocks of ggml: not read"),
    "GatherPacked": (node("GatherPacked", "w i"), Q.view(np.uint8), "blocks of ggml: not read"),
    "MoEPacked": (node("MoEPacked", "x r w"), Q.view(np.uint8), "blocks of ggml: not read"),
    "DequantizeBFP": (node("DequantizeBFP", "w n m"), Q.view(np.uint8), "block floating point"),
    "GemmFloat8 without a scale": (
        node("GemmFloat8", "x w", transB=1),
        E4M3,
        "its scale is not known",
    ),
    "an uneven number of columns": (node("DecoderAttention", "x c q w"), f32(4, 7), "columns"),
    "more columns than there are": (node("RouterGateUpProj", "x w", router_size=9), W, "size 9"),
}


@pytest.mark.parametrize("case", NOT_READ)
def test_operators_that_are_not_read_say_so(tmp_path, case):
    made, array, words = NOT_READ[case]
    (layer,) = spectra.layers(opened(tmp_path, [made], {"w": array}))
    assert not layer.taken
    assert f"of {made.op_type}, " in layer.reason
    assert words in layer.reason


def test_a_vector_added_to_another_constant_is_not_a_bias(tmp_path):
    """As in a kernel that the graph computes from a window and a sine."""
    nodes = [
        helper.make_node("Sin", ["a"], ["s"]),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Add", ["c", "n"], ["d"]),
        helper.make_node("Add", ["x", "v"], ["e"]),
    ]
    arrays = {"a": f32(4), "b": f32(4), "n": np.arange(4), "v": f32(4)}
    model = opened(tmp_path, nodes, arrays)
    assert {name: model[name].role for name in arrays} == {
        "a": "constant",
        "b": "constant",
        "n": "constant",
        "v": "bias",
    }
