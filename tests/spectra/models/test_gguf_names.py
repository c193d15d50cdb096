"""Names of GGUF files: the matrices that llama.cpp computes with, given its names and metadata."""

import numpy as np
import pytest

import spectra
from spectra.models.arrays import from_arrays
from spectra.models.layers import layers
from spectra.models.structure import _gguf, interpret
from tests.builders import f32


def read(arrays, kind="llama", **metadata):
    """Return the model with the roles and parts that names and metadata give."""
    known = {f"{kind}.{key.replace('__', '.')}": value for key, value in metadata.items()}
    config = {"gguf": {"general.architecture": kind, **known}}
    found = interpret(from_arrays(arrays), config)
    assert {n: (t.role, t.note) for n, t in interpret(found, config).items()} == {
        n: (t.role, t.note) for n, t in found.items()
    }
    return found


def parts(tensor):
    return {weight.label: weight.read() for weight in tensor.weights}


def assert_parts(tensor, expected):
    found = parts(tensor)
    assert list(found) == list(expected)
    for label, matrix in expected.items():
        np.testing.assert_array_equal(found[label], matrix)


HEADS = {"embedding_length": 8, "attention__head_count": 4}


@pytest.mark.parametrize(
    ("metadata", "sizes"),
    [
        (HEADS, (8, 8, 8)),
        (HEADS | {"attention__head_count_kv": 1}, (8, 2, 2)),
        (HEADS | {"attention__head_count_kv": 2, "attention__key_length": 3}, (12, 6, 4)),
        (HEADS | {"attention__key_length": 3, "attention__value_length": 1}, (12, 12, 4)),
        ({"embedding_length": 8, "attention__head_count": [2, 4]}, (8, 8, 8)),
        (HEADS | {"attention__head_count_kv": [4, 1, 2]}, (8, 2, 2)),
    ],
)
def test_q_k_and_v_lie_one_after_the_other(metadata, sizes):
    W = f32(sum(sizes), 8)
    name = "blk.1.attn_qkv.weight"
    q, k = sizes[0], sizes[0] + sizes[1]
    tensor = read({name: W, "blk.1.attn_qkv.bias": f32(sum(sizes))}, **metadata)[name]
    assert_parts(tensor, {"q": W[:q], "k": W[q:k], "v": W[k:]})
    assert tensor.note == "q, k, v"


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        HEADS | {"attention__head_count_kv": 3},
        HEADS | {"attention__head_count": "four"},
        HEADS | {"attention__head_count": True},
        HEADS | {"attention__head_count": [4]},
        {"embedding_length": 8, "attention__head_count": 0},
    ],
)
def test_q_k_and_v_of_unknown_sizes_stay_whole_with_a_note(metadata):
    name = "blk.1.attn_qkv.weight"
    (layer,) = layers(read({name: f32(24, 8)}, **metadata))
    assert (layer.name, layer.taken) == ("blk.1.attn_qkv", True)
    assert "left whole, the metadata do not say how to split" in layer.tensor.note


def test_q_k_and_v_of_a_linear_attention():
    W = f32(4 + 4 + 6, 8)
    arrays = {"blk.0.attn_qkv.weight": W, "blk.0.ssm_conv1d.weight": f32(14, 4)}
    sizes = {"ssm__state_size": 2, "ssm__group_count": 2, "ssm__inner_size": 6}
    found = read(arrays, "qwen3next", **HEADS, **sizes)
    assert_parts(found["blk.0.attn_qkv.weight"], {"q": W[:4], "k": W[4:8], "v": W[8:]})
    assert found["blk.0.ssm_conv1d.weight"].note == "depthwise kernel (out, positions)"


def test_q_k_and_v_of_a_vision_tower_are_thirds():
    W = f32(24, 8)
    found = read({"v.blk.0.attn_qkv.weight": W}, "clip")["v.blk.0.attn_qkv.weight"]
    assert_parts(found, {"q": W[:8], "k": W[8:16], "v": W[16:]})


