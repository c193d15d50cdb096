"""Options of a power-law fit: estimator, KS distance, ties, threshold."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, cast, get_args

import spectra._checks as _checks
from spectra.errors import ArgumentError

__all__ = [
    "Distance",
    "Estimator",
    "FitOptions",
    "Threshold",
    "Ties",
    "check",
    "fixed_threshold",
    "given",
    "in_unit",
    "rule",
]

Estimator = Literal["published", "n", "n-1", "n-2"]
"""Estimator of alpha from a tail of n points; see :func:`spectra.tails.power_law.fit`."""

Distance = Literal["lower", "two-sided"]
"""Steps of the empirical distribution used for D; see :func:`spectra.tails.power_law.fit`."""

Ties = Literal["clauset", "distinct", "each"]
"""Treatment of equal data; see :func:`spectra.tails.power_law.fit`."""

Threshold = float | tuple[float, float] | None
"""Start of the tail: fixed, a range to search, or None to search all data."""

SMALL_SAMPLE = 20  # below this many points the published numbers use another rule
SMALL_SAMPLE_TAIL = 8  # shortest tail under that rule


class FitOptions(TypedDict, total=False):
    """
    Options of a power-law fit, the keywords of :func:`spectra.tails.power_law.fit`.

    Examples
    --------
    >>> FitOptions(ties="distinct", distance="two-sided")
    {'ties': 'distinct', 'distance': 'two-sided'}
    """

    xmin: Threshold
    xmax: float | None
    estimator: Estimator
    distance: Distance
    ties: Ties


def check(options: FitOptions) -> None:
    """
    Validate the fit options.

    Parameters
    ----------
    options : FitOptions
        Keywords of a fit.

    Raises
    ------
    ArgumentError
        If a keyword is unknown or its value is wrong.

    Examples
    --------
    >>> check({"xmin": -1.0})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: `xmin` must be a finite positive number or a range ...
    """
    unknown = [name for name in options if name not in FitOptions.__annotations__]
    if unknown:
        msg = f"unknown keyword {unknown[0]!r}; a fit takes {', '.join(FitOptions.__annotations__)}"
        raise ArgumentError(msg)
    for name, allowed in (("estimator", Estimator), ("distance", Distance), ("ties", Ties)):
        _checks.choice(name, options.get(name, get_args(allowed)[0]), get_args(allowed))
    xmin, xmax = options.get("xmin"), options.get("xmax")
    ends = (0.0, 0.0) if xmin is None else xmin if isinstance(xmin, tuple) else (xmin, xmin)
    low, high = map(_checks.as_float, ends) if len(ends) == 2 else (math.nan, math.nan)
    if not 0 <= low <= high or fixed_threshold(xmin) == 0 or low == math.inf:
        msg = (
            "`xmin` must be a finite positive number or a range (low, high), or left out to "
            f"search all data; got {xmin!r}"
        )
        raise ArgumentError(msg)
    if xmax is not None:
        what = "larger than `xmin`, a finite number" if low else "a finite number"
        _checks.number("xmax", xmax, above=low, what=what)


def given(options: Mapping[str, Any] | None, /) -> FitOptions:
    """
    Return options of a fit as they are used, after a check.

    Parameters
    ----------
    options : mapping, optional
        Options by name; a range for `xmin` may be a list, as JSON has it.

    Returns
    -------
    FitOptions
        A dict; empty for None.

    Raises
    ------
    ArgumentError
        If `options` is not a mapping, or an option is unknown or wrong.

    Examples
    --------
    >>> given({"xmin": [1.0, 10.0]})
    {'xmin': (1.0, 10.0)}
    """
    if not isinstance(options, Mapping | None):
        msg = f"`tail` must be options of the fit, as in {{'xmin': 1.0}}, got {options!r}"
        raise ArgumentError(msg)
    known = {k: tuple(v) if isinstance(v, list) else v for k, v in (options or {}).items()}
    found = cast("FitOptions", known)
    check(found)
    return found


def in_unit(options: FitOptions, exponent: int, /) -> FitOptions:
    """
    Return options of a fit with thresholds in a unit of ``4**exponent``.

    Parameters
    ----------
    options : FitOptions
        Options with thresholds in the unit 1, weight units squared.
    exponent : int
        Power of two that the weights were divided by.

    Returns
    -------
    FitOptions
        Options with thresholds in the other unit. If a fixed threshold is outside the range of
        float64 there, an empty range for `xmin`: a fit with another threshold would be wrong.

    Examples
    --------
    >>> in_unit({"xmin": 1.0}, 2), in_unit({"xmin": 1.0}, 700)
    ({'xmin': 0.0625}, {'xmin': (0.0, 0.0), 'xmax': None})
    >>> in_unit({"xmin": (1.0, 2.0)}, 700)
    {'xmin': (0.0, 0.0)}
    """
    if not exponent:
        return options
    found: dict[str, Any] = {**options}
    xmin, xmax = options.get("xmin"), options.get("xmax")
    if isinstance(xmin, tuple):
        low, high = (_divided(end, exponent) for end in xmin)
        found["xmin"] = (low, high) if low < math.inf else _NOWHERE
    elif xmin is not None:
        found["xmin"] = _divided(xmin, exponent)
    if xmax is not None:
        found["xmax"] = _divided(xmax, exponent)
    fixed = [found[name] for name in ("xmin", "xmax") if isinstance(found.get(name), float)]
    if not all(_LEAST <= value < math.inf for value in fixed):
        found = {**found, "xmin": _NOWHERE, "xmax": None}
    return cast("FitOptions", found)


_NOWHERE = (0.0, 0.0)  # a range without data
_LEAST = sys.float_info.min  # smallest number of full precision


def _divided(value: float, exponent: int) -> float:
    """Return ``value / 4**exponent``, infinite or 0 beyond the range of floats."""
    try:
        return math.ldexp(value, -2 * exponent)
    except OverflowError:
        return math.inf


def rule(estimator: Estimator, num: int) -> tuple[int, int]:
    """
    Return the bias correction and the shortest tail for a sample of this size.

    Parameters
    ----------
    estimator : {"published", "n", "n-1", "n-2"}
        Estimator of alpha, as in :func:`spectra.tails.power_law.fit`.
    num : int
        Number of data in the sample.

    Returns
    -------
    correction : int
        Number subtracted from the number of data in the tail.
    shortest : int
        Smallest number of data in a tail.

    Examples
    --------
    >>> rule("published", 19), rule("published", 20), rule("n-2", 20)
    ((1, 8), (0, 2), (2, 3))
    """
    if estimator == "published":
        return (0, 2) if num >= SMALL_SAMPLE else (1, SMALL_SAMPLE_TAIL)
    correction = {"n": 0, "n-1": 1, "n-2": 2}[estimator]
    return correction, max(2, correction + 1)


def fixed_threshold(xmin: Threshold, /) -> float | None:
    """
    Return the fixed threshold, or None if the threshold is searched for.

    Parameters
    ----------
    xmin : float or (float, float), optional
        Threshold or range, as in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    float or None
        Fixed threshold; None for a range or for all data.

    Examples
    --------
    >>> fixed_threshold(2), fixed_threshold((1.0, 2.0)), fixed_threshold(None)
    (2.0, None, None)
    """
    return None if xmin is None or isinstance(xmin, tuple) else float(xmin)
