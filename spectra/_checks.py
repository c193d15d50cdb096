"""Argument checks; each raises an ArgumentError with the accepted and the given value."""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray, Numbers

__all__ = [
    "as_array",
    "as_float",
    "as_real",
    "choice",
    "count",
    "executor",
    "generator",
    "number",
    "numbers",
    "one_dimensional",
    "real_numbers",
    "rows",
    "seed",
    "share",
]


def as_float(value: object) -> float:
    """Return a real number as a float; ``nan`` for anything else, booleans included."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # an integer or fraction beyond float64
        return math.nan


def number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    what: str = "a finite number",
) -> None:
    """Require a real number within bounds; infinity only if it is a closed bound."""
    x = as_float(value)
    low = x > (-math.inf if above is None else above) if at_least is None else x >= at_least
    high = x < (math.inf if below is None else below) if at_most is None else x <= at_most
    if not (low and high):
        msg = f"`{name}` must be {what}{_bounds(above, at_least, below, at_most)}, got {value!r}"
        raise ArgumentError(msg)


def numbers(
    name: str,
    values: npt.ArrayLike,
    *,
    above: float = -math.inf,
    below: float = math.inf,
    at_most: float | None = None,
    what: str = "a finite number",
) -> Numbers:
    """
    Require real numbers within bounds, one or an array.

    Parameters
    ----------
    name : str
        Name of the argument in the error message.
    values : array_like
        The numbers.
    above, below, at_most : float
        Bounds, as of :func:`number`.
    what : str, default: "a finite number"
        What every number must be.

    Returns
    -------
    float or ndarray
        A float of a single number, so that formulas give a float for it; an array otherwise.

    Raises
    ------
    ArgumentError
        If a number is out of range, or `values` are not real numbers.

    Examples
    --------
    >>> numbers("ratio", 1, above=0), numbers("ratio", [1, 2], above=0)
    (1.0, array([1., 2.]))
    """
    if isinstance(values, Real | str | bytes) or values is None:
        number(name, values, above=above, below=below, at_most=at_most, what=what)
        return float(values)
    found = real_numbers(values, name)
    low, high = found > above, found < below if at_most is None else found <= at_most
    wrong = found[~(low & high)]
    if len(wrong):
        bounds = _bounds(above, None, below, at_most)
        msg = f"`{name}` must be {what}{bounds}, got {float(wrong[0])!r} in an array"
        raise ArgumentError(msg)
    return found if found.ndim else float(found)


def _bounds(
    above: float | None, at_least: float | None, below: float | None, at_most: float | None
) -> str:
    """Describe an interval, with a leading space: `` above 0 and at most 1``; empty without."""
    if at_least is not None and at_most is not None:
        return f" from {at_least:g} to {at_most:g}"
    ends = {"above": above, "from": at_least, "below": below, "at most": at_most}
    none = {None, -math.inf, math.inf}
    words = [f"{word} {end:g}" for word, end in ends.items() if end not in none]
    return f" {' and '.join(words)}" if words else ""


def count(
    name: str,
    value: object,
    *,
    at_least: int = 1,
    at_most: int | None = None,
    what: str = "a whole number",
) -> None:
    """Require an integer within bounds, not a boolean."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not (whole and at_least <= value and (at_most is None or value <= at_most)):  # type: ignore[operator]
        most = "" if at_most is None else f" and at most {at_most}"
        msg = f"`{name}` must be {what}, at least {at_least}{most}, got {value!r}"
        raise ArgumentError(msg)


def share(name: str, value: object) -> None:
    """Require a real number between 0 and 1, both excluded."""
    if not 0 < as_float(value) < 1:
        msg = f"`{name}` must be between 0 and 1, got {value!r}"
        raise ArgumentError(msg)


def choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Require one of the allowed values, of the same type."""
    words = tuple(allowed)
    plain = value.item() if isinstance(value, np.generic) else value  # numpy.str_ is a str
    if not any(type(plain) is type(word) and plain == word for word in words):
        msg = f"`{name}` must be one of {', '.join(map(str, words))}, got {value!r}"
        raise ArgumentError(msg)


def generator(rng: int | np.random.Generator | None) -> np.random.Generator:
    """Return a generator seeded with `rng`, or a given generator itself; unseeded for None."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is not None and (not isinstance(rng, Integral) or isinstance(rng, bool) or int(rng) < 0):
        msg = f"`rng` must be a whole number from 0, a numpy Generator or None, got {rng!r}"
        raise ArgumentError(msg)
    return np.random.default_rng(None if rng is None else int(rng))


