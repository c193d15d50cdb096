"""Analyses with a store: the same results, and no work that was done before."""

import dataclasses
import pickle
from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pytest
import xarray as xr

import spectra
from spectra import measures
from spectra._measuring import Work
from spectra.errors import ArgumentError, ModelError, ModelFormatError, SpectraWarning, StoreWarning
from spectra.models.lazy import Derived, Held
from spectra.stored import load_run, runs
from spectra.stored._envelope import pack, unpack
from tests.builders import EXAMPLES

WANTED: list[measures.Measure] = [measures.size, measures.tail_fit, measures.training_phase]
MODEL: dict[str, Any] = {
    "tall.weight": np.random.default_rng(0).standard_normal((90, 40)),
    "wide.weight": np.random.default_rng(1).standard_normal((30, 80)).astype(np.float32),
    "conv.weight": np.random.default_rng(2).standard_normal((12, 11, 2, 2)).astype(np.float16),
    "turned.weight": np.asfortranarray(np.random.default_rng(3).standard_normal((50, 30))),
    "zero.weight": np.zeros((20, 10)),
    "nan.weight": np.full((20, 10), np.nan),
    "empty.weight": np.zeros((0, 10)),
    "huge.weight": 1e200 * np.random.default_rng(4).standard_normal((40, 20)),
    "bias": np.zeros(3),
}


@pytest.fixture
def counted(monkeypatch):
    """Count the matrices whose eigenvalues are computed, and the calls of each measure."""
    counts: Counter[str] = Counter()
    real = spectra.eigenvalues
    real_measured = Work.measured

    def measured(work, place, found):
        counts[getattr(work.measures[place], "__name__", "partial")] += 1
        return real_measured(work, place, found)

    monkeypatch.setattr(Work, "measured", measured)

    def eigenvalues(W, **options):
        counts["matrices"] += 1
        return real(W, **options)

    monkeypatch.setattr("spectra._spectrum.eigenvalues", eigenvalues)
    return counts


@pytest.mark.parametrize("pool", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "asked",
    [WANTED, [], pytest.param(measures.ALL, marks=pytest.mark.slow)],
    ids=["some", "none", "all"],
)
def test_results_are_those_without_a_store_bit_by_bit(pool, asked, counted):
    plain = spectra.analyze(MODEL, measures=asked, pool=pool)
    store: dict[str, bytes] = {}
    stored = spectra.analyze(MODEL, measures=asked, pool=pool, store=store)
    counted.clear()
    again = spectra.analyze(MODEL, measures=asked, pool=pool, store=store)
    assert not counted
    (run,) = runs(store)
    for ds in (stored, again, load_run(store, run.name)):
        xr.testing.assert_identical(ds, plain)
        assert list(ds.attrs) == list(plain.attrs)
    tensors = load_run(store, run.name, tensors=True)
    xr.testing.assert_identical(tensors, spectra.describe(MODEL, pool=pool))


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.name for path in sorted(EXAMPLES.glob("mnist*"))])
def test_example_models_are_the_same_with_a_store(name):
    from spectra_io import open_model

    model = open_model(EXAMPLES / name)
    store: dict[str, bytes] = {}
    plain = spectra.analyze(model, measures=measures.ALL)
    for _ in range(2):
        found = spectra.analyze(model, measures=measures.ALL, store=store)
        xr.testing.assert_identical(found, plain)
    xr.testing.assert_identical(load_run(store, runs(store)[0].name), plain)


def test_equal_runs_make_equal_stores():
    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    spectra.analyze(MODEL, measures=WANTED, store=first)
    spectra.analyze(MODEL, measures=WANTED, store=second)
    spectra.analyze(MODEL, measures=WANTED, store=second)
    assert first == second


