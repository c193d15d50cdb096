"""Memory: refuse arrays that this machine cannot hold, which a file with holes may truly have."""

from __future__ import annotations

import os
from functools import cache

from spectra.errors import ModelFormatError

__all__ = ["check_fits"]


@cache
def _most() -> int | None:
    """Return half of the memory of this machine in bytes; None if the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):  # no such function on Windows, no such names
        return None


def check_fits(what: object, size: int, /) -> None:
    """
    Refuse to hold more than half of the memory of this machine at a time.

    Parameters
    ----------
    what : object
        What holds the bytes, for the message.
    size : int
        Number of bytes to be held.

    Raises
    ------
    ModelFormatError
        If there are too many.

    Examples
    --------
    >>> check_fits("f", 1 << 70)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: f: 1125899906842624 MB at a time, more than half of the ...
    """
    most = _most()
    if most is not None and size > most:
        msg = (
            f"{what}: {size >> 20} MB at a time, more than half of the memory of this machine "
            f"({most >> 20} MB)"
        )
        raise ModelFormatError(msg)
