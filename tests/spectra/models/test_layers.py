"""Layers: which tensors are taken, as which matrices, and why the others are not."""

import numpy as np
import pytest

import spectra
from spectra import layers
from spectra.errors import ArgumentError
from spectra.models import roles
from spectra.models.arrays import from_array
from spectra.models.lazy import Held
from spectra.models.tensors import Tensor, Weight


def one(array, role=None):
    (layer,) = layers({"t": from_array("t", array, role=role)})
    return layer


@pytest.mark.parametrize("role", ["dense", "embedding", "recurrent", "lora_A", "lora_B"])
def test_matrix_is_taken_as_it_is(role):
    W = np.arange(6.0).reshape(3, 2)
    layer = one(W, role)
    assert (layer.N, layer.M, layer.Q, layer.rf, layer.num_evals) == (3, 2, 1.5, 1, 2)
    np.testing.assert_array_equal(layer.matrices(), W[np.newaxis])


@pytest.mark.parametrize("kernel", [(3,), (2, 3), (2, 3, 2)])
def test_convolution_is_a_matrix_per_position(kernel):
    W = np.random.default_rng(0).standard_normal((4, 5, *kernel))
    layer = one(W)
    positions = [W[(slice(None), slice(None), *index)] for index in np.ndindex(kernel)]
    assert (layer.N, layer.M, layer.rf) == (5, 4, len(positions))
    np.testing.assert_array_equal(layer.matrices(), positions)
    apart = layers({"t": W}, pool=False)
    assert [x.position for x in apart] == list(range(len(positions)))
    for position, (view, matrix) in enumerate(zip(apart, positions, strict=True)):
        index = ",".join(map(str, np.unravel_index(position, kernel)))
        assert view.name == f"t[{index}]"
        np.testing.assert_array_equal(view.matrices(), [matrix])


def test_pooled_eigenvalues_are_those_of_all_positions():
    W = np.random.default_rng(0).standard_normal((4, 5, 2, 3))
    pooled = spectra.analyze({"t": W}).eigenvalue.values.ravel()
    apart = spectra.analyze(layers({"t": W}, pool=False)).eigenvalue.values.ravel()
    np.testing.assert_array_equal(pooled, np.sort(apart)[::-1])


@pytest.mark.parametrize(
    ("array", "role", "words"),
    [
        (np.zeros(3), "dense", "1-D: a vector has no spectrum"),
        (np.zeros(()), "constant", "0-D: a number has no spectrum"),
        (np.zeros((3, 2)), "bias", "bias: not a weight matrix"),
        (np.zeros((3, 2)), "norm", "norm: not a weight matrix"),
        (np.zeros((3, 2)), "constant", "constant: no known use as a weight matrix"),
        (np.zeros((3, 2), np.int64), "dense", "int64: integers"),
        (np.zeros((3, 2), bool), "dense", "bool: not real numbers"),
        (np.zeros((3, 2), complex), "dense", "complex128: not real numbers"),
        (np.zeros((3, 2), np.int8), "quantized", "quantized (int8): its scale is not known"),
        (np.zeros((2, 8, 4)), "experts", "3-D stack of experts: its layout is not known"),
        (np.zeros((2, 8, 4)), "recurrent", "3-D recurrent weights: their gates are not known"),
        (np.zeros((2, 8, 4)), "dense", "3-D dense: no matrix view is known"),
        (np.zeros((2,) * 6), "conv", "6-D conv: no matrix view is known"),
    ],
)
def test_what_is_not_taken_has_a_reason(array, role, words):
    layer = one(array, role)
    assert not layer.taken
    assert layer.reason.startswith(words)
    assert (layer.N, layer.M, layer.num_evals) == (0, 0, 0)


def test_names_lose_weight_unless_two_would_be_the_same():
    names = ["a.weight", "b", "b.weight", ".weight"]
    found = [layer.name for layer in layers({n: np.eye(2) for n in names})]
    assert found == ["a", "b", "b.weight", ".weight"]


