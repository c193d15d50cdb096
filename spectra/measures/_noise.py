"""Measures of noise and signal: bulk, spikes, permuted elements and phase of training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.noise.bulk as _bulk
import spectra.noise.lower_edge as _lower_edge
import spectra.noise.permutation as _permutation
import spectra.noise.phases as _phases
import spectra.noise.signal as _signal
import spectra.noise.spikes as _spikes
import spectra.noise.traps as _traps
import spectra.noise.truncation as _truncation
from spectra.multiple_tests import combined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra._spectrum import Spectrum
    from spectra._typing import FloatArray
    from spectra.noise.spikes import Spikes

__all__ = [
    "alpha_bands",
    "bulk_fit",
    "randomized",
    "spike_signals",
    "training_phase",
]


_BULK_NAMES = (
    *("num_spikes", "spike_p", "noise_std", "sigma_mp", "bulk_min", "bulk_max", "mp_softrank"),
    *("bulk_D", "bulk_p", "smallest_p"),
)
_SMALL, _REPLICAS = 300, 5  # five replicas for matrices of up to 300 eigenvalues


def bulk_fit(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Fit the Marchenko-Pastur law to the bulk, and count the spikes above it.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer. Bulk and spikes are its :attr:`~spectra.Spectrum.spikes`; each matrix
        is tested against its own noise.

    Returns
    -------
    mapping of str to float
        `num_spikes`, `spike_p`, `noise_std`, `sigma_mp`, `bulk_min`, `bulk_max`, `mp_softrank`,
        `bulk_D`, `bulk_p` and `smallest_p`, over the matrices with at least 10 nonzero eigenvalues;
        ``nan`` without such a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = 0.1 * np.random.default_rng(0).standard_normal((400, 200))
    >>> found = bulk_fit(spectrum(W))
    >>> found["num_spikes"], round(found["noise_std"], 2)
    (0.0, 0.1)
    """
    detected = [
        (row, each)
        for row, each in zip(spectrum.by_matrix, spectrum.spikes, strict=True)
        if each.num >= 0  # nan for matrices that are too small
    ]
    if not detected:
        return dict.fromkeys(_BULK_NAMES, math.nan)
    found = [each for _, each in detected]
    variance, lower, upper, D, p = np.array([each.bulk for each in found]).T
    num, N, M = np.array([(each.num, each.N, each.M) for each in found]).T
    rest, noise = M - num, float(variance @ (N * M) / (N @ M))
    mean = sum(float(row.sum()) for row, _ in detected) / float(N @ M)
    return {
        "num_spikes": float(num.sum()),
        "spike_p": combined([each.p for each in found]),
        "noise_std": math.sqrt(noise),
        "sigma_mp": math.sqrt(noise / mean),
        "bulk_min": float(lower.min()),
        "bulk_max": float(upper.max()),
        "mp_softrank": min(each.bulk.upper / each.largest for each in found),
        "bulk_D": float(rest @ D / rest.sum()),
        "bulk_p": combined(p),
        "smallest_p": combined([_smallest_p(row, each) for row, each in detected]),
    }


def _smallest_p(row: FloatArray, found: Spikes) -> float:
    variance = found.bulk.variance
    return _lower_edge.p_value(row, found.N, variance=variance, num_spikes=int(found.num))


