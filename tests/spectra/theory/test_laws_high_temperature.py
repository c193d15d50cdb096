"""The Marchenko-Pastur law at high temperature: against mpmath, its limits, and matrices."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from spectra.errors import ArgumentError
from spectra.theory import laws
from spectra.theory.laws._associated import associated_laguerre

SHARES = np.linspace(0.01, 0.99, 33)


def exact(y, b, c):
    """Return G by Tricomi's function, at 40 digits."""
    with mpmath.workdps(40):
        a, z = mpmath.mpf(c) - b - 1, -mpmath.mpmathify(y)
        found = complex(-mpmath.hyperu(b + 1, 1 - a, z) / mpmath.hyperu(b, -a, z))
    return found if found.imag <= 0 else found.conjugate()


@pytest.mark.parametrize(
    ("b", "c"),
    [(0.01, 0.5), (0.5, 1.0), (2.5, 2.6), (10.0, 40.0), (0.3, 30.2), (1e-4, 3.0), (100.0, 400.25)],
)
def test_the_transform_is_a_ratio_of_tricomis_functions(b, c):
    y = c * np.array([1e-12, 1e-3, 0.1, 0.5, 1.0, 1.5, 3.0, 1e3])
    expected = np.array([exact(float(p), b, c) for p in y])
    found = associated_laguerre(y + 0j, b, c)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    z = np.array([1j, 0.01j + c, -c + 0j, 0.5 * c * (1 + 1j), 1e-3 + 1e-3j, -1e-6 + 0j, 1e4j])
    expected = np.array([exact(complex(p), b, c) for p in z])
    np.testing.assert_allclose(associated_laguerre(z, b, c), expected, rtol=1e-11)


@pytest.mark.parametrize("x", [1e-9, 1.0, 20.0, 60.0])
def test_tails_of_the_density_keep_their_digits(x):
    b, c = 2.0, 4.5
    with mpmath.workdps(40):
        y = mpmath.mpf(x) * c
        below = mpmath.gamma(b + 1) * mpmath.gamma(c)
        below *= abs(mpmath.hyperu(b, b + 1 - c, mpmath.mpc(-y, 0))) ** 2
        expected = float(c * y ** (c - b - 1) * mpmath.exp(-y) / below)
    found = laws.high_temperature(b / c, repulsion=2 * b).pdf([x])
    assert float(found[0]) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("shape", [0.3, 1.0, 5.0])
def test_without_repulsion_it_is_the_gamma_law(shape):
    ratio = 1e-8 / (1e-8 + shape)
    law = laws.high_temperature(ratio, repulsion=2e-8)
    expected = stats.gamma(shape, scale=1 / shape)
    np.testing.assert_allclose(law.cdf(expected.ppf(SHARES)), SHARES, atol=1e-6)


def test_marchenko_pastur_is_the_limit_of_a_large_repulsion():
    law = laws.marchenko_pastur(0.4)
    apart = [
        np.abs(laws.high_temperature(0.4, repulsion=k).cdf(law.ppf(SHARES)) - SHARES).max()
        for k in (12.5, 50.0, 200.0)
    ]
    assert apart[2] < 0.005
    assert apart[0] / apart[1] > 3  # in proportion to one over the repulsion
    assert apart[1] / apart[2] > 3


@given(ratio=st.floats(1e-3, 0.99), repulsion=st.floats(0.01, 60))
@settings(max_examples=15, deadline=None)
def test_its_numbers_hang_together(ratio, repulsion):
    assume(repulsion * (1 / ratio - 1) > 0.15)
    assume(repulsion / ratio < 3900)
    law = laws.high_temperature(ratio, repulsion=repulsion)
    b = repulsion / 2
    c, n = b / ratio, np.arange(1, 4)
    J = np.diag(np.r_[c, 2 * n + b + c]) / c
    J += np.diag(np.sqrt((n + b) * (n + c - 1)), 1) / c
    J = np.triu(J) + np.triu(J, 1).T
    expected = [np.linalg.matrix_power(J, k)[0, 0] for k in (1, 2, 3)]
    np.testing.assert_allclose(law.moments(3), expected, rtol=1e-8)
    np.testing.assert_allclose(law.cdf(law.ppf(SHARES)), SHARES, atol=1e-10)
    assert (law.stieltjes([0.5 + 1e-3j, 1e-6 + 1e-9j, 3 + 1j, -5 + 2j]).imag < 0).all()


