"""Free cumulants against partitions and random matrices, metrics against integrals and norms."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad

from spectra.errors import ArgumentError
from spectra.linalg import norms
from spectra.noise import marchenko_pastur
from spectra.theory.free_probability import (
    capacity,
    cauchy_R,
    free_cumulants,
    generating_function,
    inverse_marchenko_pastur_R,
    levy_R,
    marchenko_pastur_R,
    moments,
    moments_from_cumulants,
    series_R,
    spikes_R,
    truncated_power_law_cumulants,
    wigner_R,
)

small_integers = st.lists(st.integers(-4, 4), min_size=1, max_size=6)
CATALAN = [1, 1, 2, 5, 14, 42, 132, 429]


def partitions(things):
    """Yield every partition of a list into blocks."""
    if not things:
        yield []
        return
    first, *rest = things
    for size in range(len(rest) + 1):
        for others in combinations(rest, size):
            left = [thing for thing in rest if thing not in others]
            for blocks in partitions(left):
                yield [(first, *others), *blocks]


def crossing(blocks):
    owner = {thing: i for i, block in enumerate(blocks) for thing in block}
    return any(
        owner[a] == owner[c] != owner[b] == owner[d]
        for a, b, c, d in combinations(sorted(owner), 4)
    )


def moment(cumulants, order):
    return sum(
        math.prod(cumulants[len(block) - 1] for block in blocks)
        for blocks in partitions(list(range(order)))
        if not crossing(blocks)
    )


def printed(m1, m2, m3, m4, m5):
    return [
        m1,
        m2 - m1**2,
        m3 - 3 * m2 * m1 + 2 * m1**3,
        m4 - 4 * m3 * m1 - 2 * m2**2 + 10 * m2 * m1**2 - 5 * m1**4,
        m5
        - 5 * m4 * m1
        + 15 * m3 * m1**2
        + 15 * m2**2 * m1
        - 35 * m2 * m1**3
        - 5 * m3 * m2
        + 14 * m1**5,
    ]


def of_noise(g):
    return [
        1,
        1 + g,
        1 + 3 * g + g**2,
        1 + 6 * g + 6 * g**2 + g**3,
        1 + 10 * g + 20 * g**2 + 10 * g**3 + g**4,
    ]


def gaussian(rng, shape):
    """Return complex elements of mean square 1: with these, traces have no bias of order 1/N."""
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / math.sqrt(2)


def wigner(rng, M):
    A = gaussian(rng, (M, M))
    return (A + A.conj().T) / math.sqrt(2 * M)


def wishart(rng, M, ratio):
    A = gaussian(rng, (round(M / ratio), M))
    return A.conj().T @ A * ratio / M


def cumulants_of(X):
    return free_cumulants(moments(np.linalg.eigvalsh(X), num=4))


def integral(function, start, end, **options):
    return quad(function, start, end, epsabs=1e-12, epsrel=1e-12, limit=500, **options)[0]


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=20), st.integers(1, 8))
def test_moments_are_means_of_powers(data, num):
    expected = [math.fsum(v**k for v in data) / len(data) for k in range(1, num + 1)]
    # rounding of the power and of the sum, relative to the largest term
    tolerance = 32 * np.finfo(float).eps * 3.0**num
    np.testing.assert_allclose(moments(data, num=num), expected, atol=tolerance)


@given(small_integers)
def test_cumulants_are_sums_over_non_crossing_partitions(cumulants):
    """Whole numbers, so that nothing is rounded."""
    found = moments_from_cumulants(cumulants)
    assert list(found) == [moment(cumulants, n) for n in range(1, len(cumulants) + 1)]
    assert list(free_cumulants(found)) == cumulants


@given(st.lists(st.integers(-4, 4), min_size=5, max_size=5))
def test_printed_formulas(m):
    assert list(free_cumulants(m)) == printed(*m)
    assert list(moments_from_cumulants(free_cumulants(m))) == m


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.integers(-5, 5))
def test_a_shift_changes_the_mean_and_a_scale_the_powers(data, by):
    m, moved = (moments(np.array(data) + shift, num=5) for shift in (0, by))
    k, shifted = free_cumulants(m), free_cumulants(moved)
    # a dozen operations on terms no larger than 35 * 14^5
    np.testing.assert_allclose(shifted - k, [by, 0, 0, 0, 0], atol=12 * 35 * 14**5 * 2.0**-52)
    scaled = free_cumulants(moments(0.5 * np.array(data), num=5))
    np.testing.assert_array_equal(scaled, k * 0.5 ** np.arange(1, 6))


@pytest.mark.parametrize("g", [1.0, 0.5, 0.125])
def test_noise(g):
    np.testing.assert_array_equal(free_cumulants(of_noise(g)), g ** np.arange(5))
    np.testing.assert_array_equal(moments_from_cumulants(g ** np.arange(5)), of_noise(g))


def test_semicircle_has_the_catalan_numbers():
    m = moments_from_cumulants([0.0, 1.0] + [0.0] * 12)
    np.testing.assert_array_equal(m[1::2], CATALAN[1:])
    assert not m[::2].any()


@pytest.mark.parametrize("g", [1.0, 0.25])
def test_a_large_random_matrix(g):
    rng, M, samples = np.random.default_rng(0), 80, 40
    found = np.array([cumulants_of(wishart(rng, M, g)) for _ in range(samples)])
    error = found.std(axis=0, ddof=1) / math.sqrt(samples)
    # 5 standard errors, and the bias: 10 of the 24 permutations of four cross, 1 / M^2 each
    tolerance = 5 * error + 10 / M**2
    assert (np.abs(found.mean(axis=0) - g ** np.arange(4)) < tolerance).all()
    assert (tolerance < g ** np.arange(4)).all()


def test_cumulants_of_independent_matrices_add():
    rng, M, samples = np.random.default_rng(0), 80, 40
    free, diagonal = [], []
    for _ in range(samples):
        A, B = wigner(rng, M), wishart(rng, M, 1.0)
        free.append(cumulants_of(A + B) - cumulants_of(A) - cumulants_of(B))
        a, b = (np.diag(rng.permutation(np.linalg.eigvalsh(X))) for X in (A, B))
        diagonal.append(cumulants_of(a + b) - cumulants_of(a) - cumulants_of(b))
    error = np.std(free, axis=0, ddof=1) / math.sqrt(samples)
    # 5 standard errors, and crossing permutations as above
    tolerance = 5 * error + 10 / M**2
    assert (np.abs(np.mean(free, axis=0)) < tolerance).all()
    # diagonal matrices are independent but not free: k4 is off by 2 k2 k2, which is 2 here
    off = np.array(diagonal)[:, 3]
    assert abs(off.mean() - 2) < 5 * off.std(ddof=1) / math.sqrt(samples) < 1.5
    assert tolerance[3] < 0.2


def density_of_noise(x, g):
    lower, upper = marchenko_pastur.edges(g)
    return math.sqrt(max(0.0, (upper - x) * (x - lower))) / (2 * math.pi * g * x)


def mean_of_noise(function, g):
    lower, upper = marchenko_pastur.edges(g)
    return integral(lambda x: function(x) * density_of_noise(x, g), lower, upper)


@pytest.mark.parametrize("x", [-3.0, -0.1, 4.0, 30.0])
def test_transforms_invert_the_mean_of_the_resolvent(x):
    """R(G) + 1 / G = x for G(x) = E 1 / (x - lambda), by quadrature over the law."""
    G = mean_of_noise(lambda t: 1 / (x - t), 0.5)
    assert marchenko_pastur_R(G, ratio=0.5) + 1 / G == pytest.approx(x, rel=1e-8)
    G = mean_of_noise(lambda t: 1 / (x - 0.7 * t), 0.1)
    assert marchenko_pastur_R(G, ratio=0.1, mean_eigenvalue=0.7) + 1 / G == pytest.approx(
        x, rel=1e-8
    )
    G = mean_of_noise(lambda t: 1 / (x - 0.9 / t), 0.1)  # the mean of 1 / t is 1 / 0.9
    assert inverse_marchenko_pastur_R(G, ratio=0.1) + 1 / G == pytest.approx(x, rel=1e-8)
    if abs(x) > 2:
        G = integral(lambda t: math.sqrt(4 - t * t) / (2 * math.pi) / (x - 1.25 * t), -2, 2)
        assert wigner_R(G, variance=1.25**2) + 1 / G == pytest.approx(x, rel=1e-8)


def test_transform_of_the_cauchy_law():
    z, a, g = 1.0 - 2.0j, 0.5, 1.5

    def term(t):
        return g / math.pi / ((t - a) ** 2 + g**2) / (z - t)

    parts = (lambda t: term(t).real, lambda t: term(t).imag)
    G = complex(*(integral(part, -math.inf, math.inf) for part in parts))
    R = cauchy_R([0.0, 1.0, -1.0], location=a, scale=g)
    np.testing.assert_allclose(R, z - 1 / G, rtol=1e-8)


@given(st.floats(0.1, 2.0), st.floats(1.5, 20.0), st.floats(-0.5, 0.5))
def test_transforms_are_series_of_their_cumulants(g, Q, place):
    """The n-th term is below 2^-n (at half the radius), so that 50 of them are exact."""
    n = np.arange(50)
    z = place / (g * 0.7)
    assert marchenko_pastur_R(z, ratio=g, mean_eigenvalue=0.7) == pytest.approx(
        float(series_R(z, 0.7 ** (n + 1) * g**n)), rel=1e-12
    )
    kappa = (Q - 1) / 2
    catalan = np.array([math.comb(2 * k, k) // (k + 1) for k in range(50)], dtype=float)
    z = place * kappa / 2
    assert inverse_marchenko_pastur_R(z, ratio=1 / Q) == pytest.approx(
        float(series_R(z, catalan / (2 * kappa) ** n)), rel=1e-12
    )
    assert wigner_R(z, variance=g) == series_R(z, [0.0, g])
    assert spikes_R(z, spikes=[g, Q], num=8) == series_R(z, [(g + Q) / 8])


def test_transforms_at_their_singular_points():
    np.testing.assert_array_equal(
        marchenko_pastur_R([2.0, 2.5, -math.inf, math.nan], ratio=0.5),
        [math.inf, math.nan, 0.0, math.nan],
    )
    # kappa = 1: the textbook form, its limit at 0, and the real part beyond 1/2
    z = np.array([-2.0, 0.25, 0.5, 0.75, 4.0])
    root = np.sqrt((1 - 2 * z).astype(complex))
    found = inverse_marchenko_pastur_R(z, ratio=1 / 3)
    np.testing.assert_allclose(found, ((1 - root) / z).real, rtol=1e-14)
    assert inverse_marchenko_pastur_R(0.0, ratio=1 / 3) == 1.0
    np.testing.assert_array_equal(levy_R([0.0, -1.0], alpha=1.5), [math.inf, math.nan])
    np.testing.assert_array_equal(levy_R([4.0], alpha=2.5, scale=3.0), [6.0])
    np.testing.assert_array_equal(levy_R([4.0], alpha=2.5, scale=3.0, variant="2019"), [24.0])


def mean_of_power(j, alpha, a, b):
    """Integrate over ln x, where no power law is steep."""
    length = math.log(b / a)
    weight = [integral(lambda t, j=j: math.exp((j + 1 - alpha) * t), 0, length) for j in (0, j)]
    return a**j * weight[1] / weight[0]


ends = pytest.mark.parametrize(("a", "b"), [(1.0, 10.0), (0.3, 0.9), (2.0, 2000.0)])


@ends
def test_truncated_power_laws_in_closed_form(a, b):
    closed = {
        2.0: (math.log(b / a), b - a, a * b / (b - a)),
        3.0: (1 / a - 1 / b, math.log(b / a), 2 * a**2 * b**2 / (b**2 - a**2)),
        4.0: ((a**-2 - b**-2) / 2, 1 / a - 1 / b, 3 * a**3 * b**3 / (b**3 - a**3)),
    }
    for alpha, (first, second, C) in closed.items():
        expected = (C * first, C * second - (C * first) ** 2)
        assert truncated_power_law_cumulants(alpha, a, b) == pytest.approx(expected, rel=1e-12)
        # no step beside the logarithms: exponents 1e-10 apart, times ln(b / a) at most 7
        near = truncated_power_law_cumulants(alpha + 1e-10, a, b)
        assert near == pytest.approx(expected, rel=1e-8)


@ends
@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.7, 6.0])
def test_truncated_power_laws_against_quadrature(a, b, alpha):
    m1, m2 = (mean_of_power(j, alpha, a, b) for j in (1, 2))
    found = truncated_power_law_cumulants(alpha, a, b)
    assert found == pytest.approx((m1, m2 - m1**2), rel=1e-9)


points = st.lists(st.floats(0.001, 50.0), min_size=1, max_size=20)


def inverse_integral(x, kappa):
    """Return the integral of the inverse law from 0, in closed form on both sides of the branch."""
    s = math.sqrt(max(1 - 2 * x / kappa, 0.0))
    before = 2 * kappa * (1 - s - math.log(2 / (1 + s)))
    return before + kappa * math.log(max(2 * x / kappa, 1.0))


@pytest.mark.slow
@example([0.94921875, 3.0], 1.90625)  # a branch point just beyond the start of an interval
@example([0.9453125, 31.0], 1.90625)
@given(points, st.floats(0.2, 3.0))
def test_integrals_in_closed_form(x, c):
    cases: list[tuple[Any, Any]] = [
        (lambda z: wigner_R(z, variance=c), lambda v: c * v**2 / 2),
        (
            lambda z: marchenko_pastur_R(z, ratio=c / 200),
            lambda v: -200 / c * math.log1p(-c * v / 200),
        ),
        (lambda z: spikes_R(z, spikes=[c, 2.0], num=4), lambda v: (c + 2) / 4 * v),
        (lambda z: cauchy_R(z, location=c), lambda v: c * v),
        (lambda z: levy_R(z, alpha=1 + c), lambda v: v**c / c),
        (lambda z: levy_R(z, alpha=c, scale=2.0, variant="2019"), lambda v: 2 * v**c / c),
        (
            lambda z: inverse_marchenko_pastur_R(z, ratio=1 / (1 + 2 * c)),
            lambda v: inverse_integral(v, c),
        ),
        (lambda z: 2.0, lambda v: 2 * v),
    ]
    for r, expected in cases:
        exact = [expected(v) for v in x]
        # the stated accuracy
        np.testing.assert_allclose(generating_function(x, r), exact, rtol=1e-9)
        assert capacity(x, r) == pytest.approx(math.fsum(exact), rel=1e-9)


@given(
    st.lists(st.floats(-2.0, 2.0), max_size=10),
    st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=6),
    st.floats(-2.0, 2.0),
)
def test_integrals_of_polynomials_in_both_directions(x, cumulants, lower):
    terms = [k / (n + 1) for n, k in enumerate(cumulants)]

    def antiderivative(v):
        return math.fsum(term * v ** (n + 1) for n, term in enumerate(terms))

    found = generating_function(x, lambda z: series_R(z, cumulants), lower=lower)
    expected = [antiderivative(v) - antiderivative(lower) for v in x]
    # rounding only: 1e-12 of the largest integral of |R|, 6 terms of 5 * 2^6
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * 6 * 5 * 2**6)


@given(st.floats(-0.9, 3.0), st.floats(0.0, 1.0), st.floats(1.0, 1e6))
def test_integrals_past_singular_points(power, place, end):
    """A power of z, and a step and a cusp anywhere."""
    middle = place * end
    found = generating_function([end], lambda z: z**power)
    assert found == pytest.approx(end ** (power + 1) / (power + 1), rel=1e-9)
    found = generating_function([end], lambda z: np.where(z < middle, 1.0, 3.0))
    assert found == pytest.approx(3 * end - 2 * middle, rel=1e-9)
    found = generating_function([end], lambda z: np.sqrt(np.abs(z - middle)))
    exact = (middle**1.5 + (end - middle) ** 1.5) / 1.5
    assert found == pytest.approx(exact, rel=1e-9)


def test_integrals_have_the_shape_and_order_of_their_limits():
    x = np.array([[3.0, 1.0, 1.0], [0.0, math.nan, math.inf]])
    found = generating_function(x, wigner_R, lower=1.0)
    np.testing.assert_allclose(found, [[4.0, 0.0, 0.0], [-0.5, math.nan, math.nan]], rtol=1e-14)
    assert generating_function(2.0, wigner_R).shape == ()
    assert capacity([], wigner_R) == 0.0


def test_what_does_not_converge_is_nan():
    noise = generating_function(
        [1.0, 1.99, 2.0, 2.5, 9.0], lambda z: marchenko_pastur_R(z, ratio=0.5)
    )
    np.testing.assert_allclose(noise[:2], [-2 * math.log(0.5), -2 * math.log(0.005)], rtol=1e-9)
    assert np.isnan(noise[2:]).all()
    assert np.isnan(generating_function([1.0], lambda z: levy_R(z, alpha=1.0)))
    assert generating_function([1.0], lambda z: levy_R(z, alpha=1.1)) == pytest.approx(10)
    assert np.isnan(generating_function([1.0], lambda z: levy_R(z, alpha=1.01)))
    assert math.isnan(capacity([1.0, 3.0], lambda z: marchenko_pastur_R(z, ratio=0.5)))

    def pole(z):
        with np.errstate(divide="ignore"):
            return 1 / (z - 0.5)

    # the sides of a pole cancel, and are no integral: in the middle, in a quarter and elsewhere
    for end in (1.0, 2.0, 1.1, 0.77, math.pi):
        assert np.isnan(generating_function([end], pole))
    rng = np.random.default_rng(0)
    assert np.isnan(generating_function([1.0], lambda z: rng.uniform(size=z.shape)))
    assert np.isnan(generating_function([1e200], lambda z: levy_R(z, alpha=4.0)))
    # an integral of 0 is one
    assert generating_function([1.0], wigner_R, lower=-1.0) == pytest.approx(0.0, abs=1e-15)


def test_capacity_is_a_frobenius_norm_for_the_semicircle():
    W = np.random.default_rng(0).standard_normal((20, 10))
    singular = np.linalg.svd(W, compute_uv=False)
    X = W.T @ W

    def r(z):
        return wigner_R(z, variance=3.0)

    assert capacity(singular, r) == pytest.approx(1.5 * np.linalg.norm(W) ** 2)
    assert capacity(singular**2, r) == pytest.approx(1.5 * np.linalg.norm(X) ** 2)


@pytest.mark.parametrize("alpha", [1.5, 2.0, 3.7])
def test_capacity_is_a_schatten_norm_for_heavy_tails(alpha):
    x = np.random.default_rng(0).pareto(alpha - 1, 500) + 1
    found = math.log10(capacity(x, lambda z: levy_R(z, alpha=alpha, scale=2.0, variant="2019")))
    norm = math.log10(2.0 / alpha) + norms.log_schatten(x, alpha)
    assert found == pytest.approx(norm, abs=1e-8)
    # alpha-hat: the largest of n terms is less than the sum, and more than a share 1 / n of it
    hat = alpha * math.log10(x.max())
    assert 0 < found - math.log10(2.0 / alpha) - hat < math.log10(len(x))
    setol = capacity(x, lambda z: levy_R(z, alpha=alpha))
    assert setol == pytest.approx(float(np.sum(x ** (alpha - 1))) / (alpha - 1))


def test_capacity_is_a_mean_logarithm_for_the_inverse_of_noise():
    x = 2.0 + np.random.default_rng(0).pareto(1.5, 300)
    found = capacity(x, lambda z: inverse_marchenko_pastur_R(z, ratio=0.2), lower=x.min())
    assert x.min() > 1  # kappa is 2, the branch point 1
    assert found == pytest.approx(2 * np.log(x / x.min()).sum(), rel=1e-10)


def test_no_data_and_numbers_beyond_the_range():
    assert np.isnan(moments([], num=2)).all()
    np.testing.assert_array_equal(moments([1e200], num=2), [1e200, math.inf])
    assert list(free_cumulants([])) == []
    k = free_cumulants([1.0, 2.0, math.nan, 4.0])
    np.testing.assert_array_equal(k, [1.0, 1.0, math.nan, math.nan])
    m = moments_from_cumulants([1.0, 1.0, math.inf, 4.0])
    np.testing.assert_array_equal(m[:3], [1.0, 2.0, math.inf])


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`num` must be a whole number, at least 1, got 0"):
        moments([1.0], num=0)
    with pytest.raises(ArgumentError, match="`moments` must be an array"):
        free_cumulants(1.0)
    with pytest.raises(ArgumentError, match="`cumulants` must be at least one number"):
        series_R(1.0, [])
    with pytest.raises(ArgumentError, match="`ratio` must be M/N, above 0 and below 1, got 1"):
        inverse_marchenko_pastur_R(1.0, ratio=1.0)
    with pytest.raises(ArgumentError, match="`variant` must be one of setol, 2019"):
        levy_R(1.0, alpha=2.0, variant="book")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`upper` must be a finite number above 2"):
        truncated_power_law_cumulants(2.0, 2.0, 1.0)
    with pytest.raises(ArgumentError, match="`lower` must be a finite number, got nan"):
        generating_function([1.0], wigner_R, lower=math.nan)
    for bad in (0.0, -1.0, math.nan, math.inf, "1"):
        for call in (
            lambda v: wigner_R(1.0, variance=v),
            lambda v: marchenko_pastur_R(1.0, ratio=v),
            lambda v: marchenko_pastur_R(1.0, ratio=0.5, mean_eigenvalue=v),
            lambda v: inverse_marchenko_pastur_R(1.0, ratio=v),
            lambda v: levy_R(1.0, alpha=v),
            lambda v: cauchy_R(1.0, scale=v),
            lambda v: truncated_power_law_cumulants(v, 1.0, 2.0),
        ):
            with pytest.raises(ArgumentError, match=r"must be (a finite number|M/N,) above 0"):
                call(bad)
