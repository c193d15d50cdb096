"""Other laws of the tail, against scipy, brute force and the powerlaw package."""

import math
import warnings
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import chi2, norm

from spectra.errors import ArgumentError
from spectra.tails import alternatives, truncated_power_law
from spectra.tails.alternatives import Law, vuong

LAWS: tuple[Law, ...] = get_args(Law)


def draw(kind, rng, size):
    return {
        "pareto": lambda: rng.pareto(1.5, size) + 1,
        "lognormal": lambda: rng.lognormal(0, 1, size),
        "exponential": lambda: rng.exponential(size=size) + 0.2,
        "uniform": lambda: rng.uniform(0.5, 2, size),
        "cut off": lambda: (x := rng.pareto(0.8, 20 * size) + 1)[
            rng.random(20 * size) < np.exp(-0.05 * (x - 1))
        ][:size],
    }[kind]()


tails = st.builds(
    lambda kind, seed, size: np.sort(draw(kind, np.random.default_rng(seed), size)),
    st.sampled_from(["pareto", "lognormal", "exponential", "uniform", "cut off"]),
    st.integers(0, 2**32),
    st.integers(5, 200),
)


PIECES = np.concatenate([np.arange(0, 20, 0.25), np.arange(20, 700, 5.0)])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def integral(density, start, end):
    """Integrate over x, in the logarithm of x, from start to end."""
    edges = np.append(PIECES[math.log(end / start) > PIECES], math.log(end / start))
    half = np.diff(edges)[:, None] / 2
    v = start * np.exp(edges[:-1, None] + half * (NODES + 1))
    return float(np.sum(half * WEIGHTS * density(v) * v))


def log_density(law, parameters, x, xmin):
    """Return the densities of table 2.1 of Clauset et al., their norms by quadrature."""
    p = dict(parameters)

    def shape(v):
        if law == "power_law":
            return -p["alpha"] * np.log(v)
        if law == "exponential":
            return -p["Lambda"] * v
        if law == "lognormal":
            return -np.log(v) - (np.log(v) - p["mu"]) ** 2 / (2 * p["sigma"] ** 2)
        if law == "stretched_exponential":
            return (p["beta"] - 1) * np.log(v) - (p["Lambda"] * v) ** p["beta"]
        return -p["alpha"] * np.log(v) - p["Lambda"] * v

    with np.errstate(over="ignore"):
        top = shape(xmin)
        total = integral(lambda v: np.exp(shape(v) - top), xmin, xmin * math.exp(690))
        return shape(np.asarray(x)) - top - math.log(total)


@given(tails, st.sampled_from(LAWS))
def test_likelihoods_are_those_of_the_parameters(x, law):
    found = alternatives.fit(x, law=law, xmin=float(x[0]))
    assume(all(math.isfinite(v) for v in found.parameters.values()))
    assume(found.parameters.get("Lambda", 1) < 1e15)
    assume(found.parameters.get("sigma", 1) < 20)
    assume(found.parameters.get("alpha", 2) > 1.05 or found.parameters.get("Lambda", 0) > 1e-6)
    expected = log_density(law, found.parameters, x, x[0])
    assert found.log_likelihoods == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(tails, st.sampled_from(LAWS[2:]), st.integers(0, 2**32))
def test_no_parameters_nearby_are_likelier(x, law, seed):
    found = alternatives.fit(x, law=law, xmin=float(x[0]))
    assume(all(math.isfinite(v) for v in found.parameters.values()))
    assume(found.parameters.get("Lambda", 1) < 1e15)
    assume(found.parameters.get("sigma", 1) < 20)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        other = {k: v * (1 + 0.02 * rng.standard_normal()) for k, v in found.parameters.items()}
        if law == "truncated_power_law" and (other["alpha"] < 1.001 or other["Lambda"] < 0):
            continue
        nearby = log_density(law, other, x, x[0]).sum()
        assert nearby <= found.log_likelihoods.sum() + 1e-6 * len(x)


@given(tails)
def test_laws_that_hold_the_power_law_are_never_less_likely(x):
    plain = alternatives.fit(x, law="power_law", xmin=float(x[0])).log_likelihoods.sum()
    for law in LAWS[2:]:
        found = alternatives.fit(x, law=law, xmin=float(x[0])).log_likelihoods.sum()
        # Lambda cannot lift the likelihood of a power law of alpha below 1, nor alpha fall there
        assert found >= plain - 1e-7 * len(x)


