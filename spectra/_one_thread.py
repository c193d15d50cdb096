"""Linear algebra limited to one thread while many small matrices are worked on."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_thread"]


class _Limits:
    """Limits that are set by the first of several blocks, and taken back by the last."""

    def __init__(self) -> None:
        self._lock, self._blocks = Lock(), 0
        self._set: Any = None

    def enter(self) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock:
            if not self._blocks:
                self._set = threadpool_limits(1, "blas")
            self._blocks += 1

    def leave(self) -> None:
        with self._lock:
            self._blocks -= 1
            if not self._blocks:
                self._set.restore_original_limits()


_LIMITS = _Limits()


@contextmanager
def one_thread() -> Iterator[None]:
    """
    Limit the linear algebra of this process to one thread within the block.

    The limit holds for the whole process, so blocks that overlap in several threads share it: the
    last one that ends gives the threads back.
    """
    _LIMITS.enter()
    try:
        yield
    finally:
        _LIMITS.leave()
