"""Fused projections: every part against the slices that the code of the models takes."""

import numpy as np
import pytest

import spectra
from spectra.models import structure
from tests.builders import f32


def parts(arrays, config=None):
    model = structure.interpret(spectra.from_arrays(arrays), config or {})
    return {x.name: x.matrices()[0] for x in spectra.layers(model) if x.taken}


def same(found, expected):
    assert {*found} == {*expected}
    for name, W in expected.items():
        np.testing.assert_array_equal(found[name], W, err_msg=name)


def test_codegen_has_four_parts_each_with_queries_values_and_keys():
    W = f32(96, 32)
    local = W.reshape(4, 3, 8, 32)  # mp_num, (query, value, key), local_dim
    expected = {f"h.attn.qkv_proj[{k}]": local[:, i].reshape(-1, 32) for i, k in enumerate("qvk")}
    same(parts({"h.attn.qkv_proj.weight": W}, {"model_type": "codegen"}), expected)


def test_gpt_bigcode_with_a_key_per_head():
    W, heads = f32(48, 16), 4
    by_head = W.reshape(heads, 3, 4, 16)
    expected = {f"h.c_attn[{k}]": by_head[:, i].reshape(-1, 16) for i, k in enumerate("qkv")}
    config = {"model_type": "gpt_bigcode", "n_head": heads, "n_embd": 16, "multi_query": False}
    same(parts({"h.c_attn.weight": W}, config), expected)


@pytest.mark.parametrize("name", ["W_pack", "att_proj", "qkv_layer", "to_qkv", "qkv", "w_qkv"])
@pytest.mark.parametrize("config", [{}, {"num_attention_heads": 4, "hidden_size": 16}])
def test_thirds_of_the_rows(name, config):
    W = f32(48, 16)
    expected = {f"a.{name}[{k}]": W[16 * i : 16 * i + 16] for i, k in enumerate("qkv")}
    same(parts({f"a.{name}.weight": W}, config), expected)


@pytest.mark.parametrize("name", ["W_pack", "qkv"])
def test_fewer_keys_than_queries(name):
    W, config = f32(32, 16), {"n_heads": 4, "num_kv_heads": 2, "hidden_size": 16}
    expected = {f"a.{name}[q]": W[:16], f"a.{name}[k]": W[16:24], f"a.{name}[v]": W[24:]}
    same(parts({f"a.{name}.weight": W}, config), expected)


def test_thirds_that_the_output_projection_shows():
    W, out = f32(96, 16), f32(32, 32)
    found = parts({"b.attn.qkv.weight": W, "b.attn.proj.weight": out}, {"model_type": "hiera"})
    expected = {f"b.attn.qkv[{k}]": W[32 * i : 32 * i + 32] for i, k in enumerate("qkv")}
    same(found, {**expected, "b.attn.proj": out})
    whole = parts({"b.attn.qkv.weight": W}, {"model_type": "hiera"})
    same(whole, {"b.attn.qkv": W})


def test_a_vision_tower_is_split_by_its_own_configuration():
    W = f32(36, 16)
    config = {
        "text_config": {"num_attention_heads": 4, "head_dim": 3, "num_key_value_heads": 4},
        "vision_config": {"num_attention_heads": 2, "hidden_size": 12},
    }
    for name in ("vision_tower.a.qkv_proj", "language.a.qkv_proj"):
        expected = {f"{name}[{k}]": W[12 * i : 12 * i + 12] for i, k in enumerate("qkv")}
        same(parts({f"{name}.weight": W}, config), expected)
    config["vision_config"] = {"num_attention_heads": 2, "hidden_size": 8}
    same(parts({"vision_tower.a.qkv_proj.weight": W}, config), {"vision_tower.a.qkv_proj": W})


@pytest.mark.parametrize("kind", ["bloom", "gpt_neox", "bailing_moe", "chatglm", "another", None])
def test_query_key_value_is_ordered_as_the_type_of_the_model_says(kind):
    W, heads = f32(24, 8), 4
    config = {"num_attention_heads": heads, "hidden_size": 8}
    config |= {"model_type": kind} if kind else {}
    found = parts({"h.query_key_value.weight": W}, config)
    if kind == "another":
        same(found, {"h.query_key_value": W})
        return
    by_head = W.reshape(heads, 3, 2, 8)
    cut = [W[:8], W[8:16], W[16:]]
    if kind in ("bloom", "gpt_neox", "chatglm", None):
        cut = [by_head[:, i].reshape(-1, 8) for i in range(3)]
    same(found, {f"h.query_key_value[{k}]": c for k, c in zip("qkv", cut, strict=True)})


