"""ONNX files: roles from the graph, numbers left in place, and files that lie about both."""

import functools
import pickle
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra_io import open_model
from spectra_io.formats.onnx_model.graph.operators.purposes import ROLES as ROLES_OF
from tests.builders import (
    REPO,
    copied,
    damaged,
    examples,
    external,
    f32,
    graph,
    head_of_bytes_field,
    memory_to_open,
    message_of,
    read_all_or_complain,
    varint,
    write,
    write_onnx,
)

node = helper.make_node
from_array = numpy_helper.from_array

ROLES = [
    ("Gemm", ["x", "w", "b"], {"w": "dense", "b": "bias"}),
    ("Gemm", ["w", "x"], {"w": "dense"}),
    ("MatMul", ["x", "w"], {"w": "dense"}),
    ("MatMul", ["w", "x"], {"w": "dense"}),
    ("Conv", ["x", "w", "b"], {"w": "conv", "b": "bias"}),
    ("ConvTranspose", ["x", "w", "b"], {"w": "conv", "b": "bias"}),
    ("Gather", ["w", "x"], {"w": "embedding"}),
    ("LSTM", ["x", "w", "r", "b"], {"w": "recurrent", "r": "recurrent", "b": "bias"}),
    ("GRU", ["x", "w", "r", "b"], {"w": "recurrent", "r": "recurrent", "b": "bias"}),
    ("RNN", ["x", "w", "r", "b"], {"w": "recurrent", "r": "recurrent", "b": "bias"}),
    ("BatchNormalization", ["x", "s", "b", "m", "v"], dict.fromkeys("sbmv", "norm")),
    ("LayerNormalization", ["x", "s", "b"], {"s": "norm", "b": "norm"}),
    ("DequantizeLinear", ["w", "x", "z"], {"w": "quantized", "z": "scale"}),
    ("MatMulInteger", ["x", "w"], {"w": "quantized"}),
    ("QLinearConv", ["x", "s", "z", "w"], {"s": "scale", "z": "scale", "w": "quantized"}),
    ("Reshape", ["x", "w"], {"w": "constant"}),
    ("SomethingNew", ["x", "w"], {"w": "constant"}),
]
FLOATS = [TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16]
REFUSED_PATHS = ["../out.bin", "sub/../../out.bin", "..\\out.bin", "/etc/passwd", "C:\\out.bin"]

TOO_LARGE = {
    "41x41": (41, 41),
    "2^31x2^31": (1 << 31, 1 << 31),
    "400 of 2^62": (1 << 62,) * 400,
    "negative": (-1, 4),
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def opened(
    path: Path,
    nodes: Iterable[onnx.NodeProto] = (),
    initializers: Iterable[onnx.TensorProto] = (),
) -> Mapping[str, spectra.Tensor]:
    return open_model(write_onnx(path / "m.onnx", graph(nodes, initializers)))


def roles_of(model: Mapping[str, spectra.Tensor]) -> dict[str, str]:
    return {name: tensor.role for name, tensor in model.items()}


def same(tensor: spectra.Tensor, proto: onnx.TensorProto) -> bool:
    """Whether a handle reads, bit by bit, what the ONNX library does."""
    ours, theirs = tensor.read(), numpy_helper.to_array(proto)
    alike = (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    return alike and ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(("op", "inputs", "expected"), ROLES, ids=lambda v: str(v)[:20])
def test_the_operator_gives_the_role(tmp_path, op, inputs, expected):
    weights = [from_array(f32(3, 3), name) for name in expected]
    assert roles_of(opened(tmp_path, [node(op, inputs, ["y"])], weights)) == expected


def test_the_note_says_which_input_of_what(tmp_path):
    model = opened(tmp_path, [node("Gemm", ["x", "w"], ["y"])], [from_array(f32(3, 2), "w")])
    assert model["w"].note == "input 1 of Gemm"


@pytest.mark.parametrize("op", ["Add", "Sum"])
@pytest.mark.parametrize(
    ("shape", "role"), [((4,), "bias"), ((1, 4), "bias"), ((4, 4), "constant"), ((), "constant")]
)
def test_an_added_vector_is_a_bias(tmp_path, op, shape, role):
    model = opened(tmp_path, [node(op, ["x", "b"], ["y"])], [from_array(f32(*shape), "b")])
    assert model["b"].role == role


def test_a_weight_used_twice_keeps_its_first_use_as_a_weight(tmp_path):
    nodes = [
        node("Shape", ["w"], ["s"]),
        node("Gather", ["w", "x"], ["e"]),
        node("MatMul", ["e", "w"], ["y"]),
    ]
    assert opened(tmp_path, nodes, [from_array(f32(4, 4), "w")])["w"].role == "embedding"


def test_an_initializer_that_nothing_uses(tmp_path):
    model = opened(tmp_path, [], [from_array(f32(4, 4), "w")])
    (layer,) = spectra.layers(model)
    assert model["w"].role == "unused"
    assert layer.reason == "no operator uses it"


def test_quantized_weights_are_listed_with_the_reason(tmp_path):
    weight = from_array(np.ones((4, 4), np.uint8), "w")
    model = opened(tmp_path, [node("DequantizeLinear", ["w", "s"], ["y"])], [weight])
    assert spectra.layers(model)[0].reason.startswith("quantized (uint8)")


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("value", from_array(f32(3, 2), "inner"), f32(3, 2)),
        ("value_float", 2.5, np.float32(2.5)),
        ("value_floats", [1.5, -2.0], np.array([1.5, -2.0], np.float32)),
        ("value_int", 3, np.int64(3)),
        ("value_ints", [3, 4], np.array([3, 4])),
    ],
)
def test_constants_are_tensors_too(tmp_path, attribute, value, expected):
    nodes = [node("Constant", [], ["c"], **{attribute: value}), node("MatMul", ["x", "c"], ["y"])]
    tensor = opened(tmp_path, nodes)["c"]
    assert (tensor.role, tensor.shape, tensor.dtype) == ("dense", expected.shape, expected.dtype)
    np.testing.assert_array_equal(tensor.read(), expected)


