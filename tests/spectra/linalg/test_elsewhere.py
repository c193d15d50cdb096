"""Eigenvalues of arrays of other libraries: the numbers of NumPy, by the standard's functions."""

import importlib
from importlib.util import find_spec

import array_api_strict
import numpy as np
import pytest

from spectra import eigenvalues
from spectra.errors import ArgumentError


def strict(W):
    return array_api_strict.asarray(W)


def torch(W):
    return importlib.import_module("torch").asarray(W)


def jax(W):
    importlib.import_module("jax").config.update("jax_enable_x64", True)
    return importlib.import_module("jax.numpy").asarray(W)


def gaussian(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


SHAPES = [(300, 20), (20, 300), (30, 30), (1, 1), (1, 50), (50, 1), (3, 0), (0, 0)]
KINDS = {
    "plain": lambda W: W,
    "huge": lambda W: W * 1e150,
    "tiny": lambda W: W * 1e-130,
    "zero": lambda W: W * 0,
    "float32": lambda W: W.astype(np.float32),
    "int8": lambda W: (9 * W).astype(np.int8),
    "nearly singular": lambda W: W * np.where(np.arange(W.shape[1]) == 1, 1e-9, 1),
    "a column of zeros": lambda W: W * (np.arange(W.shape[1]) > 0),
}
INSTALLED = [library for library in (torch, jax) if find_spec(library.__name__)]
libraries = pytest.mark.parametrize("library", [strict, *INSTALLED])


@libraries
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [150, 1 << 22])
def test_eigenvalues_are_those_of_numpy(monkeypatch, library, shape, kind, block):
    W = KINDS[kind](gaussian(0, shape))
    there = library(W)
    expected = eigenvalues(W)
    monkeypatch.setattr("spectra.linalg._elsewhere.BLOCK", block)
    found = eigenvalues(there)
    assert type(found) is np.ndarray
    assert found.dtype == np.float64
    exact = expected > 1e-20 * expected.max(initial=0)
    np.testing.assert_allclose(found[exact], expected[exact], rtol=3e-6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * expected.max(initial=0))
    np.testing.assert_allclose(
        eigenvalues(there, rtol=np.inf), found, rtol=0, atol=1e-13 * (expected.max(initial=0))
    )


@libraries
def test_eigenvalues_scale_to_the_last_bit(library):
    W = gaussian(0, (60, 20))
    found = eigenvalues(library(W))
    for k in (-480, -3, 400):
        assert eigenvalues(library(np.ldexp(W, k))).tobytes() == np.ldexp(found, 2 * k).tobytes()


@libraries
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_gives_nan(library, bad):
    W = gaussian(0, (5, 4))
    W[2, 1] = bad
    assert np.isnan(eigenvalues(library(W))).all()


@libraries
@pytest.mark.parametrize("W", [np.zeros(3), np.zeros((2, 2, 2)), np.eye(2) * 1j])
def test_no_real_matrix_is_refused(library, W):
    with pytest.raises(ArgumentError, match="`W` must be a matrix of real numbers, got"):
        eigenvalues(library(W))


@libraries
def test_eigenvalues_outside_the_range_are_told(library):
    with pytest.warns(RuntimeWarning, match="outside the range of float64") as told:
        eigenvalues(library(gaussian(0, (5, 4)) * 1e200))
    assert told[0].filename == __file__


def test_torch_numbers_of_16_bits_and_gradients():
    torch = pytest.importorskip("torch")
    W = torch.asarray(gaussian(0, (30, 20))).to(torch.bfloat16)
    expected = eigenvalues(W.to(torch.float64).numpy())
    np.testing.assert_allclose(eigenvalues(W), expected, rtol=1e-12)
    np.testing.assert_allclose(eigenvalues(W.requires_grad_()), expected, rtol=1e-12)


def test_a_library_without_float64_is_refused():
    pytest.importorskip("jax").config.update("jax_enable_x64", False)
    W = importlib.import_module("jax.numpy").ones((3, 2))
    told = pytest.warns(UserWarning, match="jax_enable_x64")  # by JAX itself
    with told, pytest.raises(ArgumentError, match=r"float64.*jax_enable_x64"):
        eigenvalues(W)
