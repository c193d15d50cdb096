"""
Classify a layer into the 5+1 phases of training by the shape of its spectrum.

References
----------
Martin & Mahoney (2021), JMLR 22(165), table 1.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.noise.tracy_widom as _tw
import spectra.tails.alternatives as _alternatives
import spectra.tails.power_law as _power_law
from spectra.multiple_tests import combined
from spectra.noise.spikes import detect_each, matrices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.noise.spikes import Spikes
    from spectra.tails.power_law import PowerLawFit

__all__ = ["Band", "Evidence", "Phase", "Preset", "band", "classify", "decide", "evidence"]

_SIGNIFICANCE = 1e-4  # of the tests: one noise matrix in ten thousand has a spike
_FEW = 0.05  # largest share of eigenvalues above the bulk that counts as few
_NEAR = 15.0  # largest height above the edge of a layer that bleeds out, in Tracy-Widom units
_GAP = 5.0  # smallest gap that sets spikes apart, in Tracy-Widom units
_CLOSE = 0.05  # distance from the Marchenko-Pastur law up to which the bulk fits
_HEAVY = 0.3  # soft rank below which a tail may be heavy
_ZERO = 0.1  # share of eigenvalues below a drop from which the rank has collapsed
_DROP, _STEEPEST = 1e6, 1e12  # ratio of neighbours at a drop: in general, below the largest
_ZEROS = 3  # fewest eigenvalues below a drop


class Phase(IntEnum):
    """
    Phase of training of a layer, in the order of training, or no phase: not classified, other.

    Examples
    --------
    >>> [phase.name.lower() for phase in Phase][1:4]
    ['random_like', 'bleeding_out', 'bulk_and_spikes']
    """

    NOT_CLASSIFIED = 0
    RANDOM_LIKE = 1
    BLEEDING_OUT = 2
    BULK_AND_SPIKES = 3
    BULK_DECAY = 4
    HEAVY_TAILED = 5
    RANK_COLLAPSE = 6
    OTHER = 7


class Band(IntEnum):
    """
    Name that a published cheat sheet gives to a range of alpha.

    Examples
    --------
    >>> Band.NONE == 0
    True
    """

    NONE = 0
    VERY_HEAVY_TAILED = 1
    HEAVY_TAILED = 2
    FAT_TAILED = 3
    WEAKLY_HEAVY_TAILED = 4
    RANDOM_LIKE = 5


Preset = Literal["setol", "htsr"]
"""Cheat sheet of bands: table 1 of the SETOL paper, or the HTSR page of weightwatcher.ai."""

_BANDS: dict[str, tuple[tuple[float, Band], ...]] = {
    "setol": (
        (2.0, Band.VERY_HEAVY_TAILED),
        (6.0, Band.FAT_TAILED),
        (math.inf, Band.WEAKLY_HEAVY_TAILED),
    ),
    "htsr": (
        (2.0, Band.VERY_HEAVY_TAILED),
        (4.0, Band.HEAVY_TAILED),
        (6.0, Band.WEAKLY_HEAVY_TAILED),
        (math.inf, Band.RANDOM_LIKE),
    ),
}


class Evidence(NamedTuple):
    """
    Numbers of a spectrum that decide the phase of a layer.

    Examples
    --------
    >>> Evidence._fields[:3]
    ('zero_share', 'num_excess', 'excess_share')
    """

    zero_share: float
    """Share of the eigenvalues below a drop by a million, or by 1e12 below the largest."""
    num_excess: float
    """Number of eigenvalues above the bulk."""
    excess_share: float
    """Share of the eigenvalues above the bulk."""
    excess_reach: float
    """Height of the largest eigenvalue above the edge of the bulk, in Tracy-Widom units."""
    excess_gap: float
    """Largest gap between neighbours above the edge of the bulk, in Tracy-Widom units."""
    bulk_D: float
    """Kolmogorov-Smirnov distance of the bulk from the Marchenko-Pastur law."""
    bulk_p: float
    """Probability of a distance of at least `bulk_D` in pure noise."""
    soft_rank: float
    """Upper edge of the bulk over the largest eigenvalue."""
    heaviness: float
    """Log-likelihood ratio of power law and exponential for the tail, over its deviation."""


def band(alpha: float, /, *, preset: Preset) -> Band:
    """
    Return the published band that an alpha lies in.

    Parameters
    ----------
    alpha : float
        Power-law exponent, ``nan`` if there is no fit.
    preset : {"setol", "htsr"}
        Cheat sheet. SETOL: very heavy-tailed up to 2, fat-tailed up to 6, then weakly heavy-tailed.
        HTSR: very heavy-tailed up to 2, heavy-tailed up to 4, weakly heavy-tailed up to 6, then
        random-like.

    Returns
    -------
    Band
        Name of the band; ``NONE`` without an alpha.

    Raises
    ------
    ArgumentError
        If `preset` is not one of these.

    Notes
    -----
    The two published sheets disagree, and neither gives the alpha of noise of the same shape.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, table 1; weightwatcher.ai/htsr.html.

    Examples
    --------
    >>> band(4.5, preset="setol").name, band(4.5, preset="htsr").name
    ('FAT_TAILED', 'WEAKLY_HEAVY_TAILED')
    """
    _checks.choice("preset", preset, get_args(Preset))
    if math.isnan(alpha):
        return Band.NONE
    return next(name for upper, name in _BANDS[preset] if alpha <= upper)


def _zero_share(values: FloatArray) -> float:
    """Return the share of the ascending values below the highest steep drop; 0 without one."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        drops = np.nan_to_num(values[1:] / values[:-1], nan=1.0, posinf=math.inf)
    above = np.arange(len(drops), 0, -1)
    steep = (drops >= _STEEPEST) | ((drops >= _DROP) & (above >= 2))
    below = np.flatnonzero(steep) + 1
    # a square noise matrix may have an eigenvalue that small, but not three
    return float(below[-1] / len(values)) if len(below) and below[-1] >= _ZEROS else 0.0


