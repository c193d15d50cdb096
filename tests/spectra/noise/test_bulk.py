"""The bulk: variance, edges and goodness of fit, on noise whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import spectra
from spectra.errors import ArgumentError
from spectra.noise import bulk, marchenko_pastur
from spectra.theory import ensembles

shapes = st.tuples(st.integers(20, 60), st.floats(1.0, 20.0)).map(
    lambda s: (int(s[0] * s[1]), s[0])
)


def noise(shape, seed, num=1, std=1.0):
    return ensembles.laguerre(shape, num=num, std=std, rng=np.random.default_rng(seed))


@given(shapes, st.integers(0, 99), st.floats(1e-3, 1e3))
def test_variance_of_noise_of_any_shape(shape, seed, std):
    """The error of the mean eigenvalue is sqrt(2 / NM) sigma^2; BEMA may be three times worse."""
    N, M = shape
    (values,) = noise(shape, seed, std=std)
    assert bulk.bema(values, N) == pytest.approx(std**2, rel=15 * math.sqrt(2 / (N * M)))


@pytest.mark.parametrize("shape", [(20, 20), (100, 100), (200, 100), (800, 100)])
def test_variance_has_no_bias(shape):
    N, M = shape
    found = [bulk.bema(values, N) for values in noise(shape, 1, num=400)]
    standard_error = np.std(found) / 20
    # to second order in 1/M: what is left is of the third, below 3 / M**2
    assert np.mean(found) == pytest.approx(1.0, abs=5 * standard_error + 3 / M**2)


def test_first_order_quantiles_would_be_biased():
    """What the correction is for: without it square noise reads low by 0.1 / M and more."""
    M = 50
    values = noise((M, M), 2, num=4000).mean(axis=0)
    ranks = np.arange(11, 41)
    q = marchenko_pastur.isf(1 - (ranks - 0.5) / M, 1.0)
    naive = q @ values[ranks - 1] / (q @ q) / M
    # one estimate scatters by 0.034, as measured: the mean of 4,000 by 0.0005, a quarter of this
    assert naive < 1 - 0.1 / M
    assert bulk.bema(values, M) == pytest.approx(1.0, abs=0.1 / M)


@pytest.mark.parametrize("num", [1, 5, 20])
def test_spikes_do_not_move_the_variance(num):
    """A fifth of the eigenvalues may be anything."""
    (values,) = noise((400, 200), 3)
    spiked = np.concatenate([values[:-num], values[-num:] + 1e6])
    assert bulk.bema(spiked, 400) == bulk.bema(values, 400)


@given(st.floats(1e-6, 1e6))
def test_everything_scales_with_the_weights(factor):
    (values,) = noise((100, 50), 4)
    one, other = bulk.fit(values, 100), bulk.fit(values * factor, 100)
    assert other[:3] == pytest.approx([factor * number for number in one[:3]], rel=1e-12)
    assert other[3:] == pytest.approx(one[3:], rel=1e-9)


@pytest.mark.parametrize("shape", [(300, 300), (300, 100), (900, 100)])
def test_edges_are_those_of_the_law_for_the_variance(shape):
    N, M = shape
    (values,) = noise(shape, 5)
    found = bulk.fit(values, N)
    root = math.sqrt(M / N)
    scale = found.variance * N
    edges = [scale * (1 - root) ** 2, scale * (1 + root) ** 2]
    assert [found.lower, found.upper] == pytest.approx(edges, rel=1e-12)


@pytest.mark.parametrize("kurtosis", [0.0, 4.0])
def test_distance_against_a_naive_loop(kurtosis):
    (values,) = noise((60, 30), 6)
    loop = 0.0
    for k, x in enumerate(values):
        theta = math.acos(min(1.0, max(-1.0, (x / 60 - 1.5) / (2 * math.sqrt(0.5)))))
        moved = kurtosis * math.sin(2 * theta) / (2 * math.pi * 30)
        model = marchenko_pastur.cdf(x / 60, 0.5).item() - moved
        loop = max(loop, abs(model - k / 30), abs((k + 1) / 30 - model))
    found = bulk.distance(values, 60, variance=1.0, kurtosis=kurtosis)
    assert found == pytest.approx(loop, rel=1e-12)


def _sparse(shape, kept, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * (rng.random(shape) < kept)


def test_kurtosis_moves_the_law():
    """Eigenvalues counted in 400 sparse and 400 normal matrices, at the peaks of the shift."""
    shape, kept, num = (120, 60), 0.3, 400
    M, ratio, kurtosis = shape[1], 0.5, 3 * (1 / kept - 1)
    angles = np.array([math.pi / 4, math.pi / 2, 3 * math.pi / 4])
    points = (1 + ratio + 2 * math.sqrt(ratio) * np.cos(angles)) * shape[0]
    counts = []
    for share in (kept, 1.0):
        values = (
            np.linalg.eigvalsh(W.T @ W) for W in (_sparse(shape, share, s) for s in range(num))
        )
        counts.append([np.searchsorted(found / share, points) for found in values])
    shift = np.mean(counts[0], axis=0) - np.mean(counts[1], axis=0)
    error = np.sqrt(np.var(counts, axis=1).sum(axis=0) / num)
    expected = -kurtosis * np.sin(2 * angles) / (2 * math.pi)
    # what is left is of the second order: kurtosis / M times smaller than the largest shift
    assert shift == pytest.approx(expected, abs=4 * error.max() + kurtosis / M)
    assert abs(expected[0]) > 1.0 > 8 * error.max()


@pytest.mark.parametrize("kept", [0.5, 0.2, 0.1])
def test_sparse_noise_has_a_bulk_that_fits(kept):
    """Without the shift every matrix of which nine tenths are pruned has p below 1e-4."""
    found = [spectra.spectrum(_sparse((600, 300), kept, seed)) for seed in range(6)]
    assert all(bulk.fit(one).p > 1e-4 for one in found)
    if kept == 0.1:
        assert all(bulk.fit(one, kurtosis=0.0).p < 1e-4 for one in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape", [(20, 20), (64, 64), (100, 50), (800, 100), (300, 300)], ids=lambda s: f"{s[0]}x{s[1]}"
)
def test_p_of_noise_is_uniform_to_a_factor_of_two(shape):
    num = 400
    p = np.array([bulk.fit(values, shape[0]).p for values in noise(shape, 7, num=num)])
    for level in (0.5, 0.1, 0.05):
        rejected = int(np.sum(p < level))
        assert binom.ppf(1e-4, num, level / 2) <= rejected
        assert rejected <= binom.ppf(1 - 1e-4, num, 2 * level if level < 0.5 else 0.6)


def test_correlated_columns_are_no_noise():
    population = np.linspace(0.2, 2, 200)
    sample = ensembles.correlated((400, 200), population=population, rng=np.random.default_rng(8))
    assert bulk.fit(np.linalg.eigvalsh(sample.W.T @ sample.W), 400).p < 1e-6


@pytest.mark.parametrize(
    "values", [np.ones(7), np.zeros(20), np.r_[np.zeros(15), np.ones(5)], [np.nan] * 9]
)
def test_no_bulk_no_numbers(values):
    found = bulk.fit(values, 20)
    assert all(math.isnan(number) for number in found)
    assert math.isnan(bulk.p_value(math.nan, 100))


@pytest.mark.parametrize("num", [5, 30, 150])
def test_dead_columns_and_rows_are_no_part_of_the_noise(num):
    """Their eigenvalues are zero; the others are those of the smaller matrix."""
    W = np.random.default_rng(9).standard_normal((300, 200))
    W[:, :num] = 0
    small = bulk.fit(spectra.eigenvalues(W[:, num:]), 300)
    found = spectra.spectrum(W)
    assert list(bulk.fit(found.eigenvalues, 300)) == pytest.approx(list(small), rel=1e-6)
    W[: 2 * num] = 0 if num < 150 else W[: 2 * num]
    live = spectra.spectrum(W)
    assert live.sides == [max(int((W != 0).any(axis=a).sum()) for a in (0, 1))]
    assert spectra.measures.bulk_fit(live)["num_spikes"] == 0


@pytest.mark.parametrize("shape", [(100, 100), (150, 100)])
def test_measures_of_a_layer_with_dead_lines_are_those_of_the_rest(shape):
    W = np.zeros((600, 200))
    W[: shape[0], : shape[1]] = np.random.default_rng(11).standard_normal(shape)
    whole, rest = spectra.spectrum(W), spectra.spectrum(W[: shape[0], : shape[1]])
    for measure in (spectra.measures.bulk_fit, spectra.measures.spike_signals):
        one, other = measure(whole), measure(rest)
        for name in one:
            expected = np.nan_to_num(other[name])[()]
            found = np.nan_to_num(np.atleast_1d(one[name])[: np.size(other[name])])
            assert found == pytest.approx(np.atleast_1d(expected), rel=1e-6), name


def test_what_are_no_eigenvalues_of_one_matrix():
    W = np.random.default_rng(0).standard_normal((30, 20))
    with pytest.raises(ArgumentError, match="must be those of one matrix, 1-D, got shape"):
        bulk.fit(W, 30)
    with pytest.raises(ArgumentError, match="must not be negative, got -"):
        bulk.fit(W[0], 30)
    with pytest.raises(ArgumentError, match="`N` must be the longer side of the matrix, a whole"):
        bulk.fit(np.ones(20), 0)
    for num_spikes in (-1, 21, 1.0):
        with pytest.raises(ArgumentError, match=r"`num_spikes` .* at least 0 and at most 20, got"):
            bulk.fit(np.ones(20), 20, num_spikes=num_spikes)  # type: ignore[arg-type]


def test_wrong_arguments():
    with pytest.raises(ArgumentError, match=r"`N` must be the longer side of .*, at least 20, the"):
        bulk.fit(np.ones(20), 19)
    with pytest.raises(ArgumentError, match=r"`trim` must be .* above 0 and below 0.4, got 0.5"):
        bulk.bema(np.ones(20), 20, trim=0.5)


@pytest.mark.parametrize("num", [1, 7])
def test_bulk_below_spikes_is_that_of_a_matrix_without_them(num):
    """Each spike takes one row and one column."""
    (values,) = noise((60, 40), seed=3)
    values = np.sort(values)
    values[-num:] *= 10
    found = bulk.fit(values, 60, num_spikes=num)
    assert found == bulk.fit(values[:-num], 60 - num)
    edges = marchenko_pastur.edges((40 - num) / (60 - num))
    assert (found.lower, found.upper) == pytest.approx(
        [(60 - num) * found.variance * edge for edge in edges]
    )
