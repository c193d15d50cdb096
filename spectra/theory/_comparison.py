"""The result of a comparison with a law, as a Dataset and as a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.noise import spacings
from spectra.theory._counts import counted, mean_and_std, row_blocks
from spectra.theory._features import (
    NUM_MOMENTS,
    LawNumbers,
    edge_law,
    gap_counts,
    largest_counts,
    numbers_of,
    ranked,
    rescaled_largest,
)
from spectra.theory._two_samples import compared, differences, group, labellings

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

__all__ = ["STATISTICS", "assembled", "with_article"]

STATISTICS = (
    "distribution",
    "mean",
    "second moment",
    "least",
    "largest",
    "spacing ratio",
    "spacings",
    "Tracy-Widom",
)
"""What draws and redraws are compared in."""

_PERMUTATIONS = 1999
_PERMUTED = 20  # labels, times the significance
_SPLITS = 500


class _Features(NamedTuple):
    """Features of draws, then of redraws: counts of eigenvalues, numbers, spacings and largest."""

    num: int
    counts: AnyArray
    numbers: FloatArray
    gaps: AnyArray
    num_gaps: int
    largest: AnyArray | None


def _features(spectra: FloatArray, redraws: FloatArray | None, law: LawNumbers) -> _Features:
    # in an order of their own, so that the labels that chance gives do not depend on the order
    middle = spectra.shape[1] // 2
    order = np.lexsort((spectra[:, middle], spectra[:, 0], spectra[:, -1]))
    parts = [spectra[order]] + ([] if redraws is None else [redraws])
    gaps, num_gaps = gap_counts(parts, law)
    return _Features(
        len(spectra),
        counted(parts, law.x),
        np.concatenate([numbers_of(part) for part in parts]),
        gaps,
        num_gaps,
        largest_counts(parts, law),
    )


class _Row(NamedTuple):
    """Numbers of a statistic."""

    drawn: float
    error: float
    redrawn: float
    limit: float


def _distance(
    features: AnyArray, num: int, per_row: int, cdf: FloatArray | None, limit: float
) -> _Row:
    """Return how far mean distribution functions are from one, or draws from redraws."""
    mean, error = _mean_and_error(features[:num])
    others = features[num:].mean(axis=0) if len(features) > num else np.full(len(mean), np.nan)
    law = others / per_row if cdf is None else cdf
    apart = np.abs(mean / per_row - law)
    worst = int(apart.argmax())
    again = float(np.abs(others / per_row - law).max())
    return _Row(float(apart[worst]), float(error[worst] / per_row), again, limit)


def _mean_and_error(features: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Return the means of columns and their standard errors, nan of a single row."""
    mean, std = mean_and_std(features, ddof=1)
    num = len(features)
    return mean, std / math.sqrt(num) if num > 1 else np.full(len(mean), np.nan)


def _rows(found: _Features, size: int, law: LawNumbers) -> list[_Row]:
    """Return the numbers of all statistics, in their order."""
    num = found.num
    own, own_error = _mean_and_error(found.numbers[:num])
    others = np.full(len(own), np.nan)
    if len(found.numbers) > num:
        others = found.numbers[num:].mean(axis=0)
    ratio = {1.0: spacings.GOE, 2.0: spacings.GUE, 4.0: spacings.GSE}.get(law.beta, math.nan)
    limits = [*law.moments[:2], *law.ends, ratio]
    edge = _Row(math.nan, math.nan, math.nan, math.nan)
    if found.largest is not None:
        edge = _distance(found.largest, num, 1, edge_law(int(law.beta))[1], 0.0)
    return [
        _distance(found.counts, num, size, law.cdf, 0.0),
        *map(_Row, own.tolist(), own_error.tolist(), others.tolist(), map(float, limits)),
        _distance(found.gaps, num, found.num_gaps, None, math.nan),
        edge,
    ]


