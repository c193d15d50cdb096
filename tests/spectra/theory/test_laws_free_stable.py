"""Free stable laws: against closed forms, free sums, and sums of rotated matrices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.theory import laws
from spectra.theory.ensembles._drawing import orthonormal

SHARES = np.linspace(0.03, 0.97, 21)
CASES = [(0.5, 1.0), (0.5, -1.0), (0.5, 0.0), (0.8, 0.3), (1.05, 1.0), (1.5, 0.5), (1.5, -1.0)]
every_case = pytest.mark.parametrize(("index", "asymmetry"), CASES)


def test_half_and_one_and_two_are_closed_forms():
    levy, inverse = laws.free_stable(0.5, asymmetry=1.0), laws.marchenko_pastur(1.0).inverse()
    x = np.geomspace(0.2501, 1e6, 50)
    np.testing.assert_allclose(levy.pdf(x), np.sqrt(4 * x - 1) / (2 * np.pi * x**2), rtol=1e-10)
    np.testing.assert_allclose(levy.ppf(SHARES), inverse.ppf(SHARES), rtol=1e-9)
    z = np.array([1j, -3.0, 0.1, 2 + 1e-3j])
    np.testing.assert_allclose(levy.stieltjes(z), inverse.stieltjes(z), rtol=1e-10)
    x = np.linspace(-1.9, 4, 33)
    for index, limit in ((1, laws.cauchy(width=2.0)), (2, laws.semicircle(variance=4.0))):
        law = laws.free_stable(index, scale=2.0)
        np.testing.assert_allclose(law.pdf(x), limit.pdf(x), rtol=1e-12)
        near = laws.free_stable(index - 1e-9, scale=2.0)
        np.testing.assert_allclose(near.pdf(x), limit.pdf(x), rtol=1e-6, atol=1e-5)


@pytest.mark.slow
@every_case
def test_the_free_sum_of_two_is_the_same_law_scaled(index, asymmetry):
    law = laws.free_stable(index, asymmetry=asymmetry)
    total, scaled = law + law, law.scaled(2 ** (1 / index))
    x = scaled.ppf(SHARES)
    np.testing.assert_allclose(total.pdf(x), scaled.pdf(x), rtol=1e-8)
    other = law + laws.free_stable(index, asymmetry=asymmetry, scale=3.0)
    scaled = law.scaled((1 + 3**index) ** (1 / index))
    x = scaled.ppf(SHARES)
    np.testing.assert_allclose(other.pdf(x), scaled.pdf(x), rtol=1e-8)


@given(
    index=st.floats(0.3, 0.9) | st.floats(1.1, 1.8),
    asymmetry=st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]),
)
@settings(max_examples=15, deadline=None)
def test_its_numbers_hang_together(index, asymmetry):
    law = laws.free_stable(index, asymmetry=asymmetry)
    q = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, atol=1e-9)
    expected = law.mean_of(lambda x: (1 / (0.3 + 1j - x)).real)
    assert float(law.stieltjes(0.3 + 1j).real) == pytest.approx(expected, abs=1e-6)
    assert (law.stieltjes([0.5 + 1e-3j, 1e-6 + 1e-9j, 30 + 1j, -5 + 2j]).imag < 0).all()
    mirrored = laws.free_stable(index, asymmetry=-asymmetry)
    x = law.ppf(q)
    np.testing.assert_allclose(mirrored.pdf(-x), law.pdf(x), rtol=1e-9)


@every_case
def test_tails_have_their_weights_and_exponents(index, asymmetry):
    law = laws.free_stable(index, asymmetry=asymmetry)
    assert law.alpha == index + 1
    far = np.array([1e30, 1e32])
    above, below = law.pdf(far), law.pdf(-far)
    total = above + below
    np.testing.assert_allclose((above - below) / total, asymmetry, atol=1e-6)
    slope = np.diff(np.log(total)) / np.diff(np.log(far))
    assert -slope[0] == pytest.approx(law.alpha, abs=1e-6)


@pytest.mark.parametrize("index", [0.5, 0.8, 1.3])
@pytest.mark.parametrize("asymmetry", [1.0, -1.0])
def test_the_r_transform_of_one_tail_is_a_power(index, asymmetry):
    law = laws.free_stable(index, asymmetry=asymmetry)
    x = np.array([2.0, 10.0, 1e3]) * -asymmetry  # outside the law
    g = law.stieltjes(x).real
    np.testing.assert_allclose(law.R(g), x - 1 / g, rtol=1e-9, atol=1e-12)
    assert np.isnan(law.R(-g)).all()


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@every_case
def test_units_do_not_matter(index, asymmetry, scale):
    law = laws.free_stable(index, asymmetry=asymmetry, scale=scale)
    plain = laws.free_stable(index, asymmetry=asymmetry)
    x = plain.ppf(SHARES)
    np.testing.assert_allclose(law.pdf(scale * x), plain.pdf(x) / scale, rtol=1e-9)
    np.testing.assert_allclose(law.ppf(SHARES) / scale, x, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize(
    ("index", "asymmetry"), [(1.01, 0.5), (0.99, -0.5), (1.999, 0.0), (1.5, 0.999), (0.5, 0.9999)]
)
def test_shares_of_laws_with_a_sharp_shoulder(index, asymmetry):
    law = laws.free_stable(index, asymmetry=asymmetry)
    assert law.mean_of(np.ones_like) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(law.cdf(law.ppf(SHARES)), SHARES, rtol=1e-10)


@pytest.mark.slow
def test_sums_of_rotated_matrices_with_heavy_tails_follow_it():
    n, num, index, draw = 400, 60, 1.5, np.random.default_rng(5)
    total = np.zeros((n, n))
    q = (np.arange(n) + 0.5) / n
    values = np.sign(2 * q - 1) * np.minimum(2 * q, 2 - 2 * q) ** (-1 / index)  # Pareto, two sides
    for _ in range(num):
        rotation = orthonormal((n, n), draw)
        total += (rotation * values) @ rotation.T
    found = np.linalg.eigvalsh(total / num ** (1 / index))
    law = laws.free_stable(index)
    width = np.quantile(found, 0.75) / law.ppf(0.75)
    apart = [abs(np.mean(found <= x * width) - law.cdf(x)) for x in law.ppf(SHARES[1:-1])]
    assert max(apart) < 0.02  # places further out are those of a finite size


@pytest.mark.parametrize(
    "arguments",
    [
        {"index": 2.1},
        {"index": 0.01},
        {"index": math.nan},
        {"index": 1, "asymmetry": 0.5},
        {"index": 1.5, "asymmetry": 2.0},
        {"index": 1.5, "scale": 0.0},
    ],
)
def test_wrong_arguments_are_refused(arguments):
    index = arguments.pop("index")
    with pytest.raises(ArgumentError, match=r"`index`|`scale`"):
        laws.free_stable(index, **arguments)
