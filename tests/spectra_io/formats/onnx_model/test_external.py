"""External data: a file that is missing or too short costs the tensors in it, and no other."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra_io import open_model
from tests.builders import copied, external, f32, graph, message_of, write, write_onnx


def two_products(folder, entries, **kwargs):
    """Write a graph of two products, the second with external data."""
    first = numpy_helper.from_array(f32(6, 4), "a")
    second = external("b", (4, 3), entries, **kwargs)
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["y"]),
        helper.make_node("MatMul", ["y", "b"], ["z"]),
    ]
    return write_onnx(folder / "m.onnx", graph(nodes, [first, second]))


LOST = {
    "gone": ({"location": "w.bin"}, None, "w.bin: no such file"),
    "in a folder that is gone": ({"location": "d/w.bin"}, None, "d/w.bin: no such file"),
    "short": ({"location": "w.bin"}, bytes(47), "w.bin: tensor 'b' is 4x3 float32, 48 bytes"),
    "empty": ({"location": "w.bin"}, b"", "w.bin: found an empty file"),
    "a pointer": (
        {"location": "w.bin"},
        b"version https://git-lfs.github.com/spec/v1\n",
        "w.bin: found a Git LFS pointer",
    ),
    "an offset beyond it": ({"location": "w.bin", "offset": "64"}, bytes(64), "found 0"),
    "an offset of letters": ({"location": "w.bin", "offset": "x"}, bytes(64), "offset must be"),
    "a short length": ({"location": "w.bin", "length": "8"}, bytes(64), "found 8"),
}


@pytest.mark.parametrize("kind", LOST)
def test_lost_external_data_cost_one_tensor(tmp_path, kind):
    entries, content, words = LOST[kind]
    if content is not None:
        write(tmp_path / "w.bin", content)
    model = open_model(two_products(tmp_path, entries))
    np.testing.assert_array_equal(model["a"].read(), f32(6, 4))
    b = model["b"]
    assert (b.role, b.shape, b.dtype, b.weights) == ("missing", (4, 3), "float32", ())
    assert b.note.startswith("missing: ")
    assert words in b.note
    assert str(tmp_path) not in b.note
    error = ModelNotFoundError if content is None else ModelFormatError
    with pytest.raises(error):
        copied(b).read()
    assert spectra.analyze(model).layer.values.tolist() == ["a"]
    assert len(model.notes) == 1
    assert model.notes[0].startswith("1 tensor is missing: b (")


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", ""])
def test_external_data_elsewhere_are_refused_whole(tmp_path, location):
    message = message_of(two_products(tmp_path, {"location": location}))
    assert "outside the model's folder" in message


def test_nothing_but_lost_external_data_is_refused(tmp_path):
    node = helper.make_node("MatMul", ["x", "b"], ["y"])
    proto = external("b", (4, 3), {"location": "w.bin"})
    path = write_onnx(tmp_path / "m.onnx", graph([node], [proto]))
    with pytest.raises(ModelNotFoundError, match=r"w\.bin: no such file; .*m\.onnx: tensor 'b'"):
        open_model(path)


@pytest.mark.parametrize(("lost", "opens"), [((4, 3), False), ((3,), True)])
def test_a_model_that_has_lost_its_matrices_is_refused(tmp_path, lost, opens):
    """What exporters keep in the graph, shapes and biases, is not a model."""
    nodes = [helper.make_node("Add", ["x", "bias"], ["y"])]
    stored = [numpy_helper.from_array(f32(3), "bias"), external("b", lost, {"location": "w.bin"})]
    path = write_onnx(tmp_path / "m.onnx", graph(nodes, stored))
    if opens:
        assert open_model(path)["b"].role == "missing"
    else:
        assert "w.bin: no such file" in message_of(path)


def dequantized(folder, *, lost):
    """Write an int8 weight with its scale, one of them external and lost."""
    codes = numpy_helper.from_array(np.ones((4, 3), np.int8), "q")
    scale = numpy_helper.from_array(np.array([0.5], np.float32), "s")
    if lost == "q":
        codes = external("q", (4, 3), {"location": "gone.bin"}, TensorProto.INT8)
    else:
        scale = external("s", (1,), {"location": "gone.bin"})
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("MatMul", ["y", "a"], ["z"]),
    ]
    stored = [codes, scale, numpy_helper.from_array(f32(3, 2), "a")]
    return open_model(write_onnx(folder / "m.onnx", graph(nodes, stored)))


def test_a_lost_scale_costs_its_weight(tmp_path):
    model = dequantized(tmp_path, lost="s")
    reasons = {layer.name: layer.reason for layer in spectra.layers(model)}
    assert reasons["q"] == "quantized (int8): needs s, which is missing"
    assert reasons["s"] == "missing: gone.bin: no such file"


def test_a_lost_weight_is_missing_whatever_its_scale(tmp_path):
    model = dequantized(tmp_path, lost="q")
    assert {name: tensor.role for name, tensor in model.items()}["q"] == "missing"
    assert spectra.analyze(model).layer.values.tolist() == ["a"]


def test_a_lost_shape_costs_what_is_reshaped(tmp_path):
    nodes = [
        helper.make_node("Reshape", ["w", "shape"], ["r"]),
        helper.make_node("MatMul", ["x", "r"], ["y"]),
        helper.make_node("MatMul", ["y", "v"], ["z"]),
    ]
    shape = external("shape", (2,), {"location": "gone.bin"}, TensorProto.INT64)
    stored = [numpy_helper.from_array(f32(12), "w"), numpy_helper.from_array(f32(3, 2), "v")]
    model = open_model(write_onnx(tmp_path / "m.onnx", graph(nodes, [*stored, shape])))
    taken = [layer.name for layer in spectra.layers(model) if layer.taken]
    assert taken == ["v"]
    assert model["shape"].role == "missing"


def test_lost_tensors_of_one_name_are_not_tied(tmp_path):
    inner = graph(
        [helper.make_node("MatMul", ["x", "b"], ["o"])],
        [external("b", (4, 3), {"location": "w.bin"})],
    )
    nodes = [
        helper.make_node("MatMul", ["x", "b"], ["y"]),
        helper.make_node("MatMul", ["y", "a"], ["z"]),
        helper.make_node("If", ["c"], ["i"], then_branch=inner, else_branch=inner),
    ]
    stored = [
        external("b", (4, 3), {"location": "w.bin"}),
        numpy_helper.from_array(f32(3, 2), "a"),
    ]
    model = open_model(write_onnx(tmp_path / "m.onnx", graph(nodes, stored)))
    roles = [tensor.role for tensor in model.values()]
    assert roles.count("missing") == len(roles) - 1 > 1


def test_a_lost_sparse_part_costs_its_tensor(tmp_path):
    values = external("v", (2,), {"location": "gone.bin"})
    places = numpy_helper.from_array(np.array([0, 5]), "i")
    made = graph([helper.make_node("MatMul", ["x", "a"], ["y"])], [])
    made.initializer.append(numpy_helper.from_array(f32(3, 2), "a"))
    made.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3, 4]))
    model = open_model(write_onnx(tmp_path / "m.onnx", made))
    assert {tensor.role for tensor in model.values()} == {"dense", "missing"}


def test_claims_of_huge_lost_tensors_are_counted_within_bounds(tmp_path):
    """No file of results holds a larger number."""
    lost = [external(f"t{i}", (1 << 28, 1 << 28), {"location": "gone.bin"}) for i in range(200)]
    node = helper.make_node("MatMul", ["x", "a"], ["y"])
    stored = [numpy_helper.from_array(f32(3, 2), "a"), *lost]
    model = open_model(write_onnx(tmp_path / "m.onnx", graph([node], stored)))
    assert spectra.describe(model).attrs["num_elements"] == 2**63 - 1
    assert len(model.fingerprint) == 32
