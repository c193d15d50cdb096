"""Text, complex numbers and ragged rows in place of matrices and eigenvalues are refused."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import spectra
from spectra.errors import ArgumentError

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


def test_booleans_are_zeros_and_ones():
    W = np.random.default_rng(0).random((60, 40)) < 0.3
    elements = spectra.linalg.elements
    assert elements.excess_kurtosis(W) == elements.excess_kurtosis(W.astype(float))
