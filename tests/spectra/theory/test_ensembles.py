"""Random matrices: their elements, their edges, their spikes, against theory and scipy."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.noise import marchenko_pastur
from spectra.theory import ensembles

TW_MEAN, TW_VARIANCE = -1.206534, 1.60778  # of Tracy and Widom's first law, exact values


def rng(seed=0):
    return np.random.default_rng(seed)


def upper_scale(N, M):
    """Return what the largest eigenvalue of noise is off by; Johnstone (2001)."""
    return (N**0.5 + M**0.5) * (N**-0.5 + M**-0.5) ** (1 / 3)


def lower_scale(N, M):
    """Return what the smallest eigenvalue is off by, in the other direction."""
    return (N**0.5 - M**0.5) * (M**-0.5 - N**-0.5) ** (1 / 3)


FAMILIES = [
    (lambda shape, rng: ensembles.gaussian(shape, std=0.5, rng=rng), stats.norm(scale=0.5)),
    (lambda shape, rng: ensembles.student_t(shape, df=3.0, rng=rng), stats.t(3.0)),
    (lambda shape, rng: ensembles.pareto(shape, mu=1.5, rng=rng), stats.lomax(1.5)),
    (lambda shape, rng: ensembles.levy(shape, mu=1.0, rng=rng), stats.cauchy),
    (lambda shape, rng: ensembles.levy(shape, mu=2.0, rng=rng), stats.norm(scale=2**0.5)),
]


@pytest.mark.parametrize(("draw", "law"), FAMILIES)
def test_elements_have_their_distribution(draw, law):
    W = draw((200, 100), rng()).W
    assert W.shape == (200, 100)
    assert W.dtype == np.float64
    assert stats.kstest(W.ravel(), law.cdf).pvalue > 1e-4


def test_signs_are_even_and_independent_of_size():
    W = ensembles.symmetric_pareto((200, 100), mu=1.5, rng=rng()).W.ravel()
    assert stats.kstest(np.abs(W), stats.lomax(1.5).cdf).pvalue > 1e-4
    assert stats.binomtest(int((W > 0).sum()), W.size).pvalue > 1e-4
    assert stats.ks_2samp(W[W > 0], -W[W < 0]).pvalue > 1e-4


@pytest.mark.parametrize("mu", [0.8, 1.3, 1.8])
def test_stable_elements_against_scipy(mu):
    W = ensembles.levy((400, 100), mu=mu, rng=rng()).W.ravel()
    for x in (-3.0, -0.5, 0.0, 1.0, 10.0):
        F = float(stats.levy_stable(mu, 0).cdf(x))
        # five standard errors of a share
        share = float(np.less_equal(W, x).mean())
        assert share == pytest.approx(F, abs=5 * math.sqrt(F * (1 - F) / W.size))


@pytest.mark.parametrize("shape", [(400, 200), (200, 400), (500, 100)])
def test_edges_of_gaussian_noise(shape):
    N, M = max(shape), min(shape)
    generator = rng()
    samples = [ensembles.gaussian(shape, std=0.1, rng=generator) for _ in range(20)]
    ends = np.array([eigenvalues(s.W)[[0, -1]] for s in samples])
    lower = (samples[0].lower_edge - ends[:, 0]) / (0.01 * lower_scale(N, M))
    upper = (ends[:, 1] - samples[0].upper_edge) / (0.01 * upper_scale(N, M))
    # five standard errors of a mean of 20, and finite size: Johnstone's centre has N - 1 for N,
    # with Ma's (2012) halves for both the ends shift by (1 + Q^(1/2)) (1 + Q^(-1/2)) / 2
    error = 5 * math.sqrt(TW_VARIANCE / 20)
    Q = N / M
    assert upper.mean() == pytest.approx(
        TW_MEAN, abs=error + (1 + Q**0.5) * (1 + Q**-0.5) / 2 / upper_scale(N, M)
    )
    assert lower.mean() == pytest.approx(
        TW_MEAN, abs=error + (Q**0.5 - 1) * (1 - Q**-0.5) / 2 / lower_scale(N, M)
    )


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda shape: ensembles.student_t(shape, df=12.0, rng=rng()), stats.t(12.0)),
        (lambda shape: ensembles.pareto(shape, mu=30.0, rng=rng()), stats.lomax(30.0)),
        (lambda shape: ensembles.levy(shape, mu=2.0, rng=rng()), stats.norm(scale=2**0.5)),
    ],
)
def test_edges_of_other_elements_are_those_of_their_variance(draw, law):
    sample = draw((400, 200))
    mean = 400 * law.var()
    assert (sample.lower_edge, sample.upper_edge) == pytest.approx(
        marchenko_pastur.edges(0.5, mean_eigenvalue=mean)
    )
    assert math.isnan(sample.alpha)
    values = eigenvalues(sample.W)
    bulk = values[: len(values) - len(sample.spikes)]
    # Tracy and Widom's law has less than 1e-5 outside of -7 to 5
    assert abs(bulk[-1] - sample.upper_edge) < 7 * law.var() * upper_scale(400, 200)
    assert abs(bulk[0] - sample.lower_edge) < 7 * law.var() * lower_scale(400, 200)


def test_symmetric_pareto_has_the_second_moment_of_one_sided():
    sample = ensembles.symmetric_pareto((400, 200), mu=30.0, rng=rng())
    second = stats.lomax(30.0).moment(2)
    edges = marchenko_pastur.edges(0.5, mean_eigenvalue=400 * second)
    assert sample.upper_edge == pytest.approx(edges[1])
    largest = eigenvalues(sample.W)[-1]
    assert abs(largest - sample.upper_edge) < 7 * second * upper_scale(400, 200)


@pytest.mark.parametrize("mu", [0.5, 2.0, 4.0, 4.5])
def test_the_tail_index_decides_between_edges_and_alpha(mu):
    shape = (9, 5)
    drawn = [
        ensembles.student_t(shape, df=mu, rng=rng()),
        ensembles.pareto(shape, mu=mu, rng=rng()),
        ensembles.symmetric_pareto(shape, mu=mu, rng=rng()),
    ]
    drawn += [ensembles.levy(shape, mu=mu, rng=rng())] if mu < 2 else []
    for sample in drawn:
        if mu <= 4:
            assert sample.alpha == 1 + mu / 2
            assert math.isnan(sample.lower_edge)
            assert math.isnan(sample.upper_edge)
        else:
            assert math.isnan(sample.alpha)
            assert 0 < sample.lower_edge < sample.upper_edge


@pytest.mark.parametrize("mu", [6.0, 10.0])
def test_the_mean_of_one_sided_elements_is_a_spike(mu):
    N, M = 600, 300
    generator = rng()
    samples = [ensembles.pareto((N, M), mu=mu, rng=generator) for _ in range(20)]
    found = [eigenvalues(s.W)[-1] for s in samples]
    law = stats.lomax(mu)
    (spike,) = samples[0].spikes
    assert spike == pytest.approx(
        law.mean() ** 2 * N * M + law.var() * (N + M) + law.var() ** 2 / law.mean() ** 2
    )
    # the singular value varies as the mean of the elements times sqrt(NM) does: by their standard
    # deviation; five standard errors of the mean of 20
    error = 2 * math.sqrt(spike) * law.std() / math.sqrt(20)
    assert np.mean(found) == pytest.approx(spike, abs=5 * error)
    assert len(ensembles.pareto((N, M), mu=3.0, rng=rng()).spikes) == 1
    assert ensembles.pareto((N, M), mu=2.0, rng=rng()).spikes == ()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(400, 200), (200, 400)])
def test_planted_directions_are_where_theory_has_them(shape):
    N, ratio, std, num = 400, 0.5, 0.3, 40
    strengths = [1.2, 0.75, 3.0]
    generator = rng()
    samples = [
        ensembles.spiked(shape, strengths=strengths, std=std, rng=generator) for _ in range(num)
    ]
    seen = np.array([3.0, 1.2]) ** 2
    expected = std**2 * N * (1 + seen) * (ratio + seen) / seen
    assert samples[0].spikes == pytest.approx(expected)  # 0.75 is below 0.5^(1/4) = 0.84
    long = 1 - (ratio + seen) / (seen * (seen + 1))  # squared cosines of the longer side's vectors
    short = 1 - ratio * (1 + seen) / (seen * (seen + ratio))
    values, overlaps = [], []
    for sample in samples:
        U, sv, Vt = np.linalg.svd(sample.W, full_matrices=False)
        values.append(sv[:2] ** 2)
        pair = [(U.T @ sample.left)[[0, 1], [2, 0]], (Vt @ sample.right)[[0, 1], [2, 0]]]
        overlaps.append(np.square(pair if shape[0] > shape[1] else pair[::-1]))
    # five standard errors of the mean, as the matrices show them, and finite size, of order 1/M
    error = 5 * np.std(values, axis=0, ddof=1) / math.sqrt(num)
    assert (np.abs(np.mean(values, axis=0) - expected) < error + expected / 200).all()
    error = 5 * np.std(overlaps, axis=0, ddof=1) / math.sqrt(num)
    assert (np.abs(np.mean(overlaps, axis=0) - [long, short]) < error + 1 / 200).all()


def test_planted_directions_are_orthonormal_and_of_all_signs():
    generator = rng()
    signs = []
    for _ in range(200):
        sample = ensembles.spiked((7, 4), strengths=[1.0, 2.0], rng=generator)
        np.testing.assert_allclose(sample.left.T @ sample.left, np.eye(2), atol=1e-12)
        np.testing.assert_allclose(sample.right.T @ sample.right, np.eye(2), atol=1e-12)
        signs.append(sample.left[0, 0] * sample.right[0, 0] > 0)
    assert stats.binomtest(sum(signs), 200).pvalue > 1e-4


def test_strength_is_a_singular_value_over_that_of_the_scale():
    """Beside a strength of 1e6 the noise is nothing."""
    sample = ensembles.spiked((50, 20), strengths=[1e6], std=2.0, rng=rng())
    planted = 1e6 * 2.0 * math.sqrt(50) * sample.left @ sample.right.T
    # an element of noise beyond 7 standard deviations has probability 1e-12
    assert np.abs(sample.W - planted).max() < 7 * 2.0
    assert ensembles.spiked((5, 4), strengths=[], rng=rng()).spikes == ()


@given(
    st.integers(1, 60),
    st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60),
    st.floats(1e-6, 1e6),
)
def test_edges_of_correlated_columns_scale_and_are_ordered(rows, population, scale):
    shape = (rows, len(population))
    one = ensembles.correlated(shape, population=population, rng=rng())
    other = ensembles.correlated(shape, population=scale * np.array(population), rng=rng())
    ends = (one.lower_edge, one.upper_edge)
    # where rows and columns are nearly as many the lower edge is a difference, of eps times the top
    assert (other.lower_edge, other.upper_edge) == pytest.approx(
        (scale * ends[0], scale * ends[1]), rel=1e-7, abs=1e-12 * scale * ends[1]
    )
    # the mean of the nonzero eigenvalues lies between the edges
    assert ends[0] <= rows * np.sum(population) / min(shape) <= ends[1]
    # columns of more variance do not lower the edges: those of the smallest and largest for all
    assert ends[1] <= max(population) * (math.sqrt(rows) + math.sqrt(shape[1])) ** 2 * (1 + 1e-9)
    least = min(population) * (math.sqrt(rows) - math.sqrt(shape[1])) ** 2
    assert ends[0] >= least * (1 - 1e-7) - 1e-12 * ends[1]


@pytest.mark.parametrize("shape", [(800, 200), (200, 800), (300, 300), (1, 1), (1, 5), (5, 1)])
def test_equal_columns_follow_marchenko_and_pastur(shape):
    sample = ensembles.correlated(shape, population=np.full(shape[1], 3.0), rng=rng())
    N, M = max(shape), min(shape)
    edges = marchenko_pastur.edges(M / N, mean_eigenvalue=3.0 * N)
    assert (sample.lower_edge, sample.upper_edge) == pytest.approx(edges, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(800, 200), (200, 800)])
def test_edges_of_correlated_columns_against_the_fixed_point(shape):
    """The density, from Silverstein's equation by iteration, ends at the edges."""
    population = np.repeat([1.0, 4.0, 5.0], [shape[1] // 2, shape[1] // 4, shape[1] // 4])
    sample = ensembles.correlated(shape, population=population, rng=rng())

    def density(x):
        z, m = complex(x / shape[0], 1e-9), 1j
        for _ in range(20_000):
            m = 0.5 * m + 0.5 / (-z + np.sum(population / (1 + population * m)) / shape[0])
        return m.imag

    # it rises as a square root: within a hundredth of the edge it is a tenth of the bulk's
    for edge, inwards in ((sample.lower_edge, 1.01), (sample.upper_edge, 0.99)):
        assert density(edge * inwards) > 1e-3
        assert density(edge / inwards) < 1e-5


def test_edges_of_correlated_columns_against_matrices():
    population = np.repeat([1.0, 4.0], 100)
    generator = rng()
    samples = [
        ensembles.correlated((600, 200), population=population, rng=generator) for _ in range(20)
    ]
    largest = [eigenvalues(s.W)[-1] for s in samples]
    # El Karoui's (2007) scale, c solving sum (t c / (1 - t c))^2 = n, found by bisection
    low, high = 0.0, 0.25
    for _ in range(60):
        c = (low + high) / 2
        factors = population * c / (1 - population * c)
        low, high = (low, c) if np.sum(factors**2) > 600 else (c, high)
    scale = 600 ** (1 / 3) * (1 + np.sum(factors**3) / 600) ** (1 / 3) / c
    t = (np.array(largest) - samples[0].upper_edge) / scale
    # five standard errors of the mean of 20, and finite size, n^(-1/3) = 0.12 of a spread
    assert t.mean() == pytest.approx(TW_MEAN, abs=5 * math.sqrt(TW_VARIANCE / 20) + 0.12)
    # the covariance itself: the variance of a column has relative error sqrt(2 / n)
    variance = np.mean([np.mean(s.W**2, axis=0) for s in samples], axis=0)
    np.testing.assert_allclose(variance, population, rtol=5 * math.sqrt(2 / (600 * 20)))


def test_semicircle():
    generator = rng()
    samples = [ensembles.wigner(300, std=0.5, rng=generator) for _ in range(20)]
    W = samples[0].W
    np.testing.assert_array_equal(W, W.T)
    above, on = W[np.triu_indices(300, 1)], np.diagonal(W)
    assert stats.kstest(above, stats.norm(scale=0.5).cdf).pvalue > 1e-4
    assert stats.kstest(on, stats.norm(scale=0.5 * 2**0.5).cdf).pvalue > 1e-4
    ends = np.array([np.linalg.eigvalsh(s.W)[[0, -1]] for s in samples])
    # n^(-1/6) sigma times Tracy and Widom's law; five standard errors, and n^(-1/3) of a spread
    scale = 0.5 * 300 ** (-1 / 6)
    error = 5 * math.sqrt(TW_VARIANCE / 20) + 300 ** (-1 / 3)
    assert np.mean(ends[:, 1] - samples[0].upper_edge) / scale == pytest.approx(TW_MEAN, abs=error)
    assert np.mean(samples[0].lower_edge - ends[:, 0]) / scale == pytest.approx(TW_MEAN, abs=error)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (12, 12)])
