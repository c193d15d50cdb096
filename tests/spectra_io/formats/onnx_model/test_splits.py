"""Products whose result is split into q, k and v, against the q, k and v of onnxruntime."""

import itertools

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

from spectra_io.formats.onnx_model.graph import fates
from tests.builders import f32
from tests.spectra_io.formats.onnx_model.growing import (
    HEADS,
    INPUTS,
    SIZE,
    TOKENS,
    WIDTH,
    Graph,
    node,
    saved,
)


def split(g):
    return [
        g.heads(one)
        for one in g.add("Split", g.product(3 * WIDTH), count=3, axis=-1, num_outputs=3)
    ]


def slices(g):
    p = g.product(3 * WIDTH)
    return [g.heads(g.part(p, i * WIDTH, (i + 1) * WIDTH)) for i in range(3)]


def slices_with_computed_ends(g):
    p = g.product(3 * WIDTH)
    whole = g.add("Gather", g.add("Shape", p), g.constant([-1]), axis=0)
    third = g.add("Div", g.add("Add", whole, g.constant([2])), g.constant([3]))
    ends = [g.add("Mul", third, g.constant([i])) for i in range(4)]
    return [g.heads(g.add("Slice", p, ends[i], ends[i + 1], g.constant([2]))) for i in range(3)]


def reshaped_and_unbound(g):
    """As timm does: split along a first axis."""
    apart = g.reshape(g.product(3 * WIDTH), 0, 0, 3, HEADS, SIZE)
    moved = g.add("Transpose", apart, perm=[2, 0, 3, 1, 4])
    parts = g.add("Split", moved, count=3, axis=0, num_outputs=3)
    return [g.add("Squeeze", one, g.constant([0])) for one in parts]


def reshaped_and_gathered(g):
    apart = g.reshape(g.product(3 * WIDTH), 0, -1, 3, HEADS, SIZE)
    moved = g.add("Transpose", apart, perm=[2, 0, 3, 1, 4])
    return [g.pick(moved, i, 0) for i in range(3)]


def as_multihead_attention(g):
    """As nn.MultiheadAttention is exported, with a shape made of the shape of the product."""
    p = g.product(3 * WIDTH)
    shape = g.add("Shape", p)
    ahead = g.add("Slice", shape, g.constant([0]), g.add("Mod", g.constant([2]), g.constant([3])))
    wanted = g.add("Concat", ahead, g.constant([3, WIDTH]), axis=0)
    wider = g.add("Unsqueeze", g.add("Reshape", p, wanted), g.constant([0]))
    moved = g.add("Squeeze", g.add("Transpose", wider, perm=[3, 1, 2, 0, 4]), g.constant([3]))
    return [g.heads(g.pick(moved, i, 0)) for i in range(3)]


def by_head(g):
    """As GPT-NeoX: each head has its q, k and v."""
    apart = g.reshape(g.product(3 * WIDTH), 0, 0, HEADS, 3 * SIZE)
    moved = g.add("Transpose", apart, perm=[0, 2, 1, 3])
    return [g.part(moved, i * SIZE, (i + 1) * SIZE, 3) for i in range(3)]


def beside_open_lengths(g):
    """As transformers exports GPT-NeoX: the number of heads is -1, beside lengths that are open."""
    lengths = [g.pick(g.add("Shape", "x"), i, 0) for i in range(2)]
    ahead = [g.add("Unsqueeze", one, g.constant([0])) for one in lengths]
    wanted = g.add("Concat", *ahead, g.constant([-1, 3 * SIZE]), axis=0)
    moved = g.add("Transpose", g.add("Reshape", g.product(3 * WIDTH), wanted), perm=[0, 2, 1, 3])
    return g.add("Split", moved, count=3, axis=-1, num_outputs=3)


def after_open_lengths(g):
    """Rows of tokens get the axes of the input again, and the columns what is left."""
    made = g.add("MatMul", g.reshape("x", -1, INPUTS), g.weight(3 * WIDTH))
    lead = g.add("Slice", g.add("Shape", "x"), g.constant([0]), g.constant([2]))
    again = g.add("Reshape", made, g.add("Concat", lead, g.constant([3 * WIDTH]), axis=0))
    kept = g.add("Concat", lead, g.constant([3, HEADS, -1]), axis=0)
    moved = g.add("Transpose", g.add("Reshape", again, kept), perm=[2, 0, 3, 1, 4])
    return [g.pick(moved, i, 0) for i in range(3)]


