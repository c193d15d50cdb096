"""The executor of the command line: order, errors, an early end, and what stderr shows of it."""

import threading
from contextlib import nullcontext

import numpy as np
import pytest
import xarray as xr

import spectra
from spectra.results.variables import Status
from spectra_io.runs import executors, progress
from spectra_io.runs.executors import WithProgress
from spectra_io.runs.forecasts import Forecast


def arrays(*sides):
    rng = np.random.default_rng(0)
    return {f"w{i}": rng.standard_normal((side + 5, side)) for i, side in enumerate(sides)}


def test_results_and_their_order_do_not_depend_on_the_executor():
    model = arrays(5, 40, 12, 60, 3)
    ds = spectra.analyze(model, executor=WithProgress())
    assert ds.layer.values.tolist() == list(model)
    xr.testing.assert_allclose(ds, spectra.analyze(model), rtol=1e-9)


@pytest.mark.parametrize("num", [1, 2, 3])
def test_the_largest_layers_are_taken_first(monkeypatch, num):
    monkeypatch.setattr(executors, "cores", lambda: num)
    layers = spectra.layers(arrays(5, 40, 12, 60, 3))
    taken, lock = [], threading.Lock()

    def note(layer):
        with lock:
            taken.append(layer.M)
        return layer.M

    assert sorted(WithProgress().map(note, layers)) == [3, 5, 12, 40, 60]
    assert sorted(taken) == [3, 5, 12, 40, 60]
    if num == 1:
        assert taken == [60, 40, 12, 5, 3]


def test_other_items_are_taken_in_their_order(monkeypatch):
    monkeypatch.setattr(executors, "cores", lambda: 1)
    taken: list[int] = []
    assert list(WithProgress().map(taken.append, [3, 9, 1])) == [None] * 3
    assert taken == [3, 9, 1]
    assert list(WithProgress().map(abs, [])) == []


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_is_raised_where_the_results_are_wanted(error):
    def fail(item):
        if item == 2:
            raise error

    with pytest.raises(type(error)):
        list(WithProgress().map(fail, [1, 2, 3]))


def test_an_early_end_waits_for_no_item_in_work(monkeypatch):
    monkeypatch.setattr(executors, "cores", lambda: 2)
    first_done, for_ever = threading.Event(), threading.Event()

    def work(item):
        if item == 0:
            first_done.set()
            return "done"
        for_ever.wait()
        return "late"

    executor = WithProgress(stops=lambda: nullcontext(first_done.is_set))
    try:
        found = list(executor.map(work, range(5)))
    finally:
        for_ever.set()
    assert found in (["done"], [])  # done, unless the end came before the result


def test_layers_that_were_not_reached_have_a_status():
    class OnlyOne:
        def map(self, function, items):
            return [function(item) if i == 1 else None for i, item in enumerate(items)]

    ds = spectra.analyze(arrays(20, 30, 40), executor=OnlyOne())
    assert spectra.labels(ds.status).values.tolist() == ["not_reached", "computed", "not_reached"]
    assert ds.status_reason.values.tolist() == ["not reached", "", "not reached"]
    assert ds.M.values.tolist() == [20, 30, 40]
    assert ds.alpha.notnull().values.tolist() == [False, True, False]
    assert (ds.status == Status.NOT_REACHED).sum() == spectra.summary(ds).num_not_reached == 2
    assert np.isnan(spectra.summary(ds).log_product_norm)
    assert (spectra.labels(ds.verdict) == "not_judged").values.tolist() == [True, False, True]


def test_items_that_were_there_before_do_not_count(monkeypatch):
    seen = []

    class Noting(Forecast):
        def finish(self, item, now):
            super().finish(item, now)
            seen.append((self.num_done, self.num))

    monkeypatch.setattr(executors, "Forecast", Noting)
    monkeypatch.setattr(executors, "cores", lambda: 1)
    executor = WithProgress(is_taken=lambda result: result % 2 == 0)
    assert list(executor.map(abs, [2, 4, 1, 6, 3, 8])) == [2, 4, 1, 6, 3, 8]
    assert (executor.num_taken, seen) == (4, [(1, 4), (2, 3)])
    assert list(executor.map(abs, [])) == []
    assert executor.num_taken == 0


@pytest.mark.parametrize("seconds", [10, 29, 31, 100])
def test_lines_come_every_half_minute(capsys, seconds):
    run = Forecast([1.0] * 200, 1)
    with progress.shown([f"w\n{i}" for i in range(200)], noun="layers") as view:
        for second in range(seconds):
            run.start(second, second)
            run.finish(second, second + 1)
            run.start(second + 1, second + 1)
            view(run, second + 1)
            run._waiting[second + 1] = None
            run._started.clear()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == seconds // 30
    if lines:
        assert lines[0] == (
            "spectra: 15 % of the work, 30 of 200 layers, 2 min 50 s left; in work: w 30"
        )


def test_no_forecast_is_shown_before_it_is_one():
    run = Forecast([1.0, 1.0, 1.0], 1)
    run.start(0, 0.0)
    assert "left" not in progress.line(run, 40.0, ["a", "b", "c"], noun="layers")
    run.finish(0, 1.0)
    assert "left" not in progress.line(run, 1.0, ["a", "b", "c"], noun="layers")
    assert "2 s left" in progress.line(run, 3.0, ["a", "b", "c"], noun="layers")


def test_a_bar_on_a_terminal_shows_share_time_and_layers_in_work(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    run = Forecast([1.0, 1.0, 2.0], 1)
    with progress.shown(["a", "[red]b[/red] (9 x 4)", "c"], noun="layers") as view:
        run.start(0, 0.0)
        run.finish(0, 10.0)
        run.start(1, 10.0)
        view(run, 15.0)
    err = capsys.readouterr().err
    assert "37 %, 1 of 3 layers, 15 s, 25 s left, [red]b[/red] (9 x 4)" in err
