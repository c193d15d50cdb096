"""Ratios of spacings against naive loops, independent numbers and random matrices."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from spectra.errors import ArgumentError
from spectra.noise.spacings import (
    GOE,
    GSE,
    GUE,
    POISSON,
    mean_ratio,
    ratios,
    surmise_pdf,
    windowed,
)
from tests.spectra.theory.local.drawing import hermitian

# few values, so that many are equal
values = st.lists(st.integers(-8, 8) | st.sampled_from([math.nan, math.inf]), max_size=30)
distinct = st.lists(st.integers(-(2**20), 2**20), min_size=3, max_size=30)


def naive_ratios(data):
    finite = sorted(v for v in data if math.isfinite(v))
    found = []
    for low, middle, high in zip(finite, finite[1:], finite[2:], strict=False):
        one, other = sorted([middle - low, high - middle])
        found.append(one / other if other else math.nan)
    return found + [math.nan] * (max(len(data) - 2, 0) - len(found))


def noise(rng, N, M):
    W = rng.standard_normal((N, M))
    return np.linalg.eigvalsh(W.T @ W)


@given(values)
def test_definition(data):
    expected = naive_ratios(data)
    np.testing.assert_array_equal(ratios(data), expected)
    known = [r for r in expected if not math.isnan(r)]
    found = mean_ratio(data)
    assert found.num == len(known)
    assert found.ratio == pytest.approx(np.mean(known) if known else math.nan, nan_ok=True)


@given(distinct)
def test_error_is_from_the_covariances_of_neighbours(data):
    r = naive_ratios(data)
    mean, num = np.nanmean(r) if np.isfinite(r).any() else 0.0, int(np.isfinite(r).sum())
    off = [0.0 if math.isnan(v) else v - mean for v in r]
    square = sum(v * v for v in off)
    shared = sum(off[i] * off[i + 1] for i in range(len(off) - 1))
    total = square + max(2 * shared, 0.0)
    expected = math.sqrt(total / num / (num - 3)) if num > 3 else math.nan
    assert mean_ratio(data).error == pytest.approx(expected, nan_ok=True)


@given(values, st.integers(3, 40))
def test_windows(data, width):
    r = naive_ratios(data)
    num = len(data)
    found = windowed(data, width=width)
    assert len(found) == num
    for i in range(num):
        start = i - width // 2
        while start + width > num:
            start -= 1
        start = max(start, 0)
        inside = [v for v in r[start : start + width - 2] if not math.isnan(v)]
        # sums from the start instead of those of the window: n eps at most
        expected = np.mean(inside) if inside else math.nan
        assert found[i] == pytest.approx(expected, abs=1e-13, nan_ok=True)


@given(distinct, st.sampled_from([2.0**-30, 0.5, 1.0, 2.0**40]), st.integers(-1000, 1000))
def test_scale_shift_and_order_change_nothing(data, scale, shift):
    """Powers of two and whole numbers, so that nothing is rounded."""
    moved = scale * (np.array(data[::-1], dtype=float) + shift)
    np.testing.assert_array_equal(ratios(moved), ratios(data))
    mirrored = ratios(-moved)
    np.testing.assert_array_equal(mirrored, ratios(data)[::-1])
    assert mean_ratio(moved) == pytest.approx(mean_ratio(data), nan_ok=True)
    np.testing.assert_array_equal(windowed(moved, width=5), windowed(data, width=5))


def test_independent_numbers():
    found = mean_ratio(np.random.default_rng(0).uniform(size=100_000))
    assert pytest.approx(0.3862944) == POISSON
    assert abs(found.ratio - POISSON) < 5 * found.error
    # the ratio has the density 2 / (1 + r)^2: variance 3 - 4 ln 2 - POISSON^2, 0.155 of which is
    # shared by neighbours; the error of its estimate is below 2 %
    variance = 3 - 4 * math.log(2) - POISSON**2
    assert found.error == pytest.approx(math.sqrt(variance * 1.31 / found.num), rel=0.05)


def test_random_matrices():
    rng = np.random.default_rng(0)
    found = [mean_ratio(noise(rng, 300, 150)) for _ in range(60)]
    mean = np.mean([one.ratio for one in found])
    error = math.sqrt(np.mean([one.error**2 for one in found]) / len(found))
    # 5 standard errors of 0.0033; that 150 eigenvalues are not many is worth 0.001
    assert abs(mean - GOE) < 5 * error + 0.001
    assert abs(mean - POISSON) > 20 * error


@pytest.mark.parametrize(
    ("draw", "samples"),
    [(lambda rng: rng.uniform(size=100), 2500), (lambda rng: noise(rng, 80, 40), 1500)],
    ids=["independent", "matrices"],
)
def test_error_is_as_large_as_it_says(draw, samples):
    rng = np.random.default_rng(0)
    found = np.array([mean_ratio(draw(rng))[:2] for _ in range(samples)])
    share = np.mean(found[:, 1] ** 2) / found[:, 0].var()
    # 5 standard errors of a variance, sqrt(2 / samples) each, and 5 % for covariances below zero
    # taken as zero; without those of neighbours it would be 0.76 and 0.67
    error = 5 * math.sqrt(2 / samples)
    assert 1 - error < share < 1.05 + error
    assert 1 - error > 0.8


def test_window_tells_noise_from_independent_numbers():
    rng = np.random.default_rng(0)
    bulk = noise(rng, 800, 400)
    independent = bulk.max() * (2 + rng.uniform(size=400))
    found = windowed(np.concatenate([independent, bulk]), width=200)
    # one window in the middle of each: 5 errors of 0.31 / sqrt(200)
    assert abs(found[200] - GOE) < 0.11 < GOE - found[600]
    assert abs(found[600] - POISSON) < 0.11


def test_equal_few_and_impossible_data():
    np.testing.assert_array_equal(ratios([2.0, 2.0, 2.0, 5.0, 5.0]), [math.nan, 0.0, 0.0])
    assert np.isnan(ratios([-1.7e308, 1.6e308, 1.7e308])).all()  # a spacing beyond float64
    np.testing.assert_array_equal(ratios([-1.5e308, 0.0, 1.5e308]), [1.0])
    for few in ([], [1.0], [1.0, 2.0]):
        assert len(ratios(few)) == 0
        assert np.isnan(windowed(few)).all()
        assert len(windowed(few)) == len(few)
        assert mean_ratio(few) == pytest.approx((math.nan, math.nan, 0), nan_ok=True)
    assert np.isnan(windowed([1.0] * 60)).all()
    assert mean_ratio([1.0, 2.0, 4.0]) == pytest.approx((0.5, math.nan, 1), nan_ok=True)
    assert mean_ratio(range(9)) == (1.0, 0.0, 7)


def test_windows_of_a_long_spectrum_hold_few_roundings():
    x = np.random.default_rng(0).uniform(size=20_000)
    found, r = windowed(x, width=50), ratios(x)
    # a sum of n numbers is off by at most n eps of it
    bound = 2 * len(r) * np.finfo(float).eps * r.sum() / 48
    assert found[15_000] == pytest.approx(r[14_975:15_023].mean(), abs=bound)
    assert bound < 1e-8


def test_misuse_says_what_is_wanted():
    for width in (2, 5.0, True):
        with pytest.raises(ArgumentError, match="`width` must be a whole number, at least 3"):
            windowed([1.0, 2.0], width=width)  # type: ignore[arg-type]
    for function in (ratios, mean_ratio, windowed):
        with pytest.raises(ArgumentError, match="`eigenvalues` must be an array of eigenvalues"):
            function(1.0)
    for order in (0, 1.0):
        with pytest.raises(ArgumentError, match="`order` must be a whole number, at least 1"):
            ratios([1.0, 2.0], order=order)  # type: ignore[arg-type]
    for beta in (-1.0, math.nan, math.inf):
        with pytest.raises(ArgumentError, match="`beta` must be a finite number from 0"):
            surmise_pdf(0.5, beta=beta)


@given(st.integers(0, 3), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_leading_axes_are_draws(num, n, seed):
    x = np.random.default_rng(seed).integers(-20, 20, (num, 2, n)).astype(float)
    for function in (ratios, lambda x: windowed(x, width=4), lambda x: ratios(x, order=2)):
        found = function(x)
        assert found.shape[:-1] == (num, 2)
        for place in np.ndindex(num, 2):
            np.testing.assert_array_equal(found[place], function(x[place]))


def test_mean_of_draws_is_over_all_their_ratios_and_no_ratio_spans_two_draws():
    x = np.random.default_rng(0).standard_normal((5, 40))
    found, each = mean_ratio(x), [mean_ratio(row) for row in x]
    assert found.num == sum(one.num for one in each)
    assert found.ratio == pytest.approx(np.mean([one.ratio for one in each]))
    off = ratios(x) - found.ratio
    total = np.sum(off**2) + 2 * max(np.sum(off[:, 1:] * off[:, :-1]), 0)
    assert found.error == pytest.approx(math.sqrt(total / found.num / (found.num - 3)))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_higher_orders_are_ratios_of_every_few_eigenvalues(order):
    x = np.sort(np.random.default_rng(0).standard_normal(30))
    for start in range(order):
        np.testing.assert_array_equal(ratios(x, order=order)[start::order], ratios(x[start::order]))


# published in Atas et al. (2013), table I
SURMISED = {
    0: 2 * math.log(2) - 1,
    1: 4 - 2 * math.sqrt(3),
    2: 2 * math.sqrt(3) / math.pi - 1 / 2,
    4: 32 * math.sqrt(3) / (15 * math.pi) - 1 / 2,
}
NORMS = {
    1: 8 / 27,
    2: 4 * math.pi / (81 * math.sqrt(3)),
    4: 4 * math.pi / (729 * math.sqrt(3)),
}


@pytest.mark.parametrize("beta", SURMISED)
def test_surmise_has_the_published_constants(beta):
    mean = quad(lambda r: r * surmise_pdf(r, beta=beta), 0, 1)[0]
    assert mean == pytest.approx(SURMISED[beta], abs=1e-12)
    if beta:
        top = float(surmise_pdf(1.0, beta=beta))
        assert top == pytest.approx(2 * 2**beta / 3 ** (1 + 1.5 * beta) / NORMS[beta], rel=1e-14)


def test_surmise_is_that_of_another_package():
    """Computed with beta-ensembles 1.1.0, pdf_r of 0.2, 0.6 and 1."""
    expected = [0.3993905634139755, 1.4523939904687888, 1.2046800792835328]
    np.testing.assert_allclose(surmise_pdf([0.2, 0.6, 1.0], beta=2.5), expected, rtol=1e-12)


@given(st.floats(0, 40))
def test_surmise_of_any_repulsion_is_a_density(beta):
    assert quad(lambda r: surmise_pdf(r, beta=beta), 0, 1, limit=200)[0] == pytest.approx(
        1, abs=1e-7
    )
    outside = surmise_pdf([-0.1, 1.1, math.inf, math.nan], beta=beta)
    np.testing.assert_array_equal(outside, [0.0, 0.0, 0.0, math.nan])


@pytest.mark.slow
@pytest.mark.parametrize(("beta", "value"), [(1, GOE), (2, GUE), (4, GSE)])
def test_matrices_have_the_means_and_the_surmise_of_their_elements(beta, value):
    x = hermitian(np.random.default_rng(beta), 1200, 60, beta)
    found = mean_ratio(x)
    assert abs(found.ratio - value) < 5 * found.error + 0.001  # 60 eigenvalues are not many
    assert found.error < 0.0015
    three = hermitian(np.random.default_rng(beta), 20_000, 3, beta)
    heights, ends = np.histogram(ratios(three), bins=10, range=(0, 1))
    expected = [
        quad(lambda r: surmise_pdf(r, beta=beta), a, b)[0] for a, b in itertools.pairwise(ends)
    ]
    # the surmise is exact for them: 5 standard errors of a count in each of ten bins
    assert np.all(abs(heights - 20_000 * np.array(expected)) < 5 * np.sqrt(heights + 1))


@pytest.mark.slow
def test_ratios_of_second_order_follow_the_surmise_of_a_larger_beta():
    second = ratios(hermitian(np.random.default_rng(0), 600, 100, 1)[:, 20:80], order=2)
    expected = quad(lambda r: r * surmise_pdf(r, beta=4), 0, 1)[0]  # 1 * 2 * 3 / 2 + 1
    # a standard deviation of 0.2 over the root of 33,600 / 4, as neighbours share their spacings
    assert second.mean() == pytest.approx(expected, abs=5 * 0.2 / math.sqrt(8400) + 0.003)
