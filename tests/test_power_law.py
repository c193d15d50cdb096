"""Power-law fits against a naive loop, the powerlaw package and exact values."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import ArgumentError, power_law
from spectra.power_law import FitStatus


def pareto(rng, alpha, size):
    return (1 - rng.random(size)) ** (-1 / (alpha - 1))


def lognormal(rng, _alpha, size):
    return rng.lognormal(0, 1, size)


def noise(rng, _alpha, size):
    return np.linalg.eigvalsh((W := rng.standard_normal((2 * size, size))).T @ W)


samples = st.builds(
    lambda draw, seed, alpha, size: draw(np.random.default_rng(seed), alpha, size),
    st.sampled_from([pareto, lognormal, noise]),
    st.integers(0, 2**32),
    st.floats(1.3, 5),
    st.integers(20, 150),
)


def naive(data, correction=0, shortest=2):
    """Equations 3.1 and 3.9 of Clauset et al., one candidate and one datum at a time."""
    x = sorted(data)
    best: tuple[float, tuple[float, float, int]] = (math.inf, (0.0, 0.0, 0))
    for i in range(len(x) - shortest + 1):
        tail = x[i:]
        logs = [math.log(t / x[i]) for t in tail]
        if not math.fsum(logs) > 0:
            continue
        alpha = 1 + (len(tail) - correction) / math.fsum(logs)
        D = max(abs(1 - (t / x[i]) ** (1 - alpha) - j / len(tail)) for j, t in enumerate(tail))
        best = min(best, (D, (alpha, x[i], len(tail))))
    return best


@given(samples)
def test_fit_is_the_best_of_a_naive_scan(data):
    D, (alpha, xmin, num_tail) = naive(data)
    fit = power_law.fit(data)
    assert fit.status is FitStatus.FITTED
    assert fit.xmin == xmin
    assert fit.num_tail == num_tail
    assert fit.alpha == pytest.approx(alpha, rel=1e-10)
    assert pytest.approx(D, rel=1e-9) == fit.D
    assert fit.sigma == pytest.approx((alpha - 1) / math.sqrt(num_tail), rel=1e-10)
    assert fit.xmax == max(data)


@given(st.integers(0, 2**32), st.integers(8, 19))
def test_few_points_use_the_small_sample_rule(seed, size):
    data = pareto(np.random.default_rng(seed), 2.5, size)
    D, (alpha, xmin, num_tail) = naive(data, correction=1, shortest=8)
    fit = power_law.fit(data)
    assert (fit.xmin, fit.num_tail) == (xmin, num_tail)
    assert (fit.alpha, fit.D) == pytest.approx((alpha, D), rel=1e-9)


@given(samples, st.floats(1e-30, 1e30))
def test_unit_does_not_matter(data, unit):
    one, other = power_law.fit(data), power_law.fit(data * unit)
    assert other.alpha == pytest.approx(one.alpha, rel=1e-9)
    assert pytest.approx(one.D, rel=1e-7) == other.D
    assert other.xmin == pytest.approx(one.xmin * unit, rel=1e-12)


@given(samples, st.randoms())
def test_order_and_zeros_do_not_matter(data, random):
    shuffled = [*data, 0.0, 0.0]
    random.shuffle(shuffled)
    assert power_law.fit(shuffled) == power_law.fit(data)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("draw", [pareto, lognormal])
def test_powerlaw_package_agrees(seed, draw):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import powerlaw

        data = draw(np.random.default_rng(seed), 2.2, 120)
        theirs = powerlaw.Fit(data, parameter_ranges={"alpha": [1, 30]}, verbose=False)
        fit = power_law.fit(data)
        assert fit.xmin == pytest.approx(theirs.xmin, rel=1e-12)
        assert fit.alpha == pytest.approx(theirs.alpha, rel=1e-6)
        assert pytest.approx(theirs.D, rel=1e-6) == fit.D


@pytest.mark.parametrize("alpha", [1.5, 2.0, 3.0, 5.0])
def test_alpha_of_a_true_power_law_is_found(alpha):
    fits = [power_law.fit(pareto(np.random.default_rng(s), alpha, 2000)) for s in range(30)]
    mean = np.mean([f.alpha for f in fits])
    # the mean of 30 is off by sigma / sqrt(30); five of these leave room for the bias of xmin
    assert abs(mean - alpha) < 5 * np.mean([f.sigma for f in fits]) / math.sqrt(30)


@pytest.mark.parametrize(("estimator", "excess"), [("n", 2.0 * 10 / 8), ("n-1", 2.0 * 9 / 8)])
def test_bias_of_the_estimators(estimator, excess):
    """With xmin the smallest of n = 10 points, E[alpha - 1] is n / (n - 2), and (n-1) / (n-2)."""
    rng = np.random.default_rng(0)
    samples = [pareto(rng, 3.0, 10) for _ in range(20000)]
    first = [power_law.scan(x, estimator=estimator).alpha[0] for x in samples]
    error = np.std(first) / math.sqrt(len(first))
    assert abs(np.mean(first) - 1 - excess) < 4 * error


def test_exact_value_for_two_points():
    fit = power_law.fit([1.0, math.e], estimator="n")
    assert (fit.alpha, fit.xmin, fit.num_tail) == pytest.approx((3.0, 1.0, 2))
    assert pytest.approx(abs(1 - math.exp(-2) - 0.5)) == fit.D


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ([], FitStatus.TOO_FEW_EIGENVALUES),
        ([1.0], FitStatus.TOO_FEW_EIGENVALUES),
        ([0.0] * 50, FitStatus.TOO_FEW_EIGENVALUES),
        ([-1.0] * 50, FitStatus.TOO_FEW_EIGENVALUES),
        (range(1, 8), FitStatus.TOO_FEW_EIGENVALUES),
        ([2.0] * 50, FitStatus.EQUAL_EIGENVALUES),
        ([2.0] * 10, FitStatus.EQUAL_EIGENVALUES),
        ([1.0, math.nan] * 20, FitStatus.NOT_FINITE),
        ([1.0, math.inf] * 20, FitStatus.NOT_FINITE),
    ],
)
def test_data_without_a_fit_have_a_status(data, status):
    fit = power_law.fit(data)
    assert fit.status is status
    assert math.isnan(fit.alpha)
    assert fit.num_tail == 0


def test_equal_points_at_the_top_are_no_tail():
    fit = power_law.fit([*np.linspace(1, 2, 30), 5.0, 5.0, 5.0], estimator="n")
    assert fit.status is FitStatus.FITTED
    assert fit.xmin < 5.0
    assert math.isfinite(fit.alpha)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(([[1.0]],), "one-dimensional"), (([1.0, 2.0],), "`estimator` must be one of")],
)
def test_misuse_says_what_is_wanted(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        power_law.fit(*arguments, estimator="median")  # type: ignore[arg-type]
