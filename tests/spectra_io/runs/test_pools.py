"""Pools of threads and processes: results, errors, deaths, an early end, and one thread each."""

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra._executing import executed
from spectra.errors import ArgumentError, UnknownNameError
from spectra_io.runs.executors import WithProgress
from spectra_io.runs.processes import Processes
from spectra_io.runs.threads import Threads
from tests.builders import environment, f32, write_safetensors

POOLS = [Threads, Processes]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def model(tmp_path):
    arrays = {f"w{i}": f32(40 + i, 20 + i) for i in range(6)}
    return spectra_io.open_model(write_safetensors(tmp_path / "m.safetensors", arrays))


@pytest.mark.parametrize("num", [1, 2, 4])
@pytest.mark.parametrize("pool", POOLS)
def test_results_do_not_depend_on_pool_and_workers(model, pool, num):
    ds = spectra.analyze(model, executor=WithProgress(pool, workers=num))
    xr.testing.assert_allclose(ds, spectra.analyze(model), rtol=1e-12)


def odd(found):
    return {"not a variable": 1.0}


def fail(item):
    if item == 2:
        msg = "odd"
        raise ValueError(msg)
    return item


class Awkward(Exception):
    """An error that cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def awkward(item):
    raise Awkward(1, 2)


def unsendable(item):
    return lambda: item


@pytest.mark.parametrize("pool", POOLS)
def test_errors_are_raised_where_the_results_are_wanted(model, pool):
    with pytest.raises(ValueError, match="odd"):
        list(WithProgress(pool).map(fail, [1, 2, 3]))
    with pytest.raises(UnknownNameError, match="not a variable"):
        spectra.analyze(model, measures=odd, executor=WithProgress(pool))


def test_errors_and_results_that_cannot_be_sent(model):
    with pytest.raises(RuntimeError, match="Awkward: 1 2"):
        list(WithProgress(Processes).map(awkward, [1]))
    with pytest.raises(Exception, match="lambda"):
        list(WithProgress(Processes).map(unsendable, [1]))
    with pytest.raises(ArgumentError, match="functions of a module"):
        spectra.analyze(model, measures=lambda _: {}, executor=WithProgress(Processes))


def dying(layer, folder, times):
    """Die when it works on the layer w3, so many times."""
    tries = Path(folder) / layer.name
    with tries.open("a") as file:
        file.write("x")
    if layer.name == "w3" and len(tries.read_text()) <= times:
        if times > 5:
            os._exit(7)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return layer.M


def name(layer):
    return layer.name


@POSIX
@pytest.mark.parametrize("num", [1, 3])
@pytest.mark.parametrize(
    ("times", "reason"),
    [(1, ""), (2, "killed by SIGKILL; out of memory?"), (9, "exit code 7")],
)
def test_a_worker_that_dies_costs_its_layer_the_second_time(tmp_path, model, num, times, reason):
    layers = spectra.layers(model)
    work = partial(dying, folder=tmp_path, times=times)
    found = executed(WithProgress(Processes, workers=num), work, layers, key=name)
    assert len((tmp_path / "w3").read_text()) == 2
    assert all((tmp_path / f"w{i}").read_text() == "x" for i in (0, 1, 2, 4, 5))
    assert found.values == {x.name: x.M for x in layers if not reason or x.name != "w3"}
    said = [lost.reason for lost in found.lost.values()]
    assert said == ([f"the worker process died ({reason}), also when alone"] if reason else [])


def seconds_of(item):
    time.sleep(item)
    return item


@pytest.mark.parametrize("pool", POOLS)
def test_an_early_end_waits_for_nothing(pool):
    before = time.monotonic()
    done: list[float] = []
    executor = WithProgress(pool, workers=2, stops=lambda: nullcontext(lambda: done))
    for found in executor.map(seconds_of, [0.1, 60, 60]):
        done.append(found)
    assert done == [0.1]
    assert time.monotonic() - before < 40


PINNED = """
import threadpoolctl
from functools import partial
from spectra_io.runs.executors import WithProgress
from spectra_io.runs.processes import Processes
from spectra_io.runs.threads import Threads
import numpy

def threads(item):
    import scipy.linalg
    return sorted(x["num_threads"] for x in threadpoolctl.threadpool_info())

if __name__ == "__main__":
    for pool in (Processes, Threads):
        (found,) = WithProgress(pool).map(threads, [0])
        assert found and set(found) == {1}, found
    numpy.ones((2, 2)) @ numpy.ones((2, 2))
"""


@pytest.mark.parametrize("before", [None, "2"])
def test_linear_algebra_has_one_thread_wherever_it_is_loaded(tmp_path, before):
    program = tmp_path / "pinned.py"
    program.write_text(PINNED)
    env = environment(**({"OPENBLAS_NUM_THREADS": before} if before else {}))
    if before is None:
        env.pop("OPENBLAS_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, str(program)], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


ORPHANS = """
import os, signal, sys, time
from spectra_io.runs.processes import Processes

def work(item):
    print(os.getpid(), flush=True)
    time.sleep(item)

if __name__ == "__main__":
    pool = Processes(work, 1)
    pool.start(0, 1)
    time.sleep(float(sys.argv[1]))
    pool.event(60.0)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_processes_end_after_their_parent(tmp_path):
    program = tmp_path / "orphans.py"
    program.write_text(ORPHANS)
    done = subprocess.run(
        [sys.executable, str(program), "0"],
        env=environment(), stdout=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    worker = int(done.stdout.split()[0])
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker lives on")


def test_budget_refuses_large_layers_and_says_so(capsys):
    layers = spectra.layers({n: np.ones((40, 40)) for n in "abcdef"})
    needs = {"a": 2e9, **dict.fromkeys("bcdef", 5e8)}
    executor = WithProgress(need=lambda layer: needs[layer.name], budget=1e9)
    ds = spectra.analyze(layers, executor=executor)
    assert spectra.labels(ds.status).values.tolist() == ["not_read", *["computed"] * 5]
    reason = "needs about 2.0 GB of memory, more than the 1.0 GB for layers"
    assert ds.status_reason.values[0] == f"not read: {reason}"
    assert capsys.readouterr().err.split() == f"not begun: a (40 x 40): {reason} (--memory)".split()
    needs["b"] = needs["c"] = needs["d"] = 3e9
    spectra.analyze(layers, executor=executor)
    assert "not begun: 1 other layers, for the same reason" in capsys.readouterr().err


@POSIX
@pytest.mark.parametrize("pool", POOLS)
def test_a_signal_at_the_end_of_a_wait_does_not_prolong_it(pool):
    """Python's ``SimpleQueue`` waits without end where a handler outlasts the time to wait."""
    handler = signal.signal(signal.SIGALRM, lambda *_: time.sleep(0.1))
    workers = pool(time.sleep, 1)
    try:
        workers.start(0, 0.0)
        assert workers.event(60.0).place == 0  # the worker has begun
        workers.start(1, 3.0)
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        assert workers.event(0.06) is None
    finally:
        signal.signal(signal.SIGALRM, handler)
        workers.close()
