"""Missing tensors: what depends on them is left out, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models.lazy import Held
from spectra.models.structure import interpret
from spectra.models.tensors import Tensor
from tests.builders import examples, f32


def gone(name):
    """Return a missing tensor of unknown shape and type."""

    def absent():
        msg = f"{name} is not there"
        raise spectra.errors.ModelNotFoundError(msg)

    return Tensor(name, (0,), "", "missing", absent, "missing: shard.safetensors: no such file")


def held(name, array):
    return Tensor(name, array.shape, array.dtype.name, "unknown", Held(array))


def model_of(arrays, missing):
    """Return the interpreted model of arrays, of which some are missing."""
    return interpret({n: gone(n) if n in missing else held(n, a) for n, a in arrays.items()})


def taken(tensors):
    """Return the matrices of the layers that are taken."""
    return {layer.name: layer.matrices() for layer in spectra.layers(tensors) if layer.taken}


CODES = np.arange(16, dtype=np.int8).reshape(4, 4)
WORDS = np.arange(16, dtype=np.int32)
ARRAYS = {
    "plain.weight": f32(4, 3),
    "plain.bias": f32(4),
    "fp8.weight": f32(4, 4).astype("float8_e4m3fn"),
    "fp8.weight_scale_inv": f32(1, 1),
    "int8.weight": CODES,
    "int8.weight_scale": f32(4, 1),
    "gptq.qweight": WORDS.reshape(2, 8),
    "gptq.qzeros": np.zeros((2, 1), np.int32),
    "gptq.scales": f32(2, 8).astype(np.float16),
    "e.experts.down_proj_blocks": np.ones((2, 4, 1, 16), np.uint8),
    "e.experts.down_proj_scales": np.ones((2, 4, 1), np.uint8),
    "p.weight_packed": WORDS[:4].reshape(2, 2),
    "p.weight_scale": f32(2, 1),
    "embed_tokens.weight": f32(5, 3),
    "norm.weight": f32(3),
}
FREE = {"plain.weight", "plain.bias", "embed_tokens.weight", "norm.weight"}


@examples(3)
@given(st.sets(st.sampled_from(sorted(ARRAYS)), min_size=1))
def test_what_is_missing_changes_no_layer(missing):
    """Every layer that is still taken is the same as before, and what needs nothing stays."""
    full = taken(model_of(ARRAYS, set()))
    model = model_of(ARRAYS, missing)
    assert list(model) == list(ARRAYS)
    found = taken(model)
    for name, matrices in found.items():
        np.testing.assert_array_equal(matrices, full[name])
    kept = {n.removesuffix(".weight") for n in FREE - missing if n.endswith("weight")}
    assert kept - {"norm"} <= found.keys()
    assert {n for n, t in model.items() if t.role == "missing"} == missing
    for layer in spectra.layers(model):
        assert layer.taken or layer.reason
    again = interpret(model)
    assert [(t.role, t.note) for t in again.values()] == [(t.role, t.note) for t in model.values()]


SPELLINGS = [
    ".weight_scale", ".weight_scale_inv", ".scale_weight", ".scale", ".scales", ".weight.scale",
    ".weight_scales", ".weight_s", ".weight._scale", "._weight_scale", ".weight_zero_point",
    ".qzeros", ".zero", ".zeros", ".g_idx", ".weight_shape", ".weight.absmax", ".weight.quant_map",
    ".weight.quant_state.bitsandbytes__nf4", ".SCB", ".biases", ".weight._shift", "_scale_inv",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "int8", "uint8", "int32"])
@pytest.mark.parametrize("helper", SPELLINGS)
def test_codes_without_their_helper_are_left_out(helper, dtype):
    arrays = {"a.fc.weight": np.ones((8, 4)).astype(dtype), "a.up.weight": f32(8, 4)}
    model = model_of({**arrays, f"a.fc{helper}": f32(8, 1)}, {f"a.fc{helper}"})
    (layer, *_) = spectra.layers(model)
    assert layer.reason == f"quantized ({dtype}): needs a.fc{helper}, which is missing"
    assert taken(model).keys() == {"a.up"}


@pytest.mark.parametrize(
    ("kept", "lost"),
    [("_v", "_g"), ("_g", "_v"), ("_orig", "_u"), ("_orig", "_v"),
     ("s.weight.original0", "s.weight.original1"), ("s.weight.original1", "s.weight.original0")],
)  # fmt: skip
def test_half_of_a_reparametrised_weight_is_left_out(kept, lost):
    stem = "fc.parametrization" if "original" in kept else "fc.weight"
    model = model_of({stem + kept: f32(8, 4), stem + lost: f32(8, 1)}, {stem + lost})
    assert taken(model) == {}
    assert f"needs {stem}{lost}, which is missing" in spectra.layers(model)[0].reason


@pytest.mark.parametrize(
    "lost", ["fc.bias", "fc.input_scale", "up.weight_scale", "fc2.weight", "fc.up.scale", "scale"]
)
def test_other_tensors_are_not_needed(lost):
    model = model_of({"fc.weight": f32(8, 4), lost: f32(1)}, {lost})
    assert taken(model).keys() == {"fc"}


def test_the_helpers_of_a_missing_weight_are_no_layers():
    arrays = {"fc.weight": CODES, "fc.biases": f32(8, 4), "fc.scales": f32(8, 4)}
    model = model_of(arrays, {"fc.weight"})
    assert taken(model) == {}
    assert model["fc.biases"].note == "needs fc.weight, which is missing"


def test_names_of_thousands_of_letters_take_no_time():
    names = ["x_scale" * 200_000, "weight." * 200_000, "quant_state.a" * 100]
    assert len(model_of({n: f32(2, 2) for n in [*names, "w"]}, {names[0]})) == 4


def test_a_model_keeps_its_notes():
    model = spectra.models.model.Model({"w": held("w", f32(3, 2))}, notes=("one", "two"))
    assert model.select(["w"]).notes == ("one", "two")
    assert "two" not in repr(model)
    assert spectra.analyze(model).attrs["model_notes"] == "one\ntwo"
    assert spectra.describe(model).attrs["model_notes"] == "one\ntwo"
    assert spectra.describe({"w": f32(3, 2)}).attrs["model_notes"] == ""
