"""Estimates of wide spectra, against all eigenvalues of matrices small enough to have them."""

import numpy as np
import pytest

from spectra.errors import ArgumentError
from spectra.linalg import eigen, estimates
from spectra.models.lazy import InBlocks
from tests.spectra.linalg.test_live_elements import Parts


def matrix(kind, shape=(450, 300), seed=0):
    rng = np.random.default_rng(seed)
    n = shape[1]
    noise = rng.standard_normal(shape)
    return {
        "noise": noise,
        "heavy tail": rng.standard_t(1.5, shape),
        "wide": rng.standard_t(4, shape).T,
        "low rank": noise[:, :40] @ rng.standard_normal((40, n)),
        "clustered": noise / 50 + 10 * np.linalg.qr(noise)[0][:, :50] @ np.eye(50, n),
        "graded": noise * np.logspace(0, -8, n),
        "float32": noise.astype(np.float32),
    }[kind]


KINDS = ["noise", "heavy tail", "wide", "low rank", "clustered", "graded", "float32"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num", [1, 10, 50])
def test_largest_eigenvalues_and_their_bounds(kind, num):
    W = matrix(kind)
    found, exact = estimates.largest(W, num=num, exact_below=0), eigen.eigenvalues(W)[-num:]
    assert np.all(found.errors <= 1e-8 * found.eigenvalues)
    wrong = abs(found.eigenvalues - exact)
    assert np.all(wrong <= found.errors + 1e-13 * exact[-1])
    np.testing.assert_allclose(found.eigenvalues, exact, rtol=1e-8, atol=1e-13 * exact[-1])


def test_too_few_passes_are_said_by_the_errors():
    found = estimates.largest(matrix("noise"), num=5, passes=3, exact_below=0)
    exact = eigen.eigenvalues(matrix("noise"))
    assert found.passes == 3
    assert found.errors.max() > 1e-4 * found.eigenvalues.max()
    nearest = [abs(exact - value).min() for value in found.eigenvalues]
    assert np.all(nearest <= found.errors)


@pytest.mark.parametrize(("num", "least"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (50, 2)])
def test_passes_that_cannot_give_so_many_are_refused(num, least):
    W = matrix("noise")
    found = estimates.largest(W, num=num, passes=least, exact_below=0)
    assert (len(found.eigenvalues), found.passes) == (num, least)
    if least > 1:
        with pytest.raises(ArgumentError, match=f"`passes` must be at least {least} for {num} eig"):
            estimates.largest(W, num=num, passes=least - 1, exact_below=0)
    exact = estimates.largest(W, num=num, passes=1)  # of which there is none
    assert (len(exact.eigenvalues), exact.passes) == (num, 0)


def test_a_matrix_of_a_file_and_its_scale():
    W = matrix("heavy tail")
    lazy = InBlocks(Parts(W), W.shape)
    plain = estimates.largest(W, num=3, exact_below=0)
    for name, each in plain._asdict().items():
        np.testing.assert_array_equal(
            getattr(estimates.largest(lazy, num=3, exact_below=0), name), each
        )
    scaled = estimates.largest(np.ldexp(W, 300), num=3, exact_below=0)
    np.testing.assert_array_equal(scaled.eigenvalues, np.ldexp(plain.eigenvalues, 600))
    np.testing.assert_array_equal(scaled.errors, np.ldexp(plain.errors, 600))
    one, other = (
        estimates.spectral_density(X, steps=20, exact_below=0) for X in (lazy, np.ldexp(W, 300))
    )
    np.testing.assert_array_equal(np.ldexp(one.nodes, 600), other.nodes)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_zero_and_broken_matrices(broken):
    assert estimates.largest(np.zeros((9, 5)), num=2, exact_below=0).eigenvalues.tolist() == [0, 0]
    W = matrix("noise")
    W[3, 4] = broken
    assert np.isnan(estimates.largest(W, num=2, exact_below=0).eigenvalues).all()
    assert np.isnan(estimates.spectral_density(W, exact_below=0).nodes).all()


def test_small_matrices_are_computed_exactly():
    W = matrix("noise")
    exact = eigen.eigenvalues(W)
    found = estimates.largest(W, num=4)
    assert (found.passes, found.errors.max()) == (0, 0)
    np.testing.assert_array_equal(found.eigenvalues, exact[-4:])
    whole = estimates.spectral_density(W)
    assert whole.error == 0
    np.testing.assert_allclose(whole.cdf(exact), np.arange(1, 301) / 300, rtol=1e-12)


def distance(found, exact):
    """Return the Kolmogorov-Smirnov distance of an estimated density from the exact one."""
    grid = np.concatenate([exact, found.nodes.ravel()])
    both = np.concatenate([grid * (1 - 1e-12), grid * (1 + 1e-12)])
    true = np.searchsorted(exact, both, side="right") / len(exact)
    return abs(found.cdf(both) - true).max()


@pytest.mark.parametrize("kind", KINDS)
def test_density_is_within_its_error(kind):
    exact = eigen.eigenvalues(matrix(kind))
    found = estimates.spectral_density(matrix(kind), steps=60, exact_below=0)
    assert distance(found, exact) <= found.error
    assert found.weights.sum(axis=1) == pytest.approx(1)
    assert found.cdf([-1.0, 2 * exact[-1]]).tolist() == [0, 1]


def test_error_of_the_density_falls_with_steps_and_probes():
    W = matrix("noise")
    few, steps, probes = (
        estimates.spectral_density(W, steps=s, probes=p, exact_below=0).error
        for s, p in ((20, 4), (80, 4), (20, 64))
    )
    assert steps < few
    assert probes < few


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "most"), [("noise", 0.13), ("heavy tail", 0.13), ("wide", 0.13), ("graded", 0.6)]
)
def test_density_keeps_its_error_in_19_of_20_estimates(kind, most):
    """With the scatter of the probes as the larger part of the error: few probes, many steps."""
    W = matrix(kind)
    exact = eigen.eigenvalues(W)
    found = [
        estimates.spectral_density(W, steps=150, probes=2, exact_below=0, rng=seed)
        for seed in range(100)
    ]
    inside = [distance(each, exact) <= each.error for each in found]
    assert np.mean(inside) >= 0.95
    assert max(each.error for each in found) < most


@pytest.mark.parametrize(
    "wrong",
    [{"num": 0}, {"num": 301}, {"passes": 0}, {"rtol": 0.0}, {"rtol": 2.0}, {"exact_below": -1}],
)
def test_wrong_arguments_of_largest(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        estimates.largest(matrix("noise"), **wrong)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"probes": 0}, {"exact_below": -1}])
def test_wrong_arguments_of_density(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        estimates.spectral_density(matrix("noise"), **wrong)