def test_gate_and_up_in_one_matrix():
    W = f32(12, 8)
    fused = {"blk.0.ffn_up.weight": W, "blk.0.ffn_down.weight": f32(8, 6)}
    halves = {"gate": W[:6], "up": W[6:]}
    assert_parts(read(fused, "phi3")["blk.0.ffn_up.weight"], halves)
    alone = {"blk.0.ffn_up.weight": W}
    assert_parts(read(alone, "phi3", feed_forward_length=6)["blk.0.ffn_up.weight"], halves)
    for arrays, sizes in (
        (alone, {}),
        (alone, {"feed_forward_length": 12}),
        ({**fused, "blk.0.ffn_down.weight": f32(8, 12)}, {"feed_forward_length": 6}),
        ({**fused, "blk.0.ffn_gate.weight": f32(6, 8)}, {"feed_forward_length": 6}),
    ):
        found = read(arrays, "phi3", **sizes)["blk.0.ffn_up.weight"]
        assert (found.role, found.weights) == ("dense", ())


@pytest.mark.parametrize("last", ["ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_up_chexps"])
@pytest.mark.parametrize("shape", [(3, 5, 8), (64, 4, 3), (1, 4, 4)])
def test_experts_are_one_layer_each(last, shape):
    W = f32(*shape)
    name = f"blk.0.{last}.weight"
    tensor = read({name: W}, "qwen3moe")[name]
    assert (tensor.role, tensor.note) == ("experts", "experts")
    assert_parts(tensor, {str(e): W[e] for e in range(shape[0])})


def test_experts_with_gate_and_up_in_one_stack():
    W, name = f32(2, 6, 4), "blk.0.ffn_gate_up_exps.weight"
    found = read({name: W, "blk.0.ffn_down_exps.weight": f32(2, 4, 3)})[name]
    expected = {"0.gate": W[0, :3], "0.up": W[0, 3:], "1.gate": W[1, :3], "1.up": W[1, 3:]}
    assert_parts(found, expected)


@pytest.mark.parametrize("shape", [(5000, 1, 2), (3, 2, 2, 2), (3, 8), (0, 4, 4)])
def test_stacks_that_cannot_be_split_stay_together(shape):
    found = read({"blk.0.ffn_up_exps.weight": np.zeros(shape, np.float32)})
    (layer, *more) = layers(found)
    assert more == []
    assert layer.taken == (len(shape) == 2)


def test_the_number_of_all_parts_is_bounded(monkeypatch):
    monkeypatch.setattr(_gguf, "_MAX_TOTAL", 100)
    found = read({f"blk.{i}.ffn_up_exps.weight": f32(20, 2, 2, seed=i) for i in range(9)})
    counts = [len(tensor.weights) for tensor in found.values()]
    assert counts == [20, 20, 20, 20, *[0] * 5]
    assert "experts left together" in layers(found)[-1].reason


def test_keys_and_values_from_a_latent_space():
    heads, nope, value, rank = 3, 4, 5, 6
    full = f32(heads, nope + value, rank)  # of kv_b_proj, as llama.cpp's converter cuts it
    k, v = full[:, :nope], full[:, nope:]
    found = read({
        "blk.0.attn_k_b.weight": np.ascontiguousarray(k.transpose(0, 2, 1)),
        "blk.0.attn_v_b.weight": np.ascontiguousarray(v),
    }, "deepseek2")  # fmt: skip
    assert_parts(found["blk.0.attn_k_b.weight"], {"": k.reshape(-1, rank)})
    assert_parts(found["blk.0.attn_v_b.weight"], {"": v.reshape(-1, rank)})


def test_a_state_space():
    W = f32(12, 4)
    arrays = {"blk.0.ssm_in.weight": W, "blk.0.ssm_a": f32(6, 16), "blk.0.ssm_d": f32(6)}
    found = read(arrays, "mamba", ssm__inner_size=6)
    assert_parts(found["blk.0.ssm_in.weight"], {"x": W[:6], "z": W[6:]})
    reasons = [layer.reason for layer in layers(found) if not layer.taken]
    assert reasons[0] == "parameter of a state space: no known use as a weight matrix"
    assert len(reasons) == 2
    other = read(arrays, "mamba2", ssm__inner_size=6)["blk.0.ssm_in.weight"]
    assert (other.weights, other.note) == ((), "projections of a state space together")