def seed(rng: int | np.random.Generator | None) -> int:
    """Return an int as it is; draw one from a generator, so that the draws can be repeated."""
    drawn = generator(rng)
    return int(rng) if isinstance(rng, Integral) else int(drawn.integers(2**53))


def executor(value: object) -> None:
    """Require None or an object with a map method."""
    if value is not None and not callable(getattr(value, "map", None)):
        got = type(value).__name__
        msg = f"`executor` must have a map method, like concurrent.futures.Executor, got {got}"
        raise ArgumentError(msg)


def store(value: object) -> None:
    """Require None or a mutable mapping, of names to bytes."""
    if value is not None and not isinstance(value, MutableMapping):
        got = type(value).__name__
        msg = (
            "`store` must be a mapping of names to bytes, as spectra_io.open_store(folder) "
            f"returns, or a dict; got {got}"
        )
        raise ArgumentError(msg)


def real_numbers(values: npt.ArrayLike, /, name: str = "eigenvalues") -> FloatArray:
    """
    Convert to float64; reject text, complex numbers, booleans and ragged rows.

    Parameters
    ----------
    values : array_like
        Integers or floats of any type; masked values of one-dimensional data are left out.
    name : str, default: "eigenvalues"
        Name of the argument in the error message.

    Returns
    -------
    ndarray
        The numbers, always a copy.

    Raises
    ------
    ArgumentError
        If `values` are text, complex numbers, booleans, dates, or rows of different lengths.

    Examples
    --------
    >>> real_numbers([1, 2])
    array([1., 2.])
    """
    return as_real(values, name, copy=True)


def as_real(
    values: npt.ArrayLike, /, name: str = "eigenvalues", *, some: bool = False, copy: bool = False
) -> FloatArray:
    """
    Convert to float64 as :func:`real_numbers`, by default without a copy where none is needed.

    With `some`, there has to be at least one number.

    Examples
    --------
    >>> as_real([1, 2], some=True)
    array([1., 2.])
    """
    array = as_array(values, name)
    real = np.can_cast(array.dtype, np.float64, "same_kind") and array.dtype != bool
    if not real and (array.size or array.dtype.kind == "c"):
        got = f"{type(values).__name__} of {array.dtype}"
        msg = f"`{name}` must be an array of real numbers, got {got}"
        raise ArgumentError(msg)
    if some and not array.size:
        msg = f"`{name}` must be at least one number, got none"
        raise ArgumentError(msg)
    return array.astype(np.float64, copy=copy)


def as_array(values: npt.ArrayLike, name: str, /) -> AnyArray:
    """
    Convert to an array in its stored type, without a copy where none is needed.

    Rows of different lengths give an array of one object. Masked values of one-dimensional data are
    left out, others refused. Python's real numbers, fractions and decimals become floats.
    """
    if np.ma.is_masked(values):
        if np.ndim(values) != 1:
            msg = f"`{name}` must not be masked: fill what is masked, or leave it out"
            raise ArgumentError(msg)
        return np.ma.compressed(values)
    try:
        return _objects_as_floats(np.asarray(values))
    except ValueError:  # rows of different lengths
        return np.array([None])


def _objects_as_floats(array: AnyArray) -> AnyArray:
    if array.dtype != object or not array.size:
        return array
    if not all(isinstance(x, Real | Decimal) and not isinstance(x, bool) for x in array.flat):
        return array
    try:
        return array.astype(np.float64)
    except OverflowError:  # whole numbers above all floats
        return array


def one_dimensional(values: npt.ArrayLike, name: str) -> FloatArray:
    """Convert to float64 with :func:`real_numbers`, and require one dimension."""
    x = real_numbers(values, name)
    if x.ndim != 1:
        msg = f"`{name}` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    return x


def rows(values: npt.ArrayLike, name: str) -> FloatArray:
    """Convert to float64 with :func:`real_numbers`, and require one dimension or more."""
    x = real_numbers(values, name)
    if not x.ndim:
        msg = f"`{name}` must be an array, or a stack of arrays along the last axis, got {values!r}"
        raise ArgumentError(msg)
    return x
