"""How sure: coverage of intervals, level and power of the test, and that seeds decide alone."""

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

from spectra.errors import ArgumentError
from spectra.tails import bootstrap, power_law


def pareto(rng, alpha, size):
    return (1 - rng.random(size)) ** (-1 / (alpha - 1))


def joined(rng, size):
    """Draw from a power law above 1 with a body below that meets it."""
    share = 1 / (1 + 1 / 1.5)
    return np.where(rng.random(size) < share, pareto(rng, 2.5, size), rng.random(size))


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.5, 2.0, 3.0, 5.0])
def test_interval_holds_the_true_alpha_as_often_as_it_says(alpha):
    rng = np.random.default_rng(round(10 * alpha))
    inside = 0
    for seed in range(400):
        found = bootstrap.interval(pareto(rng, alpha, 300), resamples=200, rng=seed)
        inside += found.alpha_low <= alpha <= found.alpha_high
    assert 0.85 <= inside / 400 <= 0.95


def test_interval_of_sigma_alone_is_too_narrow():
    """Why it takes a bootstrap: xmin was chosen to suit the data."""
    rng = np.random.default_rng(0)
    fits = power_law.fits(np.array([pareto(rng, 2.5, 300) for _ in range(2000)]))
    inside = np.abs(fits.alpha - 2.5) <= 1.645 * fits.sigma
    assert np.mean(inside) < 0.89


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "size"),
    [(lambda rng, n: pareto(rng, 2.5, n), 500), (joined, 500)],
    ids=["whole", "tail"],
)
def test_p_value_is_uniform_on_true_power_laws(draw, size):
    rng = np.random.default_rng(2)
    found = [
        bootstrap.goodness_of_fit(draw(rng, size), resamples=200, rng=seed).p for seed in range(200)
    ]
    assert kstest(found, "uniform").pvalue > 0.05


@pytest.mark.slow
def test_p_value_of_clauset_is_too_large():
    rng = np.random.default_rng(2)
    found = [
        bootstrap.goodness_of_fit(pareto(rng, 2.5, 500), null="clauset", resamples=200, rng=seed).p
        for seed in range(200)
    ]
    assert kstest(found, "uniform").pvalue < 1e-3
    assert np.median(found) > 0.55


@pytest.mark.slow
def test_p_value_is_small_on_lognormal_data():
    rng = np.random.default_rng(0)
    found = [
        bootstrap.goodness_of_fit(rng.lognormal(0, 1, 5000), resamples=100, rng=seed).p
        for seed in range(60)
    ]
    assert np.median(found) < 0.05


@pytest.mark.slow
def test_p_value_with_a_known_threshold_is_uniform_and_sharp():
    rng = np.random.default_rng(0)
    true = [bootstrap.goodness_of_fit(pareto(rng, 2.5, 100), xmin=1.0, rng=s) for s in range(200)]
    assert kstest([found.p for found in true], "uniform").pvalue > 0.05
    other = bootstrap.goodness_of_fit(1 + rng.exponential(size=300), xmin=1.0)
    assert other.p < 0.01
    assert other.num_null == 300


def test_same_seed_same_result_however_many_workers():
    x = pareto(np.random.default_rng(0), 2.5, 3000)
    alone = bootstrap.interval(x, resamples=100, rng=7)
    fit = bootstrap.goodness_of_fit(x, resamples=100, rng=7)
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes):
            assert bootstrap.interval(x, resamples=100, rng=7, executor=executor) == alone
            assert bootstrap.goodness_of_fit(x, resamples=100, rng=7, executor=executor) == fit
    assert bootstrap.interval(x, resamples=100, rng=8) != alone
    generator = np.random.default_rng(7)
    assert bootstrap.interval(x, resamples=100, rng=generator) == alone
    assert bootstrap.interval(x, resamples=100, rng=generator) != alone


def test_refits_are_fits_of_resamples():
    x = np.sort(pareto(np.random.default_rng(0), 2.5, 100))
    found = bootstrap.refits(x, resamples=5, rng=3)
    (stream,) = np.random.default_rng(3).spawn(1)
    for i, resample in enumerate(x[stream.integers(0, 100, (5, 100))]):
        assert power_law.fit(resample).alpha == found.alpha[i]


def test_xmin_is_searched_for_anew():
    found = bootstrap.refits(joined(np.random.default_rng(0), 500), resamples=100)
    assert len(np.unique(found.xmin)) > 10
    fixed = bootstrap.refits(joined(np.random.default_rng(0), 500), resamples=100, xmin=1.0)
    assert set(fixed.xmin) == {1.0}
    assert fixed.alpha.std() < found.alpha.std()


