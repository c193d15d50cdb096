"""Checks of arguments, each an ArgumentError that says what was wanted and what was got."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["count", "number", "one_dimensional", "real_numbers"]


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


def real_numbers(values: npt.ArrayLike, /, name: str = "eigenvalues") -> FloatArray:
    """
    Take numbers as float64, and refuse what is none.

    Parameters
    ----------
    values : array_like
        Integers or floats of any kind; masked ones are left out of one-dimensional data.
    name : str, default: "eigenvalues"
        What to call them in a complaint.

    Returns
    -------
    ndarray
        A copy.

    Raises
    ------
    ArgumentError
        If they are text, complex, truth values, dates, or rows of different lengths.

    Examples
    --------
    >>> real_numbers([1, 2])
    array([1., 2.])
    """
    masked = isinstance(values, np.ma.MaskedArray) and values.ndim == 1
    try:
        array = np.ma.compressed(values) if masked else np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.array([None])
    real = np.can_cast(array.dtype, np.float64, "same_kind") and array.dtype != bool
    if array.size and not real:
        got = f"{type(values).__name__} of {array.dtype}"
        msg = f"`{name}` must be an array of real numbers, got {got}"
        raise ArgumentError(msg)
    return array.astype(np.float64)


def one_dimensional(values: npt.ArrayLike, name: str) -> FloatArray:
    x = real_numbers(values, name)
    if x.ndim != 1:
        msg = f"`{name}` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    return x
