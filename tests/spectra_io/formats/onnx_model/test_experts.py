"""Stacks of experts of which a network chooses some, against onnxruntime with each expert."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx
from tests.running import session
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
    x = np.eye(INPUTS, dtype=np.float32)[None]
    return session(model).run(None, {"x": x, "which": np.array([which])})[0][0]


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


INTEGERS = np.random.default_rng(0).integers(-50, 50, (COUNT, INPUTS, OUTPUTS))
SCALE, ZERO = np.float32(0.5), 3


def rounded(g, value, zero=0):
    return g.add("QuantizeLinear", value, g.constant(0.5, np.float32), g.constant(zero, np.int8))


def real(g, value, zero=ZERO, **options):
    given = g.constant(0.5, np.float32), g.constant(zero, np.int8)
    return g.add("DequantizeLinear", value, *given, **options)


def bytes_chosen(g, turns=False):
    signed = INTEGERS.astype(np.int8)
    experts = stored(g, signed.transpose(0, 2, 1).copy() if turns else signed)
    return g.add("Gather", experts, "which", axis=0)


def dequantized_behind(g):
    return g.add("MatMul", "x", real(g, bytes_chosen(g)))


def dequantized_before(g):
    some = g.add("Gather", real(g, stored(g, INTEGERS.astype(np.int8))), "which", axis=0)
    return g.add("MatMul", "x", real(g, rounded(g, some), 0))


def rounded_behind(g):
    some = g.add("Gather", stored(g, INTEGERS.astype(np.float32) / 2), "which", axis=0)
    return g.add("MatMul", "x", real(g, rounded(g, some), 0))


def turned_integers(g):
    moved = g.add("Transpose", bytes_chosen(g, turns=True), perm=[0, 2, 1])
    return g.add("MatMul", "x", real(g, moved))


def linear(g, left, right, zeros):
    """Multiply integers of scale 1 and 1/2; the result is rounded to halves."""
    scales = [g.constant(n, np.float32) for n in ((1, 0.5) if zeros[1] else (0.5, 1))]
    first, second = (g.constant(zero, np.int8) for zero in zeros)
    last = g.constant(0.5, np.float32), g.constant(0, np.int8)
    made = g.add("QLinearMatMul", left, scales[0], first, right, scales[1], second, *last)
    return real(g, made, 0)


def eye_rounded(g):
    return g.add("QuantizeLinear", "x", g.constant(1, np.float32), g.constant(0, np.int8))


def integers_on_the_right(g):
    return linear(g, eye_rounded(g), bytes_chosen(g), (0, ZERO))


def integers_on_the_left(g):
    columns = g.add("Transpose", eye_rounded(g), perm=[0, 2, 1])
    made = linear(g, bytes_chosen(g, turns=True), columns, (ZERO, 0))
    return g.add("Transpose", made, perm=[0, 2, 1])


QUANTIZED = [
    *(dequantized_behind, dequantized_before, rounded_behind, turned_integers),
    *(integers_on_the_right, integers_on_the_left),
]


@pytest.mark.parametrize("way", QUANTIZED)
def test_integers_of_each_expert(tmp_path, way):
    g = Graph()
    out = way(g)
    found = saved(tmp_path / "m.onnx", modelled(g, out))
    assert [*found] == [f"experts[{i}]" for i in range(COUNT)]
    for i, layer in enumerate(found.values()):
        np.testing.assert_allclose(layer.matrices()[0], result(g, out, i).T, atol=1e-6)


def in_blocks(g, dtype=TensorProto.INT4, axis=2, **options):
    """Look up experts (out, in) of four bits, in blocks of 16 along an axis."""
    rng = np.random.default_rng(1)
    sides = [COUNT, 18, INPUTS]
    numbers = rng.integers(0, 16, sides)
    if dtype == TensorProto.UINT8:  # two in a byte
        packed = numpy_helper.from_array(
            (numbers[..., ::2] | numbers[..., 1::2] << 4).astype(np.uint8), "experts"
        )
    else:
        packed = helper.make_tensor("experts", dtype, sides, (numbers - 8).ravel())
    g.initializers.append(packed)
    blocks = [-(-n // 16) if i == axis else n for i, n in enumerate(sides)]
    scales = g.constant(rng.random(blocks) + 0.1, np.float32)
    given = {"domain": "com.microsoft", "block_size": 16, "quantize_axis": axis, **options}
    some = g.add("GatherBlockQuantized", "experts", "which", scales, **given)
    return g.add("MatMul", some, g.add("Transpose", "x", perm=[0, 2, 1]))


@pytest.mark.parametrize(("dtype", "axis"), [("INT4", 2), ("INT4", 1), ("UINT8", 2)])
def test_blocks_of_each_expert(tmp_path, dtype, axis):
    g = Graph()
    out = in_blocks(g, TensorProto.DataType.Value(dtype), axis)
    found = saved(tmp_path / "m.onnx", modelled(g, out))
    assert [*found] == [f"experts[{i}]" for i in range(COUNT)]
    for i, layer in enumerate(found.values()):
        np.testing.assert_allclose(layer.matrices()[0], result(g, out, i), atol=1e-6)


def blocks_of_another_axis(g):
    return in_blocks(g, gather_axis=1)


def scales_of_a_chosen_axis(g):
    scales = g.constant([0.5] * OUTPUTS, np.float32)
    some = g.add("DequantizeLinear", bytes_chosen(g), scales, axis=2)
    return g.add("MatMul", "x", some)


def scales_not_known(g):
    return g.add("MatMul", "x", g.add("DequantizeLinear", bytes_chosen(g), "s"))


@pytest.mark.parametrize("way", [blocks_of_another_axis, scales_of_a_chosen_axis, scales_not_known])
def test_integers_that_are_used_otherwise_have_a_reason(tmp_path, way):
    g = Graph()
    out = way(g)
    assert not saved(tmp_path / "m.onnx", modelled(g, out))
    reasons = {x.tensor.name: x.reason for x in spectra.layers(open_model(tmp_path / "m.onnx"))}
    assert "no known product" in reasons["experts"]


@pytest.mark.parametrize("operator", ["Gather", "GatherND"])
def test_a_table_of_vectors_on_three_axes_is_no_stack(tmp_path, operator):
    """What is looked up are vectors, which a constant multiplies."""
    arrays = {"p": f32(4, 5, 6), "w": f32(6, 3, seed=1)}
    nodes = [
        helper.make_node(operator, ["p", "i"], ["e"]),
        helper.make_node("MatMul", ["e", "w"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(a, name) for name, a in arrays.items()]
    made = graph(nodes, tensors)
    info = helper.make_tensor_value_info
    made.input.append(info("i", TensorProto.INT64, ["n", *([2] if operator == "GatherND" else [])]))
    model = open_model(write_onnx(tmp_path / "m.onnx", made))
    assert [x.name for x in spectra.layers(model) if x.taken] == ["w"]