def test_keys_and_values_by_halves():
    W, q = f32(12, 5), f32(6, 5)
    for name, queries in (("to_kv", "to_q"), ("kv_proj", "q_proj")):
        halves = {f"a.{name}[k]": W[:6], f"a.{name}[v]": W[6:]}
        arrays = {f"a.{name}.weight": W, f"a.{queries}.weight": q}
        same(parts(arrays), {**halves, f"a.{queries}": q})
        same(parts({f"a.{name}.weight": W}), {f"a.{name}": W})  # may change the width only
        config = {"num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 2}
        same(parts({f"a.{name}.weight": W}, config), halves)


HALVES = {
    "gate_up_proj": ("down_proj", ["gate", "up"]),
    "up_gate_proj": ("down_proj", ["up", "gate"]),
    "w12": ("w3", ["gate", "up"]),
    "weights_in": ("weights_out", ["gate", "up"]),
    "input_linear": ("output_linear", ["gate", "up"]),
    "dense_h_to_4h": ("dense_4h_to_h", ["gate", "up"]),
    "fc1": ("fc2", ["up", "gate"]),
    "Wi": ("Wo", ["gate", "up"]),
    "ff_proj": ("ff_out", ["up", "gate"]),
    "linear_1": ("linear_2", ["up", "gate"]),
    "net.0.proj": ("net.2", ["up", "gate"]),
    "fc1.proj": ("fc2", ["up", "gate"]),
}


TYPES = {"fc1": "moonshine", "linear_1": "cohere2_vision", "dense_h_to_4h": "chatglm"}


@pytest.mark.parametrize("name", HALVES)
def test_gate_and_up_where_the_next_matrix_has_half_as_many_inputs(name):
    after, labels = HALVES[name]
    W, down = f32(12, 5), f32(5, 6)
    arrays = {f"b.mlp.{name}.weight": W, f"b.mlp.{after}.weight": down}
    expected = {f"b.mlp.{name}[{k}]": W[6 * i : 6 * i + 6] for i, k in enumerate(labels)}
    config = {"model_type": TYPES[name]} if name in TYPES else {}
    same(parts(arrays, config), {**expected, f"b.mlp.{after}": down})
    if config:  # other models of the same names have another order
        same(parts(arrays), {f"b.mlp.{name}": W, f"b.mlp.{after}": down})
        note = spectra.from_arrays(arrays)[f"b.mlp.{name}.weight"].note
        assert note == "gate and up fused: left whole, their order is not known"
    plain = {f"b.mlp.{name}.weight": W, f"b.mlp.{after}.weight": f32(5, 12)}
    assert f"b.mlp.{name}" in parts(plain)  # no gate


def test_joint_projections_of_state_spaces():
    W, decay = f32(16, 5), f32(8, 4)
    found = parts({"m.in_proj.weight": W, "m.A_log": decay})
    same(found, {"m.in_proj[x]": W[:8], "m.in_proj[z]": W[8:]})
    x = f32(11, 8)  # dt 3, B 4, C 4
    found = parts({"m.x_proj.weight": x, "m.A_log": decay, "m.dt_proj.weight": f32(8, 3)})
    dt = found.pop("m.dt_proj")
    assert dt.shape == (8, 3)
    same(found, {"m.x_proj[dt]": x[:3], "m.x_proj[B]": x[3:7], "m.x_proj[C]": x[7:]})


def test_joint_projection_of_zamba_alternates():
    W = f32(24, 5)
    found = parts({"m.in_proj.weight": W, "m.A_log": f32(3, 4, 2)})
    same(found, {"m.in_proj[x]": W[0::2], "m.in_proj[z]": W[1::2]})


def test_lightning_attention_is_ordered_by_head():
    W, config = f32(24, 8), {"model_type": "minimax", "num_attention_heads": 4, "head_dim": 2}
    by_head = W.reshape(4, 3, 2, 8)
    expected = {f"a.qkv_proj[{k}]": by_head[:, i].reshape(-1, 8) for i, k in enumerate("qkv")}
    same(parts({"a.qkv_proj.weight": W}, config), expected)


def test_the_second_matrix_of_the_experts_of_dbrx_is_turned():
    W = f32(12, 4)
    found = parts({"ffn.experts.mlp.w2": W}, {"ffn_config": {"moe_num_experts": 3}})
    same(found, {f"ffn.experts.mlp.w2[{e}]": W[4 * e : 4 * e + 4].T for e in range(3)})


def test_joint_projection_of_mamba_2():
    inner, state, heads = 12, 8, 3  # z 12, x 12, B 8, C 8, dt 3
    W = f32(2 * inner + 2 * state + heads, 5)
    arrays = {
        "m.in_proj.weight": W,
        "m.A_log": f32(heads),
        "m.conv1d.weight": f32(inner + 2 * state, 1, 4),
        "m.out_proj.weight": f32(5, inner),
    }
    found = parts(arrays)
    cuts = np.cumsum([inner, inner, state, state])
    pieces = dict(zip(["z", "x", "B", "C", "dt"], np.split(W, cuts), strict=True))
    for label, piece in pieces.items():
        np.testing.assert_array_equal(found[f"m.in_proj[{label}]"], piece)
    del arrays["m.out_proj.weight"]
    assert "m.in_proj" in parts(arrays)


LATENT = {
    "kv_lora_rank": 10,
    "qk_rope_head_dim": 4,
    "num_attention_heads": 3,
    "qk_nope_head_dim": 5,
    "v_head_dim": 6,
}


def test_latent_attention():
    a, b = f32(14, 8), f32(33, 10)
    names = ("s.kv_a_proj_with_mqa", "s.kv_b_proj")
    found = parts({f"{names[0]}.weight": a, f"{names[1]}.weight": b}, LATENT)
    heads = b.reshape(3, 11, 10)
    expected = {
        f"{names[0]}[kv]": a[:10],
        f"{names[0]}[k_rope]": a[10:],
        f"{names[1]}[k]": heads[:, :5].reshape(-1, 10),
        f"{names[1]}[v]": heads[:, 5:].reshape(-1, 10),
    }
    same(found, expected)
    model = spectra.from_arrays({f"{names[1]}.weight": b})
    assert (
        model[f"{names[1]}.weight"].note == "k and v fused: left whole, no config says how to split"
    )


LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 3,
    "linear_value_head_dim": 5,
}


