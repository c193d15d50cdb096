"""Bounds that a graph computes from lengths: a part of a weight is that of onnxruntime, or none."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, write

W = f32(12, 4)
node = helper.make_node
COM = {"domain": "com.microsoft"}


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def first_of(value):
    return node("Shape", [value], ["b"], start=0, end=1)


def i64(*numbers):
    return np.array(numbers, np.int64)


def case(nodes, arrays=None, **feeds):
    """Return operators that make b, constants, and inputs: an array, and the shape declared."""
    return nodes, arrays or {}, feeds


SHAPE = {"of the input": case([first_of("x")], x=(f32(5, 4), [5, 4]))}
EXACT: dict[str, Any] = {  # bounds that are known
    **SHAPE,
    "of elements that are picked": case(
        [node("GatherElements", ["x", "i"], ["z"]), first_of("z")],
        x=(f32(6, 4), [6, 4]),
        i=(np.zeros((2, 4), np.int64), [2, 4]),
    ),
    "of two arrays": case(
        [node("BitwiseAnd", ["i", "j"], ["z"]), first_of("z")],
        i=(i64(0), [1]),
        j=(np.zeros(5, np.int64), [5]),
    ),
    "multiplied": case(
        [first_of("x"), node("Mul", ["b", "two"], ["c"]), node("Identity", ["c"], ["d"])],
        {"two": i64(2)},
        x=(f32(3, 4), [3, 4]),
    ),
}
OPEN: dict[str, Any] = {  # bounds of which nothing may be claimed
    "a length of -1": case([first_of("x")], x=(f32(5, 4), [-1, 4])),
    "a length with a name": case([first_of("x")], x=(f32(5, 4), ["n", 4])),
    "a length without a name": case([first_of("x")], x=(f32(5, 4), [None, 4])),
    "a remainder as in C": case(
        [node("Mod", ["a", "c"], ["b"], fmod=1)], {"a": i64(-7), "c": i64(4)}
    ),
    "more than 32 bits": case(
        [node("Cast", ["a"], ["c"], to=6), node("Cast", ["c"], ["b"], to=7)],
        {"a": i64((1 << 32) + 3)},
    ),
    "a product of 32 bits that wraps": case(
        [node("Mul", ["a", "a"], ["m"]), node("Cast", ["m"], ["b"], to=7)],
        {"a": np.array([65537], np.int32)},
    ),
    "bytes that wrap": case(
        [node("Add", ["a", "c"], ["m"]), node("Cast", ["m"], ["b"], to=7)],
        {"a": np.array([250], np.uint8), "c": np.array([10], np.uint8)},
    ),
    "steps of an input": case(
        [
            node("Shape", ["x"], ["s"]),
            node("Slice", ["s", "zero", "many", "zero", "steps"], ["r"]),
            node("Gather", ["r", "one"], ["b"]),
        ],
        {"many": i64(9), "one": i64(1)},
        x=(f32(3, 4, 5), [3, 4, 5]),
        steps=(i64(2), [1]),
    ),
    "steps below 0": case(
        [node("Slice", ["x", "start", "end", "zero", "back"], ["z"]), first_of("z")],
        {"start": i64(3), "end": i64((1 << 31) - 1), "back": i64(-1)},
        x=(f32(6, 4), [6, 4]),
    ),
    "a product that is turned": case(
        [node("FusedMatMul", ["x", "u"], ["z"], transA=1, **COM), first_of("z")],
        {"u": f32(6, 5)},
        x=(f32(6, 4), [6, 4]),
    ),
    "a product with a stack": case(
        [node("FusedMatMul", ["x", "u"], ["z"], **COM), first_of("z")],
        x=(f32(6, 4), [6, 4]),
        u=(f32(3, 4, 5), [3, 4, 5]),
    ),
    "declared of an inner value": case(
        [node("Relu", ["x"], ["declared"]), first_of("declared")], x=(f32(5, 4), ["n", 4])
    ),
}


def model_of(nodes, arrays, feeds):
    last = nodes[-1].output[0]
    nodes = [
        *nodes,
        node("Slice", ["w", "zero", last], ["ws"]),
        node("Transpose", ["ws"], ["wt"], perm=[1, 0]),
        node("MatMul", ["q", "wt"], ["y"]),
    ]
    arrays = {"w": W, "zero": i64(0), **arrays}
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    kinds = {np.dtype("f4"): TensorProto.FLOAT, np.dtype("i8"): TensorProto.INT64}
    inputs = [info(name, shape, kinds[a.dtype]) for name, (a, shape) in feeds.items()]
    outputs = [info("y", None), helper.make_empty_tensor_value_info("ws")]
    stale = [info("declared", [8, 4])]
    graph = helper.make_graph(
        nodes, "g", [info("q", ["k", 4]), *inputs], outputs, tensors, value_info=stale
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def found(tmp_path, nodes, arrays, feeds):
    """Return what onnxruntime cuts from the weight, and the layer of it."""
    content = model_of(nodes, arrays, feeds)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    given = {name: a for name, (a, _) in feeds.items()}
    rows = session.run(["ws"], {"q": f32(3, 4), **given})[0]
    layers = spectra.layers(open_model(write(tmp_path / "m.onnx", content)))
    return rows, next(x for x in layers if x.tensor.name == "w")


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_a_part_up_to_a_known_length(tmp_path, case):
    rows, layer = found(tmp_path, *case)
    np.testing.assert_array_equal(layer.matrices()[0], rows)


@pytest.mark.parametrize("case", OPEN.values(), ids=OPEN)
def test_no_part_up_to_a_length_that_is_not_known(tmp_path, case):
    _, layer = found(tmp_path, *case)
    assert layer.reason == "input 0 of Slice: no known use as a weight matrix"


def doubled(count):
    """Square an integer again and again."""
    return [node("Mul", [f"v{i}", f"v{i}"], [f"v{i + 1}"]) for i in range(count)], {"v0": i64(3)}


def grown(count):
    """Lay out more and more axes, of which the product is a length again."""
    nodes, name = [], "x"
    for i in range(count):
        nodes += [
            node("Flatten", [name], [f"f{i}"], axis=0),
            node("Shape", [f"f{i}"], [f"s{i}"]),
            node("Concat", 16 * [f"s{i}"], [f"c{i}"], axis=0),
            node("ConstantOfShape", [f"c{i}"], [f"x{i}"]),
        ]
        name = f"x{i}"
    return nodes, {}


def tiled(count):
    """Take a few numbers out of a long array, again and again."""
    nodes = [
        node("Tile", ["few", "many"], ["long"]),
        node("Slice", ["long", "zero", "end"], ["short"]),
        *(node("Add", ["short", "few"], [f"a{i}"]) for i in range(count)),
    ]
    return nodes, {"few": np.arange(1024), "many": i64(1 << 14), "zero": i64(0), "end": i64(60)}


@pytest.mark.parametrize(("make", "count"), [(doubled, 200), (grown, 50), (tiled, 2000)])
def test_numbers_that_grow_take_no_time(tmp_path, make, count):
    """Of integers without bound a file of 700 bytes took minutes."""
    nodes, arrays = make(count)
    tensors = [numpy_helper.from_array(a, name) for name, a in arrays.items()]
    graph = helper.make_graph(nodes, "g", [info("x", [3, 4])], [], tensors)
    path = write(tmp_path / "m.onnx", helper.make_model(graph).SerializeToString())
    assert {x.taken for x in spectra.layers(open_model(path))} <= {False}


def test_an_equation_of_a_million_letters_is_not_read(tmp_path):
    """An expression that may split it anywhere took minutes."""
    equation = f"{'a' * 1_000_000},ab->b"
    nodes = [node("Einsum", ["x", "w"], ["y"], equation=equation)]
    graph = helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(W, "w")])
    path = write(tmp_path / "m.onnx", helper.make_model(graph).SerializeToString())
    (layer,) = spectra.layers(open_model(path))
    assert layer.reason == f"input 1 of Einsum, equation '{'a' * 40}': not read"


def test_a_weight_of_very_many_products_is_one_layer(tmp_path):
    """Each further use took as long as the first, and said the same."""
    nodes = [node("Shape", ["w"], [f"s{i}"]) for i in range(5000)]
    nodes += [node("MatMul", ["x", "w"], [f"y{i}"]) for i in range(5000)]
    graph = helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(W, "w")])
    path = write(tmp_path / "m.onnx", helper.make_model(graph).SerializeToString())
    (layer,) = spectra.layers(open_model(path))
    np.testing.assert_array_equal(layer.matrices()[0], W.T)
