"""Elements and means that make spikes, against the spectra of the permuted matrices."""

import math

import numpy as np
import pytest

from spectra import measures, spectrum
from spectra.errors import ArgumentError
from spectra.noise import large_elements, permutation, spikes

SHAPE = (400, 200)
LIMIT = math.sqrt(math.sqrt(400 * 200))


def noise(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).standard_normal(shape)


def num_permuted(W, seed=0):
    """Return how many spikes are left in a random order."""
    values = permutation.permuted_spectra(W, rng=seed).eigenvalues[0, 0]
    return spikes.detect(values, max(W.shape), significance=1e-4).num


@pytest.mark.parametrize("strength", [0.5, 1.5, 3.0])
def test_an_element_makes_a_spike_in_any_order_from_the_limit_on(strength):
    W = noise()
    W[17, 5] = strength * LIMIT
    found = large_elements.find(W, variance=1.0)
    assert found.strength == pytest.approx(strength, rel=0.01)
    assert found.num == (strength > 1)
    assert found.where == ("element (17, 5)" if strength > 1 else "")
    assert [num_permuted(W, seed) for seed in range(3)] == [found.num] * 3


@pytest.mark.parametrize("strength", [0.5, 1.5, 3.0])
def test_a_mean_makes_a_spike_from_the_limit_on(strength):
    W = noise() - strength * LIMIT / math.sqrt(400 * 200)
    found = large_elements.find(W, variance=1.0)
    assert found.mean_strength == pytest.approx(strength, abs=4 / LIMIT)
    assert found.num == 0
    assert [num_permuted(W, seed) for seed in range(3)] == [strength > 1] * 3


def test_rows_columns_and_dead_lines():
    W = noise()
    W[33] *= 40
    W[:, 7] = 0
    found = large_elements.find(W, variance=1.0)
    assert found.where == "row 33"
    naive = sum(abs(w - W[W != 0].mean()) > LIMIT * (199 / 200) ** 0.25 for w in W[33] if w)
    assert found.num == naive
    assert found.mean_strength < 1


@pytest.mark.parametrize("exponent", [-300, 7, 300])
def test_scale_does_not_matter(exponent):
    W = noise()
    W[1, 2] = 50.0
    found = large_elements.find(W, variance=1.0)
    assert large_elements.find(np.ldexp(W, exponent), variance=4.0**exponent) == found


def test_noise_has_none():
    found = [large_elements.find(noise(seed, (100, 50)), variance=1.0) for seed in range(50)]
    assert max(one.strength for one in found) < 0.8
    assert max(one.mean_strength for one in found) < 5 * (100 * 50) ** -0.25


def test_zeros_of_live_lines_have_a_place_and_count_in_the_mean():
    sparse = noise() * (np.random.default_rng(5).random(SHAPE) < 0.1) + 0.0
    clean = large_elements.find(sparse, variance=0.1)
    sparse[3, 4] = 20.0
    found = large_elements.find(sparse, variance=0.1)
    assert found.where == "element (3, 4)"
    assert found.mean_strength == pytest.approx(clean.mean_strength, abs=0.05)
    shifted = np.ones((40, 20)) + 0.01 * noise(1, (40, 20))
    shifted[5, 6] = shifted[9, 4] = 0.0
    whole = large_elements.find(shifted, variance=1e-4)
    shifted[7] = 0.0
    dead = large_elements.find(shifted, variance=1e-4)
    assert whole.num == dead.num == 2
    assert {*whole.where.split()} == {*dead.where.split()}


def test_no_live_element():
    assert math.isnan(large_elements.find(np.zeros((4, 3)), variance=1.0).num)


def test_all_elements_large():
    W = np.full((20, 10), 5.0) * np.random.default_rng(0).choice([-1.0, 1.0], (20, 10))
    found = large_elements.find(W, variance=1e-4)
    assert found.num == 200


def test_measure_of_several_matrices_and_of_none():
    stack = np.array([noise(seed, (60, 30)) for seed in range(3)])
    stack[1, 4, 5] = 90.0
    found = measures.foreseen_traps(spectrum(stack))
    assert (found["num_large"], found["large_where"]) == (1.0, "matrix 1: element (4, 5)")
    tiny = measures.foreseen_traps(spectrum(noise(0, (5, 5))))
    assert math.isnan(tiny["num_large"])
    assert tiny["large_where"] == ""


def test_variance_must_be_positive():
    with pytest.raises(ArgumentError, match="`variance` must be"):
        large_elements.find(noise(), variance=0.0)
