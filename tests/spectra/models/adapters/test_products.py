"""LoKr and LoHa updates, against loops over their elements; families that are not computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models import adapters
from spectra.models.adapters._families import FAMILIES
from spectra.models.structure import interpret
from spectra.models.tensors import Tensor
from tests.builders import REPO, f32

sizes = st.integers(1, 4)


def one_layer(arrays, config=None):
    """Return the only layer that is taken, and the model."""
    model = interpret(spectra.from_arrays(arrays), {"adapter": config or {}})
    (layer,) = [layer for layer in spectra.layers(model) if layer.taken]
    return layer, model


def kron(w1, w2):
    a, c = w1.shape
    b, d = w2.shape[:2]
    out = np.zeros((a * b, c * d, *w2.shape[2:]))
    for i, j, k, m in np.ndindex(a, c, b, d):
        out[i * b + k, j * d + m] = w1[i, j] * w2[k, m].astype(float)
    return out


@given(st.tuples(sizes, sizes), st.tuples(sizes, sizes), st.lists(sizes, max_size=3))
def test_lokr_of_whole_factors(first, second, positions):
    w1, w2 = f32(*first), f32(*second, *positions, seed=1)
    arrays = {"b.lokr_w1": w1, "b.lokr_w2": w2, "b.alpha": np.float32(1e10)}
    layer, _ = one_layer(arrays)
    assert layer.name == "b"
    np.testing.assert_allclose(layer.weight.read(), kron(w1, w2), rtol=1e-12)


@pytest.mark.parametrize("alpha", [np.float32(6), np.int64(6), np.array([6], np.uint8), None])
def test_lokr_of_halves(alpha):
    a1, b1, a2, b2 = f32(2, 3), f32(3, 4, seed=1), f32(5, 3, seed=2), f32(3, 6, seed=3)
    arrays = {"b.lokr_w1_a": a1, "b.lokr_w1_b": b1, "b.lokr_w2_a": a2, "b.lokr_w2_b": b2}
    arrays |= {} if alpha is None else {"b.alpha": alpha}
    layer, model = one_layer(arrays)
    expected = (1 if alpha is None else 2) * kron(a1.astype(float) @ b1, a2.astype(float) @ b2)
    np.testing.assert_allclose(layer.matrices()[0], expected, rtol=1e-5, atol=1e-7)
    words = "alpha not known" if alpha is None else "alpha beside it"
    assert model["b.lokr_w1_a"].note == f"LoKr update of b, 10x24, {words}"
    assert model["b.lokr_w2_b"].role == "factor"


@given(sizes, sizes, sizes, st.lists(sizes, max_size=3))
def test_loha(out, inner, rank, positions):
    shapes = ((rank, out) if positions else (out, rank), (rank, inner), (rank, rank, *positions))
    (a1, b1, t1), (a2, b2, t2) = (
        [f32(*s, seed=n + 3 * k) for n, s in enumerate(shapes)] for k in (0, 1)
    )
    arrays = {"m.hada_w1_a": a1, "m.hada_w1_b": b1, "m.hada_w2_a": a2, "m.hada_w2_b": b2}
    if positions:
        arrays |= {"m.hada_t1": t1, "m.hada_t2": t2}
    expected = np.zeros((2, out, inner, *positions))
    for half, (a, b, t) in enumerate([(a1, b1, t1), (a2, b2, t2)]):
        for o, i, r, s in np.ndindex(out, inner, rank, rank):
            if positions:
                expected[half, o, i] += float(a[r, o]) * float(b[s, i]) * t[r, s].astype(float)
            elif r == s:
                expected[half, o, i] += float(a[o, r]) * float(b[r, i])
    layer, _ = one_layer(arrays, {"peft_type": "LOHA", "alpha": 3, "r": rank})
    assert layer.name == "m"
    whole = 3 / rank * expected[0] * expected[1]
    np.testing.assert_allclose(layer.weight.read(), whole, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("config", "scale", "words"),
    [
        ({"peft_type": "LOKR", "alpha": 6, "r": 4}, 1.5, "alpha 6"),
        ({"peft_type": "LOKR", "alpha": 6, "r": 4, "rank_pattern": {"b": 2}}, 3, "alpha 6"),
        ({"peft_type": "LOKR", "alpha": 6}, 1, "rank not known"),
        ({"peft_type": "LOKR", "r": 4}, 1, "alpha not known"),
        ({"alpha": 6, "r": 4}, 1, "scale 1"),
    ],
)
def test_peft_scales_whole_factors_and_lycoris_does_not(config, scale, words):
    w1, w2 = f32(2, 3), f32(4, 5, seed=1)
    layer, model = one_layer({"b.lokr_w1": w1, "b.lokr_w2": w2}, config)
    np.testing.assert_allclose(layer.matrices()[0], scale * kron(w1, w2), rtol=1e-6)
    assert model["b.lokr_w1"].note == f"LoKr update of b, 8x15, {words}"


LOKR = {"lokr_w1": f32(2, 3), "lokr_w2_a": f32(4, 2), "lokr_w2_b": f32(2, 5)}
LOHA = {f"hada_w{n}_{x}": f32(4, 2) if x == "a" else f32(2, 5) for n in "12" for x in "ab"}


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({**LOKR, "lokr_w2_b": None}, "lokr_w2, or its halves lokr_w2_a and lokr_w2_b, are not"),
        ({**LOKR, "lokr_w1": None}, "lokr_w1, or its halves"),
        ({**LOKR, "lokr_w2": f32(4, 5)}, "lokr_w2, or its halves"),
        ({**LOKR, "lokr_w2_b": f32(3, 5)}, "the halves of lokr_w2 do not fit"),
        ({**LOKR, "lokr_t2": f32(2, 2, 3, 3)}, "the halves of lokr_w2 do not fit"),
        ({**LOKR, "lokr_w2_b": f32(2)}, "lokr_w2_a and lokr_w2_b are 2-D and 1-D"),
        ({**LOKR, "lokr_w1": f32(2, 3, 1)}, "its factors are 3-D and 2-D"),
        ({**LOKR, "dora_scale": f32(8, 1)}, "its DoRA magnitudes need the weight"),
        ({**LOKR, "lokr_w1": np.ones((2, 3), "int8")}, "its factors are not floats"),
        ({**LOHA, "hada_w2_b": None}, "hada_w2, or its halves"),
        ({**LOHA, "hada_w2_b": f32(2, 6)}, "its two factors do not fit"),
        ({**LOHA, "hada_t1": f32(4, 2, 3)}, "its two factors do not fit"),
    ],
)
def test_factors_that_make_no_update_say_why(arrays, words):
    given = {f"x.{name}": array for name, array in arrays.items() if array is not None}
    layers = spectra.layers(given)
    assert not any(layer.taken for layer in layers)
    assert any(words in layer.reason for layer in layers)
    assert all(layer.reason.startswith(("Lo", "DoRA")) for layer in layers)


def test_an_update_that_is_too_large_is_not_computed():
    def lazy(name, shape):
        return Tensor(name, shape, "float32", "unknown", lambda: np.zeros(shape, "f4"))

    shapes = {"x.lokr_w1": (1 << 12, 1), "x.lokr_w2": (1, 1 << 20)}
    model = interpret({name: lazy(name, shape) for name, shape in shapes.items()})
    assert "4294967296 elements; at most" in model["x.lokr_w1"].note
    assert not any(layer.taken for layer in spectra.layers(model))
    core: dict[str, tuple[int, ...]] = {
        "x.hada_t1": (1 << 12, 1 << 12, 1, 1),
        "x.hada_t2": (1 << 12, 1 << 12, 1, 1),
    }
    core |= {f"x.hada_w{n}_{x}": (1 << 12, 1 if x == "a" else 1 << 19) for n in "12" for x in "ab"}
    model = interpret({name: lazy(name, shape) for name, shape in core.items()})
    assert "do not fit" in model["x.hada_w1_a"].note  # what lies between is too large


def test_a_kernel_whose_positions_are_not_known_says_so():
    layer, _ = one_layer({f"down.conv1.{name}": array for name, array in LOHA.items()})
    assert layer.tensor.note.endswith("the positions of a kernel are among its columns")


PARTS = [(name, part) for name, (parts, _) in FAMILIES.items() for part in parts.split()]


@pytest.mark.parametrize(("family", "part"), PARTS)
def test_tensors_of_other_families_are_not_layers(family, part):
    stem = "" if family == "prompt learning" else "base_model.model.m.q_proj."
    names = [f"{stem}{part}"] if not stem else [f"{stem}{part}", f"{stem}{part}.weight"]
    for name in names:
        for shape in [(6, 4), (4, 6, 5), (4, 2, 3, 3), (6,)]:
            (layer,) = spectra.layers({name: f32(*shape)})
            assert layer.reason.startswith(family)
            assert layer.tensor.role == "factor"


COMPANIONS = {
    "T-LoRA": ["lambda_layer", "q_layer.weight", "p_layer.weight"],
    "GLoRA": ["a1.weight", "a2.weight", "b1.weight", "b2.weight", "bm.weight"],
    "IA3": ["weight", "on_input"],
    "OFT": ["oft_blocks", "rescale"],
}


@pytest.mark.parametrize("family", COMPANIONS)
def test_tensors_beside_those_of_lycoris_are_not_layers(family):
    arrays = {f"lycoris_q.{part}": f32(4, 6) for part in COMPANIONS[family]}
    reasons = [layer.reason for layer in spectra.layers(arrays)]
    assert {reason.partition(":")[0] for reason in reasons} == {f"{family} of lycoris_q"}
    assert all(layer.taken for layer in spectra.layers({"q.a1.weight": f32(4, 6)}))


def test_the_page_names_every_family():
    page = (REPO / "docs" / "formats.md").read_text(encoding="utf-8")
    adapters_of_page = page.partition("## Adapters")[2].partition("## Parts")[0]
    assert [name for name in FAMILIES if name not in adapters_of_page] == []


def test_names_that_hold_one_of_another_family_are_layers():
    names = ["my_oft_R_head.weight", "text.prompt_embeddings.weight", "gralora.weight"]
    assert all(layer.taken for layer in spectra.layers({name: f32(6, 4) for name in names}))


def test_full_differences_are_layers_and_say_so():
    pair = {"m.q.lora_down.weight": f32(2, 4), "m.q.lora_up.weight": f32(6, 2)}
    full = {"m.k.diff": f32(6, 4), "m.c.diff": f32(6, 4, 3, 3), "m.k.diff_b": f32(6)}
    model = spectra.from_arrays({**pair, **full, "m.norm.diff": f32(4)})
    layers = {layer.name: layer for layer in spectra.layers(model)}
    assert model["m.k.diff"].note == "difference that is added to m.k"
    assert (layers["m.k.diff"].taken, layers["m.c.diff"].rf) == (True, 9)
    assert not layers["m.k.diff_b"].taken
    assert not layers["m.norm.diff"].taken
    alone = spectra.from_arrays({"m.k.diff": f32(6, 4)})  # no adapter
    assert alone["m.k.diff"].note == "by its shape only"


def test_parts_without_a_pair_say_so():
    names = ["q.lora_mid.weight", "q.lora_E", "q.lora_diag", "q.lora_magnitude_vector"]
    model = spectra.from_arrays({name: f32(4, 4) for name in names})
    assert [tensor.role for tensor in model.values()] == ["factor"] * 4
    assert not any(layer.taken for layer in spectra.layers(model))


@pytest.mark.parametrize("shape", [(3, 1), (2, 2)])
def test_singular_values_that_do_not_fit(shape):
    arrays = {"q.lora_A": f32(2, 4), "q.lora_E": f32(*shape), "q.lora_B": f32(6, 2)}
    model = spectra.from_arrays(arrays)
    assert adapters.pairs(model) == []
    assert "do not fit rank 2" in model["q.lora_A"].note