@pytest.mark.parametrize(
    ("name", "shape", "role"),
    [
        ("model.layers.0.mlp.down_proj.weight", (8, 4), "dense"),
        ("transformer.wte.weight", (100, 4), "embedding"),
        ("bert.embeddings.word_embeddings.weight", (100, 4), "embedding"),
        ("lstm.weight_ih_l0", (16, 4), "recurrent"),
        ("enc_w_hh", (12, 4), "recurrent"),
        ("base.q_proj.lora_A.weight", (8, 64), "lora_A"),
        ("base.q_proj.lora_B.default.weight", (64, 8), "lora_B"),
        ("conv1.weight", (64, 3, 7, 7), "conv"),
        ("features.0", (64, 3, 3, 3), "conv"),
        ("stft_conv.weight", (258, 1, 256), "conv"),
        ("wav.conv.weight", (512, 512, 10), "conv"),
        ("mlp.experts.gate_up_proj", (4, 64, 128), "experts"),
        ("rel_pos", (1, 64, 128), "unknown"),
        ("ln_f.weight", (64,), "norm"),
        ("bn.running_mean", (64,), "norm"),
        ("fc.bias", (64,), "bias"),
        ("lstm.bias_ih_l0", (64,), "bias"),
        ("scale", (), "unknown"),
        ("lora_unet_down.lora_up.weight", (64, 8), "lora_B"),
        ("b.lora_A.weight", (8, 64), "lora_A"),
        ("patch_embed.proj.weight", (768, 3, 32, 32), "conv"),
        ("conv1.kernel", (3, 3, 64, 128), "unknown"),
        ("conv.weight", (128, 3, 3, 64), "unknown"),
        ("conv.weight", (64, 3, 3, 128), "unknown"),
        ("conv.weight", (512, 256, 1, 5), "conv"),
        ("blocks.0.norm1.linear.weight", (64, 32), "dense"),
        ("norm.weight", (64, 32), "norm"),
        ("time_embedding.linear_1.weight", (64, 32), "dense"),
        ("down_proj.scales", (64, 32), "constant"),
        ("down_proj.weight_scale_inv", (64, 32), "constant"),
        ("freqs_cos", (64, 32), "constant"),
        ("", (2, 2), "dense"),
        ("b", (2, 2), "dense"),
    ],
)
def test_roles_are_guessed_from_names(name, shape, role):
    assert roles.from_name(name, shape) == role


def test_unknown_role_is_refused():
    with pytest.raises(ArgumentError, match="`role` must be one of"):
        from_array("w", np.eye(2), role="matrix")


@pytest.mark.parametrize("model", [np.eye(3), 3, [np.eye(3)], "model.onnx"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ArgumentError, match="a model must be a mapping"):
        spectra.analyze(model)


def test_two_layers_of_one_name_are_refused():
    twice = [*layers({"w": np.eye(3)}), *layers({"w": np.eye(4)})]
    with pytest.raises(ArgumentError, match="layer names must differ, got 'w'"):
        spectra.analyze(twice)


def test_layers_can_be_chosen_before_the_analysis():
    model = {f"w{n}": np.eye(n) for n in (3, 10, 20)}
    ds = spectra.analyze(layer for layer in layers(model) if layer.N > 5)
    assert ds.layer.values.tolist() == ["w10", "w20"]


def test_tensors_of_too_many_parts_are_left_out(monkeypatch):
    monkeypatch.setattr("spectra.models.layers.MOST_PARTS", 4)
    kernel = {"conv.weight": np.ones((3, 2, 3, 2), np.float32)}
    (layer,) = layers(kernel, pool=False)
    assert layer.reason == "6 kernel positions; at most 4 are analysed apart"
    assert layers(kernel)[0].rf == 6
    matrix = Weight("", (2, 2), Held(np.eye(2)))
    tensor = Tensor(
        "w", (5, 2, 2), "float64", "experts", Held(np.ones((5, 2, 2))), "", (matrix,) * 5
    )
    (layer,) = layers({"w": tensor})
    assert layer.reason == "5 parts; at most 4 are analysed"
