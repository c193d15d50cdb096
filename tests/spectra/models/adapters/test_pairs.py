"""Pairs of low rank, against the products written out."""

import math

import ml_dtypes
import numpy as np
import pytest

import spectra
from spectra.models import adapters
from tests.builders import f32

KINDS = {
    "peft": ("m.q_proj.lora_A.weight", "m.q_proj.lora_B.weight"),
    "peft, named": ("m.q_proj.lora_A.default.weight", "m.q_proj.lora_B.default.weight"),
    "kohya": ("m.q_proj.lora_down.weight", "m.q_proj.lora_up.weight"),
    "diffusers": ("m.q_proj.lora.down.weight", "m.q_proj.lora.up.weight"),
    "diffusers, older": ("m.q_proj_lora.down.weight", "m.q_proj_lora.up.weight"),
    "linear": ("m.q_proj.lora_linear_layer.down.weight", "m.q_proj.lora_linear_layer.up.weight"),
    "loralib": ("m.q_proj.lora_A", "m.q_proj.lora_B"),
    "embedding": ("m.q_proj.lora_embedding_A", "m.q_proj.lora_embedding_B"),
}
A, B = f32(3, 20), f32(15, 3, seed=1)


def model(kind="peft", **more):
    down, up = KINDS[kind]
    return spectra.from_arrays({down: A, up: B, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_are_known_by_their_names(kind):
    (pair,) = adapters.pairs(model(kind), {"lora_alpha": 6})
    assert (pair.name, pair.rank, pair.alpha, pair.scale) == ("m.q_proj", 3, 6.0, 2.0)


def test_the_update_and_its_eigenvalues():
    (pair,) = adapters.pairs(model(), {"lora_alpha": 6})
    by_hand = 2.0 * B.astype(float) @ A.astype(float)
    np.testing.assert_allclose(adapters.delta(pair), by_hand, rtol=1e-12)
    expected = np.linalg.svd(by_hand, compute_uv=False)[2::-1] ** 2
    np.testing.assert_allclose(adapters.eigenvalues(pair), expected, rtol=1e-10)


def test_the_root_of_the_rank():
    (pair,) = adapters.pairs(model(), {"lora_alpha": 6, "use_rslora": True})
    assert pair.scale == pytest.approx(6 / math.sqrt(3))


def test_an_alpha_for_some_layers():
    config = {"lora_alpha": 6, "alpha_pattern": {"q_proj": 9, "proj": 1}}
    (pair,) = adapters.pairs(model(), config)
    assert pair.alpha == 9


def test_an_alpha_in_the_file():
    (pair,) = adapters.pairs(
        model("kohya", **{"m.q_proj.alpha": np.float32(12)}), {"lora_alpha": 6}
    )
    assert pair.alpha == 12


def test_without_an_alpha_the_scale_is_not_known():
    (pair,) = adapters.pairs(model())
    assert math.isnan(pair.scale)
    np.testing.assert_allclose(adapters.delta(pair), B.astype(float) @ A.astype(float), rtol=1e-12)


@pytest.mark.parametrize("alpha", [None, True, "16", [], float("nan")])
def test_an_alpha_that_is_none(alpha):
    (pair,) = adapters.pairs(model(), {"lora_alpha": alpha, "alpha_pattern": {"q_proj": "x"}})
    assert math.isnan(pair.alpha)


def test_both_halves_say_what_they_are():
    config = {"adapter": {"lora_alpha": 16}}
    noted = spectra.models.structure.interpret(model(), config)
    assert {t.note for t in noted.values()} == {"LoRA of m.q_proj, rank 3, alpha 16"}


def test_half_a_pair_says_so():
    found = spectra.from_arrays({KINDS["peft"][0]: A})
    assert adapters.pairs(found) == []
    assert [t.note for t in found.values()] == ["half of a LoRA pair, the other is not there"]


def test_halves_of_different_ranks_say_so():
    found = spectra.from_arrays({KINDS["peft"][0]: A, KINDS["peft"][1]: f32(15, 4)})
    assert adapters.pairs(found) == []
    assert {t.note for t in found.values()} == {"LoRA of m.q_proj, ranks 3 and 4 do not fit"}


ALPHAS = ["int64", "int32", "uint8", "int8", "float16", "float32", "float64", "bfloat16"]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("dtype", ALPHAS)
def test_an_alpha_of_any_real_type(dtype, shape):
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    found = model("kohya", **{"m.q_proj.alpha": np.full(shape, 12, kind)})
    (pair,) = adapters.pairs(found)
    assert (pair.alpha, pair.scale) == (12, 4)
    assert found["m.q_proj.lora_down.weight"].note == "LoRA of m.q_proj, rank 3, alpha beside it"
    assert [x.name for x in spectra.layers(found) if x.taken] == [
        "m.q_proj.lora_down",
        "m.q_proj.lora_up",
    ]


@pytest.mark.parametrize("value", [np.ones(2), np.array(True), np.array(1j), np.float32(np.inf)])
def test_an_alpha_that_is_no_number(value):
    (pair,) = adapters.pairs(model("kohya", **{"m.q_proj.alpha": value}))
    assert math.isnan(pair.alpha)


def noted(config, **more):
    found = spectra.models.structure.interpret(model(**more), {"adapter": config})
    return {t.note for t in found.values()}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"r": 8}, "rank 3, alpha not known, the config says rank 8"),
        ({"lora_alpha": 6, "r": 3}, "rank 3, alpha 6"),
        ({"lora_alpha": 6, "r": 8, "rank_pattern": {r".*q_.*": 3}}, "rank 3, alpha 6"),
        ({"lora_alpha": 6, "alpha_pattern": {r"m\.[qk]_proj": 9}}, "rank 3, alpha 9"),
        (
            {"alpha_pattern": {"(q": 9, "q_proj": 7}},
            "rank 3, alpha not known, key '(q': it is not a valid expression: missing ), "
            "unterminated subpattern at position 7 of alpha_pattern",
        ),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "rank 3, alpha not known, added to the residual that pissa_niter_4 left of the base",
        ),
    ],
)
def test_notes_say_what_the_configuration_says(config, words):
    assert noted(config) == {f"LoRA of m.q_proj, {words}"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"use_qalora": True}, "QA-LoRA, which pools its inputs: not read"),
        ({"use_dora": True}, "DoRA by the config, its magnitudes are not there"),
        ({"kasa_config": {"beta": 1}}, "KaSA, which changes the base: not read"),
    ],
)
def test_variants_that_are_not_read_are_not_pairs(config, words):
    assert adapters.pairs(model(), config) == []
    assert noted(config) == {f"LoRA of m.q_proj, {words}"}
    found = spectra.models.structure.interpret(model(), {"adapter": config})
    assert [x.reason for x in spectra.layers(found)] == [f"LoRA of m.q_proj, {words}"] * 2


