"""Comparisons of ensembles with laws: level, power, forms of draws, and rates of convergence."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_info, threadpool_limits

from spectra import Spectrum
from spectra.errors import ArgumentError
from spectra.noise import tracy_widom
from spectra.theory import _counts, _two_samples, compare, ensembles, laws, scan

SHAPE = (60, 30)
ANY: Any = 3
NOISE = laws.marchenko_pastur(0.5, mean=60.0)


def draws(rng, num=12, **options):
    return ensembles.laguerre(SHAPE, num=num, rng=rng, **options)


def test_the_right_law_agrees_and_its_numbers_are_those_of_the_draws():
    spectra = draws(1)
    ds = compare(spectra, NOISE, rng=2)
    assert ds.verdict == "consistent"
    assert "agree with the Marchenko-Pastur law" in ds.sentence
    pooled = np.sort(spectra.ravel())
    exact = stats.kstest(pooled, NOISE.cdf).statistic
    distribution = ds.sel(statistic="distribution")
    assert float(distribution.drawn) == pytest.approx(exact, abs=1 / 1000)
    np.testing.assert_allclose(
        ds.drawn.values[1:5],
        [pooled.mean(), np.mean(pooled**2), spectra[:, 0].mean(), spectra[:, -1].mean()],
    )
    means = spectra.mean(axis=1)
    assert float(ds.error[1]) == pytest.approx(means.std(ddof=1) / math.sqrt(12))
    np.testing.assert_allclose(ds.moment_limit, NOISE.moments(4))
    np.testing.assert_allclose(ds.moment_drawn, [np.mean(pooled**k) for k in range(1, 5)])
    np.testing.assert_allclose(ds.cdf_law, NOISE.cdf(ds.x), atol=1e-12)
    np.testing.assert_allclose(ds.cdf_drawn, [np.mean(pooled <= x) for x in ds.x.values])
    assert ds.limit.values[3:5].tolist() == list(NOISE.edges)
    assert ds.tracy_widom_p > 0.001


WRONG = {
    "ratio": (draws(3, 100), laws.marchenko_pastur(0.52, mean=60.0)),
    "variance": (draws(3, 60, std=1.01), NOISE),
    "tails": (ensembles.student_t(SHAPE, df=6, num=60, rng=3).W * math.sqrt(2 / 3), NOISE),
    "spike": (ensembles.spiked(SHAPE, strengths=[1.2], num=40, rng=3).W, NOISE),
    "beta": (draws(3, 60, beta=2.0), NOISE),
    "law": (draws(3, 20), laws.semicircle(variance=900.0).shifted(60.0)),
}


@pytest.mark.parametrize(("drawn", "law"), WRONG.values(), ids=WRONG)
def test_a_wrong_law_differs(drawn, law):
    ds = compare(drawn, law, rng=5)
    assert ds.verdict == "different"
    assert "differ from the" in ds.sentence
    assert ds.attrs["p"] <= 0.05


def test_what_differs_is_said():
    assert "spacing ratio" in compare(*WRONG["beta"], rng=5).sentence
    p = compare(*WRONG["spike"], rng=5).p
    assert float(p.sel(statistic="largest")) < 0.01 < float(p.sel(statistic="least"))


@pytest.mark.slow
@pytest.mark.parametrize("num", [1, 4, 30])
def test_the_p_value_is_uniform_for_the_right_law(num):
    """Of 200 trials a rank of uniform p-values stays within the band of Dvoretzky et al."""
    p = [compare(draws(seed, num), NOISE, num_redraws=199, rng=seed).attrs["p"] for seed in TRIALS]
    # of discrete p-values: P(p <= a) is at most a, and close to it; 0.999 band
    band = math.sqrt(math.log(2 / 0.001) / (2 * len(p)))
    for a in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert a - band - 0.01 <= np.mean(np.array(p) <= a) <= a + band


TRIALS = range(1000, 1200)


def test_permutations_give_the_p_value_of_the_exact_test():
    """Of two groups of few rows, all labels can be tried."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((8, 1))
    features[:3] += 1.0
    from itertools import combinations

    def apart(group):
        rest = [i for i in range(8) if i not in group]
        return abs(features[list(group)].mean() - features[rest].mean())

    exact = np.mean([apart(g) >= apart((0, 1, 2)) - 1e-12 for g in combinations(range(8), 3)])
    group = _two_samples.Group(features, np.ones(1))
    found = _two_samples.compared(3, [group], 20_000, rng)
    assert found.p[0] == pytest.approx(exact, abs=4 * math.sqrt(exact / 20_000))
    assert found.combined == pytest.approx(found.p[0])