def test_linear_attention():
    W = f32(2 * (3 + 3 + 10 + 10), 6)
    groups = np.split(W.reshape(2, 26, 6), [3, 6, 16], axis=1)
    name = "l.in_proj_qkvz"
    expected = {f"{name}[{k}]": g.reshape(-1, 6) for k, g in zip("qkvz", groups, strict=True)}
    same(parts({f"{name}.weight": W}, LINEAR), expected)
    ba = f32(8, 6)
    pairs = ba.reshape(2, 2, 2, 6)
    expected = {f"l.in_proj_ba[{k}]": pairs[:, i].reshape(-1, 6) for i, k in enumerate("ba")}
    same(parts({"l.in_proj_ba.weight": ba}, LINEAR), expected)
    qkv = f32(6 + 6 + 20, 6)
    cut = dict(zip("qkv", np.split(qkv, [6, 12]), strict=True))
    expected = {f"l.in_proj_qkv[{k}]": piece for k, piece in cut.items()}
    same(parts({"l.in_proj_qkv.weight": qkv}, LINEAR), expected)


STACKS = {  # up, down, and whether they are stored (in, out)
    "block_sparse_moe.input_linear.weight": ("block_sparse_moe.output_linear.weight", False),
    "mlp.experts.fc1.weight": ("mlp.experts.fc2.weight", True),
    "mlp.experts.gate_up_proj": ("mlp.experts.down_proj", True),
    "mlp.experts.gate_up.weight": ("mlp.experts.down.weight", False),
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks_of_experts_are_turned_and_split(name):
    other, turned = STACKS[name]
    up, down = f32(3, 12, 5), f32(3, 5, 6, seed=1)  # (experts, out, in)
    stored = [np.ascontiguousarray(a.transpose(0, 2, 1)) if turned else a for a in (up, down)]
    found = parts({name: stored[0], other: stored[1]})
    first, second = name.removesuffix(".weight"), other.removesuffix(".weight")
    for e in range(3):
        np.testing.assert_array_equal(found[f"{first}[{e}.gate]"], up[e, :6])
        np.testing.assert_array_equal(found[f"{first}[{e}.up]"], up[e, 6:])
        np.testing.assert_array_equal(found[f"{second}[{e}]"], down[e])


def test_experts_without_a_gate_have_no_note_of_one():
    arrays = {
        "a.experts.input_linear.weight": f32(3, 8, 5),
        "a.experts.output_linear.weight": f32(3, 5, 8),
    }
    model = spectra.from_arrays(arrays)
    assert model["a.experts.input_linear.weight"].note == "experts"
    assert len(parts(arrays)) == 6


@pytest.mark.parametrize("kind", ["inkling_mm_model", "mixtral", None])
def test_packed_experts_alternate_in_one_model_only(kind):
    up, down = f32(2, 8, 3), f32(2, 3, 4)
    arrays = {"m.experts.w13_weight": up, "m.experts.w2_weight": down}
    found = parts(arrays, {"model_type": kind} if kind else {})
    if kind and kind.startswith("inkling"):
        np.testing.assert_array_equal(found["m.experts.w13_weight[1.gate]"], up[1, 0::2])
        np.testing.assert_array_equal(found["m.experts.w13_weight[1.up]"], up[1, 1::2])
    else:
        np.testing.assert_array_equal(found["m.experts.w13_weight[1]"], up[1])


def test_another_type_of_model_may_order_the_rows_in_another_way():
    W = f32(16, 16)
    config = {"n_heads": 4, "num_kv_heads": 2, "head_dim": 2, "hidden_size": 16}
    for name in ("qkv_proj", "Wqkv", "att_proj", "W_pack", "w_qkv"):
        assert len(parts({f"a.{name}.weight": W}, config)) == 3
        other = {**config, "model_type": "hunyuan_image_3_moe"}
        same(parts({f"a.{name}.weight": W}, other), {f"a.{name}": W})


def test_wqkv_without_a_type_is_left_whole():
    W = f32(24, 8)
    same(parts({"a.wqkv.weight": W}, {"n_head": 4, "dim": 8, "head_dim": 2}), {"a.wqkv": W})


def test_a_tower_without_a_type_of_its_own_is_not_split_by_that_of_the_language_model():
    W, name = f32(24, 8), "transformer.vision.layers.0.attention.query_key_value"
    vision = {"hidden_size": 8, "num_heads": 4}
    config = {"model_type": "chatglm", "num_attention_heads": 8, "vision_config": vision}
    same(parts({f"{name}.weight": W}, config), {name: W})


def test_codegen_2_has_eight_parts():
    W, config = f32(48, 16), {"model_type": "codegen", "head_dim": 128}
    local = W.reshape(8, 3, 2, 16)
    expected = {f"h.qkv_proj[{k}]": local[:, i].reshape(-1, 16) for i, k in enumerate("qvk")}
    same(parts({"h.qkv_proj.weight": W}, config), expected)


def test_keys_and_values_of_cross_attention_in_gpt2():
    W = f32(16, 32)
    name = "h.0.crossattention.c_attn"
    found = parts({f"{name}.weight": W}, {"model_type": "gpt2"})
    same(found, {f"{name}[k]": W[:, :16].T, f"{name}[v]": W[:, 16:].T})


def test_a_decoder_of_gpt2_in_another_model_is_turned():
    W = f32(6, 24)
    config = {"model_type": "vision-encoder-decoder", "decoder": {"model_type": "gpt2"}}
    same(parts({"decoder.h.0.mlp.c_fc.weight": W}, config), {"decoder.h.0.mlp.c_fc": W.T})


def test_experts_of_gpt_oss_inside_another_model_alternate():
    up, down = f32(2, 5, 8), f32(2, 4, 5)
    arrays = {"m.experts.gate_up_proj": up, "m.experts.down_proj": down}
    arrays["m.experts.gate_up_proj_bias"] = f32(2, 8)
    config = {"model_type": "internvl_chat", "llm_config": {"model_type": "gpt_oss"}}
    found = parts(arrays, config)
    np.testing.assert_array_equal(found["m.experts.gate_up_proj[1.gate]"], up[1].T[0::2])
    np.testing.assert_array_equal(found["m.experts.gate_up_proj[1.up]"], up[1].T[1::2])


@pytest.mark.parametrize("wide", [False, True])
def test_quantized_experts_are_split_and_turned_like_others(wide):
    up, down = f32(2, 12, 5), f32(2, 5, 6, seed=1)
    stored = [a.transpose(0, 2, 1).copy() if wide else a for a in (up, down)]
    q = [np.rint(30 * a).clip(-127, 127).astype(np.int8) for a in stored]
    arrays = {"m.experts.gate_up_proj": q[0], "m.experts.down_proj": q[1]}
    scales = [np.abs(f32(2, 1, a.shape[2]) if wide else f32(2, a.shape[1], 1)) for a in q]
    for name, scale in zip([*arrays], scales, strict=True):
        arrays[f"{name}_scale"] = scale
    found = parts(arrays)
    real = [a.astype(np.float32) * s for a, s in zip(q, scales, strict=True)]
    real = [a.transpose(0, 2, 1) if wide else a for a in real]
    for e in range(2):
        np.testing.assert_array_equal(found[f"m.experts.gate_up_proj[{e}.gate]"], real[0][e, :6])
        np.testing.assert_array_equal(found[f"m.experts.gate_up_proj[{e}.up]"], real[0][e, 6:])
        np.testing.assert_array_equal(found[f"m.experts.down_proj[{e}]"], real[1][e])
