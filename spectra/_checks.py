"""Checks of arguments, each an ArgumentError that says what was wanted and what was got."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

from spectra.errors import ArgumentError
from spectra.samples import real_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["count", "number", "one_dimensional"]


def number(name: str, value: object, *, above: float) -> None:
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not (real and above < float(value) < math.inf):  # type: ignore[arg-type]
        wanted = "a finite number" if above == -math.inf else f"a finite number above {above:g}"
        msg = f"`{name}` must be {wanted}, got {value!r}"
        raise ArgumentError(msg)


def count(name: str, value: object) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        msg = f"`{name}` must be a whole number, at least 1, got {value!r}"
        raise ArgumentError(msg)


def one_dimensional(values: npt.ArrayLike, name: str) -> FloatArray:
    x = real_numbers(values, name)
    if x.ndim != 1:
        msg = f"`{name}` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    return x
