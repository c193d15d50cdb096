"""Verdicts: what they rest on, and how often they are right."""

import math

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.results.verdicts import Likelier, Support, weigh
from spectra.tails import alternatives, bootstrap, power_law
from spectra.tails.alternatives import Vuong

AGAINST = Vuong(-5.0, -3.0, 0.003)
FOR = Vuong(5.0, 3.0, 0.003)
NEITHER = Vuong(0.1, 0.1, 0.9)
UNKNOWN = Vuong(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("num_tail", "p", "tests", "expected"),
    [
        (0, math.nan, {}, Support.NOT_FITTED),
        (49, 0.9, {"exponential": FOR}, Support.TOO_FEW_POINTS),
        (49, 0.01, {}, Support.TOO_FEW_POINTS),
        (50, 0.9, {"exponential": FOR}, Support.SUPPORTED),
        (50, 0.9, {"exponential": NEITHER}, Support.NOT_DISTINGUISHABLE),
        (50, 0.9, {"exponential": UNKNOWN}, Support.NOT_DISTINGUISHABLE),
        (50, 0.1, {"exponential": FOR}, Support.REJECTED),
        (50, 0.9, {"exponential": FOR, "lognormal": AGAINST}, Support.REJECTED),
        (50, 0.9, {"exponential": AGAINST}, Support.REJECTED),
        (50, 0.9, {"exponential": FOR, "lognormal": NEITHER}, Support.SUPPORTED),
    ],
)
def test_what_a_verdict_rests_on(num_tail, p, tests, expected):
    assert weigh(num_tail, p, tests) is expected


def verdict(x, seed):
    fit = power_law.fit(x)
    p = bootstrap.goodness_of_fit(x, resamples=100, seed=seed).p
    return weigh(fit.num_tail, p, alternatives.compare(x, xmin=fit.xmin))


def test_verdicts_on_known_data():
    rng = np.random.default_rng(0)
    true = [verdict(rng.pareto(1.5, 500) + 1, seed) for seed in range(50)]
    assert true.count(Support.SUPPORTED) >= 38
    assert true.count(Support.REJECTED) <= 10
    thin = [verdict(rng.exponential(size=500) + 0.2, seed) for seed in range(50)]
    assert thin.count(Support.SUPPORTED) <= 2


def test_noise_is_no_power_law():
    """Its alpha reads well-trained as often as not; its tail is never supported."""
    rng = np.random.default_rng(0)
    model = {f"w{i}": rng.standard_normal((200, 100)) for i in range(20)}
    ds = spectra.analyze(model)
    assert (ds.verdict == spectra.results.verdicts.Verdict.WELL_TRAINED).sum() >= 5
    assert set(ds.power_law.values) <= {Support.TOO_FEW_POINTS, Support.REJECTED}
    alpha = (ds.alpha - ds.alpha_noise) / ds.sigma
    assert float(np.abs(alpha.median())) < 2


def test_evidence_is_that_of_the_functions():
    weights = np.random.default_rng(1).standard_t(1.5, (300, 150))
    spectrum = spectra.spectrum(weights)
    x = spectrum.eigenvalues
    found = measures.evidence(spectrum, resamples=50, seed=3, level=0.8)
    interval = bootstrap.interval(x, resamples=50, seed=3, level=0.8)
    test = bootstrap.goodness_of_fit(x, resamples=50, seed=3)
    tests = alternatives.compare(x, xmin=power_law.fit(x).xmin)
    assert (found["alpha_low"], found["alpha_high"]) == interval[:2]
    assert (found["xmin_low"], found["xmin_high"]) == interval[2:4]
    assert (found["p_value"], found["p_precision"]) == (test.p, test.precision)
    assert found["p_lognormal"] == tests["lognormal"].p
    assert found["R_exponential"] == tests["exponential"].R
    assert found["power_law"] is weigh(power_law.fit(x).num_tail, test.p, tests)


def test_conventions_reach_the_measures():
    spectrum = spectra.spectrum(np.random.default_rng(1).standard_t(1.5, (300, 150)))
    x = spectrum.eigenvalues
    plain = measures.power_law(spectrum, xmin=float(np.median(x)))
    assert plain["xmin"] == np.median(x)
    assert plain["num_pl_spikes"] == 75
    fixed = measures.evidence(spectrum, xmin=float(np.median(x)), resamples=20)
    assert fixed["xmin_low"] == fixed["xmin_high"] == np.median(x)


def test_a_law_that_ends_is_judged_by_its_own_test():
    """The other laws have no end, so that their likelihoods say nothing about it."""
    u = np.random.default_rng(0).random(300)
    x = (1 + u * (10.0**-0.5 - 1)) ** (1 / -0.5)  # alpha = 1.5 on [1, 10]
    spectrum = spectra.Spectrum(np.sort(x)[np.newaxis], N=600)
    found = measures.evidence(spectrum, xmin=1.0, xmax=10.0)
    assert found["power_law"] is Support.NOT_DISTINGUISHABLE
    assert math.isnan(found["R_exponential"])
    assert math.isnan(measures.power_law(spectrum, xmin=1.0, xmax=10.0)["alpha_noise"])
    assert measures.evidence(spectrum, xmin=1.0)["power_law"] is Support.REJECTED


def test_the_likelier_law_is_named():
    assert spectra.results.verdicts.likelier({}) is Likelier.NONE
    assert (
        spectra.results.verdicts.likelier({"lognormal": FOR, "exponential": NEITHER})
        is Likelier.NONE
    )
    both: dict[alternatives.Law, Vuong] = {
        "lognormal": AGAINST,
        "exponential": Vuong(-9.0, -4.0, 0.001),
    }
    assert spectra.results.verdicts.likelier(both) is Likelier.EXPONENTIAL


def test_nulls_and_evidence_leave_zeros_out_of_the_tail_only():
    spectrum = spectra.Spectrum(np.sort([*np.zeros(50), *np.geomspace(1, 50, 50)])[None], N=200)
    found = measures.power_law(spectrum)
    share = found["num_pl_spikes"] / 100
    assert found["alpha_noise"] == spectra.noise.baselines.hill_alpha(0.5, fraction=share)
    x = spectrum.eigenvalues[50:]
    assert measures.evidence(spectrum)["p_value"] == bootstrap.goodness_of_fit(x, resamples=100).p


def test_ratios_are_of_the_very_tail_that_was_fitted():
    """A tail may start in the middle of equal data; all of those equal to it are not the tail."""
    x = np.sort([*np.full(40, 1.0), *np.geomspace(1.3, 60, 60)])
    fit = power_law.fit(x)
    found = measures.evidence(spectra.Spectrum(x[None], N=200), resamples=20)
    tests = alternatives.compare(x[len(x) - fit.num_tail :], xmin=fit.xmin)
    assert found["R_exponential"] == tests["exponential"].R
    assert np.sum(x >= fit.xmin) > fit.num_tail


def test_nothing_is_likelier_for_a_tail_that_is_not_judged():
    rng = np.random.default_rng(0)
    ds = spectra.analyze({f"w{i}": rng.standard_normal((100, 100)) for i in range(10)})
    few = ds.power_law == Support.TOO_FEW_POINTS
    assert few.any()
    assert not ds.likelier_law.where(few, 0).any()
