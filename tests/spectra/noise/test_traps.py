"""Randomization and correlation traps: planted ones are found and explained, noise has none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom

from spectra import Spectrum, measures, spectrum
from spectra.errors import ArgumentError
from spectra.linalg import elements
from spectra.noise import permutation, spikes, traps
from spectra.noise.traps import Cause

SHAPE = (300, 200)


def noise(seed, shape=SHAPE):
    return np.random.default_rng(seed).standard_normal(shape)


def found(W, **options):
    stack = np.asarray(W).reshape(-1, *np.shape(W)[-2:])
    return traps.find(stack, permutation.permuted_spectra(stack, **options))


@pytest.mark.parametrize("size", [20.0, -50.0, 1000.0])
def test_one_huge_element(size):
    W = noise(0)
    W[17, 42] = size * math.sqrt(10)
    trap = found(W)
    assert trap == (1, pytest.approx(0.0, abs=1e-6), Cause.ELEMENTS, "element (17, 42)", 1)


@pytest.mark.parametrize("mean", [0.2, -0.5, 3.0])
def test_a_shifted_mean(mean):
    trap = found(noise(1) + mean)
    assert trap.num == 1
    assert trap.cause is Cause.MEAN
    assert trap.where == f"mean {(noise(1) + mean).mean():.3g}"
    assert trap.p < 1e-6


@pytest.mark.parametrize(("axis", "place"), [(0, "row 5"), (1, "column 5")])
def test_a_huge_row_or_column(axis, place):
    W = noise(2)
    np.moveaxis(W, axis, 0)[5] *= 30
    trap = found(W)
    assert (trap.cause, trap.where) == (Cause.ELEMENTS, place)
    # the eigenvalues of the permuted matrix above the edge of the noise in the other dimensions
    order = permutation.permuted_spectra(W).orders[0][0]
    values = np.linalg.svd(permutation.permuted(W, rng=order), compute_uv=False) ** 2
    edge = (math.sqrt(300 - trap.num) + math.sqrt(200 - trap.num)) ** 2
    assert trap.num == pytest.approx(np.sum(values > edge), rel=0.1)
    assert 100 < trap.num_huge <= elements.huge(W).sum()


def test_several_causes_at_once():
    W = noise(3) + 1.0
    W[3, 3], W[8, 9] = 100.0, -120.0
    trap = found(W)
    assert trap.num == 3
    assert trap.cause is Cause.MEAN_AND_ELEMENTS
    assert trap.where == f"mean {W[np.abs(W) < 50].mean():.3g}; elements (8, 9), (3, 3)"


def test_one_huge_element_among_heavy_tails():
    """Of the elements that are huge for a normal law only the one to blame is named."""
    W = np.random.default_rng(16).laplace(size=SHAPE)
    assert elements.huge(W).sum() > 10
    W[7, 9] = 80.0
    trap = found(W)
    assert (trap.cause, trap.where, trap.num_huge) == (Cause.ELEMENTS, "element (7, 9)", 1)


def test_elements_that_make_a_trap_only_together():
    """Each below the limit of a spike of its own, 15.6 standard deviations here."""
    W = noise(17)
    W[np.random.default_rng(0).random(SHAPE) < 0.003] = 14.0
    trap = found(W)
    assert trap.cause is Cause.ELEMENTS
    assert trap.num_huge == (W == 14.0).sum()


@pytest.mark.parametrize("share", [0.4, 0.1])
def test_a_huge_element_in_a_pruned_layer(share):
    """Where the median distance from the median is zero."""
    rng = np.random.default_rng(18)
    W = rng.standard_normal((200, 100)) * (rng.random((200, 100)) < share)
    W[4, 2] = 200.0
    trap = found(W)
    assert (trap.cause, trap.where) == (Cause.ELEMENTS, "element (4, 2)")


def test_a_huge_element_on_a_coarse_grid():
    W = np.round(2 * noise(19)) / 2
    W[4, 2] = 100.0
    trap = found(W)
    assert (trap.where, trap.num_huge) == ("element (4, 2)", 1)


@pytest.mark.parametrize("axis", [0, 1])
def test_dead_lines_make_no_traps_and_hide_none(axis):
    """They stay where they are: scattered, their zeros would make the elements look pruned."""
    W = np.zeros((200, 150))
    live = np.moveaxis(W, axis, 0)
    live[20:60] = noise(22, live[20:60].shape)
    clean = found(W)
    assert clean.cause is Cause.NO_TRAP
    shuffled = permutation.permuted(W, rng=1)
    assert np.array_equal((shuffled != 0).any(axis=1 - axis), (W != 0).any(axis=1 - axis))
    live[30, 5] = 90.0
    place = (30, 5) if axis == 0 else (5, 30)
    assert found(W)[2:] == (Cause.ELEMENTS, f"element {place}", 1)
    live[20:60] += 2.0
    live[30, 5] = 90.0
    assert found(W).where == f"mean {live[20:60][live[20:60] < 50].mean():.3g}; element {place}"


def test_the_strongest_of_several_traps_is_explained():
    """Both have a p-value too small to be told from zero."""
    W = noise(23, (2, 100, 60))
    W[0] += 1.0
    W[1, 4, 5] = 1e4
    assert found(W).where == "matrix 1: element (4, 5); 1 other too"


def test_a_dead_position_hides_no_other():
    W = noise(20, (9, 64, 48))
    W[0] = 0
    W[4, 3, 7] = 60.0
    trap = found(W)
    assert (trap.num, trap.where) == (1, "matrix 4: element (3, 7)")
    layer = measures.bulk_fit(spectrum(W))
    assert layer["num_spikes"] == 1
    assert layer["noise_std"] == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("size", [1e4, 1e7, 1e9])
def test_rounding_beside_a_huge_element_is_no_trap(size):
    W = noise(21, (60, 40))
    W[19, 17] = size
    assert found(W)[:4] == (1, 0.0, Cause.ELEMENTS, "element (19, 17)")


def test_a_trap_in_one_position_of_a_convolution():
    W = np.stack([scale * noise(k, (64, 48)) for k, scale in enumerate(np.linspace(0.5, 2, 9))])
    W[4, 3, 7] = 60.0
    trap = found(W)
    assert (trap.num, trap.cause, trap.where) == (1, Cause.ELEMENTS, "matrix 4: element (3, 7)")
    W[8, 1, 2] = 50.0
    both = found(W)
    assert (both.num, both.where) == (2, "matrix 4: element (3, 7); 1 other too")


def test_correlations_are_no_trap():
    rng = np.random.default_rng(14)
    W = noise(15) + np.outer(rng.standard_normal(300), rng.standard_normal(200)) / 5
    assert measures.bulk_fit(spectrum(W))["num_spikes"] == 1
    assert found(W).cause is Cause.NO_TRAP


ROWS = np.linspace(0.5, 2.0, 9)[:, np.newaxis, np.newaxis]
NOISE = {
    "square": lambda rng: rng.standard_normal((64, 64)),
    "wide": lambda rng: rng.standard_normal((48, 96)),
    "long": lambda rng: rng.standard_normal((200, 20)),
    "uniform": lambda rng: rng.uniform(-1, 1, (128, 96)),
    "half of it zeros": lambda rng: rng.standard_normal((128, 96)) * (rng.random((128, 96)) < 0.5),
    "nine positions of unequal scale": lambda rng: ROWS * rng.standard_normal((9, 64, 48)),
}


@pytest.mark.slow
def test_false_alarms_of_noise_come_at_the_stated_level():
    """
    504 layers of six kinds, 84 of each.

    The level is right to a factor of 1.4 for matrices this small (see `spikes.detect`): all alarms,
    and those of each kind, must lie between the 0.1 % quantiles of binomial laws of 5 % and 7 %.
    """
    rng = np.random.default_rng(6)
    alarms = {
        kind: sum(found(draw(rng)).num > 0 for _ in range(84)) for kind, draw in NOISE.items()
    }
    for num, count in [(84, count) for count in alarms.values()] + [(504, sum(alarms.values()))]:
        assert binom.ppf(1e-3, num, 0.05) <= count <= binom.ppf(1 - 1e-3, num, 0.07), alarms


def test_pooled_scales_would_be_taken_for_traps():
    """What judging one by one is for: one law for all positions together finds many."""
    from spectra.noise import spikes

    W = np.stack([scale * noise(k, (96, 64)) for k, scale in enumerate(np.linspace(0.5, 2, 9))])
    values = permutation.permuted_spectra(W).eigenvalues[0].ravel()
    assert spikes.detect(values, 9 * 96).num > 20
    assert found(W).num == 0


def test_replicas_and_seeds():
    W = noise(7) + 0.3
    one, more = (permutation.permuted_spectra(W, replicas=r, rng=1).eigenvalues for r in (1, 4))
    assert np.array_equal(one[0], more[0])
    assert not np.array_equal(more[0], more[1])
    assert np.array_equal(more, permutation.permuted_spectra(W, replicas=4, rng=1).eigenvalues)
    assert found(W, replicas=5).cause is Cause.MEAN
    p = [found(noise(8), replicas=1).p, found(noise(8), replicas=9).p]
    assert all(0 < value <= 1 for value in p)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 5))
def test_permutation_keeps_the_elements_and_their_squares(rows, columns, seed):
    W = noise(seed, (rows, columns))
    shuffled = permutation.permuted(W, rng=seed)
    assert np.array_equal(np.sort(shuffled, axis=None), np.sort(W, axis=None))
    (values,) = permutation.permuted_spectra(W, rng=seed).eigenvalues[0]
    assert values.sum() == pytest.approx((W**2).sum(), rel=1e-12)


def test_every_order_is_equally_likely():
    counts = np.zeros((6, 6))
    for seed in range(6000):
        order = permutation.permuted(np.arange(6).reshape(2, 3), rng=seed).ravel()
        counts[np.arange(6), order] += 1
    # each is binomial with mean 1,000 and standard deviation 29
    assert np.abs(counts - 1000).max() < 5 * 29


def test_distances_of_equal_and_of_disjoint_spectra():
    values = np.linalg.eigvalsh(np.cov(noise(9).T))
    for distance in (permutation.rand_distance, permutation.jensen_shannon):
        assert distance(values, values[::-1]) == 0.0
    assert permutation.jensen_shannon(values, values + 100) == pytest.approx(math.log(2))
    rounded = values * (1 + 1e-15 * np.arange(200))
    assert permutation.jensen_shannon(values, rounded) == 0.0
    assert math.isnan(permutation.rand_distance([0.0, 0.0], [1.0, 2.0]))


@given(st.integers(0, 50), st.integers(3, 20))
def test_divergence_against_scipy_on_the_same_bins(seed, bins):
    rng = np.random.default_rng(seed)
    x, y = rng.exponential(size=80), rng.exponential(2.0, size=80)
    edges = np.sort(np.concatenate([x, y]))[
        np.round(np.arange(1, bins) / bins * 160).astype(int) - 1
    ]
    cells = np.concatenate([[-np.inf], np.unique(edges) + 1e-7, [np.inf]])
    p, q = (np.histogram(v, cells)[0] for v in (x, y))
    expected = jensenshannon(p, q) ** 2
    # the quantile may be the datum before or after: one of 160 in another bin
    found = permutation.jensen_shannon(x, y, bins=bins)
    assert found == pytest.approx(expected, abs=0.02)


def test_divergence_does_not_depend_on_the_variable():
    rng = np.random.default_rng(10)
    x, y = rng.exponential(size=300), rng.exponential(1.5, size=300)
    plain = permutation.jensen_shannon(x, y)
    assert permutation.jensen_shannon(np.sqrt(x), np.sqrt(y)) == pytest.approx(plain, abs=1e-12)


def test_huge_elements_of_a_normal_sample_come_at_the_level():
    rng = np.random.default_rng(11)
    marked = sum(elements.huge(rng.standard_normal((40, 25))).any() for _ in range(1000))
    assert binom.ppf(1e-4, 1000, 0.05) <= marked <= binom.ppf(1 - 1e-4, 1000, 0.06)


def test_where_huge_elements_are():
    W = noise(12, (50, 40))
    assert elements.where(W) == ""
    W[[1, 2, 3, 4], [1, 2, 3, 4]] = [50, 90, 70, 60]
    assert elements.where(W) == "elements (2, 2), (3, 3), (4, 4) and 1 more"
    W[:, 7] *= 100
    W[:, 9] *= 100
    assert elements.where(W) in {"columns 7, 9", "columns 9, 7"}


@pytest.mark.parametrize("W", [np.zeros((30, 20)), np.ones((9, 9)), noise(0, (400, 5))])
def test_too_little_to_test(W):
    trap = found(W)
    assert trap.cause is Cause.NOT_TESTED
    assert math.isnan(trap.num)


def test_the_measure_has_an_error_with_replicas():
    layer = spectrum(noise(13))
    one, many = (measures.randomized(layer, replicas=num) for num in (1, 8))
    assert math.isnan(one["rand_distance_sd"])
    assert 0 < many["rand_distance_sd"] < many["rand_distance"]
    # noise is as far from one order of its elements as two orders are from each other
    pairs = permutation.permuted_spectra(layer, replicas=8, rng=5).eigenvalues[:, 0]
    between = [permutation.rand_distance(*pairs[k : k + 2]) for k in range(0, 8, 2)]
    assert many["rand_distance"] == pytest.approx(np.mean(between), rel=0.5)
    assert one["ww_softrank"] == pytest.approx(one["max_rand_eval"] / layer.lambda_max)


def test_orders_drawn_from_a_generator_are_those_that_explain_the_trap():
    W = noise(0)
    W[17, 42] = 100.0
    drawn = permutation.permuted_spectra(W, rng=np.random.default_rng(7))
    assert traps.find(W, drawn).where == "element (17, 42)"
    again = permutation.permuted(W, rng=drawn.orders[0][0])
    values = np.linalg.svd(again, compute_uv=False)[::-1] ** 2
    np.testing.assert_allclose(drawn.eigenvalues[0, 0], values, rtol=1e-6)


def test_wrong_arguments():
    with pytest.raises(ArgumentError, match="`replicas` must be a whole number, at least 1"):
        permutation.permuted_spectra(noise(0), replicas=0)
    with pytest.raises(ArgumentError, match="`rng` must be a whole number from 0"):
        permutation.permuted(noise(0), rng=-1)
    with pytest.raises(ArgumentError, match="`rng` must be a whole number from 0"):
        permutation.permuted_spectra(noise(0), rng=True)
    with pytest.raises(ArgumentError, match="needs the matrices"):
        measures.randomized(Spectrum(np.ones((1, 3)), N=3))


@pytest.mark.parametrize("replicas", [1, 5, 6])
def test_p_of_several_orders_is_twice_the_median(replicas):
    """Rueger's rule for the median of dependent p-values; one order has its own p-value."""
    W = noise(4, (80, 50)) + 0.14
    permuted = permutation.permuted_spectra(W[None], replicas=replicas, rng=0)
    kurtosis = elements.excess_kurtosis(W)
    each = [spikes.detect(values[0], 80, kurtosis=kurtosis).p for values in permuted.eigenvalues]
    expected = each[0] if replicas == 1 else min(1.0, 2 * np.median(each))
    assert 0 < expected < 1
    assert traps.find(W[None], permuted).p == pytest.approx(expected)
