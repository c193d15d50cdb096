"""Forecasts of a run that is played with a clock of its own."""

import heapq
import math

import numpy as np
import pytest

from spectra.costs import makespan
from spectra_io.runs.forecasts import Forecast


def played(times, costs, workers, until):
    """Play a run up to a time, each worker taking the next item; return account and whole time."""
    run = Forecast(costs, workers)
    free = [(0.0, w) for w in range(workers)]
    events = []
    for item, time in enumerate(times):
        start, worker = heapq.heappop(free)
        heapq.heappush(free, (start + time, worker))
        events += [(start, 1, item), (start + time, 0, item)]
    for when, begins, item in sorted(events):
        if when > until:
            break
        (run.start if begins else run.finish)(item, when)
    return run, max(end for end, _ in free)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("order", [1, -1])
def test_a_forecast_of_known_costs_is_exact(workers, order):
    times = np.sort(np.random.default_rng(0).pareto(1.0, 40) + 0.1)[::order]
    _, whole = played(times, times, workers, 0.0)
    for share in (0.4, 0.6, 0.9):
        run, _ = played(times, 7 * times, workers, share * whole)
        if run.num_done == 0:
            continue
        longest = max(times[item] for item in run.in_work)
        error = run.remaining(share * whole) - (1 - share) * whole
        assert abs(error) <= 0.05 * longest + 1e-9  # an item in work counts as 95 % at most


def test_costs_that_are_wrong_by_half_give_a_forecast_within_a_third():
    rng = np.random.default_rng(1)
    times = np.sort(rng.exponential(1.0, 60) + 0.1)[::-1]
    for _ in range(20):
        costs = times * rng.uniform(0.67, 1.5, 60)
        _, whole = played(times, costs, 2, 0.0)
        run, _ = played(times, costs, 2, whole / 3)
        assert abs(whole / 3 + run.remaining(whole / 3) - whole) < 0.33 * whole


def test_nothing_is_known_before_an_item_is_done():
    run = Forecast([1.0, 2.0], 2)
    assert run.share(0.0) == 0
    run.start(0, 0.0)
    assert math.isnan(run.remaining(5.0))
    assert run.share(5.0) == 0


def test_items_without_cost_and_no_items():
    assert Forecast([], 1).share(0.0) == 1
    assert math.isnan(Forecast([], 1).remaining(0.0))
    run = Forecast([0.0, 1.0], 1)
    run.start(0, 0.0)
    run.finish(0, 1.0)
    assert math.isnan(run.remaining(1.0))
    assert run.num_done == 1


def test_an_item_that_takes_longer_than_it_should_is_not_done():
    run = Forecast([1.0, 1.0], 1)
    run.start(0, 0.0)
    run.finish(0, 1.0)
    run.start(1, 1.0)
    assert 0.5 < run.share(90.0) < 1
    assert run.remaining(90.0) > 0


def test_the_time_of_several_workers_by_hand():
    assert makespan([], workers=3) == 0
    assert makespan([1, 1, 1], workers=2) == 2
    assert makespan([2, 2, 3], workers=2) == 5
    assert makespan([3, 2, 2], workers=2) == 4
    assert makespan([1, 1], workers=2, busy=[3.0]) == 3


def test_an_item_that_was_no_work_does_not_count():
    run = Forecast([8.0, 4.0, 4.0, 2.0], workers=1)
    for item in (0, 2):
        run.start(item, 0.0)
        run.leave_out(item)
    assert (run.num, run.num_done, run.in_work, run.share(0.0)) == (2, 0, [], 0.0)
    assert math.isnan(run.remaining(0.0))
    run.start(1, 0.0)
    run.finish(1, 8.0)
    run.start(3, 8.0)
    assert (run.share(8.0), run.remaining(8.0)) == (4 / 6, 4.0)
    run.leave_out(3)
    assert (run.share(9.0), run.num, run.num_done) == (1.0, 1, 1)
