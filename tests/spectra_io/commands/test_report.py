"""The command ``spectra report``: what it writes, and what it refuses before any work."""

import re

import numpy as np
import pytest

import spectra
from spectra_io import report
from spectra_io.commands import main as cli
from spectra_io.commands import work
from spectra_io.commands.report import _names
from tests.builders import EXAMPLES, write_safetensors

MNIST = str(EXAMPLES / "mnist_mlp.safetensors")
ONNX = str(EXAMPLES / "mnist_mlp.onnx")


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as done:
            cli.main(["report", *map(str, arguments)])
        return (done.value.code, *capsys.readouterr())

    return call


def test_a_page_is_written_and_said_so(run, tmp_path):
    path = tmp_path / "report.html"
    code, out, err = run(MNIST, "-o", path)
    assert (code, out) == (0, "")
    assert f"wrote {path}" in err
    assert "2 noise and signal, 1 too small to tell" in path.read_text("utf-8")


def test_markdown_goes_to_stdout(run):
    code, out, _ = run(MNIST)
    assert code == 0
    assert out.startswith("# Spectra of mnist")
    assert run(MNIST, "--format", "md")[1] == out


def test_several_models_have_the_shortest_names_that_tell_them_apart(run, tmp_path):
    path = tmp_path / "report.md"
    assert run(MNIST, ONNX, "-o", path)[0] == 0
    assert "| mnist_mlp.safetensors | mnist_mlp.onnx |" in path.read_text("utf-8")
    assert _names(["a/b/x.onnx", "a/c/x.onnx/"]) == ["b/x.onnx", "c/x.onnx"]
    assert _names(["x", "x"]) == ["x (1)", "x (2)"]


def test_permuted_elements_are_measured_when_asked_for(run, tmp_path):
    W = np.random.default_rng(0).standard_normal((200, 100)).astype(np.float32)
    W[7, 9] = 60.0
    model = write_safetensors(tmp_path / "m.safetensors", {"fc": W})
    assert "trapped" in run(model, "--noise")[1]
    assert "1 trapped" not in run(model)[1]


def test_a_store_is_a_path_too(run, tmp_path):
    model, store, path = tmp_path / "m.safetensors", tmp_path / "store", tmp_path / "a.md"
    W = np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)
    write_safetensors(model, {"fc": W})
    first = run(model, "--store", store)[1]
    assert run(store, "-o", path)[0] == 0
    assert path.read_text("utf-8").splitlines()[2:5] == first.splitlines()[2:5]


def test_saved_results_are_a_path_too(run, tmp_path, capsys):
    saved, path = tmp_path / "saved.nc", tmp_path / "a.md"
    with pytest.raises(SystemExit):
        cli.main(["analyze", MNIST, "-o", str(saved)])
    printed = capsys.readouterr().out
    assert run(saved, "-o", path)[0] == 0
    assert "2 noise and signal, 1 too small to tell" in path.read_text("utf-8")
    with pytest.raises(SystemExit):
        cli.main(["analyze", str(saved)])
    assert capsys.readouterr().out == printed
    assert "--include is for a model" in run(saved, "--include", "fc1")[2]
    with pytest.raises(SystemExit):
        cli.main(["noise", str(saved)])
    assert capsys.readouterr().err.endswith("run the same command on the model\n")


def test_saved_results_of_several_models_are_refused(run, tmp_path):
    saved = tmp_path / "both.nc"
    with pytest.raises(SystemExit):
        cli.main(["analyze", MNIST, ONNX, "-o", str(saved)])
    code, _, err = run(saved)
    assert code == 1
    assert "must hold the results of one model, it has several along 'model'" in err


def test_an_incomplete_result_is_said_and_written(run, tmp_path):
    model = write_safetensors(tmp_path / "m.safetensors", {"bias": np.ones(3, np.float32)})
    code, out, err = run(model)
    assert code == 3
    assert out.startswith("# Spectra of m.safetensors")
    assert "not analysed: 1 of 1 tensor" in err


@pytest.mark.parametrize("ending", ["md", "html"])
def test_models_that_were_not_begun_are_named_with_the_reason(run, tmp_path, monkeypatch, ending):
    W = np.random.default_rng(0).standard_normal((60, 40)).astype(np.float32)
    paths = [write_safetensors(tmp_path / f"{name}.st", {name: W}) for name in ("a", "b", "c")]
    done = spectra.analyze({"a": W}).assign_attrs(stopped_by="SIGINT")
    monkeypatch.setattr(work, "analyzed", lambda *_, **__: done)
    path = tmp_path / f"report.{ending}"
    code, _, _ = run(*paths, "--include", "a", "--include", "c", "-o", path)
    text = path.read_text("utf-8")
    assert code == 130
    for name, reason in (
        ("b.st", "no tensor matches a or c"),
        ("c.st", "the work was interrupted before its turn"),
    ):
        assert re.search(rf"{name}(</bdi> <span class=\"reason\">|: ){reason}", text)


def test_the_progress_of_drawing_has_the_names_of_the_layers(tmp_path):
    seen = []

    def watch(names):
        seen.extend(names)
        return names

    W = np.random.default_rng(0).standard_normal((60, 40))
    report.to_file(spectra.analyze({"a": W, "b": 2 * W}), tmp_path / "r.html", watch=watch)
    assert seen == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "html"], "a page of HTML needs a file: -o report.html"),
        (["-o", "report.pdf"], "must end in .html or .md"),
        (["-o", "nowhere/report.html"], "nowhere is no folder"),
        (["-o", "report.md", "--format", "html"], "--format html is not that of report.md"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_model_is_opened(
    run, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("nowhere.onnx", *arguments)
    assert code in {1, 2}
    assert out == ""
    assert words in err


def test_a_model_that_cannot_be_opened_costs_no_other_its_place(run, tmp_path):
    path, missing = tmp_path / "report.html", tmp_path / "missing.onnx"
    code, _, err = run(MNIST, missing, "-o", path)
    assert code == 3
    assert f"{missing}: left out: no such file or folder" in err
    assert "2 noise and signal, 1 too small to tell" in path.read_text("utf-8")


def test_models_none_of_which_can_be_opened_are_an_error(run, tmp_path):
    code, out, err = run("one.onnx", "two.onnx", "-o", tmp_path / "report.html")
    assert (code, out) == (1, "")
    assert "one.onnx: no such file or folder" in err
    assert not [*tmp_path.iterdir()]


def test_help_says_what_is_written_without_a_file(run):
    assert "Without -o it is printed as Markdown" in " ".join(run("--help")[1].split())