def _heaviness(values: FloatArray, fitted: PowerLawFit) -> float:
    """Return the likelihood ratio of power law and exponential for the tail of a fit."""
    bounded = fitted.xmax != values[-1]  # the exponential has no end
    if fitted.num_tail < 2 or bounded:
        return math.nan
    return _alternatives.compare(values, xmin=fitted.xmin, laws=["exponential"])["exponential"].R


def _above(row: FloatArray, spikes: Spikes) -> FloatArray:
    """Return 0 and the heights of the spikes above the edge, or just the largest eigenvalue's."""
    num = int(spikes.num)
    centre, width = _tw.scale(spikes.N - num, spikes.M - num)
    top = (row[len(row) - max(num, 1) :] / spikes.bulk.variance - centre) / width
    return np.concatenate([[0.0], top]) if num else top


def evidence(
    by_matrix: npt.ArrayLike,
    N: int | Sequence[int] | None = None,
    /,
    *,
    kurtosis: float | Sequence[float] | None = None,
    fitted: PowerLawFit | None = None,
) -> Evidence:
    r"""
    Compute the numbers that decide the phase of a layer.

    Parameters
    ----------
    by_matrix : array_like, shape (rf, M) or (M,), or Spectrum
        Eigenvalues of each matrix, in weight units squared.
    N : int or sequence of int, optional
        Longer side, one for all matrices or one per matrix; not given with a Spectrum.
    kurtosis : float or sequence of float, optional
        Excess kurtosis as in :func:`spectra.noise.spikes.detect`, one for all or one per matrix.
    fitted : PowerLawFit, optional
        Known fit of the tail of the layer: `heaviness` is then computed for that very tail, ``nan``
        if the law has an end. By default a tail is fitted to the eigenvalues in units of the noise
        of their matrix.

    Returns
    -------
    Evidence
        Numbers of all matrices together, each compared with its own noise. Matrices of fewer than
        10 nonzero eigenvalues have no bulk and are left out; if none is left, all numbers but
        `zero_share` are ``nan``.

    Raises
    ------
    ArgumentError
        If `N` is less than the number of eigenvalues of one matrix.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> found = evidence(np.linalg.eigvalsh(W.T @ W), 400)
    >>> found.excess_share, found.bulk_D < 0.02
    (0.0, True)
    """
    rows, sides, shapes = matrices_of(by_matrix, N, kurtosis)
    rows = np.sort(rows, axis=1)
    everything = np.sort(rows, axis=None)
    zero = _zero_share(everything)
    every = detect_each(rows, sides, significance=_SIGNIFICANCE, kurtosis=shapes)
    known = [i for i, spikes in enumerate(every) if not math.isnan(spikes.num)]
    rows, found = rows[known], [every[i] for i in known]
    if not found:
        return Evidence(zero, *[math.nan] * 8)
    above = [_above(row, spikes) for row, spikes in zip(rows, found, strict=True)]
    sizes = np.array([spikes.M - spikes.num for spikes in found])
    scales = np.array([spikes.bulk.upper for spikes in found])
    in_noise = rows / scales[:, np.newaxis]
    if fitted is None:
        everything = np.sort(in_noise, axis=None)
        fitted = _power_law.fit(everything[everything > 0])
    return Evidence(
        zero_share=zero,
        num_excess=sum(spikes.num for spikes in found),
        excess_share=sum(spikes.num for spikes in found) / rows.size,
        excess_reach=max(float(units[-1]) for units in above),
        excess_gap=max(float(np.max(np.diff(units), initial=0.0)) for units in above),
        bulk_D=float(sizes @ [spikes.bulk.D for spikes in found] / sizes.sum()),
        bulk_p=combined([spikes.bulk.p for spikes in found]),
        soft_rank=float(1 / in_noise.max()),
        heaviness=_heaviness(everything, fitted),
    )