def test_names_do_not_count_and_numbers_do(counted):
    store: dict[str, bytes] = {}
    spectra.analyze(MODEL, measures=WANTED, store=store)
    counted.clear()
    renamed = {f"block.{name}": array for name, array in MODEL.items()}
    found = spectra.analyze(renamed, measures=WANTED, store=store)
    assert not counted
    xr.testing.assert_identical(found, spectra.analyze(renamed, measures=WANTED))
    changed = MODEL | {"tall.weight": MODEL["tall.weight"].copy()}
    changed["tall.weight"][3, 4] += 1e-9
    counted.clear()
    found = spectra.analyze(changed, measures=WANTED, store=store)
    assert counted["matrices"] == 1  # the other layers are frozen
    xr.testing.assert_identical(found, spectra.analyze(changed, measures=WANTED))


def test_the_same_numbers_in_another_shape_type_or_order_are_told_apart_as_they_must_be(counted):
    W = np.random.default_rng(0).integers(-9, 9, (24, 12)).astype(np.float32)
    store: dict[str, bytes] = {}
    spectra.analyze({"a": W}, store=store)
    for other, computed in [
        (np.asfortranarray(W), 0),
        (W.astype(">f4"), 0),
        (W.astype(np.float64), 1),
        (W.T, 1),
        (W.reshape(12, 24), 1),
        (W.reshape(24, 12, 1), 0),
        (-W, 1),
    ]:
        counted.clear()
        found = spectra.analyze({"a": other}, store=store)
        assert counted["matrices"] == computed
        np.testing.assert_allclose(found.alpha, spectra.analyze({"a": other}).alpha, rtol=1e-9)


def test_a_matrix_of_a_file_is_known_from_one_in_memory(counted):
    """Whatever the size of the blocks, and whichever side is longer."""

    class InParts(Held):
        __slots__ = ()

        def blocks(self, step, axis):
            step = min(step, 7)
            for start in range(0, self.array.shape[axis], step):
                cut = slice(start, start + step)
                yield self.array[cut] if axis == 0 else self.array[:, cut]

    for shape in [(40, 25), (25, 40)]:
        W = np.random.default_rng(0).standard_normal(shape)
        store: dict[str, bytes] = {}
        spectra.analyze({"a": W}, measures=WANTED, store=store)
        source = Derived(np.transpose, (InParts(np.ascontiguousarray(W.T)),))
        tensor = dataclasses.replace(spectra.from_arrays({"a": W})["a"], source=source)
        counted.clear()
        spectra.analyze({"a": tensor}, measures=[*WANTED, measures.equal_scales], store=store)
        assert not counted["matrices"]


DRAWING = [*WANTED, measures.randomized]
OTHERS = {
    "tail": {"tail": {"xmin": (0.5, 200.0)}},
    "significance": {"significance": 0.01},
    "rng": {"rng": 7},
}


@pytest.mark.parametrize("options", [*OTHERS.values(), {"rtol": 1e-3}], ids=[*OTHERS, "rtol"])
def test_other_options_are_computed_and_the_eigenvalues_are_taken(options, counted):
    store: dict[str, bytes] = {}
    first = spectra.analyze(MODEL, measures=DRAWING, store=store)
    counted.clear()
    found = spectra.analyze(MODEL, measures=DRAWING, store=store, **options)
    assert bool(counted["matrices"]) == ("rtol" in options)
    plain = spectra.analyze(MODEL, measures=DRAWING, **options)
    xr.testing.assert_identical(found, plain)
    back = spectra.analyze(MODEL, measures=DRAWING, store=store)
    xr.testing.assert_identical(back, first)
    assert len(runs(store)) == 2


def test_a_new_measure_is_all_that_is_computed(counted):
    store: dict[str, bytes] = {}
    spectra.analyze(MODEL, measures=WANTED, store=store)
    counted.clear()
    more = [measures.hill_fit, *WANTED]
    found = spectra.analyze(MODEL, measures=more, store=store)
    assert counted == {"hill_fit": 5}
    xr.testing.assert_identical(found, spectra.analyze(MODEL, measures=more))
    num = len(store)
    fewer = [measures.hill_fit, measures.size]
    counted.clear()
    found = spectra.analyze(MODEL, measures=fewer, store=store)
    assert not counted
    xr.testing.assert_identical(found, spectra.analyze(MODEL, measures=fewer))
    assert len(store) == num + 1  # the run


