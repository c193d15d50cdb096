"""Checks of arguments, each an ArgumentError that says what was wanted and what was got."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "choice",
    "count",
    "executor",
    "generator",
    "number",
    "one_dimensional",
    "real_numbers",
    "share",
]


def number(name: str, value: object, *, above: float) -> None:
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not (real and above < float(value) < math.inf):  # type: ignore[arg-type]
        wanted = "a finite number" if above == -math.inf else f"a finite number above {above:g}"
        msg = f"`{name}` must be {wanted}, got {value!r}"
        raise ArgumentError(msg)


def count(name: str, value: object, *, at_least: int = 1, what: str = "a whole number") -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        msg = f"`{name}` must be {what}, at least {at_least}, got {value!r}"
        raise ArgumentError(msg)


def share(name: str, value: object) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) < 1:
        msg = f"`{name}` must be between 0 and 1, got {value!r}"
        raise ArgumentError(msg)


def choice(name: str, value: object, allowed: Iterable[object]) -> None:
    words = tuple(allowed)
    if not any(value == word and type(value) is type(word) for word in words):
        msg = f"`{name}` must be one of {', '.join(map(str, words))}, got {value!r}"
        raise ArgumentError(msg)


def generator(rng: int | np.random.Generator | None) -> np.random.Generator:
    """Return the generator of a seed, or the generator itself; a fresh one for None."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is not None and (not isinstance(rng, Integral) or isinstance(rng, bool) or int(rng) < 0):
        msg = f"`rng` must be a whole number from 0, a numpy Generator or None, got {rng!r}"
        raise ArgumentError(msg)
    return np.random.default_rng(None if rng is None else int(rng))


def executor(value: object) -> None:
    if value is not None and not callable(getattr(value, "map", None)):
        got = type(value).__name__
        msg = f"`executor` must have a map, as concurrent.futures.Executor has, got {got}"
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
