"""Sparse, orthogonal, multiplied and trained-like matrices, against theory and other packages."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.noise import marchenko_pastur, signal, tracy_widom
from spectra.theory import ensembles

TW_MEAN, TW_VARIANCE = -1.206534, 1.60778  # of Tracy and Widom's first law, exact values
seeds = st.integers(0, 2**32)


def within_four_errors(sample, expected):
    """Compare a mean with its exact value by the standard error that the sample shows."""
    error = np.std(sample) / math.sqrt(len(sample))
    assert np.mean(sample) == pytest.approx(expected, abs=4 * error)


def spectra_of(W):
    """Return all eigenvalues of W.T @ W of each matrix, ascending."""
    return np.linalg.svd(W, compute_uv=False)[:, ::-1] ** 2


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_sparse_elements(density):
    W = ensembles.sparse((200, 100), density=density, std=0.5, rng=1).W
    kept = W[W != 0]
    assert stats.binomtest(kept.size, W.size, density).pvalue > 1e-4
    assert stats.kstest(kept, stats.norm(scale=0.5 / math.sqrt(density)).cdf).pvalue > 1e-4


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_moments_of_sparse_matrices(shape, density):
    (N, M), std = shape, 0.5
    found = spectra_of(ensembles.sparse(shape, density=density, std=std, num=4000, rng=2).W)
    within_four_errors(found.sum(axis=1), std**2 * N * M)
    # pairs of one element, and of two in one row or column: E w^4 is 3 std^4 / p
    within_four_errors((found**2).sum(axis=1), std**4 * N * M * (3 / density + N + M - 2))


def test_edges_of_sparse_matrices():
    shape, density = (400, 200), 0.3
    sample = ensembles.sparse(shape, density=density, num=40, rng=3)
    assert (sample.lower_edge, sample.upper_edge) == pytest.approx(
        marchenko_pastur.edges(0.5, mean_eigenvalue=400.0)
    )
    found = spectra_of(sample.W)[:, -1]
    centre, width = tracy_widom.scale(*shape)
    shift = (3 / density - 3) / math.sqrt(400 * 200)
    # five standard errors of the mean, as the sample shows them, and the square of the shift
    error = 5 * np.std(found) / math.sqrt(40) + shift**2 * centre
    assert found.mean() == pytest.approx(centre * (1 + shift) + TW_MEAN * width, abs=error)


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.floats(0.01, 1), seeds)
def test_sparse_matrices_scale(shape, density, seed):
    one = ensembles.sparse(shape, density=density, num=2, rng=seed)
    other = ensembles.sparse(shape, density=density, num=2, std=0.25, rng=seed)
    assert one.W.shape == (2, *shape)
    np.testing.assert_array_equal(other.W, one.W / 4)
    assert other[1:3] == pytest.approx((one.lower_edge / 16, one.upper_edge / 16))


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    *(st.floats(1e-3, 1e3), st.none() | st.integers(1, 3), seeds),
)
def test_orthogonal_matrices_have_one_singular_value(shape, scale, num, seed):
    sample = ensembles.orthogonal(shape, scale=scale, num=num, rng=seed)
    assert sample.W.shape == (*(() if num is None else (num,)), *shape)
    short = sample.W if shape[0] >= shape[1] else sample.W.swapaxes(-1, -2)
    gram = short.swapaxes(-1, -2) @ short / scale**2
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(min(shape)), gram.shape), atol=1e-13)
    assert sample.lower_edge == sample.upper_edge == scale**2


@pytest.mark.parametrize("shape", [(6, 6), (6, 3), (3, 6), (1, 6)])
def test_orthogonal_matrices_are_uniform(shape):
    """The square of each element follows a beta distribution, as in a uniform unit vector."""
    W = ensembles.orthogonal(shape, num=2000, rng=4).W
    for row, column in ((0, 0), (shape[0] - 1, shape[1] - 1)):
        element = W[:, row, column]
        assert stats.kstest(element**2, stats.beta(0.5, 2.5).cdf).pvalue > 1e-4
        assert stats.binomtest(int((element > 0).sum()), 2000).pvalue > 1e-4


def test_orthogonal_matrices_against_scipy():
    W = ensembles.orthogonal((5, 5), num=2000, rng=5).W
    other = stats.ortho_group(5, seed=6).rvs(2000)
    for statistic in (
        lambda Q: np.trace(Q, axis1=1, axis2=2),
        lambda Q: np.trace(Q @ Q @ Q, axis1=1, axis2=2),
    ):
        assert stats.ks_2samp(statistic(W), statistic(other)).pvalue > 1e-4
    assert stats.binomtest(int((np.linalg.det(W) > 0).sum()), 2000).pvalue > 1e-4


# Edges from the discriminant of the polynomial that rmtool 1.0.0 (AtimesWish, transposeA) has for
# the Stieltjes transform; its eigenvalues are divided by the product of all sizes but the first.
RMTOOL = [
    ((60, 40), 2.020410288672876, 197.979589711327),
    ((50, 50, 50), 0.0, 16875.0),
    ((50, 50, 50, 50), 0.0, 1185185.1851851852),
    ((60, 40, 50), 8.727439575691786, 16573.18620643892),
    ((30, 60, 90), 250.25952895324684, 21485.320297330294),
    ((90, 30, 60), 250.25952895324733, 21485.32029733031),
    ((40, 40, 80), 0.0, 17744.271909999163),
]


@pytest.mark.parametrize(("sizes", "lower", "upper"), RMTOOL)
def test_edges_of_products_against_rmtool(sizes, lower, upper):
    sample = ensembles.product(sizes, std=0.5, rng=7)
    scale = 4.0 ** (1 - len(sizes))
    assert sample.W.shape == (sizes[0], sizes[-1])
    # the lower edge is a small difference, in their roots of a polynomial too
    assert sample.lower_edge == pytest.approx(scale * lower, rel=1e-11, abs=1e-11)
    assert sample.upper_edge == pytest.approx(scale * upper, rel=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_edges_of_square_products_are_those_of_fuss_and_catalan(k):
    sample = ensembles.product((7,) * (k + 1), rng=8)
    assert sample.lower_edge == 0
    assert sample.upper_edge == pytest.approx(7**k * (k + 1) ** (k + 1) / k**k, rel=1e-12)


@pytest.mark.parametrize("sizes", [(6, 4), (5, 3, 4), (3, 3, 3, 3), (2, 5, 1, 4)])
def test_moments_of_products(sizes):
    """
    A Gaussian factor G of n columns changes the traces of a symmetric A in a known way.

    With p = E tr A^2 and q = E (tr A)^2 those of G^T A G are n (n + 1) p + n q and n^2 q + 2 n p.
    """
    found = spectra_of(ensembles.product(sizes, num=20_000, rng=9).W)
    within_four_errors(found.sum(axis=1), math.prod(sizes))
    p, q = sizes[0], sizes[0] ** 2
    for n in sizes[1:]:
        p, q = n * (n + 1) * p + n * q, n**2 * q + 2 * n * p
    within_four_errors((found**2).sum(axis=1), p)
    within_four_errors(found.sum(axis=1) ** 2, q)


@pytest.mark.parametrize("sizes", [(150, 300, 200), (300, 150, 250), (200, 120, 120)])
def test_products_fill_the_interval_between_their_edges(sizes):
    sample = ensembles.product(sizes, num=10, rng=10)
    found = spectra_of(sample.W)[:, -min(sizes) :]
    # the end eigenvalues are off by some M^(-2/3) of the upper edge, by at most 4 of them
    near = 4 * min(sizes) ** (-2 / 3) * sample.upper_edge
    assert np.abs(found[:, -1] - sample.upper_edge).max() < near
    assert found[:, 0].min() > sample.lower_edge / 2
    if sample.lower_edge > 0:
        assert found[:, 0].max() < 2 * sample.lower_edge


@given(st.lists(st.integers(1, 12), min_size=2, max_size=5), st.integers(-20, 20), seeds)
def test_edges_of_products_scale_and_are_ordered(sizes, power, seed):
    one = ensembles.product(tuple(sizes), num=2, rng=seed)
    assert one.W.shape == (2, sizes[0], sizes[-1])
    assert 0 <= one.lower_edge < one.upper_edge
    # the mean of the nonzero eigenvalues lies between the edges
    assert one.lower_edge <= math.prod(sizes) / min(sizes) <= one.upper_edge
    # the order of the sizes does not change the nonzero eigenvalues
    turned = ensembles.product(tuple(sizes[::-1]), rng=seed)
    assert turned[1:3] == pytest.approx(one[1:3])
    other = ensembles.product(tuple(sizes), num=2, std=2.0**power, rng=seed)
    factors = len(list(pairwise(sizes)))
    np.testing.assert_array_equal(other.W, 2.0 ** (power * factors) * one.W)
    expected = (4.0 ** (power * factors) * edge for edge in one[1:3])
    assert other[1:3] == pytest.approx(tuple(expected))


def test_one_factor_is_a_gaussian_matrix():
    one, gaussian = ensembles.product((30, 20), rng=11), ensembles.gaussian((30, 20), rng=11)
    np.testing.assert_array_equal(one.W, gaussian.W)
    assert one[1:3] == pytest.approx(gaussian[1:3], rel=1e-12)


@pytest.mark.parametrize("alpha", [1.5, 2.5, 6.0])
def test_squared_strengths_follow_the_power_law(alpha):
    sample = ensembles.trained_like((12, 8), alpha=alpha, rank=5, weakest=2.0, num=400, rng=12)
    theta = sample.strengths
    assert theta.shape == (400, 5)
    assert (np.diff(theta, axis=1) <= 0).all()
    assert stats.kstest(theta.ravel() ** 2, stats.pareto(alpha - 1, scale=4).cdf).pvalue > 1e-4
    assert (sample.alpha, sample.spikes) == (alpha, ())


def test_the_signal_of_trained_matrices_is_what_was_planted():
    sample = ensembles.trained_like((9, 6), alpha=2.0, rank=3, weakest=1e5, std=2.0, num=4, rng=13)
    for W, left, right, theta in zip(
        sample.W, sample.left, sample.right, sample.strengths, strict=True
    ):
        np.testing.assert_allclose(left.T @ left, np.eye(3), atol=1e-13)
        planted = 2.0 * 3 * (left * theta) @ right.T
        # seven standard deviations of the noise, and rounding of the signal
        assert np.abs(W - planted).max() < 7 * 2.0 + 1e-14 * np.abs(planted).max()


@pytest.mark.parametrize("shape", [(600, 300), (300, 600)])
def test_spikes_of_trained_matrices(shape):
    std = 0.1
    sample = ensembles.trained_like(shape, alpha=3.0, rank=4, weakest=1.5, std=std, rng=14)
    assert sample.W.shape == shape
    values = eigenvalues(sample.W)
    expected = std**2 * 600 * signal.eigenvalue(sample.strengths, 0.5)
    assert sample.spikes == pytest.approx(expected)
    # a spike varies by 2 theta sigma^2 N^(1/2) at most, as its singular value does by sigma;
    # five of them, and finite rank and size, of order 1/M
    error = 5 * 2 * std * np.sqrt(expected) + expected / 100
    assert (np.abs(values[:-5:-1] - expected) < error).all()
    # beside them noise: Tracy and Widom's law has less than 1e-5 outside of -7 to 5
    width = std**2 * tracy_widom.scale(600, 300)[1]
    assert abs(values[-5] - sample.upper_edge) < 7 * width
    one = ensembles.trained_like(shape, alpha=3.0, rank=4, weakest=1.5, std=std, num=1, rng=14)
    np.testing.assert_array_equal(one.W[0], sample.W)
    np.testing.assert_array_equal(one.strengths[0], sample.strengths)


@pytest.mark.parametrize("alpha", [2.0, 3.0])
def test_the_largest_eigenvalues_of_trained_matrices_have_the_exponent(alpha):
    sample = ensembles.trained_like((400, 200), alpha=alpha, rank=40, weakest=8.0, num=10, rng=15)
    tail = spectra_of(sample.W)[:, -40:]
    # the mean of the logarithms over the start: exact for the strengths, with a relative standard
    # error of 400^(-1/2); 40 of 200 directions in noise add to each eigenvalue N (1 + M/N), 2 % of
    # the least, and repel one another by as much
    rate = np.mean(np.log(tail / (400 * 64.0)))
    assert rate == pytest.approx(1 / (alpha - 1), rel=5 / 20, abs=0.04)
    assert (
        stats.kstest((sample.strengths**2).ravel(), stats.pareto(alpha - 1, scale=64).cdf).pvalue
        > 1e-4
    )


@given(st.floats(1.1, 10), st.integers(1, 5), st.integers(-50, 50), seeds)
def test_trained_matrices_are_finite_and_scale(alpha, rank, power, seed):
    options = {"alpha": alpha, "rank": rank, "weakest": 0.5, "rng": seed}
    one = ensembles.trained_like((7, 5), **options)
    other = ensembles.trained_like((7, 5), **options, std=2.0**power)
    assert np.isfinite(one.W).all()
    np.testing.assert_array_equal(other.W, 2.0**power * one.W)
    np.testing.assert_array_equal(other.strengths, one.strengths)
    assert other.spikes == pytest.approx(tuple(4.0**power * np.array(one.spikes)))


def test_misuse():
    for density in (0.0, -0.1, 1.1, math.nan, "1"):
        with pytest.raises(ArgumentError, match="above 0 and at most 1, got"):
            ensembles.sparse((5, 3), density=density)  # type: ignore[arg-type]
    for scale in (0.0, -1.0, math.inf):
        with pytest.raises(ArgumentError, match="`scale` must be a finite number above 0"):
            ensembles.orthogonal((5, 3), scale=scale)
    for alpha in (1.0, math.nan, math.inf):
        with pytest.raises(ArgumentError, match=r"`alpha` must be a finite number from 1\.1"):
            ensembles.trained_like((5, 3), alpha=alpha, rank=1)
    for rank in (0, 4, 1.5):
        with pytest.raises(ArgumentError, match="`rank` must be a whole number, at least 1 and at"):
            ensembles.trained_like((5, 3), alpha=2.0, rank=rank)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`weakest` must be"):
        ensembles.trained_like((5, 3), alpha=2.0, rank=1, weakest=0.0)
    for sizes in ((5,), [5, 3], 5):
        with pytest.raises(ArgumentError, match=r"`sizes` must be \(rows, ..., columns\)"):
            ensembles.product(sizes)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"`sizes\[1\]` must be a whole number, at least 1"):
        ensembles.product((5, 0, 3))
