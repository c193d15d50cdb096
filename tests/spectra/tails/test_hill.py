"""The Hill estimator, against its definition and in both conventions of the larger half."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.tails import hill

positive = st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=40, unique=True)


@given(positive, st.integers(1, 39))
def test_definition(data, k):
    x = sorted(data, reverse=True)
    if k >= len(x):
        assert math.isnan(hill.alpha(data, k=k))
        return
    mean = sum(math.log(x[i] / x[k]) for i in range(k)) / k
    if mean > 1e-10:
        assert hill.alpha(data, k=k) == pytest.approx(1 + 1 / mean, rel=1e-6)
    curve = hill.curve(data)
    assert list(curve.k) == list(range(1, len(x)))
    assert list(curve.xmin) == x[1:]
    assert curve.alpha[k - 1] == hill.alpha(data, k=k)
    assert curve.sigma[k - 1] == pytest.approx((curve.alpha[k - 1] - 1) / math.sqrt(k))


@pytest.mark.parametrize("size", [2, 3, 10, 11, 100, 101])
def test_both_conventions_of_the_larger_half(size):
    x = np.sort(np.random.default_rng(size).pareto(1.5, size) + 1)
    k = size // 2
    paper = 1 + k / np.log(x[size - k :] / x[size - k - 1]).sum()
    assert hill.half(x, variant="paper") == pytest.approx(paper)
    code = hill.half(x)
    if size == 2:
        assert math.isnan(code)  # the threshold is the largest
    else:
        i0 = size // 2
        assert code == pytest.approx(1 + (size - i0) / np.log(x[i0:] / x[i0]).sum())


def test_a_power_law_has_a_level_plot():
    x = np.random.default_rng(0).pareto(1.5, 20000) + 1
    curve = hill.curve(x)
    level = slice(100, 15000)
    assert np.abs((curve.alpha[level] - 2.5) / curve.sigma[level]).max() < 4


def test_equal_and_impossible_data():
    assert hill.half([2.0] * 9) == math.inf
    assert math.isnan(hill.half([1.0]))
    assert math.isnan(hill.half([1.0, math.nan, 2.0]))
    assert math.isnan(hill.alpha([-1.0, 1.0, 2.0], k=1))


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`k` must be a whole number, at least 1"):
        hill.alpha([1.0, 2.0], k=0)
    with pytest.raises(ArgumentError, match="`k` must be a whole number, at least 1"):
        hill.alpha([1.0, 2.0], k=1.5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`variant` must be one of code, paper"):
        hill.half([1.0, 2.0], variant="book")  # type: ignore[arg-type]