@pytest.mark.parametrize(
    ("attribute", "value"), [("value_string", "words"), ("value_strings", ["a", "b"])]
)
def test_constants_of_words_are_no_tensors(tmp_path, attribute, value):
    assert opened(tmp_path, [node("Constant", [], ["c"], **{attribute: value})]) == {}


def test_a_constant_whose_value_is_of_another_type(tmp_path):
    made = graph([node("Constant", [], ["c"], value_float=1.0)])
    made.node[0].attribute[0].type = onnx.AttributeProto.STRING
    made.node[0].attribute[0].s = b"words"
    read_all_or_complain(write_onnx(tmp_path / "m.onnx", made))


def branches(
    then: onnx.GraphProto, other: onnx.GraphProto, outer: Iterable[onnx.TensorProto] = ()
) -> onnx.GraphProto:
    """Return a graph with one If of two branches."""
    choice = node("If", ["c"], ["y"], then_branch=then, else_branch=other)
    return graph([choice], outer)


def test_tensors_inside_branches_are_found(tmp_path):
    then = graph(
        [node("MatMul", ["x", "v"], ["t"])], [from_array(f32(2, 2), "v")], name="then", outputs="t"
    )
    constant = node("Constant", [], ["k"], value=from_array(f32(3, 3), "inner"))
    other = graph([constant, node("Gather", ["k", "x"], ["e"])], name="else", outputs="e")
    model = open_model(write_onnx(tmp_path / "m.onnx", branches(then, other)))
    assert sorted(roles_of(model).items()) == [("k", "embedding"), ("v", "dense")]
    assert model["k"].read().tolist() == f32(3, 3).tolist()


def test_outer_tensors_used_only_inside_a_branch(tmp_path):
    then = graph([node("MatMul", ["x", "w"], ["t"])], name="then", outputs="t")
    other = graph([node("Identity", ["x"], ["e"])], name="else", outputs="e")
    made = branches(then, other, [from_array(f32(2, 2), "w")])
    assert roles_of(open_model(write_onnx(tmp_path / "m.onnx", made))) == {"w": "dense"}


def test_the_same_name_in_both_branches(tmp_path):
    then = graph(
        [node("MatMul", ["x", "w"], ["t"])], [from_array(f32(2, 2), "w")], name="then", outputs="t"
    )
    other = graph(
        [node("Gather", ["w", "x"], ["e"])], [from_array(f32(3, 3), "w")], name="else", outputs="e"
    )
    model = open_model(write_onnx(tmp_path / "m.onnx", branches(then, other)))
    assert {name: (t.shape, t.role) for name, t in model.items()} in (
        {"w": ((2, 2), "dense"), "w#2": ((3, 3), "embedding")},
        {"w": ((3, 3), "embedding"), "w#2": ((2, 2), "dense")},
    )
    assert sorted(len(tensor.read()) for tensor in model.values()) == [2, 3]


def test_a_branch_hides_the_outer_tensor_of_the_same_name(tmp_path):
    then = graph(
        [node("MatMul", ["x", "w"], ["t"])], [from_array(f32(2, 2), "w")], name="then", outputs="t"
    )
    other = graph([node("Identity", ["x"], ["e"])], name="else", outputs="e")
    made = branches(then, other, [from_array(f32(5, 5), "w")])
    model = open_model(write_onnx(tmp_path / "m.onnx", made))
    by_shape = {tensor.shape: tensor.role for tensor in model.values()}
    assert by_shape == {(2, 2): "dense", (5, 5): "unused"}


def test_a_tensor_of_a_branch_is_not_seen_outside(tmp_path):
    then = graph([], [from_array(f32(2, 2), "w")], name="then", outputs="w")
    other = graph([node("MatMul", ["x", "w"], ["e"])], name="else", outputs="e")
    made = branches(then, other, [from_array(f32(5, 5), "w")])
    made.node.append(node("Gather", ["w", "x"], ["z"]))
    model = open_model(write_onnx(tmp_path / "m.onnx", made))
    by_shape = {tensor.shape: tensor.role for tensor in model.values()}
    assert by_shape == {(2, 2): "unused", (5, 5): "dense"}


