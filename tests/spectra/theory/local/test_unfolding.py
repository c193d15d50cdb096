"""Unfolding against naive loops, exact laws and the spacings of random matrices."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import expon, norm

import spectra
from spectra.errors import ArgumentError
from spectra.theory.local import unfolding
from tests.spectra.theory.local.drawing import hermitian, semicircle

values = st.lists(st.integers(-(2**20), 2**20), min_size=2, max_size=40)
BY = {
    "law": lambda x: unfolding.by_law(x, expon.cdf),
    "polynomial": unfolding.by_polynomial,
    "window": lambda x: unfolding.by_window(x, width=5),
}


@given(values)
def test_by_law_is_the_distribution_function_times_their_number(data):
    found = unfolding.by_law(data, lambda x: norm.cdf(x, scale=1e5))
    expected = [len(data) * norm.cdf(x, scale=1e5) for x in sorted(data)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_by_law_is_that_of_another_package():
    """Computed with beta-ensembles 1.1.0, gaussian.unfold of a semicircle of radius 14."""
    found = unfolding.by_law([-10.0, -3, 0, 4, 12], lambda x: semicircle(x / 7))
    expected = [0.43814959, 1.82316404, 2.5, 3.39692714, 4.84147618]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@given(values, st.integers(2, 12))
def test_by_window_divides_by_the_mean_spacing_around(data, width):
    x = sorted(data)
    spacings = np.diff(x)
    num = len(spacings)
    scaled = []
    for i in range(num):
        start = i - width // 2
        while start + width > num:
            start -= 1
        start = max(start, 0)
        around = np.mean(spacings[start : start + width])
        scaled.append(spacings[i] / around if around else 1.0)
    total = sum(scaled)
    expected = np.concatenate([[0], np.cumsum(scaled)]) * (num / total if total else 1)
    np.testing.assert_allclose(unfolding.by_window(data, width=width), expected, rtol=1e-12)


@given(values, st.integers(2, 12), st.sampled_from([2.0**-20, 1.0, 8.0]), st.integers(-1000, 1000))
def test_by_window_is_monotone_of_mean_1_and_of_no_unit(data, width, scale, shift):
    found = unfolding.by_window(data, width=width)
    assert np.all(np.diff(found) >= 0)
    assert found[0] == 0
    assert found[-1] == pytest.approx(len(data) - 1)
    moved = (np.array(data[::-1], dtype=float) + shift) * scale  # exact in float64
    np.testing.assert_array_equal(unfolding.by_window(moved, width=width), found)


@given(values, st.integers(1, 9), st.sampled_from([2.0**-20, 1.0, 8.0]))
def test_by_polynomial_has_no_unit(data, degree, scale):
    found = unfolding.by_polynomial(data, degree=degree)
    moved = unfolding.by_polynomial(np.array(data[::-1]) * scale, degree=degree)
    np.testing.assert_array_equal(moved, found)  # powers of two are exact


@given(st.integers(1, 6), st.integers(0, 3))
def test_by_polynomial_finds_a_counting_function_that_is_one(power, more):
    """Eigenvalues at the quantiles of a law whose distribution function is a power."""
    counted = np.arange(200) + 0.5
    found = unfolding.by_polynomial((counted / 200) ** (1 / power), degree=power + more)
    np.testing.assert_allclose(found, counted, atol=1e-9)


def test_draws_share_one_polynomial():
    draws = np.random.default_rng(0).standard_normal((50, 40))
    found = unfolding.by_polynomial(draws, degree=9)
    pooled = np.sort(draws.ravel())
    one = np.polynomial.Polynomial.fit(pooled, (np.arange(2000) + 0.5) / 50, 9)
    np.testing.assert_allclose(found, one(np.sort(draws, axis=-1)), atol=1e-8)


@pytest.mark.parametrize("by", BY)
def test_leading_axes_and_what_is_missing(by):
    x = np.random.default_rng(0).exponential(size=(2, 3, 30))
    assert BY[by](x).shape == x.shape
    assert BY[by](np.zeros((2, 0))).shape == (2, 0)
    assert BY[by]([1.0]).shape == (1,)
    x[1, 1, 4] = math.inf
    missing = np.isnan(BY[by](x))
    assert missing[1, 1, -1]
    assert not missing[0].any()
    spectrum = spectra.spectrum(np.random.default_rng(0).standard_normal((40, 20)))
    np.testing.assert_array_equal(BY[by](spectrum), BY[by](spectrum.eigenvalues))
    with pytest.raises(ArgumentError, match="`eigenvalues` must be an array of eigenvalues"):
        BY[by](1.0)


def test_equal_eigenvalues_have_a_counting_function():
    np.testing.assert_array_equal(unfolding.by_polynomial([2.0, 2.0]), [1.0, 1.0])
    assert np.isnan(unfolding.by_polynomial([math.nan])).all()


@pytest.mark.parametrize("by", ["law", "polynomial", "window"])
def test_all_three_agree_on_the_variance_of_spacings(by):
    """The bulk of real symmetric matrices, whose spacings have a variance of 0.2855."""
    x = hermitian(np.random.default_rng(1), 40, 200, 1)
    unfolded = {
        "law": lambda: unfolding.by_law(x, semicircle),
        "polynomial": lambda: unfolding.by_polynomial(x[:, 30:-30], degree=5),
        "window": lambda: unfolding.by_window(x[:, 30:-30], width=40),
    }[by]()
    spacings = np.diff(unfolded, axis=-1)
    spacings = spacings[:, 30:-30] if by == "law" else spacings[:, 5:-5]
    # 5,000 spacings: their mean is rigid; a variance has an error of about sqrt(2 / 5,000) of it,
    # and the window takes a share of 1/40 of it away
    assert spacings.mean() == pytest.approx(1, abs=0.01)
    assert spacings.var() == pytest.approx(0.2855, rel=5 * math.sqrt(2 / 5000) + 1 / 40)


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match=r"`cdf` must return an array of shape \(2,\)"):
        unfolding.by_law([1.0, 2.0], lambda x: 0.5)
    with pytest.raises(ArgumentError, match="`degree` must be a whole number, at least 1"):
        unfolding.by_polynomial([1.0, 2.0], degree=0)
    with pytest.raises(ArgumentError, match="`width` must be a whole number, at least 2"):
        unfolding.by_window([1.0, 2.0], width=1)
    with pytest.raises(ArgumentError, match="must be of one matrix"):
        unfolding.by_window(spectra.spectrum(np.random.default_rng(0).normal(size=(2, 9, 5))))
