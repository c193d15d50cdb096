"""Windows along a spectrum: noise is random everywhere, structure is found where it was put."""

import math

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.noise.windows import windows


@pytest.mark.parametrize("shape", [(200, 100), (100, 100)])
def test_windows_of_noise_are_random(shape):
    rng = np.random.default_rng(0)
    p = np.concatenate([windows(rng.standard_normal(shape)).p for _ in range(25)])
    assert len(p) == 250
    assert (p < 0.05).mean() <= 0.08
    assert p.min() > 1e-5


def test_windows_cover_the_spectrum():
    W = np.random.default_rng(0).standard_normal((60, 90))
    W[7] = 0  # a dead row is left out
    found = windows(W, num=4)
    values = spectra.eigenvalues(W)[1:][::-1]
    assert found.num.tolist() == [15, 15, 15, 14]
    assert found.largest == pytest.approx(values[[0, 15, 30, 45]])
    assert found.smallest == pytest.approx(values[[14, 29, 44, 58]])


def test_a_structure_is_found_in_its_own_window():
    """A block of small weights: localized vectors of the smallest values."""
    rng = np.random.default_rng(1)
    W = rng.standard_normal((400, 200))
    W[:, :20] *= 0.05
    found = windows(W)
    assert found.p[-1] < 1e-6
    assert found.p[-1] == found.p.min()


def test_independent_eigenvalues_do_not_repel():
    rng = np.random.default_rng(2)
    left = np.linalg.qr(rng.standard_normal((400, 200)))[0]
    right = np.linalg.qr(rng.standard_normal((200, 200)))[0]
    found = windows((left * rng.uniform(1, 2, 200)) @ right, num=2)
    assert (found.spacing_p < 0.01).all()
    assert (found.short_p > 1e-3).all()


@pytest.mark.parametrize(("sides", "num"), [((7, 7), 0), ((8, 8), 1), ((20, 16), 2), ((3, 90), 0)])
def test_small_matrices_have_few_windows(sides, num):
    W = np.random.default_rng(0).standard_normal(sides)
    assert len(windows(W).p) == num


def test_the_measure_gives_each_eigenvalue_its_window():
    stack = np.random.default_rng(3).standard_normal((2, 60, 40))
    stack[1, :, :8] = 0
    found = spectra.spectrum(stack)
    measured = measures.randomness(found, num=3)
    assert (measured["num_windows"], measured["num_structured"]) == (6, 0)
    assert np.isnan(measured["window_p"]).sum() == 8  # zero eigenvalues
    first = windows(stack[int(np.argmax(found.by_matrix[:, -1]))], num=3)
    assert measured["window_p"][0] == pytest.approx(first.p[0])
    small = measures.randomness(spectra.spectrum(np.eye(4)))
    assert (small["num_windows"], math.isnan(small["window_p"][0])) == (0, True)


def test_a_null_space_has_no_windows():
    """Its vectors are rounding."""
    rng = np.random.default_rng(4)
    W = rng.standard_normal((60, 16)) @ rng.standard_normal((16, 40))
    found = measures.randomness(spectra.spectrum(W))
    assert found["num_windows"] == 2
    assert np.isnan(found["window_p"][16:]).all()


def test_what_is_no_matrix_has_no_windows():
    for wrong in (np.ones(5), [[np.nan, 1.0]], [[np.inf, 1.0]]):
        with pytest.raises(ArgumentError, match="`W`"):
            windows(wrong)
    with pytest.raises(ArgumentError, match="`num`"):
        windows(np.eye(9), num=0)


@pytest.mark.parametrize("exponent", [-490, -300, 300, 490])
def test_windows_of_any_scale(exponent):
    W = np.random.default_rng(3).standard_normal((60, 40))
    plain, scaled = windows(W, num=3), windows(np.ldexp(W, exponent), num=3)
    np.testing.assert_array_equal(scaled.p, plain.p)
    np.testing.assert_array_equal(np.ldexp(scaled.largest, -2 * exponent), plain.largest)
