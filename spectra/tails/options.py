"""Conventions: what a fit of a power law depends on besides the data, by name."""

from __future__ import annotations

import math
import sys
from numbers import Real
from typing import Literal, TypedDict, get_args

from spectra.errors import ArgumentError

__all__ = [
    "Distance",
    "Estimator",
    "FitOptions",
    "Threshold",
    "Ties",
    "check",
    "fixed_threshold",
    "rule",
]

Estimator = Literal["published", "n", "n-1", "n-2"]
"""How alpha is estimated from a tail of n points; see :func:`spectra.tails.power_law.fit`."""

Distance = Literal["lower", "two-sided"]
"""Steps of the empirical distribution that D looks at; see :func:`spectra.tails.power_law.fit`."""

Ties = Literal["each", "clauset", "distinct"]
"""What equal data count as; see :func:`spectra.tails.power_law.fit`."""

Threshold = float | tuple[float, float] | None
"""A fixed start of the tail, the range to search it in, or all data."""

SMALL_SAMPLE = 20  # below this many points the published numbers use another rule
SMALL_SAMPLE_TAIL = 8


class FitOptions(TypedDict, total=False):
    """
    What a fit depends on besides the data: the keywords of :func:`spectra.tails.power_law.fit`.

    Examples
    --------
    >>> FitOptions(ties="clauset", distance="two-sided")
    {'ties': 'clauset', 'distance': 'two-sided'}
    """

    xmin: Threshold
    xmax: float | None
    estimator: Estimator
    distance: Distance
    ties: Ties


def _is_number(value: object) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return bool(abs(value) <= sys.float_info.max or value == math.inf)  # type: ignore[operator]


def check(options: FitOptions) -> None:
    """
    Refuse what no keyword of a fit may be.

    Parameters
    ----------
    options : FitOptions
        The keywords.

    Raises
    ------
    ArgumentError
        If one is unknown or wrong.

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
        value = options.get(name, get_args(allowed)[0])
        if not isinstance(value, str) or value not in get_args(allowed):
            msg = f"`{name}` must be one of {', '.join(get_args(allowed))}, got {value!r}"
            raise ArgumentError(msg)
    xmin, xmax = options.get("xmin"), options.get("xmax")
    ends = (0.0, 0.0) if xmin is None else xmin if isinstance(xmin, tuple) else (xmin, xmin)
    good = len(ends) == 2 and all(map(_is_number, ends)) and 0 <= ends[0] <= ends[1]
    if not good or fixed_threshold(xmin) == 0 or ends[0] == math.inf:
        msg = (
            "`xmin` must be a finite positive number or a range (low, high), or left out to "
            f"search all data; got {xmin!r}"
        )
        raise ArgumentError(msg)
    if xmax is not None and not (_is_number(xmax) and ends[0] < xmax < math.inf):
        msg = f"`xmax` must be a finite positive number above `xmin`, got {xmax!r}"
        raise ArgumentError(msg)


def rule(estimator: Estimator, num: int) -> tuple[int, int]:
    """
    Say how alpha is estimated from so many data.

    Parameters
    ----------
    estimator : {"published", "n", "n-1", "n-2"}
        As in :func:`spectra.tails.power_law.fit`.
    num : int
        Size of the sample.

    Returns
    -------
    correction : int
        What is taken from the number of data in the tail.
    shortest : int
        Fewest data in a tail.

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
    Return the threshold if it is fixed.

    Parameters
    ----------
    xmin : float or (float, float), optional
        As in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    float or None
        None if it is to be searched for.

    Examples
    --------
    >>> fixed_threshold(2), fixed_threshold((1.0, 2.0)), fixed_threshold(None)
    (2.0, None, None)
    """
    return None if xmin is None or isinstance(xmin, tuple) else float(xmin)
