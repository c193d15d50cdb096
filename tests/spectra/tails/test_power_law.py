"""Power-law fits against a naive loop, the powerlaw package, scipy and published values."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.errors import ArgumentError
from spectra.tails import power_law
from spectra.tails.samples import FitStatus
from tests.builders import SHARED


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
small_integers = st.lists(st.integers(1, 6).map(float), min_size=2, max_size=40)


def naive(data, *, correction=0, shortest=2, both=False, ties="clauset"):
    """Equations 3.1 and 3.9 of Clauset et al., one candidate and one datum at a time."""
    x = sorted(data)
    best: tuple[float, tuple[float, float, int]] = (math.inf, (math.nan, math.nan, 0))
    for i in range(len(x) - shortest + 1):
        if ties != "each" and i > 0 and x[i] == x[i - 1]:
            continue
        tail = x[i:]
        logs = math.fsum(math.log(t / x[i]) for t in tail)
        if not logs > 1e-12 * len(tail):
            continue
        alpha = 1 + (len(tail) - correction) / logs
        D = 0.0
        for j, t in enumerate(tail):
            model = 1 - (t / x[i]) ** (1 - alpha)
            if ties == "distinct":
                below = sum(u < t for u in tail) / len(tail)
                up_to = sum(u <= t for u in tail) / len(tail)
            else:
                below, up_to = j / len(tail), (j + 1) / len(tail)
            D = max(D, abs(model - below), abs(model - up_to) if both else 0.0)
        if best[0] - D > 1e-14:
            best = (D, (alpha, x[i], sum(t >= x[i] for t in x)))
    return best


def agrees(fit, expected):
    D, (alpha, xmin, num_tail) = expected
    if num_tail == 0:
        return fit.num_tail == 0
    if abs(fit.D - D) > 1e-12:
        return False
    return (fit.xmin, fit.num_tail) == (xmin, num_tail) and math.isclose(
        fit.alpha, alpha, rel_tol=1e-10
    )


@given(samples)
def test_fit_is_the_best_of_a_naive_scan(data):
    fit = power_law.fit(data)
    assert fit.status is FitStatus.FITTED
    assert agrees(fit, naive(data))
    assert fit.sigma == pytest.approx((fit.alpha - 1) / math.sqrt(fit.num_tail), rel=1e-10)
    assert fit.xmax == max(data)


@given(samples, st.sampled_from([(0, 2), (1, 2), (2, 3)]), st.booleans())
def test_estimators_and_distances(data, correction, both):
    minus, shortest = correction
    fit = power_law.fit(
        data,
        estimator={0: "n", 1: "n-1", 2: "n-2"}[minus],  # type: ignore[arg-type]
        distance="two-sided" if both else "lower",
    )
    assert agrees(fit, naive(data, correction=minus, shortest=shortest, both=both))


@pytest.mark.parametrize("ties", ["each", "clauset", "distinct"])
@pytest.mark.parametrize("both", [False, True])
@given(data=small_integers)
def test_ties(ties, both, data):
    distance: Any = "two-sided" if both else "lower"
    fit = power_law.fit(data, estimator="n", ties=ties, distance=distance)
    expected = naive(data, ties=ties, both=both)
    if fit.num_tail and abs(fit.D - expected[0]) < 1e-12:  # equal but for rounding
        scan = power_law.scan(data, estimator="n", ties=ties, distance=distance)
        near = np.flatnonzero(scan.D < fit.D + 1e-12)
        assert fit.xmin in scan.xmin[near]
        assert expected[1][1] in scan.xmin[near]
        return
    assert agrees(fit, expected)


@given(st.integers(0, 2**32), st.integers(8, 19))
def test_few_points_use_the_small_sample_rule(seed, size):
    data = pareto(np.random.default_rng(seed), 2.5, size)
    assert agrees(power_law.fit(data), naive(data, correction=1, shortest=8))


@given(samples, st.floats(1e-30, 1e30))
def test_unit_does_not_matter(data, unit):
    one, other = power_law.fit(data), power_law.fit(data * unit)
    assert other.alpha == pytest.approx(one.alpha, rel=1e-9)
    assert pytest.approx(one.D, rel=1e-7) == other.D
    assert other.xmin == pytest.approx(one.xmin * unit, rel=1e-12)


@given(samples, st.randoms())
def test_order_and_zeros_do_not_matter(data, random):
    shuffled = [*data, 0.0, 0.0, -1e-18 * max(data)]
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


@pytest.mark.parametrize(
    ("estimator", "excess"), [("n", 2.0 * 10 / 8), ("n-1", 2.0 * 9 / 8), ("n-2", 2.0)]
)
def test_bias_of_the_estimators(estimator, excess):
    """With xmin the smallest of n = 10 points, E[alpha - 1] is n / (n - 2), and (n-k) / (n-2)."""
    x = np.sort(pareto(np.random.default_rng(0), 3.0, (20000, 10)), axis=1)
    first = power_law.tails(np.log(x), estimator=estimator).parameters[0][:, 0]
    assert abs(first.mean() - excess) < 4 * first.std() / math.sqrt(len(first))


def test_exact_value_for_two_points():
    fit = power_law.fit([1.0, math.e], estimator="n")
    assert (fit.alpha, fit.xmin, fit.num_tail) == pytest.approx((3.0, 1.0, 2))
    assert pytest.approx(abs(1 - math.exp(-2) - 0.5)) == fit.D


# --- truncation


@given(samples, st.floats(0.05, 0.9))
def test_fixed_xmin_takes_all_above_it(data, share):
    xmin = float(np.quantile(data, share)) * (1 - 1e-9)
    tail = data[data >= xmin]
    fit = power_law.fit(data, xmin=xmin, estimator="n")
    assert (fit.xmin, fit.num_tail) == (xmin, len(tail))
    assert fit.alpha == pytest.approx(1 + len(tail) / np.log(tail / xmin).sum())
    model = 1 - (np.sort(tail) / xmin) ** (1 - fit.alpha)
    assert pytest.approx(np.abs(model - np.arange(len(tail)) / len(tail)).max()) == fit.D


def test_fixed_xmin_is_judged_by_the_size_of_the_whole_sample():
    data = np.geomspace(1, 100, 40)
    tail = data[data >= 50]
    assert power_law.fit(data, xmin=50.0).alpha == power_law.fit(tail, xmin=50, estimator="n").alpha
    assert power_law.fit(tail, xmin=50).alpha == power_law.fit(tail, xmin=50, estimator="n-1").alpha


def test_xmin_in_a_range():
    data = pareto(np.random.default_rng(0), 2.5, 500)
    scan = power_law.scan(data)
    inside = np.flatnonzero((scan.xmin >= 1.5) & (scan.xmin <= 2.5))
    best = inside[scan.D[inside].argmin()]
    fit = power_law.fit(data, xmin=(1.5, 2.5))
    assert (fit.xmin, fit.alpha, fit.D) == (scan.xmin[best], scan.alpha[best], scan.D[best])


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.7, 3.0])
def test_doubly_bounded_law_is_unbiased_where_the_unbounded_is_not(alpha):
    """Issue 103 of WeightWatcher: leaving out the largest without saying so biases alpha."""
    rng = np.random.default_rng(0)
    u, a, xmax = rng.random((200, 400)), 1 - alpha, 10.0
    x = np.exp(u * math.log(xmax)) if a == 0 else (1 + u * (xmax**a - 1)) ** (1 / a)
    bounded = power_law.fits(x, xmin=1.0, xmax=xmax, estimator="n")
    error = bounded.alpha.std() / math.sqrt(200)
    assert abs(bounded.alpha.mean() - alpha) < 4 * error
    assert bounded.sigma.mean() == pytest.approx(bounded.alpha.std(), rel=0.15)
    assert power_law.fits(x, xmin=1.0, estimator="n").alpha.mean() > alpha + 8 * error


@pytest.mark.parametrize("estimator", ["published", "n-1", "n-2"])
def test_doubly_bounded_law_of_few_points_has_no_correction(estimator):
    """The corrections are for a law without end; with one they would be biases."""
    x = 10 ** np.random.default_rng(0).random((3000, 10))  # alpha = 1 on [1, 10]
    found = power_law.fits(x, xmin=1.0, xmax=10.0, estimator=estimator).alpha
    assert abs(found.mean() - 1) < 4 * found.std() / math.sqrt(3000)


def test_doubly_bounded_likelihood_is_at_its_maximum():
    from scipy.optimize import minimize_scalar

    x = np.sort(pareto(np.random.default_rng(1), 1.8, 300))
    x = x[x <= 20.0]

    def minus_log_likelihood(alpha):
        norm = (1 - alpha) / (20.0 ** (1 - alpha) - 1.0)
        return -len(x) * math.log(norm) + alpha * np.log(x).sum()

    best = minimize_scalar(minus_log_likelihood, bounds=(1.0001, 5), method="bounded")
    fit = power_law.fit(x, xmin=1.0, xmax=20.0, estimator="n")
    assert fit.alpha == pytest.approx(best.x, abs=1e-4)
    assert fit.xmax == 20.0
    model = (1 - x ** (1 - fit.alpha)) / (1 - 20.0 ** (1 - fit.alpha))
    assert pytest.approx(np.abs(model - np.arange(len(x)) / len(x)).max()) == fit.D


@pytest.mark.parametrize("low", [1.0, 900.0, 990.0, 999.9])
def test_data_close_to_xmax_have_the_likeliest_exponent_too(low):
    """However steeply the density rises: the likelihood is stationary, by differences."""
    x = np.linspace(low, 1000, 31)[:-1]
    fit = power_law.fit(x, xmin=1.0, xmax=1000.0)
    z, length = np.log(x), math.log(1000)

    def log_likelihood(alpha):
        rise = 1 - alpha  # density of z: exp(rise z), written from the end where it is largest
        log_norm = max(rise, 0) * length + math.log(-math.expm1(-abs(rise) * length) / abs(rise))
        return len(z) * log_norm * -1 + rise * z.sum()

    best = log_likelihood(fit.alpha)
    assert best >= log_likelihood(fit.alpha + 0.1 * fit.sigma)
    assert best >= log_likelihood(fit.alpha - 0.1 * fit.sigma)
    assert 0 <= fit.D <= 1


def test_far_xmax_changes_nothing():
    data = pareto(np.random.default_rng(0), 2.5, 500)
    plain, bounded = power_law.fit(data), power_law.fit(data, xmax=1e200)
    assert bounded[:2] == pytest.approx(plain[:2], rel=1e-12)
    assert (bounded.D, bounded.sigma) == pytest.approx((plain.D, plain.sigma), rel=1e-12)


# --- bad input


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ([], FitStatus.TOO_FEW_EIGENVALUES),
        ([1.0], FitStatus.TOO_FEW_EIGENVALUES),
        ([0.0] * 50, FitStatus.TOO_FEW_EIGENVALUES),
        ([0.0] * 50 + [1.0], FitStatus.TOO_FEW_EIGENVALUES),
        (range(1, 8), FitStatus.TOO_FEW_EIGENVALUES),
        ([2.0] * 50, FitStatus.EQUAL_EIGENVALUES),
        ([2.0] * 10, FitStatus.EQUAL_EIGENVALUES),
        ([1.0, math.nan] * 20, FitStatus.NOT_FINITE),
        ([1.0, math.inf] * 20, FitStatus.NOT_FINITE),
        ([-1.0] * 50, FitStatus.NEGATIVE),
        ([-1.0, *range(50)], FitStatus.NEGATIVE),
    ],
)
@pytest.mark.parametrize("options", [{}, {"xmin": 0.5}, {"xmax": 100.0}], ids=str)
def test_data_without_a_fit_have_a_status(data, status, options):
    if "xmin" in options and status is FitStatus.EQUAL_EIGENVALUES:
        data = [0.5] * len(data)  # equal to the threshold: above it they have an exponent
    if "xmin" in options and list(data) == list(range(1, 8)):
        data = [1.0]  # seven are enough for a threshold that is known
    fit = power_law.fit(data, **options)
    assert fit.status is status
    assert all(math.isnan(value) for value in fit[:5])
    assert fit.num_tail == 0


@pytest.mark.parametrize(
    "data", [[], [1.0], [2.0] * 50, [1.0, math.nan] * 20, [-1.0] * 50, [0.0] * 9]
)
def test_data_without_a_fit_have_nothing_else_either(data):
    assert math.isnan(spectra.tails.bootstrap.interval(data, resamples=5).alpha_low)
    assert math.isnan(spectra.tails.bootstrap.goodness_of_fit(data, resamples=5).p)
    assert len(spectra.tails.bootstrap.refits(data, resamples=5).alpha) == 0
    assert not np.isfinite(spectra.tails.power_law.scan(data).alpha).any()
    assert len(spectra.tails.ambiguity.local_minima(data).alpha) == 0
    assert math.isnan(spectra.tails.truncated_power_law.fit(data).alpha)
    assert not math.isfinite(spectra.tails.hill.half(data))
    assert not spectra.tails.alternatives.fit(data, law="lognormal", xmin=1.0).parameters
    assert math.isnan(spectra.tails.outliers.clip_xmax(data).raw_alpha)
    assert spectra.tails.outliers.xmin_peak(data).num_tail == 0


def test_a_range_without_data_has_a_status_of_its_own():
    data = pareto(np.random.default_rng(0), 2.5, 300)
    assert power_law.fit(data, xmin=(1e6, 1e7)).status is FitStatus.NO_THRESHOLD
    assert power_law.fit(data, xmin=(2.0, math.inf)).status is FitStatus.FITTED
    assert power_law.fit(range(1, 11), xmin=(6, 9)).status is FitStatus.TOO_FEW_EIGENVALUES
    assert power_law.fit([1.0, 2.0] * 15, xmin=(2, 3)).status is FitStatus.EQUAL_EIGENVALUES


def test_equal_points_at_the_top_are_no_tail():
    fit = power_law.fit([*np.linspace(1, 2, 30), 5.0, 5.0, 5.0], estimator="n")
    assert fit.status is FitStatus.FITTED
    assert fit.xmin < 5.0
    assert math.isfinite(fit.alpha)


@pytest.mark.parametrize("data", [[5e-324, 1.0, 1.7e308], [1e-300, 1e300] * 10, [5e-324] * 3])
def test_numbers_at_the_ends_of_the_range(data):
    for options in ({}, {"xmin": 1e-310}, {"xmax": 1.75e308}):
        fit = power_law.fit(data, estimator="n", **options)  # type: ignore[arg-type]
        assert 0 <= fit.D <= 1 or fit.status is not FitStatus.FITTED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"eigenvalues": [[1.0]]}, "one-dimensional"),
        ({"estimator": "median"}, "`estimator` must be one of published, n, n-1, n-2"),
        ({"distance": "upper"}, "`distance` must be one of lower, two-sided"),
        ({"ties": "none"}, "`ties` must be one of clauset, distinct, each"),
        ({"xmin": 0.0}, "`xmin` must be a finite positive number"),
        ({"xmin": -1.0}, "`xmin` must be a finite positive number"),
        ({"xmin": math.nan}, "`xmin` must be a finite positive number"),
        ({"xmin": (2.0, 1.0)}, "or a range"),
        ({"xmax": 0.0}, "`xmax` must be a finite number above 0, got 0.0"),
        ({"xmax": math.inf}, "`xmax` must be a finite number above 0, got inf"),
        ({"xmin": 3.0, "xmax": 2.0}, "larger than `xmin`, a finite number above 3, got 2.0"),
        ({"xmin": [1.0, 2.0]}, "or a range"),
        ({"xmin": "auto"}, "left out to search all data; got 'auto'"),
        ({"xmin": (1.0, 2.0, 3.0)}, "or a range"),
        ({"xmax": "max"}, "`xmax` must be a finite number above 0, got 'max'"),
        ({"xmax": 10**400}, "`xmax` must be a finite number above 0, got 1000"),
        ({"xmin": 10**400}, "`xmin` must be a finite positive number"),
        ({"estimator": np.array(["n", "n"])}, "`estimator` must be one of"),
        ({"eigenvalues": ["a", "b"]}, "must be an array of real numbers, got list of <U1"),
        ({"eigenvalues": [True, False]}, "real numbers, got list of bool"),
        ({"eigenvalues": [1j, 2j]}, "real numbers, got list of complex128"),
        ({"eigenvalues": np.array(["2020-01-01"], "M8")}, "real numbers, got ndarray of datetime"),
        ({"eigenvalues": [None, 1.0]}, "real numbers, got list of object"),
    ],
)
def test_misuse_says_what_is_wanted(arguments, words):
    options: dict[str, Any] = {"eigenvalues": [1.0, 2.0], **arguments}
    with pytest.raises(ArgumentError, match=words):
        power_law.fit(options.pop("eigenvalues"), **options)


@pytest.mark.parametrize(
    ("samples", "options"),
    [([1.0], {}), ([[1.0, 0.0]], {}), ([[1.0, math.nan]], {}), ([[1.0, 3.0]], {"xmin": 2.0})],
)
def test_rows_that_cannot_be_fitted_are_refused(samples, options):
    with pytest.raises(ArgumentError, match="must be rows of positive numbers"):
        power_law.fits(samples, **options)


# --- published values

TABLE_6_1 = [
    # unit, alpha, its digits, xmin, n_tail
    ("blackouts", 1e3, 2.3, 1, 230, 59),
    ("cities", 1e3, 2.37, 2, 52.46, 580),
    ("flares", 1, 1.79, 2, 323, 1711),
    ("surnames", 1e3, 2.5, 1, 111.92, 239),
]
VUONG = [
    # normalised ratio and p as printed, and what powerlaw 1.5 gives
    ("blackouts", 1e3, "lognormal", -0.412, 0.68, -0.41572),
    ("blackouts", 1e3, "exponential", 1.43, 0.15, 1.43148),
    ("cities", 1e3, "lognormal", -0.090, 0.93, -0.09146),
    ("cities", 1e3, "exponential", 3.65, 0.0, 3.59466),
    ("flares", 1, "lognormal", -0.803, 0.42, -0.80384),
    ("flares", 1, "exponential", 13.7, 0.0, 13.72222),
]


def published(name, unit):
    data = np.loadtxt(SHARED / "data" / "powerlaw" / f"{name}.txt") / unit
    return data[data > 0]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "unit", "alpha", "digits", "xmin", "num_tail"), TABLE_6_1)
def test_table_6_1_of_clauset_et_al(name, unit, alpha, digits, xmin, num_tail):
    fit = power_law.fit(published(name, unit), ties="clauset")
    assert round(fit.alpha, digits) == alpha
    assert round(fit.xmin, 2) == xmin
    assert fit.num_tail == num_tail


@pytest.mark.shared
@pytest.mark.parametrize(("name", "unit", "law", "R", "p", "powerlaw"), VUONG)
def test_likelihood_ratios_of_clauset_et_al(name, unit, law, R, p, powerlaw):
    data = published(name, unit)
    found = spectra.tails.alternatives.compare(data, xmin=power_law.fit(data, ties="clauset").xmin)[
        law
    ]
    assert round(found.p, 2) == p
    assert pytest.approx(R, rel=0.02) == found.R
    assert pytest.approx(powerlaw, rel=2e-3) == found.R


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "unit", "p", "width"), [("blackouts", 1e3, 0.62, 0.3), ("surnames", 1e3, 0.20, 0.2)]
)
def test_goodness_of_fit_of_clauset_et_al(name, unit, p, width):
    """Their p, and the errors of alpha, from 1,000 synthetic samples."""
    data = published(name, unit)
    found = spectra.tails.bootstrap.goodness_of_fit(data, null="clauset", ties="clauset")
    assert abs(found.p - p) < 4 * math.sqrt(p * (1 - p) * (1 / 1000 + 1 / 2500))
    refits = spectra.tails.bootstrap.refits(data, ties="clauset")
    assert round(float(refits.alpha.std()), 1) == width


@pytest.mark.parametrize(
    "kind", [list, tuple, np.float32, np.int64, "series", "dataarray", "masked"]
)
def test_every_kind_of_numbers_is_taken(kind):
    whole = np.random.default_rng(0).pareto(1.5, 100) * 100 // 1 + 1
    given: Any = kind(whole) if callable(kind) else whole
    if kind == "series":
        given = pd.Series(whole, index=range(100, 200))
    elif kind == "dataarray":
        given = xr.DataArray(whole, dims="mode")
    elif kind == "masked":
        given = np.ma.masked_greater(np.append(whole, [1e9, 2e9]), 1e8)
    assert power_law.fit(given) == power_law.fit(whole)
    frozen = whole.copy()
    frozen.flags.writeable = False
    assert power_law.fit(frozen) == power_law.fit(whole)
