"""Integers whose scale is found among the operators around them."""

import itertools
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx

node = helper.make_node
COM: dict[str, Any] = {"domain": "com.microsoft"}
RNG = np.random.default_rng(0)
Q = RNG.integers(-128, 128, (6, 4)).astype(np.int8)
KERNEL = RNG.integers(0, 256, (6, 2, 3, 3)).astype(np.uint8)
TABLE = RNG.integers(0, 256, (9, 5)).astype(np.uint8)
S, Z = np.float32(0.03), np.int8(7)
ROUND = node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"])
CAST = node("Cast", ["i"], ["f"], to=TensorProto.FLOAT)


def opened(path, nodes, arrays):
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    return open_model(write_onnx(path / "m.onnx", graph(nodes, tensors)))


def layers(path, nodes, arrays):
    return {x.name: x for x in spectra.layers(opened(path, nodes, arrays)) if x.taken}


def reason(path, nodes, arrays, name):
    model = opened(path, nodes, arrays)
    (layer,) = [x for x in spectra.layers(model) if x.tensor.name == name]
    assert not layer.taken
    return layer.reason


def real(q, scale, zero):
    return (q.astype(np.float32) - np.float32(zero)) * scale


PRODUCT = node("MatMulInteger", ["xq", "q", "xz", "z"], ["i"])
LATER = {
    "the factors multiplied first": [
        CAST,
        node("Mul", ["xs", "s"], ["b"]),
        node("Mul", ["f", "b"], ["y"]),
    ],
    "one after the other": [CAST, node("Mul", ["f", "xs"], ["g"]), node("Mul", ["g", "s"], ["y"])],
    "the weight's first": [CAST, node("Mul", ["s", "f"], ["g"]), node("Mul", ["xs", "g"], ["y"])],
    "a bias before the cast": [
        node("Add", ["i", "bias"], ["j"]),
        node("Cast", ["j"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["xs", "s"], ["b"]),
        node("Mul", ["f", "b"], ["y"]),
    ],
    "a bias that is taken away": [
        CAST,
        node("Sub", ["f", "bias"], ["g"]),
        node("Mul", ["xs", "s"], ["b"]),
        node("Mul", ["b", "g"], ["y"]),
    ],
    "moved": [
        CAST,
        node("Transpose", ["f"], ["t"]),
        node("Mul", ["xs", "s"], ["b"]),
        node("Mul", ["t", "b"], ["y"]),
    ],
    "the factor cast and given an axis": [
        CAST,
        node("Unsqueeze", ["xs", "zero"], ["u"]),
        node("Mul", ["u", "s"], ["b"]),
        node("Cast", ["b"], ["c"], to=TensorProto.FLOAT),
        node("Mul", ["f", "c"], ["y"]),
    ],
    "used elsewhere too": [
        CAST,
        node("Mul", ["xs", "s"], ["b"]),
        node("Div", ["w", "b"], ["other"]),
        node("Mul", ["f", "b"], ["y"]),
    ],
}


@pytest.mark.parametrize("nodes", LATER.values(), ids=LATER)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_product_that_is_scaled_later(tmp_path, nodes, shape):
    arrays = {"q": Q, "s": S.reshape(shape), "z": Z.reshape(shape), "zero": np.array([0])}
    model = opened(tmp_path, [ROUND, PRODUCT, *nodes], arrays)
    (layer,) = [x for x in spectra.layers(model) if x.taken]
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, S, Z).T)
    assert {model[name].note for name in "sz"} == {"scale of q"}


@pytest.mark.parametrize("zero", ["one", "each", "none"])
def test_a_scale_for_each_column(tmp_path, zero):
    scale = np.abs(f32(4, seed=1)) + np.float32(0.1)
    zeros = {"one": Z, "each": np.array([1, -2, 3, 4], np.int8), "none": np.int8(0)}[zero]
    product = node("MatMulInteger", ["xq", "q", "xz", "" if zero == "none" else "z"], ["i"])
    arrays = {"q": Q, "s": scale, "z": zeros}
    (layer,) = layers(tmp_path, [ROUND, product, *LATER["one after the other"]], arrays).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, scale, zeros).T)


def test_one_scale_and_a_zero_point_for_each_column(tmp_path):
    zeros = np.array([1, -2, 3, 4], np.int8)
    arrays = {"q": Q, "s": S, "z": zeros}
    nodes = [ROUND, PRODUCT, *LATER["one after the other"]]
    (layer,) = layers(tmp_path, nodes, arrays).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, S, zeros).T)


