"""Units of extreme weights: one power of two for all layers of a figure, and words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra._spectral import extreme_exponent, spectrum_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

__all__ = ["exponents_of", "in_one_unit", "scaled_stack", "unit_words"]

_MOST = 600  # power of two of the ends of an axis; float64 ends at 1074, ticks go beyond an axis
_POWERS = {"w": 1, "w2": 2}


def exponents_of(ds: xr.Dataset) -> AnyArray:
    """Return the powers of two that the weights of each layer were divided by."""
    if "scale_exponent" not in ds:
        return np.zeros(ds.sizes["layer"], dtype=np.int64)
    found: AnyArray = np.nan_to_num(ds.scale_exponent.values).astype(np.int64)
    return found


def in_one_unit(
    values: Sequence[FloatArray], exponents: Sequence[AnyArray], units: str
) -> tuple[list[FloatArray], int]:
    """
    Return numbers of layers of unequal units in the same unit, and the power of two of its weights.

    The unit is 1 if the largest number is from 2^-600 to 2^600 in it. What is below 2^-600 in the
    unit becomes that, with its sign.
    """
    power = _POWERS.get(units, 0)
    if not power or not any(e.any() for e in exponents):
        return list(values), 0
    tops = [
        _top(row, int(e), power)
        for x, each in zip(values, exponents, strict=True)
        for row, e in zip(x, each, strict=True)
        if (np.isfinite(row) & (row != 0)).any()
    ]
    top = max(tops, default=0)
    unit = -(-(top - _MOST) // power) if top > _MOST else -(-top // power) if top < -_MOST else 0
    moved = [_moved(x, power * (e - unit)) for x, e in zip(values, exponents, strict=True)]
    return moved, unit


def _top(row: FloatArray, exponent: int, power: int) -> int:
    """Return the power of two above the largest number of a layer, in weight units."""
    found = np.abs(np.where(np.isfinite(row), row, 0)).max()
    return int(np.frexp(found)[1]) + power * exponent


def _moved(x: FloatArray, by: AnyArray) -> FloatArray:
    """Return numbers times powers of two, one per layer; what is too small ends at 2^-600."""
    with np.errstate(under="ignore", invalid="ignore"):
        found: FloatArray = np.ldexp(x, by.reshape(-1, *[1] * (x.ndim - 1)))
        lost = (np.abs(found) < 2.0**-_MOST) & (x != 0)
        found[lost] = np.copysign(2.0**-_MOST, x[lost])
        return found


def scaled_stack(data: npt.ArrayLike) -> tuple[AnyArray, int]:
    """Return matrices with extreme weights over a power of two, as a Spectrum has them."""
    stack, found = stack_of(data), spectrum_of(data)
    if found is not None:
        return stack, found.exponent
    exponent = extreme_exponent(stack) if stack.size else 0
    return (np.ldexp(stack, -exponent) if exponent else stack), exponent


def unit_words(exponent: int) -> str:
    """Return a sentence on the unit of eigenvalues, with a blank ahead; empty if the unit is 1."""
    return f" Eigenvalues are in units of 4^{exponent}." if exponent else ""
