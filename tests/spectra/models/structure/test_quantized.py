"""Weights with companions: every spelling of a scale, in every format, right, wrong or missing."""

import cProfile
import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models import structure
from spectra_io import open_model
from tests.builders import f32, safetensors_bytes, write

ROWS, COLUMNS = 6, 64
STORED = {
    "float32": "F32",
    "float8_e4m3fn": "F8_E4M3",
    "int8": "I8",
    "uint8": "U8",
    "uint32": "U32",
}
STORED |= {"int32": "I32", "int64": "I64", "float8_e8m0fnu": "F8_E8M0", "bfloat16": "BF16"}


def views(arrays, config=None):
    model = structure.interpret(spectra.from_arrays(arrays), config or {})
    return {layer.tensor.name: layer for layer in spectra.layers(model)}


def taken(arrays, config=None):
    return {n: x.matrices() for n, x in views(arrays, config).items() if x.taken}


def save(path, arrays):
    stored = {n: (STORED[a.dtype.name], a.shape, a.tobytes()) for n, a in arrays.items()}
    return write(path, safetensors_bytes(stored))


SPELLINGS = {  # of the weights, and of their scale
    "weight_scale": ("fc.weight", "fc.weight_scale"),
    "weight_scale_inv": ("fc.weight", "fc.weight_scale_inv"),
    "scale_weight": ("fc.weight", "fc.scale_weight"),
    "scale": ("fc.weight", "fc.scale"),
    "scales": ("fc.weight", "fc.scales"),
    "weight.scale": ("fc.weight", "fc.weight.scale"),
    "weight_scales": ("fc.weight", "fc.weight_scales"),
    "weight_s": ("fc.weight", "fc.weight_s"),
    "quanto": ("fc.weight._data", "fc.weight._scale"),
    "torchao": ("fc._weight_qdata", "fc._weight_scale"),
    "stack, inverse": ("mlp.experts.down_proj", "mlp.experts.down_proj_scale_inv"),
    "stack": ("mlp.experts.down_proj", "mlp.experts.down_proj_scale"),
    "stack of weights": ("mlp.experts.down_proj.weight", "mlp.experts.down_proj.weight_scale"),
    "in_proj_weight": ("attn.out.in_weight", "attn.out.in_weight_scale"),
}


def zero_name(scale):
    return (
        scale.replace("scale_inv", "zero_point")
        .replace("scales", "zero_point")
        .replace("scale", "zero_point")
    )