@pytest.mark.slow
def test_precision_is_what_other_seeds_show():
    x = pareto(np.random.default_rng(0), 2.5, 300)
    many = [bootstrap.interval(x, resamples=100, rng=seed) for seed in range(100)]
    spread = max(
        np.std([found.alpha_low for found in many]), np.std([found.alpha_high for found in many])
    )
    assert np.median([found.precision for found in many]) == pytest.approx(spread, rel=0.5)
    tests = [bootstrap.goodness_of_fit(x, resamples=100, rng=seed) for seed in range(100)]
    assert np.std([test.p for test in tests]) < 1.3 * tests[0].precision
    assert tests[0].precision == 0.5 / math.sqrt(101)


@pytest.mark.slow
def test_doubly_bounded_samples_end_where_they_should():
    u = np.random.default_rng(0).random((100, 400))
    samples = (1 + u * (10.0**-0.5 - 1)) ** (1 / -0.5)  # alpha = 1.5 on [1, 10]
    ends: dict[str, Any] = {"xmin": 1.0, "xmax": 10.0}
    p = [bootstrap.goodness_of_fit(x, resamples=100, **ends).p for x in samples]
    assert kstest(p, "uniform").pvalue > 0.05
    assert bootstrap.goodness_of_fit(samples[0], xmin=1.0, resamples=100).p < 0.05
    intervals = [bootstrap.interval(x, resamples=100, **ends) for x in samples]
    assert 80 <= sum(found.alpha_low < 1.5 < found.alpha_high for found in intervals) <= 98


@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        (bootstrap.interval, {"confidence": 1.0}, "`confidence` must be between 0 and 1"),
        (bootstrap.interval, {"resamples": 0}, "`resamples` must be a whole number, at least 1"),
        (bootstrap.interval, {"confidence": "0.9"}, "`confidence` must be between 0 and 1"),
        (bootstrap.interval, {"resamples": True}, "`resamples` must be a whole number"),
        (bootstrap.interval, {"resamples": 1e3}, "`resamples` must be a whole number"),
        (bootstrap.interval, {"level": 0.9}, "unknown keyword 'level'; a fit takes xmin"),
        (bootstrap.interval, {"rng": "abc"}, "`rng` must be a whole number"),
        (bootstrap.interval, {"rng": -1}, "`rng` must be a whole number"),
        (bootstrap.goodness_of_fit, {"executor": 4}, "`executor` must have a map"),
        (bootstrap.goodness_of_fit, {"null": "mine"}, "`null` must be one of longest, clauset"),
        (bootstrap.goodness_of_fit, {"ties": "none"}, "`ties` must be one of"),
    ],
)
def test_misuse_says_what_is_wanted(function, options, words):
    with pytest.raises(ArgumentError, match=words):
        function(range(1, 50), **options)


@pytest.mark.parametrize(
    ("data", "xmin"),
    [
        (10.0 ** np.random.default_rng(0).uniform(-300, 300, 200), None),
        (10.0 ** np.random.default_rng(0).uniform(-100, 0, 500), None),
        (1e300 * (1 + 1e-10 * np.random.default_rng(0).exponential(size=200)), 1e300),
    ],
)
def test_samples_of_any_range_are_tested(data, xmin):
    found = bootstrap.goodness_of_fit(data, xmin=xmin, resamples=20)
    assert found.resamples == 20
    assert 0 < found.p <= 1
    assert not math.isnan(bootstrap.interval(data, xmin=xmin, resamples=20).alpha_low)


def test_few_resamples_have_no_precision():
    x = pareto(np.random.default_rng(0), 2.5, 100)
    assert math.isnan(bootstrap.interval(x, resamples=19).precision)
    assert bootstrap.interval(x, resamples=20).precision > 0


def test_no_p_without_samples_that_can_be_fitted():
    x = np.sort(pareto(np.random.default_rng(0), 2.5, 300))
    around = (x[100] * (1 - 1e-9), x[100] * (1 + 1e-9))
    found = bootstrap.goodness_of_fit(x, xmin=around, resamples=50)
    assert math.isnan(found.p)
    assert found.resamples < 25


def test_resamples_of_one_value_have_no_fit():
    """Of ten data only one differs: a third of the resamples lack it."""
    found = bootstrap.refits([1.0] * 9 + [2.0], resamples=600, estimator="n")
    without = 0.9**10
    error = math.sqrt(without * (1 - without) / 600)
    assert abs(np.mean(np.isnan(found.alpha)) - without) < 4 * error
