"""Ensembles of noise with a planted signal: chosen strengths, or strengths of a power law."""

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

__all__ = ["spiked", "trained_like"]


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


def trained_like(
    shape: tuple[int, int],
    /,
    *,
    alpha: float,
    rank: int,
    weakest: float = 1.0,
    std: float = 1.0,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix like that of a trained layer: a bulk of noise plus a signal with a power law.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    alpha : float
        Exponent of the density of the squared strengths, at least 1.1.
    rank : int
        Number of planted directions, at most the shorter side.
    weakest : float, default: 1.0
        Strength at which the power law starts, in units of :math:`\sigma \sqrt N`. All strengths
        from :math:`(M/N)^{1/4}` up, so also from 1 up, give an eigenvalue above the bulk.
    std : float, default: 1.0
        Standard deviation of the noise.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges of the bulk, alpha, the strengths that were drawn, largest first,
        and the planted directions in that order. A single matrix has its spikes too. The matrices
        of a stack have strengths of their own, and so no spikes in common.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    spiked : Noise with strengths of your choice.

    Notes
    -----
    The strengths :math:`\theta` are independent, with :math:`P(\theta^2 > x) =
    (x / \theta_0^2)^{1 - \alpha}` from the weakest :math:`\theta_0` up; left and right
    directions are uniform. A strength gives an eigenvalue at
    :math:`\sigma^2 N (\theta^2 + 1 + \gamma + \gamma / \theta^2)`, with
    :math:`\gamma = M/N`, as long as the rank is small beside M. So the density of the largest
    eigenvalues falls off with the exponent alpha, and nearer to the bulk the eigenvalues stand by
    :math:`1 + \gamma` too high: an exponent fitted there is larger than alpha.

    References
    ----------
    Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, section 3.1. Martin &
    Mahoney (2021), JMLR 22(165), for such spectra in trained networks.

    Examples
    --------
    >>> import numpy as np
    >>> sample = trained_like((400, 100), alpha=2.5, rank=3, rng=np.random.default_rng(0))
    >>> sample.upper_edge, sample.alpha, np.round(sample.spikes).tolist()
    (900.0, 2.5, [1340.0, 1193.0, 1004.0])
    """
    checked, scale = checked_shape(shape), positive(std, "std")
    _checks.number("alpha", alpha, at_least=1.1, below=math.inf)
    _checks.count("rank", rank, at_most=min(checked))
    start, stack = positive(weakest, "weakest"), checked_stack(num)
    random = _checks.generator(rng)
    excess = random.standard_exponential((*stack, int(rank)))  # of log theta^2, times alpha - 1
    theta = start * np.exp(0.5 * np.sort(excess)[..., ::-1] / (float(alpha) - 1))
    W, left, right = _planted(checked, theta, stack, random)
    spikes = () if stack else expected_spikes(checked, scale, theta.tolist())
    edges = noise_edges(checked, scale**2)
    return Sample(scale * W, *edges, float(alpha), spikes, left, right, theta)
