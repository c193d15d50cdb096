"""Spikes: the level of the test, the strength and overlap of planted signals, truncation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kurtosis

import spectra
from spectra import multiple_tests
from spectra.errors import ArgumentError
from spectra.linalg import elements
from spectra.noise import signal, spikes, tracy_widom, truncation
from spectra.theory import ensembles

ratios = st.floats(0.01, 1.0)
# M/N, Gavish and Donoho's threshold and its ratio to the median: exact to the digits given
TRUNCATION = [
    (0.05, 1.506607, 1.519341),
    (0.10, 1.581648, 1.608772),
    (0.25, 1.758029, 1.836866),
    (0.50, 1.978599, 2.171185),
    (0.75, 2.156094, 2.501430),
    (1.00, 2.309401, 2.858362),
]


def noise(shape, seed, num):
    return ensembles.laguerre(shape, num=num, rng=np.random.default_rng(seed))


def planted(shape, strengths, seed):
    return ensembles.spiked(shape, strengths=strengths, rng=np.random.default_rng(seed))


def squares(W):
    return np.linalg.eigvalsh(W.T @ W)


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [(30, 20), (64, 64), (200, 100), (400, 50), (10_000, 16), (200, 200)],
    ids=lambda s: f"{s[0]}x{s[1]}",
)
def test_a_test_at_5_percent_finds_a_spike_in_3_to_7_percent_of_noise(shape):
    """1,000 matrices: a rate of 5 % has a standard error of 0.7 %, so 3 to 7 are three of them."""
    found = [spikes.detect(values, shape[0]) for values in noise(shape, 1, 1000)]
    assert 30 <= sum(one.num > 0 for one in found) <= 70
    assert all((one.num > 0) == (one.p < 0.05) for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.01, 0.1, 0.3])
def test_other_levels(level):
    found = sum(
        spikes.detect(v, 200, significance=level).num > 0 for v in noise((200, 100), 2, 600)
    )
    error = math.sqrt(600 * level * (1 - level))
    assert abs(found - 600 * level) < 4 * error + 0.2 * 600 * level


@pytest.mark.slow
def test_level_of_a_stack_is_that_of_all_its_matrices_together():
    """Nine matrices a layer, of unequal scale: 5 % of the layers have a spike, not 5 % of them."""
    values = noise((48, 32), 3, 9 * 400).reshape(400, 9, 32)
    scales = np.linspace(0.5, 2.0, 9)[:, np.newaxis] ** 2
    found = sum(
        any(one.num > 0 for one in spikes.detect_each(stack * scales, 48)) for stack in values
    )
    assert 0.02 * 400 <= found <= 0.085 * 400  # 5 % with three standard errors of 1.1 %
    together = [one.p for one in spikes.detect_each(values[0], 48)]
    assert multiple_tests.combined(together) == pytest.approx(
        1 - (1 - min(together)) ** 9, rel=1e-9
    )


def test_many_spikes_do_not_hide_one_another():
    """60 equal signals in 200 directions double the mean eigenvalue; the robust variance holds."""
    found = [
        spikes.detect(squares(planted((400, 200), [1.6] * 60, seed).W), 400).num
        for seed in range(10)
    ]
    assert min(found) >= 57


def test_sequence_stops_after_the_last_spike():
    """With four strong signals a fifth is found in 5 %: 200 matrices, three standard errors."""
    found = [
        spikes.detect(squares(planted((200, 100), [2.0, 2.5, 3.0, 4.0], seed).W), 200).num
        for seed in range(200)
    ]
    assert min(found) == 4
    assert 1 <= sum(num > 4 for num in found) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.25])
def test_nothing_is_found_below_the_limit_and_everything_well_above(ratio):
    N, M = int(200 / ratio), 200
    limit = signal.limit(ratio)
    below = sum(
        spikes.detect(squares(planted((N, M), [0.6 * limit], seed).W), N).num for seed in range(60)
    )
    above = [
        spikes.detect(squares(planted((N, M), [1.6 * limit], seed).W), N).num for seed in range(60)
    ]
    assert below <= 10  # 5 % of 60 is 3, with four standard errors of 1.7
    assert min(above) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.125])
def test_position_and_overlap_of_a_planted_spike(factor, ratio):
    """Means of 40 matrices; each is right to order 1/N, and its error is measured."""
    N, M = int(200 / ratio), 200
    theta = factor * signal.limit(ratio)
    positions, strengths, short, long = [], [], [], []
    for seed in range(40):
        sample = planted((N, M), [theta], seed)
        left, values, right = np.linalg.svd(sample.W, full_matrices=False)
        positions.append(values[0] ** 2 / N)
        strengths.append(float(signal.strength(positions[-1], ratio)))
        short.append(float(right[0] @ sample.right[:, 0]) ** 2)
        long.append(float(left[:, 0] @ sample.left[:, 0]) ** 2)
    expected = signal.overlaps(theta, ratio)
    for found, value in (
        *((positions, signal.eigenvalue(theta, ratio)), (strengths, theta)),
        *((short, expected.short), (long, expected.long)),
    ):
        # near the limit the finite-size shift is of order M**(-2/3) times the width: 2 % at M = 200
        allowed = 5 * float(np.std(found)) / math.sqrt(40) + 0.02 * float(value)
        assert np.mean(found) == pytest.approx(float(value), abs=allowed)


@given(ratios, st.floats(1.001, 50.0))
def test_strength_undoes_what_noise_does(ratio, factor):
    theta = factor * signal.limit(ratio)
    position = signal.eigenvalue(theta, ratio)
    assert position > (1 + math.sqrt(ratio)) ** 2
    assert signal.strength(position, ratio) == pytest.approx(theta, rel=1e-5)
    found = signal.overlaps(theta, ratio)
    assert 0 <= found.long <= found.short + 1e-12 <= 1 + 1e-12


def test_strengths_and_ratios_are_broadcast():
    theta, ratio = np.array([[0.5], [1.5], [3.0]]), np.array([0.25, 1.0])
    for function in (signal.eigenvalue, lambda t, r: signal.overlaps(t, r).long):
        each = [[function(t, r) for r in ratio] for t in theta[:, 0]]
        assert np.array_equal(function(theta, ratio), each)
    position = signal.eigenvalue(theta, ratio)
    seen = np.where(theta > signal.limit(ratio), theta, 0)
    assert signal.strength(position, ratio) == pytest.approx(seen, abs=1e-7)


@given(ratios)
def test_at_the_limit_a_spike_leaves_the_bulk_without_direction(ratio):
    limit = signal.limit(ratio)
    assert signal.eigenvalue(limit, ratio) == pytest.approx((1 + math.sqrt(ratio)) ** 2, rel=1e-12)
    assert signal.overlaps(limit, ratio) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert signal.overlaps(0.5 * limit, ratio) == pytest.approx((0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize(("ratio", "known", "unknown"), TRUNCATION)
def test_gavish_donoho_to_the_printed_digits(ratio, known, unknown):
    assert truncation.gavish_donoho(ratio) == pytest.approx(known, abs=5.1e-7)
    assert truncation.omega(ratio) == pytest.approx(unknown, abs=5.1e-7)
    polynomial = 0.56 * ratio**3 - 0.95 * ratio**2 + 1.82 * ratio + 1.43
    assert truncation.omega(ratio) == pytest.approx(polynomial, abs=0.02)  # as they print it


@pytest.mark.parametrize("shape", [(500, 500), (1000, 500), (4000, 500)])
def test_screenot_tends_to_gavish_donoho_in_white_noise(shape):
    """With spikes planted; the two differ by the fluctuation of the edge, a few M**(-2/3)."""
    W = planted(shape, [3.0, 4.0], 1).W
    ratio = shape[1] / shape[0]
    expected = truncation.gavish_donoho(ratio) ** 2 * shape[0]
    found = truncation.screenot(squares(W), shape[0], most=10)
    assert found == pytest.approx(expected, rel=3 * shape[1] ** (-2 / 3))
    assert truncation.threshold(squares(W), shape[0]) == pytest.approx(expected, rel=0.03)
    assert np.sum(squares(W) > found) == 2


def test_screenot_is_nearly_the_best_threshold_in_correlated_noise():
    """Its squared error is within 5 % of the least that any threshold has."""
    rng = np.random.default_rng(5)
    N, M = 600, 300
    signal = planted((N, M), [4.0, 6.0, 9.0, 14.0], 2)
    S = math.sqrt(N) * (signal.left * [4.0, 6.0, 9.0, 14.0]) @ signal.right.T
    W = S + rng.standard_normal((N, M)) * np.sqrt(np.linspace(0.2, 3.0, M))
    left, values, right = np.linalg.svd(W, full_matrices=False)
    errors = [np.sum(((left[:, :k] * values[:k]) @ right[:k] - S) ** 2) for k in range(15)]
    kept = int(np.sum(values**2 > truncation.screenot(values**2, N, most=20)))
    assert errors[kept] <= 1.05 * min(errors)
    assert errors[kept] < errors[0]


def sparse(rng, shape, share):
    return rng.standard_normal(shape) * (rng.random(shape) < share)


KINDS = {
    "uniform": (lambda rng, shape: rng.uniform(-1, 1, shape), -1.2),
    "signs": (lambda rng, shape: rng.choice([-1.0, 1.0], shape), -2.0),
    "half zero": (lambda rng, shape: rng.standard_normal(shape) * (rng.random(shape) < 0.5), 3.0),
    "a fifth left": (lambda rng, shape: sparse(rng, shape, 0.2), 12.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(100, 50), (60, 60), (600, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_elements_that_are_not_normal(kind, shape):
    """With their kurtosis the level holds to a factor of two; 200 matrices, 0.1 % quantiles."""
    draw, expected = KINDS[kind]
    rng = np.random.default_rng(12)
    alarms, naive, kurtosis = 0, 0, []
    for _ in range(200):
        W = draw(rng, shape)
        kurtosis.append(elements.excess_kurtosis(W))
        values = spectra.eigenvalues(W)
        alarms += spikes.detect(values, shape[0], kurtosis=kurtosis[-1]).num > 0
        naive += spikes.detect(values, shape[0]).num > 0
    assert np.mean(kurtosis) == pytest.approx(expected, abs=0.1 * abs(expected))
    assert 1 <= alarms <= binom.ppf(1 - 1e-3, 200, 0.1)
    if kind == "a fifth left":
        assert naive > 100


@pytest.mark.parametrize("shape", [(300, 300), (600, 150), (2000, 50)])
def test_edge_is_shifted_by_the_kurtosis(shape):
    """Four fifths zeros: the mean of 20 largest eigenvalues, in Tracy-Widom units."""
    N, M = shape
    rng = np.random.default_rng(13)
    excess, units = 12.0, []
    for _ in range(20):
        values = spectra.eigenvalues(sparse(rng, shape, 0.2))
        units.append(float(spikes.statistics(values, N, variance=0.2, kurtosis=excess)[0]))
    shift = excess * (math.sqrt(N) + math.sqrt(M)) ** 2 / math.sqrt(N * M)
    shift /= float(tracy_widom.scale(N, M)[1])
    # the next order of the expansion is smaller by excess / M, relative
    allowed = 5 * math.sqrt(tracy_widom.VARIANCE / 20) + 2 * shift * excess / M
    assert np.mean(units) == pytest.approx(tracy_widom.MEAN, abs=allowed)
    assert shift > allowed


def test_kurtosis_is_that_of_scipy_without_the_huge():
    rng = np.random.default_rng(14)
    pruned = (3 + rng.standard_normal((50, 40))) * (rng.random((50, 40)) < 0.4)
    for x in (rng.uniform(size=(50, 40)), pruned):
        expected = kurtosis(x, axis=None)
        assert elements.excess_kurtosis(x) == pytest.approx(expected, rel=1e-12)
        assert elements.excess_kurtosis(1e-200 * x) == pytest.approx(expected, rel=1e-9)
        for size in (1e9, 1e90, 1e150):
            x[3, 4] = size
            assert elements.excess_kurtosis(x) == pytest.approx(expected, abs=0.01)
    for flat in (np.zeros((3, 3)), np.ones((3, 3)), np.full((3, 3), np.nan)):
        assert elements.excess_kurtosis(flat) == 0.0


def test_kurtosis_of_a_sample_is_that_of_all():
    rng = np.random.default_rng(15)
    W = rng.standard_normal((3000, 768)) * np.where(np.arange(768) % 2, 3.0, 1.0)
    expected = kurtosis(W, axis=None)
    # the variance of the fourth moment, m8 / n, for such a mixture of two normal laws
    error = math.sqrt(105 * (1 + 3**8) / 2 / 5**4 / (W.size / 5))
    assert elements.excess_kurtosis(W) == pytest.approx(expected, abs=5 * error)


@pytest.mark.parametrize("scale", [1e-150, 1e-80, 1.0, 1e80, 1e150])
def test_truncation_of_any_scale(scale):
    W = planted((60, 40), [4.0], 3).W
    values = spectra.eigenvalues(W) * scale**2
    assert np.sum(values > truncation.screenot(values, 60)) == 1
    assert np.sum(values > truncation.threshold(values, 60)) == 1


@pytest.mark.parametrize("values", [[], [1.0] * 9, [0.0] * 20])
def test_too_little_to_test(values):
    found = spikes.detect(values, 20)
    assert math.isnan(found.num)
    assert math.isnan(found.p)


def test_at_most_half_are_spikes():
    values = 10.0 ** np.arange(30)
    assert spikes.detect(values, 30).num <= 15


def test_wrong_arguments():
    with pytest.raises(ArgumentError, match="`significance` must be between 0 and 1"):
        spikes.detect(np.ones(20), 20, significance=1.0)
    with pytest.raises(ArgumentError, match="`most` must be from 0"):
        truncation.screenot(np.ones(20), 20, most=10)
    with pytest.raises(ArgumentError, match="`ratio` must be M/N"):
        signal.strength(1.0, 2.0)
    with pytest.raises(ArgumentError, match="`ratio` must be M/N, above 0 and at most 1"):
        signal.limit([0.5, 0.0])


def test_heights_are_stretched_by_the_variance_of_the_mean_eigenvalue():
    """The relative variance of the mean is 2 / (N M) for Gaussian noise, as simulated here."""
    N, M = 16, 12
    W = np.random.default_rng(0).standard_normal((4000, N, M))
    mean = (W**2).sum(axis=(1, 2)) / M
    relative = mean.var() / mean.mean() ** 2
    assert relative == pytest.approx(2 / (N * M), rel=0.1)
    values = squares(W[0])
    centre, width = tracy_widom.scale(N, M)
    height = (values[-1] / (values.mean() / N) - centre) / width
    assert height == pytest.approx(spikes.statistics(values, N, variance=values.mean() / N)[0])
    taken = 2 / (N * M) * (centre / width) ** 2
    stretched = (height - tracy_widom.MEAN) * math.sqrt(
        tracy_widom.VARIANCE / (tracy_widom.VARIANCE - taken)
    )
    expected = float(tracy_widom.sf(tracy_widom.MEAN + stretched))
    assert spikes.detect(values, N).p == pytest.approx(expected, rel=1e-9)