def experts(stem="m.experts", rows=6):
    return {f"{stem}.lora_A.weight": f32(rows, 5), f"{stem}.lora_B.weight": f32(7, rows, seed=1)}


LISTED = {"target_parameters": ["experts.down_proj"], "lora_alpha": 4}


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_experts_share_two_matrices(rank):
    arrays, config = experts(), {**LISTED, "r": rank}
    A, B = (array.astype(float) for array in arrays.values())
    found = adapters.pairs(spectra.from_arrays(arrays), config)
    count = 6 // rank
    assert [pair.name for pair in found] == [f"m.experts[{e}]" for e in range(count)]
    for e, pair in enumerate(found):
        product = sum(
            np.outer(B[:, r * count + e], A[e * rank + r]) for r in range(rank)
        )  # as peft reshapes them: A by expert and rank, B by rank and expert
        np.testing.assert_allclose(adapters.delta(pair), 4 / rank * product)


@pytest.mark.parametrize(
    ("stem", "config"),
    [
        ("m.experts", {}),
        ("m.experts.base_layer", {}),
        ("m.experts", LISTED),
        ("m.experts", {**LISTED, "r": 4}),
        ("m.experts", {**LISTED, "r": 0}),
        ("m.experts", {**LISTED, "r": 2.5}),
        ("m.experts", {**LISTED, "r": 2, "rank_pattern": {"(": 2}}),
        (
            "m.experts",
            {
                "target_parameters": ["experts.up", "experts.down"],
                "r": 2,
                "rank_pattern": {"down": 3},
            },
        ),
    ],
)
def test_experts_without_a_rank_have_a_reason(stem, config):
    arrays = spectra.from_arrays(experts(stem))
    assert adapters.pairs(arrays, config) == []
    found = spectra.models.structure.interpret(arrays, {"adapter": config})
    for layer in spectra.layers(found):
        assert layer.reason.startswith(f"LoRA of {stem}, of a stack of experts: ")


def test_a_module_called_experts_is_a_module():
    config = {"target_modules": ["experts"], "target_parameters": None, "r": 6}
    (pair,) = adapters.pairs(spectra.from_arrays(experts()), config)
    assert (pair.name, pair.rank) == ("m.experts", 6)


def kernels(A, B, core=None):
    arrays = {"c.lora_down.weight": A, "c.lora_up.weight": B}
    return spectra.from_arrays(arrays if core is None else {**arrays, "c.lora_mid.weight": core})


