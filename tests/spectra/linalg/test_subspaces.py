"""Overlaps of spaces: angles that were planted, scipy's, invariances, and random directions."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.stats import special_ortho_group

from spectra.errors import ArgumentError
from spectra.linalg.subspaces import band_overlaps, canonical_correlations
from spectra.theory import laws


def noise(m, n, seed=0):
    return np.random.default_rng(seed).standard_normal((m, n))


@pytest.mark.parametrize(("first", "second"), [(5, 5), (3, 8), (8, 3), (12, 12)])
def test_correlations_are_cosines_of_the_angles_of_scipy(first, second):
    A, B = noise(20, first), noise(20, second, 1)
    expected = np.sort(np.cos(subspace_angles(A, B)))[::-1]
    np.testing.assert_allclose(canonical_correlations(A, B), expected, atol=1e-12)


def test_correlations_depend_on_the_spaces_alone():
    A, B = noise(15, 4), noise(15, 6, 1)
    found = canonical_correlations(A, B)
    np.testing.assert_allclose(canonical_correlations(B, A), found)
    np.testing.assert_allclose(canonical_correlations(A @ noise(4, 4, 2), 1e150 * B), found)
    turn = special_ortho_group.rvs(15, random_state=3)
    np.testing.assert_allclose(canonical_correlations(turn @ A, turn @ B), found)
    assert canonical_correlations(np.c_[A, A], B).shape == (4,)  # twice the same space


def test_correlations_of_noise_obey_wachters_law():
    m, first, second = 400, 100, 160
    squares = canonical_correlations(noise(m, first), noise(m, second, 1)) ** 2
    assert squares.mean() == pytest.approx(second / m, abs=0.005)
    law = laws.jacobi(first / second, first / (m - second))
    edges = law.edges
    assert edges[0] - 0.02 < squares.min() < squares.max() < edges[1] + 0.02
    at = np.sort(squares)
    assert np.abs(law.cdf(at) - (np.arange(first) + 0.5) / first).max() < 0.02


def test_bands_of_one_matrix_and_of_its_mirror():
    W = np.diag(np.arange(12.0, 0, -1))
    same = band_overlaps(W, 3 * W, num=4)
    np.testing.assert_array_equal(same.overlap, np.eye(4))
    np.testing.assert_allclose(same.noise, 0.25)
    turned = band_overlaps(W, np.linalg.inv(W), num=4)  # the weakest directions are the strongest
    np.testing.assert_array_equal(turned.overlap, np.eye(4)[::-1])


def test_overlap_of_a_turned_direction():
    angle = 0.3
    A = np.zeros((6, 2))
    A[0, 0], A[1, 1] = 2, 1
    B = A.copy()
    B[[0, 5], 0] = 2 * np.cos(angle), 2 * np.sin(angle)
    found = band_overlaps(A, B, num=2).overlap
    np.testing.assert_allclose(found, [[np.cos(angle) ** 2, 0], [0, 1]], atol=1e-15)


def test_bands_of_noise_overlap_as_random_directions_do():
    found = [band_overlaps(noise(60, 40, i), noise(60, 30, i + 100), num=5) for i in range(40)]
    mean = np.mean([one.overlap for one in found], axis=0)
    np.testing.assert_allclose(found[0].noise, 6 / 60)
    np.testing.assert_allclose(mean, 0.1, atol=0.01)  # scatter of the mean: 0.003
    assert found[0].num_first.tolist() == [8] * 5
    assert found[0].num_second.tolist() == [6] * 5


def test_bands_are_those_of_complete_vectors():
    found = band_overlaps(noise(20, 30), noise(20, 25, 1), num=7)  # both span all of 20
    np.testing.assert_allclose(found.overlap.sum(axis=1), 1)
    np.testing.assert_allclose(found.noise.sum(axis=1), 1)
    weights = found.num_first[:, np.newaxis] * found.overlap
    np.testing.assert_allclose(weights.sum(axis=0), found.num_second)


def test_directions_of_zero_are_left_out():
    A = noise(20, 3) @ noise(3, 10, 1)
    assert band_overlaps(A, noise(20, 10)).num_first.tolist() == [1, 1, 1]
    nothing = band_overlaps(np.zeros((20, 4)), A)
    assert nothing.overlap.shape == nothing.noise.shape == (0, 3)
    assert canonical_correlations(np.zeros((20, 4)), A).shape == (0,)


@pytest.mark.parametrize("function", [band_overlaps, canonical_correlations])
def test_what_is_refused(function):
    with pytest.raises(ArgumentError, match=r"equally many rows, got 4 and 5: transpose"):
        function(np.ones((4, 5)), np.ones((5, 4)))
    with pytest.raises(ArgumentError, match=r"`B` must be a matrix of finite numbers"):
        function(np.ones((4, 5)), np.full((4, 5), np.nan))
    with pytest.raises(ArgumentError, match=r"`A` must be a matrix of finite numbers"):
        function(np.ones(4), np.ones((4, 5)))
    with pytest.raises(ArgumentError, match="num"):
        band_overlaps(np.ones((4, 5)), np.ones((4, 5)), num=0)


def test_correlations_and_overlaps_of_any_scale():
    A, B = noise(15, 4), noise(15, 6, 1)
    found = canonical_correlations(A, B)
    sizes = [1, 1e-17, 1e300, 1e-300]
    np.testing.assert_allclose(canonical_correlations(A * sizes, B), found, atol=1e-12)
    far = band_overlaps(A * 1e300, B * 1e-300, num=2).overlap
    np.testing.assert_allclose(far, band_overlaps(A, B, num=2).overlap, atol=1e-12)
    with pytest.raises(ArgumentError, match="`B` must be a matrix of real numbers"):
        canonical_correlations(A, B.astype(complex))
