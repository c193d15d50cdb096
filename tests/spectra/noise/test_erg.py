"""The trace-log condition, against products in exact arithmetic and its value for noise."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.noise import erg

# Q = N/M, share of the tail and where it starts for noise: exact values to the digits given
NOISE = [(1, 0.73107, 0.18120), (2, 0.81450, 0.31165), (8, 0.90824, 0.54630)]
whole_numbers = st.lists(st.integers(1, 40), min_size=1, max_size=25)


def noise(Q, M, seed):
    W = np.random.default_rng(seed).standard_normal((Q * M, M))
    return np.linalg.eigvalsh(W.T @ W)


@given(whole_numbers)
def test_definition(data):
    """The largest k whose product is at least 1, equal values together, in fractions."""
    x = sorted(data, reverse=True)
    mean, product, num = Fraction(sum(x), len(x)), Fraction(1), 0
    for k, value in enumerate(x, start=1):
        product *= value / mean
        if product >= 1 and value not in x[k:]:
            num = k
    assert erg.tail(data) == (num, x[num - 1], num / len(x))
    logs = [math.log(v / mean) for v in x if v >= x[num - 1]]
    assert erg.mean_log(data, start=x[num - 1]) == pytest.approx(math.fsum(logs) / len(logs))


@given(whole_numbers, st.integers(-1000, 900))
def test_units_and_order_do_not_matter(data, exponent):
    found, unit = erg.tail(data), 2.0**exponent
    rescaled = erg.tail(unit * np.array(data[::-1], dtype=float))
    assert rescaled == (found.num, unit * found.edge, found.fraction)


@pytest.mark.parametrize("size", [1, 3, 1000, 15000])
@pytest.mark.parametrize("value", [0.1, 1e-300, 7e200])
def test_equal_data_are_all_in_the_tail(size, value):
    assert erg.tail([value] * size) == (size, value, 1.0)
    assert erg.mean_log([value] * size, start=value) == pytest.approx(0.0, abs=1e-14)


def test_zeros_count_in_the_mean_and_are_in_no_tail():
    assert erg.tail([4.0, 1.0, 0.0, 0.0]) == erg.tail([4.0, 1.0, -1e-17, 0.0])
    assert erg.tail([4.0, 1.0, 0.0, 0.0]) == (2, 1.0, 0.5)  # 3.2 * 0.8
    assert erg.mean_log([4.0, 1.0, 0.0, 0.0], start=0.5) == pytest.approx(math.log(2.56) / 2)
    assert erg.mean_log([4.0, 0.0], start=0.0) == -math.inf


def test_more_eigenvalues_than_a_product_can_hold():
    """The product of the tail below, 1e-2000 and less on the way, underflows."""
    x = np.concatenate([np.linspace(0.999e-3, 1e-3, 3000), np.full(100, 1e3)])
    logs = np.log(x / x.mean())[::-1]
    expected = int((np.cumsum(logs) >= 0).sum())
    assert erg.tail(x).num == expected < 3100
    assert np.prod((x / x.mean())[:3000]) == 0


@pytest.mark.parametrize(("Q", "share", "edge"), NOISE)
def test_noise(Q, share, edge):
    """Finite size shifts a share by some 1/M, 0.0025 here; the density at the edge is about 1."""
    found = [erg.tail(noise(Q, 400, seed) / (Q * 400)) for seed in range(5)]
    assert np.mean([f.fraction for f in found]) == pytest.approx(share, abs=0.005)
    assert np.mean([f.edge for f in found]) == pytest.approx(edge, abs=0.005)


@pytest.mark.parametrize("data", [[], [0.0, 0.0], [1.0, math.nan], [1.0, math.inf], [-1.0, 2.0]])
def test_data_without_sense(data):
    num, *rest = erg.tail(data)
    assert num == 0
    assert np.isnan(rest).all()
    assert math.isnan(erg.mean_log(data, start=1.0))
    assert math.isnan(erg.mean_log([1.0, 2.0], start=3.0))


def test_misuse_says_what_is_wanted():
    for wrong in (np.eye(3), 1.0):
        with pytest.raises(ArgumentError, match="`eigenvalues` must be one-dimensional"):
            erg.tail(wrong)
    with pytest.raises(ArgumentError, match="`eigenvalues` must be an array of real numbers"):
        erg.mean_log(["a"], start=1.0)
