"""Bands of many spikes against the roots of polynomials, and against sampled matrices."""

import math

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

from spectra.theory import many_spikes

NODES = 48  # of Gauss's rule for a density that ends as a square root


def without(atoms, i):
    """Return the product of the distances from all atoms but one, as a polynomial."""
    others = [a for j, a in enumerate(atoms) if j != i]
    return math.prod((Polynomial([-a, 1.0]) for a in others), start=Polynomial([1.0]))


def upper(roots):
    """Return the roots above the real line, and 0 as a last one, which counts as no density."""
    return np.append(roots[roots.imag > 1e-9 * np.abs(roots).max()], 1.0)


def of_symmetric(x, atoms, mass, variance):
    """Return the density of a semicircle plus the atoms, from G = sum of m / (x - s^2 G - a)."""
    product = without(atoms, -1)
    steps = sum(m * without(atoms, i) for i, m in enumerate(mass))
    equation = (Polynomial([x, -1.0])) * product - variance * steps  # in w = x - s^2 G
    return upper(equation.roots()).imag.max() / (math.pi * variance)


def of_rectangular(x, atoms, mass, ratio):
    """Return the density of Dozier and Silverstein, from x = w h^2 + (1 - ratio) h."""
    product = without(atoms, -1)
    h = product + ratio * sum(m * without(atoms, i) for i, m in enumerate(mass))  # times product
    w = Polynomial([0.0, 1.0])
    equation = x * product**2 - w * h**2 - (1 - ratio) * h * product
    found = upper(equation.roots())[:-1]
    slope = 1 + ratio * (np.array(mass) / (found[:, None] - np.array(atoms))).sum(axis=1)
    return np.abs((1 / slope).imag).max(initial=0.0) / (ratio * math.pi)


def held(density, bands):
    """Return the share of each band by Gauss's rule."""
    angle = np.arange(1, NODES + 1) * math.pi / (NODES + 1)
    found = []
    for low, high in bands.edges:
        places = (low + high) / 2 + (high - low) / 2 * np.cos(angle)
        heights = np.array([density(x) for x in places])
        found.append(math.pi / (NODES + 1) * (high - low) / 2 * heights @ np.sin(angle))
    return found


def check(density, bands):
    """Compare the shares of bands with integrals, and gaps and outer parts with no density."""
    np.testing.assert_allclose(held(density, bands), bands.shares, atol=0.003)
    gaps = np.append(bands.edges[:-1, 1] + bands.edges[1:, 0], [])
    for middle in gaps / 2:
        assert density(middle) == 0
    width = bands.edges[-1, 1] - bands.edges[0, 0]
    assert density(bands.edges[-1, 1] + 1e-3 * width) == 0
    assert density(bands.edges[-1, 1] - 1e-3 * width) > 0


strengths = st.lists(
    st.integers(2, 20).map(lambda k: k / 4), min_size=1, max_size=2, unique=True
)  # apart from each other, since the roots of polynomials lose digits where atoms are close
shares = st.lists(st.floats(0.02, 0.3), min_size=2, max_size=2)


def atoms_of(places, mass):
    return [*places, 0.0], [*mass, 1 - sum(mass)]


@settings(max_examples=12, deadline=None)
@given(strengths, st.sampled_from([-1, 1]), shares, st.floats(0.2, 4.0))
def test_bands_of_symmetric_matrices_hold_the_density_of_the_polynomial(theta, sign, mass, var):
    theta = [theta[0], *(sign * t for t in theta[1:])]
    mass = mass[: len(theta)]
    bands = many_spikes.symmetric(theta, mass, variance=var)
    assume(clear(bands))
    places, parts = atoms_of(theta, mass)
    check(lambda x: of_symmetric(x, places, parts, var), bands)


@settings(max_examples=12, deadline=None)
@given(strengths, shares, st.floats(0.1, 0.9))
def test_bands_of_rectangular_matrices_hold_the_density_of_the_polynomial(theta, mass, ratio):
    mass = mass[: len(theta)]
    bands = many_spikes.rectangular(theta, mass, ratio)
    assume(clear(bands) and bands.edges[0, 0] > 0.01 * bands.edges[0, 1])
    places, parts = atoms_of([t**2 for t in theta], mass)
    check(lambda x: of_rectangular(x, places, parts, ratio), bands)


def clear(bands):
    """Return whether gaps and bands have a width in which they can be told from closed ones."""
    edges = bands.edges.ravel()
    return (np.diff(edges) > 0.02 * (edges[-1] - edges[0])).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(1.5, 4.0), st.integers(3, 60), st.floats(0.2, 0.9), st.integers(0, 2**32))
@example(3.0, 60, 0.5, 0)
def test_sampled_matrices_have_as_many_eigenvalues_in_each_band(theta, num, ratio, seed):
    """Beyond a gap lie exactly as many eigenvalues as spikes (Bai and Silverstein 1998)."""
    M = 200
    N = round(M / ratio)
    bands = many_spikes.rectangular([theta], [num / M], M / N)
    assume(len(bands.shares) == 2)
    below, above = bands.edges[0], bands.edges[1]
    # ends of bands scatter by their width times m^(-2/3), in singular values a number of order 1
    margins = [
        3 * (high - low) * n ** (-2 / 3)
        for (low, high), n in zip(bands.edges, (M - num, num), strict=True)
    ]
    assume(above[0] - below[1] > sum(margins))
    W = np.random.default_rng(seed).standard_normal((N, M)) / math.sqrt(N)
    W[np.arange(num), np.arange(num)] += theta
    values = np.linalg.eigvalsh(W.T @ W)
    beyond = values > below[1] + (above[0] - below[1]) * margins[0] / sum(margins)
    assert beyond.sum() == num
    assert abs(values[-1] - above[1]) < margins[1] + above[1] * 3 * (2 / N) ** 0.5