def test_a_matrix_on_the_left(tmp_path):
    """Its rows are scaled along the axis before the last."""
    scale = np.abs(f32(6, 1, seed=1)) + np.float32(0.1)
    nodes = [
        ROUND,
        node("MatMulInteger", ["q", "xq", "z", "xz"], ["i"]),
        CAST,
        node("Mul", ["f", "xs"], ["g"]),
        node("Mul", ["g", "s"], ["y"]),
    ]
    (layer,) = layers(tmp_path, nodes, {"q": Q, "s": scale, "z": Z}).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, scale, Z))


@pytest.mark.parametrize("shape", [(), (6, 1, 1), (1, 6, 1, 1)])
@pytest.mark.parametrize("bias", [False, True])
def test_a_convolution_of_integers(tmp_path, shape, bias):
    """As in a text recognizer whose bias is divided by the scale, and added as an integer."""
    scale = np.abs(f32(*shape, seed=1)) + np.float32(0.1)
    nodes = [
        ROUND,
        node("Mul", ["xs", "s"], ["b"]),
        node("ConvInteger", ["xq", "q", "xz", "z"], ["i"], group=2),
        *([node("Add", ["i", "r"], ["j"])] if bias else [node("Identity", ["i"], ["j"])]),
        node("Cast", ["j"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["f", "b"], ["y"]),
    ]
    arrays = {"q": KERNEL, "s": scale, "z": np.uint8(120)}
    (layer,) = layers(tmp_path, nodes, arrays).values()
    wanted = real(KERNEL, scale.reshape(-1, 1, 1, 1), 120)
    np.testing.assert_array_equal(layer.matrices()[8:10], wanted[:, :, 1, 1].reshape(2, 3, 2))


NOT_KNOWN = {
    "along the last axis of a convolution": (
        [
            node("ConvInteger", ["xq", "k", "xz"], ["i"]),
            CAST,
            node("Mul", ["xs", "six"], ["b"]),
            node("Mul", ["f", "b"], ["y"]),
        ],
        "k",
        "its scale has the shape 6",
    ),
    "along the rows": (
        [PRODUCT, CAST, node("Mul", ["xs", "col"], ["b"]), node("Mul", ["f", "b"], ["y"])],
        "q",
        "its scale has the shape 6x1",
    ),
    "moved before a scale for each column": (
        [
            PRODUCT,
            CAST,
            node("Transpose", ["f"], ["t"]),
            node("Mul", ["xs", "four"], ["b"]),
            node("Mul", ["t", "b"], ["y"]),
        ],
        "q",
        "moved before it is scaled",
    ),
    "a gate in place of the second factor": (
        [
            PRODUCT,
            CAST,
            node("Mul", ["f", "s"], ["g"]),
            node("Sigmoid", ["g"], ["h"]),
            node("Mul", ["g", "h"], ["y"]),
        ],
        "q",
        "not known",
    ),
    "a gate and a constant": (
        [PRODUCT, CAST, node("Mul", ["f", "gate"], ["g"]), node("Mul", ["g", "s"], ["y"])],
        "q",
        "its scale is not known",
    ),
    "two factors that are computed": (
        [
            PRODUCT,
            CAST,
            node("Mul", ["xs", "other"], ["o"]),
            node("Mul", ["o", "s"], ["b"]),
            node("Mul", ["f", "b"], ["y"]),
        ],
        "q",
        "its scale is not known",
    ),
    "taken from a bias": (
        [PRODUCT, CAST, node("Sub", ["bias", "f"], ["g"]), node("Mul", ["g", "s"], ["y"])],
        "q",
        "its scale is not known",
    ),
    "used twice": (
        [PRODUCT, CAST, *(node("Mul", ["f", n], [f"y{n}"]) for n in ("xs", "s"))],
        "q",
        "its scale is not known",
    ),
    "two constants": (
        [PRODUCT, CAST, node("Mul", ["s", "t"], ["b"]), node("Mul", ["f", "b"], ["y"])],
        "q",
        "its scale and that of its input are not known apart (s and t)",
    ),
    "one constant": (
        [PRODUCT, CAST, node("Mul", ["f", "s"], ["y"])],
        "q",
        "its scale and that of its input are not known apart (s)",
    ),
}


@pytest.mark.parametrize("case", NOT_KNOWN)
def test_scales_that_are_not_known(tmp_path, case):
    nodes, name, words = NOT_KNOWN[case]
    arrays = {
        "q": Q,
        "s": S,
        "z": Z,
        "k": KERNEL,
        "t": S / 2,
        "six": np.abs(f32(6)),
        "four": np.abs(f32(4)),
        "col": np.abs(f32(6, 1)),
    }
    assert words in reason(tmp_path, [ROUND, *nodes], arrays, name)


@pytest.mark.parametrize("order", ["s first", "xs first"])
def test_activations_rounded_with_a_constant(tmp_path, order):
    """Of two constants, one is the scale with which the activations were rounded."""
    factors = ["s", "xs"] if order == "s first" else ["xs", "s"]
    nodes = [
        node("QuantizeLinear", ["x", "xs", "xz"], ["r"]),
        node("Reshape", ["r", "sides"], ["xq"]),
        PRODUCT,
        CAST,
        node("Mul", factors, ["b"]),
        node("Mul", ["f", "b"], ["y"]),
    ]
    arrays = {"q": Q, "s": S, "z": Z, "xs": np.float32(2), "xz": np.uint8(3)}
    (layer,) = layers(tmp_path, nodes, {**arrays, "sides": np.array([-1, 6])}).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, S, Z).T)