def by_head_and_kind(g):
    """As BLOOM."""
    apart = g.reshape(g.product(3 * WIDTH), 0, 0, HEADS, 3, SIZE)
    parts = [g.pick(apart, i, 3) for i in range(3)]
    return [g.add("Transpose", one, perm=[0, 2, 1, 3]) for one in parts]


def in_groups(g):
    """As Falcon: two queries share a key and a value."""
    apart = g.reshape(g.product(WIDTH + WIDTH), 0, 0, HEADS // 2, 4, SIZE)
    q = g.heads(g.reshape(g.part(apart, 0, -2, 3), 0, 0, WIDTH))
    shape = g.constant([1, 1, 1, 2, 1])
    out = [q]
    for at in (-2, -1):
        one = g.part(apart, at, (1 << 62) if at == -1 else at + 1, 3)
        out.append(g.heads(g.reshape(g.add("Expand", one, shape), 0, 0, WIDTH)))
    return out


def of_fewer_keys(g):
    """As Phi-3: fewer keys than queries, by slices of unequal length."""
    p, few = g.product(WIDTH + 2 * SIZE), SIZE
    q = g.heads(g.part(p, 0, WIDTH))
    keys = [g.heads(g.part(p, WIDTH + i * few, WIDTH + (i + 1) * few), 1) for i in range(2)]
    return [q, *keys]


def of_rows(g):
    """As GPT-2: a Gemm of rows, then the axes again."""
    rows = g.reshape("x", -1, INPUTS)
    made = g.add("Gemm", rows, g.weight(3 * WIDTH), g.constant(np.ones(3 * WIDTH), np.float32))
    lead = g.add("Slice", g.add("Shape", "x"), g.constant([0]), g.constant([2]))
    again = g.add("Reshape", made, g.add("Concat", lead, g.constant([3 * WIDTH]), axis=0))
    return [g.heads(one) for one in g.add("Split", again, count=3, axis=2, num_outputs=3)]


def in_a_function(g):
    """Split in a local function what is made outside."""
    inner = [
        node("Split", ["p"], ["a", "b", "c"], axis=-1, num_outputs=3),
        *(node("Identity", [one], [one * 2]) for one in "abc"),
    ]
    imports = [helper.make_opsetid("", 21)]
    g.functions.append(
        helper.make_function("own", "Apart", ["p"], ["aa", "bb", "cc"], inner, imports)
    )
    names = [f"apart_{i}" for i in range(3)]
    g.nodes.append(node("Apart", [g.product(3 * WIDTH)], names, domain="own"))
    return [g.heads(one) for one in names]


def turned(g):
    """Apply a rotary embedding to a part of each head."""
    q, k, v = by_head(g)
    out = []
    for one in (q, k):
        turned, rest = g.part(one, 0, 4), g.part(one, 4, SIZE)
        a, b = g.part(turned, 0, 2), g.part(turned, 2, 4)
        swapped = g.add("Concat", g.add("Neg", b), a, axis=-1)
        cos, sin = (g.constant([[0.5] * 4] * TOKENS, np.float32) for _ in range(2))
        sums = g.add("Add", g.add("Mul", turned, cos), g.add("Mul", swapped, sin))
        out.append(g.add("Concat", sums, rest, axis=-1))
    return [*out, v]


def cached(g):
    """Keys and values that are joined with those of before, and both are results too."""
    q, k, v = split(g)
    past = [g.constant(np.ones((2, HEADS, 3, SIZE)), np.float32) for _ in range(2)]
    return [q, *(g.add("Concat", a, b, axis=2) for a, b in zip(past, (k, v), strict=True))]


def of_integers(g):
    """Weights of eight bits, dequantized before the product."""
    q = np.random.default_rng(0).integers(-9, 9, (INPUTS, 3 * WIDTH)).astype(np.int8)
    g.initializers.append(numpy_helper.from_array(q, "w"))
    real = g.add("DequantizeLinear", "w", g.constant(0.5, np.float32))
    made = g.add("MatMul", "x", real)
    return [g.heads(one) for one in g.add("Split", made, count=3, axis=-1, num_outputs=3)]


def out_of_a_sequence(g):
    """As tensor_split of the old exporter."""
    parts = g.add("SplitToSequence", g.product(3 * WIDTH), g.constant([WIDTH] * 3), axis=-1)
    return [g.heads(g.add("SequenceAt", parts, g.constant(i))) for i in (0, -2, 2)]


WAYS = [
    *(split, slices, slices_with_computed_ends, reshaped_and_unbound, reshaped_and_gathered),
    *(as_multihead_attention, by_head, by_head_and_kind, in_groups, of_fewer_keys, of_rows),
    *(in_a_function, turned, cached, of_integers, out_of_a_sequence),
    *(beside_open_lengths, after_open_lengths),
]


@pytest.mark.parametrize("way", WAYS)
def test_q_k_and_v_are_layers_however_the_product_is_split(tmp_path, way):
    g = Graph()
    q, k, v = way(g)
    g.attend(q, k, v)
    kinds = dict(zip("qkv", (q, k, v), strict=True))
    if way is turned:  # compare before the embedding
        kinds = dict(
            zip("qkv", [n.output[0] for n in g.nodes if n.op_type == "Slice"], strict=False)
        )
    if way is cached:
        joined = [n.input[1] for n in g.nodes if n.op_type == "Concat"]
        kinds |= dict(zip("kv", joined, strict=True))
    model = g.model([*kinds.values(), g.nodes[-1].output[0]])
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = f32(2, TOKENS, INPUTS, seed=3)
    real = dict(zip("qkv", session.run(None, {"x": x}), strict=False))
    zero = dict(zip("qkv", session.run(None, {"x": 0 * x}), strict=False))  # the bias
    found = saved(tmp_path / "m.onnx", g.model([g.nodes[-1].output[0]]))
    assert [*found] == [f"w[{kind}]" for kind in "qkv"]
    for kind in "qkv":
        by_token = np.moveaxis(real[kind] - zero[kind], -2, 1).reshape(2, TOKENS, -1)
        columns = x @ found[f"w[{kind}]"].matrices()[0].T
        if way is in_groups and kind != "q":  # each of them is used twice
            columns = np.repeat(columns, 2, axis=-1)
        np.testing.assert_allclose(np.sort(columns), np.sort(by_token), atol=1e-4)


def test_rows_that_get_two_axes_of_known_length(tmp_path):
    """As an optimizer writes GPT-NeoX, with the number of heads as -1."""
    g = Graph()
    made = g.add("MatMul", g.reshape("x", 2 * TOKENS, INPUTS), g.weight(3 * WIDTH))
    moved = g.add("Transpose", g.reshape(made, 2, TOKENS, -1, 3 * SIZE), perm=[0, 2, 1, 3])
    out = g.attend(*g.add("Split", moved, count=3, axis=-1, num_outputs=3))
    found = saved(tmp_path / "m.onnx", g.model([out]))
    assert [*found] == ["w[q]", "w[k]", "w[v]"]
    by_head = f32(INPUTS, 3 * WIDTH).T.reshape(HEADS, 3, SIZE, INPUTS)
    for i, one in enumerate(found.values()):
        np.testing.assert_array_equal(one.matrices()[0], by_head[:, i].reshape(WIDTH, INPUTS))


def positions_of(g, count):
    """Return (1, length) numbers counted from 0, and the table that they look up."""
    length = g.pick(g.add("Shape", "x"), 1, 0)
    numbers = g.add("Range", g.constant(0), length, g.constant(1))
    table = g.constant(f32(count, INPUTS, seed=9), np.float32)
    return g.add("Gather", table, g.add("Unsqueeze", numbers, g.constant([0])))


def test_columns_are_known_behind_positions_that_the_graph_counts(tmp_path):
    """As GPT-BigCode: without the number of axes of Range nothing behind it is known."""
    g = Graph()
    x = g.add("Add", "x", positions_of(g, 16))
    made = g.add("MatMul", x, g.weight(WIDTH + 2 * SIZE))
    apart = g.add("Unsqueeze", made, g.constant([1]))
    q, k, v = g.add("Split", apart, g.constant([WIDTH, SIZE, SIZE]), count=3, axis=3)
    length = g.add("Slice", g.add("Shape", q), g.constant([2]), g.constant([3]))
    wanted = g.add("Concat", g.constant([2]), length, g.constant([-1, SIZE]), axis=0)
    heads = g.add("Transpose", g.add("Reshape", q, wanted), perm=[0, 2, 1, 3])
    out = g.attend(heads, k, v)
    names = [*saved(tmp_path / "m.onnx", g.model([out]))]
    assert names[1:] == ["w[q]", "w[k]", "w[v]"]


def test_rounded_activations_keep_the_axes_of_what_follows(tmp_path):
    """The scale of DynamicQuantizeLinear is one number, so a product times it has its axes."""
    g = Graph()
    rounded, scale, zero = g.add("DynamicQuantizeLinear", "x", count=3)
    q = np.random.default_rng(0).integers(-9, 9, (INPUTS, 2 * WIDTH)).astype(np.int8)
    g.initializers.append(numpy_helper.from_array(q, "w"))
    made = g.add("Cast", g.add("MatMulInteger", rounded, "w", zero), to=1)
    factor = g.add("Mul", scale, g.constant(0.5, np.float32))
    one, other = g.add("Split", g.add("Mul", made, factor), count=2, axis=2, num_outputs=2)
    out = g.add("Mul", silu(g, one), other)
    assert [*saved(tmp_path / "m.onnx", g.model([out]))] == ["w[gate]", "w[up]"]


def attend_to(g, q, k, v):
    """Return the attention of queries to the keys of another input."""
    return g.attend(*(g.heads(one) for one in (q, k, v)))


@pytest.mark.parametrize("packed", [False, True])
def test_a_weight_that_is_cut_before_three_products(tmp_path, packed):
    """As the cross-attention of nn.MultiheadAttention, with bounds made of the input's shape."""
    g = Graph()
    W = f32(3 * WIDTH, INPUTS)
    g.initializers.append(numpy_helper.from_array(W, "att.in_proj_weight"))
    size = g.add("Slice", g.add("Shape", "x"), g.constant([2]), g.constant([3]))  # 10 of them
    width = g.add("Add", size, g.constant([WIDTH - INPUTS]))
    ends = [g.add("Mul", width, g.constant([i])) for i in range(4)]
    runs = [(0, 1), (1, 3)] if packed else [(0, 1), (1, 2), (2, 3)]
    made = []
    for a, b in runs:
        part = g.add("Slice", "att.in_proj_weight", ends[a], ends[b], g.constant([0]))
        made.append(g.add("MatMul", "x", g.add("Transpose", part, perm=[1, 0])))
    if packed:
        made[1:] = g.add("Split", made[1], count=2, axis=-1, num_outputs=2)
    found = saved(tmp_path / "m.onnx", g.model([attend_to(g, *made)]))
    assert [*found] == [f"att.in_proj_weight[{kind}]" for kind in "qkv"]
    for one, rows in zip(found.values(), np.split(W, 3), strict=True):
        np.testing.assert_array_equal(one.matrices()[0], rows)


def test_a_query_that_is_repeated_for_each_row_of_the_batch(tmp_path):
    """As the pooling head of SigLIP: the width of what Tile and Expand make is that of before."""
    g = Graph()
    W = f32(2 * WIDTH, INPUTS)
    g.initializers.append(numpy_helper.from_array(W, "w"))
    batch = g.add("Slice", g.add("Shape", "x"), g.constant([0]), g.constant([1]))
    shape = g.add("Concat", batch, g.constant([1, 1]), axis=0)
    ones = numpy_helper.from_array(np.array([1]))
    same = g.add("ConstantOfShape", g.add("Shape", shape), value=ones)
    probe = g.add("Expand", g.constant(f32(1, 1, INPUTS, seed=5), np.float32), same)
    many = g.add("Tile", probe, shape)
    size = g.add("Slice", g.add("Shape", many), g.constant([-1]), g.constant([1 << 62]))
    width = g.add("Add", size, g.constant([WIDTH - INPUTS]))
    parts = []
    for start, end in ((g.constant([0]), width), (width, g.add("Mul", width, g.constant([2])))):
        part = g.add("Slice", "w", start, end, g.constant([0]))
        parts.append(g.add("MatMul", "x", g.add("Transpose", part, perm=[1, 0])))
    out = g.add("Mul", silu(g, parts[0]), parts[1])
    found = saved(tmp_path / "m.onnx", g.model([out, many]))
    assert [*found] == ["w[0:24]", "w[24:48]"]
    for one, rows in zip(found.values(), np.split(W, 2), strict=True):
        np.testing.assert_array_equal(one.matrices()[0], rows)


def test_a_soft_choice_is_no_attention(tmp_path):
    """A router has no queries and keys, so what it mixes are no values."""
    g = Graph()
    g.initializers.append(numpy_helper.from_array(f32(2 * TOKENS, INPUTS), "w"))
    parts = [g.add("Slice", "w", *map(g.constant, ends)) for ends in (([0], [5]), ([5], [10]))]
    one, other = (g.add("MatMul", "x", g.add("Transpose", p, perm=[1, 0])) for p in parts)
    soft = g.add("Softmax", g.add("MatMul", "x", g.weight(TOKENS, "router")), axis=-1)
    out = g.add("Add", g.add("MatMul", soft, one), other)
    found = saved(tmp_path / "m.onnx", g.model([out]))
    assert [*found][:2] == ["w[0:5]", "w[5:10]"]


def test_what_an_attention_multiplies_by_its_own_weights_is_no_query(tmp_path):
    g = Graph()
    g.initializers.append(numpy_helper.from_array(f32(2 * WIDTH, INPUTS), "w"))
    parts = [g.add("Slice", "w", *map(g.constant, ends)) for ends in (([0], [24]), ([24], [48]))]
    one, other = (g.add("MatMul", "x", g.add("Transpose", p, perm=[1, 0])) for p in parts)
    g.initializers.append(numpy_helper.from_array(f32(WIDTH, 3 * WIDTH), "W"))
    bias = g.constant(np.zeros(3 * WIDTH), np.float32)
    out = g.add("Attention", one, "W", bias, num_heads=HEADS, domain="com.microsoft")
    found = saved(tmp_path / "m.onnx", g.model([g.add("Add", out, other)]))
    assert [*found] == ["w[0:24]", "w[24:48]", "W[q]", "W[k]", "W[v]"]


@pytest.mark.parametrize("is_attention", [True, False])
def test_three_products_of_one_module_without_names(tmp_path, is_attention):
    g = Graph()
    made = []
    for i in range(3):
        made.append(g.add("MatMul", "x", g.weight(WIDTH, f"onnx::MatMul_{i}", seed=i)))
        g.nodes[-1].name = f"/att/MatMul_{i}"
    out = attend_to(g, *made) if is_attention else g.add("Sum", *made)
    labels = ["[q]", "[k]", "[v]"] if is_attention else ["", "#2", "#3"]
    found = saved(tmp_path / "m.onnx", g.model([out]))
    assert [*found] == [f"att.weight{label}" for label in labels]
    for i, one in enumerate(found.values()):
        np.testing.assert_array_equal(one.matrices()[0], f32(INPUTS, WIDTH, seed=i).T)


def silu(g, one):
    return g.add("Mul", one, g.add("Sigmoid", one))


def gelu(g, one):
    inner = g.add("Erf", g.add("Div", one, g.constant(1.4142135, np.float32)))
    grown = g.add("Mul", one, g.add("Add", inner, g.constant(1.0, np.float32)))
    return g.add("Mul", grown, g.constant(0.5, np.float32))


@pytest.mark.parametrize("order", ["gate up", "up gate"])
@pytest.mark.parametrize("activation", [silu, gelu, lambda g, one: g.add("Sigmoid", one)])
def test_the_half_with_an_activation_is_the_gate(tmp_path, activation, order):
    g = Graph()
    halves = g.add("Split", g.product(2 * WIDTH), count=2, axis=-1, num_outputs=2)
    one, other = halves if order == "gate up" else halves[::-1]
    g.add("Mul", activation(g, one), other)
    found = saved(tmp_path / "m.onnx", g.model([g.nodes[-1].output[0]]))
    assert [*found] == [f"w[{label}]" for label in order.split()]
    W = f32(INPUTS, 2 * WIDTH).T
    np.testing.assert_array_equal(found["w[" + order.split()[0] + "]"].matrices()[0], W[:WIDTH])


@pytest.mark.parametrize("packed", ["GroupQueryAttention", "MultiHeadAttention"])
def test_an_operator_of_attention_may_take_q_k_and_v_as_one(tmp_path, packed):
    g, columns = Graph(), 3 * WIDTH
    p = g.add("MatMul", "x", g.weight(columns))
    index = list(np.arange(columns).reshape(HEADS, 3, SIZE).swapaxes(0, 1).reshape(3, -1))
    if packed == "GroupQueryAttention":
        index = np.split(np.arange(columns), [2 * WIDTH, 2 * WIDTH + WIDTH // 2])
        out = g.add(packed, p, "", "", num_heads=8, kv_num_heads=2, domain="com.microsoft")
    else:
        p = g.reshape(p, 0, 0, HEADS, 3, SIZE)
        out = g.add(packed, p, num_heads=HEADS, domain="com.microsoft")
    found = saved(tmp_path / "m.onnx", g.model([out]))
    assert [*found] == ["w[q]", "w[k]", "w[v]"]
    for one, rows in zip(found.values(), index, strict=True):
        np.testing.assert_array_equal(one.matrices()[0], f32(INPUTS, columns).T[np.sort(rows)])


def whole_and_parts(g):
    p = g.product(2 * WIDTH)
    flipped = g.add("Transpose", p, perm=[0, 2, 1])
    return g.add("Mul", g.part(p, 0, WIDTH), g.part(p, WIDTH, 2 * WIDTH)), g.add(
        "MatMul", flipped, p
    )


def halves_of_a_query(g):
    """Rotary embedding by pairs: no operator uses the query as a whole."""
    q = g.product(WIDTH)
    a, b = g.part(q, 0, WIDTH // 2), g.part(q, WIDTH // 2, WIDTH)
    half = g.constant(0.5, np.float32)
    return (g.add("Sub", g.add("Mul", a, half), g.add("Mul", b, half)),)


def a_part_of_the_tokens(g):
    return g.add("Relu", g.part(g.product(WIDTH), 0, 2, 1)), g.part("x", 0, 1, 1)


def unknown_ends(g):
    p = g.product(WIDTH)
    end = g.add("Gather", g.add("Shape", "x"), g.constant([1]), axis=0)
    return tuple(
        g.add("Relu", g.add("Slice", p, a, b, g.constant([2])))
        for a, b in ((g.constant([0]), end), (end, g.constant([1 << 40])))
    )


def the_same_columns_twice(g):
    p = g.product(WIDTH)
    return g.add("Relu", g.part(p, 0, 16)), g.add("Relu", g.part(p, 8, WIDTH))


def only_some_columns(g):
    return (g.add("Relu", g.part(g.product(WIDTH), 0, 8)),)


@pytest.mark.parametrize(
    "way",
    [
        *(whole_and_parts, halves_of_a_query, a_part_of_the_tokens, unknown_ends),
        *(the_same_columns_twice, only_some_columns),
    ],
)
def test_a_product_that_is_used_as_a_whole_is_one_layer(tmp_path, way):
    g = Graph()
    outputs = way(g)
    assert [*saved(tmp_path / "m.onnx", g.model(outputs))] == ["w"]


def linear_attention(g):
    """Without a Softmax, (V K^T) Q says nothing of which is which."""
    q, k, v = split(g)
    return g.add("MatMul", g.add("MatMul", g.add("Transpose", v, perm=[0, 1, 3, 2]), k), q)


def softmax_over_queries(g):
    q, k, v = split(g)
    scores = g.add("MatMul", k, g.add("Transpose", q, perm=[0, 1, 3, 2]))
    turned = g.add("Transpose", g.add("Softmax", scores, axis=-2), perm=[0, 1, 3, 2])
    return g.add("MatMul", turned, v)


def keys_on_the_left(g):
    """Turn the scores of keys and queries before the Softmax."""
    q, k, v = split(g)
    scores = g.add("MatMul", k, g.add("Transpose", q, perm=[0, 1, 3, 2]))
    turned = g.add("Transpose", scores, perm=[0, 1, 3, 2])
    return g.add("MatMul", g.add("Softmax", turned, axis=-1), v)


def slots(g):
    """Let the queries compete for each key, and sum over the keys all the same."""
    q, k, v = split(g)
    scores = g.add("MatMul", k, g.add("Transpose", q, perm=[0, 1, 3, 2]))
    soft = g.add("Softmax", scores, axis=-1)
    return g.add("FusedMatMul", soft, v, transA=1, domain="com.microsoft")


def slots_by_einsum(g):
    q, k, v = split(g)
    scores = g.add("Einsum", k, q, equation="bhkd,bhqd->bhkq")
    soft = g.add("Softmax", scores, axis=-1)
    return g.add("Einsum", soft, v, equation="bhkq,bhkd->bhqd")


@pytest.mark.parametrize(
    "way", [linear_attention, softmax_over_queries, keys_on_the_left, slots, slots_by_einsum]
)
def test_other_kinds_of_attention_get_numbers(tmp_path, way):
    g = Graph()
    assert [*saved(tmp_path / "m.onnx", g.model([way(g)]))] == ["w[0]", "w[1]", "w[2]"]


def stacked_frames(g):
    """Lay two tokens side by side: the last slice holds all columns of the second."""
    p = g.product(WIDTH)
    shape = g.add("Shape", p)
    half = g.add("Div", g.add("Slice", shape, g.constant([1]), g.constant([2])), g.constant([2]))
    first = g.add("Slice", shape, g.constant([0]), g.constant([1]))
    wider = g.add("Reshape", p, g.add("Concat", first, half, g.constant([-1]), axis=0))
    ends = (0, 8, WIDTH, 2 * WIDTH)
    return [g.add("Relu", g.part(wider, a, b)) for a, b in itertools.pairwise(ends)]


def ends_computed_in_floats(g):
    """Round 20 / 3 * 2 down to 13, and not 6 * 2."""
    p = g.product(20)
    whole = g.add("Gather", g.add("Shape", p), g.constant([-1]), axis=0)
    third = g.add("Div", g.add("Cast", whole, to=1), g.constant([3], np.float32))
    end = g.add("Cast", g.add("Mul", third, g.constant([2], np.float32)), to=7)
    last = g.constant([1 << 40])
    parts = (g.constant([0]), end), (end, last)
    return [g.add("Relu", g.add("Slice", p, a, b, g.constant([2]))) for a, b in parts]


def beside_another_length(g):
    """Give a third axis what another number of tokens leaves: not only columns."""
    other = g.add("Gather", g.add("Shape", g.add("NonZero", "x")), g.constant([1]), axis=0)
    first = g.add("Slice", g.add("Shape", "x"), g.constant([0]), g.constant([1]))
    wanted = g.add("Concat", first, other, g.constant([-1, 8]), axis=0)
    wider = g.add("Reshape", g.product(WIDTH), wanted)
    return [g.add("Relu", g.part(wider, 4 * i, 4 * i + 4)) for i in range(2)]


def with_one_length_twice(g):
    """Give a third axis more than the columns, of which the second takes none."""
    shape = g.add("Shape", "x")
    ends = [g.add("Slice", shape, g.constant([i]), g.constant([i + 1])) for i in (1, 1)]
    wider = g.add("Reshape", g.product(WIDTH), g.add("Concat", *ends, g.constant([-1, 8]), axis=0))
    return [g.add("Relu", g.part(wider, 4 * i, 4 * i + 4)) for i in range(2)]


@pytest.mark.parametrize(
    "way",
    [stacked_frames, ends_computed_in_floats, beside_another_length, with_one_length_twice],
)
def test_a_length_that_is_not_known_splits_nothing(tmp_path, way):
    g = Graph()
    assert [*saved(tmp_path / "m.onnx", g.model(way(g)))] == ["w"]


def many_axes(g):
    value = g.product(WIDTH)
    for _ in range(70):
        value = g.add("Unsqueeze", value, g.constant([0]))
    return value


def gathers_that_add_axes(g):
    value = g.product(WIDTH)
    for _ in range(5):
        value = g.add("Gather", value, g.constant(np.zeros((1,) * 20)), axis=0)
    return value


def a_cycle(g):
    value = g.product(WIDTH)
    g.nodes.append(node("Unsqueeze", [value, g.constant([0])], [value]))
    return value


@pytest.mark.parametrize("way", [many_axes, gathers_that_add_axes, a_cycle])
def test_more_axes_than_an_array_can_have_are_not_followed(tmp_path, way):
    g = Graph()
    assert [*saved(tmp_path / "m.onnx", g.model([way(g)]))] == ["w"]


def test_steps_are_counted_for_all_products_together(tmp_path, monkeypatch):
    g = Graph()
    halves = []
    for number in range(9):
        made = g.add("MatMul", "x", g.weight(8, f"w{number}", seed=number))
        halves += [g.add("Relu", g.part(made, 0, 4)), g.add("Relu", g.part(made, 4, 8))]
    monkeypatch.setattr(fates, "_MAX_ALL_STEPS", 30)
    found = saved(tmp_path / "m.onnx", g.model(halves))
    assert 9 < len(found) < 18  # the first ones are split
