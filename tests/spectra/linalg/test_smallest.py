"""The few smallest eigenvalues, refined, against the squares of known singular values."""

import tracemalloc

import numpy as np
import pytest

from spectra.linalg import _smallest, eigen
from spectra.linalg._gram import gram_of
from spectra.linalg._tall import tall

N = 300


def with_singular_values(values, rows=400, seed=0):
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((rows, len(values))))[0]
    right = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    return left * values @ right.T


def small(num, least=1e-5, most=1e-4):
    values = np.linspace(1, 2, N)
    values[:num] = np.geomspace(least, most, num)
    return values


@pytest.fixture
def no_triangle(monkeypatch):
    def fail(*_):
        pytest.fail("all singular values were computed")

    monkeypatch.setattr(eigen, "_triangle", fail)


@pytest.mark.usefixtures("no_triangle")
@pytest.mark.parametrize("num", [1, 2, 7, 16])
@pytest.mark.parametrize("turn", [False, True])
def test_a_few_small_eigenvalues_are_as_exact_as_asked_for(num, turn):
    values = small(num)
    W = with_singular_values(values)
    plain = eigen.eigenvalues(W, rtol=np.inf)
    found = eigen.eigenvalues(W.T if turn else W)
    np.testing.assert_allclose(found, np.square(values), rtol=1e-6)
    assert abs(plain[0] / values[0] ** 2 - 1) > 1e-6  # what the Gram matrix has


@pytest.mark.usefixtures("no_triangle")
@pytest.mark.parametrize("size", [300, 700])
def test_one_eigenvalue_in_sixteen_is_as_exact_as_weightwatcher_needs(size):
    W = np.random.default_rng(size).standard_t(3, (size, size))
    exact = np.square(np.linalg.svd(W, compute_uv=False)[::-1])
    accurate = exact[-1] * 8 * np.finfo(float).eps / 1e-10
    assert 2 < np.searchsorted(exact, accurate) <= size // 16
    np.testing.assert_allclose(eigen.eigenvalues(W, rtol=1e-10), exact, rtol=1e-10)


@pytest.mark.usefixtures("no_triangle")
@pytest.mark.parametrize("exponent", [-400, 12, 400])
def test_scale_is_squared_to_the_bit(exponent):
    W = with_singular_values(small(3))
    scaled = eigen.eigenvalues(np.ldexp(W, exponent))
    np.testing.assert_array_equal(scaled, np.ldexp(eigen.eigenvalues(W), 2 * exponent))


def noise(seed):
    """Return noise whose smallest singular value is close to 0, as one in many has."""
    W = np.random.default_rng(seed).standard_normal((N, N))
    u, s, v = np.linalg.svd(W)
    s[-1] *= 1e-3
    return u * s @ v


@pytest.mark.parametrize("seed", range(5))
def test_square_noise_agrees_with_its_singular_values(monkeypatch, seed):
    W = noise(seed)
    refined = eigen.eigenvalues(W)
    monkeypatch.setattr(eigen, "refined", lambda *_, **__: None)
    whole = eigen.eigenvalues(W)
    assert not np.array_equal(refined, whole)
    np.testing.assert_allclose(refined, whole, rtol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        small(24),  # too many
        small(3, least=1e-12),  # rounding is as large
        np.append(np.zeros(2), np.linspace(1, 2, N - 2)),
        np.geomspace(1e-7, 1, N),  # no gap
    ],
    ids=["many", "tiny", "singular", "graded"],
)
def test_others_are_left_to_the_singular_values(monkeypatch, values):
    """And then have the accuracy of these."""
    W = with_singular_values(values)
    plain = eigen.eigenvalues(W, rtol=np.inf)
    accurate = float(plain[-1]) * 8 * np.finfo(float).eps / 1e-6
    assert _smallest.refined(plain, tall(W), 0, accurate=accurate, rtol=1e-6) is None
    monkeypatch.setattr(eigen, "refined", lambda *_, **__: None)
    expected = eigen.eigenvalues(W)
    monkeypatch.undo()
    np.testing.assert_array_equal(eigen.eigenvalues(W), expected)


def test_narrow_matrices_are_left_to_the_singular_values():
    W = with_singular_values(small(1)[-100:], rows=150)
    plain = eigen.eigenvalues(W)
    assert _smallest.refined(plain, tall(W), 0, accurate=plain[3], rtol=1e-6) is None


@pytest.mark.parametrize("exponent", [0, 1])
def test_it_takes_no_second_gram_matrix(exponent):
    W = with_singular_values(np.linspace(1e-6, 2, 900), rows=900)
    gram = gram_of(tall(W), exponent)
    plain = eigen.eigenvalues(W, rtol=np.inf) / 4.0**exponent
    tracemalloc.start()
    found = _smallest.refined(plain, tall(W), exponent, accurate=2 * plain[0], rtol=1e-6, gram=gram)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert peak < 1.5 * W.nbytes  # one block, which is the whole matrix, in float64
