"""Metrics of vectors, against their definitions, random directions and dense linear algebra."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spectra.errors import ArgumentError
from spectra.linalg import vectors

METRICS = (
    *(vectors.localization_ratio, vectors.participation_ratio),
    *(vectors.inverse_participation, vectors.entropy, vectors.porter_thomas),
)
elements = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)
vector = st.lists(elements, min_size=1, max_size=20).filter(any)


def directions(n, k, seed=0):
    return np.random.default_rng(seed).standard_normal((n, k))


@given(vector)
def test_definitions(v):
    sizes = [abs(x) for x in v]
    squares = math.fsum(x**2 for x in v)
    fourths = math.fsum(x**4 for x in v)
    p = [x**2 / squares for x in v]
    assert vectors.localization_ratio(v) == pytest.approx(math.fsum(sizes) / max(sizes))
    assert vectors.participation_ratio(v) == pytest.approx(math.sqrt(squares) / fourths**0.25)
    assert vectors.inverse_participation(v) == pytest.approx(fourths / squares**2)
    expected = -math.fsum(q * math.log(q) for q in p if q)
    assert vectors.entropy(v) == pytest.approx(expected, abs=1e-12)


@given(st.integers(2, 30), st.integers(-1000, 1000))
def test_length_and_sign_do_not_matter(n, exponent):
    v = directions(n, 3, seed=n)
    for metric in METRICS:
        assert metric(-(2.0**exponent) * v) == pytest.approx(metric(v), rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_columns_are_vectors(metric):
    v = directions(40, 5)
    one_by_one = [metric(column) for column in v.T]
    assert metric(v) == pytest.approx(one_by_one, rel=1e-12)
    assert metric(v).shape == (5,)
    assert np.shape(metric(v[:, 0])) == ()
    v[3, 1], v[:, 2] = math.nan, 0.0
    assert np.isnan(metric(v)).tolist() == [False, True, True, False, False]


def test_ends_of_the_ranges():
    one, equal = np.eye(16)[:, :1], np.ones((16, 1))
    assert [metric(one).item() for metric in METRICS[:4]] == [1, 1, 1, 0]
    ends = [metric(equal).item() for metric in METRICS[:4]]
    assert ends == pytest.approx([16, 2, 1 / 16, math.log(16)])


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_noise_has_these_means(n):
    """Within 5 standard errors of the mean of 20,000; one element has no spread."""
    v = directions(n, 20000)
    for found, expected in (
        (vectors.entropy(v), vectors.entropy_of_noise(n)),
        (vectors.inverse_participation(v), vectors.inverse_participation_of_noise(n)),
    ):
        error = 5 * found.std() / math.sqrt(20000) + 1e-12
        assert found.mean() == pytest.approx(expected, abs=error)


def test_printed_values_for_noise():
    assert vectors.entropy_of_noise(1000) == pytest.approx(6.179118, abs=5e-7)
    assert vectors.entropy_of_noise(10**6) - math.log(10**6) == pytest.approx(-0.7296, abs=1e-4)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_porter_thomas_is_the_test_of_scipy(n):
    v = directions(n, 6) ** 3
    z = v * math.sqrt(n) / np.linalg.norm(v, axis=0)
    expected = [stats.kstest(column, "norm", method="exact").pvalue for column in z.T]
    assert vectors.porter_thomas(v) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 300])
def test_porter_thomas_rejects_few_random_directions(n):
    """Of 5,000 at 5 %: 4.2 %, give or take 4 standard errors of 0.3 %."""
    rejected = np.mean(vectors.porter_thomas(directions(n, 5000, seed=n)) < 0.05)
    assert 0.030 < rejected < 0.054
    assert np.mean(vectors.porter_thomas(directions(n, 100) ** 5) < 0.05) > 0.9


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (25, 25), (5, 1)])
@pytest.mark.parametrize("num", [1, 4, 100])
def test_pairs_are_those_of_the_singular_value_decomposition(shape, num):
    W = directions(*shape)
    tall = W if shape[0] >= shape[1] else W.T
    _, s, V = np.linalg.svd(tall, full_matrices=False)
    k = min(num, len(s))
    for found, order in (
        (vectors.largest(W, num=num), np.arange(k)),
        (vectors.smallest(W, num=num), np.arange(len(s))[::-1][:k]),
    ):
        # absolute: the Gram matrix loses what is small beside the largest
        assert found.eigenvalues == pytest.approx(s[order] ** 2, abs=1e-12 * s[0] ** 2)
        assert np.abs(np.sum(found.vectors * V[order].T, axis=0)) == pytest.approx(1, abs=1e-8)
        assert (found.vectors[np.abs(found.vectors).argmax(axis=0), range(k)] > 0).all()
        assert np.linalg.norm(found.vectors, axis=0) == pytest.approx(1)


def test_equal_eigenvalues_have_a_basis():
    found = vectors.largest(np.eye(9), num=4)
    assert found.eigenvalues == pytest.approx(1)
    assert found.vectors.T @ found.vectors == pytest.approx(np.eye(4))
    assert vectors.smallest(np.ones((9, 4)), num=3).eigenvalues == pytest.approx(0, abs=1e-13)


def test_stored_types_and_extreme_scales():
    W = directions(12, 7)
    plain = vectors.largest(W, num=2)
    for unit in (2.0**500, 2.0**-500):
        scaled = vectors.largest(W * unit, num=2)
        assert (scaled.vectors == plain.vectors).all()
        assert (scaled.eigenvalues == plain.eigenvalues * unit * unit).all()
    short = W.astype(ml_dtypes.bfloat16)
    expected = vectors.largest(short.astype(float), num=2)
    assert (vectors.largest(short, num=2).vectors == expected.vectors).all()


def test_matrices_without_pairs():
    bad = vectors.largest([[1.0, math.nan], [0.0, 1.0], [0.0, 0.0]], num=1)
    assert np.isnan(bad.eigenvalues).all()
    assert bad.vectors.shape == (2, 1)
    assert vectors.smallest(np.empty((3, 0)), num=2).vectors.shape == (0, 0)
    assert vectors.smallest(np.zeros((3, 2)), num=1).eigenvalues == 0


def test_misuse_says_what_is_wanted():
    for wrong in (np.empty(0), np.ones((2, 2, 2)), np.array(1.0)):
        for metric in METRICS:
            with pytest.raises(ArgumentError, match="`v` must be vectors, the columns of shape"):
                metric(wrong)
    for n in (0, 1.5, True):
        for noise in (vectors.entropy_of_noise, vectors.inverse_participation_of_noise):
            with pytest.raises(ArgumentError, match="`n` must be a whole number, at least 1"):
                noise(n)  # type: ignore[arg-type]
    for function in (vectors.largest, vectors.smallest):
        with pytest.raises(ArgumentError, match="`num` must be a whole number, at least 1"):
            function(np.eye(3), num=0)
        with pytest.raises(ArgumentError, match="`W` must be a matrix of real numbers"):
            function([1.0], num=1)
