"""Corrections for a few outliers above a tail."""

import numpy as np
import pytest

from spectra import ArgumentError, fingers, power_law


def tail(alpha, size):
    return np.sort(((np.arange(size) + 0.5) / size) ** (-1 / (alpha - 1)))


def test_clip_leaves_out_the_largest():
    assert fingers.clip([3.0, 1.0, 2.0], 0).tolist() == [1.0, 2.0, 3.0]
    assert fingers.clip([3.0, 1.0, 2.0], 3).tolist() == []
    for k in (-1, 4):
        with pytest.raises(ArgumentError, match="`k` must be from 0 to the 3 data"):
            fingers.clip([3.0, 1.0, 2.0], k)


@pytest.mark.parametrize("num", [1, 3, 6])
def test_clip_xmax_finds_the_fingers(num):
    """Outliers in a cluster of their own, far above a short bulk, take the fit for themselves."""
    bulk = np.linspace(1, 2, 40) ** 2
    outliers = 100 * (1 + 1e-3 * np.arange(num))
    data = np.concatenate([bulk, outliers])
    plain = power_law.fit(data)
    found = fingers.clip_xmax(data, drop=0.5)
    assert found.raw_alpha == plain.alpha
    if found.num_fingers:
        assert found.fit == power_law.fit(fingers.clip(data, found.num_fingers))
        assert found.fit.alpha + 0.5 < plain.alpha
    else:
        assert found.fit == plain


def test_a_power_law_has_no_fingers():
    found = fingers.clip_xmax(tail(2.5, 500))
    assert (found.num_fingers, found.fit) == (0, power_law.fit(tail(2.5, 500)))


def test_clip_xmax_needs_the_drop_it_asks_for():
    data = np.concatenate([tail(3.0, 60)[:-2], [40.0, 40.1]])
    ks = range(1, 10)
    alphas = [power_law.fit(fingers.clip(data, k)).alpha for k in ks]
    largest = power_law.fit(data).alpha - min(alphas)
    drops = [largest * 0.5, largest * 1.01] if largest > 0 else [0.01]
    for drop in drops:
        found = fingers.clip_xmax(data, drop=drop)
        accepted = [k for k, a in zip(ks, alphas, strict=True) if a + drop < found.raw_alpha]
        stopped = [k for k, a in zip(ks, alphas, strict=True) if a <= 2]
        first = accepted[0] if accepted and accepted[0] <= min(stopped, default=99) else 0
        assert found.num_fingers == first


def test_peak_is_the_fullest_bin():
    x = np.concatenate([np.geomspace(1, 1000, 31), np.full(20, 31.0)])
    counts, edges = np.histogram(np.log10(x), 100)
    assert fingers.peak(x) == pytest.approx(10 ** edges[counts.argmax()])
    assert fingers.peak(x) <= 31.0 < fingers.peak(x) * 10**0.03


def test_xmin_peak_searches_around_the_peak():
    x = np.random.default_rng(0).lognormal(size=1000)
    peak = fingers.peak(x)
    assert fingers.xmin_peak(x) == power_law.fit(x, xmin=(0.95 * peak, 1.5 * peak))
