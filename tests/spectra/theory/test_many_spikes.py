"""Bands of many spikes, against the rule of few spikes, closed forms and large samples."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.noise import marchenko_pastur, signal
from spectra.theory import deformations, many_spikes

ratios = st.floats(0.05, 1.0)


def check(values, bands):
    """Compare eigenvalues with bands: their numbers, and the ends of each band.

    The end of a band of m eigenvalues and width w lies w m^(-2/3) times a number of order 1 from
    its last eigenvalue, in the mean and in its fluctuation; three of them.
    """
    numbers = np.round(bands.shares * len(values)).astype(int)
    parts = np.split(np.sort(values), np.cumsum(numbers)[:-1])
    for part, (low, high) in zip(parts, bands.edges, strict=True):
        margin = 3 * (high - low) * len(part) ** (-2 / 3)
        assert part[0] == pytest.approx(low, abs=margin)
        assert part[-1] == pytest.approx(high, abs=margin)


@given(ratios, st.floats(1.3, 5.0))
@example(1.0, 1.3125)  # the end of the gap was a root found a little too high
def test_a_vanishing_share_obeys_the_rule_of_few_spikes(ratio, factor):
    theta = factor * signal.limit(ratio)
    bands = many_spikes.rectangular([theta], [1e-9], ratio)
    # a band has a width of the root of its share
    assert bands.edges[0] == pytest.approx(marchenko_pastur.edges(ratio), abs=1e-6)
    assert bands.edges[1] == pytest.approx(signal.eigenvalue(theta, ratio), rel=1e-3)
    assert bands.shares == pytest.approx([1, 1e-9], rel=1e-6)


@given(st.floats(1.1, 5.0), st.sampled_from([-1, 1]), st.floats(0.1, 4.0))
def test_a_vanishing_share_obeys_the_rule_of_deformations(factor, sign, std):
    theta = sign * factor * std
    bands = many_spikes.symmetric([theta], [1e-9], variance=std**2)
    outlier, bulk = (1, 0) if sign > 0 else (0, 1)
    expected = deformations.wigner(theta, variance=std**2).eigenvalue
    assert bands.edges[outlier] == pytest.approx(float(expected), rel=2e-3)
    assert bands.edges[bulk] == pytest.approx([-2 * std, 2 * std], rel=1e-5)


def test_no_signal_and_a_signal_of_one_value():
    assert many_spikes.rectangular([0.0], [0.5], 0.5).edges[0] == pytest.approx(
        marchenko_pastur.edges(0.5)
    )
    shifted = many_spikes.symmetric([1.5], [1.0], variance=4.0)
    assert shifted.edges == pytest.approx(np.array([[-2.5, 5.5]]))
    assert shifted.shares.tolist() == [1.0]


def test_two_equal_halves_split_where_theory_says():
    """A semicircle of variance 1 plus signs times theta has a gap if theta is above 1."""
    for theta, num in ((0.999, 1), (1.001, 2)):
        bands = many_spikes.symmetric([theta, -theta], [0.5, 0.5])
        assert len(bands.shares) == num
        assert bands.edges[0] == pytest.approx(-bands.edges[-1][::-1])


@given(
    st.lists(st.floats(0, 6), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(0.01, 0.25), min_size=4, max_size=4),
    ratios,
)
def test_bands_are_ascending_and_hold_everything(strengths, shares, ratio):
    bands = many_spikes.rectangular(strengths, shares[: len(strengths)], ratio)
    assert (np.diff(bands.edges.ravel()) > 0).all()
    assert bands.shares.sum() == pytest.approx(1)
    assert bands.edges[0, 0] >= 0
    # no eigenvalue is farther out than the largest of signal and noise together
    largest = max(strengths) + 1 + math.sqrt(ratio)
    assert bands.edges[-1, 1] <= largest**2 * (1 + 1e-9)
    mean = 1 + sum(t**2 * p for t, p in zip(strengths, shares, strict=False))
    middle = (bands.edges * bands.shares[:, None]).sum(axis=0)  # means lie within the bands
    assert middle[0] <= mean <= middle[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strengths", "shares", "ratio"),
    [
        ([2.0], [0.05], 0.25),
        ([2.5, 1.5], [0.05, 0.1], 0.25),
        ([1.0], [0.2], 0.25),
        ([3.0], [0.3], 1.0),
        ([3.0], [1.0], 0.5),
    ],
)
def test_bands_of_large_rectangular_matrices(strengths, shares, ratio):
    M = 1000
    N = int(M / ratio)
    theta = np.repeat(strengths, np.round(np.array(shares) * M).astype(int))
    W = np.random.default_rng(0).standard_normal((N, M)) / math.sqrt(N)
    W[np.arange(len(theta)), np.arange(len(theta))] += theta
    check(np.linalg.eigvalsh(W.T @ W), many_spikes.rectangular(strengths, shares, ratio))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strengths", "shares"), [([4.0], [0.1]), ([3.0, -3.0], [0.2, 0.3]), ([1.2], [0.05])]
)
def test_bands_of_large_symmetric_matrices(strengths, shares):
    n = 1500
    theta = np.repeat(strengths, np.round(np.array(shares) * n).astype(int))
    A = np.random.default_rng(0).standard_normal((n, n))
    W = (A + A.T) / math.sqrt(2 * n)
    W[np.arange(len(theta)), np.arange(len(theta))] += theta
    check(np.linalg.eigvalsh(W), many_spikes.symmetric(strengths, shares))


def test_the_gap_closes_at_the_largest_share():
    found = many_spikes.largest_share([[0.8], [1.1], [3.0]], 0.5)
    assert found[0] == 0
    assert found[2] == 1
    share = found[1, 0]
    assert len(many_spikes.rectangular([1.1], [share * 0.99], 0.5).shares) == 2
    assert len(many_spikes.rectangular([1.1], [share * 1.01], 0.5).shares) == 1


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`shares` must be above 0 and add up to at most 1"):
        many_spikes.symmetric([1.0, 2.0], [0.6, 0.6])
    with pytest.raises(ArgumentError, match="`strengths` must not be negative"):
        many_spikes.rectangular([-1.0], [0.1], 0.5)
    with pytest.raises(ArgumentError, match="`strengths` must be finite numbers"):
        many_spikes.symmetric([math.inf], [0.1])
    with pytest.raises(ArgumentError, match="too many orders of magnitude"):
        many_spikes.rectangular([1e3], [0.01], 1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: many_spikes.largest_share(-1.0, 0.5), "must be numbers from 0"),
        (lambda: many_spikes.largest_share([], 5.0), "`ratio` must be M/N"),
        (lambda: many_spikes.symmetric([1.0, 2.0, 3.0], [0.1, 0.2]), "must be of one length"),
        (lambda: many_spikes.symmetric([1.0], ["a"]), "`shares` must be an array of real"),
    ],
)
def test_wrong_strengths_and_shares_are_named(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_strong_spikes_are_apart_at_any_share():
    np.testing.assert_array_equal(many_spikes.largest_share([3.0, 1000.0, 1e9], 1.0), 1)