def test_options_of_a_measure_count():
    store: dict[str, bytes] = {}
    W = {"a": np.random.default_rng(0).standard_normal((60, 40))}
    for resamples in (20, 30, 20):
        asked: list[Any] = [*WANTED, partial(measures.evidence, resamples=resamples)]
        found = spectra.analyze(W, measures=asked, store=store)
        xr.testing.assert_identical(found, spectra.analyze(W, measures=asked))
    assert len(runs(store)) == 2


def test_a_measure_that_fails_is_tried_again():
    tries: list[int] = []

    def failing(spectrum):
        if len(tries) < 2:
            tries.append(1)
            msg = "no"
            raise ValueError(msg)
        return {"alpha": 1.0}

    store: dict[str, bytes] = {}
    W = {"a": np.eye(12)}
    for _ in range(2):
        with pytest.warns(SpectraWarning, match="measure failing failed"):
            spectra.analyze(W, measures=[measures.size, failing], store=store)
    assert spectra.analyze(W, measures=[measures.size, failing], store=store).alpha.item() == 1.0


def test_a_layer_that_cannot_be_read_is_tried_again():
    def broken():
        msg = "the network is down"
        raise OSError(msg)

    W = np.random.default_rng(0).standard_normal((30, 20))
    tensor = spectra.from_arrays({"a": W})["a"]
    store: dict[str, bytes] = {}
    model: dict[str, Any] = {"a": dataclasses.replace(tensor, source=broken), "b": np.eye(12)}
    found = spectra.analyze(model, store=store)
    assert found.status_reason.values[0] == "not read: the network is down"
    (run,) = runs(store)
    assert (run.num_reached, run.num_layers) == (1, 2)
    xr.testing.assert_identical(load_run(store, run.name), found)
    whole = {"a": W, "b": np.eye(12)}
    xr.testing.assert_identical(spectra.analyze(whole, store=store), spectra.analyze(whole))


def test_eigenvalues_are_kept_if_a_measure_cannot_read_once_more(counted):
    failing = [True]

    def reading(spectrum):
        if failing:
            msg = "the network is down"
            raise ModelError(msg)
        return {"alpha": 1.0}

    store: dict[str, bytes] = {}
    W = {"a": np.random.default_rng(0).standard_normal((30, 20))}
    found = spectra.analyze(W, measures=[measures.size, reading], store=store)
    assert found.status_reason.item() == "not read: the network is down"
    failing.clear()
    counted.clear()
    again = spectra.analyze(W, measures=[measures.size, reading], store=store)
    assert not counted["matrices"]
    xr.testing.assert_identical(again, spectra.analyze(W, measures=[measures.size, reading]))


class Stopping:
    """An executor that stops after some items."""

    def __init__(self, most):
        self.most = most

    def map(self, function, items):
        return [function(item) if i < self.most else None for i, item in enumerate(items)]


def test_a_run_that_was_stopped_gives_way_to_the_whole_one():
    store: dict[str, bytes] = {}
    whole: dict[str, bytes] = {}
    spectra.analyze(MODEL, measures=WANTED, store=whole)
    for most in (0, 2, 4):
        found = spectra.analyze(MODEL, measures=WANTED, store=store, executor=Stopping(most))
        reached = [run.num_reached for run in runs(store)]
        assert reached == [most] * bool(most)
        if most:
            xr.testing.assert_identical(load_run(store, runs(store)[0].name), found)
    spectra.analyze(MODEL, measures=WANTED, store=store)
    assert store == whole
    spectra.analyze(MODEL, measures=WANTED, store=store, executor=Stopping(2))
    assert store == whole


