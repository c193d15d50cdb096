"""Files as thirteen libraries quantize and store them, held against these libraries."""

import json
import shutil

import numpy as np
import pytest

import spectra
from spectra_io import open_model
from tests.builders import REPO

FIXTURES = REPO / "tests" / "fixtures" / "quantized"
ABOUT = json.loads((FIXTURES / "versions.json").read_text(encoding="utf-8"))
LEFT_OUT = {  # and the words of the reason
    "compressed-tensors-mxfp6a16": "layout of MXFP6, not read",
    "plain-fp8-cast": "without a scale beside them",
    "quanto-int2": "layout of quanto's packed 2 and 4 bits, not read",
    "quanto-int4": "layout of quanto's packed 2 and 4 bits, not read",
    "quanto-int4-groups": "layout of quanto's packed 2 and 4 bits, not read",
}


def laid_out(name, folder):
    """Put the files of a fixture into a folder, as its producer left them."""
    shutil.copy(FIXTURES / f"{name}.safetensors", folder / "model.safetensors")
    beside = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    for file, content in beside.items():
        (folder / file).write_text(json.dumps(content), encoding="utf-8")
    return folder


def layers_of(folder):
    """Return the matrix of every layer, and all parts of a tensor below each other."""
    views = [layer for layer in spectra.layers(open_model(folder)) if layer.taken]
    found = {layer.name: layer.matrices()[0] for layer in views}
    for layer in views:
        whole, _, part = layer.name.partition("[")
        if part:
            parts = [x.matrices()[0] for x in views if x.name.startswith(f"{whole}[")]
            found[whole] = np.concatenate(parts)
    return found


def tolerance(name, layer):
    given = ABOUT[name]["layers"][layer]
    return given["tolerance"] if isinstance(given, dict) else given


@pytest.mark.parametrize("name", sorted(ABOUT.keys() - LEFT_OUT.keys()))
def test_the_matrices_are_those_of_the_producer(name, tmp_path):
    found = layers_of(laid_out(name, tmp_path))
    expected = dict(np.load(FIXTURES / f"{name}.expected.npz"))
    assert expected
    for layer, W in expected.items():
        ours, largest = found[layer].astype(float), np.abs(W).max(axis=1)
        assert ours.shape == W.shape
        assert (np.abs(ours - W).max(axis=1) <= tolerance(name, layer) * largest).all(), layer


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_layout_that_is_not_read_is_left_out_with_its_name(name, tmp_path):
    quantized = set(np.load(FIXTURES / f"{name}.expected.npz"))
    views = spectra.layers(open_model(laid_out(name, tmp_path)))
    assert not quantized & {layer.name for layer in views if layer.taken}
    assert sum(LEFT_OUT[name] in layer.reason for layer in views) == len(quantized)


def test_every_fixture_says_who_made_it():
    assert {p.name.removesuffix(".safetensors") for p in FIXTURES.glob("*.safetensors")} == {*ABOUT}
    assert all(about["producer"] in about["versions"] for about in ABOUT.values())