def test_a_made_up_name_that_is_taken(tmp_path):
    weights = [from_array(f32(n, n), name) for n, name in enumerate(["w#2", "w", "w", "w"], 1)]
    model = opened(tmp_path, [], weights)
    assert sorted(tensor.shape for tensor in model.values()) == [(1, 1), (2, 2), (3, 3), (4, 4)]


@pytest.mark.parametrize(
    ("op", "options"), [("Identity", {}), ("Cast", {"to": 1}), ("Transpose", {"perm": [1, 0]})]
)
def test_weights_are_followed_through(tmp_path, op, options):
    nodes = [
        node(op, ["w"], ["v"], **options),
        node("Identity", ["v"], ["u"]),
        node("MatMul", ["x", "u"], ["y"]),
    ]
    model = opened(tmp_path, nodes, [from_array(f32(3, 2), "w")])
    assert roles_of(model) == {"w": "dense"}
    assert model["w"].read().tolist() == f32(3, 2).tolist()


def test_kernels_are_followed_through_a_transpose(tmp_path):
    """As those of TensorFlow, which keeps (height, width, in, out)."""
    nodes = [node("Transpose", ["w"], ["v"], perm=[3, 2, 0, 1]), node("Conv", ["x", "v"], ["y"])]
    kernel = f32(2, 5, 3, 4)
    model = opened(tmp_path, nodes, [from_array(kernel, "w")])
    (layer,) = spectra.layers(model)
    assert (model["w"].role, layer.N, layer.M, layer.rf) == ("conv", 4, 3, 10)
    np.testing.assert_array_equal(layer.matrices()[7], kernel[1, 2].T)


def test_tensors_come_in_the_order_of_use(tmp_path):
    names = ["last", "unused", "first", "middle"]
    weights = [from_array(f32(3, 3), name) for name in names]
    nodes = [
        node("MatMul", ["x", "first"], ["a"]),
        node("MatMul", ["a", "middle"], ["b"]),
        node("MatMul", ["b", "last"], ["y"]),
    ]
    assert list(opened(tmp_path, nodes, weights)) == ["first", "middle", "last", "unused"]


def test_constants_of_functions_are_listed(tmp_path):
    value = node("Constant", [], ["k"], value=from_array(f32(3, 3), "inner"))
    body = [value, node("MatMul", ["a", "k"], ["b"])]
    function = helper.make_function("local", "f", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    made = graph([node("f", ["x"], ["y"], domain="local")])
    model = open_model(write_onnx(tmp_path / "m.onnx", made, functions=[function]))
    assert roles_of(model) == {"k": "dense"}
    assert model["k"].read().tolist() == f32(3, 3).tolist()


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        ("value_float", onnx.AttributeProto.FLOAT),
        ("value_ints", onnx.AttributeProto.INTS),
        ("value", onnx.AttributeProto.TENSOR),
    ],
)
def test_functions_may_take_a_constant_from_their_caller(tmp_path, attribute, kind):
    value = node("Constant", [], ["k"])
    value.attribute.add(name=attribute, type=kind, ref_attr_name="alpha")
    opsets = [helper.make_opsetid("", 17)]
    function = helper.make_function("local", "f", ["a"], ["k"], [value], opsets, ["alpha"])
    weights = [from_array(f32(2, 2), "w")]
    made = graph([node("MatMul", ["x", "w"], ["y"])], weights)
    path = write_onnx(tmp_path / "m.onnx", made, functions=[function])
    assert roles_of(open_model(path)) == {"w": "dense"}


SPARSE_PLACES = {"linear": np.array([0, 5]), "by axis": np.array([[0, 0], [1, 1]])}


def sparse_model(path, places, shape=(3, 4), values=(1.5, 2.5)):
    made = graph([node("MatMul", ["x", "w"], ["y"])])
    numbers = from_array(np.array(values, np.float32), "w")
    sparse = helper.make_sparse_tensor(numbers, from_array(places, "places"), shape)
    made.sparse_initializer.append(sparse)
    return write_onnx(path / "m.onnx", made)


@pytest.mark.parametrize("places", SPARSE_PLACES.values(), ids=SPARSE_PLACES)
def test_sparse_initializers_are_filled_with_zeros(tmp_path, places):
    model = open_model(sparse_model(tmp_path, places))
    dense = np.zeros((3, 4), np.float32)
    dense[0, 0], dense[1, 1] = 1.5, 2.5
    np.testing.assert_array_equal(model["w"].read(), dense)
    (layer,) = spectra.layers(model)
    np.testing.assert_array_equal(layer.matrices()[0], dense.T)


@pytest.mark.parametrize("places", [[0, 12], [-1, 2], [[0, 0], [1, 4]], [[0, 0], [-1, 0]]])
def test_sparse_elements_outside_the_shape_are_refused(tmp_path, places):
    model = open_model(sparse_model(tmp_path, np.array(places)))
    with pytest.raises(ModelFormatError, match="'w' is sparse and has elements outside"):
        model["w"].read()


@pytest.mark.parametrize("places", [np.arange(3), np.arange(1), np.zeros((2, 3), int)])
def test_sparse_tensors_of_unequal_parts_are_refused(tmp_path, places):
    assert "is sparse, with values of" in message_of(sparse_model(tmp_path, places))


