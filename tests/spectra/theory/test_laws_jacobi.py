"""Wachter's law: against products of projections, matrices, and scikit-rmt."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.theory import laws

SHARES = np.linspace(0.01, 0.99, 33)
ratios = st.floats(0.02, 3.0)


def compression(first, second):
    """Return the law of a product of projections, of which the law is a part without zeros."""
    p, q = second / (first + second), first * second / (first + second)
    one, other = (laws.discrete([0.0, 1.0], [1 - share, share]) for share in (p, q))
    return one @ other, q


@given(first=ratios, second=ratios)
@settings(max_examples=25, deadline=None)
def test_it_is_a_part_of_the_product_of_two_projections(first, second):
    assume(1 / first + 1 / second > 1.02)
    law = laws.jacobi(first, second)
    product, q = compression(first, second)
    z = np.array([0.3 + 0.2j, -1 + 0.1j, 2.0, 1.1 + 0.01j, -0.2])
    expected = (product.stieltjes(z) - (1 - q) / z) / q
    np.testing.assert_allclose(law.stieltjes(z), expected, rtol=1e-8)
    np.testing.assert_allclose(law.moments(1), 1 / (1 + first / second), rtol=1e-8)


@given(first=ratios, second=ratios)
@settings(max_examples=25, deadline=None)
def test_its_numbers_hang_together(first, second):
    assume(1 / first + 1 / second > 1.001)
    law = laws.jacobi(first, second)
    atom = dict(law.atoms).get(0.0, 0.0)
    q = SHARES[(atom < SHARES) & (1 - dict(law.atoms).get(1.0, 0.0) > SHARES)]
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, atol=1e-9)
    assert float(law.cdf(1.0)) == pytest.approx(1, abs=1e-9)
    z = np.array([0.5 + 1e-3j, 1e-6 + 1e-9j, 3 + 1j, -5 + 2j])
    assert (law.stieltjes(z).imag < 0).all()
    bare = laws.Law(law.name, law.intervals, law.transform, atoms=law.atoms)
    at = np.array([-0.2, 0.3])
    known = ~np.isnan(bare.S(at)) & (1 + first * at > 0)
    np.testing.assert_allclose(bare.S(at)[known], law.S(at)[known], rtol=1e-7)


@pytest.mark.parametrize(
    ("first", "second"), [(0.5, 0.25), (1.0, 1.0), (1.0, 0.3), (2.0, 0.5), (0.5, 1.5), (1.5, 1.5)]
)
def test_matrices_follow_it(first, second):
    law, n = laws.jacobi(first, second), 240
    draw = np.random.default_rng(4)
    A, B = (W.T @ W for W in (draw.standard_normal((round(n / c), n)) for c in (first, second)))
    values = np.sort(np.linalg.eigvals(np.linalg.solve(A + B, A)).real)
    for found in (values, law.spectra(n, num=20, rng=1).ravel()):
        apart = [abs(np.mean(found <= x + 1e-9) - law.cdf(x + 1e-9)) for x in law.ppf(SHARES)]
        assert max(apart) < 4 * math.log(n) / n
    assert law.spectra(n, rng=1).shape == (1, n)


def test_marchenko_pastur_is_its_limit():
    law = laws.jacobi(0.3, 1e-7).scaled(0.3 / 1e-7)
    np.testing.assert_allclose(law.ppf(SHARES), laws.marchenko_pastur(0.3).ppf(SHARES), rtol=1e-5)


@pytest.mark.parametrize("first", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("second", [1e-6, 1.0])
def test_extreme_ratios(first, second):
    law = laws.jacobi(first, second)
    assert law.mean_of(np.ones_like) == pytest.approx(1, abs=1e-6)
    assert law.moments(1)[0] == pytest.approx(second / (first + second), rel=1e-6)
    for factor in (1e-200, 1e200):
        moved = law.scaled(factor)
        np.testing.assert_allclose(moved.ppf(SHARES), factor * law.ppf(SHARES), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0), "`first`"),
        ((1.0, math.nan), "`second`"),
        ((math.inf, 0.5), "`first`"),
        ((2.0, 2.0), "more rows than columns"),
    ],
)
def test_wrong_ratios_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        laws.jacobi(*arguments)


def test_scikit_rmt_has_the_same_density():
    law = laws.jacobi(0.5, 0.25)  # ManovaSpectrumDistribution(2, 4) of scikit-rmt 2.1.1
    expected = [2.122065907891938, 1.5457793533529975, 1.117552823028059]
    np.testing.assert_allclose(law.pdf([0.1, 0.3, 0.6]), expected, rtol=1e-12)
    expected = [0.12341979415476405, 0.4818005070890113, 0.8822515113971052]
    np.testing.assert_allclose(law.cdf([0.1, 0.3, 0.6]), expected, rtol=1e-9)
    np.testing.assert_allclose(law.edges, [0.037524704425735626, 0.7402530733520423], rtol=1e-14)
