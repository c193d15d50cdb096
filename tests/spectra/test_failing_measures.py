"""Measures of one's own that fail: the rest stays, and the reason is told once."""

import pickle
import warnings

import numpy as np
import pytest

import spectra
from spectra import Variable, measures
from spectra.errors import SpectraWarning

RNG = np.random.default_rng(0)
MODEL = {f"w{i}": RNG.standard_normal((60 + i, 40)) for i in range(3)}
MINE = Variable("mine", "a number of my own", "1", "", "")


def analyzed(*own, **options):
    """Return the result and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ds = spectra.analyze(MODEL, measures=[*measures.CORE, *own], variables=[MINE], **options)
    assert all(one.category is SpectraWarning for one in caught)
    assert all(one.filename == __file__ for one in caught)
    return ds, [str(one.message) for one in caught]


def failing(error, where=61):
    def own_name(found):
        if where in (found.N, None):
            raise error
        return {"mine": found.N}

    return own_name


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyError("x"), "KeyError: 'x'"),
        (np.linalg.LinAlgError("no"), "LinAlgError: no"),
        (RuntimeError(), "RuntimeError"),
        (ValueError("two\nlines"), "ValueError: two lines"),
    ],
)
def test_a_measure_that_raises_costs_its_values_only(error, words):
    plain = spectra.analyze(MODEL)
    ds, said = analyzed(failing(error))
    np.testing.assert_array_equal(ds.mine, [60, np.nan, 62])
    assert ds.status_reason.values.tolist() == ["", f"measure own_name: {words}", ""]
    assert spectra.labels(ds.status).values.tolist() == ["computed"] * 3
    for name in set(plain) - {"status_reason"}:
        np.testing.assert_array_equal(ds[name], plain[name])
    assert len(said) == 1
    assert said[0].startswith(f"measure own_name failed on 1 of 3 layers, at first 'w1': {words};")


def test_a_measure_that_fails_on_every_layer_is_told_once():
    ds, said = analyzed(failing(ZeroDivisionError("division by zero"), None))
    assert np.isnan(ds.mine).all()
    assert ds.alpha.notnull().all()
    assert len(said) == 1
    assert "measure own_name failed on EVERY LAYER (3)" in said[0]


def test_each_of_two_measures_is_told():
    def other(_):
        raise OSError

    ds, said = analyzed(failing(TypeError("a")), other)
    assert len(said) == 2
    assert ds.status_reason.values[1] == "measure own_name: TypeError: a; measure other: OSError"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones(3), "mine must be a number, got an array of shape (3,)"),
        ("good", "mine must be a number, got 'good'"),
        ([[1], [2, 3]], "mine must be a number, got [[1], [2, 3]]"),
        (1j, "mine must be a number, got 1j"),
        ({}, "mine must be a number, got {}"),
    ],
)
def test_a_value_that_is_not_a_number_costs_itself_only(value, words):
    def own(found):
        return {"mine": value if found.N == 61 else 1.0, "norm": 7.0}

    ds, said = analyzed(own)
    np.testing.assert_array_equal(ds.mine, [1, np.nan, 1])
    assert (ds.norm == 7).all()
    assert ds.status_reason.values[1] == f"measure own: {words}"
    assert words in said[0]


@pytest.mark.parametrize("result", [None, 1.0, [("mine", 1.0)]])
def test_a_result_that_is_not_a_mapping_costs_the_values_of_the_measure(result):
    def own(found):
        return result if found.N == 61 else {"mine": 1.0}

    ds, said = analyzed(own)
    got = type(result).__name__
    assert f"must return a mapping of names to numbers, got {got}" in said[0]
    np.testing.assert_array_equal(ds.mine, [1, np.nan, 1])


def test_none_and_nan_are_missing_values_and_no_failure():
    ds, said = analyzed(lambda found: {"mine": None if found.N == 61 else np.float32(np.nan)})
    assert said == []
    assert np.isnan(ds.mine).all()
    assert (ds.status_reason == "").all()


def test_our_own_measures_fail_alone_too(monkeypatch):
    porter_thomas = spectra.linalg.vectors.porter_thomas

    def stubborn(columns):
        if len(columns) > 1:
            msg = "did not converge"
            raise np.linalg.LinAlgError(msg)
        return porter_thomas(columns)

    monkeypatch.setattr(spectra.linalg.vectors, "porter_thomas", stubborn)
    ds, said = analyzed(measures.vector_spread)
    assert np.isnan(ds.bulk_mean_entropy).all()
    assert ds.alpha.notnull().all()
    assert "vector_spread failed on EVERY LAYER (3), at first 'w0': LinAlgError" in said[0]


def test_a_layer_without_its_phase_is_not_judged(monkeypatch):
    evidence = spectra.noise.phases.evidence

    def sometimes(found, **options):
        if found.N == 61:
            raise FloatingPointError
        return evidence(found, **options)

    monkeypatch.setattr(spectra.noise.phases, "evidence", sometimes)
    ds, said = analyzed()
    assert [line.split()[1] for line in said] == ["evidence", "training_phase"]
    assert spectra.labels(ds.verdict).values[1] == "not_judged"
    assert ds.alpha.notnull().all()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_passes(error):
    with pytest.raises(error):
        analyzed(failing(error()))


def test_no_memory_costs_the_layer():
    ds, said = analyzed(failing(MemoryError()))
    assert said == []
    assert spectra.labels(ds.status).values.tolist() == ["computed", "not_read", "computed"]
    assert ds.status_reason.values[1] == "not read: out of memory in measure own_name"
    assert np.isnan(ds.alpha[1])


def test_failures_come_back_from_other_processes():
    class Pickling:
        def map(self, function, items):
            return [pickle.loads(pickle.dumps(function(item))) for item in items]

    ds, said = analyzed(failing(TypeError("a")), executor=Pickling())
    assert len(said) == 1
    assert ds.status_reason.values[1] == "measure own_name: TypeError: a"