@pytest.mark.parametrize("positions", [(3,), (2, 2), (2, 1, 2), (1, 1)])
def test_a_kernel_of_low_rank(positions):
    A, B = f32(2, 5, *positions), f32(7, 2, *[1] * len(positions), seed=1)
    (pair,) = adapters.pairs(kernels(A, B), {"lora_alpha": 4})
    by_hand = np.zeros((7, 5, *positions))
    for o, i, r in np.ndindex(7, 5, 2):
        by_hand[o, i] += 2.0 * B[o, r].item() * A[r, i].astype(float)
    np.testing.assert_allclose(adapters.delta(pair), by_hand, atol=1e-12)
    (layer,) = spectra.layers({"c": by_hand})
    pooled = np.square(np.linalg.svd(layer.matrices(), compute_uv=False))
    largest = np.sort(pooled, axis=None)[-2 * math.prod(positions) :]
    np.testing.assert_allclose(adapters.eigenvalues(pair), largest, rtol=1e-6)


def test_a_kernel_of_one_input_channel_is_one_matrix():
    A, B = f32(2, 1, 3, 3), f32(7, 2, 1, 1, seed=1)
    (pair,) = adapters.pairs(kernels(A, B), {"lora_alpha": 4})
    expected = np.linalg.svd(2.0 * B[:, :, 0, 0] @ A.reshape(2, 9), compute_uv=False)[:2] ** 2
    np.testing.assert_allclose(adapters.eigenvalues(pair)[::-1], expected, rtol=1e-4)


def test_a_kernel_with_a_core():
    A, B, core = f32(2, 5, 1, 1), f32(7, 3, 1, 1, seed=1), f32(3, 2, 3, 3, seed=2)
    found = kernels(A, B, core)
    (pair,) = adapters.pairs(found, {"lora_alpha": 4})
    by_hand = np.zeros((7, 5, 3, 3))
    for o, i, s, r in np.ndindex(7, 5, 3, 2):
        by_hand[o, i] += 2.0 * B[o, s].item() * A[r, i].item() * core[s, r].astype(float)
    np.testing.assert_allclose(adapters.delta(pair), by_hand, atol=1e-12)
    assert [(x.name, x.rf, x.N, x.M) for x in spectra.layers(found)] == [
        ("c.lora_down", 1, 5, 2),
        ("c.lora_up", 1, 7, 3),
        ("c.lora_mid", 9, 3, 2),
    ]


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((4, 6, 3, 3), (8, 2, 1, 1)), "of a convolution in 2 groups: not put together"),
        (((4, 6, 3, 3), (8, 4, 3, 3)), "both halves have kernels, 4x6x3x3 and 8x4x3x3"),
        (((4, 6, 3, 3), (8, 3, 1, 1)), "ranks 4 and 3 do not fit"),
        (((4, 6, 3, 3, 3, 1), (8, 4)), "6-D and 2-D, not put together"),
        (((4, 6, 1, 1), (8, 4, 1, 1), (4, 3, 3, 3)), "its core 4x3x3x3 does not fit"),
        (((4, 6, 3, 3), (8, 4, 1, 1), (4, 4, 3, 3)), "its core 4x4x3x3 does not fit"),
    ],
)
def test_kernels_that_do_not_fit_say_so(shapes, words):
    found = kernels(*(f32(*shape) for shape in shapes))
    assert adapters.pairs(found) == []
    assert words in found["c.lora_down.weight"].note


def test_an_update_that_is_too_large_is_refused():
    lazy = spectra.models.tensors.Tensor
    A = lazy("A", (1, 1 << 16), "float32", "lora_A", lambda: np.zeros((1, 1 << 16)))
    B = lazy("B", (1 << 16, 1), "float32", "lora_B", lambda: np.zeros((1 << 16, 1)))
    with pytest.raises(spectra.errors.ModelFormatError, match="4294967296 elements"):
        adapters.delta(adapters.Pair("fc", A, B, 1.0))
    assert adapters.eigenvalues(adapters.Pair("fc", A, B, 1.0)).tolist() == [0.0]


def test_an_embedding_has_the_shape_of_its_table():
    (pair,) = adapters.pairs(model("embedding"), {"lora_alpha": 3})
    assert pair.shape == adapters.delta(pair).shape == (20, 15)


@pytest.mark.parametrize("magnitudes", [f32(4), f32(), f32(3, 5), f32(20)])
def test_magnitudes_that_do_not_fit(magnitudes):
    found = model(**{"m.q_proj.lora_magnitude_vector": magnitudes})
    (pair,) = adapters.pairs(found)
    with pytest.raises(spectra.errors.ModelFormatError, match="magnitudes for a weight"):
        adapters.delta(pair, base=np.ones((15, 20)))


def test_the_configuration_of_an_opened_adapter_is_the_default():
    arrays = {"q.lora_A.weight": f32(2, 4), "q.lora_B.weight": f32(6, 2)}
    tensors = spectra.from_arrays(arrays)
    opened = spectra.models.model.Model(tensors, config={"adapter": {"lora_alpha": 8}})
    assert [pair.scale for pair in adapters.pairs(opened)] == [4.0]
    assert [pair.alpha for pair in adapters.pairs(opened, {"lora_alpha": 2})] == [2.0]
