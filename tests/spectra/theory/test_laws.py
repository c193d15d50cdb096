"""Laws as objects: against closed forms, quadrature by scipy, and matrices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import spectra.noise.marchenko_pastur as mp
from spectra.errors import ArgumentError
from spectra.noise import spacings
from spectra.theory import free_probability, laws

LAWS = {
    "semicircle": laws.semicircle(variance=2.0),
    "noise": laws.marchenko_pastur(0.3, mean=5.0),
    "square noise": laws.marchenko_pastur(1.0),
    "wide noise": laws.marchenko_pastur(2.5),
    "inverse noise": laws.marchenko_pastur(0.5).inverse(),
    "heavy inverse": laws.marchenko_pastur(1.0).inverse(),
    "Cauchy": laws.cauchy(width=0.5),
    "sum": laws.semicircle() + laws.discrete([-2.0, 2.0]),
    "product": laws.marchenko_pastur(0.5) @ laws.discrete([1.0, 10.0]),
    "mirrored": laws.marchenko_pastur(0.3).scaled(-2.0).shifted(1.0),
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
SHARES = np.linspace(0.001, 0.999, 40)


@every_law
def test_the_distribution_function_is_the_integral_of_the_density(law):
    for low, high in law.intervals:
        middle = law.middle if math.isinf(high - low) else (low + high) / 2
        start = -10.0 if math.isinf(low) else low + 0.1 * (middle - low)
        stop = 10.0 if math.isinf(high) else high - 0.1 * (high - middle)
        expected, _ = integrate.quad(lambda x: float(law.pdf(x)), start, stop, epsabs=1e-11)
        assert float(law.cdf(stop) - law.cdf(start)) == pytest.approx(expected, abs=1e-9)


@every_law
def test_quantiles_invert_the_distribution_function(law):
    q = SHARES[[law.atoms == () or s > sum(m for _, m in law.atoms) for s in SHARES]]
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, rtol=0, atol=1e-12)
    assert law.ppf([0, 1]).tolist() == list(law.edges)
    np.testing.assert_allclose(law.sf(law.ppf(q)), 1 - q, rtol=0, atol=1e-12)


@every_law
def test_the_transform_is_the_integral_over_the_law(law):
    z = np.array([1 + 1j, -2 + 3j, 0.5j])
    expected = [law.mean_of(lambda x, p=p: (1 / (p - x)).real) for p in z]
    np.testing.assert_allclose(law.stieltjes(z).real, expected, atol=1e-10)
    np.testing.assert_array_equal(law.stieltjes(z.conj()), law.stieltjes(z).conj())


@pytest.mark.parametrize("ratio", [0.01, 0.3, 0.97, 1.0])
def test_marchenko_pastur_agrees_with_the_module_of_noise(ratio):
    law = laws.marchenko_pastur(ratio)
    x = np.linspace(0, 4.5, 91)
    np.testing.assert_allclose(law.pdf(x[1:]), mp.pdf(x[1:], ratio), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(law.cdf(x), mp.cdf(x, ratio), rtol=0, atol=1e-13)
    np.testing.assert_allclose(law.ppf(SHARES), mp.ppf(SHARES, ratio), rtol=1e-12)
    np.testing.assert_allclose(law.moments(6), mp.moments(ratio, num=6), rtol=1e-13)


def semicircle_cdf(x, variance):
    return stats.semicircular(scale=2 * math.sqrt(variance)).cdf(x)


def assert_same(found, expected, *, atol=1e-8):
    np.testing.assert_allclose(found.edges, expected.edges, rtol=0, atol=atol)
    low, high = expected.edges
    x = np.linspace(low, high, 203)[1:-1]
    np.testing.assert_allclose(found.pdf(x), expected.pdf(x), rtol=atol, atol=atol)
    np.testing.assert_allclose(found.cdf(x), expected.cdf(x), rtol=0, atol=atol)


@given(a=st.floats(0.01, 100), b=st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_variances_of_semicircles_add(a, b):
    found = laws.semicircle(variance=a) + laws.semicircle(variance=b)
    expected = laws.semicircle(variance=a + b)
    unit = 1 / math.sqrt(a + b)
    assert_same(found.scaled(unit), expected.scaled(unit))
    x = np.linspace(*expected.edges, 51)
    np.testing.assert_allclose(expected.cdf(x), semicircle_cdf(x, a + b), rtol=0, atol=1e-12)


@given(ratio=st.floats(0.05, 4), num=st.floats(0.05, 4))
@settings(max_examples=20, deadline=None)
def test_rates_of_marchenko_pastur_laws_of_one_scale_add(ratio, num):
    # free Poisson laws of rate 1/c and jump c m: the rates add where the jumps are equal
    one, other = laws.marchenko_pastur(ratio), laws.marchenko_pastur(num, mean=ratio / num)
    total = 1 / (1 / ratio + 1 / num)
    assert_same(one + other, laws.marchenko_pastur(total, mean=ratio / total))


@given(a=st.floats(0.05, 0.95), b=st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_products_of_projections_are_known(a, b):
    found = laws.discrete([0.0, 1.0], [1 - a, a]) @ laws.discrete([0.0, 1.0], [1 - b, b])
    middle, half = a + b - 2 * a * b, math.sqrt(4 * a * b * (1 - a) * (1 - b))
    x = np.linspace(middle - half, middle + half, 103)[1:-1]
    expected = np.sqrt((middle + half - x) * (x - middle + half)) / (2 * np.pi * x * (1 - x))
    if middle - half > 1e-6 and middle + half < 1 - 1e-6:  # else an inverse root at the edge
        np.testing.assert_allclose(found.pdf(x), expected, rtol=1e-7, atol=1e-8)
    atoms = dict(found.atoms)
    assert atoms[0.0] == pytest.approx(1 - min(a, b))
    assert atoms.get(1.0, 0.0) == pytest.approx(max(a + b - 1, 0), abs=1e-12)
    assert float(found.cdf(1.0)) == pytest.approx(1)


@pytest.mark.parametrize("variance", [0.8, 1.0, 1.2])
def test_a_sum_whose_gap_closes_has_its_shares(variance):
    law = laws.semicircle(variance=variance) + laws.discrete([-1.0, 1.0])
    assert float(law.cdf(0.0)) == pytest.approx(0.5, abs=1e-6)
    if variance == 1:  # where it closes the edge is 3 sqrt(3) / 2
        assert law.edges[1] == pytest.approx(1.5 * math.sqrt(3), rel=1e-12)


@pytest.mark.parametrize("condition", [10.0, 100.0, 1e6])
def test_populations_of_different_scales_keep_all_their_eigenvalues(condition):
    law = laws.marchenko_pastur(0.1) @ laws.discrete([1.0, condition])
    assert len(law.intervals) == 2
    assert float(law.cdf(3.0)) == pytest.approx(0.5, abs=1e-6)
    population = np.geomspace(1, min(condition, 100.0), 20)
    wide = laws.marchenko_pastur(0.8) @ laws.discrete(population)
    assert wide.moments(1)[0] == pytest.approx(population.mean(), rel=1e-12)


def test_semicircles_far_narrower_than_their_places_are_found():
    law = laws.semicircle(variance=1e-14) + laws.discrete([0.0, 0.37, 1.0])
    np.testing.assert_allclose(law.cdf([0.2, 0.5, 1.1]), [1 / 3, 2 / 3, 1], atol=1e-6)


def test_moments_of_products_are_those_of_series():
    gamma = laws.high_temperature(0.5, repulsion=4.0)
    found = (gamma @ laws.marchenko_pastur(0.5)).moments(3)
    assert found[:2] == pytest.approx([1.0, gamma.moments(2)[1] + 0.5])
    square = laws.marchenko_pastur(1.0)
    bare = square @ square
    np.testing.assert_allclose(bare.moments(6), [1, 3, 12, 55, 273, 1428], rtol=1e-9)


def test_complex_matrices_stay_complex_in_sums():
    law = laws.semicircle(beta=2) + laws.discrete([-2.0, 2.0])
    assert law.beta == 2
    ratio = spacings.mean_ratio(law.spectra(60, num=60, rng=1)).ratio  # the gap lowers it
    assert abs(ratio - spacings.GUE) < abs(ratio - spacings.GOE)
    assert (laws.semicircle(beta=4) + laws.semicircle()).model is None


def test_two_signs_make_the_arcsine_law():
    sign = laws.discrete([-1.0, 1.0])
    x = np.linspace(-1.99, 1.99, 200)
    expected = stats.arcsine(loc=-2, scale=4)
    np.testing.assert_allclose((sign + sign).pdf(x), expected.pdf(x), rtol=1e-9)
    np.testing.assert_allclose((sign + sign).cdf(x), expected.cdf(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("ratio", [0.3, 1.0, pytest.param(2.0, marks=pytest.mark.slow)])
def test_marchenko_pastur_times_itself_has_the_moments_of_its_cumulants(ratio):
    law = laws.marchenko_pastur(ratio)
    found = law @ law
    z = np.array([-0.3, -0.1, 0.1, 0.2])
    np.testing.assert_allclose(found.S(z), law.S(z) ** 2, rtol=1e-12)
    # the S-transform read off the density itself, not off the closed form
    bare = laws.Law(found.name, found.intervals, found.transform, atoms=found.atoms)
    known = z > -min(1.0, 1 / ratio)
    np.testing.assert_allclose(bare.S(z)[known], law.S(z)[known] ** 2, rtol=1e-7)
    if ratio == 1:  # Fuss-Catalan numbers
        np.testing.assert_allclose(found.moments(4), [1, 3, 12, 55], rtol=1e-9)
        assert found.edges[1] == pytest.approx(27 / 4, rel=1e-10)


def test_the_density_of_two_square_factors_is_that_of_penson_and_zyczkowski():
    square = laws.marchenko_pastur(1.0)
    x = np.linspace(0.05, 6.7, 100)
    root = 27 + 3 * np.sqrt(81 - 12 * x)
    upper = 2 ** (1 / 3) * root ** (2 / 3) - 6 * x ** (1 / 3)
    expected = 2 ** (1 / 3) * np.sqrt(3) / (12 * np.pi) * upper / (x ** (2 / 3) * root ** (1 / 3))
    np.testing.assert_allclose((square @ square).pdf(x), expected, rtol=1e-8)


def test_correlated_noise_solves_silversteins_equation():
    t, shares, ratio = np.array([1.0, 3.0, 10.0]), np.array([0.5, 0.3, 0.2]), 0.4
    law = laws.marchenko_pastur(ratio) @ laws.discrete(t, shares)
    x = law.ppf(np.linspace(0.05, 0.95, 19))
    m = -(ratio * law.stieltjes(x) + (1 - ratio) / x)  # of the companion, minus sign as there
    z = -1 / m + ratio * np.sum(shares * t / (1 + t * m[:, None]), axis=1)
    np.testing.assert_allclose(z, x, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "matrix"),
    [
        (
            laws.semicircle() + laws.marchenko_pastur(0.5),
            lambda draw, n: wigner(draw, n) + wishart(draw, n, 2 * n),
        ),
        (
            laws.marchenko_pastur(0.5) @ laws.discrete([1.0, 10.0]),
            lambda draw, n: scaled_wishart(draw, n, 2 * n),
        ),
    ],
    ids=["sum", "product"],
)
def test_large_matrices_follow_the_composed_law(law, matrix):
    n = 4000
    values = np.linalg.eigvalsh(matrix(np.random.default_rng(3), n))
    ks = stats.kstest(values, law.cdf).statistic
    assert ks < 3 * math.log(n) / n  # rigid eigenvalues are off by about log(n) places


def wigner(draw, n):
    A = draw.standard_normal((n, n))
    return (A + A.T) / math.sqrt(2 * n)


def wishart(draw, n, rows):
    W = draw.standard_normal((rows, n))
    return W.T @ W / rows


def scaled_wishart(draw, n, rows):
    roots = np.sqrt(np.repeat([1.0, 10.0], n // 2))
    return wishart(draw, n, rows) * roots * roots[:, None]


MODELS = {name: law for name, law in LAWS.items() if law.model is not None}


@pytest.mark.parametrize("law", MODELS.values(), ids=MODELS)
def test_spectra_follow_their_law(law):
    found = law.spectra(200, num=20, rng=5)
    assert found.shape == (20, 200)
    assert (np.diff(found, axis=1) >= 0).all()
    inside = found[(found >= law.edges[0]) & (found <= law.edges[1])]
    assert len(inside) > 0.9 * found.size
    apart = [np.abs(np.mean(found <= x) - law.cdf(x)) for x in law.ppf(SHARES) + 1e-9]
    assert max(apart) < 0.01  # about one place of 200, and a fifth of it by chance


@every_law
def test_scaling_and_shifting_move_every_number(law):
    moved = law.scaled(4.0).shifted(-8.0)
    x = law.ppf(SHARES)
    np.testing.assert_allclose(moved.ppf(SHARES), 4 * x - 8, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moved.pdf(4 * x - 8), law.pdf(x) / 4, rtol=1e-6, atol=1e-12)
    if law.alpha == math.inf:
        np.testing.assert_allclose(
            moved.free_cumulants(2),
            [4 * law.moments(1)[0] - 8, 16 * law.free_cumulants(2)[1]],
            atol=1e-12,
        )


@pytest.mark.parametrize("name", ["semicircle", "noise", "wide noise", "square noise"])
def test_transforms_without_a_closed_form_agree_with_it(name):
    law = LAWS[name]
    bare = laws.Law(law.name, law.intervals, law.transform, atoms=law.atoms)
    z = np.array([-0.05, 0.0, 0.01, 0.1])
    np.testing.assert_allclose(bare.R(z), law.R(z), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bare.free_cumulants(5), law.free_cumulants(5), atol=1e-6 * 5**5)
    if law.s_transform is not None:
        np.testing.assert_allclose(bare.S(z), law.S(z), rtol=1e-9)


def test_inverse_noise_has_its_known_cumulants():
    found = laws.marchenko_pastur(0.5).inverse()
    scaled = found.scaled(1 / found.moments(1)[0])
    z = np.array([0.05, 0.1])
    expected = free_probability.inverse_marchenko_pastur_R(z, ratio=0.5)
    np.testing.assert_allclose(scaled.R(z), expected, rtol=1e-9)
    assert laws.marchenko_pastur(1.0).inverse().alpha == pytest.approx(1.5)


def test_infinite_moments_are_said():
    law = laws.marchenko_pastur(1.0).inverse()
    assert law.moments(2).tolist() == [math.inf, math.inf]
    assert np.isnan(laws.cauchy().moments(1)).all()
    with pytest.raises(ArgumentError, match="reaches to infinity"):
        law.R([0.1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: laws.semicircle(variance=0), "`variance`"),
        (lambda: laws.marchenko_pastur(-1), "`ratio`"),
        (lambda: laws.discrete([1.0], [0.5]), "add up to 1"),
        (lambda: laws.discrete([]), "`places`"),
        (lambda: laws.semicircle() @ laws.semicircle(), "numbers from 0 up"),
        (lambda: laws.semicircle().S([0.1]), "numbers from 0 up"),
        (lambda: laws.semicircle().inverse(), "no inverse"),
        (lambda: laws.semicircle().scaled(0), "must not be 0"),
        (lambda: laws.cauchy().spectra(10), "no random matrix model"),
        (lambda: laws.semicircle().ppf([2.0]), "probabilities"),
        (
            lambda: laws.Law("half", ((-2.0, 0.0),), laws.semicircle().transform).cdf([0.0]),
            "total of 0.5",
        ),
    ],
)
def test_wrong_laws_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
