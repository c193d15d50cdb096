"""Laws with infinite ends: their sums and products, and their small tails, moved anywhere."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from spectra.theory import laws

SHARES = [1e-6, 0.1, 0.5, 0.9]


@pytest.mark.parametrize("by", [0.0, 1000.0, -1e6])
@pytest.mark.parametrize("width", [1e-3, 1.0, -1e9])
def test_shares_do_not_depend_on_unit_and_place(width, by):
    law = laws.cauchy().scaled(width).shifted(by * abs(width))
    x = abs(width) * np.array([-3.0, 0.0, 1.0])
    expected = np.arctan(x / abs(width)) / np.pi + 0.5
    np.testing.assert_allclose(law.cdf(x + by * abs(width)), expected, atol=1e-9)
    np.testing.assert_allclose(law.cdf(law.ppf(SHARES)), SHARES, rtol=1e-5)


def test_small_tails_keep_their_digits():
    x = np.array([1e6, 1e12, 1e18])
    np.testing.assert_allclose(laws.cauchy().sf(x), 1 / (np.pi * x), rtol=1e-8)
    law = laws.semicircle()
    np.testing.assert_allclose(law.sf([2 - 1e-6]), 2 / (3 * np.pi) * 1e-9, rtol=1e-6)


def test_ends_and_missing_numbers():
    for law in (laws.semicircle(), laws.cauchy(), laws.discrete([1.0]), laws.marchenko_pastur(2.0)):
        x = [-np.inf, np.inf, np.nan]
        np.testing.assert_array_equal(law.cdf(x), [0, 1, np.nan])
        np.testing.assert_array_equal(law.sf(x), [1, 0, np.nan])
        np.testing.assert_array_equal(law.pdf(x), [0, 0, np.nan])
        assert law.stieltjes(np.inf) == 0
        for combined in (operator.add, operator.matmul):
            with pytest.raises(TypeError):
                combined(law, 1)


@pytest.mark.parametrize("width", [0.01, 0.2, 1.0])
def test_free_sum_with_the_cauchy_law_is_the_plain_one(width):
    # G(z) = G_b(z + iw), as in a sum of independent numbers
    law = laws.cauchy(width=width) + laws.discrete([-1.0, 1.0])
    x = np.array([-3.0, -1.0, -0.3, 0.0, 2.0])
    expected = 0.5 + (np.arctan((x - 1) / width) + np.arctan((x + 1) / width)) / (2 * np.pi)
    np.testing.assert_allclose(law.cdf(x), expected, atol=1e-9)


def test_products_of_inverse_laws():
    # 1 / (mp(1) @ b) is inverse(mp(1)) @ inverse(b)
    law = laws.marchenko_pastur(1.0).inverse() @ laws.discrete([1.0, 3.0])
    plain = laws.marchenko_pastur(1.0) @ laws.discrete([1.0, 1 / 3])
    np.testing.assert_allclose(law.ppf([0.1, 0.5, 0.9]), 1 / plain.ppf([0.9, 0.5, 0.1]), rtol=1e-7)


def test_atoms_that_are_lost_at_zero_leave_a_pole():
    noise = laws.marchenko_pastur(2.0)
    law = noise + noise.scaled(-1.0)
    assert not law.atoms
    np.testing.assert_allclose(law.moments(4), [0, 4, 0, 48], atol=1e-9)
    assert law.cdf(0.0) == pytest.approx(0.5, abs=1e-9)
    assert law.mean_of(np.square) == pytest.approx(4, abs=1e-8)


@pytest.mark.parametrize("draw", [0, 3, 13, 14, 15])
def test_wide_populations_have_all_their_mass(draw):
    rng = np.random.default_rng(draw)
    num = int(rng.integers(2, 12))
    population = 10 ** rng.uniform(-3, 3, num)
    ratio = float(10 ** rng.uniform(-1, 0.7))
    law = laws.marchenko_pastur(ratio) @ laws.discrete(population, rng.dirichlet(np.ones(num)))
    assert law.mean_of(np.ones_like) == pytest.approx(1, abs=1e-9)


def test_a_fit_at_its_limit_is_flagged():
    draws = laws.marchenko_pastur(0.5).spectra(200, rng=0)[0]
    assert laws.fit_high_temperature(draws, ratio=0.5, num=2, rng=1).at_limit
