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
from spectra.multiple_tests import combined
from spectra.noise.spikes import detect_each, matrices_of
from spectra.tails.support import SIGNIFICANT, Likelier, Support, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.noise.spikes import Spikes
    from spectra.tails.support import Judgement

__all__ = [
    "NEAR",
    "SIGNIFICANCE",
    "Band",
    "Evidence",
    "Phase",
    "Preset",
    "band",
    "classify",
    "decide",
    "evidence",
    "second",
]

SIGNIFICANCE = 1e-4
"""Significance of the tests of spikes and bulk: one noise matrix in ten thousand has a spike."""

NEAR = 0.05
"""Distance from the Marchenko-Pastur law up to which a bulk nearly fits."""

_FEW = 0.05  # largest share of eigenvalues above the bulk that counts as few
_NEAR = 15.0  # largest height above the edge of a layer that bleeds out, in Tracy-Widom units
_GAP = 5.0  # smallest gap that sets spikes apart, in Tracy-Widom units
_SMALL = 20  # eigenvalues below which a layer without spikes is not classified
_TOLERANCE = 1.5  # factor within which another phase is near
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
    >>> Evidence._fields[:4]
    ('zero_share', 'num', 'num_excess', 'excess_reach')
    """

    zero_share: float
    """Share of the eigenvalues below a drop by a million, or by 1e12 below the largest."""
    num: float
    """Number of eigenvalues of the matrices that have a bulk."""
    num_excess: float
    """Number of eigenvalues above the bulk."""
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
    excess: Judgement
    """Whether the eigenvalues above the bulk, in units of its edge, follow a power law."""

    @property
    def fits(self) -> bool:
        """Whether the bulk follows the law of noise, at a significance of 0.0001."""
        return self.bulk_p >= SIGNIFICANCE

    @property
    def near(self) -> bool:
        """Whether the bulk is the law of noise to within a distance of 0.05, or fits it."""
        return self.fits or self.bulk_D <= NEAR


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


def _above(row: FloatArray, spikes: Spikes) -> FloatArray:
    """Return 0 and the heights of the spikes above the edge, or just the largest eigenvalue's."""
    num = int(spikes.num)
    centre, width = _tw.scale(spikes.N - num, spikes.M - num)
    top = (row[len(row) - max(num, 1) :] / spikes.bulk.variance - centre) / width
    return np.concatenate([[0.0], top]) if num else top


def _excess(rows: FloatArray, found: list[Spikes]) -> FloatArray:
    """Return the eigenvalues above the bulk, in units of the upper edge of their own bulk."""
    above = [
        row[len(row) - int(spikes.num) :] / spikes.bulk.upper
        for row, spikes in zip(rows, found, strict=True)
    ]
    return np.concatenate(above)


