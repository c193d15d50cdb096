"""Laws of scaled, shifted and inverted matrices."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra._typing import AnyArray, FloatArray
    from spectra.theory.laws._transforms import Transforms

__all__ = ["L", "inverse", "scaled", "shifted"]

L = TypeVar("L", bound="Transforms")  # a kind of law, which stays the same


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    return (min(ends), max(ends))


def _descending(places: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(places, reverse=True))


def scaled(law: L, factor: float) -> L:
    """Return the law of ``factor * x``."""
    _checks.number("factor", factor, above=-math.inf, below=math.inf)
    c = float(factor)
    if c == 0:
        msg = "`factor` must not be 0, which leaves no law but an atom"
        raise ArgumentError(msg)

    def transform(z: AnyArray) -> AnyArray:
        if c > 0:
            return law.stieltjes(z / c) / c
        # -x mirrors the half-planes; a negative zero would take the limit from below
        mirrored = np.conj(law.stieltjes(np.conj(z) / c + 0j)) / c
        return np.asarray(mirrored)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        assert law.model is not None
        return np.sort(c * law.model(size, num, rng), axis=-1)

    def cumulants(num: int) -> FloatArray:
        return np.asarray(c ** np.arange(1, num + 1) * law.free_cumulants(num), np.float64)

    def largest(size: int) -> tuple[float, float]:
        assert law.largest is not None
        centre, width = law.largest(size)
        return c * centre, c * width

    r, s = law.r_transform, law.s_transform
    return replace(
        law,
        name=f"{law.name}, times {c:g}",
        intervals=tuple(sorted(_ascending((c * a, c * b)) for a, b in law.intervals)),
        transform=transform,
        atoms=tuple(sorted((c * place, mass) for place, mass in law.atoms)),
        middle=None if law.middle is None else c * law.middle,
        width=None if law.width is None else abs(c) * law.width,
        tracked=None,
        moved=(law, c, 0.0),
        model=None if law.model is None else model,
        r_transform=None if r is None else lambda z: c * r(c * z),
        s_transform=None if s is None or c < 0 else lambda z: s(z) / c,
        cumulants=None if law.cumulants is None else cumulants,
        largest=None if law.largest is None or c < 0 else largest,
        spikes=_descending(c * place for place in law.spikes),
    )


def shifted(law: L, by: float) -> L:
    """Return the law of ``x + by``."""
    _checks.number("by", by, above=-math.inf, below=math.inf)
    d = float(by)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        assert law.model is not None
        return law.model(size, num, rng) + d

    def cumulants(num: int) -> FloatArray:
        found = law.free_cumulants(num).copy()
        found[0] += d
        return found

    def largest(size: int) -> tuple[float, float]:
        assert law.largest is not None
        centre, width = law.largest(size)
        return centre + d, width

    r = law.r_transform
    return replace(
        law,
        name=f"{law.name}, plus {d:g}",
        intervals=tuple((a + d, b + d) for a, b in law.intervals),
        transform=lambda z: law.stieltjes(z - d),
        atoms=tuple((place + d, mass) for place, mass in law.atoms),
        middle=None if law.middle is None else law.middle + d,
        width=abs(law.middle) if law.width is None and law.middle is not None else law.width,
        power=None,
        tracked=None,
        moved=(law, 1.0, d),
        model=None if law.model is None else model,
        r_transform=None if r is None else lambda z: r(z) + d,
        s_transform=None,
        cumulants=None if law.cumulants is None else cumulants,
        largest=None if law.largest is None else largest,
        spikes=tuple(place + d for place in law.spikes),
    )


def inverse(law: L) -> L:
    """Return the law of ``1 / x``."""
    inside = any(low < 0 < high for low, high in law.intervals)
    if inside or any(place == 0 for place, _ in law.atoms):
        msg = f"{law.name} has eigenvalues at or around 0, and no inverse"
        raise ArgumentError(msg)

    def end(x: float, other: float) -> float:
        if x == 0:
            return math.copysign(math.inf, other)
        return 1 / x

    def transform(z: AnyArray) -> AnyArray:
        # 1/z lies in the other half-plane; at z = 0 the value is minus the mean
        with np.errstate(all="ignore"):
            w = 1 / z
            w = np.where(w.imag == 0, w.real + 0j, w)
            flipped = np.where(w.imag < 0, law.stieltjes(w), np.conj(law.stieltjes(w)))
            found = (1 - w * flipped) * w
        return np.asarray(found)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        assert law.model is not None
        return np.sort(1 / law.model(size, num, rng), axis=-1)

    intervals = [_ascending((end(a, b), end(b, a))) for a, b in law.intervals]
    reaches = any(math.isinf(x) for pair in intervals for x in pair)
    return replace(
        law,
        name=f"inverse of {law.name}",
        intervals=tuple(sorted(intervals)),
        transform=transform,
        atoms=tuple(sorted((1 / place, mass) for place, mass in law.atoms)),
        alpha=_tail_of_inverse(law) if reaches else math.inf,
        middle=1 / float(law.ppf(0.5)) if reaches else None,
        width=None,
        power=law.alpha - 2 if law.edges[1] == math.inf else None,
        model=None if law.model is None else model,
        r_transform=None,
        s_transform=None,
        cumulants=None,
        largest=None,
        spikes=_descending(1 / place for place in law.spikes),
        tracked=None,
        moved=None,
    )


def _tail_of_inverse(law: Transforms) -> float:
    """Return the exponent alpha of 1/x, from the power of the density at 0 or its slope there."""
    if law.power is not None:
        return 2 + law.power
    near = 1e-8 * abs(float(law.ppf(0.5))) * np.array([1.0, 1e-2])
    heights = law.pdf(near if law.edges[0] >= 0 else -near)
    power = math.log(heights[1] / heights[0]) / math.log(1e-2)
    return 2 + round(12 * power) / 12  # roots are those of products of matrices
