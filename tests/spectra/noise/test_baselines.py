"""Values of noise: pooled matrices of unequal scale, against samples and against one law."""

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.noise import baselines, marchenko_pastur
from spectra.tails import hill

SCALES = [1.0, 0.3, 0.05]


@pytest.fixture(scope="module")
def pooled():
    """Eigenvalues of three noise matrices of these scales, 1600 x 800, over their mean."""
    rng = np.random.default_rng(0)
    drawn = (rng.standard_normal((1600, 800)) for _ in SCALES)
    each = [c * np.linalg.eigvalsh(W.T @ W) / 1600 for W, c in zip(drawn, SCALES, strict=True)]
    return np.sort(np.concatenate(each))


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.6, 0.9, 1.0])
def test_values_of_pooled_matrices_are_those_of_a_sample(pooled, fraction):
    k = round(fraction * len(pooled))
    alpha = baselines.hill_alpha(0.5, fraction=fraction, scales=SCALES)
    start = pooled[-k - 1] if k < len(pooled) else pooled[0]
    tail = pooled[-k:]
    assert 1 + k / np.log(tail / start).sum() == pytest.approx(alpha, rel=0.02)
    steps = np.arange(k, 0, -1) / k
    D = np.max(np.abs(steps - (tail / tail[0]) ** (1 - alpha)))
    expected = baselines.tail_distance(0.5, fraction=fraction, scales=SCALES)
    assert pytest.approx(expected, abs=0.02) == D


def test_equal_scales_are_one_law():
    for fraction in (0.01, 0.5, 0.99):
        for function in (baselines.hill_alpha, baselines.tail_distance):
            one = function(0.3, fraction=fraction)
            three = function(0.3, fraction=fraction, scales=[3.0, 3.0, 3.0])
            assert three == pytest.approx(one, rel=2e-5)


def test_many_scales_and_dead_matrices():
    many = np.geomspace(0.1, 1, 5000)
    few = baselines.hill_alpha(0.5, scales=np.quantile(many, (np.arange(500) + 0.5) / 500))
    assert baselines.hill_alpha(0.5, scales=many) == pytest.approx(few, rel=1e-3)
    half = baselines.hill_alpha(0.5, fraction=0.25, scales=[1.0, 0.0])
    assert half == pytest.approx(baselines.hill_alpha(0.5, fraction=0.5), rel=1e-9)
    assert baselines.hill_alpha(0.5, fraction=0.6, scales=[1.0, 0.0]) == 1.0  # zeros in the tail


def test_scales_far_apart():
    found = [
        baselines.hill_alpha(0.5, fraction=0.75, scales=[1.0, 10.0**-k]) for k in (3, 6, 12, 20)
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] - 1 == pytest.approx(found[1] - 1, rel=0.8)
    assert baselines.hill_alpha(0.5, fraction=0.75, scales=[1.0, 1e-310]) == 1.0


@pytest.mark.parametrize("scales", [[], [0.0], [-1.0, 1.0], [np.nan], [np.inf], "a"])
def test_scales_that_are_none(scales):
    with pytest.raises(ArgumentError, match="`scales`"):
        baselines.hill_alpha(0.5, scales=scales)


def test_expected_eigenvalues_are_quantiles():
    found = baselines.eigenvalues(50, 0.25)
    middle = (np.arange(50) + 0.5) / 50
    assert marchenko_pastur.cdf(found, 0.25) == pytest.approx(middle, abs=1e-9)
    both = baselines.eigenvalues(50, 0.25, scales=[2.0, 0.5])
    assert both.tolist() == sorted([*(2 * found), *(0.5 * found)])
    with pytest.raises(ArgumentError, match="`M`"):
        baselines.eigenvalues(0, 0.25)


@pytest.mark.parametrize("scatter", [0.0, 1.0])
def test_noise_of_pooled_convolutions_has_the_values_of_noise(scatter):
    """With one law for all positions the ratio was 0.64 where scales are unequal."""
    rng = np.random.default_rng(33)
    model = {
        f"w{i}": rng.standard_normal((48, 32, 3, 3)) * rng.lognormal(0, scatter, (1, 1, 3, 3))
        for i in range(30)
    }
    ds = spectra.analyze(model, measures=[measures.tail_fit, measures.hill_fit])
    ratio = ds.alpha / ds.alpha_noise
    assert 0.98 < float(ratio.median()) < 1.2
    assert float((ratio < 0.9).mean()) <= 0.05
    assert float(np.abs(ds.alpha_hill / ds.alpha_hill_noise - 1).median()) < 0.02
    assert ds.alpha_hill[0] == hill.half(spectra.spectrum(model["w0"].reshape(48, 32, 9).T))
