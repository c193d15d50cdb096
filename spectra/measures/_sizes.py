"""Measures of norms, ranks and elements."""

from __future__ import annotations

import math
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

import spectra.linalg.norms as _norms
import spectra.linalg.ranks as _ranks
import spectra.linalg.weibull as _weibull
import spectra.noise.baselines as _baselines
import spectra.noise.lower_edge as _lower_edge
import spectra.noise.tracy_widom as _tw
from spectra._spectral import matrices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._spectrum import Spectrum
    from spectra._typing import FloatArray

__all__ = ["element_law", "energy_spread", "rank", "size"]

_FEWEST = 8  # columns from which on the laws of the edges hold


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


def energy_spread(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Compute how many directions carry a layer, by several definitions, and the values of noise.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer.

    Returns
    -------
    mapping of str to float
        `effective_rank`, `rank_90`, `rank_99`, `participation_ratio`, `nuclear_norm` and
        `condition_number` (of the worst matrix; ``nan`` if it is singular to within rounding), each
        with the value for noise of the same shape, and of the same scale in each matrix, as
        ``*_noise``.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = energy_spread(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> found["rank_90"], found["rank_90_noise"]
    (134, 133)
    >>> round(found["effective_rank"]), round(found["effective_rank_noise"])
    (185, 185)
    """
    scales = spectrum.by_matrix.mean(axis=1)
    noise = _baselines.eigenvalues(spectrum.M, spectrum.ratio, scales=scales)
    own, null = _spread(spectrum.eigenvalues), _spread(noise)
    full = all(_ranks.matrix_rank(row, spectrum.N) == spectrum.M for row in spectrum.by_matrix)
    return {
        **own,
        **{f"{name}_noise": value for name, value in null.items()},
        "condition_number": _worst_condition(spectrum.by_matrix) if full else math.nan,
        "condition_number_noise": _condition_of_noise(spectrum.N, spectrum.M, spectrum.rf),
    }


def _spread(eigenvalues: FloatArray) -> dict[str, float]:
    return {
        "effective_rank": _ranks.effective_rank(eigenvalues),
        "rank_90": _ranks.energy_rank(eigenvalues, share=0.9),
        "rank_99": _ranks.energy_rank(eigenvalues, share=0.99),
        "participation_ratio": _ranks.participation_ratio(eigenvalues),
        "nuclear_norm": _norms.nuclear(eigenvalues),
    }


def _worst_condition(by_matrix: FloatArray) -> float:
    return max(_norms.condition_number(row) for row in by_matrix)


def _condition_of_noise(N: int, M: int, rf: int) -> float:
    """Return the median over noise of the largest condition number of several matrices."""
    if M < _FEWEST:
        return math.nan
    smallest = _lower_edge.isf(0.5 ** (1 / rf), N, M)
    centre, width = _tw.scale(N, M)
    return math.sqrt(float(centre + width * _tw.isf(0.5)) / smallest)


def element_law(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Compute the shape of the distribution of the elements of a layer.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices.

    Returns
    -------
    mapping of str to float
        `kurtosis`, the excess kurtosis without huge elements, and `weibull_shape` of the absolute
        elements, means over the matrices that are not all zero; and `weibull_shape_noise`.

    Raises
    ------
    ArgumentError
        If the spectrum has no matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = element_law(spectrum(np.random.default_rng(0).laplace(size=(400, 200))))
    >>> round(found["kurtosis"]), round(found["weibull_shape"], 2)
    (2, 1.0)
    """
    used = [live.size > 0 for live in spectrum.live_elements]
    shapes = [*map(_weibull.shape, compress(matrices_of(spectrum), used))]
    kurtosis = [*compress(spectrum.kurtosis, used)]
    return {
        "kurtosis": float(np.mean(kurtosis)),
        "weibull_shape": float(np.mean(shapes)),
        "weibull_shape_noise": _weibull.SHAPE_OF_NORMAL,
    }
