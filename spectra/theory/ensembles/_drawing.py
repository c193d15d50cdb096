"""What all ensembles need: checks, and where noise and spikes lie."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.noise.signal import eigenvalue, limit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_rng", "checked_shape", "expected_spikes", "noise_edges", "positive"]


def checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(shape, tuple) or len(shape) != 2:
        msg = f"`shape` must be (rows, columns), got {shape!r}"
        raise ArgumentError(msg)
    _checks.count("rows", shape[0])
    _checks.count("columns", shape[1])
    return int(shape[0]), int(shape[1])


def positive(value: float, name: str, *, most: float = math.inf) -> float:
    if not (isinstance(value, Real) and 0 < value <= most and math.isfinite(value)):
        end = "" if math.isinf(most) else f" and at most {most:g}"
        msg = f"`{name}` must be a finite number above 0{end}, got {value!r}"
        raise ArgumentError(msg)
    return float(value)


def checked_rng(rng: object) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        msg = f"`rng` must be a numpy.random.Generator, got {type(rng).__name__}"
        raise ArgumentError(msg)
    return rng


def noise_edges(shape: tuple[int, int], variance: float) -> tuple[float, float]:
    """Return the ends of the spectrum of independent elements of that variance."""
    long, short = max(shape), min(shape)
    return _mp.edges(short / long, variance=variance * long)


def expected_spikes(
    shape: tuple[int, int], std: float, strengths: Iterable[float]
) -> tuple[float, ...]:
    """Return where strengths above the limit, in units of std sqrt(N), are seen in the noise."""
    long, short = max(shape), min(shape)
    visible = sorted((s for s in strengths if s > limit(short / long)), reverse=True)
    return tuple((std**2 * long * eigenvalue(visible, short / long)).tolist())