@pytest.mark.parametrize("kind", ["lognormal", "exponential", "cut off"])
@pytest.mark.parametrize("law", LAWS[2:4])
def test_a_general_optimizer_finds_nothing_better(kind, law):
    x = np.sort(draw(kind, np.random.default_rng(0), 150))
    found = alternatives.fit(x, law=law, xmin=float(x[0]))
    names = list(found.parameters)

    def minus(logs):
        values = [logs[0] if n == "mu" else math.exp(logs[i]) for i, n in enumerate(names)]
        return -log_density(law, dict(zip(names, values, strict=True)), x, x[0]).sum()

    start = [v if n == "mu" else math.log(v) for n, v in found.parameters.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = minimize(minus, np.array(start) + 0.1, method="Nelder-Mead")
    assert -best.fun <= found.log_likelihoods.sum() + 1e-6


@given(tails, st.sampled_from(LAWS), st.floats(1e-6, 1e6))
def test_the_unit_goes_into_the_parameters_alone(x, law, unit):
    one = alternatives.fit(x, law=law, xmin=float(x[0]))
    other = alternatives.fit(x * unit, law=law, xmin=float(x[0] * unit))
    shift = other.log_likelihoods - one.log_likelihoods
    assert shift == pytest.approx(-math.log(unit), abs=1e-6)


U = np.arange(1, 121) ** 1.5 % 1  # numbers that any machine makes alike
SHORT, LONG = -np.log(U + 1e-3) + 0.3, (U + 0.02) ** -1.2
# what powerlaw 1.5 gives for them: data, xmin, parameters, log-likelihood, ratio and p
POWERLAW_15: list[tuple[Law, Any, float, tuple[float, ...], float, float, float]] = [
    ("exponential", SHORT, 0.5, (0.6467719,), -146.4529316, -2.0618501, 0.0392220),
    ("lognormal", SHORT, 0.5, (0.1096293, 0.9280956), -143.5689996, -3.4551566, 0.0005500),
    (
        "stretched_exponential",
        SHORT,
        0.5,
        (1.073982, 0.711396),
        -144.0816615,
        -3.8100603,
        0.0001389,
    ),
    ("truncated_power_law", SHORT, 0.5, (1.0000084, 0.2780222), -144.8231083, -12.0080357, 9.55e-7),
    ("truncated_power_law", LONG, 1.5, (1.6120445, 0.0023803), -287.0499993, -1.2846661, 0.1089537),
]


@pytest.mark.parametrize(("law", "x", "xmin", "parameters", "likelihood", "R", "p"), POWERLAW_15)
def test_powerlaw_1_5_has_these_numbers(law, x, xmin, parameters, likelihood, R, p):
    found = alternatives.fit(x, law=law, xmin=xmin)
    assert found.log_likelihoods.sum() >= likelihood - 1e-7
    assert found.log_likelihoods.sum() == pytest.approx(likelihood, abs=1e-4)
    assert tuple(found.parameters.values()) == pytest.approx(parameters, rel=1e-3)
    test = alternatives.compare(x, xmin=xmin)[law]
    ratio = test.ratio if law == "truncated_power_law" else test.R
    assert (ratio, test.p) == pytest.approx((R, p), rel=1e-3)


# --- the test


def test_vuong_against_its_formula():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 50))
    d = one - other
    found = vuong(one, other)
    assert found.ratio == pytest.approx(d.sum())
    R = d.sum() / math.sqrt(50 * np.mean((d - d.mean()) ** 2))
    assert pytest.approx(R) == found.R
    assert found.p == pytest.approx(2 * norm.sf(abs(R)))
    assert vuong(other, one) == pytest.approx((-found.ratio, -found.R, found.p))
    nested = vuong(one, other, nested=True)
    assert nested.p == pytest.approx(chi2.sf(2 * abs(d.sum()), 1))


