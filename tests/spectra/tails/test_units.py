"""Data and thresholds times a power of two: the same fits, to the last bit."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.tails import alternatives, ambiguity, bootstrap, hill, power_law, truncated_power_law
from tests.builders import examples

samples = st.builds(
    lambda seed, size: np.random.default_rng(seed).pareto(1.5, size) + 1,
    st.integers(0, 2**32),
    st.integers(8, 60),
)
powers = st.integers(-1020, 960)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"xmin": 1.3},
    {"xmin": (1.1, 2.5)},
    {"xmin": (0.0, math.inf)},
    {"xmax": 30.0},
    {"xmin": 1.2, "xmax": 9.0},
    {"xmin": (1.1, 2.0), "xmax": 9.0, "distance": "two-sided"},
]


def times(options, unit):
    """Return options with the thresholds in another unit."""
    return {
        name: tuple(v * unit for v in value)
        if isinstance(value, tuple)
        else value * unit
        if name in {"xmin", "xmax"}
        else value
        for name, value in options.items()
    }


def same(one, other, unit=1.0):
    for name, a, b in zip(one._fields, one, other, strict=True):
        factor = unit if name.startswith(("xmin", "xmax")) else 1.0
        assert np.array_equal(np.asarray(a) * factor, b, equal_nan=True), name


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@given(x=samples, k=powers)
def test_power_laws(options, x, k):
    unit = 2.0**k
    scaled = times(options, unit)
    same(power_law.fit(x, **options), power_law.fit(x * unit, **scaled), unit)
    same(power_law.scan(x, **options), power_law.scan(x * unit, **scaled), unit)
    same(ambiguity.local_minima(x, **options), ambiguity.local_minima(x * unit, **scaled), unit)
    inside = np.clip(x, 1.3, 9.0)[None].repeat(2, axis=0)
    same(power_law.fits(inside, **options), power_law.fits(inside * unit, **scaled), unit)


@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
@given(x=samples, k=powers)
def test_bootstrap(options, x, k):
    unit = 2.0**k
    scaled = times(options, unit)
    for function in (bootstrap.refits, bootstrap.goodness_of_fit):
        one, other = function(x, resamples=4, **options), function(x * unit, resamples=4, **scaled)
        same(one, other, unit)


@examples(0.3)
@given(samples, powers)
def test_other_laws_and_hill(x, k):
    unit = 2.0**k
    assert alternatives.compare(x, xmin=1.0) == alternatives.compare(x * unit, xmin=unit)
    same(hill.curve(x), hill.curve(x * unit), unit)
    one, other = truncated_power_law.fit(x), truncated_power_law.fit(x * unit)
    assert (one.alpha, one.D, one.num_tail) == (other.alpha, other.D, other.num_tail)
    assert one.xmin * unit == other.xmin


def test_some_laws_are_compared():
    x = np.random.default_rng(0).pareto(1.5, 100) + 1
    every = alternatives.compare(x, xmin=1.0)
    assert alternatives.compare(x, xmin=1.0, laws=["lognormal"]) == {
        "lognormal": every["lognormal"]
    }
    assert len(every) == 4


@pytest.mark.parametrize("options", [{}, {"xmin": 1e-300}, {"xmin": 1e-300, "xmax": 1e305}])
def test_data_too_far_apart_for_one_unit_keep_theirs(options):
    x = np.geomspace(1e-320, 1e308, 50)
    fit = power_law.fit(x, **options)
    tail = x[(x >= fit.xmin) & (x <= fit.xmax)]
    assert fit.num_tail == len(tail)
    if "xmax" not in options:
        logs = [math.log(v) - math.log(fit.xmin) for v in tail.tolist()]
        assert fit.alpha == pytest.approx(1 + len(tail) / math.fsum(logs), rel=1e-12)
    assert math.isfinite(fit.alpha)
