r"""
Words of the figures of one layer and of theory, for any library that draws them.

Each function returns the words of one figure by the part of the figure that they stand at: its
axes, ``x`` and ``y``, and the entries of its legend. Mathematics is between two ``$``, in words of
this program only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra_io.plots._ranges import spike_axis

if TYPE_CHECKING:
    from collections.abc import Mapping

    import spectra.results.plotdata as _plotdata

__all__ = [
    "ALPHA",
    "comparison",
    "convergence",
    "eigenvalue_label",
    "erg",
    "esd",
    "hill",
    "judged",
    "law",
    "noise",
    "permuted",
    "tail_laws",
    "vectors",
    "xmin_scan",
]

_EIGENVALUE = r"eigenvalue $\lambda$ of $W^T W$"
ALPHA = r"power-law exponent $\alpha$"
_DENSITY = r"density $\rho(\lambda)$"
_NEAR_POWER_LAW = 0.1  # exponent of a stretched exponential below which it is nearly a power law
_LISTED = 3  # atoms of a law that a legend names
_SYMBOLS = {"alpha": "α", "Lambda": "Λ", "mu": "µ", "sigma": "σ", "beta": "β"}


def eigenvalue_label(exponent: int, *, what: str = _EIGENVALUE, **left_out: int) -> str:
    """Return the words of an axis of eigenvalues: their unit, and below it how many are missing."""
    unit = rf", in units of $4^{{{exponent:.0f}}}$" if exponent else ""
    parts = [f"{num} {word}" for word, num in left_out.items() if num]
    less = f"\nnot shown: {', '.join(parts)}" if parts else ""
    return f"{what}{unit}{less}"


def judged(support: str) -> str:
    """Return what the data say of a power law, and from what it cannot be told."""
    other = " from an exponential" if support == "not distinguishable" else ""
    return f"power law: {support}{other}"


def esd(numbers: _plotdata.ESD, scale: _plotdata.Scale) -> dict[str, str]:
    """Return the words of a spectral density; of its tail also the reason why there is no fit."""
    label = eigenvalue_label(
        numbers.exponent,
        zero=numbers.num_zero,
        smaller=numbers.num_left_out - numbers.num_zero,
        larger=numbers.num_beyond,
    )
    support = f"\n{judged(numbers.support)}" if numbers.support else ""
    return {
        "x": label,
        "y": "share per decade" if scale == "lin-log" else _DENSITY,
        "noise": "noise: Marchenko-Pastur law",
        "tail": f"{numbers.fit}{support}",
        "start": "start of the tail",
    }


def erg(numbers: _plotdata.ERG) -> dict[str, str]:
    """Return the words at the starts of the two tails."""
    return {
        "power law": f"power law from here: {numbers.num_tail}",
        "trace-log": f"trace-log tail from here: {numbers.num_erg}",
    }


def noise(numbers: _plotdata.Noise) -> dict[str, str]:
    """Return the words of the noise and its spikes, with the p-value of the largest eigenvalue."""
    num_near = spike_axis(numbers)[1]
    num_beyond = len(numbers.spikes) - num_near
    said = f", {num_beyond} beyond the axis, up to {numbers.spikes[-1]:.4g}" if num_beyond else ""
    p = numbers.p
    return {
        "x": eigenvalue_label(numbers.exponent, zero=numbers.num_zero),
        "y": _DENSITY,
        "law": "Marchenko-Pastur law",
        "edge": "largest of noise, 90 %",
        "spikes": f"spikes: {len(numbers.spikes)}{said}",
        "p": "" if math.isnan(p) else f"largest: p = {p:.2g}" if p >= 1e-4
        else "largest: p < 0.0001",
    }  # fmt: skip


def permuted(numbers: _plotdata.Permuted) -> dict[str, str]:
    """Return the words of the spectra before and after the elements are permuted."""
    return {
        "x": eigenvalue_label(numbers.exponent, smaller=numbers.num_left_out),
        "y": _DENSITY,
        "layer": "layer",
        "permuted": "elements in random order",
        "largest": f"largest eigenvalue in random order, {numbers.num_above} above",
    }


def tail_laws(numbers: _plotdata.TailLaws, *, parameters: bool = True) -> dict[str, str]:
    """Return the words of a tail, of each law with its test and, if wanted, its parameters."""
    limits = ", ".join(law.replace("_", " ") for law in numbers.limits)
    words = {
        "x": eigenvalue_label(numbers.exponent),
        "y": "share of the tail that is larger",
        "tail": "eigenvalues",
        "limits": f"as the power law: {limits}" if limits else "",
    }
    for law in numbers.laws:
        said = law.replace("_", " ")
        if parameters:
            said += f" ({_parameters(law, numbers.parameters[law])})"
        test = numbers.tests.get(law)
        words[law] = said if test is None else f"{said}: R = {test.R:.1f}, p = {test.p:.2g}"
    return words


def _parameters(law: str, found: Mapping[str, float]) -> str:
    """Return the parameters of a law; of one that is nearly a power law only the one that says so.

    Its scale is then a huge number, or a tiny one, and says nothing.
    """
    if law == "stretched_exponential" and found["beta"] < _NEAR_POWER_LAW:
        return f"near a power law, β = {found['beta']:.2g}"
    words = {"alpha": ".2f"}  # the digits of alpha are those of the other pictures
    return ", ".join(
        f"{_SYMBOLS[name]} = {value:{words.get(name, '.3g')}}" for name, value in found.items()
    )


def hill(numbers: _plotdata.Hill) -> dict[str, str]:
    """Return the words of the Hill estimates."""
    return {
        "x": "number of eigenvalues in the tail",
        "y": ALPHA,
        "estimate": "Hill estimate ± σ",
        "fit": f"power-law fit, α = {numbers.fitted:.2f}",
        "half": f"larger half, α = {numbers.half:.2f}",
    }


def vectors(numbers: _plotdata.Vectors) -> dict[str, str]:
    """Return the words of the spread of singular vectors."""
    return {
        "x": eigenvalue_label(numbers.exponent),
        "y": "effective number of elements",
        "spread": "spread",
        "localized": f"localized: {int(numbers.localized.sum())}",
        "noise": "random directions",
        "limit": "limit of random directions",
        "elbow": f"elbow: {numbers.num_elbow} from here up",
    }


def xmin_scan(numbers: _plotdata.XminScan) -> dict[str, str]:
    """Return the words of distance and alpha against the start of the tail."""
    return {
        "x": eigenvalue_label(numbers.exponent, what=r"start of the tail $x_{min}$"),
        "y": "distance D",
        "right": r"exponent $\alpha$",
        "D": "D, left axis",
        "alpha": "α ± σ, right axis",
        "rivals": f"other tails that fit: {len(numbers.rivals)}",
        "rival": f"rival, α = {numbers.rival_alpha:.2f}",
        "start": "start of the tail",
    }


def law(numbers: _plotdata.Theory) -> dict[str, str]:
    """Return the words of the density of a law, and of its atoms."""
    places = [
        f"{share:.3g} at {x:.3g}" for x, share in zip(numbers.atoms, numbers.share, strict=True)
    ]
    listed = ", ".join(places) if len(places) <= _LISTED else f"{len(places)} places"
    data = numbers.data_share
    drawn = f"; of the data {', '.join(f'{d:.3g}' for d in data)}" if len(data) <= _LISTED else ""
    return {
        "x": "x",
        "y": "density" if len(numbers.x) else "share",
        "data": "data",
        "atoms": f"share {listed}{'' if any(map(math.isnan, data)) else drawn}",
    }


def comparison(numbers: _plotdata.Comparison) -> dict[str, str]:
    """Return the words of the difference of draws from a law; the verdict beside its name."""
    judged = not math.isnan(numbers.p)
    draws = "one spectrum" if numbers.num == 1 else f"{numbers.num} spectra"
    return {
        "x": "share of the law below",
        "y": "difference from the law",
        "draws": f"{draws} of {numbers.size}",
        "error": "± two standard errors",
        "expected": "expected at this size",
        "zero": "limit of large size",
        "reach": "chance, 95 % of cases",
        "verdict": f"{numbers.verdict}, p = {numbers.p:.2g}" if judged else numbers.verdict,
    }


def convergence(numbers: _plotdata.Convergence) -> dict[str, str]:
    """Return the words of the distance from a law against size."""
    known = not math.isnan(numbers.rate)
    rate = f"size to the power of -{numbers.rate:.2f} ± {numbers.rate_error:.2g}"
    return {
        "x": "number of eigenvalues",
        "y": "distance from the law",
        "distance": "distance ± error",
        "different": "differs from the model at this size",
        "limit": "upper limit, two errors",
        "different limit": "upper limit, differs from the model",
        "chance": "what chance gives",
        "rate": rate if known else "",
    }
