"""Executors: results in any order, missing, repeated, foreign or broken ones."""

import multiprocessing
import pickle
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import xarray as xr

import spectra
from spectra._executing import Done, Lost
from spectra.errors import ArgumentError, SpectraWarning
from spectra.tails import bootstrap


def arrays(*sides):
    rng = np.random.default_rng(0)
    return {f"w{i}": rng.standard_normal((side + 5, side)) for i, side in enumerate(sides)}


MODEL = arrays(12, 30, 21, 8)


class Mapping:
    """An executor whose map is a given function."""

    def __init__(self, function):
        self.function = function

    def map(self, function, items):
        """Return what the given function makes of function and items."""
        return self.function(function, items)


def status(ds):
    return spectra.labels(ds.status).values.tolist()


ANY_ORDER = {
    "backwards": lambda f, items: [f(item) for item in reversed(items)],
    "by a generator": lambda f, items: (f(item) for item in sorted(items, key=lambda x: x.M)),
    "with nothing between": lambda f, items: [None, *map(f, items[1:]), None, f(items[0])],
    "of copies": lambda f, items: [pickle.loads(pickle.dumps(f(item))) for item in items[::-1]],
}


@pytest.mark.parametrize("way", ANY_ORDER)
def test_results_find_their_layers_in_any_order(way):
    ds = spectra.analyze(MODEL, executor=Mapping(ANY_ORDER[way]))
    xr.testing.assert_identical(ds, spectra.analyze(MODEL))


@pytest.mark.parametrize("num", [1, 2, 4])
@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_results_do_not_depend_on_the_number_of_workers(pool, num):
    with pool(num) as executor:
        ds = spectra.analyze(MODEL, executor=executor)
    xr.testing.assert_allclose(ds, spectra.analyze(MODEL), rtol=1e-12)


def test_layers_that_are_missing_were_not_reached():
    ds = spectra.analyze(MODEL, executor=Mapping(lambda f, items: [f(items[2])]))
    assert status(ds) == ["not_reached", "not_reached", "computed", "not_reached"]
    assert ds.status_reason.values.tolist() == ["not reached", "not reached", "", "not reached"]


def test_an_executor_may_give_a_reason_in_place_of_a_result():
    def lossy(function, items):
        yield Lost("w1", "the worker process died")
        yield function(items[0])
        yield Lost("w3", "too large")

    ds = spectra.analyze(MODEL, executor=Mapping(lossy))
    assert status(ds) == ["computed", "not_read", "not_reached", "not_read"]
    reasons = ["", "not read: the worker process died", "not reached", "not read: too large"]
    assert ds.status_reason.values.tolist() == reasons


def raising(error):
    def fail(function, items):
        raise error

    return fail


WRONG = {
    "nothing": (lambda f, items: None, "must return an iterable .* got NoneType from Mapping"),
    "a number": (lambda f, items: 3, "must return an iterable .* got int"),
    "futures": (
        lambda f, items: [Future() for _ in items],
        "got a Future; its map must wait for them; of a Dask",
    ),
    "numbers": (
        lambda f, items: [3 for _ in items],
        "results of the function from map, got 3; its map must return",
    ),
    "items": (lambda f, items: items, "got <Layer 'w0'"),
    "one twice": (lambda f, items: [f(items[0]), f(items[0])], "a second one, .* for 'w0'"),
    "all twice": (lambda f, items: 2 * list(map(f, items)), "one result for each of the 4 items"),
    "unknown": (lambda f, items: [Done("x", {})], "one of another run, for 'x'"),
    "pickle": (raising(pickle.PicklingError("no")), "not send the work to a worker: PicklingError"),
    "local": (raising(AttributeError("Can't pickle local object")), "functions of a module"),
    "closed": (raising(RuntimeError("after shutdown")), "failed before any work was done: Runtime"),
    "a type": (raising(TypeError("odd")), "failed before any work was done: TypeError: odd"),
}


@pytest.mark.parametrize("way", WRONG)
def test_wrong_executors_are_refused(way):
    executor, words = WRONG[way]
    with pytest.raises(ArgumentError, match=words):
        spectra.analyze(MODEL, executor=Mapping(executor))


@pytest.mark.parametrize(
    "method", [3, lambda: None, lambda function: [], lambda function, items, *, more: []]
)
def test_a_map_of_other_arguments_is_refused(method):
    executor = type("Wrong", (), {"map": staticmethod(method) if callable(method) else method})()
    with pytest.raises(ArgumentError, match=r"`executor` must have a (map )?method"):
        spectra.analyze(MODEL, executor=executor)


def test_a_function_that_no_process_can_take():
    """Of multiprocessing: a ProcessPoolExecutor of Python 3.11.2 may wait for ever after it."""
    with multiprocessing.Pool(1) as pool, pytest.raises(ArgumentError, match="threads take any"):
        spectra.analyze(MODEL, measures=lambda found: {"norm": 1.0}, executor=pool)


def test_an_error_of_the_function_is_raised_as_it_is():
    def odd(found):
        return {"nmro": 1.0}

    with ThreadPoolExecutor(1) as pool, pytest.raises(spectra.errors.UnknownNameError):
        spectra.analyze(MODEL, measures=odd, executor=pool)


def test_an_executor_that_breaks_keeps_what_is_done():
    def broken(function, items):
        yield function(items[0])
        msg = "a process\nwas terminated"
        raise BrokenProcessPool(msg)

    with pytest.warns(SpectraWarning, match=r"not done: 3 of 4: Broken.* a process was") as said:
        ds = spectra.analyze(MODEL, executor=Mapping(broken))
    assert said[0].filename == __file__
    assert status(ds) == ["computed", *["not_read"] * 3]
    reason = "not read: the executor failed: BrokenProcessPool: a process was terminated"
    assert ds.status_reason.values[1] == reason


def test_resamples_in_any_order_and_missing_ones():
    x = np.random.default_rng(0).pareto(1.5, 3000) + 1
    backwards, one = Mapping(ANY_ORDER["backwards"]), Mapping(lambda f, items: [f(items[0])])
    found = bootstrap.refits(x, resamples=100, executor=backwards)
    np.testing.assert_array_equal(found.alpha, bootstrap.refits(x, resamples=100).alpha)
    with pytest.raises(ArgumentError, match=r"each of the . parts of the resamples, got 1"):
        bootstrap.interval(x, resamples=100, executor=one)
