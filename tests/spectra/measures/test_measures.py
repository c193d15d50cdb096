"""Measures against numpy's own functions and exact values, and measures of one's own."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra import Variable, measures, spectrum
from spectra.errors import UnknownNameError
from spectra.linalg import norms, ranks
from spectra.tails.samples import FitStatus

matrices = st.builds(
    lambda seed, shape: np.random.default_rng(seed).standard_normal(shape),
    st.integers(0, 2**32),
    st.tuples(st.integers(2, 30), st.integers(2, 30)),
)


@given(matrices)
def test_norms_are_those_of_numpy(W):
    found = measures.size(spectrum(W, rtol=1e-12))
    assert found["norm"] == pytest.approx(np.linalg.norm(W) ** 2)
    assert found["log_norm"] == pytest.approx(2 * math.log10(np.linalg.norm(W)))
    assert found["spectral_norm"] == pytest.approx(np.linalg.norm(W, 2) ** 2)
    assert found["lambda_max"] == found["spectral_norm"]
    assert found["log_spectral_norm"] == pytest.approx(math.log10(found["lambda_max"]))
    assert found["sv_max"] == pytest.approx(np.linalg.norm(W, 2))
    assert found["sv_min"] == pytest.approx(np.linalg.norm(W, -2), rel=1e-6)
    ratio = (np.linalg.norm(W) / np.linalg.norm(W, 2)) ** 2
    assert found["stable_rank"] == pytest.approx(ratio)


@given(matrices, st.floats(-3, 3))
def test_schatten_norm_is_the_sum_of_powers(W, power):
    values = spectrum(W).eigenvalues
    expected = math.log10(math.fsum(float(v) ** power for v in values))
    assert norms.log_schatten(values, power) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_schatten_norm_of_a_huge_power_does_not_overflow():
    assert norms.log_schatten(np.array([1.0, 10.0]), 1e6) == pytest.approx(1e6)


@given(st.integers(1, 6), st.integers(7, 20), st.integers(0, 2**32))
def test_rank_is_that_of_numpy(rank, size, seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((size + 5, rank)) @ rng.standard_normal((rank, size))
    found = measures.rank(spectrum(W))
    assert found["matrix_rank"] == np.linalg.matrix_rank(W) == rank
    assert found["rank_loss"] == size - rank
    assert found["weak_rank_loss"] == size - rank


def test_dead_neurons_are_rank_loss():
    W = np.random.default_rng(0).standard_normal((50, 30)).astype(np.float32)
    W[:, [3, 7]] = 0
    found = measures.rank(spectrum(W))
    assert (found["matrix_rank"], found["rank_loss"]) == (28, 2)


def test_zeros_of_each_matrix_are_judged_by_its_own_largest():
    stack = np.stack([np.diag([1.0, 1.0]), np.diag([1e20, 1e20])])
    found = measures.rank(spectrum(stack))
    assert (found["rank_loss"], found["matrix_rank"]) == (0, 2)


def test_entropy_by_hand():
    p = np.array([0.5, 0.25, 0.25])
    assert ranks.entropy(p * 8, 3) == pytest.approx(1.5 * math.log(2) / math.log(3))
    assert ranks.entropy(np.ones(7), 7) == pytest.approx(1)
    assert ranks.entropy(np.array([0.0, 5.0]), 1) == 0


def test_weak_rank_counts_below_the_tolerance():
    values = np.array([1e-8, 1e-4, 1.0])
    assert [ranks.num_below(values, tolerance=t) for t in (1e-9, 1e-6, 1e-3)] == [0, 1, 2]


def test_the_exponent_of_pareto_elements_is_that_of_theory():
    """Elements of tail index mu = 1 give alpha = 1 + mu / 2; and only they are heavy-tailed."""
    rng = np.random.default_rng(0)
    heavy = rng.choice([-1, 1], (600, 300)) * rng.pareto(1.0, (600, 300))
    ds = spectra.analyze({"noise": rng.standard_normal((600, 300)), "heavy": heavy})
    assert spectra.labels(ds.verdict).values.tolist() == ["like_noise", "heavy_tailed"]
    assert spectra.labels(ds.alpha_reading).values.tolist() == ["none", "over_trained"]
    assert abs(ds.alpha.sel(layer="heavy") - 1.5) < 4 * ds.sigma.sel(layer="heavy")


@pytest.mark.parametrize(
    ("alpha", "word"),
    [(1.99, "OVER"), (2.0, "WELL"), (6.0, "WELL"), (6.01, "UNDER"), (math.nan, "NONE")],
)
def test_bands_of_the_reading(alpha, word):
    assert spectra.results.verdicts.reading_of_alpha(alpha).name.startswith(word)


def test_a_measure_of_ones_own_is_as_good_as_ours():
    def trace(found):
        return {"trace": float(found.eigenvalues.sum())}

    declared = Variable("trace", "trace of W.T @ W", "w2", "sum(lambda)", "linear algebra")
    ds = spectra.analyze(
        {"w": np.diag([1.0, 2.0])}, measures=[*measures.CORE, trace], variables=[declared]
    )
    assert ds.trace.item() == ds.norm.item() == 5
    assert ds.trace.attrs["units"] == "w2"


def test_a_measure_may_use_the_matrices():
    def largest(found):
        return {"norm": float(np.abs(found.matrices).max())}

    assert spectra.analyze({"w": np.diag([1.0, -2.0])}, measures=[largest]).norm.item() == 2


def test_an_undeclared_result_is_refused_at_the_first_layer():
    calls = []

    def wrong(found):
        calls.append(found)
        return {"alpah": 1.0}

    with pytest.raises(UnknownNameError, match=r"no variable 'alpah'; the nearest .* 'alpha'"):
        spectra.analyze({"a": np.eye(3), "b": np.eye(3)}, measures=[wrong])
    assert len(calls) == 1


def test_options_belong_to_the_measure():
    coarse = partial(measures.rank, tolerance=2.0)
    ds = spectra.analyze({"w": np.diag([1.0, 2.0])}, measures=[coarse])
    assert ds.weak_rank_loss.item() == 1
    assert "alpha" not in ds


def test_rank_and_tail_have_thresholds_of_their_own():
    """Singular values on both sides of N eps, and eigenvalues on both sides of its square."""
    eps, N = np.finfo(float).eps, 50
    singular = np.array([1.0, 10 * N * eps, 0.1 * N * eps, *np.geomspace(0.1, 0.9, 20)])
    found = spectra.Spectrum(np.sort(singular**2)[np.newaxis], N)
    assert measures.rank(found)["matrix_rank"] == 22
    assert measures.rank(found)["rank_loss"] == 1
    assert (found.eigenvalues > found.zero_below).sum() == 22
    deep = spectra.Spectrum(np.array([[1e-24, 1e-20, 1.0]]), N)
    assert (deep.eigenvalues > deep.zero_below).sum() == 3


def test_eigenvalues_equal_to_rounding_are_no_tail():
    nearly = 1 + 1e-15 * np.arange(40)
    assert spectra.tails.power_law.fit(nearly).status is FitStatus.EQUAL_EIGENVALUES


def test_a_hundred_thousand_eigenvalues_are_searched_too():
    fit = spectra.tails.power_law.fit((1 - (np.arange(100_000) + 0.5) / 100_000) ** (-1 / 1.5))
    assert math.isclose(fit.alpha, 2.5, rel_tol=1e-3)


def test_a_measure_that_returns_an_undeclared_name_is_named():
    def odd(_):
        return {"x": 1}

    with pytest.raises(spectra.SpectraError, match=r"measure .*odd.*declare it with"):
        spectra.analyze({"w": np.eye(3)}, measures=[odd])


@pytest.mark.parametrize("seed", range(6))
def test_entropy_of_a_few_live_rows(seed):
    """The zeros come out as numbers too small for their share to be one."""
    rng = np.random.default_rng(seed)
    W = np.zeros((60, 100))
    W[rng.permutation(60)[:3]] = rng.standard_normal((3, 100))
    assert 0.9 < measures.rank(spectrum(W))["entropy"] <= 1
