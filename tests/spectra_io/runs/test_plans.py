"""Plans: threads or processes, for which layers, and the memory that is left for these."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra import measures
from spectra.results.variables import Status
from spectra.stored import is_taken
from spectra_io.runs import budgets, plans
from spectra_io.runs.executors import WithProgress
from spectra_io.runs.plans import Plan, Planned, Resources
from spectra_io.runs.processes import Processes
from spectra_io.runs.threads import Threads
from tests.builders import f32, write_safetensors


def stored(path, num, width):
    write_safetensors(path / "m.safetensors", {f"w{i}": f32(2, width) for i in range(num)})
    return [*spectra.layers(spectra_io.open_model(path / "m.safetensors"))]


def chosen(layers, asked=measures.CORE, **resources):
    return plans.plan(layers, asked, Resources(**{"memory": 64 * 10**9, **resources}))


@pytest.fixture
def many(tmp_path):
    """Return layers whose analysis is long, and mostly work of the interpreter."""
    return stored(tmp_path, 600, 3)


def test_processes_for_many_layers_and_threads_for_few(many):
    assert chosen(many, workers=2).pool is Processes
    assert chosen(many, workers=2).workers == 2
    assert chosen(many[:20], workers=2).pool is Threads
    assert chosen(many, workers=1).pool is Threads


def test_no_more_workers_than_layers(many):
    assert chosen(many[:3], workers=99) == Plan(Threads, 3, 64 * 10**9 - budgets.PROGRAM)
    assert chosen([], workers=5).workers == 1


def test_threads_where_processes_would_take_a_large_share(many):
    assert chosen(many, workers=2, memory=10**9) == Plan(Threads, 2, 10**9 - budgets.PROGRAM)
    roomy = chosen(many, workers=2, memory=2 * 10**9)
    assert roomy.pool is Processes
    assert 10**9 < roomy.budget < 2 * 10**9 - budgets.PROGRAM


def test_threads_for_arrays_in_memory_and_what_cannot_be_sent(many):
    large = spectra.layers({f"a{i}": np.zeros((500, 300)) for i in range(2)})
    assert chosen([*many, *large], workers=2).pool is Threads
    local = spectra.Tensor("t", (3, 3), "float64", "dense", lambda: np.eye(3))
    assert chosen([*many, *spectra.layers({"t": local})], workers=2).pool is Threads


def test_threads_with_a_device_whose_turns_are_those_of_one_process(many):
    assert chosen(many, workers=2, device="cuda").pool is Threads


def test_threads_for_large_layers_whose_time_is_linear_algebra():
    layers = spectra.layers(
        {f"w{i}": spectra.Tensor(f"w{i}", (8192, 4096), "float32", "dense", f32) for i in range(40)}
    )
    assert chosen(layers, workers=2).pool is Threads


def test_a_share_of_the_free_memory_by_default(monkeypatch):
    monkeypatch.setattr(budgets, "free", lambda: 10e9)
    found = plans.plan([], measures.CORE, Resources(workers=2))
    assert found.budget == 8e9  # the program has its own already


def test_where_little_is_free_a_layer_that_fits_is_tried(monkeypatch, many, tmp_path):
    needed = plans._need(many[0], measures=measures.CORE)
    monkeypatch.setattr(budgets, "free", lambda: 1.1 * needed)
    found = plans.plan(many, measures.CORE, Resources(workers=2))
    assert (found.pool, found.budget) == (Threads, needed)
    model = spectra_io.open_model(tmp_path / "m.safetensors")
    computed = spectra.analyze(model, executor=plans.Planned(measures.CORE, Resources(2)))
    assert (computed.status == Status.COMPUTED).all()
    monkeypatch.setattr(budgets, "free", lambda: 0.9 * needed)
    assert plans.plan(many, measures.CORE, Resources(workers=2)).budget < needed


def test_results_of_a_planned_run_in_processes(tmp_path, monkeypatch):
    layers = stored(tmp_path, 8, 30)
    monkeypatch.setattr(plans, "_is_faster", lambda *_: True)
    planned = Planned(measures.CORE, Resources(workers=2, memory=64 * 10**9))
    ds = spectra.analyze(layers, executor=planned)
    expected = spectra.analyze(layers)
    np.testing.assert_allclose(ds.eigenvalue, expected.eigenvalue, rtol=1e-12)
    np.testing.assert_allclose(ds.alpha, expected.alpha, rtol=1e-12)


def unequal(path, num):
    write_safetensors(path / "m.safetensors", {f"w{i}": f32(30, 20 + i) for i in range(num)})
    return [*spectra.layers(spectra_io.open_model(path / "m.safetensors"))]


def half(found):
    return {"half": found.M / 2}


def test_processes_store_layers_and_those_that_were_taken_are_counted(tmp_path, monkeypatch):
    layers = unequal(tmp_path, 5)
    monkeypatch.setattr(plans, "_is_faster", lambda *_: True)
    store = spectra_io.open_store(tmp_path / "store")
    asked: dict[str, Any] = {
        "measures": [*measures.CORE, half],
        "variables": spectra.results.variables.Variable("half", "half", "1", "", "", ("layer",)),
    }
    for some, num in ((layers[:3], 0), (layers, 3), (layers, 5)):
        resources = Resources(workers=2, memory=64 * 10**9)
        planned = Planned(measures.CORE, resources, is_taken=is_taken)
        ds = spectra.analyze(some, executor=planned, store=store, **asked)
        assert planned.num_taken == num
        xr.testing.assert_allclose(ds, spectra.analyze(some, **asked), rtol=1e-12)
    assert ds.half.values.tolist() == [10.0, 10.5, 11.0, 11.5, 12.0]


def test_layers_that_do_not_fit_are_not_stored_as_done(tmp_path):
    layers = unequal(tmp_path, 3)
    store = spectra_io.open_store(tmp_path / "store")
    for budget, taken, reasons in ((3e6, 0, 2), (1e9, 1, 0), (1e9, 3, 0)):
        executor = WithProgress(
            need=lambda layer: 1e6 if layer.name == "w1" else 1e7, budget=budget, is_taken=is_taken
        )
        ds = spectra.analyze(layers, executor=executor, store=store)
        assert executor.num_taken == taken
        assert ds.status_reason.str.startswith("not read: needs about").sum() == reasons
    xr.testing.assert_identical(ds, spectra.analyze(layers))
    assert len(spectra.stored.runs(store)) == 1