def test_a_sparse_tensor_too_large_to_be_filled_is_listed_with_a_reason(tmp_path):
    model = open_model(sparse_model(tmp_path, np.array([0, 5]), (1 << 24, 1 << 24)))
    (layer,) = spectra.layers(model)
    assert layer.reason == "sparse: not read"
    with pytest.raises(ModelFormatError, match="281474976710656 elements, 2 given"):
        model["w"].read()


@pytest.mark.parametrize("data_type", FLOATS, ids=TensorProto.DataType.Name)
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
@pytest.mark.parametrize("shape", [(2, 3), (40, 30)], ids=["small", "large"])
def test_floats_in_every_encoding(tmp_path, data_type, raw, shape):
    values = f32(*shape).astype(helper.tensor_dtype_to_np_dtype(data_type))
    data = values.tobytes() if raw else values.ravel().tolist()
    proto = helper.make_tensor("w", data_type, shape, data, raw=raw)
    tensor = opened(tmp_path, [], [proto])["w"]
    assert (tensor.shape, tensor.dtype) == (shape, values.dtype.name)
    assert tensor.read().tobytes() == values.tobytes()
    assert same(tensor, proto)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
@pytest.mark.parametrize("raw", [True, False])
def test_empty_tensors(tmp_path, shape, raw):
    proto = helper.make_tensor("w", TensorProto.FLOAT, shape, b"" if raw else [], raw=raw)
    assert opened(tmp_path, [], [proto])["w"].read().shape == shape


@pytest.mark.parametrize("where", ["nowhere", "large", "external"])
def test_empty_tensors_too_large_for_numpy(tmp_path, where):
    shape = [0, 1 << 62, 1 << 62]
    write(tmp_path / "w.bin", bytes(4))
    proto = external("w", shape, {"location": "w.bin"})
    if where != "external":
        data = bytes(4000 if where == "large" else 0)
        proto = TensorProto(name="w", dims=shape, data_type=TensorProto.FLOAT, raw_data=data)
    read_all_or_complain(write_onnx(tmp_path / "m.onnx", graph([], [proto])))


def test_numbers_in_pieces_are_joined(tmp_path):
    """Protobuf lets packed numbers come in several runs."""
    first, second = f32(300, seed=1), f32(300, seed=2)
    runs = b"".join(
        head_of_bytes_field(4, part.nbytes) + part.tobytes() for part in (first, second)
    )
    head = TensorProto(name="w", dims=[600], data_type=TensorProto.FLOAT).SerializeToString()
    tensor = head_of_bytes_field(5, len(head) + len(runs)) + head + runs
    content = head_of_bytes_field(7, len(tensor)) + tensor
    model = open_model(write(tmp_path / "m.onnx", b"\x08\x0a" + content))
    assert model["w"].read().tolist() == [*first.tolist(), *second.tolist()]


def test_external_numbers_at_an_offset(tmp_path):
    values = f32(30, 20)
    write(tmp_path / "weights.bin", b"?" * 7 + values.tobytes() + b"?" * 9)
    place = {"location": "weights.bin", "offset": "7", "length": str(values.nbytes)}
    model = opened(tmp_path, [], [external("w", (30, 20), place)])
    assert model["w"].read().tolist() == values.tolist()


def test_external_numbers_without_offset_and_length(tmp_path):
    write(tmp_path / "weights.bin", f32(3, 2).tobytes())
    model = opened(tmp_path, [], [external("w", (3, 2), {"location": "weights.bin"})])
    assert model["w"].read().tolist() == f32(3, 2).tolist()


@pytest.mark.parametrize("offset", [0, 24])
def test_an_external_length_of_zero_means_all(tmp_path, offset):
    """As for onnxruntime, and for the onnx library up to 1.22."""
    write(tmp_path / "w.bin", bytes(offset) + f32(3, 2).tobytes() + bytes(8))
    place = {"location": "w.bin", "offset": str(offset), "length": "0"}
    made = graph([], [external("w", (3, 2), place)], outputs=["w"])
    path = write_onnx(
        tmp_path / "m.onnx", made, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
    runtime = pytest.importorskip("onnxruntime")
    (theirs,) = runtime.InferenceSession(path).run(None, {})
    np.testing.assert_array_equal(theirs, f32(3, 2))
    np.testing.assert_array_equal(open_model(path)["w"].read(), f32(3, 2))


def test_external_numbers_as_the_onnx_library_writes_them(tmp_path):
    weights = {name: f32(40, 30, seed=i) for i, name in enumerate("uvw")}
    made = graph([], [from_array(array, name) for name, array in weights.items()])
    onnx.save_model(
        helper.make_model(made),
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="all.bin",
    )
    assert (tmp_path / "all.bin").stat().st_size >= 3 * 40 * 30 * 4
    model = open_model(tmp_path / "m.onnx")
    for name, array in weights.items():
        assert model[name].read().tolist() == array.tolist()


def test_external_bfloat16(tmp_path):
    halves = (f32(3, 2).view("<u4") >> 16).astype("<u2")
    write(tmp_path / "w.bin", halves.tobytes())
    proto = external("w", (3, 2), {"location": "w.bin"}, dtype=TensorProto.BFLOAT16)
    read = opened(tmp_path, [], [proto])["w"].read()
    by_hand = (halves.astype("<u4") << 16).view("<f4")
    np.testing.assert_array_equal(read.astype(np.float32), by_hand)


def test_external_numbers_in_a_folder_below(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "w.bin", f32(3, 2).tobytes())
    model = opened(tmp_path, [], [external("w", (3, 2), {"location": "./sub/w.bin"})])
    assert model["w"].read().tolist() == f32(3, 2).tolist()


def test_a_missing_external_file_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"gone\.bin: no such file.*tensor 'w'"):
        opened(tmp_path, [], [external("w", (2, 2), {"location": "gone.bin"})])