MATRICES = np.random.default_rng(7).standard_normal((10, *SHAPE))


@pytest.mark.parametrize(
    "form",
    [
        MATRICES,
        list(MATRICES),
        MATRICES.transpose(0, 2, 1),
        [np.linalg.eigvalsh(W.T @ W) for W in MATRICES],
        np.array([np.linalg.eigvalsh(W.T @ W) for W in MATRICES]),
        np.array([np.linalg.eigvalsh(W.T @ W)[::-1] for W in MATRICES]),
        ensembles.Sample(MATRICES),
    ],
    ids=["stack", "list", "wide", "spectra", "array", "descending", "sample"],
)
def test_draws_of_all_forms_are_the_same(form):
    expected = compare(MATRICES, NOISE, rng=1)
    found = compare(form, NOISE, rng=1)
    np.testing.assert_allclose(found.eigenvalue, expected.eigenvalue, rtol=1e-9)
    assert found.attrs["p"] == expected.attrs["p"]


def test_the_limit_of_the_largest_eigenvalue_is_the_outlier():
    law = laws.spiked(0.5, strengths=[3.0, 2.0], mean=60.0)
    W = ensembles.spiked(SHAPE, strengths=[3.0, 2.0], num=20, rng=1).W
    for form, of_it, end in ((W, law, "largest"), (-(W.transpose(0, 2, 1) @ W), None, "least")):
        taken = law.scaled(-1.0) if of_it is None else of_it
        limit = compare(form, taken, rng=1).limit.sel(statistic=["least", "largest"])
        outlier = max(law.spikes)
        expected = [law.edges[0], outlier] if end == "largest" else [-outlier, -law.edges[0]]
        np.testing.assert_allclose(limit, expected)


def test_spacings_and_the_largest_eigenvalue_are_compared_as_distributions():
    spectra = draws(3, 100)
    ds = compare(spectra, NOISE, rng=5)
    assert NOISE.largest is not None
    centre, width = NOISE.largest(30)
    exact = stats.kstest((spectra[:, -1] - centre) / width, tracy_widom.cdf).statistic
    edge = ds.sel(statistic="Tracy-Widom")
    # the distance is seen at steps of 0.2, in which the law rises by less than 0.07
    assert exact - 0.07 < float(edge.drawn) <= exact + 1e-4
    assert float(edge.drawn) < 4 * float(edge.error) + float(edge.redrawn)
    assert ds.tracy_widom_p > 0.001
    complex_ones = compare(*WRONG["beta"], rng=5).p
    assert float(complex_ones.sel(statistic="spacings")) < 0.01
    assert float(compare(*WRONG["spike"], rng=5).p.sel(statistic="Tracy-Widom")) < 0.01
    other = compare(spectra, laws.marchenko_pastur(0.5, mean=60.0, beta=1.5), rng=5)
    assert np.isnan(other.sel(statistic="Tracy-Widom").p)
    assert "tracy_widom_p" not in other.attrs


def test_numbers_of_many_spectra_are_counted_in_few_bytes():
    rng = np.random.default_rng(0)
    parts = [np.sort(rng.random((num, 300)), axis=1) for num in (5000, 7000)]
    places = np.linspace(-0.1, 1.1, 999)
    counts = _counts.counted(parts, places)
    assert counts.dtype == np.uint16
    row = parts[1][123]
    np.testing.assert_array_equal(counts[5123], [(row <= place).sum() for place in places])
    mean, std = _counts.mean_and_std(counts, ddof=1)
    np.testing.assert_allclose(mean, counts.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, counts.std(axis=0, ddof=1), rtol=1e-9)
    labels = rng.random((3, 12_000)) < 0.3
    exact = [counts[one].sum(axis=0, dtype=np.int64) for one in labels]
    np.testing.assert_array_equal(_counts.sums(labels, counts), exact)


def test_one_spectrum_is_enough():
    values = draws(4, 1)[0]
    for form in (values, values[None], Spectrum(values[None], SHAPE[0])):
        ds = compare(form, NOISE, rng=1)
        assert ds.num == 1
        assert ds.sentence.startswith("One spectrum of 30 eigenvalues agrees with")
        assert np.isnan(ds.error).all()


def test_symmetric_and_complex_matrices_count_by_their_own_rule():
    rng = np.random.default_rng(0)
    Z = (rng.standard_normal((20, 60, 30)) + 1j * rng.standard_normal((20, 60, 30))) / math.sqrt(2)
    ds = compare(Z, laws.marchenko_pastur(0.5, mean=60.0, beta=2), rng=1)
    assert ds.verdict == "consistent"
    with pytest.raises(ArgumentError, match="beta=2"):
        compare(Z, NOISE, rng=1)
    wigner = ensembles.wigner(40, num=20, rng=3).W
    assert compare(wigner, laws.semicircle(variance=40.0), rng=1).verdict == "consistent"


