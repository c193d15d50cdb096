"""Some of a model's tensors."""

import dataclasses
import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models import selection
from spectra.models.lazy import Held
from spectra.models.model import Model
from spectra.models.tensors import Tensor, Weight
from spectra_io.terminal.layer_tables import layer_table
from spectra_io.terminal.tensor_tables import tensor_table
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
    ({"include": [re.compile(r"^h\.\d\.q")]}, [Q, BIAS, Q1]),
    ({"include": [re.compile("Q_PROJ", re.IGNORECASE)], "exclude": ["h.1"]}, [Q, BIAS]),
    ({"include": (p for p in ["emb", "conv"])}, [EMB, CONV]),
]


@pytest.mark.parametrize(("patterns", "expected"), BY_NAME)
def test_by_name(patterns, expected):
    assert list(selection.by_name(MODEL, **patterns)) == expected


@pytest.mark.parametrize(
    "pattern",
    ["t_1", "att.in_proj_weight", "att.in_proj_weight[q]", "att.in_proj", "*_weight[[]k]"],
)
def test_by_the_names_of_the_network_and_of_parts(pattern):
    parts = [Weight(label, (3, 4), Held(f32(3, 4))) for label in "qk"]
    made = Tensor("t_1", (6, 4), "float32", "dense", Held(f32(6, 4)), "", tuple(parts))
    one = dataclasses.replace(made, alias="att.in_proj_weight")
    other = Tensor("t_2", (3, 4), "float32", "dense", Held(f32(3, 4)), alias="fc.weight")
    model = Model({"t_1": one, "t_2": other}, "m", "onnx")
    assert list(selection.by_name(model, include=[pattern])) == ["t_1"]
    assert list(selection.by_name(model, exclude=[pattern])) == ["t_2"]


def test_by_role_and_size():
    assert list(selection.by_role(MODEL, "conv", "embedding")) == [EMB, CONV]
    assert list(selection.by_size(MODEL, at_least=12, at_most=27)) == [Q, Q1, K, EMB]


@pytest.mark.parametrize("wrong", ["q_proj", b"q_proj", re.compile("q_proj"), 5, None])
@pytest.mark.parametrize("word", ["include", "exclude"])
def test_patterns_are_several(word, wrong):
    with pytest.raises(spectra.errors.ArgumentError, match=f"`{word}` must be several patterns"):
        selection.by_name(MODEL, **{word: wrong})


@pytest.mark.parametrize("wrong", [5, None, b"q_proj", re.compile(b"q_proj"), ["q_proj"]])
def test_a_pattern_is_a_string_or_compiled_from_one(wrong):
    with pytest.raises(spectra.errors.ArgumentError, match="a pattern must be a string"):
        selection.by_name(MODEL, include=[wrong])


@pytest.mark.parametrize("wrong", ["convolution", 1, None, ["conv"]])
def test_an_unknown_role_is_named_with_the_known(wrong):
    message = f"`roles` must be one of bias, constant, conv, .*, got {re.escape(repr(wrong))}"
    with pytest.raises(spectra.errors.ArgumentError, match=message):
        selection.by_role(MODEL, "dense", wrong)


def test_sizes_are_numbers():
    with pytest.raises(
        spectra.errors.ArgumentError, match="`at_least` must be a number of elements"
    ):
        selection.by_size(MODEL, at_least=None)  # type: ignore[arg-type]
    with pytest.raises(
        spectra.errors.ArgumentError, match="`at_most` must be a number of elements"
    ):
        selection.by_size(MODEL, at_most="12")  # type: ignore[arg-type]
    for wrong in (-1, float("nan"), True):
        with pytest.raises(spectra.errors.ArgumentError, match="a number of elements from 0"):
            selection.by_size(MODEL, at_least=wrong)  # type: ignore[arg-type]
    assert len(selection.by_size(MODEL, at_most=float("inf"))) == len(MODEL)  # type: ignore[arg-type]
    with pytest.raises(spectra.errors.ArgumentError, match="mapping"):
        selection.by_size([1, 2])  # type: ignore[arg-type]


