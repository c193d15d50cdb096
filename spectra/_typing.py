"""Names for the array types used in signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["AnyArray", "Executor", "FloatArray"]

FloatArray = npt.NDArray[np.float64]
"""Array of float64: everything computed here."""

AnyArray = npt.NDArray[Any]
"""Array of whatever type the file stores, ``bfloat16`` included."""


class Executor(Protocol):
    """
    Anything that maps a function over items, as ``concurrent.futures.Executor`` does.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> executor: Executor = ThreadPoolExecutor(2)
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterable[Any]:
        """Apply `function` to each of `items`, results in their order."""
        ...