def test_laws_that_agree_are_told_apart_by_nothing():
    assert vuong([1.0, 2.0], [1.0, 2.0]) == (0.0, 0.0, 1.0)
    assert vuong([1.0, 2.0], [1.0, 2.0], nested=True).p == 1.0
    assert vuong([1.0, 2.0], [0.0, 1.0])[1:] == (math.inf, 0.0)
    assert math.isnan(vuong([math.nan], [1.0]).p)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        ("exponential", "exponential"),
        ("lognormal", "lognormal"),
        ("cut off", "truncated_power_law"),
    ],
)
def test_the_true_law_wins(kind, law):
    x = draw(kind, np.random.default_rng(0), 2000)
    found = alternatives.compare(x, xmin=float(x.min()))[law]
    assert found.ratio < 0
    assert found.p < 0.01


def test_a_true_power_law_beats_the_exponential_and_needs_no_other():
    x = draw("pareto", np.random.default_rng(1), 2000)
    found = alternatives.compare(x, xmin=1.0)
    assert found["exponential"].R > 4
    assert all(found[law].p > 0.1 for law in LAWS[2:])


def test_true_parameters_are_found():
    rng = np.random.default_rng(0)
    lognormal = alternatives.fit(rng.lognormal(1, 0.5, 20000), law="lognormal", xmin=2.0)
    assert lognormal.parameters == pytest.approx({"mu": 1, "sigma": 0.5}, rel=0.05)
    weibull = alternatives.fit(2 * rng.weibull(0.6, 20000), law="stretched_exponential", xmin=0.5)
    assert weibull.parameters == pytest.approx({"Lambda": 0.5, "beta": 0.6}, rel=0.1)
    cut = draw("cut off", rng, 20000)
    truncated = alternatives.fit(cut, law="truncated_power_law", xmin=1.0)
    assert truncated.parameters == pytest.approx({"alpha": 1.8, "Lambda": 0.05}, rel=0.05)


@pytest.mark.parametrize("data", [[], [1.0], [2.0, 2.0], [1.0, math.nan], [-1.0, 2.0], [3.0, 4.0]])
def test_too_few_data_have_no_law(data):
    for law in LAWS:
        found = alternatives.fit(data, law=law, xmin=5.0 if data == [3.0, 4.0] else 1.0)
        assert found.parameters == {}
    tests = alternatives.compare(data, xmin=5.0)
    assert all(test.p == 1 or math.isnan(test.p) for test in tests.values())


@pytest.mark.parametrize("data", [[1e-300, 1.0, 1e300], [1.0, 1.0, 1.0 + 1e-12], [1e-320, 1e308]])
def test_data_far_apart_or_close_together_end_no_run(data):
    for law, test in alternatives.compare(data, xmin=min(data)).items():
        assert 0 <= test.p <= 1 or math.isnan(test.p), law


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`law` must be one of power_law, exponential"):
        alternatives.fit([1.0, 2.0], law="gamma", xmin=1.0)  # type: ignore[arg-type]
    with pytest.raises(
        ArgumentError, match="`xmin` must be the start of the tail, a finite number above 0"
    ):
        alternatives.fit([1.0, 2.0], law="power_law", xmin=0.0)
    with pytest.raises(ArgumentError, match="of the same data"):
        vuong([1.0], [1.0, 2.0])


# --- the truncated power law, with its own search


def brute_force(x):
    """Try all thresholds, with a general optimizer and distances by quadrature."""
    best = (math.inf, math.nan, math.nan, math.nan)
    law = "truncated_power_law"
    for i in range(len(x) - 1):
        tail = x[i:]

        def values(p):
            return {"alpha": 1 + math.exp(p[0]), "Lambda": math.exp(p[1])}

        def minus(p, tail=tail):
            return -log_density(law, values(p), tail, tail[0]).sum()

        runs = [minimize(minus, start, method="Nelder-Mead") for start in ([0, -1], [-3, -3])]
        found = values(min(runs, key=lambda run: run.fun).x)

        def density(v, found=found, tail=tail):
            return np.exp(log_density(law, found, v, tail[0]))

        model = np.array([0.0, *(integral(density, tail[0], end) for end in tail[1:])])
        D = np.abs(model - np.arange(len(tail)) / len(tail)).max()
        best = min(best, (D, tail[0], found["alpha"], found["Lambda"]))
    return best