def decide(found: Evidence, /) -> Phase:
    """
    Decide the phase of a layer from its evidence.

    Parameters
    ----------
    found : Evidence
        Result of :func:`evidence`.

    Returns
    -------
    Phase
        Phase by the first of these rules that holds:

        1. *rank collapse*: at least 10 % of the eigenvalues, and at least three, are below a drop:
           a million times smaller than the next eigenvalue (1e12 times if that is the largest);
           dead columns and dead positions of a kernel count;
        2. *not classified*: fewer than 10 nonzero eigenvalues per matrix;
        3. *random-like*: no eigenvalue is above the bulk, by a Tracy-Widom test at a significance
           of 0.0001, and the bulk fits the Marchenko-Pastur law; if the bulk does not fit, *other*;
        4. *bleeding-out*: few eigenvalues are above the bulk, the bulk fits, and the largest
           eigenvalue is at most 15 Tracy-Widom units above the edge;
        5. *bulk and spikes*: few eigenvalues are above the bulk, the bulk fits, and a gap of at
           least 5 Tracy-Widom units sets the spikes apart;
        6. *heavy-tailed*: the edge of the bulk is below 0.3 of the largest eigenvalue, and the
           fitted tail is likelier a power law than an exponential;
        7. *bulk decay*: every other spectrum.

        Few means at most 5 % of the eigenvalues, or one. A bulk fits if its distance from the law
        is at most 0.05, or not significant at a significance of 0.0001.

    Notes
    -----
    The paper names the phases and shows their pictures; the thresholds are chosen here. A bulk
    need not fit to within its fluctuations: these fall as 1 / M, so that no trained layer of a few
    thousand eigenvalues would fit. *Other* covers spectra that are narrower than noise, such as
    the spectrum of an orthogonal matrix.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), table 1.

    Examples
    --------
    >>> decide(Evidence(0.0, 3, 0.01, 90.0, 40.0, 0.01, 0.5, 0.4, 1.0)).name
    'BULK_AND_SPIKES'
    """
    if found.zero_share >= _ZERO:
        return Phase.RANK_COLLAPSE
    if math.isnan(found.bulk_D):
        return Phase.NOT_CLASSIFIED
    fits = found.bulk_D <= _CLOSE or found.bulk_p >= _SIGNIFICANCE
    if found.num_excess == 0:
        return Phase.RANDOM_LIKE if fits else Phase.OTHER
    few = found.excess_share <= _FEW or found.num_excess == 1
    if few and fits and found.excess_reach <= _NEAR:
        return Phase.BLEEDING_OUT
    if few and fits and found.excess_gap >= _GAP:
        return Phase.BULK_AND_SPIKES
    heavy = found.soft_rank < _HEAVY and found.heaviness > 0
    return Phase.HEAVY_TAILED if heavy else Phase.BULK_DECAY


def classify(
    by_matrix: npt.ArrayLike,
    N: int | Sequence[int] | None = None,
    /,
    *,
    kurtosis: float | Sequence[float] | None = None,
    fitted: PowerLawFit | None = None,
) -> Phase:
    """
    Classify a layer into a phase of training.

    Parameters
    ----------
    by_matrix : array_like, shape (rf, M) or (M,), or Spectrum
        Eigenvalues of each matrix, in weight units squared.
    N : int or sequence of int, optional
        Longer side, one for all matrices or one per matrix; not given with a Spectrum.
    kurtosis : float or sequence of float, optional
        Excess kurtosis as in :func:`spectra.noise.spikes.detect`, one for all or one per matrix.
    fitted : PowerLawFit, optional
        Known fit of the tail of the layer: `heaviness` is then computed for that very tail, ``nan``
        if the law has an end. By default a tail is fitted to the eigenvalues in units of the noise
        of their matrix.

    Returns
    -------
    Phase
        The decision of :func:`decide` on the :func:`evidence`.

    Raises
    ------
    ArgumentError
        If `N` is less than the number of eigenvalues of one matrix.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> layers = [rng.standard_normal((400, 200)), rng.standard_t(1.5, (400, 200))]
    >>> [classify(np.linalg.eigvalsh(W.T @ W), 400).name for W in layers]
    ['RANDOM_LIKE', 'HEAVY_TAILED']
    """
    return decide(evidence(by_matrix, N, kurtosis=kurtosis, fitted=fitted))