def test_eigenvalues_without_the_matrix_are_distributed_as_with_it(shape):
    without = ensembles.laguerre(shape, num=1000, std=0.5, rng=rng(1))
    generator = rng(2)
    direct = np.array(
        [eigenvalues(ensembles.gaussian(shape, std=0.5, rng=generator).W) for _ in range(1000)]
    )
    assert without.shape == direct.shape
    assert (np.diff(without, axis=1) >= 0).all()
    for statistic in (
        *(lambda x: x[:, 0], lambda x: x[:, -1], lambda x: x[:, 5]),
        lambda x: np.log(x).sum(axis=1),
    ):
        assert stats.ks_2samp(statistic(without), statistic(direct)).pvalue > 1e-4


@pytest.mark.parametrize("shape", [(40, 15), (7, 7), (5, 1), (1, 5), (1, 1)])
def test_moments_of_eigenvalues_without_the_matrix(shape):
    num, elements = 4000, shape[0] * shape[1]
    found = ensembles.laguerre(shape, num=num, rng=rng())
    assert found.shape == (num, min(shape))
    trace = found.sum(axis=1)
    # the trace is a sum of squares: chi-square, of mean N M and variance 2 N M
    assert stats.kstest(trace, stats.chi2(elements).cdf).pvalue > 1e-4
    assert trace.mean() == pytest.approx(elements, abs=5 * math.sqrt(2 * elements / num))
    # E tr (W^T W)^2 = N M (N + M + 1); five standard errors, as the sample shows them
    squares = (found**2).sum(axis=1)
    error = 5 * squares.std() / math.sqrt(num)
    assert squares.mean() == pytest.approx(elements * (sum(shape) + 1), abs=error)