NAMES = [("x_scale", "w_scale"), ("w_scale", "x_scale"), ("a.b_scale", "w_scale")]


@pytest.mark.parametrize(("one", "two"), NAMES)
def test_two_constants_that_are_named_like_the_zero_points(tmp_path, one, two):
    nodes = [
        node("MatMulInteger", ["x", "w_quantized", "x_zero_point", "w_zero_point"], ["i"]),
        CAST,
        node("Mul", [one, two], ["b"]),
        node("Mul", ["f", "b"], ["y"]),
    ]
    factors = {one: np.float32(0.5), two: np.float32(0.25)}
    arrays = {"w_quantized": Q, "w_zero_point": Z, **factors}
    (layer,) = layers(tmp_path, nodes, arrays).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(Q, factors["w_scale"], Z).T)


GATHER = node("Gather", ["t", "ids"], ["g"])
INDEX = helper.make_tensor_value_info("ids", TensorProto.INT64, ["b", "n"])
BEHIND = {
    "right behind": [node("DequantizeLinear", ["g", "s", "z"], ["y"])],
    "moved": [
        node("Transpose", ["g"], ["h"], perm=[1, 0, 2]),
        node("Unsqueeze", ["h", "zero"], ["u"]),
        node("DequantizeLinear", ["u", "s", "z"], ["y"]),
    ],
    "used elsewhere first": [
        node("Shape", ["g"], ["sides"]),
        node("DequantizeLinear", ["g", "s", "z"], ["y"]),
    ],
    "a quantized product": [
        node("QLinearMatMul", ["g", "s", "z", "w", "ws", "wz", "ys", "yz"], ["y"])
    ],
    "a product that scales": [
        node("MatMulIntegerToFloat", ["g", "w", "s", "ws", "z", "wz"], ["y"], **COM)
    ],
    "a sum of tables": [
        node("QLinearAdd", ["o", "os", "oz", "g", "s", "z", "ys", "yz"], ["y"], **COM)
    ],
}


@pytest.mark.parametrize("nodes", BEHIND.values(), ids=BEHIND)
def test_a_table_that_is_dequantized_behind_the_lookup(tmp_path, nodes):
    arrays = {"t": TABLE, "s": S, "z": np.uint8(128), "zero": np.array([0])}
    model = opened(tmp_path, [GATHER, *nodes], arrays)
    (layer,) = [x for x in spectra.layers(model) if x.taken]
    np.testing.assert_array_equal(layer.matrices()[0], real(TABLE, S, 128))
    assert (model["t"].role, model["s"].note) == ("embedding", "scale of t")


def test_a_table_that_is_cast_and_scaled_behind_the_lookup(tmp_path):
    nodes = [
        GATHER,
        node("Cast", ["g"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["s", "f"], ["y"]),
    ]
    (layer,) = layers(tmp_path, nodes, {"t": TABLE, "s": S}).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(TABLE, S, 0))


def test_a_table_that_is_dequantized_twice_alike(tmp_path):
    """As onnxruntime does for each operator that uses it."""
    nodes = [GATHER, *(node("DequantizeLinear", ["g", "s", "z"], [y]) for y in "yh")]
    (layer,) = layers(tmp_path, nodes, {"t": TABLE, "s": S, "z": np.uint8(3)}).values()
    np.testing.assert_array_equal(layer.matrices()[0], real(TABLE, S, 3))