@pytest.mark.parametrize(("ratio", "repulsion"), [(0.5, 1.0), (0.5, 10.0), (0.9, 40.0)])
def test_eigenvalues_of_laguerre_follow_it(ratio, repulsion):
    law = laws.high_temperature(ratio, repulsion=repulsion, mean=3.0)
    found = law.spectra(400, num=50, rng=2)
    assert np.abs([np.mean(found <= x) - law.cdf(x) for x in law.ppf(SHARES)]).max() < 0.015


def test_its_inverse_has_a_power_law():
    law = laws.high_temperature(0.5, repulsion=3.0).inverse()
    assert law.alpha == 1 + 3 * (1 / 0.5 - 1) / 2
    x = np.array([1e6, 1e8])
    slope = np.diff(np.log(law.pdf(x))) / np.diff(np.log(x))
    assert -slope[0] == pytest.approx(law.alpha, abs=1e-3)
    assert law.inverse().power == pytest.approx(law.alpha - 2)
    np.testing.assert_allclose(law.cdf(law.ppf(SHARES)), SHARES, atol=1e-10)


@pytest.mark.parametrize("mean", [1e-200, 1e200])
def test_units_do_not_matter(mean):
    law = laws.high_temperature(0.3, repulsion=2.0, mean=mean)
    plain = laws.high_temperature(0.3, repulsion=2.0)
    np.testing.assert_allclose(law.ppf(SHARES), mean * plain.ppf(SHARES), rtol=1e-9)
    np.testing.assert_allclose(law.pdf([mean]), plain.pdf([1.0]) / mean, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("ratio", "repulsion"), [(0.5, 10.0), (0.2, 3.0)])
def test_the_fit_finds_its_parameters_within_their_errors(ratio, repulsion):
    law = laws.high_temperature(ratio, repulsion=repulsion, mean=3.0)
    fits = [
        laws.fit_high_temperature(draw, ratio=ratio, rng=2)
        for draw in law.spectra(300, num=16, rng=1)
    ]
    off = np.array([(f.repulsion - repulsion) / f.repulsion_error for f in fits])
    assert np.abs(off).max() < 4
    assert abs(off.mean()) < 1
    assert 0.5 < off.std() < 1.6
    off = np.array([(f.mean - 3) / f.mean_error for f in fits])
    assert 0.5 < off.std() < 1.6


def test_the_fit_of_the_inverse_is_that_of_inverted_eigenvalues():
    values = laws.high_temperature(0.5, repulsion=2.0, mean=3.0).spectra(200, rng=1)[0]
    found = laws.fit_high_temperature(1 / values, ratio=0.5, inverse=True, rng=2)
    plain = laws.fit_high_temperature(values, ratio=0.5, rng=2)
    assert found.repulsion == pytest.approx(plain.repulsion, rel=1e-3)
    assert found.mean == pytest.approx(plain.mean, rel=1e-3)
    assert found.law.alpha == pytest.approx(1 + found.repulsion / 2)
    for fit, x in ((found, 1 / values), (plain, values)):
        assert fit.log_likelihood == pytest.approx(float(np.log(fit.law.pdf(x)).sum()))
    huge = laws.fit_high_temperature(1e200 * values, ratio=0.5, rng=2)
    assert huge[2:6:2] == pytest.approx(plain[2:6:2], rel=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: laws.high_temperature(1.0, repulsion=1.0), "`ratio`"),
        (lambda: laws.high_temperature(math.nan, repulsion=1.0), "`ratio`"),
        (lambda: laws.high_temperature(0.5, repulsion=math.inf), "`repulsion`"),
        (lambda: laws.high_temperature(0.5, repulsion=1e6), "marchenko_pastur"),
        (lambda: laws.high_temperature(0.5, repulsion=1e-3), "too small for float64"),
        (lambda: laws.high_temperature(0.5, repulsion=1.0, mean=0.0), "`mean`"),
        (lambda: laws.fit_high_temperature([1.0, 2.0], ratio=0.5), "at least 10"),
        (lambda: laws.fit_high_temperature(np.zeros(20), ratio=0.5), "leave zeros out"),
        (lambda: laws.fit_high_temperature(np.ones(20), ratio=2.0), "`ratio`"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
