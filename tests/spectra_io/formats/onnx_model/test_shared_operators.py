"""Graphs of real exporters and of public reports, by the operators that they are about."""

import json

import numpy as np
import onnx
import pytest

import spectra
from spectra_io import open_model
from tests.builders import SHARED
from tests.running import session

pytestmark = pytest.mark.shared
READERS, REPORTS = SHARED / "cases" / "readers", SHARED / "cases" / "bug-reports"
CASES = ["onnx-dynamic-embedding", "onnx-experts-einsum", "onnx-gather-block-quantized"]


def values(stack):
    return np.sort(np.linalg.svd(np.asarray(stack, float), compute_uv=False), axis=None)


@pytest.mark.parametrize("name", CASES)
def test_every_matrix_is_found(name):
    case = json.loads((READERS / name / "case.json").read_text())
    layers = [x for x in spectra.layers(open_model(READERS / name / "model.onnx")) if x.taken]
    for what, W in dict(np.load(READERS / name / "expected.npz")).items():
        wanted = values(W)
        alike = [x for x in layers if sorted(x.matrices().shape[1:]) == sorted(W.shape[1:])]
        errors = [np.linalg.norm(values(x.matrices()) - wanted) for x in alike]
        assert min(errors, default=np.inf) <= case["tol"] * np.linalg.norm(wanted), what
        layers.remove(alike[int(np.argmin(errors))])
    assert not layers or not case.get("no_others")


@pytest.mark.parametrize("name", ["gemm_alpha", "lora_graph", "weight_norm_graph"])
def test_the_layer_is_the_map_that_the_graph_computes(name):
    """The response to each unit vector, without the response to zeros."""
    path = REPORTS / f"{name}.onnx"
    (layer,) = [x for x in spectra.layers(open_model(path)) if x.taken]
    W = layer.matrices()[0]
    run = session(onnx.load(path))
    (given,) = run.get_inputs()
    units = np.eye(W.shape[1], dtype=np.float32)
    at_zero, *made = (
        run.run(None, {given.name: x.reshape(given.shape)})[0].ravel()
        for x in (np.zeros_like(units[0]), *units)
    )
    np.testing.assert_allclose((np.stack(made) - at_zero).T, W, rtol=1e-5, atol=1e-5)


def test_zero_points_in_another_shape_are_a_reason():
    layers = spectra.layers(open_model(REPORTS / "nbits_zp_bytes.onnx"))
    assert not any(x.taken for x in layers)
    assert any("input 3 has the shape 192x1, not 48x2" in x.reason for x in layers)
