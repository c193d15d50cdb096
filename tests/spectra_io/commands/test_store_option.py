"""The option --store, and stores in place of models."""

import json
import time

import numpy as np
import pytest

import spectra
import spectra_io
from spectra_io.commands import main as cli
from spectra_io.results.stores import open_store
from spectra_io.runs import plans
from spectra_io.runs.processes import Processes
from spectra_io.runs.threads import Threads
from tests.builders import f32, write_safetensors
from tests.spectra_io.commands.test_ending import ENDS, POSIX, half_way, shell


@pytest.fixture
def run(capsys):
    """Call a command here, and return exit code, stdout and the lines of stderr."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return stopped.value.code, out, err.splitlines()

    return call


@pytest.fixture
def net(tmp_path):
    """Return a model of three layers."""
    arrays = {f"fc{n}.weight": f32(60, 40 + n) for n in (1, 2, 3)} | {"fc1.bias": f32(60)}
    return write_safetensors(tmp_path / "net.safetensors", arrays)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "results.store"


def test_a_second_look_takes_all_from_the_store(run, net, store):
    plain = run("analyze", net, "--resamples", 0)
    arguments = ("analyze", net, "--resamples", 0, "--store", store)
    for num in (0, 3):
        code, out, err = run(*arguments)
        assert (code, out) == plain[:2]
        assert err == [f"taken from the store: {num} of 3 layers", *plain[2]]
    assert run("analyze", store) == plain


def test_eigenvalues_that_are_taken_are_counted(run, net, store):
    run("analyze", net, "--exclude", "fc1", "--resamples", 0, "--store", store)
    err = run("noise", net, "--store", store)[2]
    assert err[0] == "taken from the store: 0 of 3 layers, and the eigenvalues of 2 others"
    assert run("noise", net, "--store", store)[2][0] == "taken from the store: 3 of 3 layers"


def test_analyze_and_check_share_results_and_a_run(run, net, store):
    run("analyze", net, "--store", store)
    assert run("check", net, "--store", store)[2][0] == "taken from the store: 3 of 3 layers"
    assert run("analyze", store)[0] == 0


@pytest.mark.parametrize("command", ["noise", "check"])
def test_other_commands_store_too(run, net, store, command):
    plain = run(command, net, "--exclude", "fc1*")
    for num in (0, 2):
        code, out, err = run(command, net, "--exclude", "fc1*", "--store", store)
        assert (code, out) == plain[:2]
        assert f"taken from the store: {num} of 2 layers" in err
    code, out, _ = run(command, store)
    assert (code, out) == (plain[0], plain[1].replace(str(net), str(store)))


def test_a_figure_is_drawn_of_a_store(run, net, store, tmp_path):
    picture = tmp_path / "a.png"
    assert run("plot", net, "--store", store, "-o", picture)[0] == 0
    first = picture.read_bytes()
    assert run("plot", store, "-o", picture)[::2] == (0, [f"wrote {picture}"])
    assert picture.read_bytes() == first
    assert run("plot", net, "--layer", "fc1", "-o", picture)[0] == 0
    of_model = picture.read_bytes()
    assert run("plot", store, "--layer", "fc1", "-o", picture)[0] == 0
    assert picture.read_bytes() == of_model
    code, _, err = run("plot", store, "--layer", "fc1", "--figure", "vectors", "-o", picture)
    assert (code, err) == (
        1,
        [
            "spectra: the figure vectors needs the matrices, which a store does not have: "
            "give the model"
        ],
    )
    code, _, (line,) = run("plot", store, "--layer", "fc9", "-o", picture)
    assert (code, line[:26]) == (1, "spectra: no layer 'fc9'; t")


def test_tensors_and_files_come_from_a_store(run, net, store, tmp_path):
    plain = run("describe", net)
    run("analyze", net, "--resamples", 0, "--store", store, "-o", tmp_path / "a.json")
    assert run("describe", store) == plain
    assert run("analyze", store, "-o", tmp_path / "b.json")[0] == 0
    first, second = (json.loads((tmp_path / f"{n}.json").read_bytes()) for n in "ab")
    assert first == second


def test_options_of_a_model_are_refused_for_a_store(run, net, store):
    run("analyze", net, "--resamples", 0, "--store", store)
    for command, option, value in [
        ("analyze", "--resamples", 50),
        ("analyze", "--include", "fc1"),
        ("analyze", "--workers", 2),
        ("analyze", "--scheduler", "tcp://host:1"),
        ("noise", "--memory", "1GB"),
        ("noise", "--seed", 3),
        ("describe", "--redirect-to", "a.example"),
        ("check", "--store", store),
    ]:
        code, out, err = run(command, store, option, value)
        problem = f"{store}: has results; {option} is for a model"
        assert (code, problem in "\n".join([out, *err])) == (2 if command == "check" else 1, True)
    code, _, (line,) = run("analyze", store, net)
    assert (code, line) == (
        1,
        f"spectra: {net}: has no results, as other paths have; give either models or results",
    )


def test_a_store_with_several_runs_names_them(run, net, store):
    run("analyze", net, "--resamples", 0, "--store", store)
    run("analyze", net, "--resamples", 20, "--store", store)
    code, _, (line,) = run("analyze", store)
    assert code == 1
    names = sorted((store / "runs").iterdir())
    assert all(str(name) in line for name in names)
    assert (
        line.count("with evidence(confidence=0.9, resamples=20), ") == 1
    )  # which tells them apart
    assert line.count(f"3 of 3 layers, {time.strftime('%Y-%m-%d ')}") == 1
    assert run("describe", store) == run("describe", net)
    other = write_safetensors(net.parent / "other.safetensors", {"fc1.weight": f32(60, 41)})
    run("analyze", other, "--store", store)
    assert "the store holds 3 runs" in run("describe", store)[2][0]
    assert [run("analyze", name)[0] for name in names] == [0, 0]
    assert run("analyze", *names)[1].count("== ") == 2


@pytest.mark.parametrize("command", ["analyze", "noise", "check", "plot"])
def test_what_is_not_a_store_is_refused_before_the_work(run, net, tmp_path, command):
    (tmp_path / "mine.txt").write_text("x")
    more = ["-o", tmp_path / "a.png"] if command == "plot" else []
    code, out, (line,) = run(command, net, "--store", tmp_path, *more)
    assert (code, out) == (2 if command == "check" else 1, "")
    assert line == (
        f"spectra: {tmp_path}: a folder of something else; a store needs a new or an empty folder"
    )


@pytest.mark.parametrize("command", ["analyze", "noise", "check", "plot"])
def test_no_folder_is_made_for_a_model_that_cannot_be_opened(run, store, tmp_path, command):
    more = ["-o", tmp_path / "a.png"] if command == "plot" else []
    assert run(command, tmp_path / "no.onnx", "--store", store, *more)[0] in {1, 2}
    assert not store.exists()
    assert run(command, tmp_path / "no.onnx", "--store", store / "a", *more)[0] in {1, 2}
    assert not store.exists()


def test_a_failing_store_costs_no_result(run, net, store):
    plain = run("analyze", net, "--resamples", 0)
    folder = open_store(store).folder
    (folder / "partial").rmdir()
    (folder / "partial").write_bytes(b"")
    code, out, err = run("analyze", net, "--resamples", 0, "--store", store)
    assert (code, out) == plain[:2]
    assert err == [
        "store: 3 x results not stored: File exists",
        "taken from the store: 0 of 3 layers",
        *plain[2],
    ]


@POSIX
@pytest.mark.parametrize("name", ENDS)
def test_what_is_done_is_stored_when_a_signal_comes(tmp_path, name):
    store = tmp_path / "s"
    more = """
