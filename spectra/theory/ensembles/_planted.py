"""Ensembles of noise with a planted signal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import (
    checked_shape,
    checked_stack,
    expected_spikes,
    noise_edges,
    orthonormal,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["spiked"]


def _planted(
    shape: tuple[int, int], theta: FloatArray, stack: tuple[int, ...], random: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw noise of variance 1 with a signal of these strengths; and the planted directions."""
    rows, columns = shape
    noise = random.standard_normal((*stack, rows, columns))
    left = orthonormal((*stack, rows, theta.shape[-1]), random)
    right = orthonormal((*stack, columns, theta.shape[-1]), random)
    scaled = math.sqrt(max(rows, columns)) * (left * theta[..., None, :])
    return noise + scaled @ right.swapaxes(-1, -2), left, right


def spiked(
    shape: tuple[int, int],
    /,
    *,
    strengths: Iterable[float],
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of Gaussian noise plus a planted signal of low rank.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    strengths : iterable of float
        Singular values of the signal, one per direction, in units of :math:`\sigma \sqrt N`.
    std : float, default: 1.0
        Standard deviation of the noise.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges, a spike for every strength above the limit, and the planted
        directions in the order of `strengths`.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    With :math:`\gamma = M/N` a strength :math:`\theta > \gamma^{1/4}` gives an eigenvalue at
    :math:`\sigma^2 N (1 + \theta^2)(\gamma + \theta^2) / \theta^2`; a smaller strength gives no
    eigenvalue outside the bulk. Eigenvalues of strengths closer to each other than about
    :math:`N^{-1/2}` repel each other.

    References
    ----------
    Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> sample = spiked((400, 100), strengths=[0.5, 2.0], rng=np.random.default_rng(0))
    >>> sample.spikes, sample.right.shape
    ((2125.0,), (100, 2))
    """
    (rows, columns), scale = checked_shape(shape), positive(std, "std")
    theta = np.array(list(strengths) if isinstance(strengths, Iterable) else strengths, np.float64)
    if theta.ndim != 1 or not (np.isfinite(theta) & (theta >= 0)).all():
        msg = f"`strengths` must be finite numbers, none negative, got {strengths!r}"
        raise ArgumentError(msg)
    if len(theta) > min(rows, columns):
        msg = f"`strengths` must be at most as many as the shorter side, got {len(theta)}"
        raise ArgumentError(msg)
    random = _checks.generator(rng)
    W, left, right = _planted((rows, columns), theta, checked_stack(num), random)
    spikes = expected_spikes((rows, columns), scale, theta.tolist())
    edges = noise_edges((rows, columns), scale**2)
    return Sample(scale * W, *edges, spikes=spikes, left=left, right=right, strengths=theta)