def _tested(
    found: _Features, size: int, significance: float, rng: np.random.Generator
) -> tuple[FloatArray, dict[str, Any]]:
    """Return the p-value of each statistic, and what is said of all together."""
    num, rows = found.num, len(found.numbers)
    others = rows - num
    features = [found.gaps] if found.largest is None else [found.gaps, found.largest]
    groups = [group(found.counts), *map(ranked, found.numbers.T), *map(group, features)]
    permutations = max(_PERMUTATIONS, math.ceil(_PERMUTED / significance))
    judged = compared(num, groups, permutations, rng)
    apart = np.abs(differences(np.arange(rows)[None] < num, found.counts)).max() / size
    # of redraws alone, since draws that differ would widen what chance gives
    part = max(1, min(num, others // 2))
    labels = labellings(part, others, _SPLITS, rng)
    chance = np.abs(differences(labels, found.counts[num:])).max(axis=1) / size
    wider = math.sqrt((1 / num + 1 / others) / (1 / part + 1 / (others - part)))
    p = np.full(len(STATISTICS), np.nan)
    p[: len(judged.p)] = judged.p
    return p, {
        "verdict": "different" if judged.combined <= significance else "consistent",
        "p": judged.combined,
        "difference": float(apart),
        "detectable": float(wider * np.quantile(chance, 0.95)),
    }


def _powers(spectra: FloatArray) -> FloatArray:
    """Return the moments of each spectrum."""
    found = np.empty((len(spectra), NUM_MOMENTS))
    with np.errstate(over="ignore", invalid="ignore"):
        for block in row_blocks(*spectra.shape):
            for k in range(NUM_MOMENTS):
                found[block, k] = np.mean(spectra[block] ** (k + 1), axis=1)
    return found


def assembled(
    spectra: FloatArray,
    redraws: FloatArray | None,
    law: LawNumbers,
    significance: float,
    of: str,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Return the Dataset of a comparison, judged if there are redraws."""
    import xarray as xr

    num, size = spectra.shape
    found = _features(spectra, redraws, law)
    p = np.full(len(STATISTICS), np.nan)
    said: dict[str, Any] = {"verdict": "not judged"}
    said |= dict.fromkeys(("p", "difference", "detectable"), math.nan)
    redrawn_cdf = np.full(len(law.x), np.nan)
    if redraws is not None:
        p, said = _tested(found, size, significance, rng)
        redrawn_cdf = found.counts[num:].mean(axis=0) / size
    rows = _rows(found, size, law)
    cdf, cdf_error = _mean_and_error(found.counts[:num])
    with np.errstate(over="ignore", invalid="ignore"):
        moment, moment_error = _mean_and_error(_powers(spectra))
    ds = xr.Dataset(
        {
            **{name: ("statistic", [getattr(row, name) for row in rows]) for name in _Row._fields},
            "p": ("statistic", p),
            "cdf_drawn": ("x", cdf / size),
            "cdf_error": ("x", cdf_error / size),
            "cdf_redrawn": ("x", redrawn_cdf),
            "cdf_law": ("x", law.cdf),
            "moment_drawn": ("order", moment),
            "moment_error": ("order", moment_error),
            "moment_limit": ("order", law.moments),
            "eigenvalue": (("draw", "mode"), spectra),
        },
        coords={
            "statistic": list(STATISTICS),
            "x": law.x,
            "order": np.arange(1, NUM_MOMENTS + 1),
        },
    )
    ds.attrs = {
        "law": law.name,
        "size": size,
        "num": num,
        "num_redraws": 0 if redraws is None else len(redraws),
        "significance": significance,
        **said,
        **_tracy_widom(spectra, law),
        "eigenvalues_of": of,
    }
    ds.attrs["sentence"] = _sentence(ds)
    return ds


def _tracy_widom(spectra: FloatArray, law: LawNumbers) -> dict[str, float]:
    """Return the p-value of the largest eigenvalues against the Tracy-Widom law, if it applies."""
    from scipy.interpolate import PchipInterpolator
    from scipy.stats import kstest

    scaled = rescaled_largest(spectra, law)
    if scaled is None:
        return {}
    places, values = edge_law(int(law.beta))
    cdf = PchipInterpolator(places, values)
    p = kstest(scaled, lambda s: cdf(np.clip(s, places[0], places[-1]))).pvalue
    return {"tracy_widom_p": float(p)}


def _sentence(ds: xr.Dataset) -> str:
    a = ds.attrs
    single = a["num"] == 1
    who = "One spectrum" if single else f"{a['num']} spectra"
    who += f" of {a['size']} eigenvalues"
    if a["verdict"] == "not judged":
        return (
            f"{who}: not judged, since {with_article(a['law'])} has no model of random matrices to "
            "compare with; give one, or model='independent' for numbers without repulsion."
        )
    at = "as its model has it at this size"
    if a["eigenvalues_of"] != "given":
        at += f", by the eigenvalues of {a['eigenvalues_of']}"
    precision = (
        f"{'its' if single else 'their'} distribution function differs by {a['difference']:.2g}, "
        f"and chance alone by up to {a['detectable']:.2g} in 95 of 100 cases"
    )
    if a["verdict"] == "consistent":
        word, why = "agrees with" if single else "agree with", ""
    else:
        few = max(float(ds.p.min()), a["significance"] / int(ds.p.notnull().sum()))
        named = ", ".join(ds.statistic.values[(ds.p <= few).values].tolist())
        word, why = "differs from" if single else "differ from", f"; {named}"
    return f"{who} {word} {with_article(a['law'])} {at} (p {a['p']:.2g}{why}): {precision}."


def with_article(name: str) -> str:
    """Return the name of a law with its article; a name that has one keeps it."""
    return name if name.split(" ")[0].lower() in ("a", "an", "the") else f"the {name}"
