"""The option --device of the commands."""

from typing import Any

import array_api_strict
import pytest

import spectra_io
from spectra.linalg import devices
from spectra_io.commands import main as cli
from spectra_io.runs import plans
from tests.builders import f32, write_safetensors

USED: list[str] = []


def found_strict(module: Any, rest: str) -> devices.Device:
    USED.append(rest)
    place = array_api_strict.Device("CPU_DEVICE")
    return devices.Device("strict:cpu:1", module, place, "strict", True)


@pytest.fixture
def run(capsys, monkeypatch):
    """Call a command, and return exit code, stdout and the lines of stderr."""
    row = devices._Library("array_api_strict", found_strict, "pip install array-api-strict")
    monkeypatch.setitem(devices._LIBRARIES, "strict", row)
    USED.clear()

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return stopped.value.code, out, err.splitlines()

    return call


@pytest.fixture
def net(tmp_path):
    arrays = {f"fc{n}.weight": f32(60, 40 + n) for n in (1, 2)}
    return write_safetensors(tmp_path / "net.safetensors", arrays)


@pytest.mark.parametrize("command", ["analyze", "noise", "check"])
def test_a_command_prints_the_same(run, net, command):
    plain = run(command, net)
    assert USED == []
    assert run(command, net, "--device", "strict:cpu") == plain
    assert USED[0] == "cpu"
    assert set(USED[1:]) == {"cpu:1"}


def test_plot_computes_there(run, net, tmp_path):
    code, _, err = run("plot", net, "--device", "strict", "-o", tmp_path / "a.png")
    assert (code, err) == (0, [f"wrote {tmp_path / 'a.png'}"])
    assert len(USED) > 2


def test_a_file_of_results_says_which_library_computed(run, net, tmp_path):
    run("analyze", net, "--device", "strict", "-o", tmp_path / "r.nc")
    assert spectra_io.load(tmp_path / "r.nc").attrs["device"] == "strict"


@pytest.mark.parametrize("command", ["analyze", "noise", "check"])
def test_a_device_that_cannot_be_used_ends_the_command_before_the_work(run, command):
    code, out, err = run(command, "nowhere.onnx", "--device", "gpu")
    assert (code, out) == (2 if command == "check" else 1, "")
    (line,) = err
    assert line.startswith("spectra: `device` must be cuda or cuda:1 (CuPy), torch, torch:cuda or")


def test_threads_take_turns_with_a_store_and_limits(run, net, tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "_is_faster", lambda *_: True)  # processes lack this device
    plain = run("analyze", net, "--columns", "alpha")
    limits = ("--workers", 2, "--memory", "2GB", "--columns", "alpha", "--device", "strict")
    for num in (0, 2):
        found = run("analyze", net, "--store", tmp_path / "results", *limits)
        assert found[:2] == plain[:2]
        assert found[2][0] == f"taken from the store: {num} of 2 layers"


def test_a_store_has_results(run, net, tmp_path):
    run("analyze", net, "--store", tmp_path / "results")
    code, _, err = run("analyze", tmp_path / "results", "--device", "strict")
    assert code == 1
    assert err == [f"spectra: {tmp_path / 'results'}: has results; --device is for a model"]
