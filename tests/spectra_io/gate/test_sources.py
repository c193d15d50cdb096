"""Sources of rules: options, files, projects, and files that are none."""

import os
import time

import pytest

from spectra.errors import ArgumentError, SpectraError
from spectra.results import rules
from spectra_io.gate import sources
from tests.builders import write

PROJECT = '[tool.weightspectra.check]\nfail-on = ["alpha > 6", "D > 0.1"]\n'


def texts(found):
    return [rule.text for rule in found[0]]


def test_options_and_files_are_taken_together_and_once(tmp_path):
    path = write(tmp_path / "r.toml", 'fail-on = ["alpha > 6", "D > 0.1"]')
    found = sources.chosen(["M > 3", "alpha > 6"], [path], folder=tmp_path)
    assert texts(found) == ["M > 3", "alpha > 6", "D > 0.1"]
    assert found[1] == f"--fail-on, {path}"


def test_the_project_counts_without_options(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    project = write(tmp_path / "pyproject.toml", PROJECT)
    found = sources.chosen(folder=tmp_path / "a" / "b")
    assert (texts(found), found[1]) == (["alpha > 6", "D > 0.1"], str(project))
    assert texts(sources.chosen(["M > 3"], folder=tmp_path)) == ["M > 3"]


def test_the_nearest_project_counts(tmp_path):
    (tmp_path / "a").mkdir()
    write(tmp_path / "pyproject.toml", PROJECT)
    write(tmp_path / "a" / "pyproject.toml", '[project]\nname = "a"\n')
    found = sources.chosen(folder=tmp_path / "a")
    assert (texts(found), found[1]) == (list(rules.DEFAULT), "default")


WRONG = {
    "misspelt key": ('fail_on = ["alpha > 6"]', "no key in {path} 'fail_on'; "),
    "another key": ('fail-on = ["alpha > 6"]\na = 1', "no key in {path} 'a'; "),
    "empty": ("", "{path}: wanted a list of rules"),
    "no rule": ("fail-on = []", "{path}: wanted a list of rules"),
    "a text": ('fail-on = "alpha > 6"', "{path}: wanted a list of rules"),
    "numbers": ("fail-on = [3]", "{path}: wanted a list of rules"),
    "a wrong rule": ('fail-on = ["alpha >"]', "rule 'alpha >': wanted a value of alpha"),
    "not TOML": ("fail-on: [3]", "{path}: not a TOML file that can be read: "),
    "binary": (b"\x7fELF\0\0", "{path}: not a TOML file that can be read: a binary file"),
    "not UTF-8": (b"# \xff", "{path}: not a TOML file that can be read: "),
    "huge": (b"#" * (1 << 18) + b"#", "{path}: not a TOML file that can be read: it has more than"),
    "nested": ("a = " + "[" * 100_000, "{path}: not a file of rules: its values are nested too"),
    "parts of a key": ("a." * 60_000 + "a = 1", "{path}: not a TOML file that can be read: a line"),
    "a long number": ("a = 1" + "0" * 100_000, "{path}: not a TOML file that can be read: "),
    "many rules": (
        f"fail-on = {[f'M > {i}' for i in range(101)]}",
        "{path}: at most 100 rules can be checked, got 101",
    ),
}


@pytest.mark.parametrize(("content", "complaint"), WRONG.values(), ids=WRONG)
def test_wrong_files_are_refused_soon_in_one_line(tmp_path, content, complaint):
    path = write(tmp_path / "r.toml", content)
    start = time.monotonic()
    with pytest.raises(SpectraError) as caught:
        sources.chosen((), [path])
    assert time.monotonic() - start < 5
    assert str(caught.value).startswith(complaint.format(path=path))
    assert str(caught.value).isprintable()


def test_keys_of_the_most_parts_take_a_short_time(tmp_path):
    line = "a." * 499 + "b{} = 1\n"
    path = write(tmp_path / "r.toml", "".join(line.format(i) for i in range(250)))
    start = time.monotonic()
    with pytest.raises(SpectraError):
        sources.read(path)
    assert time.monotonic() - start < 20


def test_what_is_not_a_file_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="not a file; a file of rules was wanted"):
        sources.read(tmp_path)
    with pytest.raises(ArgumentError, match="no such file; a file of rules was wanted"):
        sources.read(tmp_path / "gone.toml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArgumentError, match="not a file; "):
            sources.read(tmp_path / "pipe")


@pytest.mark.parametrize("table", ["x = 1", 'fail-on = ["M > 3"]\nfail_on = []', "fail-on = 3"])
def test_a_wrong_table_of_a_project_is_refused(tmp_path, table):
    write(tmp_path / "pyproject.toml", f"[tool.weightspectra.check]\n{table}\n")
    with pytest.raises(SpectraError, match=r"pyproject\.toml, \[tool\.weightspectra\.check\]"):
        sources.chosen(folder=tmp_path)


@pytest.mark.parametrize("content", ["tool = 3", "[tool]\nweightspectra = 3", "[[tool]]\na = 1"])
def test_a_project_of_another_form_has_no_rules(tmp_path, content):
    write(tmp_path / "pyproject.toml", content)
    assert sources.in_project(tmp_path) is None
