"""Weights in attributes: linear models of ai.onnx.ml, against the sums that define them."""

import itertools
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx

FEATURES = 5


def node(operator: str, outputs: list[str], **options: Any) -> Any:
    given: dict[str, Any] = {
        k: v.ravel().tolist() if isinstance(v, np.ndarray) else v for k, v in options.items()
    }
    return helper.make_node(operator, ["x"], outputs, "model", domain="ai.onnx.ml", **given)


def opened(path, made, columns=None):
    g = graph([made])
    g.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", columns]))
    return open_model(write_onnx(path / "m.onnx", g))


def only(model):
    (layer,) = [layer for layer in spectra.layers(model) if layer.taken]
    return layer


def test_the_rows_of_a_regression(tmp_path):
    W = f32(3, FEATURES)
    made = node("LinearRegressor", ["y"], targets=3, coefficients=W, intercepts=f32(3))
    model = opened(tmp_path, made)
    layer = only(model)
    np.testing.assert_array_equal(layer.matrices()[0], W)
    assert (layer.name, layer.tensor.role) == ("model.coefficients", "dense")
    assert layer.tensor.note == "attribute coefficients of LinearRegressor"
    assert (model["model.intercepts"].role, model["model.coefficients"].size) == ("bias", 15)


def test_a_regression_of_one_number_is_a_vector(tmp_path):
    model = opened(tmp_path, node("LinearRegressor", ["y"], coefficients=f32(FEATURES)))
    (layer,) = spectra.layers(model)
    assert layer.reason == "at most one axis is longer than 1: not a linear map"


