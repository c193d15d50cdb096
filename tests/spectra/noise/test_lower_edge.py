"""The smallest eigenvalue of noise: how often it is called too small, and what is."""

import math

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.noise import bulk, lower_edge


@pytest.mark.parametrize("shape", [(200, 100), (110, 100), (60, 20), (50, 50), (101, 100)])
def test_level(shape):
    """With the estimated variance; three standard errors of 400 matrices at 5 % are 3.3 points."""
    rng = np.random.default_rng(0)
    p = []
    for _ in range(400):
        W = rng.standard_normal(shape)
        values = spectra.eigenvalues(W)
        noise = bulk.estimate(values, shape[0]).variance
        p.append(lower_edge.p_value(values, shape[0], variance=noise))
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.083
    if shape != (101, 100):  # between the two laws
        assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("shape", [(300, 100), (100, 100)])
def test_a_direction_that_is_not_passed_on_is_found(shape):
    W = np.random.default_rng(1).standard_normal(shape)
    W[:, 0] *= 1e-4 if shape == (100, 100) else 0.2
    found = spectra.spectrum(W)
    assert measures.bulk_fit(found)["smallest_p"] < 2e-3
    assert measures.bulk_fit(found)["num_spikes"] == 0


def test_spikes_are_left_out():
    rng = np.random.default_rng(2)
    W = rng.standard_normal((300, 100))
    W += 3 * rng.standard_normal((300, 5)) @ rng.standard_normal((5, 100))
    found = spectra.spectrum(W)
    assert measures.bulk_fit(found)["num_spikes"] == 5
    assert measures.bulk_fit(found)["smallest_p"] > 0.01


def test_too_few_eigenvalues_have_no_p():
    assert math.isnan(lower_edge.p_value(np.arange(1.0, 8.0), 20, variance=1.0))
    assert math.isnan(lower_edge.p_value(np.arange(1.0, 11.0), 20, variance=1.0, num_spikes=3))
    with pytest.raises(ArgumentError, match="`variance`"):
        lower_edge.p_value(np.arange(1.0, 11.0), 20, variance=0.0)
    with pytest.raises(ArgumentError, match="`num_spikes`"):
        lower_edge.p_value(np.arange(1.0, 11.0), 20, variance=1.0, num_spikes=11)


@pytest.mark.parametrize("shape", [(200, 100), (50, 50), (60, 20)])
def test_quantiles_are_those_of_the_p_value_and_of_samples(shape):
    N, M = shape
    rng = np.random.default_rng(3)
    drawn = [spectra.eigenvalues(rng.standard_normal(shape))[0] for _ in range(300)]
    for q in (0.9, 0.5, 0.1):
        smallest = lower_edge.isf(q, N, M)
        values = np.concatenate([[smallest], np.full(M - 1, float(N))])
        assert lower_edge.p_value(values, N, variance=1.0) == pytest.approx(1 - q, rel=1e-6)
        assert np.mean(np.array(drawn) > smallest) == pytest.approx(q, abs=0.1)
