"""Stacks of experts of which a network chooses some, against onnxruntime with each expert."""

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32
from tests.spectra_io.formats.onnx_model.growing import INPUTS, Graph, saved

COUNT, OUTPUTS = 3, 8


def stored(g, array):
    g.initializers.append(numpy_helper.from_array(array, "experts"))
    return "experts"


def on_the_left(g, outputs=OUTPUTS):
    """Multiply (chosen, out, in) with columns, as the experts of transformers do."""
    some = g.add("Gather", stored(g, f32(COUNT, outputs, INPUTS)), "which", axis=0)
    columns = g.add("Transpose", "x", perm=[0, 2, 1])
    return g.add("MatMul", some, columns)


def on_the_right(g):
    some = g.add("Gather", stored(g, f32(COUNT, INPUTS, OUTPUTS)), "which", axis=0)
    return g.add("MatMul", "x", some)


def turned(g):
    some = g.add("Gather", stored(g, f32(COUNT, OUTPUTS, INPUTS)), "which", axis=0)
    return g.add("MatMul", "x", g.add("Transpose", some, perm=[0, 2, 1]))


def by_lists_of_numbers(g):
    places = g.add("Unsqueeze", "which", g.constant([-1]))
    some = g.add("GatherND", stored(g, f32(COUNT, INPUTS, OUTPUTS)), places)
    return g.add("MatMul", "x", some)


def modelled(g, out):
    model = g.model([out])
    model.graph.input.append(helper.make_tensor_value_info("which", TensorProto.INT64, ["n"]))
    return model


def result(g, out, which):
    model = modelled(g, out)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.eye(INPUTS, dtype=np.float32)[None]
    return session.run(None, {"x": x, "which": np.array([which])})[0][0]


@pytest.mark.parametrize("way", [on_the_left, on_the_right, turned, by_lists_of_numbers])
def test_each_expert_is_a_layer(tmp_path, way):
    g = Graph()
    out = way(g)
    found = saved(tmp_path / "m.onnx", modelled(g, out))
    assert [*found] == [f"experts[{i}]" for i in range(COUNT)]
    for i, layer in enumerate(found.values()):
        made = result(g, out, i)  # of the identity
        expected = made if way is on_the_left else made.T
        np.testing.assert_allclose(layer.matrices()[0], expected, atol=1e-6)


@pytest.mark.parametrize("cut", ["rows", "columns"])
def test_gate_and_up_of_each_expert_are_apart(tmp_path, cut):
    g = Graph()
    out = on_the_left(g, 2 * OUTPUTS) if cut == "rows" else on_the_right(g)
    axis, half = (-2, OUTPUTS) if cut == "rows" else (-1, OUTPUTS // 2)
    gate, up = (g.part(out, i * half, (i + 1) * half, axis) for i in range(2))
    made = g.add("Mul", g.add("Mul", gate, g.add("Sigmoid", gate)), up)
    found = saved(tmp_path / "m.onnx", modelled(g, made))
    labels = [f"experts[{i}.{kind}]" for i in range(COUNT) for kind in ("gate", "up")]
    assert [*found] == labels
    whole = result(g, out, 1) if cut == "rows" else result(g, out, 1).T
    np.testing.assert_allclose(found["experts[1.up]"].matrices()[0], whole[half:], atol=1e-6)


def into_a_sum(g):
    return g.add("Add", g.add("Gather", stored(g, f32(COUNT, 5, INPUTS)), "which", axis=0), "x")


def of_another_axis(g):
    some = g.add("Gather", stored(g, f32(5, COUNT, INPUTS)), "which", axis=1)
    return g.add("MatMul", "x", some)


def of_two_uses(g):
    out = on_the_right(g)
    g.add("Relu", g.nodes[-1].input[1])
    return out


@pytest.mark.parametrize("way", [into_a_sum, of_another_axis, of_two_uses])
def test_a_stack_that_is_used_otherwise_has_a_reason(tmp_path, way):
    g = Graph()
    out = way(g)
    assert not saved(tmp_path / "m.onnx", modelled(g, out))
    reasons = {x.tensor.name: x.reason for x in spectra.layers(open_model(tmp_path / "m.onnx"))}
    assert "Gather" in reasons["experts"]