@pytest.mark.parametrize("size", [1, 3])
def test_factors_beside_a_matrix_are_multiplied(size):
    W, factors = f32(3, 4, 8), np.arange(2, 2 + size).astype(np.float32)
    arrays = {"blk.0.ffn_up_exps.weight": W, "blk.0.ffn_up_exps.scale": factors}
    found = read(arrays)
    expected = W * factors.reshape(-1, 1, 1)
    assert_parts(found["blk.0.ffn_up_exps.weight"], {str(e): expected[e] for e in range(3)})
    scale = found["blk.0.ffn_up_exps.scale"]
    assert (scale.role, scale.note) == ("scale", "scale of blk.0.ffn_up_exps.weight")


def test_a_factor_beside_a_fused_matrix():
    W, name = f32(24, 8), "blk.0.attn_qkv.weight"
    found = read({name: W, "blk.0.attn_qkv.scale": f32(1)}, **HEADS)
    scaled = W * f32(1)
    assert_parts(found[name], {"q": scaled[:8], "k": scaled[8:16], "v": scaled[16:]})


@pytest.mark.parametrize("name", ["blk.0.attn_q", "blk.0.ffn_up_exps"])
def test_factors_that_do_not_fit_leave_the_matrix_out(name):
    shape = (3, 4, 8) if "exps" in name else (4, 8)
    found = read({f"{name}.weight": f32(*shape), f"{name}.scale": f32(2)})
    layer = layers(found)[0]
    assert not layer.taken
    assert f"times 2 numbers of {name}.scale: not known how" in layer.reason


MATRICES = [
    *("token_embd.weight", "position_embd.weight", "v.position_embd.weight", "token_types.weight"),
    *(
        "output.weight",
        "blk.0.attn_q.weight",
        "blk.12.attn_output.weight",
        "enc.blk.0.attn_k.weight",
    ),
    *("blk.0.ffn_gate_inp.weight", "blk.0.ssm_x.weight", "blk.0.ssm_dt.weight", "mm.0.weight"),
]
OTHERS = [
    *(
        "rope_freqs.weight",
        "rope_factors_long.weight",
        "blk.0.ssm_a",
        "blk.0.time_mix_first.weight",
    ),
    *("blk.0.time_mix_lerp_k.weight", "dec.blk.0.attn_rel_b.weight", "blk.0.attn_rot_embd"),
    *("a.blk.0.pos_bias_u", "v.sam.blk.0.attn.pos_h.weight", "blk.0.time_mix_r_k"),
    *("blk.0.attn_q.bias", "blk.0.attn_norm.weight"),
]


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_are_taken(name):
    tensor = read({name: f32(6, 4)})[name]
    assert tensor.role == ("embedding" if "embd" in name or "types" in name else "dense")
    assert layers({name: tensor})[0].taken


@pytest.mark.parametrize("name", OTHERS)
def test_tables_and_vectors_are_left_out(name):
    (layer,) = layers(read({name: f32(6, 4)}))
    assert not layer.taken
    assert layer.reason


@pytest.mark.parametrize("shape", [(6, 5, 4), (8, 4, 3, 3)])
def test_a_stack_of_unknown_meaning_is_not_a_kernel(shape):
    (layer,) = layers(read({"blk.0.new_thing.weight": f32(*shape)}))
    assert layer.reason == f"{len(shape)}-D unknown: no matrix view is known"


def test_names_of_other_tools_keep_their_meaning():
    W = f32(12, 4)
    found = read(
        {"double_blocks.0.img_attn.qkv.weight": W, "x.conv.weight": f32(8, 4, 3, 3)}, "flux"
    )
    assert_parts(
        found["double_blocks.0.img_attn.qkv.weight"], {"q": W[:4], "k": W[4:8], "v": W[8:]}
    )
    assert found["x.conv.weight"].role == "conv"


def test_without_metadata_of_a_gguf_file_nothing_changes():
    arrays = {"blk.0.attn_qkv.weight": f32(24, 8), "blk.0.ssm_a": f32(6, 4)}
    assert [layer.taken for layer in spectra.layers(arrays)] == [True, True]
    assert interpret(from_arrays(arrays), {"gguf": 3}).keys() == arrays.keys()
