"""The measures that return given variables."""

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.results.variables import VARIABLES


def test_defaults_need_no_more():
    assert measures.returning() == measures.CORE
    assert measures.returning("alpha", "verdict", "N", "status", "no such name") == measures.CORE


@pytest.mark.parametrize("measure", measures.ALL, ids=lambda measure: measure.__name__)
def test_returned_is_what_an_analysis_has(measure):
    W = np.random.default_rng(0).standard_normal((60, 40))
    ds = spectra.analyze({"fc": W}, measures=measure)
    facts = set(spectra.analyze({}, measures=()).data_vars)
    found = set(map(str, ds.data_vars)) - facts - {"verdict", "verdict_reason", "alpha_reading"}
    assert measures.returned(measure) == found


def test_every_measured_variable_has_its_measures():
    every = set().union(*map(measures.returned, measures.ALL))
    for name in every & set(VARIABLES):
        chosen = measures.returning(name)
        assert len(chosen) <= len(measures.CORE) + 1
        assert name in set().union(*map(measures.returned, chosen))