def draw(rng):
    return ensembles.gaussian(SHAPE, rng=rng).W


def test_a_function_is_called_alike_by_all_executors():
    with ThreadPoolExecutor(2) as pool:
        found = [compare(draw, NOISE, num=20, rng=9, executor=x) for x in (None, pool)]
    assert found[0].identical(found[1])
    assert found[0].num == 20


class Pool:
    """Executor that sends its work, as one of processes does, in an order of its own."""

    def map(self, function, items):
        sent = [pickle.dumps((function, item)) for item in reversed(list(items))]
        return [run(item) for run, item in map(pickle.loads, sent)]


def drawn_noise(size, num, rng):
    return NOISE.spectra(size, num=num, rng=rng)


@pytest.mark.parametrize("model", [None, "independent", drawn_noise])
def test_draws_and_redraws_of_all_executors_are_the_same(model):
    found = [compare(draw, NOISE, num=20, model=model, rng=9, executor=x) for x in (None, Pool())]
    assert found[0].identical(found[1])


def test_parts_of_a_run_are_named_in_words():
    shown: list[str] = []

    class Looking:
        def map(self, function, items):
            shown.extend(map(str, items))
            return map(function, items)

    compare(draw, NOISE, num=3, num_redraws=200, rng=9, executor=Looking())
    assert shown[:4] == ["draws 1 to 1", "draws 2 to 2", "draws 3 to 3", "redraws 1 to 4"]


def test_linear_algebra_has_one_thread_while_it_draws():
    def threads():
        found = threadpool_info()
        return {one["num_threads"] for one in found if one["user_api"] == "blas"}

    seen = []

    def model(size, num, rng):
        seen.append(threads())
        return drawn_noise(size, num, rng)

    with threadpool_limits(2, "blas"):
        compare(draws(1), NOISE, model=model, rng=1)
        assert threads() == {2}
    assert all(one == {1} for one in seen)


def test_a_model_that_draws_the_same_again_is_refused():
    kept = draws(1, 500)
    with pytest.raises(ArgumentError, match="`model` must draw other spectra"):
        compare(draws(2), NOISE, model=lambda size, num, rng: kept[:num], rng=1)


def test_laws_without_a_model_are_judged_by_independent_numbers_or_not_at_all():
    law = stats.uniform(0, 1)
    rng = np.random.default_rng(0)
    draws = np.sort(rng.random((10, 25)), axis=1)
    unjudged = compare(draws, law, rng=1)
    assert unjudged.verdict == "not judged"
    assert "model='independent'" in unjudged.sentence
    assert np.isnan(unjudged.p).all()
    assert compare(draws, law, model="independent", rng=1).verdict == "consistent"
    assert compare(draws**1.5, law, model="independent", rng=1).verdict == "different"
    own = compare(draws, law, model=lambda size, num, rng: rng.random((num, size)), rng=1)
    assert own.verdict == "consistent"


def test_wide_matrices_have_the_zeros_of_their_law():
    W = np.random.default_rng(0).standard_normal((20, 30, 60))
    wide = laws.marchenko_pastur(2.0, mean=30.0)
    products = [w.T @ w for w in W]
    for form in (W, products, np.linalg.eigvalsh(products)):
        ds = compare(form, wide, rng=1)
        assert ds.verdict == "consistent"
        assert ds.size == 60
    assert compare(W.transpose(0, 2, 1), NOISE, rng=1).verdict == "consistent"


def test_eigenvalues_at_an_atom_are_not_told_from_it_by_rounding():
    W = ensembles.orthogonal(SHAPE, num=20, rng=1).W
    assert compare(W, laws.discrete([1.0]), rng=1).verdict == "consistent"
    law = laws.discrete([1.0, 2.0, 3.0])
    drawn = law.spectra(30, num=20, rng=1) + 1e-12 * np.random.default_rng(0).random((20, 30))
    drawn.sort(axis=1)
    assert compare(drawn, law, rng=1).verdict == "consistent"
    other = np.sort(np.where(np.arange(30) == 29, 1.0, drawn), axis=1)
    assert compare(other, law, rng=1).verdict == "different"


def rotated(rng, n=40):
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return Q @ np.diag(ensembles.hermite(n, rng=rng)[0]) @ Q.T