def test_an_external_folder_is_no_file(tmp_path):
    (tmp_path / "sub").mkdir()
    with pytest.raises(ModelNotFoundError, match="no such file"):
        opened(tmp_path, [], [external("w", (2, 2), {"location": "sub"})])


@pytest.mark.parametrize("location", [*REFUSED_PATHS, "", "nul\0.bin"])
def test_external_data_cannot_lead_out_of_the_folder(tmp_path, location):
    write(tmp_path / "out.bin", bytes(100))
    (tmp_path / "model" / "sub").mkdir(parents=True)
    with pytest.raises(ModelFormatError, match=r"tensor 'w' refers to .* outside the model's"):
        opened(tmp_path / "model", [], [external("w", (2, 2), {"location": location})])


def test_an_external_link_out_of_the_folder_is_refused(tmp_path):
    write(tmp_path / "out.bin", bytes(100))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").symlink_to("../out.bin")
    with pytest.raises(ModelFormatError, match="a link that leads outside the model's folder"):
        opened(tmp_path / "model", [], [external("w", (2, 2), {"location": "w.bin"})])


def test_an_external_link_in_a_circle(tmp_path):
    (tmp_path / "w.bin").symlink_to("w.bin")
    made = graph([], [external("w", (2, 2), {"location": "w.bin"})])
    assert "w.bin" in message_of(write_onnx(tmp_path / "m.onnx", made))


def test_an_external_name_that_no_disk_can_hold(tmp_path):
    made = graph([], [external("w", (2, 2), {"location": "a" * 300})])
    assert "tensor 'w'" in message_of(write_onnx(tmp_path / "m.onnx", made))


@pytest.mark.parametrize(
    "place",
    [
        {"offset": "49"},
        {"offset": "64"},
        {"offset": "65"},
        {"offset": str(1 << 80)},
        {"length": "15"},
        {"length": "0", "offset": "49"},
        {"offset": "60", "length": "16"},
        {"offset": "49", "length": "1000"},
        {"offset": "-1"},
        {"offset": "0x10"},
        {"offset": "1.0"},
        {"offset": ""},
        {"offset": " 1"},
        {"offset": "²"},
        {"offset": "1" * 5000},
        {"length": "-16"},
        {"length": "many"},
    ],
    ids=lambda place: "-".join(f"{k}={v[:6]}" for k, v in place.items()),
)
def test_external_ranges_must_lie_in_the_file(tmp_path, place):
    write(tmp_path / "w.bin", bytes(64))
    made = graph([], [external("w", (2, 2), {"location": "w.bin", **place})])
    with pytest.raises(ModelFormatError, match="tensor 'w'"):
        open_model(write_onnx(tmp_path / "m.onnx", made))


def test_external_numbers_lost_after_opening(tmp_path):
    write(tmp_path / "w.bin", bytes(64))
    tensor = opened(tmp_path, [], [external("w", (4, 4), {"location": "w.bin"})])["w"]
    write(tmp_path / "w.bin", bytes(63))
    with pytest.raises(ModelFormatError, match=r"w\.bin: .* changed .*: 64 bytes then, 63 now"):
        tensor.read()


