"""Output layers that are tied to the embedding, however an exporter stores them."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import spectra
from spectra.models.structure._copies import without_copies
from spectra_io import open_model
from tests.builders import f32
from tests.spectra_io.formats.onnx_model.growing import INPUTS, Graph, saved

WORDS = 300


def embedded(g, name="emb.weight", dtype=np.float32):
    table = f32(WORDS, INPUTS).astype(dtype)
    g.initializers.append(numpy_helper.from_array(table, name))
    return g.add("Gather", name, g.add("Cast", "x", to=7), axis=0), table


def stored(g, array, name="head"):
    g.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def the_same_tensor_transposed(g):
    embedded(g)
    return g.add("MatMul", "x", g.add("Transpose", "emb.weight", perm=[1, 0]))


def the_same_tensor_in_a_gemm(g):
    embedded(g)
    return g.add("Gemm", g.reshape("x", -1, INPUTS), "emb.weight", transB=1)


def a_transposed_copy(g):
    _, table = embedded(g)
    return g.add("MatMul", "x", stored(g, table.T))


def a_transposed_copy_in_a_gemm(g):
    _, table = embedded(g)
    return g.add("Gemm", g.reshape("x", -1, INPUTS), stored(g, table.T))


def a_copy(g):
    _, table = embedded(g)
    return g.add("Gemm", g.reshape("x", -1, INPUTS), stored(g, table), transB=1)


def a_transposed_copy_of_half_precision(g):
    _, table = embedded(g, dtype=np.float16)
    return g.add("MatMul", g.add("Cast", "x", to=10), stored(g, table.T))


def integers_with_equal_scales(g):
    q = np.random.default_rng(0).integers(-99, 99, (WORDS, INPUTS)).astype(np.int8)
    scale = g.constant(0.25, np.float32)
    table = g.add("DequantizeLinear", stored(g, q, "emb"), scale)
    g.add("Gather", table, g.add("Cast", "x", to=7), axis=0)
    return g.add("MatMul", "x", g.add("DequantizeLinear", stored(g, q.T), scale))


@pytest.mark.parametrize(
    "way",
    [
        *(the_same_tensor_transposed, the_same_tensor_in_a_gemm, a_transposed_copy),
        *(a_transposed_copy_in_a_gemm, a_copy, a_transposed_copy_of_half_precision),
        integers_with_equal_scales,
    ],
)
def test_a_tied_output_layer_is_one_layer(tmp_path, way):
    g = Graph()
    found = saved(tmp_path / "m.onnx", g.model([way(g)]))
    assert len(found) == 1


def test_a_copy_names_its_embedding(tmp_path):
    g = Graph()
    onnx.save(g.model([a_transposed_copy(g)]), tmp_path / "m.onnx")
    reasons = [layer.reason for layer in spectra.layers(open_model(tmp_path / "m.onnx"))]
    assert "the same numbers as emb.weight" in reasons


def one_number_differs(table):
    table[-1, -1] += 1
    return table.T


def rows_are_swapped(table):
    return table[[*range(20), 21, 20, *range(22, WORDS)]].T


def numbers_are_swapped(table):
    table[30, 2], table[31, 3] = table[31, 3], table[30, 2]
    return table.T


def two_signs_differ(table):
    table[100, 5] *= -1
    table[200, 5] *= -1
    return table.T


@pytest.mark.parametrize(
    "changed", [one_number_differs, rows_are_swapped, numbers_are_swapped, two_signs_differ]
)
def test_other_numbers_are_another_layer(tmp_path, changed):
    g = Graph()
    _, table = embedded(g)
    made = g.add("MatMul", "x", stored(g, changed(table.copy())))
    assert [*saved(tmp_path / "m.onnx", g.model([made]))] == ["emb", "head"]


def test_another_type_is_another_layer(tmp_path):
    g = Graph()
    _, table = embedded(g)
    made = g.add("MatMul", g.add("Cast", "x", to=10), stored(g, table.T.astype(np.float16)))
    assert len(saved(tmp_path / "m.onnx", g.model([made]))) == 2


def test_a_model_that_is_not_local_is_not_read_for_transposed_copies(tmp_path):
    g = Graph()
    onnx.save(g.model([a_transposed_copy(g)]), tmp_path / "m.onnx")
    model = open_model(tmp_path / "m.onnx")
    assert without_copies(model, whole=False)["head"].role == "dense"
    assert without_copies(model)["head"].role == "tied"


def test_a_matrix_of_another_shape_is_not_compared(tmp_path):
    g = Graph()
    _, table = embedded(g)
    made = g.add("MatMul", "x", stored(g, table.T[:, :-1]))
    assert len(saved(tmp_path / "m.onnx", g.model([made]))) == 2


def test_a_square_matrix_is_no_copy_of_its_transpose(tmp_path):
    """Stored alike, it is the transposed one that multiplies."""
    g, size = Graph(), 40
    table = f32(size, size)
    table[:16, :16] = 0
    g.initializers.append(numpy_helper.from_array(table, "emb"))
    g.add("Gather", "emb", g.add("Cast", "x", to=7), axis=0)
    wide = g.add("MatMul", "x", stored(g, f32(INPUTS, size), "wide"))
    made = g.add("MatMul", wide, stored(g, table))
    assert [*saved(tmp_path / "m.onnx", g.model([made]))] == ["emb", "wide", "head"]


def test_all_zero_matrices_are_layers_of_their_own(tmp_path):
    g = Graph()
    zero = np.zeros((WORDS, INPUTS), np.float32)
    words = g.add("Gather", stored(g, zero, "emb.weight"), g.add("Cast", "x", to=7), axis=0)
    onnx.save(g.model([words, g.add("MatMul", "x", stored(g, zero.T))]), tmp_path / "m.onnx")
    layers = spectra.layers(open_model(tmp_path / "m.onnx"))
    assert not [layer.reason for layer in layers if "same numbers" in layer.reason]
    assert "head" in [layer.name for layer in layers if layer.taken]