def test_matrices_are_symmetric_to_within_rounding_all_or_none():
    law = laws.semicircle(variance=40.0)
    assert compare(rotated, law, num=20, rng=1).verdict == "consistent"
    assert compare(rotated, law, num=20, rng=1).eigenvalues_of == "W"
    G = ensembles.wigner(40, num=20, rng=3).W
    G[0, 0, 1] += 1.0
    with pytest.raises(ArgumentError, match="not symmetric"):
        compare(G, law, rng=1)


def test_a_small_significance_can_be_reached():
    wrong = 100 * np.random.default_rng(0).standard_normal((1, *SHAPE))
    assert compare(wrong, NOISE, significance=0.001, rng=1).verdict == "different"
    with pytest.raises(ArgumentError, match="must be at least"):
        compare(wrong, NOISE, num_redraws=10, rng=1)


def test_what_chance_gives_does_not_depend_on_the_draws():
    good = compare(draws(1), NOISE, rng=2).detectable
    assert compare(4 * draws(1), NOISE, rng=2).detectable == pytest.approx(good, rel=0.1)


@pytest.mark.parametrize("power", [-300, 0, 200])
def test_comparisons_do_not_depend_on_the_unit(power):
    scale = 2.0**power
    law = laws.marchenko_pastur(0.5, mean=60.0 * scale)
    ds = compare(draws(1) * scale, law, model=scaled_model(scale), rng=2)
    expected = compare(draws(1), NOISE, rng=2)
    np.testing.assert_allclose(ds.p, expected.p, atol=0.01)


def scaled_model(scale):
    return lambda size, num, rng: NOISE.spectra(size, num=num, rng=rng) * scale


def test_a_scan_measures_the_rate():
    ds = scan(
        lambda n, rng: ensembles.laguerre((2 * n, n), rng=rng)[0],
        lambda n: laws.marchenko_pastur(0.5, mean=2.0 * n),
        [10, 20, 40],
        num=600,
        rng=1,
    )
    assert ds.verdict.values.tolist() == ["consistent"] * 3
    assert ds.size.values.tolist() == [10, 20, 40]
    assert abs(ds.rate - 1) < 3 * ds.rate_error < 1
    assert ds.cdf_drawn.dims == ("size", "q")


def test_a_scan_of_the_limit_itself_has_no_rate():
    law = laws.semicircle()
    ds = scan(lambda n, rng: law.sample(n, rng=rng), law, [10, 20], num=50, rng=1)
    assert ds.verdict.values.tolist() == ["different"] * 2  # they do not repel each other
    assert math.isnan(ds.rate)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: compare(np.eye(3)[None][0] + 1 + np.arange(9).reshape(3, 3) % 4, NOISE),
            "W.None.",
        ),
        (lambda: compare([draws(1)[0], draws(1)[0][:20]], NOISE), "same number of eigenvalues"),
        (lambda: compare(draws(1), 3.0), "`law` must be a law"),
        (lambda: compare(draws(1), NOISE, significance=2), "`significance`"),
        (lambda: compare([], NOISE), "got none"),
        (lambda: compare(list(MATRICES[0]), NOISE), "W.None."),
        (lambda: compare(draws, NOISE, num=2), "one matrix or one spectrum"),
        (lambda: compare(draws(1), laws.marchenko_pastur), "call the function"),
        (lambda: compare(draws(1), NOISE, num_redraws=1), "`num_redraws`"),
        (lambda: compare(draws(1), NOISE, executor=ANY), "`executor`"),
        (lambda: compare(draws(1), NOISE, model=lambda s, n, r: np.ones((1, 2))), "`model` must"),
        (lambda: compare(np.full((1, 5, 4), np.nan), NOISE), "must be finite"),
        (lambda: compare(np.full((2, 5), np.nan), NOISE), "no order|finite"),
        (lambda: compare(np.zeros((2, 2, 2, 2)), NOISE), "got shape"),
        (lambda: compare(lambda rng: np.ones(2), NOISE, num=2), "at least 3"),
        (lambda: scan(lambda n, rng: draws(1), NOISE, []), "got none"),
        (lambda: compare(draws(1), NOISE, num=12), "`num` is how often a function"),
        (lambda: compare(draws(1), NOISE, model=ANY), "`model` must be a function"),
        (lambda: compare(np.ma.masked_less(draws(1), 20), NOISE), "masked elements"),
        (lambda: compare(np.ma.masked_less(MATRICES, 0), NOISE), "masked elements"),
        (lambda: compare([np.ma.masked_less(MATRICES[0], 0)], NOISE), "masked elements"),
        (lambda: compare(lambda rng: np.ma.masked_less(draw(rng), 0), NOISE), "masked elements"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