@pytest.mark.parametrize("shape", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_external_shape_larger_than_its_file(tmp_path, shape):
    write(tmp_path / "w.bin", bytes(16))
    made = graph([], [external("w", shape, {"location": "w.bin"})])
    with pytest.raises(ModelFormatError, match="tensor 'w'"):
        open_model(write_onnx(tmp_path / "m.onnx", made))


@pytest.mark.parametrize("stored", [(2, 2), (40, 40)], ids=["small", "large"])
@pytest.mark.parametrize("claimed", TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
def test_a_shape_larger_than_its_data(tmp_path, stored, claimed, raw):
    values = f32(*stored)
    data = values.tobytes() if raw else values.ravel().tolist()
    proto = helper.make_tensor("w", TensorProto.FLOAT, stored, data, raw=raw)
    del proto.dims[:]
    proto.dims.extend(claimed)
    with pytest.raises(ModelFormatError, match="tensor 'w'"):
        opened(tmp_path, [], [proto])


@pytest.mark.parametrize("side", [4, 40], ids=["small", "large"])
def test_a_shape_smaller_than_its_data(tmp_path, side):
    proto = from_array(f32(side, side), "w")
    proto.dims[:] = [side, side - 1]
    with pytest.raises(ModelFormatError, match="tensor 'w'"):
        opened(tmp_path, [], [proto])


@pytest.mark.parametrize("count", [8, 800], ids=["small", "large"])
@pytest.mark.parametrize("data_type", [TensorProto.DOUBLE, TensorProto.FLOAT16])
def test_numbers_kept_in_the_field_of_another_type(tmp_path, data_type, count):
    dims = [count // 2 if data_type == TensorProto.DOUBLE else count * 2]
    proto = TensorProto(name="w", dims=dims, data_type=data_type, float_data=[1.5] * count)
    with pytest.raises(ModelFormatError, match="tensor 'w'"):
        opened(tmp_path, [], [proto])["w"].read()


@pytest.mark.parametrize("where", ["small", "large", "external"])
def test_more_dimensions_than_numpy_has(tmp_path, where):
    write(tmp_path / "w.bin", bytes(4))
    values = np.zeros(1 if where == "small" else 400, np.float32)
    inside, outside = from_array(values, "w"), external("w", (1,), {"location": "w.bin"})
    proto = outside if where == "external" else inside
    del proto.dims[:]
    proto.dims.extend([values.size, *[1] * 70] if where != "external" else [1] * 70)
    read_all_or_complain(write_onnx(tmp_path / "m.onnx", graph([], [proto])))


@pytest.mark.parametrize("data_type", [0, 99, -1])
@pytest.mark.parametrize("size", [4, 40])
def test_types_that_do_not_exist(tmp_path, data_type, size):
    proto = from_array(f32(size, size), "w")
    proto.data_type = data_type
    made = graph([node("MatMul", ["x", "w"], ["y"])], [proto])
    path = write_onnx(tmp_path / "m.onnx", made)
    (layer,) = spectra.layers(open_model(path))
    assert layer.reason.startswith(f"onnx-type-{data_type}: not re")  # not read yet, or not real
    read_all_or_complain(path)


def spoiled(path: Path, old: bytes, new: bytes) -> Path:
    """Put bytes in a file where protobuf expects UTF-8."""
    content = path.read_bytes()
    assert old in content
    return write(path, content.replace(old, new))


@pytest.mark.parametrize("kind", ["initializer", "constant", "numbered constant", "sparse"])
def test_names_that_are_not_utf8(tmp_path, kind):
    proto = from_array(f32(2, 2), "" if "constant" in kind else "NAME")
    made = graph([node("MatMul", ["x", "NAME"], ["y"])])
    if kind == "initializer":
        made.initializer.append(proto)
    elif kind == "sparse":
        places = from_array(np.arange(2), "i")
        proto = from_array(f32(2), "NAME")
        made.sparse_initializer.append(helper.make_sparse_tensor(proto, places, [2, 2]))
    else:
        value = {"value": proto} if kind == "constant" else {"value_float": 1.0}
        made.node.insert(0, node("Constant", [], ["NAME"], **value))
    read_all_or_complain(spoiled(write_onnx(tmp_path / "m.onnx", made), b"NAME", b"\xff\xfe\x80!"))


@pytest.mark.parametrize("part", ["location", "offset", "PLACE"])
def test_external_data_that_is_not_utf8(tmp_path, part):
    made = graph([], [external("w", (2, 2), {"location": "PLACE", "offset": "0"})])
    new = b"\xff" * len(part)
    read_all_or_complain(spoiled(write_onnx(tmp_path / "m.onnx", made), part.encode(), new))


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x1b[31mb", "a\u2028b"])
def test_complaints_are_one_line_whatever_the_file_says(tmp_path, name):
    made = graph([], [external(name, (2, 2), {"location": name})])
    message = message_of(write_onnx(tmp_path / "m.onnx", made))
    assert message.isprintable()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool", "complex64"])
@pytest.mark.parametrize("size", [4, 40])
def test_other_types_are_read_but_are_no_layer(tmp_path, dtype, size):
    proto = from_array(np.arange(size * size).reshape(size, size).astype(dtype), "w")
    model = opened(tmp_path, [node("MatMul", ["x", "w"], ["y"])], [proto])
    assert spectra.layers(model)[0].reason.startswith(f"{dtype}: ")
    assert same(model["w"], proto)


def test_words_are_listed_and_are_no_layer(tmp_path):
    proto = TensorProto(
        name="words", dims=[2], data_type=TensorProto.STRING, string_data=[b"a", b"b"]
    )
    (layer,) = spectra.layers(opened(tmp_path, [], [proto]))
    assert layer.reason == "string: not real numbers"


@pytest.mark.parametrize(("depth", "refused"), [(20, False), (60, True), (20_000, True)])
def test_graphs_in_graphs(tmp_path, depth, refused):
    inner = graph([], [from_array(f32(2, 2), "w")]).SerializeToString()
    heads, size = [], len(inner)
    for number in [7, *[1, 5, 6] * depth][::-1]:  # a graph in an attribute of a node of a graph
        heads.append(head_of_bytes_field(number, size))
        size += len(heads[-1])
    path = write(tmp_path / "m.onnx", b"\x08\x0a" + b"".join(heads[::-1]) + inner)
    if refused:
        assert "not an ONNX file" in message_of(path)
    else:
        assert list(open_model(path)) == ["w"]


def test_words_without_end_are_not_kept(tmp_path):
    """Gigabytes that are no numbers, a part in each of many operators, and no room on the disk."""
    size, path = 60_000_000, tmp_path / "m.onnx"
    node_head = head_of_bytes_field(1, size + len(head_of_bytes_field(6, size)))
    head = node_head + head_of_bytes_field(6, size)  # a doc_string
    with path.open("wb") as file:
        file.write(head_of_bytes_field(7, 40 * (len(head) + size)))
        for _ in range(40):
            file.write(head)
            file.seek(size, 1)
        file.truncate(file.tell())
    assert "more than 128 MB besides the numbers" in message_of(path)


def test_a_message_without_a_graph(tmp_path):
    path = write(tmp_path / "m.onnx", onnx.ModelProto(ir_version=10).SerializeToString())
    with pytest.raises(ModelFormatError, match="must have a graph"):
        open_model(path)


@pytest.mark.parametrize("ir_version", [8, 9, 10, 11])
@pytest.mark.parametrize("producer", [{}, {"producer_name": "pytorch"}], ids=["", "pytorch"])
def test_a_long_description_is_no_text_file(tmp_path, ir_version, producer):
    options = {"ir_version": ir_version, "doc_string": "a word " * 60, **producer}
    path = write_onnx(tmp_path / "m.onnx", graph([], [from_array(f32(2, 2), "w")]), **options)
    assert list(open_model(path)) == ["w"]


def test_big_files_are_opened_without_reading_them(tmp_path):
    small = write_onnx(tmp_path / "small.onnx", graph([], [from_array(f32(2, 2), "w")]))
    side, big = 10_000, tmp_path / "big.onnx"  # 400 MB, on disk as holes
    huge = TensorProto(name="huge", dims=[side, side], data_type=1).SerializeToString()
    size = 4 * side * side
    huge += head_of_bytes_field(9, size)
    last = from_array(f32(2, 2), "w").SerializeToString()
    last = head_of_bytes_field(5, len(last)) + last
    begin = varint(5 << 3 | 2) + varint(len(huge) + size) + huge
    model = b"\x08\x0a" + varint(7 << 3 | 2) + varint(len(begin) + size + len(last)) + begin
    with big.open("wb") as file:
        file.write(model)
        file.seek(size, 1)
        file.write(last)
    grown, total = memory_to_open(small, big)
    assert grown < 50e6
    assert total == f32(2, 2).sum()


def test_one_number_of_a_big_tensor_does_not_load_the_rest(tmp_path):
    side = 3000
    with (tmp_path / "w.bin").open("wb") as file:
        file.truncate(4 * side * side - 4)
        file.seek(0, 2)
        file.write(np.float32(2.5).tobytes())
    values = opened(tmp_path, [], [external("w", (side, side), {"location": "w.bin"})])["w"].read()
    assert values[-1, -1] == 2.5
    assert not values.flags.owndata
    assert not values.flags.writeable


def stored_somewhere(where: str, proto: onnx.TensorProto) -> onnx.ModelProto:
    """Return a model that keeps a tensor called w in some place of the file."""
    constant = node("Constant", [], ["w"], value=proto)
    opsets = [helper.make_opsetid("", 17)]
    if where == "constant":
        return helper.make_model(graph([constant]))
    if where == "branch":
        then = graph([], [proto], name="then", outputs="w")
        return helper.make_model(branches(then, graph(name="else")))
    if where == "function":
        function = helper.make_function("local", "f", [], ["w"], [constant], opsets)
        return helper.make_model(graph(), functions=[function])
    return helper.make_model(graph([], [proto]))


@pytest.mark.parametrize("side", [3, 40], ids=["small", "large"])
@pytest.mark.parametrize("where", ["graph", "constant", "branch", "function", "external"])
def test_handles_are_small_and_survive_pickling(tmp_path, where, side):
    values = f32(side, side)
    write(tmp_path / "w.bin", values.tobytes())
    proto = from_array(values, "w")
    if where == "external":
        proto = external("w", (side, side), {"location": "w.bin"})
    made = stored_somewhere(where, proto)
    tensor = open_model(write(tmp_path / "m.onnx", made.SerializeToString()))["w"]
    assert copied(tensor).read().tolist() == values.tolist()
    assert len(pickle.dumps(tensor)) < 1000


def test_handles_read_after_a_change_of_folder(tmp_path, monkeypatch):
    write(tmp_path / "w.bin", f32(3, 3).tobytes())
    weights = [external("w", (3, 3), {"location": "w.bin"}), from_array(f32(40, 40), "v")]
    write_onnx(tmp_path / "m.onnx", graph([], weights))
    monkeypatch.chdir(tmp_path)
    model = open_model("m.onnx")
    monkeypatch.chdir("/")
    assert model["w"].read().tolist() == f32(3, 3).tolist()
    assert model["v"].read().tolist() == f32(40, 40).tolist()


@functools.cache
def stored_values(data_type, shape, seed):
    values = np.random.default_rng(seed).integers(-9, 9, shape)
    return values.astype(helper.tensor_dtype_to_np_dtype(data_type))


types = st.sampled_from([*FLOATS, *(TensorProto.INT8, TensorProto.INT64, TensorProto.BOOL)])
shapes = st.lists(st.sampled_from([0, 1, 2, 3, 5, 12]), max_size=4).map(tuple)
tensors = st.tuples(types, shapes, st.booleans(), st.integers(0, 3))


@examples(2)
@given(st.lists(tensors, max_size=6))
def test_every_initializer_is_there_as_the_onnx_library_reads_it(scratch, drawn):
    protos = {}
    for i, (data_type, shape, raw, seed) in enumerate(drawn):
        values = stored_values(data_type, shape, seed)
        data = values.tobytes() if raw else values.ravel().tolist()
        protos[f"t{i}"] = helper.make_tensor(f"t{i}", data_type, shape, data, raw=raw)
    nodes = [node("MatMul", ["x", name], [f"{name}.y"]) for name in reversed(protos)]
    model = opened(scratch, nodes, protos.values())
    assert list(model) == list(reversed(protos))
    for name, proto in protos.items():
        theirs = numpy_helper.to_array(proto)
        assert (model[name].shape, model[name].dtype) == (theirs.shape, theirs.dtype.name)
        assert same(model[name], proto)


def small_model() -> tuple[bytes, range]:
    """Return a file with a bit of everything, and where its one long run of numbers lies."""
    long = from_array(f32(20, 20), "long")
    then = graph([node("MatMul", ["x", "w"], ["t"])], name="then", outputs="t")
    constant = node("Constant", [], ["k"], value_floats=[1.0, 2.0])
    other = graph([constant], name="else", outputs="k")
    made = branches(then, other, [long, from_array(f32(2, 2), "w")])
    made.initializer.append(external("e", (2, 2), {"location": "e.bin", "offset": "8"}))
    made.sparse_initializer.append(
        helper.make_sparse_tensor(
            from_array(f32(2), "s"), from_array(np.array([0, 3]), "i"), [2, 2]
        )
    )
    content = helper.make_model(made).SerializeToString()
    start = content.index(long.raw_data)
    return content, range(start, start + len(long.raw_data))


VALID, NUMBERS = small_model()


@examples(10)
@given(damaged(VALID, spare=NUMBERS))
def test_damaged_files_raise_only_our_errors(scratch, content):
    write(scratch / "e.bin", bytes(24))
    read_all_or_complain(write(scratch / "damaged.onnx", content))


BY_DOMAIN = [(d, o, uses) for d in ("", "com.microsoft") for o, uses in ROLES_OF[d].items()]


@pytest.mark.parametrize(("domain", "operator", "uses"), BY_DOMAIN)
def test_roles_of_every_operator(tmp_path, domain, operator, uses):
    """Each input that an operator has a use for, and the one after the last, which it has not."""
    for i in range(max(uses) + 2):
        names = ["x"] * i + ["w"]
        made = helper.make_node(operator, names, ["y"], domain=domain)
        if operator == "Einsum":
            made.attribute.append(helper.make_attribute("equation", "ij,jk->ik"))
        tensor = opened(tmp_path, [made], [from_array(f32(3, 3), "w")])["w"]
        unread = {"quantized", "unknown"}  # with a reason, as without a scale or an equation
        assert tensor.role in ({uses[i].role, *unread} if i in uses else {"constant"})


def test_an_operator_of_another_domain_is_another_operator(tmp_path):
    weights = [from_array(f32(3, 3), "w")]
    made = helper.make_node("MatMul", ["x", "w"], ["y"], domain="my.own")
    assert opened(tmp_path, [made], weights)["w"].role == "constant"


WEIGHTS = {
    "Gemm": "A B C",
    "MatMul": "A B",
    "Conv": "W B",
    "ConvTranspose": "W B",
    "Gather": "data",
    "LSTM": "W R B P",
    "GRU": "W R B",
    "RNN": "W R B",
    "BatchNormalization": "scale B input_mean input_var",
    "InstanceNormalization": "scale B",
    "LayerNormalization": "Scale B",
    "GroupNormalization": "scale bias",
    "RMSNormalization": "scale",
    "QLinearConv": "w B",
    "QLinearMatMul": "a b",
    "ConvInteger": "w",
    "MatMulInteger": "A B",
    "DequantizeLinear": "x",
}


@pytest.mark.parametrize(("operator", "names"), WEIGHTS.items())
def test_roles_are_of_the_inputs_that_the_standard_calls_weights(operator, names):
    inputs = [parameter.name for parameter in onnx.defs.get_schema(operator).inputs]
    uses = ROLES_OF[""][operator].items()
    weights = {index for index, use in uses if use.role != "scale"}
    assert weights == {inputs.index(name) for name in names.split()}
    scales = {i for i, name in enumerate(inputs) if name.lower().endswith(("_scale", "zero_point"))}
    assert {index for index, use in uses if use.role == "scale"} == scales


WEIGHTED = {"dense", "conv", "recurrent", "embedding", "experts", "lora_A", "lora_B", "quantized"}


def test_the_page_of_formats_lists_every_operator_with_weights():
    page = (REPO / "docs" / "formats.md").read_text(encoding="utf-8")
    table = page.split("These operators have weights")[1].split("\n\n")[1]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    listed = {word for cell in cells for word in re.findall(r"\b(?:[A-Z]\w+)", cell)}
    known = {
        operator
        for operators in ROLES_OF.values()
        for operator, uses in operators.items()
        if any(use.role in WEIGHTED for use in uses.values())
    }
    assert listed == known