def evidence(
    by_matrix: npt.ArrayLike,
    N: int | Sequence[int] | None = None,
    /,
    *,
    kurtosis: float | Sequence[float] | None = None,
    resamples: int = 100,
    rng: int | np.random.Generator | None = 0,
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
    resamples : int, default: 100
        Number of samples drawn for the p-value of a power law above the bulk.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the draws, or the generator to draw from; None for an unseeded one.

    Returns
    -------
    Evidence
        Numbers of all matrices together, each compared with its own noise. Matrices of fewer than
        10 nonzero eigenvalues have no bulk and are left out; if none is left, all numbers but
        `zero_share` are ``nan``.

    Raises
    ------
    ArgumentError
        If `N` is less than the number of eigenvalues of one matrix, or an argument is wrong.

    Notes
    -----
    A power law is only looked for among the eigenvalues above the bulk: in noise with a few spikes
    the side of the bulk and the spikes together often look like one.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> found = evidence(np.linalg.eigvalsh(W.T @ W), 400)
    >>> found.num_excess, found.bulk_D < 0.02
    (0, True)
    """
    rows, sides, shapes = matrices_of(by_matrix, N, kurtosis)
    rows = np.sort(rows, axis=1)
    zero = _zero_share(np.sort(rows, axis=None))
    every = detect_each(rows, sides, significance=SIGNIFICANCE, kurtosis=shapes)
    known = [i for i, spikes in enumerate(every) if not math.isnan(spikes.num)]
    rows, found = rows[known], [every[i] for i in known]
    if not found:
        return Evidence._make([zero, *[math.nan] * 7, judge([])])
    above = [_above(row, spikes) for row, spikes in zip(rows, found, strict=True)]
    sizes = np.array([spikes.M - spikes.num for spikes in found])
    return Evidence(
        zero_share=zero,
        num=rows.size,
        num_excess=sum(spikes.num for spikes in found),
        excess_reach=max(float(units[-1]) for units in above),
        excess_gap=max(float(np.max(np.diff(units), initial=0.0)) for units in above),
        bulk_D=float(sizes @ [spikes.bulk.D for spikes in found] / sizes.sum()),
        bulk_p=combined([spikes.bulk.p for spikes in found]),
        soft_rank=min(spikes.bulk.upper / spikes.largest for spikes in found),
        excess=judge(_excess(rows, found), resamples=resamples, rng=rng),
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
        2. *not classified*: fewer than 10 nonzero eigenvalues per matrix, or fewer than 20 in all
           and none above the bulk;
        3. *random-like*: no eigenvalue is above the bulk, by a Tracy-Widom test at a significance
           of 0.0001, and the bulk fits the Marchenko-Pastur law; if the bulk does not fit, *other*;
        4. *heavy-tailed*: the bulk does not fit, and the eigenvalues above it, at least 20, support
           a power law by :func:`spectra.tails.support.judge`;
        5. *bleeding-out*: the bulk nearly fits, at most 5 % of the eigenvalues (or one) are above
           it, and the largest at most 15 Tracy-Widom units above its edge;
        6. *bulk and spikes*: the bulk nearly fits, and a gap of at least 5 Tracy-Widom units sets
           spikes apart, however many they are;
        7. *bulk decay*: every other spectrum.

        A bulk fits if its distance from the law is not significant at a significance of 0.0001. It
        nearly fits if it fits, or its distance is at most 0.05.

    See Also
    --------
    second : Another phase that is nearly as fit.

    Notes
    -----
    The paper names the phases and shows their pictures; the thresholds are chosen here. Where the
    bulk fits, noise and spikes explain the whole spectrum, and no tail is called heavy. A bulk need
    not fit to within its fluctuations to be one: these fall as 1 / M, so that no trained layer of a
    few thousand eigenvalues would have spikes. *Other* is a spectrum without spikes that is not
    noise: narrower, as of an orthogonal matrix, or smeared by rows of unequal variance.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), table 1.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> W[:, 0] *= 3.0
    >>> decide(evidence(np.linalg.eigvalsh(W.T @ W), 400)).name
    'BULK_AND_SPIKES'
    """
    if found.zero_share >= _ZERO:
        return Phase.RANK_COLLAPSE
    if math.isnan(found.bulk_D) or (found.num < _SMALL and not found.num_excess):
        return Phase.NOT_CLASSIFIED
    if not found.num_excess:
        return Phase.RANDOM_LIKE if found.fits else Phase.OTHER
    if not found.fits and found.excess.support is Support.SUPPORTED:
        return Phase.HEAVY_TAILED
    few = found.num_excess <= max(1, _FEW * found.num)
    if found.near and few and found.excess_reach <= _NEAR:
        return Phase.BLEEDING_OUT
    return Phase.BULK_AND_SPIKES if found.near and found.excess_gap >= _GAP else Phase.BULK_DECAY


def second(found: Evidence, /) -> Phase:
    """
    Return another phase that a layer is close to.

    Parameters
    ----------
    found : Evidence
        Result of :func:`evidence`.

    Returns
    -------
    Phase
        The first other phase that :func:`decide` gives if one number is moved: a height, a gap, a
        distance or a number of eigenvalues by a factor of 1.5, a p-value of the bulk by a factor
        of 100, or the p-value of the power law by a factor of 3; not classified if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> W[:, 0] *= 1.8
    >>> found = evidence(np.linalg.eigvalsh(W.T @ W), 400)
    >>> decide(found).name, second(found).name
    ('BULK_AND_SPIKES', 'BLEEDING_OUT')
    """
    phase = decide(found)
    if phase in {Phase.NOT_CLASSIFIED, Phase.RANK_COLLAPSE}:
        return Phase.NOT_CLASSIFIED
    others = (decide(moved) for moved in _moved(found))
    return next((other for other in others if other is not phase), Phase.NOT_CLASSIFIED)


def _moved(found: Evidence) -> Iterator[Evidence]:
    """Yield the evidence with one number moved across a border that is near."""
    p = found.excess.p
    for factor in (1 / _TOLERANCE, _TOLERANCE):
        yield found._replace(excess_reach=found.excess_reach * factor)
        yield found._replace(excess_gap=found.excess_gap * factor)
        yield found._replace(bulk_D=found.bulk_D * factor)
        yield found._replace(num_excess=math.ceil(found.num_excess * factor))
    for factor in (0.01, 100.0):
        yield found._replace(bulk_p=min(1.0, found.bulk_p * factor))
    if SIGNIFICANT / 3 < p <= 3 * SIGNIFICANT:
        other = Support.SUPPORTED if p <= SIGNIFICANT else Support.REJECTED
        unlike = found.excess.likelier is not Likelier.NONE or not found.excess.heaviness > 0
        if other is Support.REJECTED or not unlike:
            yield found._replace(excess=found.excess._replace(support=other))


def classify(
    by_matrix: npt.ArrayLike,
    N: int | Sequence[int] | None = None,
    /,
    *,
    kurtosis: float | Sequence[float] | None = None,
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
    return decide(evidence(by_matrix, N, kurtosis=kurtosis))
