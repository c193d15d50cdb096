"""Names of layers where an exporter made up the name of the tensor."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import spectra
from spectra.models.selection import by_name
from spectra_io import open_model
from spectra_io.formats.onnx_model.graph.calls import Call
from spectra_io.formats.onnx_model.graph.naming import is_made_up, module_of, undecorated
from tests.builders import f32, graph, write_onnx
from tests.spectra_io.formats.onnx_model.growing import INPUTS, Graph, node, saved

SCOPES = "pkg.torch.onnx.name_scopes"


def named(g, label="", scopes=""):
    """Name the last operator of a graph, and note its modules."""
    g.nodes[-1].name = label
    if scopes:
        g.nodes[-1].metadata_props.add(key=SCOPES, value=scopes)
    return g.nodes[-1].output[0]


def vector(g, name, value, operator="Add"):
    g.initializers.append(numpy_helper.from_array(f32(8), name))
    return g.add(operator, value, name)


def by_stored_name(g):
    return g.add("MatMul", "x", g.weight(8, "enc.fc1.weight"))


def by_stored_name_of_a_tool(g):
    return g.add("MatMul", "x", g.weight(8, "FusedBack_enc.fc1.weight_Transposed"))


def by_path_of_the_operator(g):
    g.add("MatMul", "x", g.weight(8, "onnx::MatMul_30"))
    return named(g, "/enc/fc1/MatMul")


def by_path_after_an_optimizer(g):
    g.add("Gemm", g.reshape("x", -1, INPUTS), g.weight(8, "onnx::MatMul_30"))
    return named(g, "/enc/fc1/MatMul/MatMulAddFusion")


def by_scopes(g):
    g.add("MatMul", "x", g.weight(8, "val_39"))
    return named(g, "node_MatMul_1", "['', 'enc', 'enc.fc1', 'linear']")


def by_the_bias_after(g):
    return vector(g, "enc.fc1.bias", g.add("MatMul", "x", g.weight(8, "val_39")))


def by_the_bias_in_front_of_the_sum(g):
    g.initializers.append(numpy_helper.from_array(f32(8), "enc.fc1.bias"))
    return g.add("Add", "enc.fc1.bias", g.add("Cast", g.add("MatMul", "x", g.weight(8, "7")), to=1))


def by_the_bias_of_the_operator(g):
    g.initializers.append(numpy_helper.from_array(f32(8), "enc.fc1.bias"))
    return g.add("Gemm", g.reshape("x", -1, INPUTS), g.weight(8, "val_39"), "enc.fc1.bias")


def by_a_bias_that_a_normalization_became(g):
    return vector(g, "enc.fc1.weight_bias", g.add("MatMul", "x", g.weight(8, "reorder_token_4")))


def of_a_convolution(g):
    g.initializers.append(numpy_helper.from_array(f32(8, 1, 3), "onnx::Conv_9"))
    g.add("Conv", g.add("Unsqueeze", g.pick("x", 0, 0), g.constant([1])), "onnx::Conv_9")
    return named(g, "/enc/fc1/Conv")


def of_eight_bits(g):
    q = np.ones((INPUTS, 8), np.int8) * np.arange(8, dtype=np.int8)
    g.initializers.append(numpy_helper.from_array(q, "onnx::MatMul_30_quantized"))
    real = g.add("DequantizeLinear", "onnx::MatMul_30_quantized", g.constant(0.5, np.float32))
    g.add("MatMul", "x", real)
    return named(g, "/enc/fc1/MatMul")


SOURCES = [
    *(by_stored_name, by_stored_name_of_a_tool, by_path_of_the_operator),
    *(by_path_after_an_optimizer, by_scopes, by_the_bias_after, by_the_bias_in_front_of_the_sum),
    *(by_the_bias_of_the_operator, of_a_convolution, of_eight_bits),
    by_a_bias_that_a_normalization_became,
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_layer_has_the_name_that_it_has_in_the_network(tmp_path, source):
    g = Graph()
    found = saved(tmp_path / "m.onnx", g.model([source(g)]))
    assert [*found] == ["enc.fc1"]


def test_the_stored_name_stays_and_both_can_be_selected(tmp_path):
    g = Graph()
    onnx.save(g.model([by_path_of_the_operator(g)]), tmp_path / "m.onnx")
    model = open_model(tmp_path / "m.onnx")
    assert model["onnx::MatMul_30"].alias == "enc.fc1.weight"
    ds = spectra.analyze(model)
    assert (ds.layer.item(0), ds.tensor_name.item(0)) == ("enc.fc1", "onnx::MatMul_30")
    for pattern in ("enc.fc1", "*.weight", "onnx::*"):
        assert [*by_name(model, include=[pattern])] == ["onnx::MatMul_30"]
        assert not by_name(model, exclude=[pattern])


def nothing_known(g):
    return g.add("MatMul", "x", g.weight(8, "val_39"))


def at_the_root(g):
    g.add("MatMul", "x", g.weight(8, "val_39"))
    return named(g, "/MatMul_3", "['', 'matmul']")


def broken_scopes(g):
    g.add("MatMul", "x", g.weight(8, "val_39"))
    return named(g, "", "[" * 5000)


def a_bias_of_two(g):
    """Share a bias, as exporters store equal ones once: its name may be that of the other."""
    g.initializers.append(numpy_helper.from_array(f32(8), "enc.fc1.bias"))
    g.add("Add", g.add("MatMul", "x", g.weight(8, "other.weight", seed=1)), "enc.fc1.bias")
    return g.add("Add", g.add("MatMul", "x", g.weight(8, "val_39")), "enc.fc1.bias")


def a_vector_that_is_no_bias(g):
    return vector(g, "enc.shift", g.add("MatMul", "x", g.weight(8, "val_39")))


def a_bias_after_another_use(g):
    made = g.add("MatMul", "x", g.weight(8, "val_39"))
    g.add("Relu", made)
    return vector(g, "enc.fc1.bias", made)


@pytest.mark.parametrize(
    "source",
    [
        *(nothing_known, at_the_root, broken_scopes, a_bias_of_two, a_vector_that_is_no_bias),
        a_bias_after_another_use,
    ],
)
def test_a_name_is_not_guessed(tmp_path, source):
    g = Graph()
    found = saved(tmp_path / "m.onnx", g.model([source(g)]))
    assert "val_39" in found


def test_a_bias_of_another_module_does_not_name_a_layer(tmp_path):
    g = Graph()
    made = by_path_of_the_operator(g)
    found = saved(tmp_path / "m.onnx", g.model([vector(g, "dec.fc9.bias", made)]))
    assert [*found] == ["enc.fc1"]


def test_the_bias_says_more_than_the_module(tmp_path):
    g = Graph()
    g.add("MatMul", "x", g.weight(8, "onnx::MatMul_30"))
    made = named(g, "/att/MatMul")
    found = saved(tmp_path / "m.onnx", g.model([vector(g, "att.in_proj_bias", made)]))
    assert [*found] == ["att.in_proj_weight"]


def test_two_products_of_one_module_are_told_apart(tmp_path):
    g = Graph()
    for number in range(2):
        g.add("MatMul", "x", g.weight(8, f"onnx::MatMul_{number}", seed=number))
        named(g, f"/enc/MatMul{'_1' * number}")
    found = saved(tmp_path / "m.onnx", g.model([n.output[0] for n in g.nodes]))
    assert [*found] == ["enc.weight", "enc.weight#2"]


@pytest.mark.parametrize("module", ["/rnn/LSTM", "['', 'rnn', 'lstm']"])
def test_a_cell_is_called_as_in_pytorch(tmp_path, module):
    g = Graph()
    for number, inputs in enumerate((3, 4)):
        g.initializers += [
            numpy_helper.from_array(f32(2, 8, width, seed=number), f"val_{number}{width}")
            for width in (inputs, 2)
        ]
        names = [f"val_{number}{inputs}", f"val_{number}2"]
        g.nodes.append(
            node("LSTM", ["x", *names], [f"y{number}"], hidden_size=2, direction="bidirectional")
        )
        suffix = "_1" * number if module.startswith("/") else ""
        named(g, *((module + suffix, "") if module.startswith("/") else ("", module)))
    found = saved(tmp_path / "m.onnx", g.model(["y0", "y1"]))
    assert [*found] == [
        f"rnn.weight_{kind}h_l{number}{reverse}[{gate}]"
        for number in range(2)
        for kind in "ih"
        for reverse in ("", "_reverse")
        for gate in "iofg"
    ]


def test_a_tied_embedding_is_called_by_its_module(tmp_path):
    g = Graph()
    g.initializers.append(numpy_helper.from_array(f32(9, 4), "lm_head.weight"))
    g.add("Gather", "lm_head.weight", g.add("Cast", "x", to=7), axis=0)
    made = named(g, "node_embedding", "['', 'model', 'model.embed', 'embedding']")
    classes = "['a.Net', 'a.Model', 'torch.nn.modules.sparse.Embedding', 'aten.embedding.default']"
    g.nodes[-1].metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=classes)
    assert [*saved(tmp_path / "m.onnx", g.model([made]))] == ["model.embed"]


MADE_UP = [
    *("onnx::MatMul_303", "onnx::LSTM_9", "val_39", "_val_3", "1234", "t", "t_4", "permute_2"),
    *("/enc/Transpose_output_0", "/fc/MatMul_output_0_weight", "lifted_tensor_0"),
]
GIVEN = [
    *("fc.weight", "w", "W1", "dense_1", "dense/kernel:0", "model.layers.0.linear_1.weight"),
    *("conv2d_3/Conv2D/ReadVariableOp:0", "embedding", "weight", "table.t_4", "linear_attn.w"),
]


@pytest.mark.parametrize("name", MADE_UP)
def test_names_that_exporters_make_up(name):
    assert is_made_up(name)


@pytest.mark.parametrize("name", GIVEN)
def test_names_of_a_network(name):
    assert not is_made_up(name)


@pytest.mark.parametrize("ending", ["_quantized", "_Transposed", "_Q4", "_DQ_Q4", "_Bnb4"])
def test_endings_of_tools_are_dropped(ending):
    for more in ("", "_quantized"):
        assert undecorated(f"a.weight{ending}{more}") == "a.weight"
    assert undecorated("_quantized") == "_quantized"


@pytest.mark.parametrize(
    "beginning", ["FusedBack_", "If_0_else_branch__Inline_0__", "F0::If_1_then_branch__Inline_2__"]
)
def test_beginnings_of_tools_are_dropped(beginning):
    assert undecorated(f"{beginning}a.weight") == "a.weight"
    assert undecorated("Inline.weight") == "Inline.weight"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("/net/Conv1/MatMul", "net.Conv1"),
        ("/block/MatMul_2", "block"),
        ("/a/GatedFusion/MatMul", "a.GatedFusion"),
        ("/enc/GRU_out/MatMul", "enc.GRU_out"),
        ("/MatMul_proj/MatMul", "MatMul_proj"),
        ("/fc/MatMul_DQ_Q4", "fc"),
        ("/layer/layer.0/MatMul", "layer.0"),
    ],
)
def test_only_the_last_step_of_a_path_is_the_operator(label, name):
    assert module_of(Call("MatMul", {}, [], [], [], label)) == name


def scaled_and_shifted(g):
    made = g.add("MatMul", "x", g.weight(8, "val_39"))
    return vector(g, "norm.bias", vector(g, "norm.weight", made, "Mul"))


def shifted_by_positions(g):
    return vector(g, "attn.pos_bias", g.add("MatMul", "x", g.weight(8, "val_39")))


@pytest.mark.parametrize("source", [scaled_and_shifted, shifted_by_positions])
def test_other_vectors_do_not_name_a_layer(tmp_path, source):
    g = Graph()
    assert "val_39" in saved(tmp_path / "m.onnx", g.model([source(g)]))


def test_a_given_name_is_kept_where_a_lookup_is_in_another_module(tmp_path):
    g = Graph()
    g.initializers.append(numpy_helper.from_array(f32(9, 4), "bert.word_embeddings.weight"))
    g.add("Gather", "bert.word_embeddings.weight", g.add("Cast", "x", to=7), axis=0)
    made = named(g, "", "['', 'model', 'lookup']")
    assert [*saved(tmp_path / "m.onnx", g.model([made]))] == ["bert.word_embeddings"]


@pytest.mark.parametrize("both", [True, False])
def test_weights_of_the_two_branches_of_an_if(tmp_path, both):
    """An inliner puts them before the names; only where they tell two apart they stay."""
    names = ["If_0_else_branch__Inline_0__fc.weight", "If_0_then_branch__Inline_1__fc.weight"]
    names = names if both else names[:1]
    tensors = [numpy_helper.from_array(f32(4, 3, seed=i), name) for i, name in enumerate(names)]
    nodes = [node("MatMul", ["x", name], [f"y{name}"]) for name in names]
    model = open_model(write_onnx(tmp_path / "m.onnx", graph(nodes, tensors)))
    expected = ["else_branch.fc", "then_branch.fc"] if both else ["fc"]
    assert [layer.name for layer in spectra.layers(model)] == expected
    for name in expected:
        chosen = by_name(model, include=[name])
        assert [layer.name for layer in spectra.layers(chosen)] == [name]
