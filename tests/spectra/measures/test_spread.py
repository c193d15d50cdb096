"""Numbers of directions and of elements: by hand, against scipy, and against noise."""

import math

import numpy as np
import pytest
from scipy.stats import weibull_min

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.linalg import norms, ranks, weibull


def test_ranks_by_hand():
    values = np.array([16.0, 4.0, 4.0, 1.0])
    p = np.array([4.0, 2.0, 2.0, 1.0]) / 9
    assert ranks.effective_rank(values) == pytest.approx(math.exp(-(p * np.log(p)).sum()))
    assert [ranks.energy_rank(values, share=s) for s in (0.64, 0.65, 0.8, 0.96, 0.97)] == [
        *(1, 2, 2, 3, 4)
    ]
    assert ranks.participation_ratio(values) == pytest.approx(625 / 289)
    assert (norms.nuclear(values), norms.condition_number(values)) == (9.0, 4.0)
    with pytest.raises(ArgumentError, match="`share`"):
        ranks.energy_rank(values, share=1.5)


@pytest.mark.parametrize("n", [1, 7, 300])
def test_equal_eigenvalues_fill_all_directions(n):
    values = np.full(n, 0.1)
    assert ranks.effective_rank(values) == pytest.approx(n)
    assert ranks.participation_ratio(values) == pytest.approx(n)
    assert ranks.energy_rank(values, share=0.9) == math.ceil(0.9 * n)


@pytest.mark.parametrize("shape", [(300, 300), (400, 200), (900, 100), (96, 32, 3, 3)])
def test_noise_has_the_values_of_noise(shape):
    rng = np.random.default_rng(0)
    scales = rng.uniform(0.5, 2, (1, 1, *shape[2:])) if len(shape) == 4 else 1.0
    model = {f"layer{i}": rng.standard_normal(shape) * scales for i in range(8)}
    ds = spectra.analyze(model, measures=[measures.energy_spread, measures.element_law])
    for name in ("effective_rank", "rank_90", "rank_99", "participation_ratio", "nuclear_norm"):
        ratio = float((ds[name] / ds[f"{name}_noise"]).mean())
        assert ratio == pytest.approx(1, abs=0.015), name
    if len(shape) == 2:
        assert float(ds.weibull_shape.mean()) == pytest.approx(weibull.SHAPE_OF_NORMAL, rel=0.005)
        assert float(ds.kurtosis.mean()) == pytest.approx(0, abs=0.03)


def test_a_singular_matrix_has_no_condition_number():
    W = np.random.default_rng(0).standard_normal((40, 20))
    W[:, 3] = 0
    found = measures.energy_spread(spectra.spectrum(W))
    assert math.isnan(found["condition_number"])
    assert norms.condition_number([0.0, 1.0]) == math.inf


@pytest.mark.parametrize("draw", ["normal", "laplace", "standard_cauchy", "weibull"])
def test_the_weibull_shape_is_that_of_scipy(draw):
    rng = np.random.default_rng(1)
    x = rng.weibull(3.3, 2000) if draw == "weibull" else getattr(rng, draw)(size=2000)
    shape, _, _ = weibull_min.fit(np.abs(x), floc=0)
    assert weibull.shape(x) == pytest.approx(shape, rel=1e-4)
    assert weibull.shape(1e200 * x) == pytest.approx(weibull.shape(x), rel=1e-9)


@pytest.mark.parametrize("scatter", [1e-2, 1e-4, 1e-9, 1e-14])
def test_the_shape_of_nearly_equal_elements_is_large(scatter):
    rng = np.random.default_rng(0)
    W = rng.choice([-1.0, 1.0], 600) * (1 + scatter * rng.random(600))
    assert weibull.shape(W) == pytest.approx(3.9 / scatter, rel=0.1)


def test_dead_matrices_of_a_stack_have_no_element_law():
    stack = np.random.default_rng(0).laplace(size=(3, 60, 40))
    stack[1] = 0
    found = measures.element_law(spectra.spectrum(stack))
    assert found == measures.element_law(spectra.spectrum(stack[[0, 2]]))


@pytest.mark.parametrize("shape", [(9, 16, 16), (32, 24), (96, 32), (50, 50)])
def test_the_condition_number_of_noise_is_a_median(shape):
    rng = np.random.default_rng(0)
    found = [
        measures.energy_spread(spectra.spectrum(rng.standard_normal(shape))) for _ in range(60)
    ]
    median = np.median([one["condition_number"] for one in found])
    assert found[0]["condition_number_noise"] == pytest.approx(median, rel=0.35)


def test_elements_without_a_weibull_law():
    assert math.isnan(weibull.shape([]))
    assert math.isnan(weibull.shape([0.0, 2.0, -2.0]))
    assert math.isnan(weibull.shape([1.0, math.inf]))
    assert weibull.shape([0.0, 1.0, 2.0]) == weibull.shape([1.0, 2.0])
    assert weibull.shape([1e-300, 1e300]) > 0
    many = np.random.default_rng(0).standard_normal(1 << 20)
    assert weibull.shape(many) == pytest.approx(weibull.SHAPE_OF_NORMAL, abs=0.006)
    with pytest.raises(ArgumentError, match="`W`"):
        weibull.shape(["a"])
