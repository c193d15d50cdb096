"""Support of a power law: the tests it rests on, and how often it is right."""

import math

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.tails import alternatives, bootstrap, power_law
from spectra.tails.alternatives import Vuong
from spectra.tails.support import Likelier, Support, judge, likelier_law, power_law_support
from spectra.theory import ensembles

AGAINST = Vuong(-5.0, -3.0, 0.003)
FOR = Vuong(5.0, 3.0, 0.003)
RATHER_AGAINST = Vuong(-2.0, -1.8, 0.07)
NEITHER = Vuong(0.1, 0.1, 0.9)
UNKNOWN = Vuong(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("num_tail", "p", "tests", "expected"),
    [
        (0, math.nan, {}, Support.NOT_FITTED),
        (19, 0.9, {"exponential": FOR}, Support.TOO_FEW_POINTS),
        (19, 0.1, {}, Support.REJECTED),
        (20, 0.9, {"exponential": FOR}, Support.SUPPORTED),
        (20, 0.9, {"exponential": NEITHER}, Support.NOT_DISTINGUISHABLE),
        (20, 0.9, {"exponential": UNKNOWN}, Support.NOT_DISTINGUISHABLE),
        (20, 0.1, {"exponential": FOR}, Support.REJECTED),
        (20, 0.9, {"exponential": FOR, "lognormal": AGAINST}, Support.REJECTED),
        (20, 0.9, {"exponential": AGAINST}, Support.REJECTED),
        (
            20,
            0.9,
            {"exponential": RATHER_AGAINST, "lognormal": NEITHER},
            Support.NOT_DISTINGUISHABLE,
        ),
        (20, 0.9, {"exponential": FOR, "lognormal": NEITHER}, Support.SUPPORTED),
    ],
)
def test_what_support_rests_on(num_tail, p, tests, expected):
    assert power_law_support(num_tail, p, tests) is expected


@pytest.mark.slow
@pytest.mark.parametrize(("num", "least"), [(50, 25), (100, 35), (500, 38)])
def test_support_of_known_data(num, least):
    rng = np.random.default_rng(0)
    true = [judge(rng.pareto(1.5, num) + 1, rng=seed).support for seed in range(50)]
    assert true.count(Support.SUPPORTED) >= least
    assert true.count(Support.REJECTED) <= 12
    thin = [judge(rng.exponential(size=num) + 1, rng=seed).support for seed in range(50)]
    assert thin.count(Support.SUPPORTED) == 0


def test_a_judgement_is_that_of_the_functions():
    x = np.random.default_rng(3).pareto(1.5, 200) + 1
    found = judge(x, resamples=50, rng=3)
    fit = power_law.fit(x)
    tests = alternatives.compare(x, xmin=fit.xmin)
    whole = alternatives.compare(x, xmin=x.min(), laws=["exponential"])["exponential"]
    assert (found.alpha, found.num, found.heaviness) == (fit.alpha, fit.num_tail, whole.R)
    assert found.p == bootstrap.goodness_of_fit(x, resamples=50, rng=3).p
    assert found.likelier is likelier_law({**tests, "exponential": whole})


def test_few_data_are_not_fitted():
    found = judge(np.geomspace(1, 50, 19))
    assert found.support is Support.TOO_FEW_POINTS
    assert (found.num, math.isnan(found.p), math.isnan(found.alpha)) == (0, True, True)
    assert judge([]).support is Support.NOT_FITTED
    assert judge([0.0, math.inf]).support is Support.NOT_FITTED
    assert judge(np.full(30, 2.0)).support is Support.NOT_FITTED
    with pytest.raises(ArgumentError, match="`resamples` must be"):
        judge([1.0], resamples=0)


def test_noise_is_no_power_law():
    """Its alpha is between 2 and 6 as often as not; its tail is rejected, however short."""
    rng = np.random.default_rng(0)
    model = {f"w{i}": rng.standard_normal((200, 100)) for i in range(20)}
    ds = spectra.analyze(model)
    assert ((ds.alpha > 2) & (ds.alpha < 6)).sum() >= 5
    assert set(ds.power_law_support.values) <= {Support.TOO_FEW_POINTS, Support.REJECTED}
    assert (ds.power_law_support == Support.REJECTED).sum() >= 15
    alpha = (ds.alpha - ds.alpha_noise) / ds.sigma
    assert float(np.abs(alpha.median())) < 2


