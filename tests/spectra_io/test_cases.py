"""Small files of real producers that were once read wrongly, with the right matrices."""

import json

import numpy as np
import onnxruntime as ort
import pytest

import spectra
from spectra.models import adapters
from spectra_io import open_model
from tests.builders import SHARED

pytestmark = pytest.mark.shared
READERS, REPORTS = SHARED / "cases" / "readers", SHARED / "cases" / "bug-reports"
FOLDERS = (
    sorted(p.name for p in READERS.iterdir() if (p / "case.json").exists())
    if READERS.exists()
    else ["readers"]
)


def singular_values(stack):
    return np.sort(np.linalg.svd(np.asarray(stack, float), compute_uv=False), axis=None)[::-1]


def as_stack(W):
    """Return a matrix, or a stack of matrices, with three axes."""
    return W[None] if W.ndim == 2 else W


def distance(layer, right):
    """Return the relative distance of the singular values of a layer from those of a stack."""
    ours = layer.matrices()
    if len(ours) != len(right) or sorted(ours.shape[1:]) != sorted(right.shape[1:]):
        return np.inf
    wanted = singular_values(right)
    return np.linalg.norm(singular_values(ours) - wanted) / np.linalg.norm(wanted)


def normalized(layer, right):
    """Return the distance to kernels whose output channels a normalization scaled before."""
    ours = layer.matrices()
    if ours.shape != right.shape:
        return np.inf
    factors = (ours * right).sum(axis=(0, 2)) / (right * right).sum(axis=(0, 2))
    scaled = right * factors[:, None]
    return np.linalg.norm(ours - scaled) / np.linalg.norm(scaled)


NORMALIZED = {("onnx-nchwc", "stem.weight")}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_matrix_is_found_and_no_other(name):
    folder = READERS / name
    case = json.loads((folder / "case.json").read_text())
    model = open_model(folder / case["file"] if case.get("file") else folder)
    layers = [layer for layer in spectra.layers(model) if layer.taken]
    known = folder / "expected.npz"
    expected = dict(np.load(known)) if known.exists() else {}
    free = list(layers)
    for what, W in expected.items():
        apart = normalized if (name, what) in NORMALIZED else distance
        nearest = min(free, key=lambda layer: apart(layer, as_stack(W)))
        assert apart(nearest, as_stack(W)) <= case.get("tol", 1e-4), what
        assert case.get("names", {}).get(what, "") in nearest.name
        free.remove(nearest)
    if case.get("no_others"):
        assert free == []
    for part in case.get("not_weights", []):
        assert not any(part in layer.tensor.name for layer in layers)


UPDATES = [name for name in FOLDERS if (READERS / name / "updates.npz").exists()]


@pytest.mark.filterwarnings("ignore:.*the part of low rank:UserWarning")
@pytest.mark.parametrize("name", UPDATES)
def test_updates_of_adapters(name):
    model = open_model(READERS / name)
    pairs = {pair.name: pair for pair in adapters.pairs(model)}
    for module, update in np.load(READERS / name / "updates.npz").items():
        error = np.linalg.norm(adapters.delta(pairs[module]) - update)
        assert error <= 1e-4 * np.linalg.norm(update)


REPORTED = {  # layer, alpha, log_norm, lambda_max
    "fp8_scale_weight_rows": ("fc", 4.0186, 1.4454, None),
    "fp8_dot_scale": ("fc", 4.0186, 1.4454, None),
    "int8_zero_point": ("fc", 2.2476, 2.5461, 325.35),
    "fp8_experts": ("mlp.experts.down_proj[1]", 2.2364, 2.2992, None),
    "ct_pad": ("fc", 3.6685, 1.3512, 2.815),
    "ct8_no_config": ("fc", 3.9784, 1.4454, None),
    "lokr": ("lycoris_blocks_0_attn", 1.9517, None, None),
    "spectral_norm_old": ("fc", None, 0.9774, 1.0),
}


@pytest.mark.parametrize("name", REPORTED)
def test_numbers_of_public_reports(name):
    layer, alpha, log_norm, largest = REPORTED[name]
    row = spectra.analyze(open_model(REPORTS / f"{name}.safetensors")).sel(layer=layer)
    for wanted, found in ((alpha, row.alpha), (log_norm, row.log_norm)):
        assert wanted is None or found == pytest.approx(wanted, abs=1e-4)
    assert largest is None or row.eigenvalue.values[0] == pytest.approx(largest, rel=1e-3)


def kernel_of(name):
    """Return what onnxruntime makes of each unit vector, less what it makes of zeros, (out, in)."""
    session = ort.InferenceSession(REPORTS / f"{name}.onnx", providers=["CPUExecutionProvider"])
    (x,) = session.get_inputs()
    vectors = np.eye(x.shape[-1] + 1, x.shape[-1], dtype=np.float32)  # the last one is zero
    made = [session.run(None, {x.name: row.reshape(x.shape)})[0].ravel() for row in vectors]
    return (np.array(made[:-1]) - made[-1]).T


@pytest.mark.parametrize("name", ["gemm_alpha", "lora_graph", "weight_norm_graph"])
def test_graphs_of_public_reports(name):
    """Scaled, summed and normalized in the graph: what onnxruntime computes with the identity."""
    (layer,) = [x for x in spectra.layers(open_model(REPORTS / f"{name}.onnx")) if x.taken]
    np.testing.assert_allclose(layer.matrices()[0], kernel_of(name), rtol=1e-5, atol=1e-5)


def test_zero_points_of_the_wrong_shape_are_refused():
    layers = spectra.layers(open_model(REPORTS / "nbits_zp_bytes.onnx"))
    assert not any(layer.taken for layer in layers)
    assert any("has the shape" in layer.reason for layer in layers)


def test_reports_that_are_left_out_with_a_reason():
    for name, words in (("mlx_true", "MLX"), ("helpers_marlin", "Marlin")):
        layers = spectra.layers(open_model(REPORTS / f"{name}.safetensors"))
        assert not any(layer.taken for layer in layers)
        assert any(words in layer.reason for layer in layers)


def test_reports_of_folders():
    overlay = open_model(REPORTS / "index_overlay_all")
    alone = open_model(REPORTS / "index_overlay_all" / "model-overlay-00001.safetensors")
    np.testing.assert_array_equal(overlay["b.weight"].read(), alone["b.weight"].read())
    for name, file in (
        ("index_forgets_file", "model-mtp-of-00005.safetensors"),
        ("two_models", "consolidated.safetensors"),
    ):
        model = open_model(REPORTS / name)
        assert any(file in note for note in model.notes)
        assert len(model) in (1, 2)
