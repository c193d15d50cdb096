"""Every matrix is (out, in), every kernel (out, in, positions...)."""

import numpy as np
import pytest

import spectra
from spectra.models import structure
from tests.builders import f32


def read(arrays, config=None):
    model = structure.interpret(spectra.from_arrays(arrays), config or {})
    return {x.name: x.weight.read() for x in spectra.layers(model) if x.weight is not None}


CONVOLUTIONS = {
    "conv1d/kernel": (3, 12, 8),
    "block.conv.kernel": (5, 5, 1, 4),
    "Conv_0/kernel": (11, 11, 3, 8),
    "embedding/kernel": (16, 16, 3, 16),
    "conv3d/kernel:0": (3, 3, 3, 4, 8),
}


@pytest.mark.parametrize(("name", "shape"), CONVOLUTIONS.items())
def test_kernels_with_channels_last(name, shape):
    W = f32(*shape)
    (found,) = read({name: W}).values()
    x = f32(*shape[:-1], seed=1)  # one patch, (positions..., in)
    expected = np.tensordot(x.astype(float), W, axes=x.ndim)
    patch = np.moveaxis(x, -1, 0)
    np.testing.assert_allclose(np.tensordot(found, patch.astype(float), axes=x.ndim), expected)


def test_a_depthwise_kernel_has_one_input():
    W = f32(3, 3, 6, 2)
    (found,) = read({"depthwise_conv2d/depthwise_kernel:0": W}).values()
    assert found.shape == (12, 1, 3, 3)
    np.testing.assert_array_equal(found[5, 0], W[:, :, 2, 1])


@pytest.mark.parametrize("separator", ["/", "."])
def test_attention_of_flax(separator):
    q, out = f32(12, 4, 3), f32(4, 3, 12)
    found = read(
        {f"att{separator}query{separator}kernel": q, f"att{separator}out{separator}kernel": out}
    )
    x, y = f32(12, seed=1), f32(4, 3, seed=2)
    query, back = found.values()
    np.testing.assert_allclose(
        query @ x, np.einsum("d,dhk->hk", x, q).ravel(), rtol=1e-4, atol=1e-6
    )
    expected = np.einsum("hk,hko->o", y, out)
    np.testing.assert_allclose(back @ y.ravel(), expected, rtol=1e-4, atol=1e-6)


def test_a_kernel_of_three_axes_of_no_known_use_is_left_out():
    (layer,) = spectra.layers({"thing/kernel": f32(12, 4, 3)})
    assert "neither a convolution nor attention" in layer.tensor.note
    assert not layer.taken


def test_a_dense_kernel_is_turned_once():
    W = f32(5, 7)
    (found,) = read({"dense/kernel": W}).values()
    np.testing.assert_array_equal(found, W.T)
    again = structure.interpret(structure.interpret(spectra.from_arrays({"dense/kernel": W})))
    np.testing.assert_array_equal(again["dense/kernel"].weights[0].read(), W.T)


GPT2 = {
    "h.0.attn.c_attn.weight": (6, 18), "h.0.attn.c_proj.weight": (6, 6),
    "h.0.mlp.c_fc.weight": (6, 24), "h.0.mlp.c_proj.weight": (24, 6),
}  # fmt: skip


@pytest.mark.parametrize("config", [{}, {"model_type": "gpt2"}])
def test_linear_layers_of_gpt2(config):
    arrays = {n: f32(*shape, seed=i) for i, (n, shape) in enumerate(GPT2.items())}
    found = read(arrays, config)
    joined = np.concatenate([found.pop(f"h.0.attn.c_attn[{k}]") for k in "qkv"])
    np.testing.assert_array_equal(joined, arrays["h.0.attn.c_attn.weight"].T)
    for name, W in found.items():
        np.testing.assert_array_equal(W, arrays[f"{name}.weight"].T)


@pytest.mark.parametrize("config", [{}, {"model_type": "starcoder2"}])
def test_layers_of_the_same_names_elsewhere_are_as_they_are(config):
    arrays = {n: f32(*shape) for n, shape in GPT2.items() if "c_attn" not in n}
    for name, W in read(arrays, config).items():
        np.testing.assert_array_equal(W, arrays[f"{name}.weight"])


def test_projections_of_xlnet():
    d, heads, size = 12, 4, 3
    q, o = f32(d, heads, size), f32(d, heads, size, seed=1)
    found = read({"layer.0.rel_attn.q": q, "layer.0.rel_attn.o": o})
    h, y = f32(d, seed=2), f32(heads, size, seed=3)
    forward = np.einsum("h,hnd->nd", h, q).ravel()
    np.testing.assert_allclose(found["layer.0.rel_attn.q"] @ h, forward, rtol=1e-4, atol=1e-6)
    back = np.einsum("nd,hnd->h", y, o)
    np.testing.assert_allclose(found["layer.0.rel_attn.o"] @ y.ravel(), back, rtol=1e-4, atol=1e-6)


def test_gates_of_recurrent_gemma():
    W = f32(3, 8, 8)
    found = read({"temporal_block.rg_lru.input_gate_weight": W})
    for head, matrix in enumerate(found.values()):
        np.testing.assert_array_equal(matrix, W[head].T)
    assert len(found) == 3