def test_a_table_that_goes_into_a_product_of_integers(tmp_path):
    """As tools that quantize while running write it: the two scales are constants."""
    nodes = [
        node("Gather", ["emb_quantized", "ids"], ["g"]),
        node("Mul", ["emb_scale", "w_scale"], ["b"]),
        node("MatMulInteger", ["g", "w_quantized", "emb_zero_point", "w_zero_point"], ["i"]),
        CAST,
        node("Mul", ["f", "b"], ["y"]),
    ]
    W = Q[:5]
    arrays = {
        "emb_quantized": TABLE,
        "emb_scale": np.float32(0.5),
        "emb_zero_point": np.uint8(9),
        "w_quantized": W,
        "w_scale": np.float32(0.25),
        "w_zero_point": Z,
    }
    found = layers(tmp_path, nodes, arrays)
    assert list(found) == ["emb", "w"]
    np.testing.assert_array_equal(found["emb"].matrices()[0], real(TABLE, np.float32(0.5), 9))
    np.testing.assert_array_equal(found["w"].matrices()[0], real(W, np.float32(0.25), 7).T)


def lookup(path, nodes, arrays):
    made = graph(nodes, [numpy_helper.from_array(np.asarray(a), n) for n, a in arrays.items()])
    made.input.append(INDEX)
    return open_model(write_onnx(path / "m.onnx", made))


@pytest.mark.parametrize("axis", [-1, 2])
def test_a_table_with_a_scale_for_each_column(tmp_path, axis):
    scale, zero = np.abs(f32(5)), np.arange(5, dtype=np.uint8)
    nodes = [GATHER, node("DequantizeLinear", ["g", "s", "z"], ["y"], axis=axis)]
    model = lookup(tmp_path, nodes, {"t": TABLE, "s": scale, "z": zero})
    (layer,) = [x for x in spectra.layers(model) if x.taken]
    np.testing.assert_array_equal(layer.matrices()[0], (TABLE - zero.astype(np.float32)) * scale)


@pytest.mark.parametrize("zeros", [False, True])
def test_a_table_whose_scales_are_looked_up_with_it(tmp_path, zeros):
    table = RNG.integers(-8, 8, (9, 8)).astype("int4")
    scale, zero = np.abs(f32(9, 2)), RNG.integers(-8, 8, (9, 2)).astype("int4")
    nodes = [
        GATHER,
        node("Gather", ["s", "ids"], ["gs"]),
        node("Gather", ["z", "ids"], ["gz"]),
        node(
            "DequantizeLinear",
            ["g", "gs", *(["gz"] if zeros else [])],
            ["y"],
            axis=-1,
            block_size=4,
        ),
    ]
    model = lookup(tmp_path, nodes, {"t": table, "s": scale, "z": zero})
    layer = next(x for x in spectra.layers(model) if x.taken)
    points = np.repeat(zero.astype(np.float32), 4, axis=1) if zeros else 0
    wanted = (table.astype(np.float32) - points) * np.repeat(scale, 4, axis=1)
    np.testing.assert_array_equal(layer.matrices()[0], wanted)
    assert (layer.name, model["s"].note) == ("t", "scale of t")