def test_two_models_are_two_runs():
    store: dict[str, bytes] = {}
    models = [{"a": np.eye(12) * factor} for factor in (1, 2)]
    whole = [spectra.analyze(spectra.layers(model), store=store) for model in models]
    found = [load_run(store, run.name) for run in runs(store)]
    assert len(found) == 2
    assert {ds.eigenvalue.max().item() for ds in found} == {1.0, 4.0}
    assert sum(one.identical(other) for one in found for other in whole) == 2


def test_variables_of_ones_own_come_back():
    def trace(spectrum):
        return {"trace": spectrum.eigenvalues.sum(), "shape": [1.0, 2.0], "word": "a\0b\ud800"}

    own = [
        spectra.Variable("trace", "trace", "w2", "sum", "algebra"),
        spectra.Variable("shape", "shape", "1", "", "", ("layer", "mode")),
        spectra.Variable("word", "word", "", "", "", kind="str"),
    ]
    store: dict[str, bytes] = {}
    found = [spectra.analyze(MODEL, measures=trace, variables=own, store=store) for _ in range(2)]
    xr.testing.assert_identical(*found)
    xr.testing.assert_identical(load_run(store, runs(store)[0].name), found[0])


class Full(dict[str, bytes]):
    """A store that takes some parts only."""

    room = 2

    def __setitem__(self, name, data):
        """Store a part, or say that the disk is full."""
        if len(self) >= self.room:
            raise OSError(28, "No space left on device")
        super().__setitem__(name, data)


def test_a_full_store_costs_no_result():
    store = Full()
    with pytest.warns(StoreWarning, match="5 x results not stored: No space left on device"):
        found = spectra.analyze(MODEL, measures=WANTED, store=store)
    xr.testing.assert_identical(found, spectra.analyze(MODEL, measures=WANTED))
    assert (len(store), runs(store)) == (2, [])
    store.room = 99
    spectra.analyze(MODEL, measures=WANTED, store=store)
    whole: dict[str, bytes] = {}
    spectra.analyze(MODEL, measures=WANTED, store=whole)
    assert store == whole


class Unreadable(dict[str, bytes]):
    """A store whose network is down."""

    def __getitem__(self, name):
        """Fail."""
        raise TimeoutError(110, "Connection timed out")

    def __iter__(self):
        """Fail."""
        raise TimeoutError(110, "Connection timed out")


def test_a_store_that_cannot_be_read_costs_no_result():
    with pytest.warns(StoreWarning, match="part not read: .*timed out") as warned:
        found = spectra.analyze(MODEL, measures=WANTED, store=Unreadable())
    assert len(warned) == 1
    xr.testing.assert_identical(found, spectra.analyze(MODEL, measures=WANTED))


class Listed(dict[str, bytes]):
    """A store that counts how often it is listed."""

    times = 0

    def __iter__(self):
        """List the names."""
        self.times += 1
        return super().__iter__()


def test_a_store_without_prefixes_is_not_listed_for_each_layer():
    store = Listed()
    for asked in (WANTED, [*WANTED, measures.hill_fit]):
        store.times = 0
        spectra.analyze(MODEL, measures=asked, store=store)
        assert store.times <= 2  # before the work, and for the runs


class Remote(Listed):
    """A store that is sent as its address."""

    there: Any = None

    def __reduce__(self):
        """Send where the store is."""
        return getattr, (Remote, "there")


def test_names_of_a_store_are_not_sent_and_a_worker_lists_them_once():
    store = Remote.there = Remote({f"{n % 99:02}/{n:032}-{n:032}": b"" for n in range(5000)})
    sent: list[int] = []

    class Sending:
        def map(self, function, items):
            for item in items:
                data = pickle.dumps((function, item))
                sent.append(len(data))
                yield pickle.loads(data)[0](item)

    expected = spectra.analyze(MODEL, measures=WANTED)
    for asked in (WANTED[:1], WANTED):
        store.times = 0
        found = spectra.analyze(MODEL, measures=asked, store=store, executor=Sending())
        assert store.times <= 3  # before the work, by the worker, and for the runs
    xr.testing.assert_identical(found, expected)
    assert max(sent) < 100_000
    run = spectra.analyze(MODEL, measures=WANTED, store=store)
    xr.testing.assert_identical(run, expected)


