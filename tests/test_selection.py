"""Some of a model's tensors."""

import time

import numpy as np
import pytest

import spectra
from spectra import selection
from tests.builders import EXAMPLES, f32

MODEL = {
    "h.0.q_proj.weight": f32(4, 3),
    "h.0.q_proj.bias": f32(4),
    "h.1.q_proj.weight": f32(4, 3),
    "h.1.k_proj.weight": f32(4, 3),
    "emb.weight": f32(9, 3),
    "conv.weight": f32(8, 4, 3, 3),
}
Q, BIAS, Q1, K, EMB, CONV = MODEL
BY_NAME = [
    ({}, [*MODEL]),
    ({"include": ["q_proj"]}, [Q, BIAS, Q1]),
    ({"include": ["*q_proj"]}, []),
    ({"include": ["h.?.*.weight"]}, [Q, Q1, K]),
    ({"include": ["h.[1-9].*"]}, [Q1, K]),
    ({"include": ["q_proj", "emb"]}, [Q, BIAS, Q1, EMB]),
    ({"exclude": ["bias", "h.1*"]}, [Q, EMB, CONV]),
    ({"include": ["q_proj"], "exclude": ["bias"]}, [Q, Q1]),
    ({"include": ["Q_PROJ"]}, []),
]


@pytest.mark.parametrize(("patterns", "expected"), BY_NAME)
def test_by_name(patterns, expected):
    assert list(selection.by_name(MODEL, **patterns)) == expected


def test_by_role_and_size():
    assert list(selection.by_role(MODEL, "conv", "embedding")) == [EMB, CONV]
    assert list(selection.by_size(MODEL, at_least=12, at_most=27)) == [Q, Q1, K, EMB]


def test_mistakes_are_named():
    with pytest.raises(spectra.ArgumentError, match="several patterns"):
        selection.by_name(MODEL, include="q_proj")
    with pytest.raises(spectra.ArgumentError, match="roles must be of bias, constant, conv"):
        selection.by_role(MODEL, "convolution")
    with pytest.raises(spectra.ArgumentError, match="mapping"):
        selection.by_size([1, 2])  # type: ignore[arg-type]


def test_a_quantized_tensor_keeps_its_scales():
    arrays = {"fc.weight": np.ones((4, 2), np.int8), "fc.weight_scale": np.full((4, 1), 0.5)}
    (layer,) = spectra.layers(selection.by_name(arrays, include=["fc.weight"], exclude=["*scale"]))
    assert layer.matrices().tolist() == [[[0.5, 0.5]] * 4]


def test_hostile_names_and_patterns_take_no_time():
    start = time.monotonic()
    assert not selection.matches("a" * 100_000 + "c", "*a" * 40 + "b")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("words", ["describe", "analyze", "noise"])
def test_the_command_line_selects(words, capsys):
    from spectra_io.cli import main

    path = str(EXAMPLES / "mnist_mlp.safetensors")
    with pytest.raises(SystemExit) as ended:
        main([words, path, "--include", "fc2", "--include", "fc3", "--exclude", "*.bias"])
    out, err = capsys.readouterr()
    assert ended.value.code == 0
    assert "fc2" in out
    assert "fc1" not in out
    assert "selected 2 of 6 tensors" in err


def test_a_pattern_that_matches_nothing_is_a_mistake(capsys):
    from spectra_io.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["describe", str(EXAMPLES / "mnist_mlp.safetensors"), "--include", "fc9"])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("spectra: no tensor matches 'fc9'; the nearest of 6 are")
