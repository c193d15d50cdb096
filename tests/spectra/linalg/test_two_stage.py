"""Symmetric eigenvalues in two stages: against numpy, and against a reduction by single steps."""

import tracemalloc

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.linalg import two_stage

EPS = np.finfo(float).eps
SPECTRA = {  # of a matrix of size n
    "noise": lambda rng, n: rng.standard_normal(n),
    "graded": lambda rng, n: np.logspace(0, -18, n),
    "clustered": lambda rng, n: 1 + np.where(np.arange(n) < n // 2, 1e-13, 1.0) * rng.random(n),
    "equal": lambda rng, n: np.ones(n),
    "of low rank": lambda rng, n: np.where(np.arange(n) < 2, rng.random(n), 0.0),
    "one large": lambda rng, n: np.where(np.arange(n) == 0, 1e12, rng.random(n)),
    "of both signs": lambda rng, n: np.where(np.arange(n) % 2, 1.0, -1.0),
    "zero": lambda rng, n: np.zeros(n),
}
seeds = st.integers(0, 2**32)
kinds = st.sampled_from([*SPECTRA])


def symmetric(seed, n, kind):
    """Return a full matrix with a spectrum of this kind."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = (Q * SPECTRA[kind](rng, n)) @ Q.T
    return (A + A.T) / 2


def full(band):
    """Return a symmetric matrix from its diagonals."""
    n = band.shape[1]
    lower = sum((np.diag(row[: n - i], -i) for i, row in enumerate(band)), np.zeros((n, n)))
    return lower + np.tril(lower, -1).T


def naive_band(A, bandwidth):
    """Eliminate the entries below the band column by column, with whole reflections."""
    A = A.copy()
    for column in range(len(A) - bandwidth - 1):
        x = A[column + bandwidth :, column].copy()
        x[0] += np.copysign(np.linalg.norm(x), x[0])
        if np.linalg.norm(x):
            H = np.eye(len(A))
            H[column + bandwidth :, column + bandwidth :] -= 2 * np.outer(x, x) / (x @ x)
            A = H @ A @ H
    return A


@pytest.fixture
def small_tiles(monkeypatch):
    """Let matrices of a few dozen rows have many tiles, none of them a multiple of the band."""
    monkeypatch.setattr(two_stage, "_TILE", (7, 11))


@given(seeds, st.integers(1, 50), kinds, st.integers(1, 9))
@pytest.mark.usefixtures("small_tiles")
def test_the_band_has_the_eigenvalues_of_the_matrix(seed, n, kind, bandwidth):
    A = symmetric(seed, n, kind)
    band = two_stage.to_band(A, bandwidth=bandwidth)
    assert band.shape == (min(bandwidth, n - 1) + 1, n)
    expected = np.linalg.eigvalsh(A)
    allowed = 40 * EPS * np.abs(expected).max()
    found = np.linalg.eigvalsh(full(band))
    np.testing.assert_allclose(found, expected, rtol=0, atol=allowed)
    assert np.linalg.norm(full(band)) == pytest.approx(np.linalg.norm(A), rel=1e-13)


@given(seeds, st.integers(2, 25), st.integers(1, 5))
@pytest.mark.usefixtures("small_tiles")
def test_the_band_is_that_of_single_steps_up_to_signs(seed, n, bandwidth):
    A = symmetric(seed, n, "noise")
    band = full(two_stage.to_band(A, bandwidth=bandwidth))
    np.testing.assert_allclose(abs(band), abs(naive_band(A, bandwidth)), rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", SPECTRA)
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 66, 128, 129, 300, 513, 600])
def test_eigenvalues_are_those_of_numpy(n, kind):
    A = symmetric(n, n, kind)
    expected = np.linalg.eigvalsh(A)
    allowed = 40 * EPS * np.abs(expected).max()
    np.testing.assert_allclose(two_stage.eigenvalues(A), expected, rtol=0, atol=allowed)


def test_a_diagonal_keeps_its_numbers():
    values = np.sort(np.random.default_rng(0).standard_normal(200))
    np.testing.assert_allclose(two_stage.eigenvalues(np.diag(values)), values, rtol=1e-15)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_upper_triangle_is_not_read(order):
    A = np.array(symmetric(0, 300, "noise"), order=order)
    lower = np.where(np.tri(300, dtype=bool), A, np.nan)
    assert two_stage.eigenvalues(lower).tobytes() == two_stage.eigenvalues(A).tobytes()


def test_a_matrix_is_destroyed_only_if_that_is_allowed():
    A = symmetric(0, 300, "noise")
    kept = A.copy()
    expected = two_stage.eigenvalues(A)
    np.testing.assert_array_equal(A, kept)
    frozen = A.copy()
    frozen.flags.writeable = False
    assert two_stage.eigenvalues(frozen, overwrite=True).tobytes() == expected.tobytes()
    wide = np.zeros((300, 500))
    wide[:, :300] = A
    found = two_stage.eigenvalues(wide[:, :300], overwrite=True)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert (wide[:, :300] != A).any()


@pytest.mark.parametrize("k", [-1000, -500, -1, 30, 500, 1000])
def test_eigenvalues_scale_to_the_last_bit(k):
    A = symmetric(1, 200, "noise")
    found = two_stage.eigenvalues(np.ldexp(A, k))
    np.testing.assert_allclose(np.ldexp(found, -k), two_stage.eigenvalues(A), rtol=0, atol=3e-14)
    if abs(k) < 500:
        np.testing.assert_array_equal(np.ldexp(found, -k), two_stage.eigenvalues(A))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (199, 0), (199, 199), (150, 60)])
def test_not_finite_gives_nan(bad, place):
    A = symmetric(2, 200, "noise")
    A[place] = bad
    assert np.isnan(two_stage.eigenvalues(A)).all()


def test_no_rows_have_no_eigenvalues():
    assert two_stage.eigenvalues(np.zeros((0, 0))).shape == (0,)
    assert two_stage.to_band(np.zeros((0, 0))).shape == (1, 0)


def test_integers_are_numbers():
    A = [[2, 1, 0], [1, 2, 1], [0, 1, 2]]
    expected = scipy.linalg.eigvalsh(A)
    np.testing.assert_allclose(two_stage.eigenvalues(A), expected, rtol=1e-15)


@pytest.mark.parametrize("A", [np.zeros(3), np.zeros((2, 3)), np.eye(2) * 1j, [["a"]]])
def test_no_square_matrix_is_refused(A):
    for function in (two_stage.eigenvalues, two_stage.to_band):
        with pytest.raises(ArgumentError, match="`A` must be a square matrix of real numbers, got"):
            function(A)


@pytest.mark.parametrize("bandwidth", [0, -1, 1.5])
def test_a_band_has_a_diagonal_below_the_main_one(bandwidth):
    with pytest.raises(ArgumentError, match="`bandwidth` must be"):
        two_stage.to_band(np.eye(3), bandwidth=bandwidth)


@pytest.mark.parametrize("overwrite", [False, True])
def test_memory_is_one_matrix_and_a_few_bands(overwrite):
    n = 1500
    A = np.random.default_rng(0).standard_normal((n, n))
    tracemalloc.start()
    two_stage.eigenvalues(A, overwrite=overwrite)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (0.65 if overwrite else 1.65) * A.nbytes
