"""Shuffles of the elements of matrices, drawn as WeightWatcher 0.7.7 draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.linalg.eigen import eigenvalues as _eigenvalues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra._typing import AnyArray, FloatArray

__all__ = ["generator", "replicas", "shuffled"]

_FEW, _REPLICAS = 100, 5  # layers of fewer than 100 eigenvalues are shuffled five times


def generator(rng: int | np.random.Generator | None, /) -> np.random.RandomState:
    """
    Return NumPy's legacy generator, which WeightWatcher uses.

    Parameters
    ----------
    rng : int, numpy.random.Generator or None
        Seed, generator from which a seed is drawn, or None for an unknown one.

    Returns
    -------
    numpy.random.RandomState
        The generator, in the state of NumPy's own after ``numpy.random.seed(rng)``.

    Raises
    ------
    ArgumentError
        If `rng` is not a seed.

    Examples
    --------
    >>> generator(0).randint(10)
    5
    """
    if isinstance(rng, np.random.Generator):
        rng = int(rng.integers(2**32))
    if rng is not None:
        _checks.count("rng", rng, at_least=0, at_most=2**32 - 1)
    return np.random.RandomState(None if rng is None else int(rng))


def replicas(num_evals: int, /) -> int:
    """
    Return how often WeightWatcher shuffles a layer for the law of its noise.

    Parameters
    ----------
    num_evals : int
        Number of eigenvalues of the layer.

    Returns
    -------
    int
        5 for fewer than 100 eigenvalues, else 1.

    Examples
    --------
    >>> replicas(99), replicas(100)
    (5, 1)
    """
    return _REPLICAS if num_evals < _FEW else 1


def shuffled(
    matrices: Sequence[AnyArray] | AnyArray, times: int, rng: np.random.RandomState, /
) -> FloatArray:
    """
    Shuffle the elements of each matrix, and return the eigenvalues of all.

    Parameters
    ----------
    matrices : sequence of array, or array of shape (rf, rows, columns)
        Matrices of one layer.
    times : int
        Number of shuffles of each matrix.
    rng : numpy.random.RandomState
        NumPy's legacy generator.

    Returns
    -------
    ndarray
        Eigenvalues of all shuffled matrices, ascending.

    Examples
    --------
    >>> import numpy as np
    >>> shuffled(np.array([[[3.0], [4.0]]]), 2, generator(0))
    array([25., 25.])
    """
    values = []
    for W in [W for _ in range(times) for W in matrices]:
        elements = W.flatten()
        rng.shuffle(elements)
        values.append(_eigenvalues(elements.reshape(W.shape), rtol=np.inf))
    return np.sort(np.concatenate(values))
