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
from tests.spectra.theory.local.drawing import noise

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


# of the same determinants with 40 digits: share below, share above, of complex and of quaternion
COMPLEX = [
    (-6.0, 1.062254674124451e-8, 0.9999999893774533, 1e-10),
    (-3.0, 0.08031955293933455, 0.9196804470606655, 1e-12),
    (0.0, 0.9693728283552627, 0.03062717164473733, 1e-12),
    (4.0, 0.9999999504208785, 4.957912153331047e-8, 1e-12),
]
QUATERNION = [
    (-6.0, 1.451774540062372e-9, 0.9999999985482255, 1e-9),
    (-3.0, 0.1677080381980468, 0.8322919618019532, 1e-12),
    (0.0, 0.9985741973581685, 0.00142580264183146, 1e-12),
    (4.0, 0.9999999999998463, 1.53679310031001e-13, 1e-11),
]


@pytest.mark.parametrize(
    ("beta", "s", "below", "above", "rel"),
    [*((2, *row) for row in COMPLEX), *((4, *row) for row in QUATERNION)],
)
def test_complex_and_quaternion_values_computed_with_40_digits(beta, s, below, above, rel):
    assert tracy_widom.cdf(s, beta=beta) == pytest.approx(below, rel=rel)
    assert tracy_widom.sf(s, beta=beta) == pytest.approx(above, rel=rel)


# computed with tracywidom 0.4.0: a table of steps of 0.005 to six digits
TABLE = {
    1: [(0.01, -3.89694), (0.05, -3.18078), (0.5, -1.26862), (0.95, 0.97930), (0.99, 2.02344)],
    2: [(0.01, -3.72519), (0.05, -3.19447), (0.5, -1.80497), (0.95, -0.23250), (0.99, 0.47764)],
    4: [(0.01, -3.89548), (0.05, -3.45563), (0.5, -2.32687), (0.95, -1.09042), (0.99, -0.54471)],
}


@pytest.mark.parametrize("beta", TABLE)
def test_quantiles_of_another_package(beta):
    shares, values = np.array(TABLE[beta]).T
    found = tracy_widom.ppf(shares, beta=beta)
    np.testing.assert_allclose(found, values, atol=2e-3)  # its tables are linear between values
    np.testing.assert_allclose(tracy_widom.isf(1 - shares, beta=beta), found, atol=1e-9)


# mean, variance, skewness and excess kurtosis of Bornemann (2010), arXiv:0904.1581
MOMENTS = {
    1: (-1.206533574582, 1.607781034581, 0.29346452408, 0.1652429384),
    2: (-1.771086807411, 0.8131947928329, 0.224084203610, 0.0934480876),
    4: (-2.306884893241, 0.5177237207726, 0.16550949435, 0.0491951565),
}


@pytest.mark.parametrize("beta", MOMENTS)
def test_moments_are_the_published_ones(beta):
    """The sum over equal steps of a density that is smooth and falls off is exact to rounding."""
    s = np.linspace(-8, 14, 441)  # the parts beyond the ends are below 1e-11 times their power
    weights = tracy_widom.pdf(s, beta=beta) * (s[1] - s[0])
    mean = weights @ s
    off = s - mean
    variance = weights @ off**2
    shape = weights @ off**3 / variance**1.5, weights @ off**4 / variance**2 - 3
    assert weights.sum() == pytest.approx(1, abs=1e-10)
    assert (mean, variance, *shape) == pytest.approx(MOMENTS[beta], abs=1e-7)
    assert (mean, variance) == pytest.approx(
        (tracy_widom.MEANS[beta], tracy_widom.VARIANCES[beta]), abs=1e-8
    )
    assert (
        tracy_widom.MEANS[1],
        tracy_widom.VARIANCES[1],
    ) == (tracy_widom.MEAN, tracy_widom.VARIANCE)


@given(st.sampled_from([1, 2, 4]), st.floats(-5, 8))
def test_density_is_the_slope_of_the_distribution(beta, s):
    step = 1e-4
    below, above = tracy_widom.cdf([s - step, s + step], beta=beta)
    # a third derivative below 1, over 6 times the square of the step; rounding over the step
    allowed = step**2 + 1e-14 / step
    found = float(tracy_widom.pdf(s, beta=beta))
    assert found == pytest.approx((above - below) / (2 * step), abs=allowed)
    assert found >= 0


@given(st.sampled_from([1, 2, 4]), st.lists(st.floats(1e-9, 1 - 1e-9), min_size=1, max_size=4))
def test_inverses_take_arrays(beta, shares):
    found = tracy_widom.ppf([shares], beta=beta)
    assert isinstance(found, np.ndarray)
    assert found.shape == (1, len(shares))
    assert found[0].tolist() == [tracy_widom.ppf(q, beta=beta) for q in shares]
    np.testing.assert_allclose(tracy_widom.cdf(found[0], beta=beta), shares, rtol=1e-8)
    back = tracy_widom.isf(shares, beta=beta)
    np.testing.assert_allclose(tracy_widom.sf(back, beta=beta), shares, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [2, 4])
@pytest.mark.parametrize(("N", "M"), [(40, 40), (80, 30)])
def test_largest_eigenvalue_of_complex_and_quaternion_noise(N, M, beta):
    largest = noise(np.random.default_rng(N), N, M, beta, 1500)[:, -1]
    centre, width = tracy_widom.scale(N, M, beta=beta)
    units = (largest - centre) / width
    # the scatter of 1,500, and 0.3 M**(-2/3) by which the law itself is off
    allowed = 1.95 / math.sqrt(1500) + 0.3 * M ** (-2 / 3)
    assert kstest(units, lambda s: tracy_widom.cdf(s, beta=beta)).statistic < allowed
    assert kstest(units, tracy_widom.cdf).statistic > 2.5 * allowed


@pytest.mark.parametrize("beta", [0, 3, 2.0, True, None])
def test_an_element_has_one_or_two_or_four_numbers(beta):
    for name in ("pdf", "cdf", "sf", "ppf", "isf"):
        with pytest.raises(ArgumentError, match="`beta` must be one of 1, 2, 4"):
            getattr(tracy_widom, name)(0.5, beta=beta)
    with pytest.raises(ArgumentError, match="`beta` must be one of 1, 2, 4"):
        tracy_widom.scale(10, 5, beta=beta)


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
        with pytest.raises(ArgumentError, match="`q` must be a probability from 1e-12"):
            function([0.5, fraction])


def test_a_matrix_has_rows_and_columns():
    with pytest.raises(ArgumentError, match="`N` and `M` must be at least 1"):
        tracy_widom.scale(10, 0)


def test_beta_may_be_an_integer_of_numpy():
    for beta in np.array([1, 2, 4]):
        assert tracy_widom.cdf(-1.0, beta=beta) == tracy_widom.cdf(-1.0, beta=int(beta))
    with pytest.raises(ArgumentError, match="`beta` must be one of 1, 2, 4"):
        tracy_widom.cdf(-1.0, beta=np.float64(1))  # type: ignore[arg-type]
