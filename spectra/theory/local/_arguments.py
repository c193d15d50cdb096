"""Arguments that the local statistics share: spectra along the last axis, probabilities, beta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._spectral import nonzero, one_matrix
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["ascending", "known_beta", "lengths_of", "probabilities"]


def ascending(eigenvalues: npt.ArrayLike, name: str = "eigenvalues", /) -> FloatArray:
    """Return eigenvalues sorted along the last axis, those that are not finite last as ``nan``."""
    one_matrix(eigenvalues)  # spacings between eigenvalues of two matrices mean nothing
    x = _checks.real_numbers(nonzero(eigenvalues), name)
    if not x.ndim:
        msg = f"`{name}` must be an array of eigenvalues along the last axis, got one number"
        raise ArgumentError(msg)
    x[~np.isfinite(x)] = np.nan
    return np.sort(x, axis=-1)


def known_beta(beta: int, /, *, independent: bool = True) -> int:
    """Return beta if it is 1, 2 or 4, or 0 where independent numbers have a law too."""
    _checks.choice("beta", beta, (0, 1, 2, 4) if independent else (1, 2, 4))
    return int(beta)


def probabilities(q: npt.ArrayLike, /) -> FloatArray:
    """Return probabilities as an array; refuse others."""
    values = _checks.real_numbers(q, "q")
    if not np.all((values >= 0) & (values <= 1)):
        msg = f"`q` must be a probability, from 0 to 1, got {q!r}"
        raise ArgumentError(msg)
    return values


def lengths_of(lengths: npt.ArrayLike, /) -> FloatArray:
    """Return lengths of intervals as an array; refuse negative and infinite ones."""
    values = _checks.real_numbers(lengths, "lengths")
    if not np.all((values >= 0) & (values < np.inf)):
        msg = f"`lengths` must be finite and at least 0, in mean spacings, got {lengths!r}"
        raise ArgumentError(msg)
    return values
