"""Another package called ``spectra`` in place of ours: an error that says what to do."""

import os
import subprocess
import sys

import pytest

from tests.builders import EXAMPLES, REPO, environment, write

MODEL = EXAMPLES / "mnist_mlp.safetensors"


def shadowed(tmp_path, *command, installed=False):
    """Run a command where another package called spectra comes before ours."""
    (tmp_path / "spectra").mkdir()
    write(tmp_path / "spectra" / "__init__.py", "from math import pi as scale\n")
    if installed:
        (tmp_path / "spectra-0.0.11.dist-info").mkdir()
        text = "Metadata-Version: 2.1\nName: spectra\nVersion: 0.0.11\n"
        write(tmp_path / "spectra-0.0.11.dist-info" / "METADATA", text)
        write(tmp_path / "spectra-0.0.11.dist-info" / "RECORD", "spectra/__init__.py,,\n")
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, *command],
        env=environment(PYTHONPATH=path),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )


@pytest.mark.parametrize("installed", [False, True])
def test_the_command_says_so_in_one_line(tmp_path, installed):
    done = shadowed(tmp_path, "-m", "weightspectra", "describe", str(MODEL), installed=installed)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "spectra") in line
    assert ("the distribution spectra 0.0.11 has written over it" in line) == installed
    assert line.endswith("then install weightspectra again")


def test_an_import_says_so(tmp_path):
    done = shadowed(tmp_path, "-c", "import spectra_io")
    assert done.stderr.splitlines()[-1].startswith("ImportError: expected the package spectra of")


def test_what_is_left_when_the_other_is_uninstalled_says_so(tmp_path):
    """Its __init__.py went with it, and was ours; the rest of our folder is still there."""
    left = tmp_path / "left"
    left.mkdir()
    (left / "spectra").mkdir()
    (left / "spectra_io").symlink_to(REPO / "io" / "spectra_io")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import spectra_io"
    command = [sys.executable, "-S", "-P", "-c", code, str(left)]  # without site-packages
    done = subprocess.run(
        command, env=environment(PYTHONPATH=""), capture_output=True, text=True, cwd=left
    )
    assert "got a folder without __init__.py" in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("module", ["weightspectra", "spectra_io"])
def test_both_modules_start_the_command_line(module):
    command = [sys.executable, "-m", module, "--version"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("weightspectra ")