def _strengths(row: FloatArray, found: Spikes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return strength and overlaps for each eigenvalue of one matrix; nan if it is not a spike."""
    columns = np.full((3, len(row)), math.nan)
    if found.num > 0:
        top = slice(len(row) - int(found.num), None)
        N, M = (side - int(found.num) for side in (found.N, found.M))
        scale, ratio = found.bulk.variance * N, M / N
        strength = _signal.strength(row[top] / scale, ratio)
        columns[:, top] = strength * math.sqrt(scale), *_signal.overlaps(strength, ratio)
    return columns[0], columns[1], columns[2]


def spike_signals(spectrum: Spectrum, /) -> Mapping[str, Any]:
    """
    Estimate the signal behind each spike, and the optimal rank of a truncated layer.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer. Bulk and spikes are its :attr:`~spectra.Spectrum.spikes`; each matrix
        is tested against its own noise.

    Returns
    -------
    mapping of str to float or ndarray
        For each eigenvalue, the largest first, `spike_strength`, `spike_overlap_short` and
        `spike_overlap_long`, ``nan`` for eigenvalues that are not spikes; `gavish_donoho_rank` and
        `screenot_rank`.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.theory import ensembles
    >>> from spectra import spectrum
    >>> sample = ensembles.spiked((400, 200), strengths=[2.0], rng=np.random.default_rng(0))
    >>> found = spike_signals(spectrum(sample.W))
    >>> [round(float(found[name][0]), 1) for name in ("spike_strength", "spike_overlap_short")]
    [41.2, 0.9]
    """
    rows = spectrum.by_matrix
    columns = [_strengths(row, each) for row, each in zip(rows, spectrum.spikes, strict=True)]
    order = np.argsort(-rows, axis=None, kind="stable")
    strength, short, long = (
        np.concatenate([column[i] for column in columns])[order] for i in range(3)
    )
    return {
        "spike_strength": strength,
        "spike_overlap_short": short,
        "spike_overlap_long": long,
        "gavish_donoho_rank": _num_above(rows, spectrum.sides, _truncation.threshold),
        "screenot_rank": _num_above(rows, spectrum.sides, _truncation.screenot),
    }


def _num_above(
    rows: FloatArray, sides: list[int], threshold: Callable[[FloatArray, int], float]
) -> float:
    """Count the eigenvalues above the threshold of each matrix; nan if all have too few."""
    enough = [
        (row, N)
        for row, N in zip(rows, sides, strict=True)
        if len(_bulk.nonzero(row, N)[0]) >= _spikes.FEWEST_TO_TEST
    ]
    return float(sum(np.sum(row > threshold(row, N)) for row, N in enough)) if enough else math.nan


def randomized(
    spectrum: Spectrum,
    /,
    *,
    replicas: int | None = None,
) -> Mapping[str, Any]:
    """
    Compare the spectrum with the spectra of the same elements in random order.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices.
    replicas : int, optional
        Number of permutations; standard deviations need two or more. By default five for matrices
        of up to 300 eigenvalues, one for larger matrices.

    Returns
    -------
    mapping of str to float or str
        `max_rand_eval`, the largest eigenvalue of all replicas; `rand_distance` and `rand_jsd`,
        means over the replicas, with standard deviations `rand_distance_sd` and `rand_jsd_sd`;
        `ww_softrank` and `ww_maxdist`, from the mean of the largest eigenvalues of the replicas;
        `num_traps`, `trap_p`, `trap_cause`, `trap_where` and `num_huge`. Distances are ``nan`` for
        matrices of one row or column, whose spectrum does not depend on the order.

    Raises
    ------
    ArgumentError
        If `replicas` is not a whole number from 1, or the spectrum has no matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = np.random.default_rng(0).standard_normal((400, 200)) + 1.0
    >>> found = randomized(spectrum(W))
    >>> found["num_traps"], found["trap_cause"].name
    (1.0, 'MEAN')
    """
    values = spectrum.eigenvalues
    if replicas is None:
        replicas = _REPLICAS if spectrum.M <= _SMALL else 1
    permuted = _permutation.permuted_spectra(
        spectrum, replicas=replicas, rng=spectrum.rng, device=spectrum.device
    )
    traps = _traps.find(spectrum, permuted, significance=spectrum.significance)
    pooled = np.sort(permuted.eigenvalues.reshape(replicas, -1), axis=1)
    changed = pooled if spectrum.M > 1 else pooled[:0]
    distances = [_permutation.rand_distance(values, row) for row in changed]
    divergences = [_permutation.jensen_shannon(values, row) for row in changed]
    largest = float(pooled[:, -1].mean())
    return {
        "max_rand_eval": float(pooled.max()),
        "rand_distance": _mean(distances),
        "rand_distance_sd": _deviation(distances),
        "rand_jsd": _mean(divergences),
        "rand_jsd_sd": _deviation(divergences),
        "ww_softrank": largest / spectrum.lambda_max,
        "ww_maxdist": spectrum.lambda_max - largest,
        "num_traps": traps.num,
        "trap_p": traps.p,
        "trap_cause": traps.cause,
        "trap_where": traps.where,
        "num_huge": traps.num_huge,
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _deviation(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def training_phase(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Classify the layer into a phase of training.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer; the numbers are its :attr:`~spectra.Spectrum.phase_evidence`.

    Returns
    -------
    mapping of str to float
        `phase`, `phase_second`, and the numbers that decide them as ``phase_*``. With them in its
        row, :func:`spectra.analyze` gives a layer its `verdict`.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> training_phase(spectrum(np.random.default_rng(0).standard_normal((400, 200))))["phase"].name
    'RANDOM_LIKE'
    """
    found = spectrum.phase_evidence
    *numbers, excess = found
    names = found._fields[: len(numbers)]
    return {
        "phase": _phases.decide(found),
        "phase_second": _phases.second(found),
        **{f"phase_{name}": value for name, value in zip(names, numbers, strict=True)},
        "phase_excess_support": excess.support,
        "phase_excess_likelier": excess.likelier,
        "phase_excess_alpha": excess.alpha,
        "phase_excess_p": excess.p,
        "phase_heaviness": excess.heaviness,
    }


def alpha_bands(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Name alpha by the two published sheets of bands.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer; the fit is its :attr:`~spectra.Spectrum.tail`.

    Returns
    -------
    mapping of str to float
        `alpha_band_setol` and `alpha_band_htsr`.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = np.random.default_rng(0).standard_t(1.5, (400, 200))
    >>> alpha_bands(spectrum(W))["alpha_band_htsr"].name
    'VERY_HEAVY_TAILED'
    """
    alpha = spectrum.tail.alpha
    return {
        "alpha_band_setol": _phases.band(alpha, preset="setol"),
        "alpha_band_htsr": _phases.band(alpha, preset="htsr"),
    }
