"""The Marchenko-Pastur law against published values, quadrature and random matrices."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

import spectra
from spectra.errors import ArgumentError
from spectra.noise import baselines, marchenko_pastur, tracy_widom
from spectra.tails import hill, power_law

ratios = st.floats(0.01, 1.0)

# M/N, edges, median: exact values to the digits given
LAW = [
    (0.05, 0.602786, 1.497214, 0.983308),
    (0.10, 0.467544, 1.732456, 0.966565),
    (0.25, 0.25, 2.25, 0.916004),
    (0.50, 0.085786, 2.914214, 0.830466),
    (0.75, 0.017949, 3.482051, 0.742948),
    (1.00, 0.0, 4.0, 0.652776),
]
# Q, alpha of the larger half, mean logarithm, share and start of the tail of product 1
NULLS = [
    (1, 2.12168, -1, 0.73107, 0.18120),
    (1.5, 2.44921, -0.45069, 0.78433, 0.25901),
    (2, 2.70584, -0.30685, 0.81450, 0.31165),
    (3, 3.11755, -0.18907, 0.84938, 0.38387),
    (4, 3.45459, -0.13695, 0.86985, 0.43361),
    (8, 4.46992, -0.06528, 0.90824, 0.54630),
    (16, 5.87750, -0.03192, 0.93523, 0.64554),
    (32, 7.84872, -0.01579, 0.95429, 0.72891),
]


def height(x, ratio):
    lower, upper = marchenko_pastur.edges(ratio)
    return math.sqrt(max(0.0, (upper - x) * (x - lower))) / (2 * math.pi * ratio * x)


def above(function, start, ratio):
    upper = marchenko_pastur.edges(ratio)[1]
    return quad(lambda x: function(x) * height(x, ratio), start, upper, limit=200)[0]


def noise(ratio, M, seed):
    W = np.random.default_rng(seed).standard_normal((round(M / ratio), M))
    return np.linalg.eigvalsh(W.T @ W) * ratio / M


@pytest.mark.parametrize(("ratio", "lower", "upper", "median"), LAW)
def test_edges_and_median(ratio, lower, upper, median):
    found = (*marchenko_pastur.edges(ratio), marchenko_pastur.ppf(0.5, ratio))
    assert found == pytest.approx((lower, upper, median), abs=6e-7)


@pytest.mark.parametrize(("Q", "alpha", "mean_log", "share", "edge"), NULLS)
def test_null_values(Q, alpha, mean_log, share, edge):
    ratio = 1 / Q
    assert baselines.hill_alpha(ratio) == pytest.approx(alpha, abs=5.1e-6)
    assert marchenko_pastur.mean_log(ratio) == pytest.approx(mean_log, abs=5.1e-6)
    assert baselines.erg_tail(ratio) == pytest.approx((share, edge), abs=5.1e-6)


@given(ratios, st.floats(0, 1))
def test_survival_function_against_quadrature(ratio, place):
    lower, upper = marchenko_pastur.edges(ratio)
    x = lower + (upper - lower) * (0.01 + 0.99 * place)
    expected = above(lambda _: 1, x, ratio)
    assert marchenko_pastur.sf(x, ratio) == pytest.approx(expected, abs=1e-7)


@given(ratios, st.floats(0.01, 0.9))
def test_alpha_of_noise_against_quadrature(ratio, fraction):
    start = marchenko_pastur.isf(fraction, ratio)
    excess = above(lambda x: math.log(x / start), start, ratio) / fraction
    found = baselines.hill_alpha(ratio, fraction=fraction)
    assert found == pytest.approx(1 + 1 / excess, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.125])
@pytest.mark.parametrize("fraction", [0.5, 0.1])
def test_noise_has_these_values(ratio, fraction):
    """The mean over random matrices is off by its own error and, of order 1/M, by finite size."""
    k = round(1000 * fraction)
    found = np.array([hill.alpha(noise(ratio, 1000, seed), k=k) for seed in range(3)])
    assert found.mean() == pytest.approx(baselines.hill_alpha(ratio, fraction=fraction), rel=0.02)
    x = noise(ratio, 1000, 0)
    fit = power_law.fit(x, xmin=float(np.sort(x)[-k]))
    expected = baselines.tail_distance(ratio, fraction=fraction)
    assert pytest.approx(expected, abs=0.02) == fit.D


@pytest.mark.parametrize("ratio", [0.0, -1.0, 1.01, math.nan])
def test_a_ratio_is_at_most_1(ratio):
    for function in (
        *(marchenko_pastur.edges, marchenko_pastur.mean_log, baselines.hill_alpha),
        baselines.erg_tail,
    ):
        with pytest.raises(ArgumentError, match="`ratio` must be M/N"):
            function(ratio)
    with pytest.raises(ArgumentError, match="`fraction` must be a share, above 0"):
        baselines.hill_alpha(0.5, fraction=ratio)


@pytest.mark.parametrize("ratio", [1e-7, 1e-3, 1.0])
def test_extreme_shapes_and_shares(ratio):
    for fraction in (1e-6, 0.5, 1.0):
        assert 1 <= baselines.hill_alpha(ratio, fraction=fraction) < math.inf
        assert 0 <= baselines.tail_distance(ratio, fraction=fraction) <= 1


@pytest.mark.parametrize("fraction", [-0.01, 1.01, math.nan])
def test_a_probability_is_between_0_and_1(fraction):
    for function in (marchenko_pastur.ppf, marchenko_pastur.isf):
        with pytest.raises(ArgumentError, match="`q` must be a probability, from 0 to 1"):
            function([0.5, fraction], 0.5)


@pytest.mark.parametrize("name", ["pdf", "cdf", "sf"])
def test_a_spectrum_is_not_taken_for_scaled_eigenvalues(name):
    spectrum = spectra.spectrum(np.random.default_rng(0).standard_normal((40, 10)))
    scaled = r"scaled eigenvalues: spectrum\.eigenvalues / \(N \* variance\)"
    with pytest.raises(ArgumentError, match=f"Marchenko-Pastur law takes {scaled}"):
        getattr(marchenko_pastur, name)(spectrum, 0.25)
    with pytest.raises(ArgumentError, match=r"Tracy-Widom law takes scaled eigenvalues: \(largest"):
        getattr(tracy_widom, name)(spectrum)
    values = getattr(marchenko_pastur, name)(spectrum.eigenvalues / 40, 0.25)
    assert values.shape == (10,)
    with pytest.raises(ArgumentError, match="`x` must be an array of real numbers"):
        getattr(marchenko_pastur, name)(["a"], 0.25)


@pytest.mark.parametrize("mean", [0.0, -1.0, math.inf, math.nan])
def test_a_mean_eigenvalue_is_positive(mean):
    with pytest.raises(ArgumentError, match="`mean_eigenvalue` must be a finite number above 0"):
        marchenko_pastur.edges(0.5, mean_eigenvalue=mean)


@given(ratios, st.floats(0, 1))
def test_density_is_the_slope_of_the_distribution(ratio, place):
    lower, upper = marchenko_pastur.edges(ratio)
    x = lower + (upper - lower) * (0.01 + 0.98 * place)
    assert marchenko_pastur.pdf(x, ratio) == pytest.approx(height(x, ratio), rel=1e-9)
    step = 1e-5 * (upper - lower)
    slope = np.diff(marchenko_pastur.cdf([x - step, x + step], ratio)) / (2 * step)
    # the error of a central difference is step**2 / 6 times the third derivative, which grows as
    # (distance to the edge)**-3 relative to the density: (1e-5 / 0.01)**2
    assert slope.item() == pytest.approx(height(x, ratio), rel=1e-5)
    assert marchenko_pastur.pdf([lower - 0.1, upper + 0.1], ratio).tolist() == [0, 0]


@given(ratios)
def test_isf_runs_from_edge_to_edge(ratio):
    found = marchenko_pastur.isf(np.linspace(0, 1, 101), ratio)
    lower, upper = marchenko_pastur.edges(ratio)
    assert found[[0, -1]] == pytest.approx([upper, lower], abs=1e-12)
    assert np.all(np.diff(found) < 0)


def test_moments_are_those_printed_and_those_integrated():
    for g in (0.1, 0.5, 1.0):
        printed = [1, 1 + g, 1 + 3 * g + g**2, 1 + 6 * g + 6 * g**2 + g**3]
        printed.append(1 + 10 * g + 20 * g**2 + 10 * g**3 + g**4)
        found = marchenko_pastur.moments(g, num=5)
        assert found == pytest.approx(printed, rel=1e-14)
        for k, expected in enumerate(printed, start=1):
            power = partial(lambda k, x: x**k, k)
            assert marchenko_pastur.integral(power, g) == pytest.approx(expected, rel=1e-12)


@given(st.integers(20, 80), st.floats(1.0, 20.0), st.integers(0, 99), st.floats(1e-3, 1e3))
def test_gaussian_matrices_of_any_aspect_ratio_follow_the_law(M, Q, seed, std):
    N = round(M * Q)
    W = std * np.random.default_rng(seed).standard_normal((N, M))
    share = marchenko_pastur.cdf(np.linalg.eigvalsh(W.T @ W) / (std**2 * N), M / N)
    distance = max(np.max(share - np.arange(M) / M), np.max(np.arange(1, M + 1) / M - share))
    # M D has a mean of 0.43 + 0.40 ln M and a standard deviation of 0.31, as measured with the
    # variance estimated; with the true one the whole spectrum is off by sqrt(2 / NM), relative, and
    # so M D by that times M max(x rho(x)) = M / (pi sqrt(M / N)): sqrt(2) / pi. Seven of both.
    deviation = math.hypot(0.31, math.sqrt(2) / math.pi)
    assert distance < (0.43 + 0.40 * math.log(M) + 7 * deviation) / M


@pytest.mark.parametrize("shape", [(100, 100), (300, 100), (1000, 50)])
def test_extreme_eigenvalues_are_at_the_edges(shape):
    """Within five standard deviations of the Tracy-Widom law, 1.27 units each, and its mean."""
    N, M = shape
    W = np.random.default_rng(3).standard_normal(shape)
    values = np.linalg.eigvalsh(W.T @ W)
    lower, upper = marchenko_pastur.edges(M / N, mean_eigenvalue=N)
    unit = (math.sqrt(N) + math.sqrt(M)) * (1 / math.sqrt(N) + 1 / math.sqrt(M)) ** (1 / 3)
    assert upper - 7.6 * unit < values[-1] < upper + 5.2 * unit
    if N > M:  # at the hard edge of a square matrix the law is another one
        soft = (math.sqrt(N) - math.sqrt(M)) * (1 / math.sqrt(M) - 1 / math.sqrt(N)) ** (1 / 3)
        assert lower - 5.2 * soft < values[0] < lower + 7.6 * soft


@pytest.mark.parametrize("ratio", [1e-8, 1e-4, 0.01, 0.25, 0.999, 1.0])
def test_the_inverse_of_any_share_is_found_without_a_warning(ratio):
    """Newton's steps go far where the function is flat; the bracket holds them."""
    shares = np.concatenate([np.logspace(-300, 0, 80), 1 - np.logspace(-16, -1, 40), [0.0, 1.0]])
    found = marchenko_pastur.isf(shares, ratio)
    assert [float(marchenko_pastur.isf(q, ratio)) for q in shares] == pytest.approx(
        found.tolist(), rel=1e-12
    )
    lower, upper = marchenko_pastur.edges(ratio)
    assert found.min() >= lower * (1 - 1e-12)
    assert found.max() <= upper * (1 + 1e-12)
