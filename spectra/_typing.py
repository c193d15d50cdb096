"""Type names used in signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["AnyArray", "Executor", "FloatArray", "Numbers"]

FloatArray = npt.NDArray[np.float64]
"""Array of float64, the type of all computed arrays."""

Numbers = float | FloatArray
"""A number, or an array of numbers that functions take in place of it."""

AnyArray = npt.NDArray[Any]
"""Array of any type that a file may store, including ``bfloat16``."""


class Executor(Protocol):
    """
    Object that maps a function over items, like ``concurrent.futures.Executor``.

    Results know their items, so that both may be taken in any order. An executor that stops early,
    as after an interrupt, leaves out the items that it did not get to, or returns None for them;
    :func:`spectra.analyze` then gives these layers the status ``NOT_REACHED``.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> executor: Executor = ThreadPoolExecutor(2)
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterable[Any]:
        """Apply `function` to each item; results have any order; None is no result."""
        ...
