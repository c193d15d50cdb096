"""Spherical integrals against closed forms, each other, series, draws and their limit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp1f1, iv

from spectra.errors import ArgumentError
from spectra.theory import laws
from spectra.theory.free_probability import generating_function
from spectra.theory.spherical_integrals import log_rank_one, log_unitary, overlaps

numbers = st.floats(-3, 3, allow_subnormal=False)


def close(value, rel=1e-11, absolute=1e-11):
    return pytest.approx(value, rel=rel, abs=absolute)


@pytest.mark.parametrize("beta", [0.5, 1, 2, 4])
@pytest.mark.parametrize(("ones", "size"), [(1, 2), (1, 5), (3, 5), (20, 300)])
def test_rank_one_of_a_projection_is_a_confluent_function(beta, ones, size):
    b = np.repeat([1.0, 0.0], [ones, size - ones])
    strength = np.array([-7.0, -0.1, 1e-3, 2.0, 30.0])
    expected = np.log(hyp1f1(beta * ones / 2, beta * size / 2, strength))
    assert log_rank_one(strength, b, beta=beta) == close(expected)


def test_rank_one_with_one_large_eigenvalue():
    strength = np.geomspace(20, 600, 15)
    b = np.eye(200)[0]
    expected = np.log(hyp1f1(0.5, 100, strength))
    assert log_rank_one(strength, b) == close(expected)
    b, a = np.geomspace(1e-6, 0.05, 15) + np.eye(15)[0], np.eye(15)[0]
    exact = [log_unitary(each * a, b) for each in strength]
    assert log_rank_one(strength, b, beta=2) == close(exact)


def test_rank_one_in_the_plane_is_a_bessel_function():
    assert log_rank_one(3.0, [1.0, 0.0]) == close(1.5 + math.log(iv(0, 1.5)))


@given(st.lists(numbers, min_size=1, max_size=7), numbers, st.sampled_from([1.0, 8.0]))
def test_rank_one_is_the_determinant_with_zeros(b, strength, factor):
    a = np.zeros(len(b))
    a[0] = strength * factor
    assert log_rank_one(a[0], b, beta=2) == close(log_unitary(a, b), 1e-10, 1e-10)


def test_the_determinant_for_two_is_its_formula():
    (a, b), (c, d) = (1.5, -0.5), (2.0, 0.25)
    above = math.exp(a * c + b * d) - math.exp(a * d + b * c)
    assert log_unitary([b, a], [c, d]) == close(math.log(above / ((a - b) * (c - d))))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), numbers)
def test_unit_and_shift_and_order(pairs, by):
    a, b = np.array(pairs).T
    found = log_unitary(a, b)
    assert log_unitary(b[::-1], a) == close(found)
    assert log_unitary(a * 4, b / 4) == close(found)
    assert log_unitary(a + by, b) == close(found + by * b.sum(), 1e-9, 1e-9)
    assert found >= a.sum() * b.sum() / len(a) - 1e-9  # Jensen
    assert found <= np.sort(a) @ np.sort(b) + 1e-9


def test_repeated_eigenvalues_are_the_limit():
    near = log_unitary([2.0, 1.0, 1.0 + 1e-7], [2.0 + 1e-7, 2.0, 1.0])
    assert log_unitary([2.0, 1.0, 1.0], [2.0, 2.0, 1.0]) == close(near, 1e-6)
    assert log_unitary([1.0, 1.0, 1.0], [4.0, 2.0, -1.0]) == close(5.0)
    assert log_unitary([0.0] * 30, np.arange(30.0)) == close(0.0)


@pytest.mark.parametrize("beta", [1, 2])
def test_moments_of_overlaps(beta):
    random = np.random.default_rng(5)
    a, b = random.standard_normal((2, 6))
    x = overlaps(a, b, num=20_000, beta=beta, rng=1)
    n, square = 6, a.var() * b.var() * 36
    variance = square / (n * n - 1) if beta == 2 else 2 * square / ((n - 1) * (n + 2))
    assert x.mean() == pytest.approx(a.sum() * b.sum() / n, abs=4 * math.sqrt(variance / 20_000))
    assert x.var() == pytest.approx(variance, rel=0.05)
    if beta == 2:
        small = log_unitary(a * 1e-3, b)
        assert small == pytest.approx(1e-3 * a.sum() * b.sum() / n + variance * 5e-7, abs=1e-9)


@pytest.mark.parametrize(("beta", "exact"), [(1, None), (2, log_unitary)])
def test_means_of_exponentials(beta, exact):
    b = np.linspace(-1, 1, 8)
    a = np.array([2.0, *[0.0] * 7]) if exact is None else np.linspace(0, 2, 8)
    expected = log_rank_one(2.0, b) if exact is None else exact(a, b)
    y = np.exp(overlaps(a, b, num=20_000, beta=beta, rng=2))
    error = y.std() / y.mean() / math.sqrt(len(y))
    assert error < 0.01
    assert math.log(y.mean()) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("beta", [1.0, 2.0, 3.0])
def test_the_limit_is_the_integral_of_R_and_then_a_straight_slope(beta):
    n = 4000
    law = laws.marchenko_pastur(0.5)
    b = law.ppf((np.arange(n) + 0.5) / n)
    edge = law.edges[1]
    b[-1] = edge
    last = float(np.real(law.stieltjes(edge)))
    strength = np.array([0.3, 0.8, 1.5, 3.0]) * last

    def R(z):
        return np.where(z < last, 1 / (1 - 0.5 * np.minimum(z, last)), edge - 1 / z)

    expected = generating_function(strength, R)
    found = 2 / (beta * n) * log_rank_one(strength * beta * n / 2, b, beta=beta)
    assert found == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: log_rank_one(1.0, []),
        lambda: log_rank_one(1.0, [1.0, np.nan]),
        lambda: log_rank_one(np.inf, [1.0]),
        lambda: log_rank_one(1.0, [1.0], beta=0),
        lambda: log_rank_one(1.0, [1.0], beta=0.04),
        lambda: log_rank_one(1.0, [1.0], beta=1e4),
        lambda: log_unitary([1.0], [1.0, 2.0]),
        lambda: log_unitary([[1.0]], [1.0]),
        lambda: overlaps([1.0], [1.0], num=0),
        lambda: overlaps([1.0], [1.0], num=1, beta=4),
    ],
)
def test_wrong_arguments(call):
    with pytest.raises(ArgumentError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: log_rank_one(-1e300, [1e300, 2.0]),
        lambda: log_rank_one([1.0, 1e160], [1.0, 2.0]),
        lambda: log_unitary([1e300, 0.0], [1e300, 0.0]),
        lambda: log_unitary([1e10, 0.0], [1e10, 0.0]),
    ],
)
def test_products_that_no_number_holds_are_refused(call):
    with pytest.raises(ArgumentError, match="must be at most"):
        call()


def test_large_products_have_their_asymptotic_value():
    """For two eigenvalues, 1 and 0 times s: the logarithm is s^2 - ln s^2."""
    assert log_unitary([1e8, 0.0], [1e8, 0.0]) == pytest.approx(1e16 - np.log(1e16), rel=1e-15)
    assert log_rank_one(-1e140, [1.0, 0.5, 2.0]) == pytest.approx(-5e139, rel=1e-12)


@pytest.mark.parametrize("beta", [0.05, 0.1, 0.5, 1.0, 4.0, 30.0, 1000.0])
@pytest.mark.parametrize("n", [2, 40, 2500])
def test_rank_one_is_exact_at_any_beta(beta, n):
    from mpmath import hyp1f1, log, mp, mpf

    b = np.zeros(n)
    b[0] = 1.0
    allowed = 1e-12 * max(1, beta * n / 1e5)
    for strength in (1e-6, -0.5, 3.0, -200.0):
        with mp.workdps(30):
            expected = float(log(hyp1f1(mpf(beta) / 2, mpf(beta) * n / 2, strength)))
        assert log_rank_one(strength, b, beta=beta) == close(expected, 1e-12, allowed)
    assert log_rank_one(0.0, b, beta=beta) == close(0, 0, allowed)
    assert log_rank_one(2.0, np.ones(n), beta=beta) == close(2, 0, allowed)


def test_many_eigenvalues_are_taken_in_parts():
    n = 25_000
    b = np.linspace(-1, 2, n)
    expected = 1e3 * b.mean() + 1e6 * b.var() / n  # the first two cumulants
    assert log_rank_one(1e3, b) == close(expected, 1e-4)


@pytest.mark.parametrize("gap", [1e-100, 1e-300])
def test_determinants_of_too_many_digits_are_refused(gap):
    with pytest.raises(ArgumentError, match="20 eigenvalues each, of which the determinant"):
        log_unitary(np.arange(20) * gap, np.arange(20.0))
    with pytest.raises(ArgumentError, match="draw `overlaps`"):
        log_unitary(np.arange(200.0), np.arange(200.0))
