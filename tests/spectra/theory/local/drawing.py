"""Spectra of random matrices whose local statistics are known, drawn as dense matrices."""

import numpy as np


def hermitian(rng, num, n, beta):
    """Return eigenvalues of symmetric, Hermitian or self-dual matrices, their law on -2 to 2."""
    parts = rng.standard_normal((4, num, n, n))
    W = parts[0] if beta == 1 else parts[0] + 1j * parts[1]
    if beta == 4:  # a quaternion a + bi + cj + dk is a complex 2 x 2 matrix
        V = parts[2] + 1j * parts[3]
        W = np.block([[W, V], [-V.conj(), W.conj()]])
    x = np.linalg.eigvalsh(W + W.conj().swapaxes(1, 2))[:, :: 2 if beta == 4 else 1]
    return x / np.sqrt(2 * beta * n)


def semicircle(x):
    x = np.clip(x, -2, 2)
    return 0.5 + x * np.sqrt(4 - x**2) / (4 * np.pi) + np.arcsin(x / 2) / np.pi
