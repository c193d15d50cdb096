"""The files for GitHub, GitLab and pre-commit, run as far as they run without these services."""

import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
import yaml

from spectra_io.commands.main import main
from tests.builders import EXAMPLES, REPO, environment, f32, write, write_safetensors

ACTION = yaml.safe_load((REPO / "action.yml").read_text("utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}
HOOKS = yaml.safe_load((REPO / ".pre-commit-hooks.yaml").read_text("utf-8"))
GITLAB = yaml.safe_load((REPO / "examples" / "ci" / "gitlab.yml").read_text("utf-8"))
PAGE = (REPO / "docs" / "gate.md").read_text("utf-8")
MNIST = EXAMPLES / "mnist_mlp.safetensors"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")


def program(path, *words):
    """Write a program that calls another with the arguments it gets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n').chmod(0o755)


def bash(script, folder, **env):
    """Run a script as the runner of GitHub does."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


# ---- GitHub


def test_inputs_are_not_part_of_a_script():
    """What a script gets comes by its environment: an input cannot be more than a value."""
    assert all("${{" not in step.get("run", "") for step in STEPS.values())
    given = [value for step in STEPS.values() for value in step.get("env", {}).values()]
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} <= set(given)
    assert all(step["shell"] == "bash" for step in STEPS.values() if "run" in step)


def test_actions_of_others_are_pinned():
    used = [step["uses"] for step in STEPS.values() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) for name in used)


@pytest.fixture
def check(tmp_path):
    """Run the last step of the action; return the run, the summary and the outputs."""
    home = tmp_path / "temp" / "weightspectra"
    program(home / "bin" / "spectra", sys.executable, "-m", "weightspectra")
    program(home / "bin" / "python", sys.executable)
    names = {"path": "MODELS", "fail-on": "FAIL_ON", "rules": "RULES", "report": "REPORTS"}
    step = STEPS["check"]
    assert {f"${{{{ inputs.{key} }}}}": name for key, name in names.items()} == {
        value: name for name, value in step["env"].items()
    }

    def run(**inputs):
        env = {name: inputs.get(key.replace("-", "_"), "") for key, name in names.items()}
        env["RUNNER_TEMP"] = str(tmp_path / "temp")
        for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
            env[name] = str(write(tmp_path / name, ""))
        done = bash(step["run"], tmp_path, **env)
        return done, *((tmp_path / name).read_text() for name in list(env)[-2:])

    return run


@POSIX
def test_the_action_passes_and_writes_the_summary(check):
    done, summary, outputs = check(path=f"{MNIST}\n")
    assert (done.returncode, outputs) == (0, "exit-code=0\n")
    assert summary.startswith("<!-- spectra check -->\n## spectra check: passed\n")


@POSIX
@pytest.mark.slow
def test_the_action_takes_several_rules_models_and_reports(check, tmp_path):
    path = write_safetensors(tmp_path / "a b.safetensors", {"fc": np.zeros((9, 9), "<f4")})
    done, summary, outputs = check(
        path=f"{MNIST}\n{path.name}",
        fail_on="alpha > 2.5\n\nM > 1: more than 50 %\n",
        report="r.sarif\nr.json\n",
    )
    assert (done.returncode, outputs) == (2, "exit-code=2\n")
    assert "a b.safetensors" in summary
    gate = json.loads((tmp_path / "r.json").read_text())["gate"]
    assert gate["rules"] == ["alpha > 2.5", "M > 1: more than 50 %"]
    assert (tmp_path / "r.sarif").exists()
    done, _, outputs = check(path=str(MNIST), fail_on="M > 1")
    assert (done.returncode, outputs) == (1, "exit-code=1\n")


@POSIX
@pytest.mark.slow
def test_the_action_takes_a_file_of_rules(check, tmp_path):
    write(tmp_path / "r.toml", 'fail-on = ["M > 1"]')
    assert check(path=str(MNIST), rules="r.toml")[0].returncode == 1


INJECTED = [
    "$(touch hacked)",
    "`touch hacked`",
    '"; touch hacked; "',
    "'; touch hacked; '",
    "--help",
    "-o hacked",
    "--output=hacked.md",
    "*",
]


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("text", INJECTED)
def test_inputs_of_the_action_run_nothing(check, tmp_path, text):
    for inputs in ({"path": text}, {"path": str(MNIST), "fail_on": text}):
        done, _, outputs = check(**inputs)
        assert (done.returncode, outputs) == (2, "exit-code=2\n")
    assert not list(tmp_path.glob("hacked*"))


