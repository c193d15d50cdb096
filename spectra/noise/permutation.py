r"""
Randomize a matrix by permuting its elements, and compare the spectra before and after.

Permuting the elements of W keeps their distribution and destroys every correlation between them. A
feature of the spectrum that disappears was in the arrangement of the elements, which a layer
learns; a feature that stays is in the elements themselves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import matrices_of, matrix_of
from spectra.errors import ArgumentError
from spectra.linalg._packing import copied, live_lines, packed, unpack
from spectra.linalg.eigen import eigenvalues

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["PermutedSpectra", "jensen_shannon", "permuted", "permuted_spectra", "rand_distance"]


RTOL = 0.01
"""Relative error of the smallest eigenvalues of a permuted matrix, next to huge elements too."""

_ROUNDING = 1e-9  # of the largest eigenvalue, by which equal eigenvalues may differ


class PermutedSpectra(NamedTuple):
    """
    Spectra of matrices with permuted elements, and the seeds that repeat the permutations.

    Examples
    --------
    >>> PermutedSpectra._fields
    ('eigenvalues', 'orders')
    """

    eigenvalues: FloatArray
    """Eigenvalues, shape (replicas, rf, M), each row ascending, in weight units squared."""
    orders: list[list[int]]
    """Seed of :func:`permuted` for each replica and matrix."""


def permuted(W: npt.ArrayLike, /, *, rng: int | np.random.Generator | None = 0) -> AnyArray:
    """
    Put the elements of a matrix in random order.

    Parameters
    ----------
    W : array_like
        Matrix, or array of any shape.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the order: the same int orders all matrices of the same shape alike.

    Returns
    -------
    ndarray
        Array of the shape of W with the same elements. Rows and columns of zeros, which dead
        neurons leave, stay where they are.

    Raises
    ------
    ArgumentError
        If `rng` is not a whole number from 0, a generator or None.

    Notes
    -----
    The elements are put in order in one copy, in the type in which they are stored.

    Examples
    --------
    >>> permuted([[1, 2], [3, 4]], rng=0).tolist()
    [[3, 1], [2, 4]]
    """
    array, order = copied(matrix_of(W)), _checks.generator(rng)
    if array.ndim != 2:
        order.shuffle(array.reshape(-1))
        return array
    lines = live_lines(array)
    order.shuffle(packed(array, *lines).reshape(-1))
    unpack(array, *lines)
    return array


def permuted_spectra(
    matrices: npt.ArrayLike,
    /,
    *,
    replicas: int = 1,
    rng: int | np.random.Generator | None = 0,
    device: str | None = None,
) -> PermutedSpectra:
    """
    Compute the spectra of matrices with their elements in random order.

    Parameters
    ----------
    matrices : array_like, shape (rf, m, n) or (m, n), or Spectrum
        Matrices in weight units; the elements of each matrix are permuted among themselves.
    replicas : int, default: 1
        Number of random orders.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the orders; the first replicas do not depend on the number of `replicas`.
    device : str, optional
        Library and device that compute the eigenvalues, as in :func:`spectra.eigenvalues`.

    Returns
    -------
    PermutedSpectra
        Eigenvalues of shape (replicas, rf, min(m, n)), and the seeds of the orders.

    Raises
    ------
    ArgumentError
        If `replicas` is not at least 1, `rng` or `device` is wrong, or `matrices` are not matrices.
    DeviceError
        If a device has too little memory, or fails.

    Warns
    -----
    RuntimeWarning
        If an eigenvalue is outside the range of float64, as in :func:`spectra.eigenvalues`.

    Examples
    --------
    >>> permuted_spectra([[3.0, 0.0], [0.0, 0.0]], replicas=2, rng=0).eigenvalues.tolist()
    [[[0.0, 9.0]], [[0.0, 9.0]]]
    """
    _checks.count("replicas", replicas)
    stack = matrices_of(matrices)
    if replicas > 1:  # reads a matrix of a file once
        stack = [np.asarray(W) for W in stack]
    drawn = _checks.generator(rng).integers(2**63, size=(replicas, len(stack)))
    orders: list[list[int]] = drawn.tolist()
    spectra = [
        [
            eigenvalues(permuted(W, rng=order), rtol=RTOL, device=device)
            for W, order in zip(stack, row, strict=True)
        ]
        for row in orders
    ]
    return PermutedSpectra(np.array(spectra), orders)


def rand_distance(eigenvalues: npt.ArrayLike, others: npt.ArrayLike, /) -> float:
    r"""
    Compute the distance of two sorted spectra, eigenvalue by eigenvalue, as WeightWatcher does.

    Parameters
    ----------
    eigenvalues, others : array_like or Spectrum
        Equal numbers of eigenvalues, in the same units.

    Returns
    -------
    float
        :math:`\sqrt{(KL(\lambda || m) + KL(\lambda' || m)) / 2}`, from 0, for both spectra sorted
        and m their mean, each of the three then divided by its sum; ``nan`` if all eigenvalues of
        a spectrum are zero.

    Raises
    ------
    ArgumentError
        If the numbers of eigenvalues differ, or are 0.

    See Also
    --------
    jensen_shannon : Divergence of the spectral densities, as published.

    References
    ----------
    WeightWatcher 0.7.7, column ``rand_distance``.

    Examples
    --------
    >>> rand_distance([1.0, 2.0], [2.0, 1.0]), round(rand_distance([0.0, 1.0], [1.0, 1.0]), 3)
    (0.0, 0.482)
    """
    x, y = (np.sort(_checks.as_real(v), axis=None) for v in (eigenvalues, others))
    if len(x) != len(y) or not len(x):
        got = f"{len(x)} and {len(y)}"
        msg = f"`eigenvalues` and `others` must be equal in number, at least 1, got {got}"
        raise ArgumentError(msg)
    if not (x.sum() > 0 and y.sum() > 0):
        return math.nan
    middle = (x + y) / 2
    total = sum(_divergence(v / v.sum(), middle / middle.sum()) for v in (x, y))
    return float(np.sqrt(max(total / 2, 0.0)))


def _divergence(p: FloatArray, q: FloatArray) -> float:
    """Return the Kullback-Leibler divergence KL(p || q) in nats; p may hold zeros."""
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / q[some])))


def jensen_shannon(
    eigenvalues: npt.ArrayLike, others: npt.ArrayLike, /, *, bins: int | None = None
) -> float:
    r"""
    Compute the Jensen-Shannon divergence of two empirical spectral densities.

    Parameters
    ----------
    eigenvalues, others : array_like or Spectrum
        Eigenvalues of the two spectra, in the same units.
    bins : int, optional
        Number of bins of the histograms; by default the root of the number of eigenvalues.

    Returns
    -------
    float
        Divergence in nats: from 0 for equal densities to :math:`\ln 2` for densities without
        overlap.

    Raises
    ------
    ArgumentError
        If a spectrum is empty, or `bins` is not a whole number from 1.

    Notes
    -----
    The divergence is the same for densities of any function of the eigenvalues, so the bins may be
    chosen to hold equal numbers of both spectra together: such bins resolve a bulk even if one
    eigenvalue is a million times larger. Two samples of n from the same density have a divergence
    of about (bins - 1) / (8 n), less for spectra, whose eigenvalues are evenly spaced.

    References
    ----------
    Lin (1991), doi:10.1109/18.61115, for the divergence; Martin & Mahoney (2021), JMLR 22(165),
    for its use on spectra.

    Examples
    --------
    >>> round(jensen_shannon([1.0, 2.0, 3.0], [7.0, 8.0, 9.0]), 4)
    0.6931
    """
    x, y = (_checks.as_real(v).ravel() for v in (eigenvalues, others))
    if not len(x) or not len(y):
        msg = f"`eigenvalues` and `others` must not be empty, got {len(x)} and {len(y)}"
        raise ArgumentError(msg)
    if bins is not None:
        _checks.count("bins", bins)
    num = max(2, round(np.sqrt(min(len(x), len(y))))) if bins is None else bins
    both = np.concatenate([x, y])
    inner = np.unique(np.quantile(both, np.arange(1, num) / num, method="closest_observation"))
    inner += _ROUNDING * np.abs(both).max()  # equal eigenvalues, computed twice, share a bin
    p, q = (np.bincount(np.searchsorted(inner, v), minlength=len(inner) + 1) for v in (x, y))
    shares = p / len(x), q / len(y)
    middle = (shares[0] + shares[1]) / 2
    return max(0.0, sum(_divergence(share, middle) for share in shares) / 2)
