"""Patterns of names, and several models: every combination of those that fit and that do not."""

import json

import pytest

from spectra_io.commands import main as cli
from tests.builders import f32, write_safetensors


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Return two models that share the layer "both"."""
    folder = tmp_path_factory.mktemp("pair")
    names = {"one": ("enc", "both"), "two": ("dec", "both")}
    return [
        write_safetensors(
            folder / f"{model}.safetensors", {f"{layer}.weight": f32(40, 20) for layer in layers}
        )
        for model, layers in names.items()
    ]


def run(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return (stopped.value.code, *capsys.readouterr())


def layers_of(document):
    return [(row["model"].partition(".")[0][-3:], row["layer"]) for row in document["layers"]]


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        ([], [("one", "enc"), ("one", "both"), ("two", "dec"), ("two", "both")]),
        (["--include", "both"], [("one", "both"), ("two", "both")]),
        (["--exclude", "both"], [("one", "enc"), ("two", "dec")]),
        (["--exclude", "enc"], [("one", "both"), ("two", "dec"), ("two", "both")]),
        (["--exclude", "enc", "--exclude", "dec"], [("one", "both"), ("two", "both")]),
        (["--include", "enc", "--include", "dec"], [("one", "enc"), ("two", "dec")]),
        (
            ["--include", "enc", "--include", "both", "--exclude", "dec"],
            [("one", "enc"), ("one", "both"), ("two", "both")],
        ),
    ],
)
def test_every_combination(capsys, pair, options, layers):
    code, out, err = run(capsys, "analyze", *pair, *options, "--format", "json")
    assert code == 0
    assert sorted(layers_of(json.loads(out))) == sorted(layers)
    assert err.count(": selected ") == 2 * bool(options)
    code, out, _ = run(capsys, "check", *pair, *options, "--fail-on", "M > 99", "--format", "json")
    assert code == 0
    assert sum(model["num_layers"] for model in json.loads(out)["models"]) == len(layers)


@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_a_model_without_a_match_is_named_and_stops_no_other(capsys, pair, command):
    code, out, err = run(capsys, command, *pair, "--include", "enc")
    assert code == 3
    assert "enc " in out
    assert f"{pair[1]}: left out: no tensor matches 'enc'; the nearest of 2 are" in err
    assert f"{pair[0]}: selected 1 of 2 tensors" in err


@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_a_model_that_cannot_be_opened_is_named_and_stops_no_other(capsys, pair, command):
    code, out, err = run(capsys, command, "gone.onnx", pair[0], "--include", "enc")
    assert code == 3
    assert "enc " in out
    assert "gone.onnx: left out: no such file or folder" in err


@pytest.mark.parametrize("command", ["analyze", "noise", "report"])
def test_models_none_of_which_can_be_opened_are_an_error(capsys, command):
    code, out, err = run(capsys, command, "gone.onnx", "lost.onnx")
    assert (code, out) == (1, "")
    assert err.startswith("spectra: gone.onnx: no such file or folder")


def test_the_check_reports_a_model_without_a_match(capsys, pair):
    code, out, _ = run(capsys, "check", *pair, "--include", "enc", "--format", "json")
    assert code == 2
    one, two = json.loads(out)["models"]
    assert (one["exit_code"], one["num_layers"]) == (0, 1)
    assert two["problem"].startswith("no tensor matches 'enc'; the nearest of 2 are")


@pytest.mark.parametrize("option", ["--include", "--exclude"])
@pytest.mark.parametrize("command", ["analyze", "noise", "check"])
def test_a_pattern_of_no_model_is_an_error(capsys, pair, command, option):
    code, out, err = run(capsys, command, *pair, "--include", "both", option, "decc")
    assert (code, out) == (2 if command == "check" else 1, "")
    assert err.splitlines()[-1].startswith("spectra: no tensor of any model matches 'decc'")
    assert "'dec.weight'" in err


def test_a_pattern_that_one_model_lacks_is_said(capsys, pair):
    _, _, err = run(capsys, "analyze", *pair, "--exclude", "dec")
    assert f"{pair[0]}: no tensor matches 'dec'" in err.splitlines()
    assert f"{pair[1]}: no tensor" not in err
