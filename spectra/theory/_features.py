"""Features of spectra in which they are compared with a law, and what is needed of the law."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.errors import ArgumentError
from spectra.noise import spacings, tracy_widom
from spectra.theory._counts import counted, row_blocks
from spectra.theory._two_samples import group

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray
    from spectra.theory._two_samples import Group

__all__ = [
    "NUM_MOMENTS",
    "SPACINGS",
    "LawNumbers",
    "edge_law",
    "gap_counts",
    "largest_counts",
    "law_numbers",
    "numbers_of",
    "ranked",
    "rescaled_largest",
    "without_rounding",
]

NUM_MOMENTS = 4
"""Number of moments that are compared."""

SPACINGS = np.linspace(0.05, 3.0, 60)
"""Unfolded spacings at which their distribution functions are compared."""

_QUANTILES = 1000  # of the law, at which distribution functions are compared
_NEAR = 1e-8  # over the largest, up to which eigenvalues count as those of an atom
_ZERO = 1e-13  # over the largest, below which eigenvalues are rounding errors
_ENDS = 20  # of so many eigenvalues one is left out at each end, where no law unfolds well


class LawNumbers(NamedTuple):
    """What is needed of a law: its distribution function on a grid, and its numbers."""

    law: Any
    x: FloatArray
    cdf: FloatArray
    moments: FloatArray
    edges: tuple[float, float]
    ends: tuple[float, float]
    atoms: FloatArray
    name: str
    beta: float


def law_numbers(law: Any) -> LawNumbers:
    """Return the numbers of a law; ends are edges, or spikes beyond them."""
    if not callable(getattr(law, "cdf", None)) or not callable(getattr(law, "ppf", None)):
        made = "; call the function to make its law" if callable(law) else ""
        msg = (
            "`law` must be a law of spectra.theory.laws, or have cdf and ppf like distributions of "
            f"scipy.stats, got {type(law).__name__}{made}"
        )
        raise ArgumentError(msg)
    q = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    x = np.asarray(law.ppf(q), np.float64)
    try:
        moments = np.asarray(law.moments(NUM_MOMENTS), np.float64)
    except (AttributeError, TypeError):
        moments = np.array([float(law.moment(k)) for k in range(1, NUM_MOMENTS + 1)])
    low, high = (float(end) for end in law.ppf(np.array([0.0, 1.0])))
    spikes = getattr(law, "spikes", ())
    name = getattr(law, "name", None) or getattr(getattr(law, "dist", None), "name", "law")
    atoms = np.array([place for place, _ in getattr(law, "atoms", ())], np.float64)
    return LawNumbers(
        law,
        x,
        np.asarray(law.cdf(x), np.float64),
        moments,
        (low, high),
        (min(low, *spikes, low), max(high, *spikes, high)),
        atoms,
        str(name),
        float(getattr(law, "beta", math.nan)),
    )


def without_rounding(spectra: FloatArray, law: LawNumbers) -> FloatArray:
    """Return the spectra with the eigenvalues next to an atom of the law at the atom."""
    if not len(law.atoms):
        return spectra
    found = spectra.copy()
    near = _NEAR * max(np.abs(spectra).max(), np.abs(law.atoms).max())
    for place in law.atoms:
        found[np.abs(found - place) <= near] = place
    return found


def numbers_of(spectra: FloatArray) -> FloatArray:
    """Return the five numbers of each spectrum."""
    largest = max(-float(spectra.min()), float(spectra.max()))
    unit = 2.0 ** math.frexp(largest)[1] if largest else 1.0
    found = np.empty((len(spectra), 5))
    for block in row_blocks(*spectra.shape):
        found[block] = _numbers_of(spectra[block], unit, largest)
    return found


def _numbers_of(spectra: FloatArray, unit: float, largest: float) -> FloatArray:
    scaled = spectra / unit
    apart = spacings.ratios(np.where(np.abs(spectra) > _ZERO * largest, scaled, np.nan))
    known = ~np.isnan(apart)
    ratio = np.sum(np.where(known, apart, 0), axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.column_stack(
        [
            scaled.mean(axis=1) * unit,
            np.mean(scaled**2, axis=1) * np.square(unit),
            spectra[:, 0],
            spectra[:, -1],
            ratio,
        ]
    )


def ranked(numbers: FloatArray) -> Group:
    """Return the rank of each number about the middle, and its square about its own mean."""
    from scipy.stats import rankdata

    place = rankdata(numbers) / len(numbers) - 0.5
    return group(np.column_stack([place, place**2 - np.mean(place**2)]))


def gap_counts(parts: list[FloatArray], law: LawNumbers) -> tuple[AnyArray, int]:
    """Return how many spacings are up to :data:`SPACINGS`, unfolded by the law, and of how many."""
    size = parts[0].shape[1]
    ends = size // _ENDS
    x, first = np.unique(law.x, return_index=True)

    def gaps(rows: FloatArray) -> FloatArray:
        unfolded = size * np.interp(rows[:, ends : size - ends], x, law.cdf[first])
        return np.sort(np.diff(unfolded, axis=1), axis=1)

    return counted(parts, SPACINGS, gaps), size - 2 * ends - 1


@lru_cache(maxsize=3)
def edge_law(beta: int) -> tuple[FloatArray, FloatArray]:
    """Return places of the body of the Tracy-Widom law, and its distribution function there."""
    # between them the law is smooth to 1e-5, and thousands would take seconds
    places = np.linspace(-8.0, 6.0, 71)
    return places, np.asarray(tracy_widom.cdf(places, beta=beta), np.float64)


def rescaled_largest(spectra: FloatArray, law: LawNumbers) -> FloatArray | None:
    """Return the largest eigenvalues in units of the Tracy-Widom law, None if it is not theirs."""
    largest = getattr(law.law, "largest", None)
    if largest is None or law.beta not in (1, 2, 4):
        return None
    centre, width = largest(spectra.shape[1])
    return np.asarray((spectra[:, -1] - centre) / width, np.float64)


def largest_counts(parts: list[FloatArray], law: LawNumbers) -> AnyArray | None:
    """Return whether the largest eigenvalue is up to the places of the Tracy-Widom law."""
    rescaled = [rescaled_largest(part, law) for part in parts]
    places = [one[:, None] for one in rescaled if one is not None]
    return counted(places, edge_law(int(law.beta))[0]) if places else None
