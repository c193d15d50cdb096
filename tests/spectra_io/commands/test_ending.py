"""How the program ends: exit codes, signals, and streams that are closed, full or broken."""

import csv
import json
import os
import shlex
import subprocess
import sys
import time

import numpy as np
import pytest

import spectra
import spectra_io
from spectra.errors import ModelFormatError
from spectra.models.layers import Layer
from spectra_io.commands import main as cli
from tests.builders import EXAMPLES, environment, f32, write_index, write_safetensors

MNIST = EXAMPLES / "mnist_mlp.safetensors"
PROGRAM = [sys.executable, "-m", "weightspectra"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a shell, and signals of POSIX")
COMMANDS = ["describe", "analyze", "noise", "plot"]


@pytest.fixture
def run(capsys, tmp_path):
    """Call a command here, and return exit code, stdout and stderr."""

    def call(command, *arguments):
        capsys.readouterr()
        more = ["-o", tmp_path / "a.png"] if command == "plot" else []
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in (command, *arguments, *more)])
        return (stopped.value.code, *capsys.readouterr())

    return call


def shell(redirection, *arguments, program=PROGRAM, **env):
    """Run the program in a shell, and return exit code, stdout and stderr."""
    command = f"{shlex.join([*program, *map(str, arguments)])} {redirection}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


# ---- exit codes


@pytest.mark.parametrize("command", COMMANDS)
def test_all_is_well(run, command):
    assert run(command, MNIST)[0] == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_an_error(run, command):
    assert run(command, "nowhere.onnx")[0] == 1


@pytest.mark.parametrize("command", COMMANDS[1:])
@pytest.mark.parametrize(("bad", "code"), [(0.0, 0), (np.nan, 0), (None, 3)])
def test_a_layer_without_a_spectrum_beside_another(run, monkeypatch, tmp_path, command, bad, code):
    """Numbers that have no spectrum were read; numbers that cannot be read were not."""
    spoiled = np.full((30, 20), 1.0 if bad is None else bad, np.float32)
    path = write_safetensors(tmp_path / "m.safetensors", {"a": spoiled, "b": f32(30, 20)})
    read = spectra.Tensor.read

    def failing(tensor):
        if bad is None and tensor.name == "a":
            msg = "the file has become shorter"
            raise ModelFormatError(msg)
        return read(tensor)

    monkeypatch.setattr(spectra.Tensor, "read", failing)
    monkeypatch.setattr(Layer, "in_blocks", lambda _: None)
    found, _, err = run(command, path)
    assert found == code
    assert ("1 x not read: the file has become shorter" in err) == (bad is None)
    assert command != "plot" or (tmp_path / "a.png").exists()


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_a_layer_that_was_not_computed(run, monkeypatch, tmp_path, command):
    path = write_safetensors(
        tmp_path / "m.safetensors", {"a": np.ones((9, 9), "<f4"), "b": f32(30, 20)}
    )
    solve = np.linalg.svd

    def stubborn(matrix, **options):
        if np.all(matrix == matrix.flat[0]):
            raise np.linalg.LinAlgError
        return solve(matrix, **options)

    monkeypatch.setattr(np.linalg, "svd", stubborn)
    assert run(command, path)[0] == 3


@pytest.fixture
def incomplete(tmp_path):
    """Return an index of two shards, one of which is missing."""
    folder = tmp_path / "net"
    folder.mkdir()
    write_safetensors(folder / "1.safetensors", {"a": f32(30, 20)})
    return write_index(folder, {"a": "1.safetensors", "b": "2.safetensors"})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_tensor(run, incomplete, command):
    code, _, err = run(command, incomplete)
    assert code == 3
    assert "2.safetensors: no such file" in err
    assert run(command, incomplete, "--exclude", "b")[0] == 0
    assert run(command, incomplete, "--include", "b")[0] == 3


def test_files_are_written_when_layers_are_missing(run, incomplete, tmp_path):
    code, _, _ = run("analyze", incomplete, "-o", tmp_path / "r.nc")
    assert code == 3
    assert spectra_io.load(tmp_path / "r.nc").layer.values.tolist() == ["a"]


def test_nothing_is_read_after_the_analysis(run, monkeypatch, tmp_path):
    """What was computed cannot be lost by a file that has gone since."""
    path = write_safetensors(tmp_path / "m.safetensors", {"fc": f32(30, 20)})
    analyze = spectra.analyze

    def analyzed(model, **options):
        ds = analyze(model, **options)
        path.unlink()
        monkeypatch.setattr(spectra, "describe", lambda *_, **__: pytest.fail("read again"))
        return ds

    monkeypatch.setattr(spectra, "analyze", analyzed)
    assert run("analyze", path)[0] == 0


# ---- streams


