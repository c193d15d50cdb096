"""Kernels against their integrals, and densities against random matrices."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import airy, jv

from spectra.errors import ArgumentError
from spectra.noise import tracy_widom
from spectra.theory.local import (
    bulk_kernel,
    edge_kernel,
    hard_edge_kernel,
    spacing_law,
    unfolding,
)
from tests.spectra.theory.local.drawing import hermitian, noise, semicircle


@given(st.floats(-12, 6), st.floats(-3, 3) | st.sampled_from([0.0, 1e-9, 1e-4, 0.999, 1.001]))
def test_airy_kernel_is_its_integral(x, step):
    y = x + step
    expected = quad(lambda t: airy(x + t)[0] * airy(y + t)[0], 0, 30, epsabs=1e-13, limit=400)[0]
    assert float(edge_kernel.kernel(x, y)) == pytest.approx(expected, abs=1e-11)
    assert edge_kernel.kernel(y, x) == pytest.approx(edge_kernel.kernel(x, y), abs=1e-14)


@given(
    st.integers(0, 4),
    st.floats(0, 400),
    st.floats(-30, 30) | st.sampled_from([0.0, 1e-9, 1e-4, 0.5]),
)
@example(0, 3.4e-162, 1.0)
@example(1, 1e-12, 0.5)
def test_bessel_kernel_is_its_integral(a, x, step):
    y = max(x + step, 0.0)

    def part(u):  # t is the square of u
        return u / 2 * jv(a, u * math.sqrt(x)) * jv(a, u * math.sqrt(y))

    expected = quad(part, 0, 1, epsabs=1e-13, limit=400)[0]
    found = float(hard_edge_kernel.kernel(x, y, excess=a))
    assert found == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("x", [-50.0, -29.0, -8.0, 0.0, 3.0, 9.0])
def test_real_and_quaternion_edges_have_the_integral_of_the_airy_function(x):
    above = quad(lambda t: airy(t)[0], x, max(x, 0) + 30, epsabs=1e-12, epsrel=1e-10, limit=900)[0]
    complex_, value = float(edge_kernel.one_point(x, beta=2)), airy(x)[0]
    allowed = 1e-8 if x < -30 else 1e-11
    real = float(edge_kernel.one_point(x))
    assert real == pytest.approx(complex_ + value * (1 - above) / 2, abs=allowed)
    quaternion = float(edge_kernel.one_point(x / math.sqrt(2), beta=4))
    expected = (complex_ - value * above / 2) / math.sqrt(2)
    assert quaternion == pytest.approx(expected, abs=min(allowed, 1e-6 * abs(expected)))


def test_diagonals_are_the_published_densities():
    x = np.linspace(-8, 3, 45)
    value, slope = airy(x)[:2]
    np.testing.assert_allclose(
        edge_kernel.one_point(x, beta=2), slope**2 - x * value**2, atol=1e-13
    )
    z = np.linspace(0.1, 300, 45)
    for a in range(4):
        root = np.sqrt(z)
        expected = (jv(a, root) ** 2 - jv(a + 1, root) * jv(a - 1, root)) / 4
        found = hard_edge_kernel.one_point(z, excess=a, beta=2)
        np.testing.assert_allclose(found, expected, atol=1e-13)


# leading terms, Mehta (2004)
@pytest.mark.parametrize(
    ("beta", "factor"),
    [(1, math.pi**2 / 6), (2, math.pi**2 / 3), (4, 16 * math.pi**4 / 135)],
)
def test_pairs_repel_each_other_as_the_power_beta(beta, factor):
    close = 0.01
    found = float(bulk_kernel.pair_correlation(close, beta=beta))
    # cubed, the correction of beta 1 is pi**2 r**2 / 10 of it; rounding is a few eps
    assert found == pytest.approx(factor * close**beta, rel=(math.pi * close) ** 2, abs=1e-14)


@pytest.mark.parametrize("beta", [1, 2, 4])
def test_pairs_are_neighbours_where_they_are_close(beta):
    """To the order of three eigenvalues, a pair at a small distance has no eigenvalue between."""
    r = 0.15
    pairs = float(bulk_kernel.pair_correlation(r, beta=beta))
    assert float(spacing_law.pdf(r, beta=beta)) == pytest.approx(pairs, rel=0.01)


@pytest.mark.parametrize("beta", [1, 2, 4])
def test_cluster_function_has_the_integral_1(beta):
    """An eigenvalue drives one away from around it: the integral of 1 - R2 over all r."""
    r = np.linspace(0, 400, 40_001)
    hole = np.trapezoid(1 - bulk_kernel.pair_correlation(r, beta=beta), r)
    # it falls as 1 / (beta pi**2 r**2), beta 4 with a wave that falls as 1 / r
    assert 2 * hole == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("beta", [1, 2, 4])
def test_far_up_the_density_is_that_of_the_largest_alone(beta):
    """Two eigenvalues so far up are rare, as the square of the probability of one."""
    x = np.array([2.0, 3.0, 4.0])
    heights = tracy_widom.pdf(x, beta=beta)
    above = tracy_widom.sf(x, beta=beta)
    found = edge_kernel.one_point(x, beta=beta)
    assert np.all(found >= heights * (1 - 1e-9))
    # twice the second order, and the rounding of the integral of Ai relative to the density
    assert np.all((found - heights) / found < above + 1e-11)


@pytest.mark.parametrize(("beta", "share"), [(1, 1.0), (2, 1.0), (4, 2**-0.25)])
def test_far_down_the_density_is_that_of_the_semicircle(beta, share):
    x = np.linspace(-60, -40, 4001)
    found = edge_kernel.one_point(x, beta=beta) / np.sqrt(-x) * math.pi
    # waves of 1 / |x|**1.5, of |x|**-0.75 for beta 1 and 4, that cancel in the mean
    assert np.mean(found) == pytest.approx(share, abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1, 2, 4])
def test_numbers_at_the_edge_are_those_of_the_density(beta):
    x = noise(np.random.default_rng(beta), 60, 60, beta, 2000)
    centre, width = tracy_widom.scale(60, 60, beta=beta)
    units = (x - centre) / width
    for start, end in [(-4.0, -2.5), (-2.5, -1.0), (-1.0, 1.0)]:
        found = np.sum((units > start) & (units < end), axis=1)
        expected = quad(lambda s: float(edge_kernel.one_point(s, beta=beta)), start, end)[0]
        # 5 standard errors, and 2 % by which matrices of 60 columns are off, as M**(-2/3)
        allowed = 5 * found.std() / math.sqrt(len(found)) + 0.02 * expected
        assert found.mean() == pytest.approx(expected, abs=allowed)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1, 2])
@pytest.mark.parametrize("excess", [0, 1, 3])
def test_numbers_at_the_hard_edge_are_those_of_the_density(beta, excess):
    M = 40
    x = 4 * M * noise(np.random.default_rng(excess), M + excess, M, beta, 4000)
    x *= 1 + excess / (2 * M)  # 4 M + 2 a in place of 4 M, which is equal in large matrices
    for start, end in [(1e-12, 10.0), (10.0, 40.0), (40.0, 100.0)]:
        found = np.sum((x > start) & (x < end), axis=1)

        def part(root):
            height = hard_edge_kernel.one_point(root**2, excess=excess, beta=beta)
            return 2 * root * float(height)

        expected = quad(part, math.sqrt(start), math.sqrt(end))[0]
        # 5 standard errors, and 1 % by which matrices of 40 columns are off
        allowed = 5 * found.std() / math.sqrt(len(found)) + 0.01 * expected
        assert found.mean() == pytest.approx(expected, abs=allowed)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1, 2, 4])
def test_pairs_inside_the_spectrum_have_the_correlation(beta):
    x = hermitian(np.random.default_rng(beta), 600, 80, beta)
    unfolded = unfolding.by_law(x, semicircle)[:, 20:-20]
    distances = np.concatenate([unfolded[:, k:] - unfolded[:, :-k] for k in range(1, 12)], axis=1)
    # pairs up to the 11th neighbour are all pairs up to a distance of 3; 40 of 80 are centres
    for start, end in [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5), (1.5, 2.5)]:
        found = np.sum((distances >= start) & (distances < end), axis=1)
        heights = quad(
            lambda r: (40 - r) * float(bulk_kernel.pair_correlation(r, beta=beta)), start, end
        )[0]
        allowed = 5 * found.std() / math.sqrt(len(found)) + 0.01 * heights
        assert found.mean() == pytest.approx(heights, abs=allowed)


def test_pair_correlations_vanish_for_equal_eigenvalues():
    x = np.linspace(0, 20, 9)
    np.testing.assert_allclose(hard_edge_kernel.pair_correlation(x, x), 0, atol=1e-16)
    np.testing.assert_allclose(edge_kernel.pair_correlation(-x, -x), 0, atol=1e-14)
    far = edge_kernel.pair_correlation(-1.0, -60.0)
    product = edge_kernel.one_point(-1.0, beta=2) * edge_kernel.one_point(-60.0, beta=2)
    assert float(far) == pytest.approx(float(product), rel=1e-2)
    np.testing.assert_array_equal(bulk_kernel.kernel(0.5, [0.5, 1.5]), np.sinc([0.0, 1.0]))


def test_ends_and_missing_and_misuse():
    assert hard_edge_kernel.one_point(0.0).tolist() == math.inf
    assert hard_edge_kernel.one_point(0.0, excess=1).tolist() == 1 / 8
    assert hard_edge_kernel.one_point(0.0, excess=2).tolist() == 0
    assert hard_edge_kernel.one_point(0.0, beta=2).tolist() == 1 / 4
    near = hard_edge_kernel.one_point(1e-12, excess=1)
    assert float(near) == pytest.approx(1 / 8, abs=1e-5)
    for found in (
        edge_kernel.one_point(math.nan),
        hard_edge_kernel.one_point(math.nan),
        bulk_kernel.pair_correlation(math.nan, beta=0),
        bulk_kernel.pair_correlation(math.nan),
    ):
        assert np.isnan(found)
    with pytest.raises(ArgumentError, match="`x` must be at least 0, as the eigenvalues of W"):
        hard_edge_kernel.kernel(-1.0, 1.0)
    with pytest.raises(ArgumentError, match="`excess` must be a whole number, at least 0"):
        hard_edge_kernel.kernel(1.0, 1.0, excess=-1)
    with pytest.raises(ArgumentError, match="`beta` must be one of 1, 2, got 4"):
        hard_edge_kernel.one_point(1.0, beta=4)
    with pytest.raises(ArgumentError, match="`beta` must be one of 1, 2, 4, got 0"):
        edge_kernel.one_point(1.0, beta=0)


@pytest.mark.parametrize("a", [0, 1, 7, 60, 99])
@pytest.mark.parametrize("p", [1000.5, 1200.0, 2500.0])
def test_integrals_of_large_roots_are_those_of_the_series(a, p):
    near = 1 - hard_edge_kernel._near_integral(np.array([p]), a)
    np.testing.assert_allclose(hard_edge_kernel._far_integral(np.array([p]), a), near, atol=1e-12)


def test_densities_far_from_the_hard_edge_have_their_limit():
    x = np.array([1e8, 1e12, 1e16, 1e20])
    for excess in (0, 3, 5000):
        for beta in (1, 2):
            found = hard_edge_kernel.one_point(x, excess=excess, beta=beta)
            wide = 1 / (2 * np.pi * np.sqrt(x))
            np.testing.assert_allclose(found, wide, rtol=1 / np.sqrt(x[0]) + excess**2 / x[0])
    with pytest.raises(ArgumentError, match="at most 1e"):
        hard_edge_kernel.one_point(1e21)


@pytest.mark.parametrize("a", [0, 1, 5, 20, 60])
def test_bessel_kernel_has_all_digits_at_any_size(a):
    from mpmath import besselj, mp, mpf, sqrt

    for x in (1e-200, 1e-20, 1e-14, 1e-5, 1e-3, 0.1, 1.0, 30.0, 900.0):
        for factor in (1.0, 1.3, 0.02, 1e6):
            y = min(x * factor, 1e4)
            with mp.workdps(100):
                p, q = sqrt(mpf(x)), sqrt(mpf(y))
                if p == q:
                    exact = (besselj(a, p) ** 2 - besselj(a + 1, p) * besselj(a - 1, p)) / 4
                else:
                    top = p * besselj(a + 1, p) * besselj(a, q)
                    top -= q * besselj(a + 1, q) * besselj(a, p)
                    exact = top / (2 * (p**2 - q**2))
                expected = float(exact)
            found = float(hard_edge_kernel.kernel(x, y, excess=a))
            assert found == pytest.approx(expected, rel=1e-10, abs=1e-13 if x > 10 else 1e-290)