import spectra.stored._work
spectra.analysis.stored_row = spectra.stored._work.stored_row
spectra.stored._work.layer_row = lambda layer, work, names: row(layer, work=work, declared=names)
"""
    found, out, _ = half_way(tmp_path, name, "analyze", "--store", store, more=more)
    assert found == ENDS[name][0]
    ds = spectra_io.load(store)
    assert ds.status_reason.values.tolist() == ["", "not reached", "", "not reached"]
    assert len([part for part in open_store(store) if not part.startswith("runs/")]) == 2
    code, out, err = shell("", "analyze", tmp_path / "m.safetensors", "--store", store)
    assert (code, err.splitlines()[0]) == (0, "taken from the store: 2 of 4 layers")
    assert shell("", "analyze", store)[1] == out


@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        (("noise",), "noise_std, num_spikes, spike_p and 6 more, which were"),
        (("analyze", "--sort", "num_traps"), "num_traps, which was"),
        (
            ("analyze", "--columns", "noise"),
            "noise_std, num_spikes, spike_p and 6 more, which were",
        ),
        (("analyze", "--columns", "trap_p"), "trap_p, which was"),
        (("check", "--fail-on", "num_traps > 0"), "num_traps, which was"),
    ],
)
def test_what_was_not_measured_is_not_an_empty_result(run, net, store, command, lacks):
    run("analyze", net, "--resamples", 0, "--store", store)
    assert run("analyze", store, "--columns", "tail", "--columns", "size")[0] == 0
    assert run("analyze", store, "--columns", "all", "--sort", "-depth")[0] == 0
    problem = (
        f"the run lacks {lacks} not measured: run the same command on the model, with "
        f"--store {store}"
    )
    (file,) = (store / "runs").iterdir()
    for path in (store, file):
        code, out, (line, *_) = run(command[0], path, *command[1:])
        assert line == f"spectra: {path}: {problem}"
        assert code == (2 if command[0] == "check" else 1)
        assert ("3 layers, 3 with a spectrum" in out) == (command[0] == "check")
    assert run(command[0], net, *command[1:], "--store", store)[0] != 3


@pytest.mark.parametrize("rule", ["alpha > 1000", "status in {not_read}"])
def test_a_stored_run_that_was_stopped_does_not_pass_check(run, net, store, rule):
    model = spectra_io.open_model(net)
    spectra.analyze(model, executor=OneOnly(), store=open_store(store))
    code, out, _ = run("check", store, "--fail-on", rule)
    assert (code, "layers that the work did not reach: 2 of 3" in out) == (2, True)
    assert run("analyze", store)[0] == 3


class OneOnly:
    """Executor that is stopped after the first layer."""

    def map(self, function, items):
        return [function(next(iter(items)))]


def test_only_new_layers_of_a_checkpoint_are_computed(run, store, tmp_path):
    arrays = {f"{n}.weight": f32(30 + n, 20) for n in range(4)}
    first = write_safetensors(tmp_path / "first.safetensors", arrays)
    changed = arrays | {"2.weight": arrays["2.weight"] * np.float32(1.01)}
    second = write_safetensors(
        tmp_path / "second.safetensors", {f"net.{name}": a for name, a in changed.items()}
    )
    run("analyze", first, "--store", store)
    assert run("analyze", second, "--store", store)[2] == ["taken from the store: 3 of 4 layers"]


@pytest.mark.parametrize("faster", [True, False])
def test_all_options_go_together(run, net, store, monkeypatch, faster):
    monkeypatch.setattr(plans, "_is_faster", lambda *_: faster)
    started: list[type] = []
    for pool in (Processes, Threads):
        monkeypatch.setattr(pool, "start", noting(pool.start, started))
    asked = ("analyze", net, "--workers", 2, "--memory", "2GB", "--columns", "alpha")
    plain = run("analyze", net, "--columns", "alpha")
    for num in (0, 3):
        started.clear()
        code, out, err = run(*asked, "--store", store)
        assert (code, out) == plain[:2]
        assert err[0] == f"taken from the store: {num} of 3 layers"
        assert started == [Processes if faster else Threads] * 3


def noting(start, started):
    def noted(self, place, item):
        started.append(type(self))
        start(self, place, item)

    return noted
