"""Equal data: the tail of every function is all data from xmin up."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import spectra
from spectra import measures
from spectra.noise import erg
from spectra.tails import (
    alternatives,
    ambiguity,
    bootstrap,
    hill,
    outliers,
    power_law,
    truncated_power_law,
)
from spectra.tails.samples import FitStatus
from spectra.weightwatcher import _fits

few_values = st.builds(
    lambda values, seed, size: np.random.default_rng(seed).choice(values, size),
    st.lists(st.sampled_from([0.3, 1.0, 1.5, 2.0, 4.0, 7.0, 40.0]), min_size=2, unique=True),
    st.integers(0, 2**32),
    st.integers(20, 60),
)
conventions = st.sampled_from(["clauset", "distinct", "each"])
whole = st.sampled_from(["clauset", "distinct"])


def above(x, xmin):
    """Return the tail, one datum at a time."""
    return [v for v in x.tolist() if v >= xmin]


def alpha_of(tail, xmin):
    return 1 + len(tail) / math.fsum(math.log(v / xmin) for v in tail)


def fitted(x, **options):
    found = power_law.fit(x, **options)
    assume(found.status is FitStatus.FITTED)
    return found


@given(few_values, conventions)
def test_num_tail_counts_from_xmin_up_in_every_convention(x, ties):
    fit = fitted(x, ties=ties)
    assert fit.num_tail == len(above(x, fit.xmin))
    together = power_law.fits([x], ties=ties)
    assert (together.xmin[0], together.num_tail[0]) == (fit.xmin, fit.num_tail)
    scan = power_law.scan(x, ties=ties)
    assert scan.num_tail.tolist() == [len(above(x, xmin)) for xmin in scan.xmin]


@given(few_values, whole)
def test_alpha_and_sigma_are_of_that_tail(x, ties):
    fit, together = fitted(x, ties=ties), power_law.fits([x, x], ties=ties)
    for alpha in (fit.alpha, *together.alpha):
        assert alpha == pytest.approx(alpha_of(above(x, fit.xmin), fit.xmin), rel=1e-12)
    assert fit.sigma == pytest.approx((fit.alpha - 1) / math.sqrt(fit.num_tail), rel=1e-12)
    again = power_law.fit(x, xmin=fit.xmin, ties=ties)
    assert again.num_tail == fit.num_tail
    assert again.alpha == pytest.approx(fit.alpha, rel=1e-12)


@given(few_values, whole)
def test_a_scan_has_one_tail_per_distinct_datum(x, ties):
    scan = power_law.scan(x, ties=ties)
    assert scan.xmin.tolist() == sorted(set(scan.xmin.tolist()))
    for xmin, alpha in zip(scan.xmin, scan.alpha, strict=True):
        tail = above(x, xmin)
        expected = alpha_of(tail, xmin) if max(tail) > xmin else math.inf
        assert alpha == pytest.approx(expected, rel=1e-12)


@given(few_values)
def test_minima_are_lower_than_the_tails_of_the_neighbouring_data(x):
    minima, scan = ambiguity.local_minima(x), power_law.scan(x)
    D = np.concatenate([[np.inf], scan.D, [np.inf]])
    lowest = [i for i in range(len(scan.D)) if D[i] > D[i + 1] <= D[i + 2]]
    expected = [scan.xmin[i] for i in lowest if math.isfinite(scan.alpha[i])]
    assert minima.xmin.tolist() == expected
    assert minima.num_tail.tolist() == [len(above(x, xmin)) for xmin in minima.xmin]


@given(few_values)
def test_other_laws_are_compared_on_the_tail_of_the_fit(x):
    fit = fitted(x)
    law = alternatives.fit(x, law="power_law", xmin=fit.xmin)
    assert law.parameters["alpha"] == pytest.approx(fit.alpha, rel=1e-12)
    assert len(law.log_likelihoods) == fit.num_tail
    assert alternatives.compare(x, xmin=fit.xmin) == alternatives.compare(
        above(x, fit.xmin), xmin=fit.xmin
    )


@given(few_values, st.floats(0.1, 3))
def test_a_truncated_law_has_the_tail_that_it_counts(x, start):
    found = truncated_power_law.fit(x)
    assume(found.status is FitStatus.FITTED)
    assert found.num_tail == len(above(x, found.xmin))
    fixed = truncated_power_law.fit(x, xmin=start)
    assume(fixed.status is FitStatus.FITTED)
    assert (fixed.xmin, fixed.num_tail) == (start, len(above(x, start)))


def test_two_data_are_both_in_the_tail_of_a_truncated_law():
    """The exponential of the logarithm of 49 is larger than 49."""
    found = truncated_power_law.fit([49.0, 50.0])
    assert (found.xmin, found.num_tail) == (49.0, 2)


@given(few_values, conventions)
def test_refits_and_the_null_law_have_whole_tails(x, ties):
    fit = fitted(x, ties=ties)
    drawn = np.random.default_rng(5).choice(x, (6, len(x)))
    found = power_law.fits(drawn, ties=ties)
    for row, xmin, num_tail in zip(drawn, found.xmin, found.num_tail, strict=True):
        assert math.isnan(xmin) or num_tail == len(above(row, xmin))
    null = bootstrap.goodness_of_fit(x, resamples=5, ties=ties).num_null
    assert null in {len(above(x, xmin)) for xmin in x}
    paper = bootstrap.goodness_of_fit(x, resamples=5, ties=ties, null="clauset")
    assert paper.num_null == fit.num_tail


@given(few_values)
def test_measures_of_a_spectrum_share_the_tail(x):
    layer = spectra.Spectrum(x[None], N=len(x) + 5)
    fit = layer.tail
    assume(fit.status is FitStatus.FITTED)
    assert layer.in_tail.tolist() == sorted(above(x, fit.xmin))
    found = {**measures.tail_fit(layer), **measures.evidence(layer, resamples=5)}
    assert found["num_tail"] == len(above(x, fit.xmin))
    ratio = alternatives.compare(x, xmin=fit.xmin)["exponential"].R
    assert found["R_exponential"] == pytest.approx(ratio, rel=1e-9)
    product = erg.tail(layer)
    assert product.num == len(above(x, product.edge))
    logs = np.log(np.array(above(x, fit.xmin)) / x.mean())
    assert measures.erg_tail(layer)["tail_mean_log"] == pytest.approx(logs.mean(), abs=1e-12)


@given(few_values)
def test_a_clipped_fit_counts_its_own_data(x):
    found = outliers.clip_xmax(x)
    rest = np.sort(x)[: len(x) - found.num_fingers]
    assert found.fit.num_tail == len(above(rest, found.fit.xmin))


@given(few_values, st.integers(1, 19))
def test_hill_counts_data_whichever_of_equals_they_are(x, k):
    ordered = sorted(x.tolist(), reverse=True)
    tail, start = ordered[:k], ordered[k]
    expected = alpha_of(tail, start) if tail[0] > start else math.inf
    assert hill.alpha(x, k=k) == pytest.approx(expected, rel=1e-12)


@given(few_values, st.integers(0, 2**32))
def test_data_that_differ_by_rounding_are_equal(x, seed):
    """Equal eigenvalues never come out of linear algebra with the same bits."""
    rounded = x * (1 + 4e-16 * np.random.default_rng(seed).integers(-4, 5, len(x)))
    fit, other = fitted(x), power_law.fit(rounded)
    assert other.num_tail == len(above(rounded, other.xmin))
    near = power_law.scan(x)
    best = near.xmin[near.D < fit.D + 1e-9]  # equally good tails may change places
    at = int(np.abs(best - other.xmin).argmin())
    assert other.xmin == pytest.approx(best[at], rel=1e-14)
    assert other.num_tail == len(above(x, best[at]))


def test_decades():
    """The case of the report: 3 of 11 data were fitted, and 2.30 told beside a test of 5.78."""
    x = [1000.0, 100.0, 100.0, *[10.0] * 3, *[1.0] * 5]
    for ties in ("clauset", "distinct"):
        fit = power_law.fit(x, estimator="n", ties=ties)
        assert fit.num_tail == sum(v >= fit.xmin for v in x)
        law = alternatives.fit(x, law="power_law", xmin=fit.xmin)
        assert law.parameters["alpha"] == pytest.approx(fit.alpha, rel=1e-12)


def test_equal_positions_of_a_kernel_have_a_tail_of_whole_copies():
    one = np.random.default_rng(0).standard_t(2, (40, 30))
    ds = spectra.analyze({"conv": np.repeat(one[..., None], 9, axis=2)}).isel(layer=0)
    assert ds.num_tail == (ds.eigenvalue >= ds.xmin).sum()
    assert ds.num_tail % 9 == 0


def test_an_orthogonal_block_is_in_the_tail_or_not_at_all():
    """Of eigenvalues 1 and a few larger ones, in any basis."""
    rng = np.random.default_rng(1)
    singular = np.concatenate([np.ones(40), np.geomspace(1.2, 30, 30)])
    for _ in range(5):
        left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (90, 70))
        found = spectra.spectrum((left[:, :70] * singular) @ right).tail
        assert found.num_tail in {70, *range(2, 31)}


def test_weightwatcher_leaves_out_equal_data_before_the_start():
    """Its alpha is of the data in their order from one of equals on; its count is of all."""
    x = np.sort([1000.0, 100.0, 100.0, *[10.0] * 8, *[1.0] * 20])
    logs = [np.log(x[i:] / x[i]) for i in range(len(x) - 1)]
    alphas = [1 + len(z) / z.sum() if z.sum() > 0 else math.inf for z in logs]
    D = [
        np.max(np.abs(1 - np.exp(-(a - 1) * z) - np.arange(len(z)) / len(z)))
        if math.isfinite(a)
        else 1.0
        for a, z in zip(alphas, logs, strict=True)
    ]
    best = int(np.argmin(D))
    found = _fits.row(x, _fits.Options())
    assert (found["alpha"], found["xmin"]) == (pytest.approx(alphas[best]), x[best])
    assert x[best] == x[best - 1]
    assert found["num_pl_spikes"] == (x >= x[best]).sum()
