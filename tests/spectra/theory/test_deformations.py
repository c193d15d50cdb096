"""Outliers of deformed matrices, against closed forms and against sampling."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import ArgumentError
from spectra.noise import signal
from spectra.theory import deformations

ratios = st.floats(0.02, 1.0)
thetas = st.lists(st.floats(0.01, 50.0), min_size=1, max_size=5)


def semicircle(z):
    return (z - np.sqrt(z - 2) * np.sqrt(z + 2)) / 2


def marchenko_pastur(ratio):
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2

    def G(z):
        return (z - 1 + ratio - np.sqrt(z - low) * np.sqrt(z - high)) / (2 * ratio * z)

    return G, (low, high)


def far_enough(theta, limit):
    """Keep strengths 2 % from the limit, where the transform is taken 1e-9 from the edge."""
    theta = np.array(theta)
    return theta[np.abs(theta / limit - 1) > 0.02]


@given(thetas, st.floats(0.1, 4.0))
def test_a_semicircle_by_its_transform(theta, std):
    theta = far_enough(theta, std)
    theta = np.concatenate([theta, -theta])
    law = SimpleNamespace(
        stieltjes=lambda z: semicircle(z / std) / std, edges=lambda: [(-2 * std, 2 * std)]
    )
    found = deformations.additive(theta, law)
    expected = deformations.wigner(theta, variance=std**2)
    assert found.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-9)
    # the derivative by a step of 1e-4 of the distance to the edge has the error 1e-8
    assert found.overlap == pytest.approx(expected.overlap, rel=1e-5, abs=1e-5)


@given(thetas, ratios)
def test_rectangular_noise_has_the_closed_form_of_signals(theta, ratio):
    theta = far_enough(theta, signal.limit(ratio))
    G, edges = marchenko_pastur(ratio)
    found = deformations.rectangular(theta, G, ratio, edges=edges)
    assert found.eigenvalue == pytest.approx(signal.eigenvalue(theta, ratio), rel=1e-8)
    expected = signal.overlaps(theta, ratio)
    # G of strong signals loses the digits of z^2 / gamma in its closed form
    lost = 1e-15 * (1 + theta.max(initial=0) ** 2) ** 2 / ratio
    assert found.short == pytest.approx(expected.short, abs=1e-5 + 10 * lost)
    assert found.long == pytest.approx(expected.long, abs=1e-5 + 10 * lost)


@given(st.floats(1.05, 10.0), st.floats(0.05, 0.95))
def test_a_spiked_covariance_has_its_closed_form(factor, ratio):
    theta = factor * math.sqrt(ratio)
    G, edges = marchenko_pastur(ratio)
    found = deformations.multiplicative(theta, lambda z: -G(z), edges=edges)  # the other sign
    ell = 1 + theta
    assert found.eigenvalue == pytest.approx(ell + ratio * ell / theta, rel=1e-8)
    overlap = (1 - ratio / theta**2) / (1 + ratio / theta)
    assert found.overlap == pytest.approx(overlap, rel=1e-4, abs=1e-6)


def test_signals_too_weak_stay_at_the_edge():
    G, edges = marchenko_pastur(0.25)
    found = deformations.rectangular([0.0, 0.3], G, 0.25, edges=edges)
    assert found.eigenvalue == pytest.approx([2.25, 2.25])
    assert found.short.tolist() == found.long.tolist() == [0.0, 0.0]
    both = deformations.additive([[0.5, -0.5]], semicircle, edges=(-2, 2))
    assert both.eigenvalue == pytest.approx(np.array([[2.0, -2.0]]))


def of(values):
    """Return the law of given eigenvalues by its transform, for one axis of z."""
    return SimpleNamespace(
        stieltjes=lambda z: (1 / (np.asarray(z)[..., None] - values)).mean(axis=-1),
        edges=(values.min(), values.max()),
    )


@pytest.mark.parametrize("theta", [2.5, -4.0])
def test_an_outlier_of_any_law_by_sampling(theta):
    """A diagonal matrix and a random direction; the fluctuation is that of the direction."""
    n, draws = 500, 40
    values = np.sort(np.random.default_rng(0).uniform(-1, 1, n) ** 3)
    rng, found = np.random.default_rng(1), []
    for _ in range(draws):
        u = rng.standard_normal(n)
        u /= np.linalg.norm(u)
        e, v = np.linalg.eigh(np.diag(values) + theta * np.outer(u, u))
        at = -1 if theta > 0 else 0
        found.append((e[at], (u @ v[:, at]) ** 2))
    expected = deformations.additive(theta, of(values))
    errors = np.std(found, axis=0, ddof=1) / math.sqrt(draws)
    bias = 3 / n  # of the second order
    difference = np.abs(np.mean(found, axis=0) - [expected.eigenvalue, expected.overlap])
    assert (difference < 4 * errors + bias).all()
    # a weight u_i^2 has the variance 2 / n^2
    pulls = 1 / (float(expected.eigenvalue) - values)
    spread = math.sqrt(2 / n * pulls.var()) / (pulls**2).mean()
    assert np.std(found, axis=0, ddof=1)[0] == pytest.approx(spread, rel=4 / math.sqrt(2 * draws))


@pytest.mark.slow
def test_an_outlier_of_a_large_rectangular_matrix():
    """Of 4000 x 1000: one draw, within four standard deviations of the random direction."""
    (N, M), theta = (4000, 1000), 3.0
    rng = np.random.default_rng(0)
    s = rng.uniform(0.5, 2, M)
    u, v = rng.standard_normal(N), rng.standard_normal(M)
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    W = np.zeros((N, M))
    W[np.arange(M), np.arange(M)] = s
    W += theta * np.outer(u, v)
    gram, vectors = np.linalg.eigh(W.T @ W)
    found = deformations.rectangular(theta, of(np.sort(s**2)), M / N)
    y = float(found.eigenvalue)
    z, x = math.sqrt(y), s**2
    all_x = np.append(x, np.zeros(N - M))
    short, long = z / (y - x), z / (y - all_x)
    crossed = (s**2 / (y - x) ** 2).sum() / (M * N)
    slope = -(
        ((y + x) / (y - x) ** 2).mean() * long.mean()
        + short.mean() * ((y + all_x) / (y - all_x) ** 2).mean()
    )
    parts = (
        (long.mean() ** 2 * 2 / M * short.var())
        + (short.mean() ** 2 * 2 / N * long.var())
        + (2 / theta) ** 2 * crossed
    )
    assert math.sqrt(gram[-1]) == pytest.approx(z, abs=4 * math.sqrt(parts) / abs(slope) + 3 / M)
    # squared cosines scatter by less than 2 / sqrt(M)
    right = vectors[:, -1]
    left = W @ right / math.sqrt(gram[-1])
    assert (v @ right) ** 2 == pytest.approx(float(found.short), abs=8 / math.sqrt(M))
    assert (u @ left) ** 2 == pytest.approx(float(found.long), abs=8 / math.sqrt(M))


def test_an_outlier_of_a_wigner_matrix_by_sampling():
    n, draws, theta = 300, 40, 2.0
    rng, found = np.random.default_rng(0), []
    for _ in range(draws):
        A = rng.standard_normal((n, n))
        W = (A + A.T) / math.sqrt(2 * n)
        W[0, 0] += theta
        e, v = np.linalg.eigh(W)
        found.append((e[-1], v[0, -1] ** 2))
    expected = deformations.wigner(theta)
    errors = np.std(found, axis=0, ddof=1) / math.sqrt(draws)
    difference = np.abs(np.mean(found, axis=0) - [expected.eigenvalue, expected.overlap])
    assert (difference < 4 * errors + 3 / n).all()
    # the variance of an outlier of the orthogonal ensemble is 2 (1 - 1 / theta^2) / n
    spread = math.sqrt(2 * (1 - 1 / theta**2) / n)
    assert np.std(found, axis=0, ddof=1)[0] == pytest.approx(spread, rel=4 / math.sqrt(2 * draws))


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`law` must have `stieltjes` and `edges`"):
        deformations.additive(1.0, semicircle)
    with pytest.raises(ArgumentError, match="`law` must have `stieltjes` and `edges`"):
        deformations.additive(1.0, 3.0, edges=(0, 1))
    with pytest.raises(ArgumentError, match="`edges` must be finite"):
        deformations.additive(1.0, semicircle, edges=(0, math.inf))
    with pytest.raises(ArgumentError, match="`strength` must not be negative"):
        deformations.multiplicative(-1.0, semicircle, edges=(0, 1))
    with pytest.raises(ArgumentError, match="`ratio` must be"):
        deformations.rectangular(1.0, semicircle, 2.0, edges=(0, 1))
    for strength in (math.nan, math.inf):
        with pytest.raises(ArgumentError, match="`strength` must be finite"):
            deformations.additive([1.0, strength], semicircle, edges=(-2, 2))
    with pytest.raises(ArgumentError, match="loses its digits"):
        deformations.multiplicative(1e8, semicircle, edges=(0, 1))
