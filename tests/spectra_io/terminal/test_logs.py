"""Logs of builds: names of a file are shown there, and obeyed nowhere."""

import json
import re
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import spectra_io
from spectra_io.commands import main as cli
from spectra_io.results import csv_tables
from spectra_io.terminal import screen
from spectra_io.terminal.logs import foldable, harmless, unobeyed
from tests.builders import f32, write_safetensors

NAMES = [
    "::error::one",
    "  ::set-output name=a::b",
    "##[error]two",
    "a ##vso[task.setvariable variable=a]b",
    "\r::error::three",
    "long." * 8 + "::error::four",
    "\\##[error]five",
    "layer, with a comma ##[x]",
    ":::six",
]


def obeyed(text):
    """Return the lines that a runner of GitHub, Azure or TeamCity would obey."""
    lines = [re.sub("^#+ ", "", line) for line in re.split(r"[\r\n]", text)]  # not headings
    return [line for line in lines if line.strip().startswith("::") or "##" in line]


def test_the_finder_of_commands_finds_them():
    assert len(obeyed("\n".join(NAMES))) >= 7


@given(st.text(alphabet=":# \\ab\n", max_size=30))
@example(":::")
@example("###")
def test_no_text_is_obeyed_folded_or_not(text):
    assert obeyed(unobeyed(text)) == []
    assert obeyed(harmless(text)) == []
    for width in range(1, 9):
        folded = foldable(text, width)
        for line in folded.split("\n"):
            if len(line) > width:
                assert all(not obeyed(line[start:]) for start in range(len(line)))


@given(st.text(alphabet=":#\\ab,'= \n\"", max_size=20))
def test_a_table_for_a_log_has_the_same_cells(text):
    cell = csv_tables.for_log(csv_tables.defused(text))
    assert csv_tables.written_back(cell) == text
    assert obeyed(cell) == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "m.safetensors"
    arrays = {name: f32(30, 20) for name in NAMES}
    arrays[NAMES[0]] = np.zeros((30, 20), np.float32)
    arrays[NAMES[2]] = np.full((30, 20), np.nan, np.float32)
    return write_safetensors(path, arrays)


def printed(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main([str(argument) for argument in arguments])
    return capsys.readouterr()


CALLS = [
    ("describe",),
    *(("analyze", "--format", form) for form in ("text", "json", "csv", "md")),
    *(("check", "--format", form) for form in ("text", "json", "sarif", "md")),
    ("check", "--fail-on", "alpha > 0"),
    ("analyze", "--include", "##[error]t", "--exclude", "one"),
    ("analyze", "--include", "##[none]"),
    ("plot", "--layer", "##[none]", "-o", "/tmp/never.png"),
]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_no_line_of_a_command_is_obeyed(capsys, hostile, call):
    out, err = printed(capsys, call[0], hostile, *call[1:])
    assert obeyed(out) == []
    assert obeyed(err) == []
    assert out or err


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("command", ["describe", "analyze", "check"])
def test_no_folded_line_is_obeyed(capsys, monkeypatch, hostile, command, width):
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": str(width), "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    out, err = printed(capsys, command, hostile)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out + err)
    assert "\x1b[" in out
    assert obeyed(plain) == []


def test_notes_are_not_obeyed(capsys):
    screen.note("::error::x ##[y]")
    assert capsys.readouterr().err == "\\x3a:error::x #\\x23[y]\n"


def test_what_is_printed_for_a_log_holds_the_same_data(capsys, tmp_path, hostile):
    out, _ = printed(capsys, "analyze", hostile, "--format", "csv", "-o", tmp_path / "file.csv")
    (tmp_path / "printed.csv").write_text(out, encoding="utf-8")
    one, other = (spectra_io.load(tmp_path / name) for name in ("file.csv", "printed.csv"))
    assert one.identical(other)
    assert sorted(one.layer.values) == sorted(NAMES)
    frame = pd.read_csv(tmp_path / "file.csv", keep_default_na=False)
    assert {"##[error]two", "::error::one"} < {*frame.layer}  # files of data are as they were
    assert len(pd.read_csv(StringIO(out))) == len(NAMES)
    document = json.loads(printed(capsys, "analyze", hostile, "--format", "json").out)
    assert sorted(row["layer"] for row in document["layers"]) == sorted(NAMES)
