"""Features of spectra in which they are compared with a law, and what is needed of the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.errors import ArgumentError
from spectra.noise import spacings
from spectra.theory._two_samples import Group

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = [
    "NUM_MOMENTS",
    "LawNumbers",
    "cdf_of",
    "groups",
    "law_numbers",
    "numbers_of",
    "without_rounding",
]

NUM_MOMENTS = 4
"""Number of moments that are compared."""

_ROUNDING = 1e-12  # of a feature, whose spread does not count
_QUANTILES = 1000  # of the law, at which distribution functions are compared
_NEAR = 1e-8  # over the largest, up to which eigenvalues count as those of an atom
_ZERO = 1e-13  # over the largest, below which eigenvalues are rounding errors


class LawNumbers(NamedTuple):
    """What is needed of a law: its distribution function on a grid, and its numbers."""

    law: Any
    x: FloatArray
    cdf: FloatArray
    moments: FloatArray
    edges: tuple[float, float]
    atoms: FloatArray
    name: str


def law_numbers(law: Any) -> LawNumbers:
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
    edges = tuple(float(end) for end in law.ppf(np.array([0.0, 1.0])))
    name = getattr(law, "name", None) or getattr(getattr(law, "dist", None), "name", "law")
    atoms = np.array([place for place, _ in getattr(law, "atoms", ())], np.float64)
    cdf = np.asarray(law.cdf(x), np.float64)
    return LawNumbers(law, x, cdf, moments, (edges[0], edges[1]), atoms, str(name))


def without_rounding(spectra: FloatArray, law: LawNumbers) -> FloatArray:
    """Return the spectra with the eigenvalues next to an atom of the law at the atom."""
    found = spectra.copy()
    near = _NEAR * max(np.abs(spectra).max(), np.abs(law.atoms).max(initial=0.0))
    for place in law.atoms:
        found[np.abs(found - place) <= near] = place
    return found


def cdf_of(spectra: FloatArray, x: FloatArray) -> FloatArray:
    """Return the distribution function of each spectrum at the places x."""
    found = np.array([np.searchsorted(row, x, side="right") for row in spectra])
    return np.asarray(found / spectra.shape[1])


def numbers_of(spectra: FloatArray) -> FloatArray:
    """Return the five numbers of each spectrum."""
    unit = np.abs(spectra).max() or 1.0
    scaled = spectra / unit
    apart = spacings.ratios(np.where(np.abs(scaled) > _ZERO, scaled, np.nan))
    known = ~np.isnan(apart)
    ratio = np.sum(np.where(known, apart, 0), axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.column_stack(
        [
            spectra.mean(axis=1),
            np.mean(scaled**2, axis=1) * np.square(unit),
            spectra[:, 0],
            spectra[:, -1],
            ratio,
        ]
    )


def _ranked(numbers: FloatArray) -> FloatArray:
    """Return the rank of each number about the middle, and its square about its own mean."""
    from scipy.stats import rankdata

    place = rankdata(numbers) / len(numbers) - 0.5
    return np.column_stack([place, place**2 - np.mean(place**2)])


def _scales(features: FloatArray) -> FloatArray:
    found = features.std(axis=0)
    least = _ROUNDING * np.abs(features).max(axis=0, initial=0.0)
    return np.where(found > least, found, np.inf)


def groups(spectra: FloatArray, redraws: FloatArray, law: LawNumbers) -> list[Group]:
    """Return the features of draws and redraws, whose differences are tested."""
    both = np.concatenate([spectra, redraws])
    cdf = cdf_of(both, law.x)
    ranked = [_ranked(column) for column in numbers_of(both).T]
    return [
        Group(cdf, _scales(cdf)),
        *(Group(features, _scales(features)) for features in ranked),
    ]
