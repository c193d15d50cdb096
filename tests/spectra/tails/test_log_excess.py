"""The exponential law of the log-excess and its truncated form, against quadrature and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import expon, kstest, truncexpon

from spectra.tails import log_excess

rates = st.floats(-40, 40).filter(lambda rate: abs(rate) > 1e-3)
lengths = st.floats(0.1, 20)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_totals_against_a_loop(values):
    log_x = np.sort(values)
    expected = [sum(y - x for y in log_x[i:]) for i, x in enumerate(log_x)]
    assert log_excess.totals(log_x) == pytest.approx(expected, abs=1e-12)


NAMES = ("pdf", "cdf", "sf", "ppf", "isf")


@given(st.floats(0, 50), st.floats(0, 1), st.floats(0.01, 50))
def test_distribution_against_scipy(z, q, rate):
    law = expon(scale=1 / rate)
    for name in NAMES:
        x = z if name in ("pdf", "cdf", "sf") else q
        found = getattr(log_excess, name)(np.array(x), np.array(rate))
        # the smallest numbers are rounded by scipy, which divides by the scale
        assert found == pytest.approx(getattr(law, name)(x), rel=1e-9, abs=1e-300)


@given(st.floats(0, 1), st.floats(0.05, 30), lengths)
def test_truncated_distribution_against_scipy(share, rate, length):
    law = truncexpon(rate * length, scale=1 / rate)
    for name in NAMES:
        x = share * length if name in ("pdf", "cdf", "sf") else share
        found = getattr(log_excess, f"bounded_{name}")(
            np.array(x), np.array(rate), np.array(length)
        )
        # scipy's own inverses lose digits near the ends, those of 1 - exp(-rate length)
        rel = 1e-6 if name in ("ppf", "isf", "sf") else 1e-9
        assert found == pytest.approx(getattr(law, name)(x), rel=rel, abs=1e-9)


@given(rates, lengths)
def test_rate_is_that_whose_law_has_the_mean(rate, length):
    length = min(length, 300 / abs(rate))
    norm, _ = quad(lambda z: math.exp(-rate * z), 0, length, points=[length / 50])
    mean = quad(lambda z: z * math.exp(-rate * z), 0, length, points=[length / 50])[0] / norm
    if not 1e-3 < mean / length < 1 - 1e-2:
        return
    found = log_excess.bounded_rate(np.array(mean), np.array(length))
    assert found == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("length", [1e-3, 1.0, 1e3, 1e6])
def test_a_mean_in_the_middle_needs_no_power(length):
    assert abs(log_excess.bounded_rate(np.array(length / 2), np.array(length))) < 1e-9 / length


@given(rates, lengths)
def test_sigma_is_one_over_the_root_of_the_information(rate, length):
    """The information is the variance of z: both by central differences of the log of the norm."""
    length = min(length, 300 / abs(rate))

    def log_norm(a):
        return math.log(abs(math.expm1(-a * length) / a))

    step = 1e-3 * max(1.0, abs(rate)) / max(1.0, length)
    curvature = (log_norm(rate + step) - 2 * log_norm(rate) + log_norm(rate - step)) / step**2
    found = log_excess.bounded_sigma(np.array(rate), np.array(length), 50)
    assert found == pytest.approx(1 / math.sqrt(50 * curvature), rel=2e-2)


@given(rates, lengths, st.floats(1e-300, 1.0))
def test_an_opposite_rate_is_the_law_seen_from_the_other_end(rate, length, q):
    a, b = np.array(rate), np.array(length)
    z = log_excess.bounded_ppf(np.array(q), a, b)
    assert 0 <= z <= length
    assert log_excess.bounded_isf(np.array(q), -a, b) == length - z
    for name, mirrored in (("pdf", "pdf"), ("cdf", "sf")):
        found = getattr(log_excess, f"bounded_{name}")(length - z, -a, b)
        expected = getattr(log_excess, f"bounded_{mirrored}")(z, a, b)
        # a rounded argument of at most 20, times a rate of at most 40
        assert found == pytest.approx(expected, rel=40 * 20 * 1e-15, abs=1e-300)


@pytest.mark.parametrize("rate", [-1e6, -40.0, -1e-200, 1e-200, 40.0, 1e6])
def test_truncated_ends_are_finite_for_any_rate(rate):
    q, length = np.array([0.0, 1.0]), np.array(3.0)
    assert log_excess.bounded_ppf(q, np.array(rate), length) == pytest.approx([0, 3], abs=1e-12)
    assert log_excess.bounded_isf(q, np.array(rate), length) == pytest.approx([3, 0], abs=1e-12)
    assert np.isfinite(log_excess.bounded_pdf(3 * q, np.array(rate), length)).all()


@pytest.mark.parametrize("num", [10, 100, 1000])
def test_critical_values_of_stephens(num):
    """Exceeded by as many samples of exponential data, their rate fitted, as the table says."""
    z = np.sort(np.random.default_rng(0).exponential(size=(4000, num)), axis=1)
    model = 1 - np.exp(-z / z.mean(axis=1, keepdims=True))
    steps = np.arange(num) / num
    D = np.maximum(np.abs(model - steps), np.abs(model - steps - 1 / num)).max(axis=1)
    assert kstest(D, "uniform").pvalue < 1e-6  # or else nothing is tested here
    statistic = log_excess.stephens(D, num)
    for expected, critical in (
        (0.05, log_excess.STEPHENS_AT_05),
        (0.10, log_excess.STEPHENS_AT_10),
    ):
        share = np.mean(statistic > critical)
        assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / 4000)