@POSIX
@pytest.mark.parametrize(
    "redirection", [">&-", *(pytest.param(r, marks=pytest.mark.slow) for r in ("<&- >&-", "2>&-"))]
)
def test_closed_streams(redirection):
    code, out, err = shell(redirection, "describe", MNIST)
    assert code == 0
    assert ("taken: 3 of 6" in out) == (redirection == "2>&-")
    assert ("not analysed: 3 of 6" in err) == (redirection != "2>&-")


@POSIX
@pytest.mark.slow
def test_all_streams_are_closed_and_the_file_is_whole(tmp_path):
    """No file takes the number of a closed stream, and the text of it."""
    everywhere = "<&- >&- 2>&-"
    assert shell(everywhere, "analyze", MNIST, "-o", tmp_path / "r.nc") == (0, "", "")
    assert spectra_io.load(tmp_path / "r.nc").layer.values.tolist() == ["fc1", "fc2", "fc3"]
    assert shell(everywhere, "analyze", "nowhere.onnx") == (1, "", "")


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("color", ["", "1"])
def test_a_reader_that_closes_the_pipe(tmp_path, color):
    env = {"FORCE_COLOR": color} if color else {}
    output = tmp_path / "r.csv"
    for arguments in (["--help"], ["describe", MNIST], ["analyze", MNIST, "-o", output]):
        code, out, err = shell("| true", *arguments, **env)
        assert (code, out) == (0, "")
        assert "Traceback" not in err
        assert "defect" not in err
    assert output.exists()
    assert shell("2>&1 | true", "describe", "nowhere.onnx", **env) == (1, "", "")
    assert shell("2>&1 | true", "analyze", MNIST, **env) == (0, "", "")


full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110


@full
@pytest.mark.slow
def test_a_full_disk_under_stdout(tmp_path):
    said = "spectra: standard output: No space left on device\n"
    for arguments in (["describe", MNIST],):
        code, out, err = shell("> /dev/full", *arguments)
        assert (code, out) == (1, "")
        assert err.endswith(said)
    assert shell("> /dev/full 2> /dev/full", "describe", MNIST) == (1, "", "")
    assert shell("> /dev/full", "--help")[::2] == (1, "spectra: No space left on device\n")


@full
@pytest.mark.slow
def test_results_are_written_though_nothing_can_be_printed(tmp_path):
    output = tmp_path / "r.csv"
    code, _, err = shell("> /dev/full", "analyze", MNIST, "--resamples", 0, "-o", output)
    assert code == 1
    assert err.splitlines()[-2:] == [
        f"wrote {output}",
        "spectra: standard output: not written: No space left on device",
    ]
    assert spectra_io.load(output).layer.values.tolist() == ["fc1", "fc2", "fc3"]


