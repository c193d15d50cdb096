"""Corrections for a few outliers above a tail."""

import math

import numpy as np
import pytest

from spectra.errors import ArgumentError
from spectra.tails import outliers, power_law


def tail(alpha, size):
    return np.sort(((np.arange(size) + 0.5) / size) ** (-1 / (alpha - 1)))


def test_clip_leaves_out_the_largest():
    assert outliers.clip([3.0, 1.0, 2.0], 0).tolist() == [1.0, 2.0, 3.0]
    assert outliers.clip([3.0, 1.0, 2.0], 3).tolist() == []
    for k in (-1, 4):
        with pytest.raises(
            ArgumentError, match="`k` must be a whole number, at least 0 and at most 3"
        ):
            outliers.clip([3.0, 1.0, 2.0], k)


@pytest.mark.parametrize("num", [1, 2, 3, 5])
def test_clip_xmax_finds_the_fingers(num):
    """Outliers close together above the edge of a bulk: alpha falls when the last of them goes."""
    bulk = np.linspace(1, 3, 60)
    data = np.concatenate([bulk, 3.15 + 0.01 * np.arange(num)])
    found = outliers.clip_xmax(data)
    assert found.num_fingers == num
    assert found.raw_alpha == power_law.fit(data).alpha
    assert found.fit == power_law.fit(bulk)
    assert found.fit.alpha + 1 < found.raw_alpha


def test_clip_xmax_tries_as_many_as_it_is_told():
    data = [*np.linspace(1, 3, 60), 3.15, 3.16, 3.17]
    assert outliers.clip_xmax(data, lengths=[2, 3]).num_fingers == 2 + (
        power_law.fit(data[:-2]).alpha + 1 >= power_law.fit(data).alpha
    )
    assert outliers.clip_xmax(data, lengths=[]).num_fingers == 0
    assert outliers.clip_xmax(data, drop=100.0).num_fingers == 0


def test_a_power_law_has_no_fingers():
    found = outliers.clip_xmax(tail(2.5, 500))
    assert (found.num_fingers, found.fit) == (0, power_law.fit(tail(2.5, 500)))


@pytest.mark.parametrize("share", [0.5, 0.99, 1.01])
def test_clip_xmax_needs_the_drop_it_asks_for(share):
    data = np.array([*np.linspace(1, 3, 60), 3.15, 3.16, 3.17])
    plain = power_law.fit(data).alpha
    falls = [plain - power_law.fit(outliers.clip(data, k)).alpha for k in range(1, 10)]
    assert max(falls) > 5  # or else nothing is tested here
    found = outliers.clip_xmax(data, drop=share * max(falls))
    enough = [k for k, fall in enumerate(falls, start=1) if fall > share * max(falls)]
    assert found.num_fingers == (enough[0] if enough else 0)


def test_peak_is_the_fullest_bin():
    x = np.concatenate([np.geomspace(1, 1000, 31), np.full(20, 31.0)])
    counts, edges = np.histogram(np.log10(x), 100)
    assert outliers.peak(x) == pytest.approx(10 ** edges[counts.argmax()])
    assert outliers.peak(x) <= 31.0 < outliers.peak(x) * 10**0.03


def test_xmin_peak_searches_around_the_peak():
    x = np.random.default_rng(0).lognormal(size=1000)
    peak = outliers.peak(x)
    assert outliers.xmin_peak(x) == power_law.fit(x, xmin=(0.95 * peak, 1.5 * peak))
    with pytest.raises(ArgumentError, match="xmin_peak finds `xmin` itself"):
        outliers.xmin_peak(x, xmin=1.0)
    with pytest.raises(ArgumentError, match="`eigenvalues` must be numbers, got 1 nan among 2"):
        outliers.clip([1.0, math.nan], 1)
