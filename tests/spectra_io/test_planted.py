"""The planted faults of a model, and eight matrices of noise, as the commands tell them."""

import html
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from spectra_io.commands import main as cli
from tests.builders import SHARED, write_safetensors

FAULTS = {
    "model.layers.9.self_attn.v_proj": "all weights are zero",
    "model.layers.11.self_attn.k_proj": (
        "weights that are not finite: 1 of 262,144 elements, nan at row 3, column 3"
    ),
    "model.layers.5.mlp.down_proj": "element (7, 9) makes a spike by itself",
    "model.layers.6.self_attn.o_proj": "alpha 1.46, read as over-trained in the literature",
    "model.layers.10.mlp.up_proj": "unlike other layers of its kind; bulk as noise",
}


def printed(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main([str(argument) for argument in arguments])
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "model"
    script = SHARED / "cases" / "planted" / "make.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    return folder


@pytest.mark.shared
@pytest.mark.slow
def test_the_planted_faults_head_the_list(capsys, planted):
    found = json.loads(printed(capsys, "analyze", planted, "--format", "json"))
    first = found["triage"]["findings"][: len(FAULTS)]
    assert [one["layer"] for one in first] == [*FAULTS]
    for one in first:
        assert FAULTS[one["layer"]] in one["reason"]
    noise = [one["layer"] for one in found["triage"]["findings"][len(FAULTS) :]]
    assert noise == ["lm_head", "model.embed_tokens"]  # planted too: both are noise
    assert found["triage"]["verdicts"]["noise_and_signal"] == 80


@pytest.mark.shared
@pytest.mark.slow
def test_the_check_says_the_same_of_the_planted_faults(capsys, planted):
    rule = "large_strength > 3"
    found = json.loads(printed(capsys, "check", planted, "--format", "json", "--fail-on", rule))
    (model,) = found["models"]
    assert [one["layer"] for one in model["look_at_first"]][: len(FAULTS)] == [*FAULTS]
    reasons = {one["layer"]: one["reason"] for one in model["look_at_first"]}
    for name, words in FAULTS.items():
        assert words in reasons[name]
    (broken,) = model["rules"]
    names = ["model.layers.5.mlp.down_proj", "model.layers.6.self_attn.o_proj"]
    assert {one["layer"]: one["reason"] for one in broken["layers"]} == {
        name: reasons[name] for name in names
    }


def findings_of(page):
    """Return the layers that a report says to look at first, with the reasons."""
    (diagnosis,) = re.findall(r'id="diagnosis">(.*?)</section>', page, re.S)
    found = re.findall(r'<li>.*?<bdi>(.*?)</bdi>.*?class="reason">(.*?)</span>', diagnosis, re.S)
    return [(html.unescape(layer), html.unescape(reason)) for layer, reason in found]


@pytest.mark.shared
@pytest.mark.slow
def test_the_report_opens_on_the_planted_faults(capsys, planted, tmp_path):
    printed(capsys, "report", planted, "-o", tmp_path / "report.html")
    found = findings_of((tmp_path / "report.html").read_text("utf-8"))
    assert [layer for layer, _ in found][: len(FAULTS)] == [*FAULTS]
    assert all(FAULTS[layer] in reason for layer, reason in found[: len(FAULTS)])


def test_the_report_calls_eight_matrices_of_noise_noise(capsys, tmp_path):
    rng = np.random.default_rng(3)
    model = {f"l{i}.weight": rng.standard_normal((128, 64)).astype("f4") for i in range(8)}
    path = write_safetensors(tmp_path / "m.safetensors", model)
    printed(capsys, "report", path, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "None of 8 layers that can be judged holds more than noise." in page
    assert "<p>8 layers: 8 like noise.</p>" in page
    assert len(findings_of(page)) == 8
    assert 'class="verdict heavy-tailed"' not in page


@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_eight_matrices_of_noise_are_noise_everywhere(capsys, tmp_path, command):
    rng = np.random.default_rng(3)
    model = {f"l{i}.weight": rng.standard_normal((128, 64)).astype("f4") for i in range(8)}
    path = write_safetensors(tmp_path / "m.safetensors", model)
    out = printed(capsys, command, path)
    assert out.startswith("8 layers: 8 like noise")
    found = json.loads(printed(capsys, command, path, "--format", "json"))
    assert {row["verdict"] for row in found["layers"]} == {"like_noise"}
    assert {row["phase"] for row in found["layers"]} == {"random_like"}
    assert {row["alpha_reading"] for row in found["layers"]} == {"none"}
    assert "trained" not in out
    assert "heavy" not in out
    assert "supported" not in out
