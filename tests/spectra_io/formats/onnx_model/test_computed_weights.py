"""Weights that the graph computes from constants, against what onnxruntime computes."""

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx
from tests.running import run

node = helper.make_node
W = f32(6, 4)
V = np.abs(f32(6, 4, seed=1)) + 0.5
SMALL = np.float32(1e-12)


def opened(path, nodes, arrays):
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    return open_model(write_onnx(path / "m.onnx", graph(nodes, tensors)))


def taken(model):
    return [layer for layer in spectra.layers(model) if layer.taken]


def ints(*numbers):
    return np.array(numbers, np.int64)


def check(tmp_path, nodes, arrays, name="w"):
    """Return the model whose only weight is w: the graph computes v, and multiplies by it."""
    wanted = run(nodes, arrays, output="v")
    model = opened(tmp_path, [*nodes, node("MatMul", ["x", "v"], ["y"])], arrays)
    (layer,) = taken(model)
    assert layer.name == name
    np.testing.assert_allclose(layer.matrices()[0], wanted.T, rtol=2e-6, atol=1e-7)
    return model


OF_ONE = ["Neg", "Abs", "Sqrt", "Reciprocal", "Exp", "Log", "Sign", "Tanh", "Relu", "Sigmoid"]
OF_ONE += ["Floor", "Ceil", "Round", "Softplus"]


@pytest.mark.parametrize("operator", OF_ONE)
def test_a_function_of_each_element(tmp_path, operator):
    positive = operator in {"Sqrt", "Reciprocal", "Log"}
    check(tmp_path, [node(operator, ["w"], ["v"])], {"w": 3 * (V if positive else W)})


@pytest.mark.parametrize("operator", ["Mul", "Div", "Add", "Sub", "Min", "Max", "Pow", "Sum"])
@pytest.mark.parametrize("shape", [(), (4,), (6, 1)])
def test_a_weight_and_a_smaller_constant(tmp_path, operator, shape):
    other = np.abs(f32(*shape, seed=2)) + np.float32(0.5)
    model = check(tmp_path, [node(operator, ["w", "s"], ["v"])], {"w": V, "s": other})
    assert (model["s"].role, model["s"].note) == ("scale", "scale of w")


@pytest.mark.parametrize("operator", ["Sum", "Min", "Max"])
def test_any_number_of_constants(tmp_path, operator):
    arrays = {"w": W, "a": f32(4, seed=2), "b": f32(6, 1, seed=3)}
    check(tmp_path, [node(operator, ["w", "a", "b"], ["v"])], arrays)
    check(tmp_path, [node(operator, ["w"], ["v"])], {"w": W})


@pytest.mark.parametrize("bounds", [("lo", "hi"), ("lo", ""), ("", "hi"), ("", "")])
def test_a_weight_within_bounds(tmp_path, bounds):
    arrays = {"w": W, "lo": np.float32(-0.5), "hi": np.float32(0.7)}
    check(tmp_path, [node("Clip", ["w", *bounds], ["v"])], arrays)


def test_bounds_of_old_versions(tmp_path):
    nodes = [node("Clip", ["w"], ["v"], min=-0.5, max=0.7), node("MatMul", ["x", "v"], ["y"])]
    (layer,) = taken(opened(tmp_path, nodes, {"w": W}))
    np.testing.assert_array_equal(layer.matrices()[0], W.clip(-0.5, np.float32(0.7)).T)