ALL: dict[str, dict[str, Any]] = {
    "gaussian": {},
    "student_t": {"df": 3.0},
    "pareto": {"mu": 3.0},
    "symmetric_pareto": {"mu": 3.0},
    "levy": {"mu": 1.5},
    "spiked": {"strengths": [2.0]},
    "correlated": {"population": [1.0, 2.0, 3.0]},
    "sparse": {"density": 0.5},
    "orthogonal": {},
    "trained_like": {"alpha": 2.0, "rank": 2},
    "laguerre": {},
}


@pytest.mark.parametrize("name", ALL)
def test_a_seed_decides(name):
    draw, options = getattr(ensembles, name), ALL[name]

    def matrix(random):
        found = draw((5, 3), **options, rng=random)
        return found if name == "laguerre" else found.W

    np.testing.assert_array_equal(matrix(rng(1)), matrix(rng(1)))
    np.testing.assert_array_equal(matrix(1), matrix(rng(1)))
    np.testing.assert_array_equal(matrix(np.int64(1)), matrix(1))
    assert not np.array_equal(matrix(1), matrix(2))
    assert not np.array_equal(matrix(None), matrix(None))
    assert np.isfinite(matrix(1)).all()


def test_a_seed_decides_on_a_symmetric_matrix_too():
    W = ensembles.wigner(5, rng=1).W
    np.testing.assert_array_equal(W, ensembles.wigner(5, rng=rng(1)).W)
    assert not np.array_equal(W, ensembles.wigner(5).W)


