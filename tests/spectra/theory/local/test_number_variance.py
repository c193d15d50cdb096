"""Number variance and rigidity against integrals, known limits, loops and random matrices."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from spectra.errors import ArgumentError
from spectra.theory.local import bulk_kernel, number_variance, rigidity, unfolding
from tests.spectra.theory.local.drawing import hermitian, semicircle

BETAS = [0, 1, 2, 4]


@pytest.mark.parametrize("beta", BETAS)
@given(length=st.floats(1e-3, 6))
def test_number_variance_is_the_integral_of_the_pair_correlation(beta, length):
    def cluster(r):
        return (length - r) * (1 - float(bulk_kernel.pair_correlation(r, beta=beta)))

    expected = length - 2 * quad(cluster, 0, length, epsabs=1e-11)[0]
    assert float(number_variance.expected(length, beta=beta)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("beta", BETAS)
@given(length=st.floats(1e-3, 6))
def test_rigidity_is_the_integral_of_the_number_variance(beta, length):
    def weighted(r):
        weight = length**3 - 2 * length**2 * r + r**3
        return weight * float(number_variance.expected(r, beta=beta))

    expected = 2 / length**4 * quad(weighted, 0, length, epsabs=1e-13 * length**4)[0]
    assert float(rigidity.expected(length, beta=beta)) == pytest.approx(expected, rel=1e-8)


GAMMA = float(np.euler_gamma)
# constants beside the logarithm of 2 pi L, of 4 pi L for beta 4: Mehta (2004), chapter 16
FAR = {
    1: (2, GAMMA + 1 - math.pi**2 / 8, 1, GAMMA - 5 / 4 - math.pi**2 / 8),
    2: (1, GAMMA + 1, 1 / 2, GAMMA - 5 / 4),
    4: (1 / 2, GAMMA + 1 + math.pi**2 / 8, 1 / 4, GAMMA - 5 / 4 + math.pi**2 / 8),
}


@pytest.mark.parametrize("beta", FAR)
@pytest.mark.parametrize("length", [300.0, 2000.0])
def test_long_intervals_have_the_published_logarithms(beta, length):
    factor, constant, rigid_factor, rigid_constant = FAR[beta]
    logarithm = math.log((4 if beta == 4 else 2) * math.pi * length)
    found = float(number_variance.expected(length, beta=beta))
    # the next terms of both fall as 1 / L
    assert found == pytest.approx(factor / math.pi**2 * (logarithm + constant), abs=0.2 / length)
    found = float(rigidity.expected(length, beta=beta))
    expected = rigid_factor / math.pi**2 * (logarithm + rigid_constant)
    assert found == pytest.approx(expected, abs=0.3 / length)


@pytest.mark.parametrize("beta", BETAS)
def test_short_intervals_hold_one_eigenvalue_or_none(beta):
    """The number is 0 or 1, so that its variance is nearly the length."""
    lengths = np.array([0.0, 1e-6, 1e-3])
    found = number_variance.expected(lengths, beta=beta)
    np.testing.assert_allclose(found, lengths - (beta > 0) * lengths**2, rtol=1e-5)
    np.testing.assert_allclose(rigidity.expected(lengths, beta=beta), lengths / 15, rtol=1e-3)


def naive(x, length, intervals):
    """Return squares of deviating numbers, and of distances from a line fitted on a grid."""
    squares, distances = [], []
    for k in range(intervals):
        start = x[0] + (x[-1] - x[0] - length) * (k + 0.5) / intervals
        inside = [v for v in x if start <= v < start + length]
        squares.append((len(inside) - length) ** 2)
        # the staircase is constant between eigenvalues: integrals of it times 1 and times e
        ends = [start, *inside, start + length]
        steps = range(len(inside) + 1)
        middle = start + length / 2
        mean = sum(n * (ends[n + 1] - ends[n]) for n in steps) / length
        moment = sum(n * ((ends[n + 1] - middle) ** 2 - (ends[n] - middle) ** 2) / 2 for n in steps)
        square = sum(n**2 * (ends[n + 1] - ends[n]) for n in steps) / length
        slope = moment / (length**3 / 12)
        distances.append(square - mean**2 - slope**2 * length**2 / 12)
    return np.mean(squares), np.mean(distances)


@given(
    st.lists(st.integers(0, 2**20).map(lambda k: k / 2**15), min_size=2, max_size=40, unique=True),
    st.floats(0.01, 1),
    st.integers(1, 7),
)
def test_measured_numbers_are_those_of_a_loop(data, part, intervals):
    x = sorted(data)
    length = part * (x[-1] - x[0])
    squares, distances = naive(x, length, intervals)
    found = number_variance.measure(data, length, intervals=intervals)
    assert float(found[0]) == pytest.approx(squares)
    found = rigidity.measure(data, length, intervals=intervals)
    assert float(found[0]) == pytest.approx(distances, abs=1e-8 * len(x) ** 2)
    assert np.isnan(found[1])


@pytest.mark.parametrize("module", [number_variance, rigidity])
def test_error_is_that_of_the_mean_over_draws(module):
    draws = np.random.default_rng(0).uniform(0, 50, (3, 4, 50))
    lengths = np.array([[1.0, 5.0], [0.0, 20.0]])
    value, error = module.measure(draws, lengths, intervals=50)
    each = [module.measure(row, lengths, intervals=50)[0] for row in draws.reshape(12, 50)]
    assert value.shape == error.shape == lengths.shape
    np.testing.assert_allclose(value, np.mean(each, axis=0))
    np.testing.assert_allclose(error, np.std(each, axis=0, ddof=1) / math.sqrt(12))
    assert value[1, 0] == error[1, 0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("beta", BETAS)
def test_independent_numbers_and_matrices_have_the_expected_numbers(beta):
    rng = np.random.default_rng(beta)
    if beta:
        draws = unfolding.by_law(hermitian(rng, 300, 120, beta), semicircle)[:, 20:-20]
    else:
        draws = rng.uniform(0, 400, (300, 400))
    lengths = [0.5, 2.0, 8.0, 20.0]
    for module in (number_variance, rigidity):
        value, error = module.measure(draws, lengths)
        # 5 standard errors, and 2 % for matrices of 120 eigenvalues
        expected = module.expected(lengths, beta=beta)
        assert np.all(np.abs(value - expected) < 5 * error + 0.02 * expected)
        assert np.all(error < 0.08 * expected)


@pytest.mark.parametrize("module", [number_variance, rigidity])
def test_what_is_missing_or_too_long_or_wrong(module):
    value, error = module.measure([0.0, 1.0, 2.0, math.nan], [1.0, 2.5])
    assert np.isnan(value).tolist() == [False, True]
    assert np.isnan(error).all()
    for function in (module.expected, lambda L: module.measure([1.0, 2.0], L)):
        with pytest.raises(ArgumentError, match="`lengths` must be finite and at least 0"):
            function([1.0, -1.0])
    with pytest.raises(ArgumentError, match="`beta` must be one of 0, 1, 2, 4"):
        module.expected(1.0, beta=3)
    with pytest.raises(ArgumentError, match="`intervals` must be a whole number, at least 1"):
        module.measure([1.0, 2.0], 0.5, intervals=0)
    with pytest.raises(ArgumentError, match="`unfolded` must be an array of eigenvalues"):
        module.measure(1.0, 0.5)


@pytest.mark.parametrize(
    ("beta", "expected"),  # Mehta (2004), equations 16.1.4 and following: to order 1 / L
    [
        (1, (math.log(2e8 * math.pi) + np.euler_gamma - 5 / 4 - math.pi**2 / 8) / math.pi**2),
        (2, (math.log(2e8 * math.pi) + np.euler_gamma - 5 / 4) / (2 * math.pi**2)),
        (4, (math.log(4e8 * math.pi) + np.euler_gamma - 5 / 4 + math.pi**2 / 8) / (4 * math.pi**2)),
    ],
)
def test_rigidities_of_long_intervals_are_closed(beta, expected, monkeypatch):
    assert rigidity.expected(1e8, beta=beta) == pytest.approx(expected, abs=1e-8)
    assert np.isfinite(rigidity.expected(1e300, beta=beta))
    closed = rigidity.expected(10_500.5, beta=beta)
    monkeypatch.setattr(rigidity, "_FAR", 1e9)
    assert closed == pytest.approx(float(rigidity.expected(10_500.5, beta=beta)), abs=1e-12)
