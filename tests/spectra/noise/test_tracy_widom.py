"""The Tracy-Widom law against published values and the largest eigenvalues of noise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, simpson
from scipy.special import airy
from scipy.stats import binom, kstest

from spectra.errors import ArgumentError
from spectra.noise import tracy_widom
from spectra.theory import ensembles

# share below, value: computed from Fredholm determinants, and equal to the published tables
QUANTILES = [
    *[(0.01, -3.89543), (0.05, -3.18038), (0.10, -2.78243), (0.25, -2.08815), (0.50, -1.26857)],
    *[(0.75, -0.39199), (0.90, 0.45014), (0.95, 0.97932), (0.975, 1.45377), (0.99, 2.02345)],
    *[(0.995, 2.42233), (0.999, 3.27220)],
]
DISTRIBUTION = [
    *[(-3, 0.0696001189), (-2, 0.2743201979), (-1, 0.5837898955), (0, 0.8319080662)],
    *[(1, 0.9514212369), (2, 0.9895975711)],
]


@pytest.mark.parametrize(("share", "value"), QUANTILES)
def test_published_quantiles(share, value):
    assert tracy_widom.isf(1 - share) == pytest.approx(value, abs=5.1e-6)


@pytest.mark.parametrize(("s", "share"), DISTRIBUTION)
def test_published_distribution(s, share):
    assert tracy_widom.cdf(s) == pytest.approx(share, abs=5.1e-11)


def test_published_moments():
    """Mean and variance, integrated by parts from the survival function."""
    s = np.linspace(-10, 12, 221)
    above = tracy_widom.sf(s)
    mean = simpson(above, x=s) - 10
    square = simpson(2 * s * above, x=s) + 100
    # what is beyond the ends is below 1e-15, the rule off by the fourth power of the step: 1e-6
    assert mean == pytest.approx(-1.206534, abs=2e-6)
    assert square - mean**2 == pytest.approx(1.60778, abs=1e-5)


@pytest.mark.parametrize("s", [6.0, 10.0, 20.0])
def test_far_tail_is_that_of_the_trace(s):
    """1 - det(1 - B) = tr B to first order, and the second is smaller by the square."""
    trace = quad(lambda x: airy(x)[0], s, s + 40, epsabs=0)[0] / 2
    assert tracy_widom.sf(s) == pytest.approx(trace, rel=max(trace, 1e-9))


@given(st.lists(st.floats(-20, 200), min_size=2, max_size=5))
def test_survival_function_falls_from_1_to_0(values):
    s = np.sort(values)
    found = tracy_widom.sf(s)
    assert np.all((found >= 0) & (found <= 1))
    assert np.all(np.diff(found) <= 1e-14)


@pytest.mark.parametrize("s", [-4.0, -6.0, -8.0])
def test_far_lower_tail_is_the_asymptotic_one(s):
    r"""
    Compare with :math:`\tau |s|^{-1/16} e^{-|s|^3/24 - |s|^{3/2}/(3 \sqrt 2)} (1 + O(|s|^{-3/2}))`.

    Baik, Buckingham & DiFranco (2008), doi:10.1007/s00220-008-0433-5; zeta'(-1) = -0.165421.
    """
    x = abs(s)
    log_tau = -11 / 48 * math.log(2) - 0.1654211437 / 2
    leading = log_tau - x**3 / 24 - x**1.5 / (3 * math.sqrt(2)) - math.log(x) / 16
    # the next term is -0.027 to -0.029 |s|**-1.5 for all of them, so that its factor is a constant
    assert math.log(tracy_widom.cdf(s).item()) == pytest.approx(leading, abs=0.03 * x**-1.5)


# computed with 40 digits from the same determinant with 56 nodes
@pytest.mark.parametrize(
    ("s", "share", "height", "rel"),
    [
        (-8.0, 1.80682792118614e-12, 1.62751536223e-11, 1e-6),
        (-6.0, 2.70731932530477e-6, 1.45545122652e-5, 1e-9),
        (-3.0, 0.0696001188673699, 0.122213418021, 1e-11),
        (2.0, 0.989597571084827, 0.0174700541977, 1e-11),
    ],
)
def test_values_computed_with_40_digits(s, share, height, rel):
    assert tracy_widom.cdf(s) == pytest.approx(share, rel=rel)
    assert tracy_widom.pdf(s) == pytest.approx(height, rel=rel)


def test_missing_stays_missing_and_the_extremes_are_certain():
    for function in (tracy_widom.pdf, tracy_widom.cdf, tracy_widom.sf):
        assert np.isnan(function(math.nan))
    assert tracy_widom.pdf([math.inf, -math.inf]).tolist() == [0.0, 0.0]
    assert tracy_widom.cdf([math.inf, -math.inf]).tolist() == [1.0, 0.0]
    assert tracy_widom.sf([math.inf, -math.inf]).tolist() == [0.0, 1.0]
    assert np.copysign(1.0, tracy_widom.sf(1e6)) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("N", "M"), [(100, 100), (200, 100), (800, 100), (2000, 50)], ids=lambda n: str(n)
)
def test_largest_eigenvalue_of_400_noise_matrices(N, M):
    """The whole law, and the shares above the published points."""
    largest = ensembles.laguerre((N, M), num=400, rng=np.random.default_rng(M + N))[:, -1]
    centre, width = tracy_widom.scale(N, M)
    units = (largest - centre) / width
    # the law itself is off by about 0.3 M**(-2/3), 0.02 at most, beside the scatter of 400
    assert kstest(units, tracy_widom.cdf).statistic < 1.95 / math.sqrt(400) + 0.02
    for share, value in QUANTILES[1:-2]:
        below = int(np.sum(units < value))
        # within the central 99.99 % of the binomial law, a share of 0.01 to either side allowed for
        assert binom.ppf(5e-5, 400, max(share - 0.01, 0)) <= below
        assert below <= binom.ppf(1 - 5e-5, 400, min(share + 0.01, 1))


@pytest.mark.parametrize("fraction", [0.0, 1.0, math.nan, 1e-13])
def test_a_probability_is_not_beyond_the_accuracy(fraction):
    for function in (tracy_widom.ppf, tracy_widom.isf):
        with pytest.raises(ArgumentError, match="`q` must be a probability from 1e-12"):
            function(fraction)


def test_a_matrix_has_rows_and_columns():
    with pytest.raises(ArgumentError, match="`N` and `M` must be at least 1"):
        tracy_widom.scale(10, 0)