MATRICES = [name for name in ALL if name != "laguerre"]


@pytest.mark.parametrize("name", [name for name in MATRICES if name != "trained_like"])
def test_a_single_matrix_is_the_first_of_a_stack_of_one(name):
    draw, options = getattr(ensembles, name), ALL[name]
    one, stack = draw((5, 3), **options, rng=1), draw((5, 3), **options, num=1, rng=1)
    assert stack.W.shape == (1, 5, 3)
    for single, many in zip(one, stack, strict=True):
        if isinstance(single, np.ndarray) and single.ndim == 2 and single.size:
            np.testing.assert_array_equal(many, single[None])
        else:
            np.testing.assert_array_equal(many, single)


# an element of a single matrix of `rng=1`, as drawn before there were stacks
LAST = {
    "gaussian": -0.48211931267997826,
    "student_t": -1.1218938635979518,
    "pareto": 0.29963723173319484,
    "symmetric_pareto": -0.3493117858680658,
    "levy": -1.8963658446484806,
    "spiked": -1.5435533807396058,
    "correlated": -0.8350551448719084,
    "wigner": 0.5741314631120921,
}


@pytest.mark.parametrize("name", LAST)
def test_a_single_matrix_stays_the_same(name):
    size = 5 if name == "wigner" else (5, 3)
    W = getattr(ensembles, name)(size, **ALL.get(name, {}), rng=1).W
    assert W[4, 2] == pytest.approx(LAST[name], rel=1e-12)  # QR and powers round to the platform


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_of_a_stack_are_independent_draws(name):
    draw, options = getattr(ensembles, name), ALL[name]
    stack = draw((5, 3), **options, num=500, rng=3)
    assert stack.W.shape == (500, 5, 3)
    generator = rng(4)
    singles = np.array([draw((5, 3), **options, rng=generator).W for _ in range(500)])
    for statistic in (lambda W: W[:, 0, 0], lambda W: np.log(np.linalg.norm(W, axis=(1, 2)))):
        found = statistic(stack.W)
        assert stats.ks_2samp(found, statistic(singles)).pvalue > 1e-4
        ranks = stats.rankdata(found)  # neighbours: five standard errors of a rank correlation
        assert abs(np.corrcoef(ranks[1:], ranks[:-1])[0, 1]) < 5 / math.sqrt(499)


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.none() | st.integers(1, 3),
    *(st.integers(-100, 100), st.integers(0, 2**32)),
)
def test_gaussian_matrices_scale_with_their_deviation(shape, num, power, seed):
    std, stack = 2.0**power, () if num is None else (num,)
    strengths = [1.5] * min(shape)
    for draw in (
        partial(ensembles.gaussian, shape),
        partial(ensembles.spiked, shape, strengths=strengths),
        partial(ensembles.wigner, shape[0]),
    ):
        one, other = draw(num=num, rng=seed), draw(num=num, rng=seed, std=std)
        assert one.W.shape[:-2] == stack
        assert np.isfinite(one.W).all()
        np.testing.assert_array_equal(other.W, std * one.W)
        assert other.spikes == pytest.approx(tuple(std**2 * np.array(one.spikes)))
        ends = (one.lower_edge, one.upper_edge)
        unit = std if one.lower_edge < 0 else std**2
        assert (other.lower_edge, other.upper_edge) == pytest.approx(tuple(unit * np.array(ends)))


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.none() | st.integers(1, 3),
    *(st.floats(0.5, 20), st.integers(0, 2**32)),
)
def test_heavy_tailed_matrices_are_finite(shape, num, mu, seed):
    whole = (*(() if num is None else (num,)), *shape)
    for sample in (
        ensembles.student_t(shape, df=mu, num=num, rng=seed),
        ensembles.pareto(shape, mu=mu, num=num, rng=seed),
        ensembles.symmetric_pareto(shape, mu=mu, num=num, rng=seed),
        ensembles.levy(shape, mu=min(mu, 2.0), num=num, rng=seed),
    ):
        assert sample.W.shape == whole
        assert np.isfinite(sample.W).all()
        assert math.isnan(sample.alpha) == (sample.upper_edge > 0)


