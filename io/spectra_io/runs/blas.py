"""Limit the linear algebra of this process, and of processes that it starts, to one thread."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from spectra._one_thread import one_thread as limited_to_one

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_thread", "pin"]

_VARIABLES = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@contextmanager
def one_thread() -> Iterator[None]:
    """
    Limit linear algebra to one thread within the block.

    Libraries that are loaded are told; those that are loaded in the block, here or in a process
    that is started there, read the environment.

    Yields
    ------
    None
        Nothing; the block is run.

    Examples
    --------
    >>> with one_thread():
    ...     os.environ["OPENBLAS_NUM_THREADS"]
    '1'
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    try:
        with limited_to_one():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@cache
def pin() -> None:
    """
    Limit linear algebra to one thread from now on.

    Examples
    --------
    >>> pin()
    """
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    threadpool_limits(1, "blas")
