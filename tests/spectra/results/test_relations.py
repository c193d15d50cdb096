"""Metrics against accuracies: held against scipy, plain loops and known scatter."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.results.relations import relation

numbers = st.integers(-3, 3)  # with ties
some = st.lists(st.tuples(numbers, numbers, st.sampled_from("abc")), min_size=1, max_size=14)


def by_loop(points):
    """Count the pairs of each group one by one."""
    both = one = other = 0
    for _, group in itertools.groupby(sorted(points, key=lambda p: p[2]), key=lambda p: p[2]):
        for (x, y, _), (u, v, _) in itertools.combinations(list(group), 2):
            both += np.sign(x - u) * np.sign(y - v)
            one, other = one + (x != u), other + (y != v)
    return both / math.sqrt(one * other) if one and other else math.nan


@given(some)
@settings(deadline=None)
def test_taus_are_those_of_scipy_and_of_loops(points):
    x, y, groups = zip(*points, strict=True)
    found = relation(x, y, groups=groups, resamples=1)
    assert found.tau.sel(points="within").item() == pytest.approx(by_loop(points), nan_ok=True)
    for name in found.group.values.tolist():
        mine = [(a, b) for a, b, group in points if group == name]
        assert found.group_num.sel(group=name) == len(mine)
        assert_tau(found.group_tau.sel(group=name).item(), mine)
    assert_tau(found.tau.sel(points="all").item(), [(a, b) for a, b, _ in points])
    means = [
        np.mean([(a, b) for a, b, group in points if group == name], axis=0)
        for name in found.group.values
    ]
    assert found.num.values.tolist() == [len(x), len(x), len(means)]


def assert_tau(tau, pairs):
    x, y = zip(*pairs, strict=True)
    if len({*x}) < 2 or len({*y}) < 2:
        assert math.isnan(tau)
    else:
        assert tau == pytest.approx(scipy.stats.kendalltau(x, y).statistic)


def drawn(num, groups, slope, shift, seed):
    """Draw a metric with a slope within groups, and groups that are shifted by another."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), num)
    x = rng.standard_normal(num * groups)
    y = slope * x + rng.standard_normal(num * groups) + shift * group
    return x + 3 * group, y, group


def test_p_values_are_those_of_scipy():
    x, y, group = drawn(9, 3, 0.4, -1.5, seed=1)
    found = relation(x, y, groups=group, resamples=4000)
    expected = scipy.stats.kendalltau(x, y)
    assert found.tau.sel(points="all") == pytest.approx(expected.statistic)
    assert found.p.sel(points="all") == pytest.approx(max(expected.pvalue, 1 / 4001), abs=0.01)
    for name in range(3):
        expected = scipy.stats.kendalltau(x[group == name], y[group == name]).pvalue
        assert found.group_p.sel(group=str(name)) == pytest.approx(expected, abs=0.035)  # 4 errors
    means = [[v[group == name].mean() for name in range(3)] for v in (x, y)]
    assert found.p.sel(points="between") == pytest.approx(scipy.stats.kendalltau(*means).pvalue)
    one = relation(x, y, groups=["one"] * len(x), resamples=4000)
    assert one.tau.sel(points="within") == one.tau.sel(points="all")
    assert np.isnan(one.tau.sel(points="between"))
    assert np.isnan(one.p.sel(points="between"))


@pytest.mark.slow
def test_chance_within_groups_is_seldom_significant():
    """The p-value within groups is blind to what shifts whole groups."""
    p = []
    for seed in range(200):
        x, y, group = drawn(6, 3, 0.0, -1.5, seed)
        p.append(relation(x, y, groups=group, resamples=99).p.values)
    all_points, within, _ = np.array(p).T
    assert (all_points <= 0.05).mean() > 0.9
    assert 1 <= (within <= 0.05).sum() <= 22  # 10 expected, four errors of 3.1
    assert scipy.stats.kstest(within, "uniform").pvalue > 1e-4


@pytest.mark.slow
def test_intervals_cover_the_relation():
    """For normal data tau is 2 / pi arcsin(correlation)."""
    expected = 2 / np.pi * np.arcsin(1 / np.sqrt(2))
    covered = 0
    for seed in range(100):
        x, y, group = drawn(20, 3, 1.0, -4.0, seed)
        found = relation(x, y, groups=group, resamples=200).sel(points="within")
        covered += int(found.tau_low <= expected <= found.tau_high)
    assert 78 <= covered <= 99  # of 90


def test_lines_are_those_of_least_squares():
    x, y, group = drawn(8, 3, 1.0, -4.0, seed=2)
    found = relation(x, y, groups=group, resamples=1)
    levels = (group[:, None] == np.arange(3)).astype(float)
    for name, others in {"all": np.ones((24, 1)), "within": levels}.items():
        design = np.column_stack([x, others])
        best = np.linalg.lstsq(design, y, rcond=None)[0]
        one = found.sel(points=name)
        assert one.slope == pytest.approx(best[0])
        assert one.rmse == pytest.approx(np.sqrt(np.mean((y - design @ best) ** 2)))
        plain = others @ np.linalg.lstsq(others, y, rcond=None)[0]
        assert one.rmse_without == pytest.approx(np.sqrt(np.mean((y - plain) ** 2)))
    assert found.slope.sel(points="within") > 0 > found.slope.sel(points="between")
    means = [[v[group == name].mean() for name in range(3)] for v in (x, y)]
    assert found.slope.sel(points="between") == pytest.approx(
        np.polyfit(np.array(means[0]), np.array(means[1]), 1)[0]
    )


