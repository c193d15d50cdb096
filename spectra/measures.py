"""
Measures: functions from the spectrum of a layer to a few named results.

A measure is called with one :class:`~spectra.eigen.Spectrum`, all of it finite and its largest
eigenvalue positive, and returns a mapping of variable names to numbers. Options belong to the
measure that uses them: set them with :func:`functools.partial`. A function of your own is as good
as these; declare what it returns with :class:`~spectra.variables.Variable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

import spectra.norms as _norms
import spectra.power_law as _power_law
import spectra.ranks as _ranks
from spectra.verdicts import judge

if TYPE_CHECKING:
    from spectra.eigen import Spectrum
    from spectra.power_law import Estimator

__all__ = ["CORE", "Measure", "norms", "power_law", "ranks"]

Measure = Callable[["Spectrum"], Mapping[str, float]]
"""The type of a measure."""


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
    >>> from spectra.eigen import spectrum
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
    >>> from spectra.eigen import spectrum
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


def power_law(spectrum: Spectrum, /, *, estimator: Estimator = "published") -> Mapping[str, float]:
    """
    Fit a power law to the tail and say what its exponent means.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer; eigenvalues that are zero to within rounding are left out.
    estimator : {"published", "n", "n-1"}, default: "published"
        As in :func:`spectra.power_law.fit`.

    Returns
    -------
    mapping of str to float
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_pl_spikes`, `alpha_weighted`,
        `log_alpha_norm`, `fit_status` and `verdict`.

    Examples
    --------
    >>> from spectra.eigen import spectrum
    >>> power_law(spectrum([[1.0, 2.0]]))["fit_status"]
    <FitStatus.TOO_FEW_EIGENVALUES: 2>
    """
    values = spectrum.eigenvalues
    fit = _power_law.fit(values[values > spectrum.zero], estimator=estimator)
    return {
        "alpha": fit.alpha,
        "xmin": fit.xmin,
        "xmax": fit.xmax,
        "D": fit.D,
        "sigma": fit.sigma,
        "num_pl_spikes": fit.num_tail,
        "alpha_weighted": fit.alpha * _norms.log10(spectrum.lambda_max),
        "log_alpha_norm": _norms.log_schatten(values, fit.alpha),
        "fit_status": fit.status,
        "verdict": judge(fit.alpha),
    }


CORE: tuple[Measure, ...] = (norms, ranks, power_law)
"""The measures taken by default."""