UNKNOWN_TABLES = {
    "nothing behind": [],
    "a scale of the data": [node("DequantizeLinear", ["g", "x", "z"], ["y"])],
    "a zero point of the data": [node("DequantizeLinear", ["g", "s", "x"], ["y"])],
    "a scale for each index": [node("DequantizeLinear", ["g", "five"], ["y"], axis=1)],
    "moved before a scale for each column": [
        node("Transpose", ["g"], ["h"]),
        node("DequantizeLinear", ["h", "five"], ["y"], axis=-1),
    ],
    "scales that other indices look up": [
        node("Gather", ["blocks", "others"], ["gs"]),
        node("DequantizeLinear", ["g", "gs"], ["y"], axis=-1, block_size=5),
    ],
    "as the scale of another": [node("DequantizeLinear", ["x", "g"], ["y"])],
    "cast only": [node("Cast", ["g"], ["y"], to=TensorProto.FLOAT)],
    "cast and scaled by the data": [
        node("Cast", ["g"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["f", "x"], ["y"]),
    ],
    "cast and scaled twice": [
        node("Cast", ["g"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["f", "s"], ["h"]),
        node("Mul", ["two", "h"], ["y"]),
    ],
    "cast and scaled by a number and a row": [
        node("Cast", ["g"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["f", "s"], ["h"]),
        node("Mul", ["h", "five"], ["y"]),
    ],
    "two scales": [
        node("DequantizeLinear", ["g", "s", "z"], ["y"]),
        node("DequantizeLinear", ["g", "two", "z"], ["h"]),
    ],
    "two zero points": [
        node("DequantizeLinear", ["g", "s", "z"], ["y"]),
        node("DequantizeLinear", ["g", "s"], ["h"]),
    ],
}


@pytest.mark.parametrize("nodes", UNKNOWN_TABLES.values(), ids=UNKNOWN_TABLES)
def test_tables_whose_scale_is_not_known(tmp_path, nodes):
    arrays = {"t": TABLE, "s": S, "z": np.uint8(3), "five": np.abs(f32(5)), "blocks": f32(9, 1)}
    arrays["two"] = np.float32(2)
    model = lookup(tmp_path, [GATHER, *nodes], arrays)
    (layer,) = [x for x in spectra.layers(model) if x.tensor.name == "t"]
    assert layer.reason == "quantized (uint8): input 0 of Gather, its scale is not known"


def test_a_table_of_whole_numbers_is_none_of_quantized_ones(tmp_path):
    """As of positions; nobody rounds weights to 64 bits."""
    why = reason(tmp_path, [GATHER], {"t": TABLE.astype(np.int64)}, "t")
    assert why == "int64: integers"


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("each", ["direction", "row"])
@pytest.mark.parametrize("zeros", [False, True])
def test_gates_of_integers(tmp_path, directions, each, zeros):
    """They are stored with the inputs before the gates, which LSTM has the other way round."""
    hidden, columns = 3, 5
    arrays: dict[str, Any] = {}
    wanted = {}
    for name, width, seed in (("W", columns, 1), ("R", hidden, 2)):
        q = RNG.integers(-128, 128, (directions, width, 4 * hidden)).astype(np.int8)
        shape = (directions, 4 * hidden) if each == "row" else (directions,)
        scale = np.abs(f32(*shape, seed=seed)) + np.float32(0.1)
        zero = RNG.integers(-9, 9, shape).astype(np.int8)
        arrays |= {name: q, f"{name}s": scale} | ({f"{name}z": zero} if zeros else {})
        sides = (directions, 1, -1)
        points = zero.astype(np.float32).reshape(sides) if zeros else 0
        stack = ((q - points) * scale.reshape(sides)).swapaxes(1, 2)
        for (d, way), (g, gate) in itertools.product(
            enumerate(["forward.", "reverse."] if directions == 2 else [""]), enumerate("iofc")
        ):
            wanted[f"{name}[{way}{gate}]"] = stack[d, g * hidden : (g + 1) * hidden]
    names = ["Ws", "Wz" if zeros else "", "Rs", "Rz" if zeros else ""]
    made = node(
        "DynamicQuantizeLSTM",
        ["x", "W", "R", "B", "", "", "", "", *names],
        ["y"],
        **COM,
        hidden_size=hidden,
    )
    model = opened(tmp_path, [made], arrays)
    found = {x.name: x.matrices()[0] for x in spectra.layers(model) if x.taken}
    assert list(found) == list(wanted)
    for name, matrix in wanted.items():
        np.testing.assert_allclose(found[name], matrix, rtol=1e-6)
    assert {model[name].note for name in filter(None, names)} == {"scale of W", "scale of R"}


UNFIT_CELLS: dict[str, Any] = {
    "scales of another shape": ({"Ws": f32(3)}, "input 8 has the shape 3, not 1x12"),
    "zero points of another shape": ({"Wz": np.zeros(4, np.int8)}, "input 9 has the shape 4"),
    "scales that are computed": ({"Ws": None}, "its scale is not known"),
    "zero points that are computed": ({"Wz": None}, "its scale is not known"),
}


@pytest.mark.parametrize("case", UNFIT_CELLS)
def test_gates_of_integers_are_checked(tmp_path, case):
    changed, words = UNFIT_CELLS[case]
    arrays: dict[str, Any] = {
        "W": np.zeros((1, 5, 12), np.int8),
        "Ws": f32(1),
        "Wz": np.zeros(1, np.int8),
        **changed,
    }
    made = node(
        "DynamicQuantizeLSTM",
        ["x", "W", "R", "", "", "", "", "", "Ws", "Wz", "Rs", "Rz"],
        ["y"],
        **COM,
    )
    given = {name: array for name, array in arrays.items() if array is not None}
    assert words in reason(tmp_path, [made], given, "W")
