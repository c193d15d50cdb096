"""Tail indices: another program's numbers, closed forms, variance and bias against sampling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.errors import ArgumentError
from spectra.tails import (
    exponents,
    hill,
    second_order,
    tail_errors,
    tail_indices,
    tail_length,
)

ESTIMATORS = ("hill", "moments", "kernel", "positive_kernel", "pickands")
OF_LOGARITHMS = ESTIMATORS[:-1]
FRECHET = (-np.log((np.arange(1000) + 0.5) / 1000)) ** -0.5  # its quantiles

positive = st.lists(st.floats(1e-6, 1e6), min_size=5, max_size=40, unique=True)


def pareto(u, gamma):
    return u**-gamma


def frechet(u, gamma):
    return (-np.log1p(-u)) ** -gamma


def burr(u, gamma, rho):
    return (u**rho - 1) ** (-gamma / rho)


def at(found, k):
    """Return the estimates of a tail length."""
    return found.gamma[..., np.searchsorted(found.k, k)]


def of(name, data):
    return getattr(tail_indices, name)(data)


@pytest.mark.parametrize(
    ("found", "k", "expected"),  # of tailestim 0.7.0
    [
        (tail_indices.hill(FRECHET), 50, 0.5080779517914251),
        (tail_indices.hill(FRECHET), 500, 0.5897485012543475),
        (tail_indices.moments(FRECHET), 50, 0.45993222250217536),
        (tail_indices.moments(FRECHET), 500, 0.48744677870040154),
        (tail_indices.pickands(FRECHET), 40, 0.5357769008399108),
        (tail_indices.pickands(FRECHET), 800, 0.2350404079708308),
        (tail_indices.kernel(FRECHET, published=True), 99, 0.45666642342156083),
        (tail_indices.kernel(FRECHET, published=True), 999, 0.22427162990326344),
    ],
)
def test_estimates_are_those_of_another_program(found, k, expected):
    assert at(found, k) == pytest.approx(expected, rel=1e-11)


def test_third_moments_are_those_of_another_program():
    third = tail_indices.log_moments(FRECHET).third[[49, 499]]  # of tailestim 0.7.0
    assert third == pytest.approx([0.6752886447415078, 0.9789608255052481], rel=1e-11)


@given(positive)
def test_log_moments_by_their_definition(data):
    found = tail_indices.log_moments(data)
    x = np.sort(data)[::-1]
    for i, k in enumerate(found.k):
        excess = np.log(x[:k] / x[k])
        for power, moment in enumerate(found[1:], 1):
            # logarithms up to 14 are off by 14 eps each
            assert moment[i] == pytest.approx((excess**power).mean(), rel=1e-6, abs=1e-12)


def test_hill_is_the_curve_in_another_convention():
    curve, found = hill.curve(FRECHET), tail_indices.hill(FRECHET)
    assert exponents.convert(curve.alpha, "alpha", "gamma") == pytest.approx(found.gamma)
    assert np.array_equal(curve.k, found.k)


@given(
    st.lists(st.floats(-20, 20), min_size=1, max_size=9),
    *[st.sampled_from(["gamma", "xi", "mu", "alpha"])] * 2,
)
def test_conventions_are_converted_to_and_fro(values, given, wanted):
    x = np.array(values)
    mu = {"alpha": x - 1, "mu": x}.get(given, x)
    there = exponents.convert(x, given, wanted)
    back = exponents.convert(there, wanted, given)
    kept = mu > 1e-3
    assert back[kept] == pytest.approx(x[kept], rel=1e-9)
    assert (exponents.convert(x[kept], given, "alpha") > 1).all()
    if {given, wanted} - {"gamma", "xi"}:
        assert np.isnan(there[mu < 0]).all()


def test_an_index_of_zero_is_an_infinite_exponent():
    assert exponents.convert([1e-310], "gamma", "mu").tolist() == [math.inf]
    assert exponents.convert([1e-310], "mu", "gamma").tolist() == [math.inf]
    assert exponents.convert([0.0, -0.0], "gamma", "alpha").tolist() == [math.inf, math.inf]
    assert exponents.convert(math.inf, "alpha", "gamma") == 0


@pytest.mark.parametrize("name", ESTIMATORS)
@given(data=positive, scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_estimates_depend_neither_on_scale_nor_on_order(name, data, scale, seed):
    shuffled = np.random.default_rng(seed).permutation(data)
    first, second = of(name, data), of(name, scale * shuffled)
    assert np.array_equal(of(name, shuffled).gamma, first.gamma, equal_nan=True)
    gaps = -np.diff(np.sort(data)[::-1]) / np.sort(data)[:0:-1]
    if gaps.min() > 1e-6:  # the rounding of a product, over the least gap, leaves 1e-9
        assert second.gamma == pytest.approx(first.gamma, rel=1e-4, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_stacks_have_the_estimates_of_each_spectrum(name):
    x = np.random.default_rng(0).pareto(2.0, (2, 3, 50)) + 1
    every = of(name, x)
    for place in np.ndindex(2, 3):
        assert np.array_equal(every.gamma[place], of(name, x[place]).gamma, equal_nan=True)
        assert np.array_equal(every.sigma[place], of(name, x[place]).sigma, equal_nan=True)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_spectrum_stands_for_its_nonzero_eigenvalues(name):
    W = np.random.default_rng(0).standard_t(3, size=(60, 40))
    W[:, 0] = 0
    spectrum = spectra.spectrum(W)
    values = spectra.eigenvalues(W)[1:]
    assert np.array_equal(of(name, spectrum).gamma, of(name, values).gamma, equal_nan=True)


@pytest.mark.parametrize("name", OF_LOGARITHMS)
def test_data_of_any_sign_have_estimates_down_to_zero(name):
    found = of(name, [-3.0, 0.0, 1.0, 2.0, 5.0, 11.0])
    assert np.isfinite(found.gamma[1:3]).all()
    assert np.isnan(found.gamma[3:]).all()
    assert np.isnan(of(name, [1.0, 2.0, math.nan, 3.0, math.inf]).gamma).all()


def test_pickands_does_not_change_if_a_number_is_added():
    x = np.random.default_rng(0).standard_normal(100)
    moved = tail_indices.pickands(x + 5).gamma
    assert moved == pytest.approx(tail_indices.pickands(x).gamma, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("size", [0, 1])
def test_too_few_data_have_no_estimates(name, size):
    assert of(name, np.ones(size)).k.size == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_variance_and_no_bias_for_a_pareto_law(name, gamma):
    draws, k = 1500, 800
    x = pareto(np.random.default_rng([1, ESTIMATORS.index(name)]).random((draws, 3200)), gamma)
    found = at(of(name, x), k)
    expected = float(tail_errors.variance(name, gamma)) / k
    # the variance of a normal sample has the relative error sqrt(2 / draws); four of them, and a
    # term of the next order in 1 / k, of 60 / k or less in the estimators that are not linear
    assert found.var() == pytest.approx(expected, rel=4 * math.sqrt(2 / draws) + 60 / k)
    error = math.sqrt(expected / draws)
    # the moments have the bias of a ratio, of the order of 3 / k; Pickands' estimate of 16 / k
    order = {"moments": 3, "kernel": 3, "pickands": 16}.get(name, 0) / k
    assert found.mean() == pytest.approx(gamma, abs=4 * error + order)
    half = found - at(of(name, x), k // 2)
    crossed = tail_errors.halves(name, gamma, -1.0)
    spread = half.var() * k
    # the ratio of lengths at rho = -1 tells the variance of the difference: (v / 4 / spread)^(1/3)
    predicted = (expected * k / 4 / spread) ** (1 / 3)
    assert predicted == pytest.approx(float(crossed), rel=(4 * math.sqrt(2 / draws) + 100 / k) / 3)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_bias_at_the_quantiles_of_laws_of_known_second_order(name):
    """Estimates of exact quantiles have no error but the bias, and the rounding of k to n."""
    n, k = 4_000_000, 40_000
    u = (np.arange(1, 2 * k) - 0.5) / n
    for data, rho, beta in ((frechet(u, 0.5), -1.0, 0.5), (burr(u, 0.5, -0.5), -0.5, 1.0)):
        expected = tail_errors.bias(name, k, n, gamma=0.5, rho=rho, beta=beta)
        a = (k / n) ** -rho
        # the next order is a^2; sums over quantiles differ from integrals by some k^-0.6
        found = at(of(name, data), k) - at(of(name, pareto(u, 0.5)), k)
        assert found == pytest.approx(float(expected), abs=3 * a**2)
        assert abs(expected) < a


def test_published_variances():
    g = np.array([-0.3, 0.0, 0.5, 2.0])
    with np.errstate(invalid="ignore"):
        ratio = (g * (2 ** (2 * g + 1) + 1) ** 0.5 / (2 * (2**g - 1) * math.log(2))) ** 2
    ratio[1] = 3 / (4 * math.log(2) ** 4)
    assert tail_errors.variance("pickands", g) == pytest.approx(4 * ratio, rel=1e-9)
    assert tail_errors.variance("hill", g)[1:] == pytest.approx(g[1:] ** 2)
    # of the biweight kernel: 10 / 7
    assert tail_errors.variance("positive_kernel", 1.0) == pytest.approx(10 / 7)
    assert tail_errors.variance("moments", -1e-9) == pytest.approx(1)  # both forms meet at 0
    kernel = tail_errors.variance("kernel", [-1e-5, 1e-5])
    assert kernel[0] == pytest.approx(kernel[1], rel=1e-3)
    assert np.isnan(tail_errors.variance("positive_kernel", -0.1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["moments", "kernel", "pickands"])
@pytest.mark.parametrize("gamma", [-0.4, -1.0])
def test_variance_for_a_law_that_ends(name, gamma):
    draws, n, k = 1500, 40_000, 1000
    steps = np.random.default_rng(2).exponential(size=(draws, 2 * k))
    x = 1 - 0.1 * (np.cumsum(steps, axis=1) / n) ** -gamma  # the largest of n data
    found = at(of(name, x), k)
    # four standard errors of a variance, and the next order as for a Pareto law
    expected = float(tail_errors.variance(name, gamma)) / k
    assert found.var() == pytest.approx(expected, rel=4 * math.sqrt(2 / draws) + 60 / k)
    # the bias of the next order is below 0.01
    assert found.mean() == pytest.approx(gamma, abs=4 * math.sqrt(expected / draws) + 0.01)


@pytest.mark.parametrize("name", ["hill", "moments", "kernel", "positive_kernel", "pickands"])
def test_the_best_length_is_the_minimum_of_the_error(name):
    tail = {"gamma": 0.7, "rho": -0.8, "beta": 0.6}
    k = np.arange(1, 20_000)
    error = tail_errors.variance(name, 0.7) / k + tail_errors.bias(name, k, 20_000, **tail) ** 2
    assert tail_errors.best_k(name, 20_000, **tail) == pytest.approx(k[error.argmin()], abs=1)


@pytest.mark.parametrize(
    ("data", "rho", "beta"),
    [(frechet, -1.0, 0.5), (lambda u, g: burr(u, g, -2.0), -2.0, 1.0)],
)
def test_the_second_order_of_exact_quantiles(data, rho, beta):
    u = (np.arange(1, 1_000_000) - 0.5) / 1e6
    found = second_order.fit(data(u, 1.0), k=300_000, tuning=int(rho < -1))
    # the estimate has a bias of the order (k/n)^-rho of the third order, 0.3 and 0.09
    assert float(found.rho) == pytest.approx(rho, abs=0.3**-(rho))
    assert float(found.beta) == pytest.approx(beta, rel=0.3)


def test_the_corrected_estimate_has_less_bias_than_hill():
    x = frechet(np.random.default_rng(0).random((400, 2000)), 0.5)
    plain = at(tail_indices.hill(x), 400) - 0.5
    exact = at(second_order.corrected_hill(x, rho=np.full(400, -1.0), beta=np.full(400, 0.5)), 400)
    # what is left of the bias is of the next order, 0.2^2 / 4; four standard errors
    assert (exact - 0.5).mean() == pytest.approx(0, abs=0.01 + 4 * 0.5 / math.sqrt(400 * 400))
    estimated = at(second_order.corrected_hill(x), 400) - 0.5
    assert abs(estimated.mean()) < abs(plain.mean()) / 2


def test_the_second_order_of_too_few_data_is_missing():
    found = second_order.fit([1.0, 2.0, 3.0])
    assert np.isnan([found.rho, found.beta]).all()
    assert found.k == 0


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`given` must be one of gamma, xi, mu, alpha"):
        exponents.convert(1.0, "tail", "mu")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`values` must be an array of data"):
        tail_indices.hill(3.0)
    with pytest.raises(ArgumentError, match="`estimator` must be one of hill"):
        tail_errors.variance("hills", 1.0)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`k` must be at most 4"):
        second_order.fit([1.0, 2.0, 3.0, 4.0, 5.0], k=5)
    with pytest.raises(ArgumentError, match="`rho` and `beta` must be given together"):
        second_order.corrected_hill([1.0, 2.0], rho=-1.0)


@pytest.mark.parametrize("size", [100.5, "200", True, [200], 99])
def test_sizes_of_resamples_are_whole_numbers(size):
    x = np.random.default_rng(0).pareto(2, 300) + 1
    with pytest.raises(ArgumentError, match="`size` must be a whole number, at least 100"):
        tail_length.choose(x, size=size)
