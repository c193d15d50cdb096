"""Measures of size: norms and ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.linalg.norms as _norms
import spectra.linalg.ranks as _ranks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.linalg.eigen import Spectrum

__all__ = ["norms", "ranks"]


def norms(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Measure the size of the weights.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer.

    Returns
    -------
    mapping of str to float
        `norm`, `log_norm`, `spectral_norm`, `log_spectral_norm`, `lambda_max`, `sv_max`, `sv_min`
        and `stable_rank`.

    Examples
    --------
    >>> from spectra.linalg.eigen import spectrum
    >>> norms(spectrum([[3.0, 0.0], [0.0, 4.0]]))["norm"]
    25.0
    """
    values = spectrum.eigenvalues
    norm, largest = _norms.frobenius(values), spectrum.lambda_max
    return {
        "norm": norm,
        "log_norm": _norms.log10(norm),
        "spectral_norm": largest,
        "log_spectral_norm": _norms.log10(largest),
        "lambda_max": largest,
        "sv_max": float(np.sqrt(largest)),
        "sv_min": float(np.sqrt(values[0])),
        "stable_rank": _norms.stable_rank(values),
    }


def ranks(spectrum: Spectrum, /, *, tolerance: float = 1e-6) -> Mapping[str, float]:
    """
    Measure how many directions the weights use, and how evenly.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer.
    tolerance : float, default: 1e-6
        Eigenvalues below it count as weak, in weight units squared.

    Returns
    -------
    mapping of str to float
        `matrix_rank`, `rank_loss`, `weak_rank_loss` and `entropy`.

    Examples
    --------
    >>> from spectra.linalg.eigen import spectrum
    >>> ranks(spectrum([[1.0, 0.0], [0.0, 0.0]]))["rank_loss"]
    1
    """
    values, N = spectrum.eigenvalues, spectrum.N
    rank = _ranks.matrix_rank(values, N)
    kept = sum(_ranks.matrix_rank(row, N) for row in spectrum.by_matrix)
    return {
        "matrix_rank": rank,
        "rank_loss": len(values) - kept,
        "weak_rank_loss": _ranks.num_below(values, tolerance=tolerance),
        "entropy": _ranks.entropy(values, rank),
    }