def test_a_stack_of_symmetric_matrices():
    stack = ensembles.wigner(4, num=3, rng=1)
    np.testing.assert_array_equal(stack.W, stack.W.swapaxes(1, 2))
    np.testing.assert_array_equal(
        ensembles.wigner(4, num=1, rng=1).W[0], ensembles.wigner(4, rng=1).W
    )
    assert (stack.lower_edge, stack.upper_edge) == (-4.0, 4.0)


def test_every_matrix_of_a_stack_has_directions_of_its_own():
    strengths = [1e6, 1e5]
    stack = ensembles.spiked((7, 4), strengths=strengths, num=3, rng=1)
    assert stack.left.shape == (3, 7, 2)
    assert stack.right.shape == (3, 4, 2)
    np.testing.assert_array_equal(stack.strengths, strengths)
    for W, left, right in zip(stack.W, stack.left, stack.right, strict=True):
        planted = math.sqrt(7) * (left * strengths) @ right.T
        assert np.abs(W - planted).max() < 7  # seven standard deviations: probability 1e-12
    assert np.abs(stack.left[0] - stack.left[1]).max() > 0.1


@pytest.mark.parametrize("name", [*MATRICES, "wigner"])
def test_misuse_of_num(name):
    size = 5 if name == "wigner" else (5, 3)
    for num in (0, -1, 1.5, True, "1"):
        with pytest.raises(ArgumentError, match="`num` must be None or a whole number, at least 1"):
            getattr(ensembles, name)(size, **ALL.get(name, {}), num=num)