def test_two_stops_and_a_finish_at_once_leave_the_whole_run():
    """The run of a process that was stopped is deleted by two that finish."""

    class Deleting(dict[str, bytes]):
        def pop(self, name, *default):
            super().pop(name)
            return super().pop(name, *default)

    store = Deleting()
    spectra.analyze(MODEL, measures=WANTED, store=store, executor=Stopping(3))
    spectra.analyze(MODEL, measures=WANTED, store=store)
    assert [run.num_reached for run in runs(store)] == [7]


def test_workers_with_a_copy_of_the_store_are_noticed():
    import copy

    class Copying:
        def map(self, function, items):
            return [copy.deepcopy(function)(item) for item in items]

    store: dict[str, bytes] = {}
    with pytest.warns(StoreWarning, match="workers have a copy of the store"):
        spectra.analyze(MODEL, measures=WANTED, store=store, executor=Copying())
    assert store == {}


def test_measures_of_one_name_are_several_runs():
    store: dict[str, bytes] = {}
    generator = np.random.default_rng(0)
    several: list[measures.Measure] = [
        lambda _: {"norm": 1.0},
        lambda _: {"norm": 2.0},
        lambda _: {"alpha": 2.0},
    ]
    found = [spectra.analyze(MODEL, measures=[each], store=store) for each in several]
    drawn: measures.Measure = lambda _: {"norm": generator.random()}  # noqa: E731
    with pytest.warns(StoreWarning, match="not stored"):
        found += [spectra.analyze(MODEL, measures=[drawn], store=store) for _ in range(2)]
    stored = [load_run(store, run.name) for run in runs(store)]
    assert len(stored) == len(found) == 5
    assert all(any(ds.identical(each) for each in stored) for ds in found)
    spectra.analyze(MODEL, measures=several[:1], store=store)
    assert len(runs(store)) == 5


@pytest.mark.parametrize("change", [{"rows": [["fc"]]}, {"rows": 3}, {"variables": [{}]}])
def test_foreign_runs_with_a_right_checksum_are_passed_over(change):
    store: dict[str, bytes] = {}
    spectra.analyze({"fc": np.eye(5)}, store=store)
    (run,) = runs(store)
    header, arrays = unpack(store[run.name])
    store["runs/aaaaaaaaaaaa-bb"] = pack({**header, "layers": header["layers"] | change}, arrays)
    assert [one.name for one in runs(store)] == [run.name]
    with pytest.raises(ModelFormatError, match="a damaged run"):
        load_run(store, "runs/aaaaaaaaaaaa-bb")


class Elsewhere:
    """Executor whose workers have another version of NumPy."""

    def map(self, function, items):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np, "__version__", "0.9")
            return [function(item) for item in items]


def test_a_worker_of_another_version_stores_nothing():
    store: dict[str, bytes] = {}
    with pytest.raises(ArgumentError, match=r"NumPy [1-9].*got a worker with .*NumPy 0\.9.*same"):
        spectra.analyze(MODEL, measures=WANTED, executor=Elsewhere(), store=store)
    assert not store
    assert "alpha" in spectra.analyze(MODEL, measures=WANTED, executor=Elsewhere())


@pytest.mark.parametrize("store", ["results.store", 3, [], ()])
def test_what_is_not_a_store_is_refused(store):
    with pytest.raises(ArgumentError, match="`store` must be a mapping of names to bytes"):
        spectra.analyze(MODEL, store=store)


def test_what_is_no_part_is_passed_over():
    store = {"a/file": b"x", "runs/x-y": b"z", ".hidden": b""}
    spectra.analyze(MODEL, measures=WANTED, store=store)
    assert len(runs(store)) == 1