def test_order_of_models_and_missing_numbers_do_not_matter():
    x, y, group = drawn(5, 2, 1.0, 0.0, seed=3)
    first = relation(x, y, groups=group, resamples=50, rng=4)
    more = relation(
        [*x, np.nan, 1.0], [*y, 0.0, np.inf], groups=[*group, 7, 0], resamples=50, rng=4
    )
    assert more.num_left_out == 2
    first.attrs.clear()
    more.attrs.clear()
    assert first.identical(more)
    turned = relation(x[::-1], y[::-1], groups=group[::-1], resamples=1)
    assert np.allclose(turned.tau, first.tau)
    assert first.tau_low.attrs["long_name"]


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="one entry per model, got 2, 2 and 3"):
        relation([1, 2], [1, 2], groups=list("abc"))
    with pytest.raises(ArgumentError, match="no model has two finite numbers, of 1"):
        relation([np.nan], [1], groups=["a"])
    with pytest.raises(ArgumentError, match="`confidence`"):
        relation([1, 2], [1, 2], groups=["a", "b"], confidence=1.0)
    with pytest.raises(ArgumentError, match="`resamples`"):
        relation([1, 2], [1, 2], groups=["a", "b"], resamples=0)


def test_groups_are_objects_named_by_their_words():
    found = relation([1, 2, 3, 4], [1, 2, 4, 3], groups=[(1, 2), (1, 2), (3,), (3,)], resamples=1)
    assert found.group.values.tolist() == ["(1, 2)", "(3,)"]
    assert found.group_tau.values.tolist() == [1, -1]
    for groups in (iter("aabb"), np.array(list("aabb")), (letter for letter in "aabb")):
        found = relation([1, 2, 3, 4], [1, 2, 4, 3], groups=groups, resamples=1)
        assert found.group.values.tolist() == ["a", "b"]
    numbers = relation([1, 2, 3, 4], [1, 2, 4, 3], groups=[1, np.int64(1), 2, 2.0], resamples=1)
    assert numbers.group_num.values.tolist() == [2, 2]


@pytest.mark.parametrize("groups", [[1, "1"], ["a\nb", "a b"]])
def test_groups_of_one_name_are_refused(groups):
    with pytest.raises(ArgumentError, match="two groups have the name"):
        relation([1, 2], [1, 2], groups=groups)
    left_out = relation([1, math.nan], [1, 2], groups=groups, resamples=1)
    assert left_out.sizes["group"] == 1


@pytest.mark.parametrize("groups", ["ab", b"ab", {"a": 1, "b": 2}, {"a", "b"}, 5])
def test_groups_without_an_entry_for_each_model_are_refused(groups):
    with pytest.raises(ArgumentError, match="`groups` must have the group of each model"):
        relation([1, 2], [1, 2], groups=groups)
    with pytest.raises(ArgumentError, match="a group must be hashable"):
        relation([1, 2], [1, 2], groups=[[1], [2]])


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-1000])
def test_relations_do_not_depend_on_units(unit):
    x, y, group = drawn(5, 3, 1.0, -4.0, seed=5)
    plain = relation(x, y, groups=group, resamples=20)
    for one, other in ((unit, 1.0), (1.0, unit), (unit, unit)):
        found = relation(x * one, y * other, groups=group, resamples=20)
        assert np.array_equal(found.tau, plain.tau)
        assert np.array_equal(found.p, plain.p)
        assert np.allclose(found.slope, plain.slope * (other / one), rtol=1e-12)
        for name in ("rmse", "rmse_without"):
            assert np.allclose(found[name], plain[name] * other, rtol=1e-12)


def test_numbers_at_the_ends_of_their_range_are_ordered():
    found = relation([-1e308, 1e308, 1.5e308], [1e308, 0, -1e308], groups=[1, 1, 1], resamples=1)
    assert found.tau.sel(points="all") == -1
    tiny = relation([0, 5e-324, 1e308], [1, 2, 3], groups=[1, 1, 1], resamples=1)
    assert tiny.tau.sel(points="all") == 1


def test_constants_and_equal_means_have_no_relation():
    constant = relation([0.7] * 7, range(1, 8), groups=list("aaabbbb"), resamples=20)
    assert np.isnan(constant.tau).all()
    assert np.isnan(constant.slope.sel(points=["all", "within", "between"])).all()
    x = [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]
    equal = relation(x, range(1, 7), groups=list("aaabbb"), resamples=20)
    assert np.isnan(equal.tau.sel(points="between"))
    assert np.isnan(equal.slope.sel(points="between"))


def test_groups_that_are_missing_are_one_and_masked_ones_refused():
    x, y = np.arange(9.0), np.arange(9.0)
    one = relation(x, y, groups=np.array([np.nan] * 3 + [1.0] * 6), resamples=20)
    same = relation(x, y, groups=[float("nan")] * 3 + [1.0] * 6, resamples=20)
    assert one.points.values.tolist() == same.points.values.tolist()
    with pytest.raises(ArgumentError, match="must not be masked"):
        relation(x, y, groups=np.ma.masked_equal(np.arange(9) // 3, 1))
    with pytest.raises(ArgumentError, match="one-dimensional"):
        relation(x, y, groups=np.array("a"))