@pytest.mark.parametrize("name", ALL)
def test_misuse_of_shape_and_generator(name):
    draw, options = getattr(ensembles, name), ALL[name]
    for shape in ((0, 3), (5, -3), (5.0, 3), (True, 3)):
        with pytest.raises(ArgumentError, match="must be a whole number, at least 1"):
            draw(shape, **options, rng=rng())
    for no_shape in (5, (5,), (5, 3, 1), "53"):
        with pytest.raises(ArgumentError, match="`shape` must be"):
            draw(no_shape, **options, rng=rng())
    for no_generator in (-1, 1.5, True, "0", np.random.RandomState(0)):
        with pytest.raises(ArgumentError, match="`rng` must be"):
            draw((5, 3), **options, rng=no_generator)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf, "1"])
def test_misuse_of_numbers(wrong):
    shape = (5, 3)
    for name in ("gaussian", "spiked", "sparse", "trained_like", "laguerre"):
        with pytest.raises(ArgumentError, match="`std` must be a finite number above 0"):
            getattr(ensembles, name)(shape, **(ALL[name] | {"std": wrong}), rng=rng())
    with pytest.raises(ArgumentError, match="`std` must be"):
        ensembles.wigner(5, std=wrong, rng=rng())
    with pytest.raises(ArgumentError, match="`df` must be"):
        ensembles.student_t(shape, df=wrong, rng=rng())
    for name in ("pareto", "symmetric_pareto", "levy"):
        with pytest.raises(ArgumentError, match="`mu` must be"):
            getattr(ensembles, name)(shape, mu=wrong, rng=rng())
    if wrong != "1":
        with pytest.raises(ArgumentError, match="`population` must be 3 finite numbers"):
            ensembles.correlated(shape, population=[1.0, 2.0, wrong], rng=rng())


def test_misuse_of_the_rest():
    with pytest.raises(ArgumentError, match=r"above 0 and at most 2, got 2\.1"):
        ensembles.levy((5, 3), mu=2.1, rng=rng())
    for strengths in ([-1.0], [math.nan], [math.inf], [[1.0, 2.0]]):
        with pytest.raises(ArgumentError, match="`strengths` must be finite"):
            ensembles.spiked((5, 3), strengths=strengths, rng=rng())  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="at most as many as the shorter side, got 4"):
        ensembles.spiked((5, 3), strengths=[1.0] * 4, rng=rng())
    with pytest.raises(ArgumentError, match="`population` must be 3 finite numbers"):
        ensembles.correlated((5, 3), population=[1.0, 2.0], rng=rng())
    with pytest.raises(ArgumentError, match="`size` must be a whole number"):
        ensembles.wigner(0, rng=rng())
    with pytest.raises(ArgumentError, match="`num` must be a whole number"):
        ensembles.laguerre((5, 3), num=0, rng=rng())
