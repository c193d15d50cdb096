"""Laws against numbers of rmtool and scikit-rmt, laws with spikes, and hostile units."""

import math

import numpy as np
import pytest

from spectra.errors import ArgumentError
from spectra.theory import laws

SHARES = np.linspace(0.02, 0.98, 25)


def test_rmtool_has_the_same_free_sums_and_products():
    # rmtool 1.0.0: AplusB, AtimesB of wishartpol, wignerpol and atomLmz, by Lmz2pdf
    noise = laws.marchenko_pastur(0.5)
    found = (laws.semicircle() + noise).pdf([-0.5, 0.5, 1.0, 2.5])
    expected = [0.22189928422645103, 0.2676257171302953, 0.264102843477919, 0.18291906397360105]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    found = (noise @ laws.marchenko_pastur(0.25)).pdf([0.1, 0.5, 1.0, 3.0])
    expected = [1.2374924631610995, 0.5893022766673519, 0.3396229816272248, 0.07706899875778801]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    found = (noise + laws.discrete([-1.0, 2.0], [0.25, 0.75])).pdf([-0.5, 0.5, 1.5, 3.0, 4.0])
    expected = [
        0.2725568216614568,
        0.0863678264664636,
        0.0,
        0.36931390775660894,
        0.1750932647608344,
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    moments = (laws.semicircle() + noise).moments(5)  # Lmz2MomS
    np.testing.assert_allclose(moments, [1, 5 / 2, 23 / 4, 125 / 8, 697 / 16], rtol=1e-9)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 2.0])
def test_spectra_have_the_spikes_of_their_law(ratio):
    law = laws.spiked(ratio, strengths=[3.0, 0.1, 1.5], mean=5.0)
    assert len(law.spikes) == 2
    found = law.spectra(300, num=20, rng=3)
    np.testing.assert_allclose(found[:, :-3:-1].mean(axis=0), law.spikes, rtol=0.03)
    assert (found[:, -3] < 1.05 * law.edges[1]).all()
    np.testing.assert_array_equal(law.scaled(2.0).spikes, 2 * np.array(law.spikes))
    np.testing.assert_array_equal(law.shifted(2.0).spikes, 2 + np.array(law.spikes))
    np.testing.assert_array_equal(law.pdf([4.0]), laws.marchenko_pastur(ratio, mean=5.0).pdf([4.0]))
    if ratio < 1:
        np.testing.assert_allclose(law.inverse().spikes, 1 / np.array(law.spikes[::-1]))


@pytest.mark.parametrize("strengths", [[-1.0], [math.nan], 3.0, [[1.0]]])
def test_wrong_strengths_are_refused(strengths):
    with pytest.raises(ArgumentError, match="`strengths`"):
        laws.spiked(0.5, strengths=strengths)


UNITS = {
    "semicircle": lambda unit: laws.semicircle().scaled(unit),
    "noise": lambda unit: laws.marchenko_pastur(0.5, mean=unit),
    "wide noise": lambda unit: laws.marchenko_pastur(2.0, mean=unit),
    "inverse": lambda unit: laws.marchenko_pastur(1.0, mean=1 / unit).inverse(),
    "Cauchy": lambda unit: laws.cauchy(width=unit),
    "Wachter": lambda unit: laws.jacobi(0.5, 0.3).scaled(unit),
    "spiked": lambda unit: laws.spiked(0.5, strengths=[2.0], mean=unit),
}


@pytest.mark.parametrize("unit", [1e-200, 1e200])
@pytest.mark.parametrize("make", UNITS.values(), ids=UNITS)
def test_units_do_not_matter(make, unit):
    law, plain = make(unit), make(1.0)
    x = plain.ppf(SHARES)
    np.testing.assert_allclose(law.ppf(SHARES) / unit, x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(law.pdf(unit * x) * unit, plain.pdf(x), rtol=1e-9)
    np.testing.assert_allclose(law.cdf(unit * x), plain.cdf(x), rtol=1e-9)
    np.testing.assert_allclose(law.stieltjes(1j * unit) * unit, plain.stieltjes(1j), rtol=1e-13)
    if math.isfinite(law.edges[1]):
        np.testing.assert_allclose(law.moments(1) / unit, plain.moments(1), atol=1e-12)


@pytest.mark.parametrize("ratio", [1e-6, 1e6])
def test_extreme_ratios_of_noise(ratio):
    law = laws.marchenko_pastur(ratio)
    assert law.mean_of(np.ones_like) == pytest.approx(1, abs=1e-9)
    assert law.mean_of(np.asarray) == pytest.approx(1, rel=1e-6)