def naive(name, pattern):
    """Match a pattern of * and ? letter by letter."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return naive(name, pattern[1:]) or (name != "" and naive(name[1:], pattern))
    return name != "" and pattern[0] in {"?", name[0]} and naive(name[1:], pattern[1:])


@given(st.text("ab.\n", max_size=8), st.text("ab.*?", max_size=6))
def test_wildcards_match_whole_names_and_words_a_part(name, pattern):
    wild = "*" in pattern or "?" in pattern
    parts = {name[i:j] for i in range(len(name) + 1) for j in range(i, len(name) + 1)}
    expected = naive(name, pattern) if wild else pattern in parts
    assert selection.matches(name, pattern) == expected


@given(st.text("a0[]!-*?", max_size=12))
def test_every_name_matches_itself(name):
    assert selection.matches(name, name)


def test_a_long_name_is_a_pattern_and_a_long_pattern_a_mistake():
    long = "block." * 1000 + "w"
    assert list(selection.by_name({long: f32(3, 2), **MODEL}, include=[long])) == [long]
    with pytest.raises(spectra.errors.ArgumentError, match="may have 1000 characters, got 50000"):
        selection.matches("w", "[" * 50_000)


def test_a_quantized_tensor_keeps_its_scales():
    arrays = {"fc.weight": np.ones((4, 2), np.int8), "fc.weight_scale": np.full((4, 1), 0.5)}
    (layer,) = spectra.layers(selection.by_name(arrays, include=["fc.weight"], exclude=["*scale"]))
    assert layer.matrices().tolist() == [[[0.5, 0.5]] * 4]


HOSTILE = [
    "*a" * 40 + "b",
    "*a" * 40 + "*b",
    "*[a]" * 40 + "*b",
    "*" + "a" * 990 + "b*",
    "[" * 1000,
]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_hostile_names_and_patterns_take_no_time(pattern):
    start = time.process_time()
    assert not selection.matches("a" * 100_000 + "c", pattern)
    assert time.process_time() - start < 1


def in_parts():
    """Return a model of a tensor that is four gates, and one that is what it is."""
    stored = f32(1, 12, 5)
    gates = [Weight(g, (3, 5), Held(stored[0, 3 * i : 3 * i + 3])) for i, g in enumerate("iofc")]
    lstm = spectra.models.arrays.from_array("lstm.weight", stored)
    note = "gates i, o, f, c of LSTM"
    lstm = dataclasses.replace(lstm, role="recurrent", note=note, weights=tuple(gates))
    return stored[0], {"lstm.weight": lstm, "fc.weight": f32(4, 3), "fc.bias": f32(4)}


def test_a_tensor_in_parts_is_one_line_of_tensors_and_a_layer_for_each_part():
    stored, model = in_parts()
    assert list(tensor_table(spectra.describe(model)).lines()) == [
        "tensor       role       dtype     shape  layers  what it is                "
        "not taken because",
        "lstm.weight  recurrent  float32  1x12x5       4  gates i, o, f, c of LSTM  -",
        "fc.weight    dense      float32     4x3       1  -                         -",
        "fc.bias      bias       float32       4       0  -                         "
        "bias: not a weight matrix",
    ]
    ds = spectra.analyze(model)
    gates = ["lstm[i]", "lstm[o]", "lstm[f]", "lstm[c]"]
    assert [row[0] for row in layer_table(ds).rows] == [*gates, "fc"]
    assert set(ds.tensor_name.sel(layer=gates).values) == {"lstm.weight"}
    for i, gate in enumerate(gates):
        expected = np.linalg.svd(stored[3 * i : 3 * i + 3].astype(float), compute_uv=False) ** 2
        found = ds.eigenvalue.sel(layer=gate).dropna("mode")
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_parts_stay_with_their_tensor():
    chosen = selection.by_name(in_parts()[1], include=["lstm"])
    assert [layer.name for layer in spectra.layers(chosen)] == [f"lstm[{g}]" for g in "iofc"]


def noted(role, note):
    tensor = dataclasses.replace(
        spectra.models.arrays.from_array("w", f32(4)), role=role, note=note
    )
    ds = spectra.describe({"w": tensor})
    return ds.tensor_note.item(), ds.tensor_reason.item()


def test_a_note_is_told_once():
    assert noted("bias", "input 2 of Gemm") == ("input 2 of Gemm", "bias: not a weight matrix")
    assert noted("tied", "the same as v") == ("", "the same as v")
    assert noted("scale", "scale of v") == ("", "scale of v")
    assert noted("quantized", "no scale") == ("", "quantized (float32): no scale")
    assert noted("dense", "") == ("", "1-D: a vector has no spectrum")


def test_the_command_line_draws_what_is_selected(tmp_path, capsys, monkeypatch):
    from spectra_io import plots
    from spectra_io.commands.main import main

    drawn = []
    real = plots.correlation_flow

    def watched(ds, **options):
        drawn.extend(ds.layer.values)
        return real(ds, **options)

    monkeypatch.setattr(plots, "correlation_flow", watched)
    model, picture = EXAMPLES / "mnist_mlp.safetensors", tmp_path / "p.png"
    with pytest.raises(SystemExit) as ended:
        main(
            ["plot", str(model), "--include", "fc?.weight", "--exclude", "fc1", "-o", str(picture)]
        )
    assert ended.value.code == 0
    assert drawn == ["fc2", "fc3"]
    assert "selected 2 of 6 tensors" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["describe", "analyze", "noise"])
def test_the_command_line_selects(words, capsys):
    from spectra_io.commands.main import main

    path = str(EXAMPLES / "mnist_mlp.safetensors")
    with pytest.raises(SystemExit) as ended:
        main([words, path, "--include", "fc2", "--include", "fc3", "--exclude", "*.bias"])
    out, err = capsys.readouterr()
    assert ended.value.code == 0
    assert "fc2" in out
    assert "fc1" not in out
    assert "selected 2 of 6 tensors" in err


@pytest.mark.parametrize("option", ["--include", "--exclude"])
def test_a_pattern_that_matches_nothing_is_a_mistake(option, capsys):
    from spectra_io.commands.main import main

    with pytest.raises(SystemExit) as ended:
        main(["describe", str(EXAMPLES / "mnist_mlp.safetensors"), option, "fc9"])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("spectra: no tensor matches 'fc9'; the nearest of 6 are")