def numbers(kind):
    """Return stored numbers, scales, zero points or None, and the real numbers, by hand."""
    rng = np.random.default_rng(0)
    W, rows = rng.standard_normal((ROWS, COLUMNS)), np.exp(rng.standard_normal((ROWS, 1)))
    if kind == "float8 by row":
        q = W.astype(ml_dtypes.float8_e4m3fn)
        return q, rows.astype(np.float32), None, q.astype(float) * rows.astype(np.float32)
    if kind == "int8 by row":
        q = np.rint(W * 30).clip(-128, 127).astype(np.int8)
        return q, rows.astype(np.float32), None, q.astype(float) * rows.astype(np.float32)
    if kind == "int8 with zero points":
        q = np.rint(W * 30).clip(-128, 127).astype(np.int8)
        zero = rng.integers(-9, 9, (ROWS, 1)).astype(np.int8)
        real = (q.astype(float) - zero) * rows.astype(np.float32)
        return q, rows.astype(np.float32), zero, real
    q = W.astype(ml_dtypes.float8_e4m3fn)
    powers = rng.integers(120, 134, (ROWS, COLUMNS // 32)).astype(np.uint8)
    factor = 2.0 ** (powers.astype(float) - 127)
    return q, powers, None, q.astype(float) * factor.repeat(32, axis=1)


FORMATS = ["float8 by row", "int8 by row", "int8 with zero points", "float8 with exponents"]
CASES = [
    (spelling, kind)
    for spelling in SPELLINGS
    for kind in FORMATS
    if (spelling, kind) != ("weight_s", "int8 with zero points")  # no spelling of a zero point
]
every_case = pytest.mark.parametrize(("spelling", "kind"), CASES)


def stored(spelling, kind):
    """Return the arrays of one layer in one spelling, and the matrices that they stand for."""
    main, scale_name = SPELLINGS[spelling]
    q, scale, zero, real = numbers(kind)
    lead = (2,) if "experts" in main else ()
    arrays = {main: np.broadcast_to(q, (*lead, *q.shape)).copy()}
    arrays[scale_name] = np.broadcast_to(scale, (*lead, *scale.shape)).copy()
    if zero is not None:
        arrays[zero_name(scale_name)] = np.broadcast_to(zero, (*lead, *zero.shape)).copy()
    return arrays, real, main, scale_name


@every_case
def test_every_spelling_of_a_scale_is_read(spelling, kind):
    arrays, real, main, _ = stored(spelling, kind)
    found = views(arrays)
    assert {n for n, x in found.items() if x.taken} == {main}
    for layer in spectra.layers(arrays):
        if layer.taken:
            np.testing.assert_allclose(layer.matrices()[0], real, rtol=1e-6)
    assert all(x.tensor.role == "scale" for n, x in found.items() if n != main)


@every_case
def test_a_scale_that_is_missing_leaves_the_weights_out(spelling, kind):
    arrays, _, main, scale = stored(spelling, kind)
    del arrays[scale]
    assert taken(arrays) == {}
    assert views(arrays)[main].reason


@every_case
@pytest.mark.parametrize("wrong", ["rows", "type", "axes", "a second one"])
def test_a_scale_that_does_not_fit_leaves_the_weights_out(spelling, kind, wrong):
    arrays, _, main, scale = stored(spelling, kind)
    if wrong == "rows":
        arrays[scale] = arrays[scale][..., :-1, :]
    elif wrong == "type":
        arrays[scale] = arrays[scale].astype(np.int64)
    elif wrong == "axes":
        arrays[scale] = np.ones((5, 3, 2, 2), np.float32)
    else:
        arrays[f"{scale}_amax"] = arrays[scale]
    assert {*taken(arrays)} <= ({main} if scale == "fc.scale" and "second" in wrong else set())
    if wrong != "a second one":
        assert views(arrays)[main].reason


@every_case
def test_a_scale_in_another_file(tmp_path, spelling, kind):
    arrays, real, main, scale = stored(spelling, kind)
    first = {n: a for n, a in arrays.items() if n != scale}
    save(tmp_path / "model-00001-of-00002.safetensors", first)
    save(tmp_path / "model-00002-of-00002.safetensors", {scale: arrays[scale]})
    layer = next(x for x in spectra.layers(open_model(tmp_path)) if x.taken)
    np.testing.assert_allclose(layer.matrices()[0], real, rtol=1e-6)
    alone = spectra.layers(open_model(tmp_path / "model-00001-of-00002.safetensors"))
    assert not any(x.taken for x in alone), main


@given(data=st.data())
def test_blocks_spread_as_the_config_says(data):
    m, n = data.draw(st.integers(2, 40)), data.draw(st.integers(2, 40))
    rows, columns = data.draw(st.integers(2, 9)), data.draw(st.integers(2, 9))
    q = f32(m, n).astype(ml_dtypes.float8_e4m3fn)
    scale = np.abs(f32(-(-m // rows), -(-n // columns), seed=1)) + 0.1
    config = {"quantization_config": {"weight_block_size": [rows, columns]}}
    found = taken({"fc.weight": q, "fc.weight_scale_inv": scale}, config)["fc.weight"][0]
    for i, j in np.ndindex(m, n):
        assert found[i, j] == np.float32(q[i, j]) * scale[i // rows, j // columns]


def test_blocks_of_no_known_size_are_left_out():
    q = f32(10, 7).astype(ml_dtypes.float8_e4m3fn)
    reason = views({"fc.weight": q, "fc.weight_scale": np.ones((3, 2), np.float32)})[
        "fc.weight"
    ].reason
    assert "in blocks of no known size" in reason


@pytest.mark.parametrize(
    ("config", "shape", "sizes"),
    [
        ({}, (384, 128), [128, 128, 128]),
        (
            {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8},
            (64, 16),
            [32, 16, 16],
        ),
    ],
)
def test_a_fused_projection_has_a_scale_for_each_part(config, shape, sizes):
    q, scale = f32(*shape).astype(ml_dtypes.float8_e4m3fn), np.array([1, 2, 4], np.float32)
    arrays = {"attn.qkv_proj.weight": q, "attn.qkv_proj.weight_scale": scale}
    model = structure.interpret(spectra.from_arrays(arrays), config)
    parts = [x.matrices()[0] for x in spectra.layers(model) if x.taken]
    joined = np.concatenate(parts)
    np.testing.assert_array_equal(joined, q.astype(np.float32) * scale.repeat(sizes)[:, None])
    unknown = {"attn.qkv_proj.weight": q[:-1], "attn.qkv_proj.weight_scale": scale}
    assert taken(unknown, config) == {}


@pytest.mark.parametrize("name", ["qkv_proj", "query_key_value"])
def test_scales_of_parts_in_an_order_that_is_not_known(name):
    q, scale = f32(48, 16).astype(ml_dtypes.float8_e4m3fn), np.array([1, 2, 4], np.float32)
    arrays = {f"attn.{name}.weight": q, f"attn.{name}.weight_scale": scale}
    config = {"model_type": "another", "n_heads": 4, "hidden_size": 16}
    assert taken(arrays, config) == {}
    assert "do not fit together" in views(arrays, config)[f"attn.{name}.weight"].reason


def pack(q, bits):
    """Pack every row low bits first, no number across the border of two words, by a loop."""
    per = 32 // bits
    words = np.zeros((len(q), -(-q.shape[1] // per)), np.uint64)
    for i, j in np.ndindex(*q.shape):
        words[i, j // per] |= np.uint64(int(q[i, j]) << bits * (j % per))
    return words.astype(np.uint32).view(np.int32)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("columns", [64, 100, 37])
@pytest.mark.parametrize("extra", ["", "packed zeros", "plain zeros", "order", "zeros and order"])
def test_packed_integers_have_the_bits_that_their_shape_gives(bits, columns, extra):
    rng, half, groups = np.random.default_rng(1), 1 << (bits - 1), 1 if columns == 37 else 4
    q = rng.integers(0, 1 << bits, (5, columns))
    scale = np.exp(rng.standard_normal((5, groups))).astype(np.float32)
    index = np.arange(columns) // (columns // groups)
    arrays = {
        "m.fc.weight_packed": pack(q, bits),
        "m.fc.weight_scale": scale,
        "m.fc.weight_shape": np.array([5, columns]),
    }
    zero = np.zeros((5, groups), int)
    if "zeros" in extra:
        zero = rng.integers(0, 1 << bits, (5, groups)) - half
        packed = pack((zero + half).T, bits).T
        plain = "plain" in extra
        arrays["m.fc.weight_zero_point"] = zero.astype(np.int8) if plain else packed
    if "order" in extra:
        index = rng.permutation(index)
        arrays["m.fc.weight_g_idx"] = index.astype(np.int32)
    real = (q - half - zero[:, index]) * scale[:, index].astype(float)
    weights = {"num_bits": bits, "group_size": columns // groups}
    groups_of = {"g": {"targets": ["Linear"], "weights": weights}}
    config = {"quantization_config": {"config_groups": groups_of}}
    found = taken(arrays, config)["m.fc.weight_packed"][0]
    np.testing.assert_allclose(found, real, rtol=1e-6)
    if columns == 100 and extra == "":
        assert "no config says of what size" in views(arrays)["m.fc.weight_packed"].reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"m.fc.weight_shape": None}, "no weight_shape"),
        ({"m.fc.weight_shape": np.array([5, 64, 1])}, "cannot be read as two"),
        ({"m.fc.weight_shape": np.array([6, 64])}, "weight_shape says 6x64"),
        ({"m.fc.weight_shape": np.array([5, 1 << 62])}, "weight_shape says"),
        ({"m.fc.weight_shape": np.array([5, 1000])}, "no number of bits"),
        ({"m.fc.weight_scale": None}, "scales are missing"),
        ({"m.fc.weight_scale": np.ones((5, 3), np.float32)}, "3 groups of 64"),
        ({"m.fc.weight_odd_scale": np.ones(3, np.float32)}, "not known"),
    ],
)
def test_packed_integers_that_are_not_understood(change, words):
    arrays = {
        "m.fc.weight_packed": pack(np.full((5, 64), 3), 4),
        "m.fc.weight_scale": np.ones((5, 1), np.float32),
        "m.fc.weight_shape": np.array([5, 64]),
    }
    kept = {n: a for n, a in {**arrays, **change}.items() if a is not None}
    assert taken(arrays)
    assert taken(kept) == {}
    assert words in views(kept)["m.fc.weight_packed"].reason


@pytest.mark.parametrize("nested", [False, True])
def test_bits_of_the_config_belong_to_the_group_of_the_module(nested):
    groups: dict[str, Any] = {
        "a": {"targets": ["re:.*down_proj"], "weights": {"num_bits": 8}},
        "b": {"targets": ["Linear"], "weights": {"num_bits": 4}},
    }
    config: dict[str, Any] = {"quantization_config": {"config_groups": groups}}
    config = {"text_config": config} if nested else config
    q = np.random.default_rng(0).integers(0, 16, (4, 32))
    arrays = {}
    for module, bits in (("l.down_proj", 8), ("l.up_proj", 4), ("l.gate_proj", 8)):
        arrays[f"{module}.weight_packed"] = pack(q, bits)
        arrays[f"{module}.weight_scale"] = np.ones((4, 1), np.float32)
        arrays[f"{module}.weight_shape"] = np.array([4, 32])
    found = taken(arrays, config)
    np.testing.assert_array_equal(found["l.down_proj.weight_packed"][0], q - 128.0)
    np.testing.assert_array_equal(found["l.up_proj.weight_packed"][0], q - 8.0)
    assert "the config says 4 bits" in views(arrays, config)["l.gate_proj.weight_packed"].reason


E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]


def four_bits(codes):
    """Return numbers of codes, and the codes two in a byte, the low half first."""
    real = np.array([[E2M1[c] for c in row] for row in codes])
    return real, (codes[:, 0::2] | codes[:, 1::2] << 4).astype(np.uint8)


@pytest.mark.parametrize("layout", ["ModelOpt", "compressed-tensors", "MLX", "stack"])
def test_nvfp4(layout):
    rng = np.random.default_rng(0)
    real, packed = four_bits(rng.integers(0, 16, (8, 64)))
    scale = np.exp(rng.standard_normal((8, 4))).astype(ml_dtypes.float8_e4m3fn)
    real = real * scale.astype(float).repeat(16, axis=1)
    whole = np.float32(0.25)
    layouts: dict[str, dict[str, Any]] = {
        "ModelOpt": {
            "fc.weight": packed,
            "fc.weight_scale": scale,
            "fc.weight_scale_2": whole,
            "fc.input_scale": np.float32(3),
        },
        "compressed-tensors": {
            "fc.weight_packed": packed,
            "fc.weight_scale": scale,
            "fc.weight_global_scale": np.array([4], np.float32),
        },
        "MLX": {"fc.weight": packed.view(np.uint32), "fc.scales": scale.view(np.uint8)},
        "stack": {
            "mlp.experts.up_proj": packed[None].repeat(2, 0),
            "mlp.experts.up_proj_weight_scale": scale[None].repeat(2, 0),
            "mlp.experts.up_proj_weight_scale_2": np.array([0.25, 0.25], np.float32),
        },
    }
    arrays = layouts[layout]
    wanted = real if layout == "MLX" else real * 0.25
    layers = [x for x in spectra.layers(arrays) if x.taken]
    assert len(layers) == (2 if layout == "stack" else 1)
    for layer in layers:
        np.testing.assert_allclose(layer.matrices()[0], wanted, rtol=1e-6)


@pytest.mark.parametrize("layout", ["bytes", "compressed-tensors", "MLX", "8 bits of MLX"])
def test_floats_with_powers_of_two(layout):
    rng = np.random.default_rng(0)
    powers = rng.integers(120, 130, (8, 2)).astype(np.uint8)
    factor = (2.0 ** (powers.astype(float) - 127)).repeat(32, axis=1)
    real, packed = four_bits(rng.integers(0, 16, (8, 64)))
    eight = f32(8, 64).astype(ml_dtypes.float8_e4m3fn)
    arrays = {
        "bytes": {"fc.weight": packed, "fc.weight_scale": powers},
        "compressed-tensors": {"fc.weight_packed": packed, "fc.weight_scale": powers},
        "MLX": {"fc.weight": packed.view(np.uint32), "fc.scales": powers},
        "8 bits of MLX": {"fc.weight": eight.view(np.uint32), "fc.scales": powers},
    }[layout]
    wanted = (eight.astype(float) if "8" in layout else real) * factor
    (found,) = taken(arrays).values()
    np.testing.assert_allclose(found[0], wanted, rtol=1e-6)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("size", [32, 64, 128])
def test_affine_weights_of_mlx(bits, size):
    rng = np.random.default_rng(0)
    q = rng.integers(0, 1 << bits, (3, 256))
    line = [sum(int(n) << (bits * i) for i, n in enumerate(row)) for row in q]
    words = np.array(
        [[(total >> (32 * k)) & 0xFFFFFFFF for k in range(256 * bits // 32)] for total in line],
        np.uint32,
    )
    scales, biases = f32(3, 256 // size), f32(3, 256 // size, seed=1)
    arrays = {"m.fc.weight": words, "m.fc.scales": scales, "m.fc.biases": biases}
    real = q * scales.repeat(size, axis=1).astype(float) + biases.repeat(size, axis=1)
    config = {"quantization": {"group_size": size, "bits": bits}}
    own = {"quantization": {"group_size": 7, "bits": 1, "m.fc": {"group_size": size, "bits": bits}}}
    for settings in (config, own):
        np.testing.assert_allclose(taken(arrays, settings)["m.fc.weight"][0], real, atol=1e-5)
    wrong = {"quantization": {"group_size": size, "bits": 8 if bits != 8 else 4}}
    assert "the config says otherwise" in views(arrays, wrong)["m.fc.weight"].reason
    fitting = [b * g for b in (2, 3, 4, 5, 6, 8) for g in (32, 64, 128)].count(bits * size)
    reason = views(arrays)["m.fc.weight"].reason
    assert reason == "" if fitting == 1 else "no config says which" in reason
    assert views(arrays, config)["m.fc.biases"].tensor.role == "scale"


NF4 = np.linspace(-1, 1, 16, dtype=np.float32)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("shape", [(8, 32), (5, 13)])
def test_four_bits_of_bitsandbytes(nested, shape):
    rng, size = np.random.default_rng(0), 64
    count = shape[0] * shape[1]
    codes = rng.integers(0, 16, count + count % 2)
    packed = (codes[0::2] << 4 | codes[1::2]).astype(np.uint8)[:, None]
    blocks = -(-count // size)
    absmax = np.exp(rng.standard_normal(blocks)).astype(np.float32)
    state = {"shape": list(shape), "blocksize": size, "quant_type": "nf4", "dtype": "float32"}
    arrays = {"fc.weight": packed, "fc.weight.quant_map": NF4, "fc.weight.absmax": absmax}
    if nested:
        table = np.linspace(-1, 1, 256, dtype=np.float32)
        places = rng.integers(0, 256, blocks).astype(np.uint8)
        arrays |= {"fc.weight.absmax": places, "fc.weight.nested_quant_map": table}
        arrays["fc.weight.nested_absmax"] = np.array([2.0], np.float32)
        state |= {"nested_blocksize": 256, "nested_offset": 3.0}
        absmax = table[places] * 2 + 3
    text = np.frombuffer(json.dumps(state).encode(), np.uint8)
    arrays["fc.weight.quant_state.bitsandbytes__nf4"] = text
    real = (NF4[codes[:count]] * absmax.repeat(size)[:count]).reshape(shape)
    found = taken(arrays)
    np.testing.assert_allclose(found.pop("fc.weight")[0], real, rtol=1e-6)
    assert found == {}
    for lost in arrays:
        rest = {n: a for n, a in arrays.items() if n != lost}
        if lost == "fc.weight.nested_quant_map" or (not nested and lost.endswith("weight")):
            continue
        assert taken(rest) == {}, lost


def test_eight_bits_of_bitsandbytes():
    q, rows = np.arange(-12, 12, dtype=np.int8).reshape(4, 6), np.array([1, 2, 3, 4], np.float32)
    arrays = {"fc.weight": q, "fc.SCB": rows, "fc.weight_format": np.array(0, np.uint8)}
    np.testing.assert_allclose(taken(arrays)["fc.weight"][0], q * rows[:, None] / 127, rtol=1e-6)
    arrays["fc.weight_format"] = np.array(1, np.uint8)
    assert taken(arrays) == {}


@pytest.mark.parametrize("stored_zero", [7, 8])
@pytest.mark.parametrize("sym", [True, False])
def test_symmetric_weights_of_gptq_have_the_zero_point_that_the_config_says(stored_zero, sym):
    q = np.random.default_rng(0).integers(0, 16, (16, 8))
    arrays = {
        "fc.qweight": pack(q.T, 4).T.copy(),
        "fc.qzeros": pack(np.full((1, 8), stored_zero), 4),
        "fc.scales": np.ones((1, 8), np.float16),
    }
    found = taken(arrays, {"quantization_config": {"sym": sym}})["fc.qweight"][0]
    zero = 8 if sym else stored_zero + 1
    np.testing.assert_array_equal(found, q.T - zero)


@pytest.mark.parametrize("packing", ["auto_round", "", "auto_round:gptq", "auto_round:auto_awq"])
def test_zero_points_of_autoround_are_stored_as_they_are(packing):
    q = np.random.default_rng(0).integers(0, 4, (32, 16))
    arrays = {
        "fc.qweight": pack(q.T, 2).T.copy(),
        "fc.qzeros": pack(np.full((1, 16), 1), 2),
        "fc.scales": np.ones((1, 16), np.float16),
    }
    settings = {"quant_method": "auto-round", "packing_format": packing}
    found = taken(arrays, {"quantization_config": settings})["fc.qweight"][0]
    native = "gptq" not in packing and "awq" not in packing
    np.testing.assert_array_equal(found, q.T - (1 if native else 2))


def test_helpers_beside_integers_in_an_unknown_layout_are_no_layers():
    arrays = {
        "fc.words": np.ones((8, 16), np.int32),
        "fc.anything": f32(8, 4),
        "a.weight": f32(4, 3),
    }
    assert {*taken(arrays)} == {"a.weight"}
    counts = {"fc.position_ids": np.ones((1, 16), np.int64), "fc.weight": f32(8, 4)}
    assert {*taken(counts)} == {"fc.weight"}


@pytest.mark.parametrize("scale", [(16,), (16, 1, 1), ()])
def test_a_quantized_kernel_is_no_stack_of_experts(scale):
    q, factor = np.arange(16 * 8 * 3, dtype=np.int16).reshape(16, 8, 3), np.abs(f32(*scale)) + 1
    q = (q % 200 - 100).astype(np.int8)
    model = spectra.from_arrays({"conv1.weight": q, "conv1.weight_scale": factor})
    (layer,) = (x for x in spectra.layers(model) if x.weight is not None)
    assert layer.rf == 3
    assert layer.weight is not None
    wanted = q * factor.reshape(-1, 1, 1)
    np.testing.assert_allclose(layer.weight.read(), wanted, rtol=1e-6)


LEFT_OUT: dict[str, tuple[dict[str, Any], Any, dict[str, Any], str]] = {
    "transposed zero points": (
        {"scale": f32(4, 2), "zero_point": np.ones((2, 4), np.uint8)},
        np.uint8,
        {},
        "zero points 2x4 beside scales 4x2",
    ),
    "an offset of no known meaning": (
        {"weight_scale": f32(4, 1), "weight_offset": f32(4, 1)},
        np.int8,
        {},
        "fc.weight_offset, whose meaning is not known",
    ),
    "blocks against the config": (
        {"weight_scale": f32(2, 2)},
        np.int8,
        {"quantization_config": {"weight_block_size": [64, 64]}},
        "in blocks of 64x64 by the config",
    ),
    "groups against the config": (
        {"weight_scale": f32(4, 2)},
        np.int8,
        {"quantization_config": {"group_size": 16}},
        "in blocks of no known size",
    ),
    "words of another layout": ({"weight_scale": f32(4, 1)}, np.int32, {}, "beside a scale"),
    "a reciprocal by the name of a factor": (
        {"weight_scale": f32(4, 4).astype(ml_dtypes.float8_e4m3fn), "weight_global_scale": f32(1)},
        np.uint8,
        {},
        "helpers that are not known",
    ),
    "scales of ComfyUI, in another order": (
        {
            "weight_scale": f32(4, 4).astype(ml_dtypes.float8_e4m3fn),
            "weight_scale_2": f32(),
            "comfy_quant": np.frombuffer(b'{"format": "nvfp4"}', np.uint8),
        },
        np.uint8,
        {},
        "helpers that are not known",
    ),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_contradicts_or_is_not_known_leaves_the_weights_out(case):
    beside, dtype, config, words = LEFT_OUT[case]
    columns = 32 if "NV" in case or "factor" in case or "Comfy" in case else 64
    arrays = {"fc.weight": np.ones((4, columns), dtype)}
    arrays |= {f"fc.{name}": np.asarray(array) for name, array in beside.items()}
    found = views(arrays, config)
    assert not any(x.taken for x in found.values())
    assert words in found["fc.weight"].reason


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bits": 8}, "4 bits by the shapes, 8 by the config"),
        ({"bits": 4, "desc_act": True}, "g_idx is missing"),
        ({"bits": 4, "group_size": 128}, "no config says of what size"),
    ],
)
def test_gptq_against_its_config(settings, words):
    arrays = {
        "fc.qweight": np.zeros((8, 8), np.int32),
        "fc.qzeros": np.zeros((2, 1), np.int32),
        "fc.scales": np.ones((2, 8), np.float16),
    }
    assert taken(arrays, {"quantization_config": {"bits": 4, "group_size": 32}})
    reason = views(arrays, {"quantization_config": settings})["fc.qweight"].reason
    assert words in reason


def test_one_weight_with_two_scales_is_two_matrices():
    q = np.ones((4, 4), np.int8)
    arrays = {"a.weight": q, "b.weight": q, "a.weight_scale": f32(4, 1)}
    arrays["b.weight_scale"] = f32(4, 1, seed=1)
    assert {*taken(arrays)} == {"a.weight", "b.weight"}


def test_plain_floats_among_scaled_ones_are_left_out_whatever_the_dtype():
    q = f32(4, 4).astype(ml_dtypes.float8_e4m3fn)
    arrays = {"a.weight": q, "a.weight_scale": np.float32(3), "b.weight": q.copy()}
    config = {"torch_dtype": "float8_e4m3fn"}
    assert {*taken(arrays, config)} == {"a.weight"}
    assert "others of the model have scales" in views(arrays, config)["b.weight"].reason


def test_floats_whose_inputs_are_scaled():
    W, factors = f32(4, 3), np.array([1, 2, 4], np.float32)
    found = taken({"fc.weight": W, "fc.pre_quant_scale": factors})
    np.testing.assert_array_equal(found.pop("fc.weight")[0], W * factors)
    assert found == {}
    assert taken({"fc.weight": W, "fc.pre_quant_scale": factors[:2]}) == {}


def test_stacks_of_experts_of_mlx():
    rng = np.random.default_rng(0)
    words = rng.integers(0, 1 << 32, (3, 5, 8), np.uint64).astype(np.uint32)
    scales, biases = f32(3, 5, 1), f32(3, 5, 1, seed=1)
    stem = "l.switch_mlp.up_proj"
    arrays = {f"{stem}.weight": words, f"{stem}.scales": scales, f"{stem}.biases": biases}
    config = {"quantization": {"bits": 4, "group_size": 64}}
    model = structure.interpret(spectra.from_arrays(arrays), config)
    found = [x.matrices()[0] for x in spectra.layers(model) if x.taken]
    codes = np.stack([(words >> np.uint32(4 * k)) & 15 for k in range(8)], -1).reshape(3, 5, 64)
    np.testing.assert_allclose(found, codes * scales + biases, rtol=1e-5, atol=1e-6)


def test_a_cast_to_8_bits_takes_time_in_proportion_to_its_tensors():
    def calls(count):
        q = np.zeros((2, 2), ml_dtypes.float8_e4m3fn)
        profile = cProfile.Profile()
        profile.runcall(views, {f"m{i}.weight": q for i in range(count)})
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(400) < 5 * calls(100)


INT, REAL = np.ones((8, 8), np.int32), np.ones((8, 8), np.float32)


@pytest.mark.parametrize("layout", structure.NOT_READ)
def test_layouts_that_are_not_read_are_named(layout):
    first, *others = structure.NOT_READ[layout]
    arrays = {f"fc.{first}": INT, **{f"fc.{other}": REAL for other in others}}
    found = views(arrays)
    assert not any(x.taken for x in found.values())
    assert f"layout of {layout}, not read" in found[f"fc.{first}"].reason


def test_the_pages_list_the_layouts_that_are_not_read():
    from tests.builders import REPO

    text = " ".join((REPO / "docs" / "formats.md").read_text(encoding="utf-8").split())
    missing = [layout for layout in (*structure.NOT_READ, "BitNet") if layout not in text]
    assert missing == []
