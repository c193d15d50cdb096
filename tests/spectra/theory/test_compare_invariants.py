"""Comparisons with a law do not depend on units and orders, and their p-values are exact."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectra.theory import _two_samples, compare, ensembles, laws

SHAPE = (24, 12)
PERMUTATIONS = 1999
LAWS = {
    "semicircle": laws.semicircle(variance=12.0),
    "marchenko_pastur": laws.marchenko_pastur(0.5, mean=24.0),
    "complex": laws.marchenko_pastur(0.5, mean=24.0, beta=2),
    "jacobi": laws.jacobi(0.5, 0.25),
}
seeds = st.integers(0, 2**32)
few = settings(max_examples=4, deadline=None)
names = st.sampled_from(list(LAWS))


def compared(draws, law, **options):
    return compare(draws, law, num_redraws=200, rng=1, **options)


@few
@given(names, seeds, st.floats(-30, 30).map(lambda k: 10.0**k))
def test_a_unit_of_draws_and_law_changes_nothing(name, seed, unit):
    law = LAWS[name]
    spectra = law.spectra(12, num=5, rng=seed)
    one, other = compared(spectra, law), compared(spectra * unit, law.scaled(unit))
    # a place of the law next to an eigenvalue may fall on its other side by rounding
    np.testing.assert_allclose(other.p, one.p, atol=2 / 2000)
    np.testing.assert_allclose(other.drawn[1] / unit, one.drawn[1], rtol=1e-9)


@few
@given(names, seeds)
def test_a_mirror_exchanges_least_and_largest(name, seed):
    law = LAWS[name]
    spectra = law.spectra(12, num=5, rng=seed)
    one, other = compared(spectra, law), compared(-spectra[:, ::-1], law.scaled(-1.0))
    ends = [["least", "largest"], ["largest", "least"]]
    drawn = [x.drawn.sel(statistic=end).values for x, end in zip((one, other), ends, strict=True)]
    np.testing.assert_allclose(drawn[0], -drawn[1], rtol=1e-14)
    for name in ("spacing ratio", "mean"):
        p = [float(ds.p.sel(statistic=name)) for ds in (one, other)]
        # labels fall on other rows: both are estimates of one p-value from 1,999 of them
        assert p[0] == pytest.approx(p[1], abs=6 * math.sqrt(0.25 / PERMUTATIONS))


@few
@given(names, seeds, st.randoms(use_true_random=False))
def test_the_order_of_draws_and_of_eigenvalues_does_not_matter(name, seed, random):
    law = LAWS[name]
    spectra = law.spectra(12, num=5, rng=seed)
    expected = compared(spectra, law)
    mixed = [list(row) for row in spectra]
    random.shuffle(mixed)
    for form in (mixed, [row[::-1] for row in mixed], np.array(mixed)[:, ::-1]):
        found = compared(form, law)
        np.testing.assert_array_equal(found.p, expected.p)
        assert found.attrs["p"] == expected.attrs["p"]


@few
@given(seeds)
def test_rows_columns_and_signs_of_matrices_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((4, *SHAPE))
    turned = W[:, rng.permutation(SHAPE[0])][:, :, rng.permutation(SHAPE[1])]
    turned = turned * rng.choice([-1.0, 1.0], SHAPE[1])
    law = LAWS["marchenko_pastur"]
    one, other = compared(W, law), compared(turned, law)
    np.testing.assert_allclose(other.eigenvalue, one.eigenvalue, rtol=1e-9)
    np.testing.assert_allclose(other.p, one.p, atol=2 / 2000)


@few
@given(names, st.integers(1, 20), seeds)
@example("semicircle", 1, 0)
def test_p_values_are_shares_of_labellings(name, num, seed):
    law = LAWS[name]
    ds = compared(law.spectra(12, num=num, rng=seed), law)
    for p in (ds.attrs["p"], *ds.p.values[~np.isnan(ds.p.values)]):
        share = p * (PERMUTATIONS + 1)
        assert 1 <= round(share) <= PERMUTATIONS + 1
        assert share == pytest.approx(round(share), abs=1e-6)
    # that of all is at least the smallest, and at most as many times it as there are statistics
    least, statistics = float(ds.p.min()), int(ds.p.notnull().sum())
    assert least <= ds.attrs["p"] <= min(1.0, statistics * least)
    assert (ds.verdict == "different") == (ds.attrs["p"] <= 0.05)


@few
@given(names, st.integers(2, 10), seeds, st.sampled_from([0.3, 3.0]))
def test_a_gross_miss_is_rejected(name, num, seed, factor):
    law = LAWS[name]
    ds = compared(factor * law.spectra(12, num=num, rng=seed), law)
    assert ds.verdict == "different"
    assert ds.attrs["p"] <= 8 / (PERMUTATIONS + 1) or num == 2  # of two, few labellings differ


@pytest.mark.parametrize("name", LAWS)
def test_draws_of_the_model_are_seldom_rejected(name):
    """Of 12 trials at 1 %, four rejections have a probability of 5e-6."""
    law = LAWS[name]
    found = [
        compared(law.spectra(12, num=6, rng=seed), law, significance=0.01) for seed in range(12)
    ]
    assert sum(ds.verdict == "different" for ds in found) < 4


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=7, max_size=7), st.integers(1, 5))
def test_over_all_labellings_no_p_value_comes_more_often_than_it_says(numbers, num):
    """Ties included: the share of labellings with a p-value up to p is at most p."""
    values = np.array(numbers, float)
    found = []
    for chosen in combinations(range(7), num):
        rest = [i for i in range(7) if i not in chosen]
        rows = values[[*chosen, *rest]]
        groups = [_two_samples.group(rows[:, None])]
        rng = np.random.default_rng(0)
        found.append(_two_samples.compared(num, groups, 999, rng).combined)
    p = np.sort(found)
    share = np.searchsorted(p, p, side="right") / len(p)
    # each p-value is an estimate from 999 labels
    assert (share <= p + 5 * np.sqrt(np.maximum(p * (1 - p), 1e-3) / 999) + 1e-9).all()


def test_matrices_and_their_spectra_are_the_same():
    W = ensembles.gaussian(SHAPE, num=5, rng=0).W
    spectra = np.sort(np.linalg.svd(W, compute_uv=False) ** 2, axis=1)
    law = LAWS["marchenko_pastur"]
    np.testing.assert_allclose(compared(spectra, law).p, compared(W, law).p, atol=2 / 2000)
