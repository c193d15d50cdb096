"""Measures of norms and ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.linalg.norms as _norms
import spectra.linalg.ranks as _ranks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._spectrum import Spectrum

__all__ = ["rank", "size"]


def size(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Compute the norms and the stable rank of a layer.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer.

    Returns
    -------
    mapping of str to float
        `norm`, `log_norm`, `spectral_norm`, `log_spectral_norm`, `lambda_max`, `sv_max`, `sv_min`
        and `stable_rank`.

    Examples
    --------
    >>> from spectra import spectrum
    >>> size(spectrum([[3.0, 0.0], [0.0, 4.0]]))["norm"]
    25.0
    """
    values = spectrum.eigenvalues
    norm, largest = _norms.frobenius(spectrum), spectrum.lambda_max
    return {
        "norm": norm,
        "log_norm": _norms.log10(norm) + spectrum.decades,
        "spectral_norm": largest,
        "log_spectral_norm": _norms.log10(largest) + spectrum.decades,
        "lambda_max": largest,
        "sv_max": float(np.sqrt(largest)),
        "sv_min": float(np.sqrt(values[0])),
        "stable_rank": _norms.stable_rank(spectrum),
    }


def rank(spectrum: Spectrum, /, *, tolerance: float = 1e-6) -> Mapping[str, float]:
    """
    Compute the numerical rank of a layer and the entropy of its spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer.
    tolerance : float, default: 1e-6
        Eigenvalue below which a direction counts as weak, in weight units squared.

    Returns
    -------
    mapping of str to float
        `matrix_rank`, `rank_loss`, `weak_rank_loss` and `entropy`.

    Examples
    --------
    >>> from spectra import spectrum
    >>> rank(spectrum([[1.0, 0.0], [0.0, 0.0]]))["rank_loss"]
    1
    """
    found = _ranks.matrix_rank(spectrum)
    kept = sum(_ranks.matrix_rank(row, spectrum.N) for row in spectrum.by_matrix)
    return {
        "matrix_rank": found,
        "rank_loss": len(spectrum.eigenvalues) - kept,
        "weak_rank_loss": _ranks.num_below(spectrum, tolerance=tolerance),
        "entropy": _ranks.entropy(spectrum, found),
    }