@POSIX
@pytest.mark.slow
def test_names_of_layers_are_no_commands(check, tmp_path):
    names = ("::error::a", "##[error]b", "::add-mask::c")
    path = write_safetensors(tmp_path / "m.safetensors", {n: f32(30, 20) for n in names})
    done, _, _ = check(path=str(path), fail_on="M > 1")
    lines = done.stdout.splitlines()
    starts = [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    token = starts[0].removeprefix("::stop-commands::")
    assert done.returncode == 1
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert starts == [f"::stop-commands::{token}", f"::{token}::"]
    assert lines.index(starts[0]) == 0
    assert lines[-1] == starts[1]


@POSIX
@pytest.mark.parametrize(
    ("version", "package"),
    [("", "/the action"), ("1.0.2", "weightspectra==1.0.2"), ("1.0 --pre", None), ("a;b", None)],
)
def test_the_action_installs_one_package(tmp_path, version, package):
    called = tmp_path / "called"
    program(tmp_path / "python", "sh", "-c", 'mkdir -p "$4/bin"; cp "$0" "$4/bin/python"', "pip")
    write(tmp_path / "pip", f'#!/bin/sh\nprintf "%s\\n" "$@" > {called}\n').chmod(0o755)
    env = {"PYTHON": "./python", "VERSION": version, "SOURCE": "/the action"}
    done = bash(STEPS["install"]["run"], tmp_path, RUNNER_TEMP=str(tmp_path), **env)
    if package is None:
        assert (done.returncode, called.exists()) == (2, False)
    else:
        assert done.returncode == 0, done.stderr
        assert called.read_text().splitlines()[:3] == ["-I", "-m", "pip"]
        assert called.read_text().splitlines()[-1] == package


# ---- GitLab


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize(("rule", "code"), [("", 0), ("M > 1: all", 1), ("$(touch hacked)", 2)])
def test_the_job_of_gitlab_runs(tmp_path, rule, code):
    job = GITLAB["weights"]
    program(tmp_path / "bin" / "spectra", sys.executable, "-m", "weightspectra")
    program(tmp_path / "bin" / "python", "true")
    write(tmp_path / "model.safetensors", MNIST.read_bytes())
    env = {**job["variables"], "FAIL_ON": rule}
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = bash("\n".join(job["script"]), tmp_path, **{**env, "PATH": path})
    assert done.returncode == code, done.stderr
    written = {name for name in job["artifacts"]["paths"] if (tmp_path / name).exists()}
    assert written == (set(job["artifacts"]["paths"]) if code < 2 else set())
    assert not (tmp_path / "hacked").exists()


# ---- pre-commit


@pytest.fixture
def hook():
    (found,) = HOOKS
    return found


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.safetensors", True),
        ("models/a.onnx", True),
        ("a.gguf", True),
        ("a.safetensors.index.json", False),
        ("a.py", False),
    ],
)
def test_the_hook_takes_files_of_models(hook, name, taken):
    assert bool(re.search(hook["files"], name)) == taken


def test_the_hook_runs_as_pre_commit_does(hook, capsys, tmp_path, monkeypatch):
    """pre-commit calls the entry with the args of the user and the changed files."""
    monkeypatch.chdir(tmp_path)
    args = ["--fail-on", "M > 200: more than 2"]
    name, *words = shlex.split(hook["entry"])
    with pytest.raises(SystemExit) as done:
        main([*words, *args, str(MNIST), str(EXAMPLES / "mnist_mlp.onnx")])
    assert (name, done.value.code) == ("spectra", 0)
    assert "of 2 models 2 passed" in capsys.readouterr().out


# ---- the page


def test_examples_of_the_page_fit_the_files(hook):
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    workflow, config = blocks
    (step,) = [x for x in workflow["jobs"]["weights"]["steps"] if "weightspectra/" in x["uses"]]
    assert set(step["with"]) <= set(ACTION["inputs"])
    (repo,) = config["repos"]
    assert [each["id"] for each in repo["hooks"]] == [hook["id"]]
    assert set(GITLAB["weights"]["variables"]) == {"MODEL", "FAIL_ON", "WEIGHTSPECTRA"}


def rules_of_the_page():
    """Return the rules between backticks in the table and the lists, and those of the examples."""
    cells = re.findall(r"`([a-z_A-Z]+ (?:[=!<>]=?|in|not in) [^`]*)`", PAGE)
    listed = re.findall(r'^  "(.*)",$', PAGE, re.MULTILINE)
    return [*dict.fromkeys([*cells, *listed])]


@pytest.mark.parametrize("text", rules_of_the_page())
def test_rules_of_the_page_are_rules(text):
    from spectra.results import rules

    assert rules.parse(text).variables


def test_rules_of_the_page_are_found():
    assert len(rules_of_the_page()) > 15


@pytest.mark.slow
def test_the_report_of_the_page_is_that_of_the_command(capsys, monkeypatch):
    monkeypatch.chdir(REPO)
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    with pytest.raises(SystemExit) as done:
        main(["check", "examples/models/mnist_mlp.safetensors", "--fail-on", block.splitlines()[1]])
    assert done.value.code == 1
    assert capsys.readouterr().out == block
