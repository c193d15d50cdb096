"""Eigenvalues at any beta: against matrices, exact moments, polynomials and other packages."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from spectra.errors import ArgumentError
from spectra.noise import marchenko_pastur
from spectra.theory import ensembles

BETAS = [0.1, 0.7, 1.0, 2.0, 4.0, 9.5]

# Means of the ordered eigenvalues and their standard errors, computed in environments of their own:
# beta-ensembles 1.1.0 (tridiagonal models, 50,000 draws), scikit-rmt 2.1.1 (dense quaternion and
# complex matrices, 20,000 draws, over 8^(1/2) for its symmetric and 4 for its other quaternions)
# and rmtool 1.0.0 (dense complex matrices, 100,000 draws, times the 4^(1/2) and 6 it divides by).
HERMITE = [
    (0.5, [-3.07867, -0.93436, 0.92729, 3.06345], [0.00647, 0.00561, 0.00565, 0.00647]),
    (3.0, [-2.46416, -0.77631, 0.77222, 2.45864], [0.00271, 0.00242, 0.00242, 0.00273]),
    (4.0, [-2.43026, -0.7633, 0.76452, 2.43083], [0.00373, 0.00336, 0.00336, 0.00376]),
    (2.0, [-2.52705, -0.79112, 0.78623, 2.52845], [0.00235, 0.00208, 0.00209, 0.00234]),
]
LAGUERRE = [
    (0.5, [0.64506, 2.59394, 6.47533, 14.26244], [0.00345, 0.0082, 0.01517, 0.02928]),
    (3.0, [1.10295, 3.26773, 6.83809, 12.75034], [0.00221, 0.00418, 0.00676, 0.01118]),
    (4.0, [1.13679, 3.30404, 6.85584, 12.72036], [0.00315, 0.00581, 0.00934, 0.01542]),
    (2.0, [1.04274, 3.19841, 6.81071, 12.95829], [0.00182, 0.00354, 0.00579, 0.00979]),
]
JACOBI = [
    (0.5, [0.06066, 0.27813, 0.60015, 0.88013], [0.00037, 0.0008, 0.0009, 0.00055]),
    (3.0, [0.09267, 0.30742, 0.58224, 0.83704], [0.00022, 0.00037, 0.0004, 0.0003]),
    (2.0, [0.08881, 0.30554, 0.58479, 0.84273], [0.0004, 0.00071, 0.00077, 0.00056]),
    (4.0, [0.09494, 0.30833, 0.58025, 0.83482], [0.00031, 0.00052, 0.00056, 0.00042]),
]
OTHERS = [
    *((ensembles.hermite, 4, row) for row in HERMITE),
    *((ensembles.laguerre, (6, 4), row) for row in LAGUERRE),
    *((ensembles.jacobi, (4, 5, 6), row) for row in JACOBI),
]


@pytest.mark.parametrize(("draw", "size", "row"), OTHERS)
def test_other_packages_have_the_same_means(draw, size, row):
    beta, means, errors = row
    found = draw(size, beta=beta, num=20_000, rng=1)
    own = found.std(axis=0) / math.sqrt(len(found))
    # 48 comparisons: five standard errors of the difference, of both sides
    assert (np.abs(found.mean(axis=0) - means) < 5 * np.hypot(own, errors)).all()


def within_four_errors(sample, expected):
    """Compare a mean with its exact value by the standard error that the sample shows."""
    error = np.std(sample) / math.sqrt(len(sample))
    assert np.mean(sample) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_moments_of_symmetric_matrices(n, beta):
    std, k = 0.5, 2 / beta
    found = ensembles.hermite(n, beta=beta, num=4000, std=std, rng=2) / std
    # the trace is normal, of variance 2 n / beta
    assert stats.kstest(found.sum(axis=1), stats.norm(scale=math.sqrt(k * n)).cdf).pvalue > 1e-4
    within_four_errors((found**2).sum(axis=1), n * (n - 1 + k))
    fourth = n * (2 * n**2 + 5 * (k - 1) * n + 3 * k**2 - 5 * k + 3)
    within_four_errors((found**4).sum(axis=1), fourth)


@pytest.mark.parametrize("beta", BETAS)
def test_gap_of_two_eigenvalues(beta):
    """Of the density |gap|^beta exp(-beta gap^2 / 8): beta gap^2 / 4 is chi-square, beta + 1."""
    gap = np.diff(ensembles.hermite(2, beta=beta, num=4000, rng=3), axis=1)[:, 0]
    assert stats.kstest(beta * gap**2 / 4, stats.chi2(beta + 1).cdf).pvalue > 1e-4


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (5, 5), (6, 1)])
def test_moments_of_rectangular_matrices(shape, beta):
    N, M, std, k = max(shape), min(shape), 0.5, 2 / beta
    found = ensembles.laguerre(shape, beta=beta, num=4000, std=std, rng=4) / std**2
    trace = beta * found.sum(axis=1)
    assert stats.kstest(trace, stats.chi2(beta * N * M).cdf).pvalue > 1e-4
    within_four_errors((found**2).sum(axis=1), N * M * (N + M - 1 + k))
    third = N**2 + M**2 + 3 * N * M + 3 * (k - 1) * (N + M) + 2 * k**2 - 3 * k + 2
    within_four_errors((found**3).sum(axis=1), N * M * third)


@pytest.mark.parametrize("beta", BETAS[1:])  # at 0.1 the smallest are lost in rounding
def test_determinant_of_rectangular_matrices(beta):
    """A product of independent chi-squares; so the mean of its logarithm is known."""
    found = ensembles.laguerre((9, 4), beta=beta, num=4000, rng=5)
    halves = beta * (9 - np.arange(4)) / 2
    expected = np.sum(special.digamma(halves) + math.log(2 / beta))
    within_four_errors(np.log(found).sum(axis=1), expected)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("sides", [(4, 6, 9), (5, 5, 5), (3, 30, 4), (1, 2, 3)])
def test_moments_of_compared_matrices(sides, beta):
    n, first, second = sides
    found = ensembles.jacobi(sides, beta=beta, num=4000, rng=6)
    trace = n * first / (first + second)
    within_four_errors(found.sum(axis=1), trace)
    # Aomoto's integral, and the mean of sum_i d/dx_i x_i^2 (1 - x_i) times the density, which is 0
    pairs = n * (n - 1) / 2 * first * (first - 1)
    pairs /= (first + second) * (first + second - 1)
    a, b = (beta / 2 * (m - n + 1) - 1 for m in (first, second))
    squares = trace * (2 + a + beta * (n - 1)) - beta * pairs
    squares /= 3 + a + b + beta * (n - 1)
    within_four_errors((found**2).sum(axis=1), squares)
    within_four_errors((trace - found.sum(axis=1)) ** 2, squares + 2 * pairs - trace**2)


@pytest.mark.parametrize("beta", BETAS[1:])
def test_determinants_of_compared_matrices(beta):
    """A product of independent beta variables, for the determinant of 1 - F as for that of F."""
    n, *pair = sides = (4, 6, 9)
    found = ensembles.jacobi(sides, beta=beta, num=4000, rng=7)
    i, total = np.arange(n), sum(pair)
    for values, m in zip((found, 1 - found), pair, strict=True):
        terms = special.digamma(beta * (m - i) / 2) - special.digamma(beta * (total - i) / 2)
        within_four_errors(np.log(values).sum(axis=1), terms.sum())


def test_endless_beta_leaves_the_zeros_of_polynomials():
    # the density is log-concave in x, in x^(1/2) and in the angle: at this beta each has a standard
    # deviation of at most 2^(1/2) 1e-6
    beta, near = 1e12, 1e-5
    found = ensembles.hermite(6, beta=beta, std=2.0, rng=8)[0]
    np.testing.assert_allclose(found / 2**1.5, special.roots_hermite(6)[0], rtol=0, atol=near)
    found = ensembles.laguerre((9, 6), beta=beta, std=2.0, rng=8)[0]
    zeros = special.roots_genlaguerre(6, 3)[0]
    np.testing.assert_allclose(np.sqrt(found) / 2, np.sqrt(zeros), rtol=0, atol=near)
    found = ensembles.jacobi((6, 9, 8), beta=beta, rng=8)[0]
    np.testing.assert_allclose(found, (1 + special.roots_jacobi(6, 2, 3)[0]) / 2, rtol=0, atol=near)


def complex_normal(random, *shape):
    """Draw complex elements of mean square 1."""
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)) / math.sqrt(2)


def gram(W):
    return W.conj().swapaxes(-1, -2) @ W


def dense(name, beta, num, random):
    """Draw the eigenvalues from whole matrices: 12 columns, sides 12, 20 and 15."""
    draw = complex_normal if beta == 2 else lambda r, *shape: r.standard_normal(shape)
    if name == "hermite":
        W = draw(random, num, 12, 12)
        return np.linalg.eigvalsh((W + W.conj().swapaxes(-1, -2)) / math.sqrt(2))
    A = gram(draw(random, num, 20, 12))
    if name == "laguerre":
        return np.linalg.eigvalsh(A)
    whole = np.linalg.inv(np.linalg.cholesky(A + gram(draw(random, num, 15, 12))))
    return np.linalg.eigvalsh(whole @ A @ whole.conj().swapaxes(-1, -2))


SIZES = {"hermite": 12, "laguerre": (20, 12), "jacobi": (12, 20, 15)}


@pytest.mark.parametrize("beta", [1, 2])
@pytest.mark.parametrize("name", SIZES)
def test_eigenvalues_are_distributed_as_those_of_matrices(name, beta):
    direct = dense(name, beta, 2000, np.random.default_rng(9))
    without = getattr(ensembles, name)(SIZES[name], beta=beta, num=2000, rng=10)
    for statistic in (
        *(lambda x: x[:, 0], lambda x: x[:, 5], lambda x: x[:, -1]),
        lambda x: x[:, 6] - x[:, 5],
        lambda x: np.log(np.abs(x)).sum(axis=1),
    ):
        assert stats.ks_2samp(statistic(without), statistic(direct)).pvalue > 1e-4


def test_symmetric_matrices_are_those_of_wigner():
    random = np.random.default_rng(11)
    matrices = [ensembles.wigner(8, std=0.3, rng=random).W for _ in range(2000)]
    direct = np.linalg.eigvalsh(matrices)
    without = ensembles.hermite(8, std=0.3, num=2000, rng=12)
    for i in range(8):
        assert stats.ks_2samp(without[:, i], direct[:, i]).pvalue > 1e-4


@pytest.mark.parametrize("beta", [0.5, 2.0, 6.0])
def test_exchanged_matrices_mirror_the_spectrum(beta):
    one = ensembles.jacobi((4, 7, 5), beta=beta, num=2000, rng=13)
    other = 1 - ensembles.jacobi((4, 5, 7), beta=beta, num=2000, rng=14)[:, ::-1]
    for i in range(4):
        assert stats.ks_2samp(one[:, i], other[:, i]).pvalue > 1e-4


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 4.0])
def test_limits_do_not_depend_on_beta(beta):
    n, num = 300, 20
    # the mean number of eigenvalues below x is off by about |2 / beta - 1| / 2 next to an edge and
    # less elsewhere; the mean over the draws varies by far less than one eigenvalue
    near = (1 + abs(2 / beta - 1)) / n
    x = np.linspace(-0.999, 0.999, 41)
    semicircle = 0.5 + (x * np.sqrt(1 - x**2) + np.arcsin(x)) / math.pi
    found = ensembles.hermite(n, beta=beta, num=num, rng=15) / (2 * math.sqrt(n))
    share = np.mean(found.ravel()[:, None] <= x, axis=0)
    np.testing.assert_allclose(share, semicircle, rtol=0, atol=near)
    found = ensembles.laguerre((2 * n, n), beta=beta, num=num, rng=16) / (2 * n)
    lower, upper = marchenko_pastur.edges(0.5)
    y = lower + (upper - lower) * (1 + x) / 2
    share = np.mean(found.ravel()[:, None] <= y, axis=0)
    np.testing.assert_allclose(share, marchenko_pastur.cdf(y, 0.5), rtol=0, atol=near)
    found = ensembles.jacobi((n, 2 * n, 4 * n), beta=beta, num=num, rng=17)
    ends = np.square(np.sqrt(2 * 5) + np.array([-1, 1]) * np.sqrt(4)) / 36
    # the width of the end eigenvalues is some n^(-2/3) of the whole, at most 1
    assert np.abs(found[:, [0, -1]] - ends).max() < 4 * (1 + 2 / beta) * n ** (-2 / 3)


betas, seeds = st.floats(0.05, 50), st.integers(0, 2**32)


@given(st.integers(1, 20), st.integers(1, 4), betas, st.integers(-100, 100), seeds)
def test_spectra_of_symmetric_matrices_are_ordered_and_scale(n, num, beta, power, seed):
    found = ensembles.hermite(n, beta=beta, num=num, rng=seed)
    assert found.shape == (num, n)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()
    other = ensembles.hermite(n, beta=beta, num=num, std=2.0**power, rng=seed)
    np.testing.assert_array_equal(other, 2.0**power * found)


@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    *(st.integers(1, 4), betas, st.integers(-100, 100), seeds),
)
def test_spectra_of_rectangular_matrices_are_ordered_and_scale(shape, num, beta, power, seed):
    found = ensembles.laguerre(shape, beta=beta, num=num, rng=seed)
    assert found.shape == (num, min(shape))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()
    other = ensembles.laguerre(shape[::-1], beta=beta, num=num, std=2.0**power, rng=seed)
    np.testing.assert_array_equal(other, 4.0**power * found)


@given(st.integers(1, 20), st.integers(0, 20), st.integers(0, 20), st.integers(1, 4), betas, seeds)
def test_compared_spectra_lie_between_zero_and_one(n, first, second, num, beta, seed):
    sides = (n, n + first, n + second)
    found = ensembles.jacobi(sides, beta=beta, num=num, rng=seed)
    assert found.shape == (num, n)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_array_equal(found, ensembles.jacobi(sides, beta=beta, num=num, rng=seed))


@pytest.mark.parametrize("name", SIZES)
def test_misuse(name):
    draw, size = getattr(ensembles, name), SIZES[name]
    for beta in (0.0, -1.0, math.nan, math.inf, "1"):
        with pytest.raises(ArgumentError, match="`beta` must be a finite number above 0"):
            draw(size, beta=beta)
    for num in (0, 1.5, None, True):
        with pytest.raises(ArgumentError, match="`num` must be a whole number, at least 1"):
            draw(size, num=num)
    with pytest.raises(ArgumentError, match="`rng` must be"):
        draw(size, rng=-1)
    assert not np.array_equal(draw(size), draw(size))


def test_misuse_of_sizes():
    with pytest.raises(ArgumentError, match="`size` must be a whole number, at least 1"):
        ensembles.hermite(0)
    with pytest.raises(ArgumentError, match="`std` must be"):
        ensembles.hermite(3, std=0.0)
    for sides in ((3, 4), [3, 4, 5], 3):
        with pytest.raises(ArgumentError, match=r"`sides` must be \(n, m1, m2\)"):
            ensembles.jacobi(sides)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`n` must be a whole number, at least 1, got 0"):
        ensembles.jacobi((0, 4, 5))
    with pytest.raises(ArgumentError, match="whole number not below n, at least 4, got 3"):
        ensembles.jacobi((4, 4, 3))
