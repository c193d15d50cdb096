"""Text, complex numbers and ragged rows in place of matrices and eigenvalues are refused."""

import importlib
import inspect
import pkgutil
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import spectra
from spectra import multiple_tests
from spectra.errors import ArgumentError
from spectra.linalg import elements, norms, ranks
from spectra.noise import biwhitening

ROOMS = ("spectra.linalg", "spectra.noise", "spectra.tails")
NAMES = {"W", "A", "B", "matrices", "eigenvalues", "others", "values", "p", "singular_values"}
PARTS = {
    "devices",
    "far_elements",
    "log_excess",
    "options",
    "samples",
    "support",
    "two_stage",
    "xmin_search",
}
"""Modules of parts, whose arguments other modules have looked at."""
GIVEN = {
    "text": np.array([["a", "b"], ["c", "d"]]),
    "complex": np.array([[1, 1j], [2, 3]]),
    "complex list": [[1, 1j], [2, 3]],
    "ragged": [[1.0, 2.0], [3.0]],
}


def functions():
    """Yield the functions all of whose required arguments are matrices or eigenvalues."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.iter_modules(package.__path__, f"{room}."):
            name = found.name.rsplit(".")[-1]
            if name.startswith("_") or name in PARTS:
                continue
            module = importlib.import_module(found.name)
            for each in module.__all__:
                function = getattr(module, each)
                if not inspect.isfunction(function):
                    continue
                needed = [
                    name
                    for name, one in inspect.signature(function).parameters.items()
                    if one.default is one.empty and one.kind is not one.VAR_KEYWORD
                ]
                if needed and set(needed) <= NAMES:
                    yield pytest.param(function, len(needed), id=f"{found.name}.{each}")


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(("function", "num"), list(functions()))
def test_what_is_not_a_real_number_is_refused(function, num, given):
    def call():
        found = function(*[GIVEN[given]] * num)
        return list(found) if inspect.isgenerator(found) else found

    with pytest.raises(ArgumentError):
        call()


def test_many_functions_are_tried():
    assert len(list(functions())) > 60
    assert any(param.id == "spectra.linalg.norms.frobenius" for param in functions())


def test_booleans_and_whole_numbers_are_numbers():
    W = np.random.default_rng(0).random((60, 40)) < 0.3
    assert elements.excess_kurtosis(W) == elements.excess_kurtosis(W.astype(float))
    assert elements.alive(W).dtype == bool
    low = np.array([[-128, 127, 3], [1, 2, 5]], np.int8)
    assert elements.excess_kurtosis(low) == elements.excess_kurtosis(low.astype(float))
    assert biwhitening.scales(low).rows.shape == (2,)


def test_real_numbers_of_python_are_numbers():
    assert norms.frobenius(np.array([Fraction(1, 2), Decimal("0.5"), 1], object)) == 2
    table = pd.DataFrame({"a": [1, 2], "b": [Decimal(1), Fraction(1, 2)]})
    np.testing.assert_array_equal(elements.alive(table), [[1, 1], [2, 0.5]])
    assert multiple_tests.combined(np.array([None, 0.5], object)) == 0.5
    assert multiple_tests.holm(np.array([None, 0.001, 0.9], object), 0.05).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "given",
    [
        np.zeros((4, 3), [("a", "f8"), ("b", "i4")]),
        np.zeros((4, 3), "V8"),
        [[10**400, 1], [1, 1]],
    ],
)
def test_records_and_endless_numbers_are_refused(given):
    for function in (elements.alive, elements.excess_kurtosis, spectra.eigenvalues):
        with pytest.raises(ArgumentError):
            function(given)


def test_masked_matrices_are_refused():
    masked = np.ma.masked_equal([[1.0, 2.0], [-1.0, 3.0]], -1.0)
    with pytest.raises(ArgumentError, match="must not be masked"):
        norms.frobenius(masked)
    with pytest.raises(ArgumentError, match="must not be masked"):
        elements.alive(masked)
    assert norms.frobenius(np.ma.masked_equal([1.0, 2.0, -1.0], -1.0)) == 3


def test_none_at_all_is_refused():
    for function in (norms.stable_rank, norms.condition_number, ranks.energy_rank):
        with pytest.raises(ArgumentError, match="at least one number"):
            function([], **({"share": 0.5} if function is ranks.energy_rank else {}))
