"""What the names of tensors and a configuration say together, against slices taken by hand."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models import structure
from spectra.models.structure._copies import without_copies
from spectra.results.left_out import left_out_line
from tests.builders import f32

QUANTIZED = {
    "fc.qweight": np.ones((2, 8), np.int32),
    "fc.qzeros": np.zeros((2, 1), np.int32),
    "fc.scales": np.ones((2, 8), np.float16),
}


def taken(arrays, config=None):
    """Return the matrices of every layer by name; what is interpreted twice is as once."""
    once = structure.interpret(
        {n: spectra.models.arrays.from_array(n, a) for n, a in arrays.items()}, config or {}
    )
    model = structure.interpret(once, config or {})
    return {x.name: x.matrices()[0] for x in spectra.layers(model) if x.taken}


def reasons(arrays, config=None):
    model = structure.interpret(spectra.from_arrays(arrays), config or {})
    return {x.tensor.name: x.reason for x in spectra.layers(model) if not x.taken}


def same(found, expected):
    assert list(found) == list(expected)
    for name, matrix in expected.items():
        np.testing.assert_array_equal(found[name], matrix)


GATES = {"ifgo": 4, "rzn": 3}


@pytest.mark.parametrize(("gates", "count"), GATES.items())
@pytest.mark.parametrize(
    "names", ["r.weight_{}_l0", "r.weight_{}_l1_reverse", "cell.weight_{}", "e_w_{}"]
)
def test_gates_of_pytorch(gates, count, names):
    W, R = f32(count * 4, 5), f32(count * 4, 4, seed=1)
    expected = {}
    for kind, array in (("ih", W), ("hh", R)):
        for g, gate in enumerate(gates):
            expected[f"{names.format(kind)}[{gate}]"] = array[4 * g : 4 * g + 4]
    same(taken({names.format("ih"): W, names.format("hh"): R}), expected)


def test_a_plain_recurrent_layer_has_no_gates():
    W, R = f32(4, 5), f32(4, 4, seed=1)
    same(
        taken({"r.weight_ih_l0": W, "r.weight_hh_l0": R}),
        {"r.weight_ih_l0": W, "r.weight_hh_l0": R},
    )


def test_gates_of_a_projected_layer():
    """The state has fewer columns than a gate has rows; the projection says how many these are."""
    arrays = {"weight_ih_l0": f32(16, 5), "weight_hh_l0": f32(16, 2), "weight_hr_l0": f32(2, 4)}
    found = taken(arrays)
    np.testing.assert_array_equal(found["weight_hh_l0[g]"], arrays["weight_hh_l0"][8:12])
    np.testing.assert_array_equal(found["weight_hr_l0"], arrays["weight_hr_l0"])


@pytest.mark.parametrize("partner", [None, (16, 5), (15, 4), (0, 0), (16, 0), (12, 4)])
def test_gates_that_are_not_known_are_left_together(partner):
    arrays = {"r.weight_ih_l0": f32(16, 5)}
    if partner is not None:
        arrays["r.weight_hh_l0"] = f32(*partner)
    model = structure.interpret(spectra.from_arrays(arrays))
    first = spectra.layers(model)[0]
    assert (first.name, first.tensor.note) == ("r.weight_ih_l0", "gates left together: not known")


@pytest.mark.parametrize(("gates", "count"), {"ifco": 4, "zrh": 3}.items())
def test_gates_of_keras(gates, count):
    W, R = f32(5, count * 4), f32(4, count * 4, seed=1)
    expected = {}
    for name, array in (("lstm/kernel:0", W), ("lstm/recurrent_kernel:0", R)):
        for g, gate in enumerate(gates):
            expected[f"{name}[{gate}]"] = array[:, 4 * g : 4 * g + 4].T
    same(taken({"lstm/kernel:0": W, "lstm/recurrent_kernel:0": R}), expected)


def test_a_dense_kernel_has_no_gates():
    same(taken({"dense/kernel:0": f32(5, 16)}), {"dense/kernel:0": f32(5, 16).T})


@pytest.mark.parametrize("directions", [1, 2])
def test_gates_of_onnx(directions):
    W, R = f32(directions, 16, 5), f32(directions, 16, 4, seed=1)
    found = taken({"lstm_4_W": W, "lstm_4_R": R})
    assert len(found) == 8 * directions
    last = "lstm_4_W[reverse.c]" if directions == 2 else "lstm_4_W[c]"
    np.testing.assert_array_equal(found[last], W[-1, 12:])


def heads_of(W, which, size):
    """Collect the rows of heads one after the other."""
    return np.concatenate([W[h * size : (h + 1) * size] for h in which])


PLAIN: dict[str, Any] = {"hidden_size": 12, "num_attention_heads": 6}
GROUPED: dict[str, Any] = {**PLAIN, "num_key_value_heads": 2}
NEOX = {"q": range(0, 18, 3), "k": range(1, 18, 3), "v": range(2, 18, 3)}
ROWS = {"q": range(6), "k": range(6, 12), "v": range(12, 18)}
FEWER = {"q": range(6), "k": range(6, 8), "v": range(8, 10)}
IN_GROUPS = {"q": [0, 1, 2, 5, 6, 7], "k": [3, 8], "v": [4, 9]}
ONE_KEY = {"q": range(6), "k": [6], "v": [7]}
FUSED = {
    "phi": ("qkv_proj", PLAIN, ROWS),
    "phi with fewer keys": ("qkv_proj", GROUPED, FEWER),
    "inside a larger model": ("qkv_proj", {"text_config": GROUPED}, FEWER),
    "heads of a size of their own": (
        "qkv_proj",
        {**GROUPED, "hidden_size": 999, "head_dim": 2},
        FEWER,
    ),
    "mpt": ("Wqkv", {"d_model": 12, "n_heads": 6}, ROWS),
    "dbrx": ("Wqkv", {"d_model": 12, "n_heads": 6, "attn_config": {"kv_n_heads": 2}}, FEWER),
    "neox": ("query_key_value", PLAIN, NEOX),
    "bloom": ("query_key_value", {"n_embd": 12, "n_head": 6}, NEOX),
    "falcon 7b": ("query_key_value", {**PLAIN, "multi_query": True}, ONE_KEY),
    "falcon 40b": (
        "query_key_value",
        {**PLAIN, "new_decoder_architecture": True, "num_kv_heads": 2, "multi_query": True},
        IN_GROUPS,
    ),
    "chatglm": (
        "query_key_value",
        {**PLAIN, "multi_query_attention": True, "multi_query_group_num": 2},
        FEWER,
    ),
    "internlm2": ("wqkv", {**GROUPED, "model_type": "internlm2"}, IN_GROUPS),
    "qwen": ("c_attn", PLAIN, ROWS),
    "vision": ("qkv", {}, ROWS),
    "torch": ("in_proj_weight", {}, ROWS),
}


@pytest.mark.parametrize(("module", "config", "heads"), FUSED.values(), ids=FUSED)
def test_queries_keys_and_values(module, config, heads):
    W = f32(2 * sum(map(len, heads.values())), 12)
    name = f"h.attn.{module}"
    found = taken({name if module == "in_proj_weight" else f"{name}.weight": W}, config)
    same(found, {f"{name}[{kind}]": heads_of(W, which, 2) for kind, which in heads.items()})


def test_gpt2_keeps_inputs_by_rows():
    W = f32(4, 12)
    expected = {f"h.c_attn[{k}]": W[:, 4 * i : 4 * i + 4].T for i, k in enumerate("qkv")}
    same(taken({"h.c_attn.weight": W}), expected)


def test_gate_and_up():
    W = f32(10, 4)
    found = taken({"mlp.gate_up_proj.weight": W}, {"intermediate_size": 5})
    same(found, {"mlp.gate_up_proj[gate]": W[:5], "mlp.gate_up_proj[up]": W[5:]})


@pytest.mark.parametrize("module", ["qkv_proj", "query_key_value", "Wqkv", "wqkv", "gate_up_proj"])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"hidden_size": 13, "num_attention_heads": 6},
        {"num_attention_heads": 0},
        {"n_head": "6"},
    ],
)
def test_what_no_configuration_splits_is_left_whole_and_says_so(module, config):
    W = f32(36, 12)
    model = structure.interpret(spectra.from_arrays({f"h.{module}.weight": W}), config)
    (layer,) = spectra.layers(model)
    np.testing.assert_array_equal(layer.matrices()[0], W)
    why = "the config does not say how" if config else "no config says how to split"
    assert f"left whole, {why}" in layer.tensor.note


def test_a_fused_projection_that_is_quantized_is_split_too():
    arrays = {"h.qkv_proj.weight": np.arange(72, dtype=np.int8).reshape(18, 4)}
    arrays["h.qkv_proj.weight_scale"] = np.full((18, 1), 0.5, np.float32)
    found = taken(arrays, {"hidden_size": 6, "num_attention_heads": 6, "head_dim": 1})
    np.testing.assert_array_equal(found["h.qkv_proj[k]"], arrays["h.qkv_proj.weight"][6:12] * 0.5)


UP, DOWN = f32(3, 8, 12), f32(3, 6, 8, seed=1)


def test_experts_of_llama():
    found = taken({"experts.gate_up_proj": UP, "experts.down_proj": DOWN})
    expected = {}
    for e in range(3):
        expected[f"experts.gate_up_proj[{e}.gate]"] = UP[e, :, :6].T
        expected[f"experts.gate_up_proj[{e}.up]"] = UP[e, :, 6:].T
    assert set(found) == {*expected, *(f"experts.down_proj[{e}]" for e in range(3))}
    same({name: found[name] for name in expected}, expected)


def test_experts_of_gpt_oss_take_turns():
    arrays = {"experts.gate_up_proj": UP, "experts.down_proj": DOWN}
    found = taken(arrays, {"model_type": "gpt_oss"})
    np.testing.assert_array_equal(found["experts.gate_up_proj[2.gate]"], UP[2, :, ::2].T)
    np.testing.assert_array_equal(found["experts.gate_up_proj[2.up]"], UP[2, :, 1::2].T)


def test_experts_of_qwen():
    up, down = f32(3, 12, 8), f32(3, 8, 6, seed=1)
    found = taken({"experts.gate_up_proj": up, "experts.down_proj": down})
    np.testing.assert_array_equal(found["experts.gate_up_proj[1.gate]"], up[1, :6])
    np.testing.assert_array_equal(found["experts.gate_up_proj[1.up]"], up[1, 6:])
    np.testing.assert_array_equal(found["experts.down_proj[1]"], down[1])


def test_experts_by_the_hidden_size():
    found = taken({"experts.gate_up_proj": UP}, {"hidden_size": 8})
    np.testing.assert_array_equal(found["experts.gate_up_proj[2.up]"], UP[2, :, 6:].T)


def test_experts_whose_halves_are_not_known_stay_together():
    found = taken({"experts.gate_up_proj": UP})
    assert list(found) == [f"experts.gate_up_proj[{e}]" for e in range(3)]
    note = spectra.from_arrays({"experts.gate_up_proj": UP})["experts.gate_up_proj"].note
    assert "gate and up together" in note


def test_experts_one_below_the_other():
    W = f32(12, 4)
    found = taken({"ffn.experts.mlp.w1": W}, {"ffn_config": {"moe_num_experts": 3}})
    same(found, {f"ffn.experts.mlp.w1[{e}]": W[4 * e : 4 * e + 4] for e in range(3)})


def test_experts_in_four_bits():
    blocks = np.random.default_rng(0).integers(0, 256, (2, 8, 3, 16)).astype(np.uint8)
    scales = np.full((2, 8, 3), 128, np.uint8)
    stem = "experts.gate_up_proj"
    found = taken({f"{stem}_blocks": blocks, f"{stem}_scales": scales})
    whole = spectra.models.quantization.mxfp4(blocks, scales)
    assert list(found) == [f"{stem}[{e}.{half}]" for e in range(2) for half in ("gate", "up")]
    np.testing.assert_array_equal(found[f"{stem}[1.up]"], whole[1, 1::2])


def test_scales_belong_to_what_they_scale():
    assert list(taken(QUANTIZED)) == ["fc"]
    notes = {"fc.qzeros": "zero points of fc.qweight", "fc.scales": "scale of fc.qweight"}
    assert reasons(QUANTIZED) == notes


def test_scales_are_counted_together():
    many: dict[str, Any] = {
        name.replace("fc", f"fc{i}"): np.array(array)
        for i in range(9)
        for name, array in QUANTIZED.items()
    }
    line = left_out_line(spectra.describe(many))
    assert line.endswith(": 18 x scale or factor of another weight")


@pytest.mark.parametrize("lost", ["fc.qzeros", "fc.scales"])
def test_quantized_weights_without_all_their_scales(lost):
    found = reasons({n: a for n, a in QUANTIZED.items() if n != lost})
    assert found["fc.qweight"] == "quantized (int32): its scales or zero points are missing"


def test_the_newer_format_of_gptq():
    (one,), (two,) = (
        taken(QUANTIZED, {"quantization_config": {"checkpoint_format": kind}}).values()
        for kind in ("gptq", "gptq_v2")
    )
    np.testing.assert_array_equal(two - one, np.ones((8, 16)))


def test_awq_is_known_by_its_shapes():
    arrays = {
        "fc.qweight": np.ones((16, 1), np.int32),
        "fc.qzeros": np.zeros((2, 1), np.int32),
        "fc.scales": np.ones((2, 8), np.float16),
    }
    assert taken(arrays)["fc"].shape == (8, 16)


def test_8_bit_floats_in_blocks():
    W, scale = f32(200, 130).astype(ml_dtypes.float8_e4m3fn), np.abs(f32(2, 2, seed=1))
    every = scale.repeat(128, axis=0).repeat(128, axis=1)[:200, :130]
    config = {"quantization_config": {"weight_block_size": [128, 128]}}
    for settings in ({}, config):
        found = taken({"fc.weight": W, "fc.weight_scale_inv": scale}, settings)
        np.testing.assert_array_equal(found["fc"], W.astype(np.float32) * every)


@pytest.mark.parametrize("more", [{}, {"fc.input_scale": np.float32(3.0)}])
def test_8_bit_floats_without_scales_are_left_out(more):
    W = f32(6, 4).astype(ml_dtypes.float8_e5m2)
    assert "without a scale beside them" in reasons({"fc.weight": W, **more})["fc.weight"]


def test_8_bit_floats_that_the_whole_model_is_stored_in_are_what_they_are():
    W, bias = (a.astype(ml_dtypes.float8_e5m2) for a in (f32(6, 4), f32(6)))
    np.testing.assert_array_equal(taken({"fc.weight": W, "fc.bias": bias})["fc"], W)
    for key in ("dtype", "torch_dtype"):
        np.testing.assert_array_equal(taken({"fc.weight": W}, {key: "float8_e5m2"})["fc"], W)
    scaled = {"fc.weight": W, "fc.bias": bias, "other.weight_scale": np.ones(3, np.float32)}
    assert "others of the model have scales" in reasons(scaled)["fc.weight"]


def test_what_bitsandbytes_packed_is_named():
    arrays = {"fc.weight": np.zeros((8, 1), np.uint8), "fc.weight.absmax": np.ones(1, np.float32)}
    reason = reasons(arrays)["fc.weight"]
    assert reason == (
        "quantized (uint8): packed by bitsandbytes, and a part of its state is missing"
    )


@pytest.mark.parametrize("where", ["", "text_config"])
def test_an_output_layer_that_is_tied_by_the_configuration(where):
    W = f32(8, 4)
    arrays = {"lm_head.weight": W, "model.embed_tokens.weight": W.copy()}
    config: dict[str, Any] = {"tie_word_embeddings": True}
    found = reasons(arrays, {where: config} if where else config)
    assert found == {"lm_head.weight": "the same numbers as model.embed_tokens.weight"}
    assert reasons(arrays, {"tie_word_embeddings": False}) == {}
    own = {**arrays, "lm_head.weight": f32(8, 4, seed=1)}
    assert reasons(own, {where: config} if where else config) == {}
    assert reasons(own, {"tie_word_embeddings": False, "text_config": config}) == {}


def test_one_table_under_four_names():
    W = f32(300, 64)
    names = ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"]
    arrays = {f"{name}.weight": W.copy() for name in names}
    arrays["decoder.embed_tokens.weight"][150, 3] += 1  # a single number in the middle
    found = reasons(arrays)
    assert found == {
        f"{name}.weight": "the same numbers as encoder.embed_tokens.weight"
        for name in ("shared", "lm_head")
    }


@pytest.mark.parametrize("value", [0.0, 1.5])
@pytest.mark.parametrize("place", [(0, 0), (150, 3), (299, 63)])
def test_constant_tables_are_no_copies_by_their_numbers_alone(value, place):
    W = np.full((300, 64), value, np.float32)
    arrays = {"embed_tokens.weight": W, "lm_head.weight": W.copy()}
    assert reasons(arrays) == {}
    turned = {**arrays, "lm_head.weight": np.ascontiguousarray(W.T).T}
    assert reasons(turned) == {}
    for array in arrays.values():
        array[place] += 1
    assert reasons(arrays) == {"lm_head.weight": "the same numbers as embed_tokens.weight"}


def test_constant_ends_of_a_model_that_is_not_local_tell_nothing():
    W = np.zeros((9000, 64), np.float32)
    W[4500] = 1
    model = spectra.from_arrays({"embed_tokens.weight": W, "lm_head.weight": W.copy()})
    assert without_copies(model)["lm_head.weight"].role == "tied"
    assert without_copies(model, whole=False)["lm_head.weight"].role != "tied"
    W[-1] = 2
    equal = spectra.from_arrays({"embed_tokens.weight": W, "lm_head.weight": W.copy()})
    assert without_copies(equal, whole=False)["lm_head.weight"].role == "tied"


def test_more_experts_than_any_model_has_are_left_together(monkeypatch):
    monkeypatch.setattr("spectra.models.structure._experts._MAX_TOTAL", 9)
    stack = f32(4, 6, 3)
    views = spectra.layers({"a.experts.down_proj": stack, "b.experts.down_proj": stack + 1})
    assert [view.taken for view in views] == 4 * [True] + [False]
    assert "experts left together: at most" in views[-1].tensor.note


def test_a_tensor_without_a_name_is_no_copy_of_others():
    assert reasons({"": f32(8, 4)}) == {}
    assert reasons({"": f32(8, 4), "a.weight": f32(8, 4)}) == {}


def test_the_same_numbers_twice_count_once():
    W = f32(8, 4)
    assert reasons({"a.weight": W, "b.weight": W}) == {"b.weight": "the same numbers as a.weight"}
    assert reasons({"a.weight": W, "b.weight": W.copy()}) == {}
    empty = np.zeros((0, 4))
    assert reasons({"a.weight": empty, "b.weight": empty}) == {}


KEYS = st.sampled_from(
    [
        "hidden_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "text_config",
        "quantization_config",
        "weight_block_size",
        "config_groups",
        "multi_query",
        "adapter",
        "tie_word_embeddings",
        "moe_num_experts",
        "intermediate_size",
        "lora_alpha",
        "alpha_pattern",
        "adapter",
        "rank_pattern",
        "target_parameters",
        "peft_type",
        "r",
        "use_dora",
        "checkpoint_format",
    ]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
STEMS = ["h.qkv_proj", "experts.gate_up_proj", "query_key_value", "lm_head", "wte", "l.lora_A"]
ENDINGS = [".weight", ".qweight", ".qzeros", ".scales", ".g_idx", "_blocks", "_scales", ""]
ENDINGS += [".weight_scale_inv", ".weight_packed", ".weight_scale", "_ih_l0", "_hh_l0", ".absmax"]
ENDINGS += [
    "/kernel",
    "/recurrent_kernel",
    "_W",
    "_R",
    ".lora_A.weight",
    ".lora_B.weight",
    ".alpha",
    ".lora_mid.weight",
    ".lora_E",
    ".lora_magnitude_vector",
    ".diff",
    ".lokr_w1",
    ".lokr_w1_a",
    ".lokr_w1_b",
    ".lokr_w2",
    ".lokr_t2",
    ".hada_w1_a",
    ".hada_w1_b",
    ".hada_w2_a",
    ".hada_w2_b",
    ".hada_t1",
    ".oft_R",
]
names = st.builds("{}{}".format, st.sampled_from([*STEMS, "lstm"]), st.sampled_from(ENDINGS))
arrays = st.builds(
    lambda shape, dtype: np.ones(shape, dtype),
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 8, 12, 16]), max_size=4),
    st.sampled_from(["float32", "int32", "uint8", "int8", "float16", "float8_e4m3fn"]),
)


@given(st.dictionaries(names, arrays, max_size=8), st.dictionaries(KEYS, anything, max_size=5))
def test_no_names_shapes_or_configuration_break_anything(drawn, config):
    model = structure.interpret(spectra.from_arrays(drawn), config)
    assert list(model) == list(drawn)
    ds = spectra.describe(model)
    accounted = (ds.tensor_layers > 0) | (ds.tensor_reason != "")
    assert bool(accounted.all())
    for layer in spectra.layers(model):
        if layer.taken:
            try:
                assert layer.matrices().shape[1:] in ((layer.N, layer.M), (layer.M, layer.N))
            except spectra.errors.ModelError:
                continue
