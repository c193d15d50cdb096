"""Laws of spacings against one another, published numbers, packages and random matrices."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import gamma
from scipy.stats import kstest, weibull_min

from spectra.errors import ArgumentError
from spectra.theory.local import brody, spacing_law, surmise, unfolding
from tests.spectra.theory.local.drawing import hermitian, semicircle

BETAS = [0, 1, 2, 4]
s = np.linspace(0, 4, 81)


def mean_and_variance(law, **options):
    """Return the moments, integrated by parts from the survival function."""
    mean = quad(lambda x: float(law.sf(x, **options)), 0, 60, epsabs=1e-12, limit=400)[0]
    square = quad(lambda x: 2 * x * float(law.sf(x, **options)), 0, 60, epsabs=1e-12, limit=400)
    return mean, square[0] - mean**2


# Mehta (2004) and Guhr et al. (1998), to the digits given there
@pytest.mark.parametrize(("beta", "variance"), [(0, 1.0), (1, 0.286), (2, 0.180), (4, 0.104)])
def test_exact_law_has_mean_1_and_the_published_variance(beta, variance):
    found = mean_and_variance(spacing_law, beta=beta)
    assert found == pytest.approx((1, variance), abs=6e-4)
    assert found[0] == pytest.approx(1, abs=1e-9)


# leading terms at small distances, Mehta (2004), and the next ones: 1 - (pi s)**2 / 10 and so on
@pytest.mark.parametrize(
    ("beta", "factor"),
    [(1, math.pi**2 / 6), (2, math.pi**2 / 3), (4, 16 * math.pi**4 / 135)],
)
def test_neighbours_repel_each_other_as_the_power_beta(beta, factor):
    close = 0.02
    expected = factor * close**beta
    assert spacing_law.pdf(close, beta=beta) == pytest.approx(
        expected, rel=(math.pi * close) ** 2, abs=1e-11
    )


def test_exact_law_of_complex_matrices_is_that_of_the_whole_kernel():
    """The determinant without its division into even and odd functions, differentiated."""
    nodes, weights = np.polynomial.legendre.leggauss(40)

    def empty(length):
        x, w = length * nodes / 2, length * weights / 2
        kernel = np.sinc(np.subtract.outer(x, x)) * np.sqrt(np.multiply.outer(w, w))
        return np.linalg.det(np.eye(40) - kernel)

    step = 1e-4
    for length in (0.3, 1.0, 2.5):
        slope = (empty(length + step) - empty(length - step)) / (2 * step)
        # the third derivative, about 10, times step**2 / 6, and rounding over the step
        assert spacing_law.sf(length, beta=2) == pytest.approx(-slope, abs=1e-7 + 1e-11)


@pytest.mark.parametrize(("beta", "most"), [(1, 0.0066), (2, 0.0016), (4, 0.0005)])
def test_surmise_is_near_the_exact_law(beta, most):
    off = np.abs(surmise.cdf(s, beta=beta) - spacing_law.cdf(s, beta=beta))
    assert 0.9 * most < off.max() < most


# computed with beta-ensembles 1.1.0: pdf_s and cdf_s of 0.3, 1 and 2.2
SURMISED = {
    1: (
        [0.4390789973271764, 0.7161859363405692, 0.07720530974857792],
        [0.06824542890062354, 0.5440618722340038, 0.9776588969464962],
    ),
    2: (
        [0.2602113648283722, 0.9075892109166813, 0.033064716077578896],
        [0.027253923234629936, 0.5330502005906138, 0.9936510201790003],
    ),
    2.5: (
        [0.19462001558854067, 0.9903008377290266, 0.020765920394805307],
        [0.01754257366854314, 0.5298022919498446, 0.9965872245101755],
    ),
    4: (
        [0.0766256283878459, 1.205927393507412, 0.004743862388625082],
        [0.004877716128014916, 0.5237307689055017, 0.9994556164219222],
    ),
}


@pytest.mark.parametrize("beta", SURMISED)
def test_surmise_is_that_of_another_package(beta):
    heights, shares = SURMISED[beta]
    np.testing.assert_allclose(surmise.pdf([0.3, 1.0, 2.2], beta=beta), heights, rtol=1e-12)
    np.testing.assert_allclose(surmise.cdf([0.3, 1.0, 2.2], beta=beta), shares, rtol=1e-12)


@given(st.floats(0.05, 30))
def test_surmise_has_mean_1_and_the_variance_of_its_gamma_functions(beta):
    mean, variance = mean_and_variance(surmise, beta=beta)
    ratio = math.exp(2 * (math.lgamma((beta + 1) / 2) - math.lgamma(beta / 2 + 1)))
    assert (mean, variance) == pytest.approx((1, (beta + 1) / 2 * ratio - 1), abs=1e-8)


@given(st.floats(-0.5, 6))
def test_brody_is_a_weibull_law_of_mean_1(exponent):
    law = weibull_min(exponent + 1, scale=1 / gamma(1 + 1 / (exponent + 1)))
    assert law.mean() == pytest.approx(1)
    x = s[1:]
    for name in ("pdf", "cdf", "sf"):
        found = getattr(brody, name)(x, exponent=exponent)
        np.testing.assert_allclose(found, getattr(law, name)(x), rtol=1e-10, atol=1e-300)
    shares = np.array([1e-6, 0.3, 0.9])
    for name in ("ppf", "isf"):
        found = getattr(brody, name)(shares, exponent=exponent)
        np.testing.assert_allclose(found, getattr(law, name)(shares), rtol=1e-10)


def test_brody_joins_independent_numbers_and_the_surmise():
    np.testing.assert_allclose(brody.pdf(s, exponent=0), surmise.pdf(s, beta=0), rtol=1e-13)
    np.testing.assert_allclose(brody.pdf(s, exponent=1), surmise.pdf(s, beta=1), rtol=1e-12)


@pytest.mark.parametrize("power", [0.7, 1.0, 1.6, 2.0, 3.0])
def test_fit_is_the_largest_likelihood_of_scipy(power):
    data = weibull_min(power, scale=1 / gamma(1 + 1 / power)).rvs(
        500, random_state=np.random.default_rng(3)
    )

    def loss(exponent):
        scale = 1 / gamma(1 + 1 / (exponent + 1))
        return -weibull_min.logpdf(data, exponent + 1, scale=scale).sum()

    expected = minimize_scalar(loss, bounds=(-0.8, 6), method="bounded", options={"xatol": 1e-8})
    found = brody.fit(data)
    assert found.exponent == pytest.approx(expected.x, abs=1e-6)
    assert abs(found.exponent - (power - 1)) < 4 * found.error
    step = 1e-3
    curvature = loss(expected.x + step) - 2 * loss(expected.x) + loss(expected.x - step)
    assert found.error == pytest.approx(step / math.sqrt(curvature), rel=1e-3)


def test_error_of_the_exponent_is_as_large_as_it_says():
    draws = np.random.default_rng(0).exponential(size=(400, 200))
    found = np.array([brody.fit(row)[:2] for row in draws])
    # 5 standard errors of a variance of 400
    assert found[:, 0].var() / np.mean(found[:, 1] ** 2) == pytest.approx(
        1, abs=5 * math.sqrt(2 / 400)
    )


def test_fit_leaves_out_what_is_no_spacing():
    data = np.random.default_rng(0).exponential(size=20)
    assert brody.fit([*data, 0.0, math.nan, math.inf, -1.0]) == brody.fit(data.reshape(4, 5))
    assert brody.fit([1.0]) == pytest.approx((math.nan, math.nan, 1), nan_ok=True)
    assert brody.fit([1.0] * 9).exponent == pytest.approx(10, abs=1e-3)  # the end of the search


@pytest.mark.slow
@pytest.mark.parametrize("beta", [1, 2, 4])
def test_random_matrices_have_the_exact_law(beta):
    x = hermitian(np.random.default_rng(beta), 400, 100, beta)
    spacings = np.diff(unfolding.by_law(x, semicircle), axis=-1)[:, 20:-20]
    found = spacing_law.kolmogorov_smirnov(spacings, beta=beta)
    num = spacings.size
    # as of independent spacings, and 1 % by which the density of 100 eigenvalues is off
    assert found.distance < 1.63 / math.sqrt(num) + 0.005
    for other in {0, 1, 2, 4} - {beta}:
        assert spacing_law.kolmogorov_smirnov(spacings, beta=other).p_value < 1e-20


@given(st.sampled_from(BETAS), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_distance_is_that_of_scipy(beta, num, seed):
    data = np.random.default_rng(seed).exponential(size=num)
    found = spacing_law.kolmogorov_smirnov(data, beta=beta)
    expected = kstest(data, lambda x: spacing_law.cdf(x, beta=beta))
    assert found == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize("beta", BETAS)
def test_outside_and_missing(beta):
    for law in (spacing_law, surmise):
        assert law.pdf([-1.0, math.inf, -math.inf], beta=beta).tolist() == [0, 0, 0]
        assert law.cdf([-1.0, math.inf, -math.inf], beta=beta).tolist() == [0, 1, 0]
        assert law.sf([-1.0, math.inf, -math.inf], beta=beta).tolist() == [1, 0, 1]
        for name in ("pdf", "cdf", "sf"):
            assert np.isnan(getattr(law, name)(math.nan, beta=beta))


def test_misuse_says_what_is_wanted():
    for name in ("pdf", "cdf", "sf", "ppf", "isf", "kolmogorov_smirnov"):
        with pytest.raises(ArgumentError, match="`beta` must be one of 0, 1, 2, 4"):
            getattr(spacing_law, name)([0.5], beta=3)
    for name in ("pdf", "cdf", "sf", "ppf", "isf"):
        with pytest.raises(ArgumentError, match="`beta` must be a finite number from 0"):
            getattr(surmise, name)(0.5, beta=-1)
        with pytest.raises(ArgumentError, match=r"`exponent` must be a finite number from -0\.99"):
            getattr(brody, name)(0.5, exponent=-1)
    for function in (spacing_law.ppf, surmise.isf):
        with pytest.raises(ArgumentError, match="`q` must be a probability, from 0 to 1"):
            function(1.5)
    with pytest.raises(ArgumentError, match="`spacings` must hold at least one finite number"):
        spacing_law.kolmogorov_smirnov([math.nan])


def test_brody_laws_of_extreme_exponents_are_finite_or_refused():
    s = [0.0, 0.5, 1.0, 2.0, 1e300, np.inf]
    for exponent in (-0.99, 1e6):
        assert not np.isnan(brody.pdf(s, exponent=exponent)).any()
        cdf = brody.cdf(s, exponent=exponent)
        assert (np.diff(cdf) >= 0).all()
        assert (cdf[0], cdf[-1]) == (0, 1)
    for exponent in (-0.999, 1e7):
        with pytest.raises(ArgumentError, match=r"from -0\.99 to 1e\+06"):
            brody.pdf(s, exponent=exponent)
    assert -0.9 <= brody.fit([1e-300, 1e300]).exponent <= 10
