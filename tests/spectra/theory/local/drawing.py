"""Spectra of random matrices whose local statistics are known, drawn as dense matrices."""

import numpy as np


def _matrices(rng, shape, beta):
    """Return matrices of standard real, complex or quaternion elements times the root of beta."""
    parts = rng.standard_normal((4, *shape))
    W = parts[0] if beta == 1 else parts[0] + 1j * parts[1]
    if beta == 4:  # a quaternion a + bi + cj + dk is a complex 2 x 2 matrix
        V = parts[2] + 1j * parts[3]
        W = np.block([[W, V], [-V.conj(), W.conj()]])
    return W


def hermitian(rng, num, n, beta):
    """Return eigenvalues of symmetric, Hermitian or self-dual matrices, their law on -2 to 2."""
    W = _matrices(rng, (num, n, n), beta)
    x = np.linalg.eigvalsh(W + W.conj().swapaxes(1, 2))[:, :: 2 if beta == 4 else 1]
    return x / np.sqrt(2 * beta * n)


def noise(rng, N, M, beta, num):
    """Return eigenvalues of W.T @ W for real, complex or quaternion elements of variance 1."""
    W = _matrices(rng, (num, N, M), beta)
    x = np.linalg.eigvalsh(W.conj().swapaxes(1, 2) @ W)[:, :: 2 if beta == 4 else 1]
    return x / beta


def semicircle(x):
    """Return the distribution function of the law on -2 to 2."""
    x = np.clip(x, -2, 2)
    return 0.5 + x * np.sqrt(4 - x**2) / (4 * np.pi) + np.arcsin(x / 2) / np.pi