def test_truncated_search_against_brute_force():
    x = np.sort(draw("cut off", np.random.default_rng(3), 12))
    found = truncated_power_law.fit(x)
    D, xmin, alpha, cutoff = brute_force(x)
    assert found.xmin == xmin
    assert (found.D, found.alpha) == pytest.approx((D, alpha), abs=2e-3)
    assert found.Lambda == pytest.approx(cutoff, abs=2e-3)


# what powerlaw 1.5 gives, each threshold fitted by a simplex that may stop short of the maximum
SEARCHED = [
    ((U + 1e-3) ** -1.25, 1.01497501, 1.5275072, 2.09365e-06, 0.0947147, 119, -418.5382529),
    (np.exp(2 * U[:80]), 1.0, 1.0000107, 0.2778253, 0.1308680, 80, -128.4748601),
]


@pytest.mark.parametrize(("x", "xmin", "alpha", "cutoff", "D", "num", "likelihood"), SEARCHED)
def test_truncated_search_of_powerlaw_1_5(x, xmin, alpha, cutoff, D, num, likelihood):
    found = truncated_power_law.fit(x)
    assert found.log_likelihood >= likelihood - 1e-7
    assert found.xmin == pytest.approx(xmin)
    assert found.num_tail == num
    assert found.alpha == pytest.approx(alpha, abs=1e-3)
    assert found.Lambda == pytest.approx(cutoff, rel=6e-3)
    assert pytest.approx(D, abs=2e-3) == found.D


def test_truncated_law_of_a_true_one_and_of_a_power_law():
    rng = np.random.default_rng(0)
    cut = truncated_power_law.fit(draw("cut off", rng, 3000), xmin=1.0)
    assert (cut.alpha, cut.Lambda) == pytest.approx((1.8, 0.05), rel=0.1)
    free = truncated_power_law.fit(draw("pareto", np.random.default_rng(1), 3000), xmin=1.0)
    assert free.Lambda < 0.01
    assert free.alpha == pytest.approx(2.5, abs=0.1)


def test_truncated_law_has_a_status():
    assert truncated_power_law.fit([1.0, math.nan]).status.name == "NOT_FINITE"
    assert truncated_power_law.fit([-1.0, 1.0]).status.name == "NEGATIVE"
    assert truncated_power_law.fit([3.0]).status.name == "TOO_FEW_EIGENVALUES"
    assert truncated_power_law.fit([3.0, 3.0]).status.name == "EQUAL_EIGENVALUES"
    assert truncated_power_law.fit([1.0, 2.0], xmin=5.0).status.name == "TOO_FEW_EIGENVALUES"
    assert truncated_power_law.fit([1e-300, 1.0, 1e300]).status.name == "FITTED"


def test_a_cut_off_is_found_across_forty_orders_of_e():
    x = np.exp(np.sort(np.random.default_rng(3).uniform(0, 40, 200)))
    found = truncated_power_law.fit(x, xmin=1.0)
    rate, cutoff = 1e-4, 1e-17
    z = np.log(x)
    other = float(np.sum(truncated_power_law.log_density(z, rate, cutoff) - z))
    assert found.log_likelihood > other > found.log_likelihood - 5


def test_a_stretched_exponential_far_above_its_threshold():
    z = 10 + 0.01 * np.random.default_rng(0).standard_normal(1000)
    found = alternatives.fit(np.exp(z), law="stretched_exponential", xmin=1.0)
    beta = found.parameters["beta"]
    assert beta == pytest.approx(1 / (0.01 * math.sqrt(6) / math.pi), rel=0.3)  # a Gumbel law of z
    assert found.log_likelihoods.sum() + z.sum() > 2989.0


def test_truncated_tails_hold_all_that_equal_their_start():
    for seed in range(20):
        x = np.ceil(3 * draw("cut off", np.random.default_rng(seed), 60))
        found = truncated_power_law.fit(x)
        assert found.num_tail == np.sum(x >= found.xmin)


def test_an_exponential_law_is_refused_by_data_however_far_apart():
    x = np.exp(np.sort(np.random.default_rng(0).exponential(100, 100)))
    found = alternatives.compare(x, xmin=float(x[0]))["exponential"]
    assert found.ratio > 0
    assert found.p < 0.1
