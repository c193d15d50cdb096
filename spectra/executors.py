"""Executors: the one seam for doing work elsewhere, or in parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Executor"]


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