MASKS = {
    "stored": [node("Identity", ["m"], ["mask"])],
    "of numbers": [node("Cast", ["n"], ["mask"], to=TensorProto.BOOL)],
    "negated": [node("Not", ["m"], ["mask"])],
    "of large weights": [node("Abs", ["w"], ["a"]), node("Greater", ["a", "t"], ["mask"])],
    "equal": [node("Equal", ["n", "o"], ["mask"])],
    "less or equal, or": [node("LessOrEqual", ["w", "t"], ["l"]), node("Or", ["l", "m"], ["mask"])],
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("order", [("w", "zero"), ("zero", "w"), ("w", "zeros")])
def test_a_masked_weight(tmp_path, mask, order):
    kept = np.random.default_rng(4).random((6, 4)) < 0.6
    arrays = {
        "w": W,
        "m": kept,
        "n": kept.astype(np.float32),
        "o": np.float32(1),
        "t": np.float32(0.4),
        "zero": np.float32(0),
        "shape": ints(6, 4),
    }
    zeros = [node("ConstantOfShape", ["shape"], ["zeros"])] if "zeros" in order else []
    check(tmp_path, [*mask, *zeros, node("Where", ["mask", *order], ["v"])], arrays)


def norm_of(operator):
    """Return the operators that compute the norm of each column of w, in several ways."""
    return {
        "ReduceL2": [node("ReduceL2", ["w", "first"], ["norm"], keepdims=1)],
        "ReduceL1": [node("ReduceL1", ["w", "first"], ["norm"], keepdims=1)],
        "ReduceSum": [
            node("Mul", ["w", "w"], ["square"]),
            node("ReduceSum", ["square", "first"], ["sum"], keepdims=1),
            node("Sqrt", ["sum"], ["norm"]),
        ],
        "Pow": [
            node("Pow", ["w", "two"], ["square"]),
            node("ReduceSum", ["square", "first"], ["sum"], keepdims=1),
            node("Pow", ["sum", "half"], ["norm"]),
        ],
        "ReduceSumSquare": [
            node("ReduceSumSquare", ["w", "first"], ["sum"], keepdims=1),
            node("Sqrt", ["sum"], ["norm"]),
        ],
        "all axes": [node("ReduceL2", ["w"], ["norm"], keepdims=0)],
        "negative axis": [
            node("ReduceMax", ["w", "last"], ["m"], keepdims=0),
            node("ReduceMin", ["m"], ["norm"]),
        ],
        "mean": [node("ReduceMean", ["w", "first"], ["norm"], keepdims=1)],
        "product": [node("ReduceProd", ["w", "first"], ["norm"], keepdims=1)],
    }[operator]


NORMS = ["ReduceL2", "ReduceL1", "ReduceSum", "Pow", "ReduceSumSquare", "all axes"]
NORMS += ["negative axis", "mean", "product"]
DIVISIONS = {
    "divided": [node("Div", ["w", "norm"], ["u"]), node("Mul", ["u", "g"], ["v"])],
    "gain first": [node("Mul", ["g", "w"], ["u"]), node("Div", ["u", "norm"], ["v"])],
    "gain over norm": [node("Div", ["g", "norm"], ["f"]), node("Mul", ["f", "w"], ["v"])],
    "reciprocal": [
        node("Reciprocal", ["norm"], ["r"]),
        node("Mul", ["w", "r"], ["u"]),
        node("Mul", ["u", "g"], ["v"]),
    ],
    "expanded, not too small": [
        node("Max", ["norm", "small"], ["n"]),
        node("Shape", ["w"], ["shape"]),
        node("Expand", ["n", "shape"], ["e"]),
        node("Div", ["w", "e"], ["u"]),
        node("Mul", ["u", "g"], ["v"]),
    ],
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("division", DIVISIONS)
def test_weight_norm_left_in_the_graph(tmp_path, norm, division):
    arrays = {
        "w": W,
        "g": np.abs(f32(1, 4, seed=1)),
        "first": ints(0),
        "last": ints(-1),
        "two": np.float32(2),
        "half": np.float32(0.5),
        "small": SMALL,
    }
    model = check(tmp_path, [*norm_of(norm), *DIVISIONS[division]], arrays)
    assert (model["g"].role, model["g"].note) == ("scale", "scale of w")


def test_a_normalized_weight(tmp_path):
    for axis, p in ((0, 2), (-1, 1)):
        check(tmp_path, [node("LpNormalization", ["w"], ["v"], axis=axis, p=p)], {"w": W})


@pytest.mark.parametrize("opset", [12, 17])
def test_axes_that_are_attributes(tmp_path, opset):
    nodes = [
        node("ReduceL2", ["w"], ["norm"], axes=[0]),
        node("Div", ["w", "norm"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    (layer,) = taken(opened(tmp_path, nodes, {"w": W}))
    np.testing.assert_allclose(layer.matrices()[0], (W / np.linalg.norm(W, axis=0)).T, rtol=1e-6)


def test_spectral_norm_left_in_the_graph(tmp_path):
    """The largest singular value of a kernel is u' W v, with W unfolded."""
    kernel, u, v = f32(6, 2, 3, 3), f32(6, seed=1), f32(18, seed=2)
    nodes = [
        node("Reshape", ["w", "flat"], ["unfolded"]),
        node("MatMul", ["unfolded", "v"], ["Wv"]),
        node("MatMul", ["u", "Wv"], ["sigma"]),
        node("Div", ["w", "sigma"], ["k"]),
        node("Conv", ["x", "k"], ["y"]),
    ]
    model = opened(tmp_path, nodes, {"w": kernel, "u": u, "v": v, "flat": ints(6, -1)})
    (layer,) = taken(model)
    sigma = u @ kernel.reshape(6, 18) @ v
    np.testing.assert_allclose(
        layer.matrices(), np.moveaxis(kernel / sigma, (2, 3), (0, 1)).reshape(9, 6, 2), rtol=1e-5
    )
    assert {model[name].note for name in "uv"} == {"scale of w"}


A, B = f32(6, 2, seed=1), f32(2, 4, seed=2)
UPDATES = {
    "added": [node("MatMul", ["a", "b"], ["p"]), node("Add", ["w", "p"], ["v"])],
    "added to": [node("MatMul", ["a", "b"], ["p"]), node("Add", ["p", "w"], ["v"])],
    "scaled": [
        node("MatMul", ["a", "b"], ["p"]),
        node("Mul", ["p", "s"], ["q"]),
        node("Add", ["w", "q"], ["v"]),
    ],
    "turned": [
        node("Transpose", ["w"], ["t"]),
        node("Gemm", ["b", "a"], ["p"], transA=1, transB=1, alpha=0.5),
        node("Add", ["t", "p"], ["q"]),
        node("Transpose", ["q"], ["v"]),
    ],
    "in one operator": [node("Gemm", ["a", "b", "w"], ["v"], beta=2.0)],
    "twice": [
        node("MatMul", ["a", "b"], ["p"]),
        node("Sub", ["w", "p"], ["q"]),
        node("Sum", ["q", "p", "p"], ["v"]),
    ],
    "with a norm, as in DoRA": [
        node("MatMul", ["a", "b"], ["p"]),
        node("Add", ["w", "p"], ["q"]),
        node("ReduceL2", ["q", "first"], ["norm"]),
        node("Div", ["q", "norm"], ["d"]),
        node("Mul", ["d", "g"], ["v"]),
    ],
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
def test_an_update_of_low_rank_added_in_the_graph(tmp_path, update):
    arrays = {"w": W, "a": A, "b": B, "s": np.float32(0.5), "g": f32(4), "first": ints(0)}
    model = check(tmp_path, update, arrays)
    for name in "ab":
        assert (model[name].role, model[name].note) == ("factor", "part of w, input 1 of MatMul")


def test_a_product_of_two_constants_alone(tmp_path):
    """It is named after the larger of the two."""
    model = check(tmp_path, [node("MatMul", ["a", "b"], ["v"])], {"a": A, "b": B}, "a")
    assert (model["b"].role, model["b"].note) == ("factor", "part of a, input 1 of MatMul")


def test_a_product_that_goes_nowhere_is_a_use_of_its_second_factor(tmp_path):
    """The first are the numbers that a network starts from, as the state of a cell."""
    nodes = [node("MatMul", ["a", "b"], ["p"]), node("Add", ["x", "p"], ["y"])]
    model = opened(tmp_path, nodes, {"a": A, "b": B})
    assert [layer.name for layer in taken(model)] == ["b"]


def test_a_product_that_is_cut_into_heads_is_a_use_of_its_second_factor(tmp_path):
    """A table of positions times its weight, of which the attention multiplies each head."""
    table, weight = f32(10, 8), f32(8, 8, seed=1)
    nodes = [
        node("MatMul", ["table", "weight"], ["p"]),
        node("Reshape", ["p", "heads"], ["h"]),
        node("Transpose", ["h"], ["t"], perm=[1, 2, 0]),
        node("MatMul", ["x", "t"], ["y"]),
    ]
    model = opened(tmp_path, nodes, {"table": table, "weight": weight, "heads": ints(10, 2, 4)})
    (layer,) = taken(model)
    assert layer.name == "weight"
    np.testing.assert_array_equal(layer.matrices()[0], weight.T)


FILLED = {
    "expanded": [node("Expand", ["row", "sides"], ["v"])],
    "tiled": [node("Tile", ["row", "times"], ["v"])],
    "padded": [node("Pad", ["w", "pads"], ["v"])],
    "padded with a number": [node("Pad", ["w", "pads", "s"], ["v"])],
    "padded on one axis": [node("Pad", ["w", "two", "", "last"], ["v"])],
    "upper triangle": [node("Trilu", ["w"], ["v"])],
    "lower triangle": [node("Trilu", ["w", "one"], ["v"], upper=0)],
}


@pytest.mark.parametrize("nodes", FILLED.values(), ids=FILLED)
def test_a_weight_made_larger_or_triangular(tmp_path, nodes):
    arrays = {
        "w": W,
        "row": f32(1, 4),
        "sides": ints(3, 4),
        "times": ints(3, 2),
        "pads": ints(1, 0, 2, 3),
        "s": np.float32(0.5),
        "one": np.array(1),
        "two": ints(1, 2),
        "last": ints(-1),
    }
    name = "row" if "row" in nodes[0].input else "w"
    check(tmp_path, nodes, arrays, name)


NARROW = {
    TensorProto.FLOAT8E4M3FN: 448,
    TensorProto.FLOAT8E5M2: 57344,
    TensorProto.FLOAT8E4M3FNUZ: 240,
    TensorProto.FLOAT8E5M2FNUZ: 57344,
}


@pytest.mark.parametrize("kind", NARROW)
@pytest.mark.parametrize("saturate", [0, 1])
def test_weights_rounded_to_eight_bits_in_the_graph(tmp_path, kind, saturate):
    nodes = [
        node("Cast", ["w"], ["n"], to=kind, saturate=saturate),
        node("Cast", ["n"], ["v"], to=TensorProto.FLOAT),
    ]
    wide = (W * np.float32(NARROW[kind] / 3)).clip(-NARROW[kind], NARROW[kind])
    check(tmp_path, nodes, {"w": wide})
    if saturate:
        check(tmp_path, nodes, {"w": 2 * wide})


KINDS = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scaled", [False, True])
def test_narrow_floats_that_the_graph_casts(tmp_path, kind, scaled):
    stored = W.astype(kind)
    nodes = [
        node("Cast", ["w"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["f", "s"], ["v"]) if scaled else node("Identity", ["f"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    model = opened(tmp_path, nodes, {"w": stored, "s": np.float32(0.25)})
    (layer,) = taken(model)
    factor = 0.25 if scaled else 1
    np.testing.assert_array_equal(layer.matrices()[0], stored.astype(np.float32).T * factor)
    assert model["w"].dtype == kind


def test_a_computed_kernel_and_a_computed_table(tmp_path):
    kernel, table = f32(4, 3, 3, 3), f32(7, 5)
    nodes = [
        node("Neg", ["k"], ["nk"]),
        node("Conv", ["x", "nk"], ["y"]),
        node("Mul", ["t", "s"], ["st"]),
        node("Gather", ["st", "i"], ["z"]),
    ]
    found = taken(opened(tmp_path, nodes, {"k": kernel, "t": table, "s": np.float32(3)}))
    assert [(layer.name, layer.tensor.role) for layer in found] == [
        ("k", "conv"),
        ("t", "embedding"),
    ]
    np.testing.assert_array_equal(found[0].matrices()[4], -kernel[:, :, 1, 1])
    np.testing.assert_array_equal(found[1].matrices()[0], 3 * table)


ALPHAS: dict[str, Any] = {
    "Gemm": ({"alpha": 3.0, "transB": 1}, ["x", "w"], W),
    "Gemm on the left": ({"alpha": 3.0}, ["w", "x"], W),
    "FusedGemm": ({"alpha": 3.0, "activation": "Relu"}, ["x", "w"], W.T),
}


@pytest.mark.parametrize("case", ALPHAS)
def test_alpha_is_a_factor_of_the_weight(tmp_path, case):
    options, inputs, upright = ALPHAS[case]
    operator = case.partition(" ")[0]
    domain = "com.microsoft" if operator.startswith("Fused") else ""
    made = node(operator, inputs, ["y"], domain=domain, **options)
    (layer,) = taken(opened(tmp_path, [made], {"w": W}))
    np.testing.assert_array_equal(layer.matrices()[0], 3 * np.asarray(upright))


def test_alpha_of_a_fused_product_is_a_factor_beside_it(tmp_path):
    """An optimizer makes it of a factor of an input or of the result, as of a tied head."""
    made = node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft", alpha=0.125)
    (layer,) = taken(opened(tmp_path, [made], {"w": W}))
    np.testing.assert_array_equal(layer.matrices()[0], W.T)
    assert layer.tensor.note == "input 1 of FusedMatMul, without the factor 0.125 beside it"


def test_alpha_of_weights_that_are_joined(tmp_path):
    nodes = [
        node("Concat", ["a", "b"], ["w"], axis=0),
        node("Gemm", ["x", "w"], ["y"], alpha=2.0, transB=1),
        node("Split", ["y"], ["p", "q"], axis=-1),
        *(node("Softmax", [name], [f"s{name}"]) for name in "pq"),
    ]
    found = taken(opened(tmp_path, nodes, {"a": W, "b": V}))
    assert [layer.tensor.name for layer in found] == ["a", "b"]
    for layer, matrix in zip(found, np.stack([W, V]), strict=True):
        np.testing.assert_array_equal(layer.matrices()[0], 2 * matrix)


def chain(operator, count, first="w"):
    """Return operators that each take the result of the last one twice."""
    names = [first, *(f"v{i}" for i in range(count))]
    return [node(operator, [a, a], [b]) for a, b in itertools.pairwise(names)], names[-1]


@pytest.mark.parametrize("operator", ["Mul", "Add", "Sub", "Max"])
def test_what_would_take_forever_to_compute_is_not_followed(tmp_path, operator):
    """Forty operators of two equal inputs are a million million evaluations."""
    nodes, last = chain(operator, 40)
    model = opened(tmp_path, [*nodes, node("MatMul", ["x", last], ["y"])], {"w": W})
    assert taken(model) == []


GROWING = {
    "expanded": [node("Expand", ["s", "huge"], ["v"])],
    "filled": [node("ConstantOfShape", ["huge"], ["v"])],
    "tiled": [node("Tile", ["w", "huge"], ["v"])],
    "padded": [node("Pad", ["w", "pads"], ["v"])],
    "spread over rows and columns": [node("Mul", ["long", "tall"], ["v"])],
    "multiplied": [node("MatMul", ["tall", "long"], ["v"])],
    "spread and summed": [
        node("Mul", ["long", "tall"], ["p"]),
        node("ReduceSum", ["p", "first"], ["q"]),
        node("Mul", ["w", "q"], ["v"]),
    ],
    "cut from what was spread": [
        node("Mul", ["long", "tall"], ["p"]),
        node("Slice", ["p", "first", "ten", "first"], ["v"]),
    ],
}


@pytest.mark.parametrize("nodes", GROWING.values(), ids=GROWING)
def test_what_would_not_fit_into_memory_is_not_computed(tmp_path, nodes):
    arrays = {
        "w": W,
        "s": np.float32(1),
        "huge": ints(1 << 20, 1 << 20),
        "pads": ints(0, 0, 1 << 30, 1 << 30),
        "first": ints(0),
        "ten": ints(10),
        "long": f32(1, 1 << 15),
        "tall": f32(1 << 15, 1),
    }
    nodes = [*nodes, node("MatMul", ["x", "v"], ["y"])]
    model = opened(tmp_path, nodes, arrays)
    for layer in taken(model):
        assert layer.weight is not None
        assert np.prod(layer.weight.shape) <= 1 << 24
    assert spectra.layers(model)


UNKNOWN = {
    "a mask of the data": [node("Where", ["x", "w", "s"], ["v"])],
    "a bound of the data": [node("Clip", ["w", "x"], ["v"])],
    "axes of the data": [node("ReduceL2", ["w", "x"], ["n"]), node("Mul", ["w", "n"], ["v"])],
    "a shape of the data": [node("Expand", ["w", "x"], ["v"])],
    "pads of the data": [node("Pad", ["w", "x"], ["v"])],
    "a margin of copies": [node("Pad", ["w", "pads"], ["v"], mode="edge")],
    "a margin that is cut off": [node("Pad", ["w", "cut"], ["v"])],
    "a diagonal of the data": [node("Trilu", ["w", "x"], ["v"])],
    "added data": [node("Gemm", ["a", "b", "x"], ["v"])],
    "inner sides that differ": [node("MatMul", ["w", "a"], ["v"])],
    "an axis that is not there": [node("LpNormalization", ["w"], ["v"], axis=5)],
    "shapes that do not fit": [node("Where", ["m", "w", "a"], ["v"])],
    "numbers compared with data": [
        node("Greater", ["w", "x"], ["k"]),
        node("Where", ["k", "w", "s"], ["v"]),
    ],
    "a cast to a type that is not there": [node("Cast", ["w"], ["v"], to=99)],
    "a cast like the data": [node("CastLike", ["w", "x"], ["v"])],
    "a reduction over no axes": [
        node("ReduceL2", ["w"], ["v"], noop_with_empty_axes=1),
    ],
}


@pytest.mark.parametrize("nodes", UNKNOWN.values(), ids=UNKNOWN)
def test_what_depends_on_more_than_constants_is_not_followed(tmp_path, nodes):
    arrays = {
        "w": W,
        "s": np.float32(0),
        "a": A,
        "b": B,
        "m": np.ones((6, 4), bool),
        "pads": ints(1, 1, 1, 1),
        "cut": ints(-1, 0, 0, 0),
    }
    model = opened(tmp_path, [*nodes, node("MatMul", ["z", "v"], ["y"])], arrays)
    assert "w" not in {layer.tensor.name for layer in taken(model)}


def test_operators_of_other_domains_are_not_followed(tmp_path):
    nodes = [node("Neg", ["w"], ["v"], domain="my.own"), node("MatMul", ["x", "v"], ["y"])]
    assert taken(opened(tmp_path, nodes, {"w": W})) == []


def test_the_shape_of_a_constant_reads_no_numbers(tmp_path):
    """As exporters write Expand; the numbers are not there."""
    proto = numpy_helper.from_array(W, "w")
    sides = [node("Shape", ["w"], ["s"], start=0, end=1), node("Shape", ["w"], ["t"], start=-1)]
    nodes = [
        *sides,
        node("Concat", ["t", "s"], ["turned"], axis=0),
        node("Reshape", ["w", "turned"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    model = open_model(write_onnx(tmp_path / "m.onnx", graph(nodes, [proto])))
    (layer,) = taken(model)
    np.testing.assert_array_equal(layer.matrices()[0], W.reshape(4, 6).T)
    assert isinstance(proto, onnx.TensorProto)


@pytest.mark.parametrize("operator", ["Conv", "Gemm"])
def test_a_weight_that_is_filled_with_one_number_is_no_layer(tmp_path, operator):
    """None of its numbers is stored; the shape is not a weight."""
    sides = [8, 3, 3, 3] if operator == "Conv" else [8, 3]
    shape = numpy_helper.from_array(np.array(sides), "shape")
    nodes = [node("ConstantOfShape", ["shape"], ["w"]), node(operator, ["x", "w"], ["y"])]
    (layer,) = spectra.layers(open_model(write_onnx(tmp_path / "m.onnx", graph(nodes, [shape]))))
    assert (layer.tensor.name, layer.reason) == ("shape", "int64: integers")


FILLED = {
    "times a number": [node("ConstantOfShape", ["s"], ["c"]), node("Mul", ["c", "n"], ["v"])],
    "from a number": [node("Expand", ["n", "s"], ["v"])],
    "from a number, turned": [node("Expand", ["n", "s"], ["c"]), node("Neg", ["c"], ["v"])],
}


@pytest.mark.parametrize("nodes", FILLED.values(), ids=FILLED)
def test_one_number_makes_no_layer(tmp_path, nodes):
    arrays = {"s": ints(4, 6), "n": np.float32(0.02)}
    model = opened(tmp_path, [*nodes, node("MatMul", ["x", "v"], ["y"])], arrays)
    assert not taken(model)
    assert model["n"].note == "input 1 of MatMul, filled with one number"


def test_a_weight_times_an_array_of_one_number(tmp_path):
    """The file does not hold the array, so the layer has the name of the weight."""
    value = numpy_helper.from_array(np.array([0.5], np.float32))
    nodes = [
        node("ConstantOfShape", ["s"], ["c"], value=value),
        node("Mul", ["c", "w"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    (layer,) = taken(opened(tmp_path, nodes, {"s": ints(*W.shape), "w": W}))
    assert (layer.tensor.name, layer.tensor.note) == ("w", "input 1 of MatMul")
    np.testing.assert_array_equal(layer.matrices()[0], W.T / 2)


def test_factors_of_what_is_no_weight_are_no_scales(tmp_path):
    """As in a kernel of a filter, which is computed of a few frequencies."""
    nodes = [node("Mul", ["w", "f"], ["v"]), node("Cos", ["v"], ["c"])]
    model = opened(tmp_path, [*nodes, node("MatMul", ["x", "c"], ["y"])], {"w": W, "f": W[:1]})
    assert {name: tensor.role for name, tensor in model.items()} == dict.fromkeys("wf", "constant")
    assert {tensor.note for tensor in model.values()} == {"input 0 of Cos"}


@pytest.mark.parametrize("operator", ["Add", "Mul", "Min"])
@pytest.mark.parametrize("shapes", [((4,), (3,)), ((1, 4), (2, 3)), ((2, 5), (6, 3))])
def test_small_integers_that_do_not_fit_together(tmp_path, operator, shapes):
    """They are followed as the shapes of other values may be; such a graph does not run."""
    arrays = {"a": np.zeros(shapes[0], np.int64), "b": np.zeros(shapes[1], np.int64)}
    model = opened(tmp_path, [node(operator, ["a", "b"], ["c"])], arrays)
    assert {tensor.role for tensor in model.values()} == {"constant"}


@pytest.mark.parametrize(
    ("operator", "function"), [("Mul", np.multiply), ("Add", np.add), ("Pow", np.power)]
)
@pytest.mark.parametrize(("axis", "sides"), [(0, (6, 1)), (1, (4,)), (-1, (4,)), (0, (6, 4))])
def test_the_axis_of_old_operators(tmp_path, operator, function, axis, sides):
    """Operators of opsets 1 to 6 lay the second array along an axis of the first."""
    other = np.abs(f32(*sides, seed=2)) + np.float32(0.5)
    stored = other.squeeze()
    nodes = [
        node(operator, ["w", "s"], ["v"], broadcast=1, axis=axis),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    (layer,) = taken(opened(tmp_path, nodes, {"w": V, "s": stored}))
    np.testing.assert_allclose(layer.matrices()[0], function(V, other).T, rtol=2e-6)


def test_an_old_mask_along_an_axis(tmp_path):
    limits = f32(6, seed=4)
    nodes = [
        node("Greater", ["w", "s"], ["m"], broadcast=1, axis=0),
        node("Cast", ["m"], ["f"], to=TensorProto.FLOAT),
        node("Mul", ["w", "f"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    (layer,) = taken(opened(tmp_path, nodes, {"w": W, "s": limits}))
    np.testing.assert_array_equal(layer.matrices()[0], np.where(limits[:, None] < W, W, 0).T)


def kept_elsewhere(location):
    proto = TensorProto(dims=[1], data_type=TensorProto.INT64, data_location=TensorProto.EXTERNAL)
    proto.external_data.add(key="location", value=location)
    return proto


FILLINGS = {
    "too few bytes": TensorProto(dims=[1], data_type=TensorProto.FLOAT, raw_data=b"abc"),
    "an unknown type": TensorProto(dims=[1], data_type=77, raw_data=b"abcd"),
    "many numbers": TensorProto(dims=[1 << 40], data_type=TensorProto.INT64, raw_data=b"12345678"),
    "a length below 0": TensorProto(dims=[-1], data_type=TensorProto.INT64, raw_data=b"12345678"),
    "text": TensorProto(dims=[1], data_type=TensorProto.STRING, string_data=[b"1"]),
    "no text": TensorProto(dims=[1], data_type=TensorProto.STRING),
    "nothing": TensorProto(),
    "a file": kept_elsewhere("numbers.bin"),
    "a file outside": kept_elsewhere("../numbers.bin"),
    "no file": kept_elsewhere(""),
}


@pytest.mark.parametrize("filling", FILLINGS.values(), ids=FILLINGS)
def test_a_filling_that_is_no_number(tmp_path, monkeypatch, filling):
    """It is in an attribute; a file beside the working directory must not be read for it."""
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path / "numbers.bin", tmp_path.parent / "numbers.bin"):
        place.write_bytes(b"12345678")
    nodes = [
        node("ConstantOfShape", ["s"], ["v"], value=filling),
        node("Shape", ["v"], ["q"]),
        node("ConstantOfShape", ["q"], ["r"], value=filling),
        node("Mul", ["w", "v"], ["c"]),
        node("MatMul", ["x", "c"], ["y"]),
    ]
    model = opened(tmp_path, nodes, {"s": ints(*W.shape), "w": W})
    assert not taken(model)
    assert model["w"].note == "input 0 of Mul"


@pytest.mark.parametrize("sides", [(6, 4, 1, 1), (1, 1, 1), (4,), (2,)])
def test_zero_points_that_do_not_fit_the_scale(tmp_path, sides):
    nodes = [
        node("QuantizeLinear", ["w", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["v"]),
        node("MatMul", ["x", "v"], ["y"]),
    ]
    arrays = {"w": W, "s": np.float32(0.1), "z": np.zeros(sides, np.int8)}
    model = opened(tmp_path, nodes, arrays)
    assert not taken(model)
    assert model["w"].note == "input 0 of QuantizeLinear"


def test_lengths_of_several_axes_are_not_joined(tmp_path):
    """Such a graph does not run, and must not stop the reader."""
    nodes = [
        node("Gather", ["n", "zero"], ["one"]),
        node("Concat", ["two", "one"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"], ["v"]),
    ]
    arrays = {"n": ints(3, 4), "zero": np.int64(0), "two": ints(2, 3)}
    assert not taken(opened(tmp_path, nodes, arrays))