def test_evidence_is_that_of_the_functions():
    weights = np.random.default_rng(1).standard_t(1.5, (300, 150))
    spectrum = spectra.spectrum(weights, rng=3)
    x = spectrum.eigenvalues
    found = measures.evidence(spectrum, resamples=50, confidence=0.8)
    interval = bootstrap.interval(x, resamples=50, rng=3, confidence=0.8)
    test = bootstrap.goodness_of_fit(x, resamples=50, rng=3)
    tests = alternatives.compare(x, xmin=power_law.fit(x).xmin)
    assert (found["alpha_low"], found["alpha_high"]) == interval[:2]
    assert (found["xmin_low"], found["xmin_high"]) == interval[2:4]
    assert (found["p_value"], found["p_precision"]) == (test.p, test.precision)
    assert found["p_lognormal"] == tests["lognormal"].p
    assert found["R_exponential"] == tests["exponential"].R
    above = spectrum.phase_evidence.excess
    names = ("power_law_support", "likelier_law", "support_alpha", "support_num", "support_p")
    assert tuple(found[name] for name in names) == above[:5]


def test_support_is_that_of_the_eigenvalues_above_the_noise():
    """Judged where there are 20; of fewer, the p-value of the tail can reject."""
    rng = np.random.default_rng(2)
    spikes = ensembles.spiked((400, 200), strengths=np.linspace(2, 3, 30), rng=rng).W
    few = ensembles.spiked((400, 200), strengths=[2.0, 3.0], rng=rng).W
    for W, num in ((spikes, 30), (few, 2)):
        spectrum = spectra.spectrum(W)
        found, above = measures.evidence(spectrum), spectrum.phase_evidence
        assert above.num_excess == num
        assert found["power_law_support"] is Support.REJECTED
        assert found["support_p"] == (above.excess.p if num == 30 else found["p_value"])
        assert found["support_num"] == (above.excess.num if num == 30 else spectrum.tail.num_tail)


def test_options_of_the_fit_reach_the_measures():
    weights = np.random.default_rng(1).standard_t(1.5, (300, 150))
    x = spectra.eigenvalues(weights)
    spectrum = spectra.spectrum(weights, tail={"xmin": float(np.median(x))})
    plain = measures.tail_fit(spectrum)
    assert plain["xmin"] == np.median(x)
    assert plain["num_tail"] == 75
    fixed = measures.evidence(spectrum, resamples=20)
    assert fixed["xmin_low"] == fixed["xmin_high"] == np.median(x)


def test_a_law_that_ends_is_judged_by_its_own_test():
    """The other laws have no end, so that their likelihoods say nothing about it."""
    u = np.random.default_rng(0).random(300)
    x = (1 + u * (10.0**-0.5 - 1)) ** (1 / -0.5)  # alpha = 1.5 on [1, 10]
    rows = np.sort(x)[np.newaxis]
    ends = spectra.Spectrum(rows, N=600, tail_options={"xmin": 1.0, "xmax": 10.0})
    open_ended = spectra.Spectrum(rows, N=600, tail_options={"xmin": 1.0})
    found = measures.evidence(ends)
    assert found["p_value"] > 0.1
    assert math.isnan(found["R_exponential"])
    assert math.isnan(measures.tail_fit(ends)["alpha_noise"])
    assert measures.evidence(open_ended)["p_value"] <= 0.1


def test_the_likelier_law_is_named():
    assert likelier_law({}) is Likelier.NONE
    assert likelier_law({"lognormal": FOR, "exponential": NEITHER}) is Likelier.NONE
    both: dict[alternatives.Law, Vuong] = {
        "lognormal": AGAINST,
        "exponential": Vuong(-9.0, -4.0, 0.001),
    }
    assert likelier_law(both) is Likelier.EXPONENTIAL


def test_nulls_and_evidence_leave_zeros_out_of_the_tail_only():
    spectrum = spectra.Spectrum(np.sort([*np.zeros(50), *np.geomspace(1, 50, 50)])[None], N=200)
    found = measures.tail_fit(spectrum)
    share = found["num_tail"] / 100
    assert found["alpha_noise"] == spectra.noise.baselines.hill_alpha(0.5, fraction=share)
    x = spectrum.eigenvalues[50:]
    assert measures.evidence(spectrum)["p_value"] == bootstrap.goodness_of_fit(x, resamples=100).p


def test_ratios_are_of_the_very_tail_that_was_fitted():
    """Equal data at the start of the tail are all in it."""
    x = np.repeat((1 - (np.arange(50) + 0.5) / 50) ** -0.7, 3)
    fit = power_law.fit(x)
    found = measures.evidence(spectra.Spectrum(x[None], N=200), resamples=20)
    tests = alternatives.compare(x, xmin=fit.xmin)
    assert found["R_exponential"] == tests["exponential"].R
    assert np.sum(x >= fit.xmin) == fit.num_tail > np.sum(x > fit.xmin)


def test_nothing_is_likelier_for_a_tail_that_is_not_judged():
    rng = np.random.default_rng(0)
    ds = spectra.analyze({f"w{i}": rng.standard_normal((100, 10)) for i in range(10)})
    few = ds.power_law_support == Support.TOO_FEW_POINTS
    assert few.any()
    assert not ds.likelier_law.where(few, 0).any()
