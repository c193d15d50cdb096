"""Pairs of low rank, against the products written out."""

import math

import numpy as np
import pytest

import spectra
from spectra.models import adapters
from tests.builders import f32

KINDS = {
    "peft": ("m.q_proj.lora_A.weight", "m.q_proj.lora_B.weight"),
    "peft, named": ("m.q_proj.lora_A.default.weight", "m.q_proj.lora_B.default.weight"),
    "kohya": ("m.q_proj.lora_down.weight", "m.q_proj.lora_up.weight"),
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