LABELS: dict[str, Any] = {
    "integers": {"classlabels_ints": [0, 1, 2]},
    "words": {"classlabels_strings": ["a", "b", "c"]},
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("known", ["intercepts", "columns", "labels"])
def test_the_rows_of_a_classifier(tmp_path, labels, known):
    W = f32(3, FEATURES)
    options = LABELS[labels] | ({"intercepts": f32(3)} if known == "intercepts" else {})
    made = node("LinearClassifier", ["l", "y"], coefficients=W, **options)
    model = opened(tmp_path, made, FEATURES if known == "columns" else None)
    np.testing.assert_array_equal(only(model).matrices()[0], W)


def test_coefficients_that_do_not_fill_the_rows(tmp_path):
    made = node("LinearClassifier", ["l", "y"], coefficients=f32(14), intercepts=f32(3))
    (layer, _) = spectra.layers(opened(tmp_path, made))
    assert layer.reason.endswith("of LinearClassifier, 14 coefficients of 3 outputs: not read")


def test_support_vectors_of_a_regression(tmp_path):
    C, V = f32(7), f32(7, FEATURES, seed=1)
    options: dict[str, Any] = {"n_supports": 7, "coefficients": C, "support_vectors": V}
    made = node("SVMRegressor", ["y"], **options, rho=f32(1), kernel_type="LINEAR")
    model = opened(tmp_path, made)
    assert model["model.coefficients"].note == "scale of model.support_vectors"
    assert model["model.support_vectors"].note == "at most one axis is longer than 1"
    two = node("SVMRegressor", ["y"], **{**options, "coefficients": C[:6]}, rho=f32(1))
    reasons = [layer.reason for layer in spectra.layers(opened(tmp_path, two))]
    assert any("7 support vectors: not read" in reason for reason in reasons)


def test_a_regression_without_support_vectors(tmp_path):
    made = node("SVMRegressor", ["y"], n_supports=0, coefficients=f32(FEATURES), rho=f32(1))
    reasons = {layer.tensor.name: layer.reason for layer in spectra.layers(opened(tmp_path, made))}
    assert reasons["model.coefficients"].startswith("at most one axis is longer than 1")


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_support_vectors_of_each_pair_of_classes(tmp_path, classes):
    counts = [3, 2, 4, 1][:classes]
    total = sum(counts)
    C, V = f32(classes - 1, total), f32(total, FEATURES, seed=1)
    begins = np.cumsum([0, *counts])
    wanted = []
    for i, j in itertools.combinations(range(classes), 2):
        row = np.zeros(FEATURES)
        for m in range(begins[i], begins[i + 1]):
            row += C[j - 1, m] * V[m]
        for m in range(begins[j], begins[j + 1]):
            row += C[i, m] * V[m]
        wanted.append(row)
    made = node(
        "SVMClassifier",
        ["l", "y"],
        classlabels_ints=list(range(classes)),
        vectors_per_class=counts,
        coefficients=C,
        support_vectors=V,
        rho=f32(len(wanted)),
        kernel_type="LINEAR",
    )
    model = opened(tmp_path, made)
    if classes == 2:
        assert [layer for layer in spectra.layers(model) if layer.taken] == []
        return
    np.testing.assert_allclose(only(model).matrices()[0], wanted, rtol=1e-5)
    assert model["model.coefficients"].note == "scale of model.support_vectors"


def test_a_linear_classifier_that_is_called_a_support_vector_machine(tmp_path):
    W = f32(3, FEATURES)
    made = node("SVMClassifier", ["l", "y"], coefficients=W, rho=f32(1), **LABELS["words"])
    np.testing.assert_array_equal(only(opened(tmp_path, made)).matrices()[0], W)


UNFIT: dict[str, Any] = {
    "another kernel": ({"kernel_type": "RBF"}, "kernel RBF: not a linear map"),
    "other classes": ({"vectors_per_class": [3, 4]}, "7 support vectors of 3 classes: not read"),
    "fewer coefficients": ({"coefficients": f32(13)}, "13 coefficients of 7 vectors: not read"),
    "fewer features": ({"support_vectors": f32(34)}, "7 support vectors of 3 classes: not read"),
    "no features": ({"support_vectors": f32(3)}, "7 support vectors of 3 classes: not read"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_machines_that_are_not_read(tmp_path, case):
    changed, words = UNFIT[case]
    options = {
        "vectors_per_class": [3, 2, 2],
        "coefficients": f32(2, 7),
        "rho": f32(3),
        "support_vectors": f32(7, FEATURES),
        **LABELS["integers"],
        **changed,
    }
    model = opened(tmp_path, node("SVMClassifier", ["l", "y"], **options))
    assert not any(layer.taken for layer in spectra.layers(model))
    assert any(words in layer.reason for layer in spectra.layers(model))


def test_the_same_attributes_of_another_domain_are_no_weights(tmp_path):
    made = helper.make_node("LinearRegressor", ["x"], ["y"], coefficients=[1.0, 2.0], targets=1)
    assert len(opened(tmp_path, made)) == 0


def test_attributes_that_the_call_of_a_function_gives(tmp_path):
    W = f32(2, FEATURES)
    inner = helper.make_node("LinearRegressor", ["X"], ["Y"], domain="ai.onnx.ml", targets=2)
    inner.attribute.add(name="coefficients", ref_attr_name="C", type=6)
    made = helper.make_function(
        "local", "f", ["X"], ["Y"], [inner], [helper.make_opsetid("ai.onnx.ml", 3)], ["C"]
    )
    call = helper.make_node("f", ["x"], ["y"], domain="local", C=W.ravel().tolist())
    path = write_onnx(tmp_path / "m.onnx", graph([call]), functions=[made])
    np.testing.assert_array_equal(only(open_model(path)).matrices()[0], W)


def test_a_file_of_attributes_alone_has_a_fingerprint(tmp_path):
    made = node("LinearRegressor", ["y"], targets=3, coefficients=f32(3, FEATURES))
    other = node("LinearRegressor", ["y"], targets=3, coefficients=f32(3, FEATURES, seed=1))
    prints = []
    for one in (made, other):
        prints.append(spectra.analyze(opened(tmp_path, one)).attrs["model_fingerprint"])
    assert prints[0] != prints[1]
    assert isinstance(numpy_helper.from_array(f32(1)), TensorProto)
