"""Biwhitening: scales that were put in come out, and noise of unequal variances is noise again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.noise import biwhitening
from spectra.theory import ensembles


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.integers(-300, 300))
def test_scales_of_signs_are_exact(seed, m, n, exponent):
    """Of elements of equal size the scales are the factors, whatever the unit."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.1, 10, (m, 1)), rng.uniform(0.1, 10, (1, n))
    W = a * b * rng.choice([-1.0, 1.0], (m, n)) * 2.0**exponent
    found = biwhitening.scales(W)
    assert np.outer(found.rows, found.columns) == pytest.approx(np.abs(W), rel=1e-6)
    assert np.abs(biwhitening.whiten(W)) == pytest.approx(np.ones((m, n)), rel=1e-6)
    assert np.mean(found.rows**2) == pytest.approx(1)


def test_rows_and_columns_of_noise_get_a_mean_square_of_1():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((60, 40)) * rng.lognormal(0, 1, (60, 1)) * rng.lognormal(0, 1, 40)
    W[:, 3] = 0  # a dead column is left out
    squares = biwhitening.whiten(W) ** 2
    assert squares.shape == (60, 39)
    for axis in (0, 1):
        assert squares.mean(axis=axis) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("kind", ["rows", "columns", "both"])
@pytest.mark.parametrize("scatter", [0.1, 0.5])
def test_noise_of_unequal_variances_has_no_spike_left(kind, scatter):
    rng = np.random.default_rng(5)
    before = after = 0
    for _ in range(20):
        W = rng.standard_normal((300, 150))
        if kind != "columns":
            W *= rng.lognormal(0, scatter, (300, 1))
        if kind != "rows":
            W *= rng.lognormal(0, scatter, 150)
        found = spectra.spectrum(W)
        before += found.spikes[0].num > 0
        white = measures.equal_scales(found)
        after += white["whitened_num_spikes"] > 0
        assert white["whitened_bulk_p"] > 1e-4
    assert before >= 5
    assert after <= 3


def test_the_scatter_of_noise_is_that_of_noise():
    W = np.random.default_rng(0).standard_normal((800, 300))
    found = measures.equal_scales(spectra.spectrum(W))
    assert found["row_scatter"] == pytest.approx(found["row_scatter_noise"], rel=0.1)
    assert found["column_scatter"] == pytest.approx(found["column_scatter_noise"], rel=0.15)
    assert found["row_scatter_noise"] == 1 / np.sqrt(600)


@pytest.mark.parametrize("strength", [1.5, 3.0])
def test_a_signal_is_still_seen(strength):
    sample = ensembles.spiked((400, 200), strengths=[strength], rng=0)
    found = measures.equal_scales(spectra.spectrum(sample.W))
    assert found["whitened_num_spikes"] >= 1
    assert found["whitened_spike_p"] < 1e-4


@pytest.mark.parametrize("least", [1e-160, 1e-200, 1e-300])
def test_squares_outside_the_range_have_no_scales(least):
    W = np.random.default_rng(0).standard_normal((40, 24))
    W[3] *= least
    assert np.isnan(biwhitening.scales(W).rows).all()
    found = measures.equal_scales(spectra.spectrum(W))
    assert all(np.isnan(value) for value in found.values())


def test_small_and_dead_matrices_of_a_stack_are_left_out():
    stack = np.random.default_rng(0).standard_normal((4, 40, 24))
    stack[1, :, 5:] = 0
    stack[2] = 0
    found = measures.equal_scales(spectra.spectrum(stack))
    alone = measures.equal_scales(spectra.spectrum(stack[[0, 3]]))
    assert found["whitened_num_spikes"] == alone["whitened_num_spikes"] == 0
    assert found["row_scatter"] == pytest.approx(alone["row_scatter"])


@pytest.mark.parametrize("W", [np.zeros((3, 3)), [[1.0, np.nan]], np.diag([1.0, 0.0]), np.ones(3)])
def test_matrices_without_scales(W):
    with pytest.raises(ArgumentError, match="`W`"):
        biwhitening.scales(W)