@pytest.mark.parametrize("columns", ["0", "1", "10"])
def test_a_tiny_terminal(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = run("describe", MNIST)
    assert code == 0
    rows = [line for line in out.splitlines() if line.startswith("fc")]
    names = [f"fc{i}.{kind}" for i in (1, 2, 3) for kind in ("bias", "weight")]
    assert [row.split()[0] for row in rows] == names
    assert "bias: not a weight matrix" in rows[0]
    assert max(map(len, err.splitlines())) <= 40
    assert len(err.splitlines()) < 8


# ---- signals

AS_IN_A_TERMINAL = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background
"""
KILL = "os.kill(os.getpid(), signal.{name})"
AT_IMPORT = """
class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            {kill}
sys.meta_path.insert(0, Finder())
"""
AT_WORK = """
import spectra.models.tensors
def read(tensor):
    {kill}
    time.sleep(60)
spectra.models.tensors.Tensor.read = read
"""
AT_WRITING = """
import spectra_io.results.files as files
def content(*_):
    {kill}
    time.sleep(60)
files.FORMATS[".csv"] = content
"""
WHEN = {
    "first import": AT_IMPORT.replace("{module}", "spectra_io"),
    "last import": AT_IMPORT.replace("{module}", "spectra_io.commands.plot"),
    "at work": AT_WORK,
    "at writing": AT_WRITING,
}
SLOWLY = [pytest.param(when, marks=pytest.mark.slow) for when in WHEN if when != "first import"]
ENDS = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "terminated")}


@POSIX
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("when", ["first import", *SLOWLY])
def test_a_signal_ends_the_program_in_one_line(tmp_path, name, when):
    code, words = ENDS[name]
    start = AS_IN_A_TERMINAL + WHEN[when].replace("{kill}", KILL.format(name=name))
    program = [sys.executable, "-c", f"{start}\nimport weightspectra\nweightspectra.main()"]
    before = time.monotonic()
    more = ["-o", tmp_path / "r.csv"] if when == "at writing" else []
    found, out, err = shell("", "analyze", MNIST, "--resamples", 0, *more, program=program)
    assert time.monotonic() - before < 50  # it waits for no layer in progress
    assert found == code
    assert (out == "") == (when != "at writing")
    assert err.splitlines()[-1] == f"spectra: {words}"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


HALF_WAY = """
import spectra.analysis
real, done = spectra.analysis.layer_row, []
def row(layer, **options):
    if layer.name == "d":  # never ends
        time.sleep(600)
    if layer.name == "b":  # waits for a and c, and never ends
        while len(done) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        for _ in range(%d):
            {kill}
            time.sleep(0.5)
        time.sleep(600)
    found = real(layer, **options)
    done.append(layer.name)
    return found
spectra.analysis.layer_row = row
"""


def half_way(tmp_path, name, *arguments, signals=1, more=""):
    """Run a command on four layers, of which two are done when the signal comes."""
    model = {n: f32(30 + i, 20) for i, n in enumerate("abcd")}
    path = write_safetensors(tmp_path / "m.safetensors", model)
    start = AS_IN_A_TERMINAL + HALF_WAY % signals + more
    start = start.replace("{kill}", KILL.format(name=name))
    program = [sys.executable, "-c", f"{start}\nimport weightspectra\nweightspectra.main()"]
    return shell("", arguments[0], path, "--workers", 4, *arguments[1:], program=program)


@POSIX
@pytest.mark.parametrize("name", ENDS)
def test_a_check_that_was_stopped_is_not_passed(tmp_path, name):
    code, words = ENDS[name]
    found, out, _ = half_way(tmp_path, name, "check")
    assert found == code
    assert f"{words} after 2 of 4 layers" in out
    assert "passed" not in out


@POSIX
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_what_is_done_survives_a_signal(tmp_path, name, command):
    outputs = [tmp_path / "r.csv", tmp_path / "r.nc", tmp_path / "r.json"]
    arguments = [word for output in outputs for word in ("-o", output)]
    code, words = ENDS[name]
    found, out, err = half_way(tmp_path, name, command, *arguments)
    assert found == code
    said = f"spectra: {words} after 2 of 4 layers; the table and the files hold these"
    assert err.splitlines()[-1] == said
    assert "2 x not reached" in err
    assert "Traceback" not in err
    (table,) = (part for part in out.split("\n\n") if part.startswith("layer  "))
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["a", "c"]
    assert "2 not reached" in out
    statuses = ["computed", "not_reached"] * 2
    ds = spectra_io.load(outputs[1])
    assert ds.layer.values.tolist() == list("abcd")
    assert spectra.labels(ds.status).values.tolist() == statuses
    assert ds.attrs["stopped_by"] == name
    assert len(ds.attrs["model_fingerprint"]) == 32
    assert spectra.summary(ds).num_not_reached == 2
    with outputs[0].open(encoding="utf-8", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == statuses
    content = json.loads(outputs[2].read_text(encoding="utf-8"))
    assert content["summary"]["num_not_reached"] == 2
    assert [row["status"] for row in content["layers"]] == statuses


@POSIX
@pytest.mark.slow
def test_an_interrupt_before_files_are_asked_for_and_one_while_drawing(tmp_path):
    found, out, err = half_way(tmp_path, "SIGINT", "analyze")
    assert (found, err.splitlines()[-1]) == (
        130,
        "spectra: interrupted after 2 of 4 layers; the table holds these",
    )
    figure = tmp_path / "a.png"
    found, out, err = half_way(tmp_path, "SIGINT", "plot", "-o", figure)
    assert (found, out, err.splitlines()[-1]) == (130, "", "spectra: interrupted")
    assert not figure.exists()


SLOW_TABLE = """
from spectra_io.terminal import layer_tables
layer_tables.layer_table = lambda ds, **options: time.sleep(60)
"""


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
def test_a_second_signal_ends_at_once(tmp_path, name):
    code, words = ENDS[name]
    output = tmp_path / "r.csv"
    found, out, err = half_way(tmp_path, name, "analyze", "-o", output, signals=2, more=SLOW_TABLE)
    assert (found, out, err.splitlines()[-1]) == (code, "", f"spectra: {words}")
    assert not output.exists()


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
def test_a_signal_that_is_ignored_is_ignored(name):
    start = "import os, signal, sys, time\n"
    ignore = f"signal.signal(signal.{name}, signal.SIG_IGN)\n"
    kills = WHEN["first import"].replace("{kill}", KILL.format(name=name))
    program = [
        sys.executable,
        "-c",
        f"{start}{ignore}{kills}import weightspectra\nweightspectra.main()",
    ]
    assert shell("", "describe", MNIST, program=program)[0] == 0


def test_the_handlers_of_another_program_stay(run):
    import signal

    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    run("describe", MNIST)
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before
