"""Put durations and amounts of memory into words."""

from __future__ import annotations

__all__ = ["duration", "memory"]

_PARTS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float, /) -> str:
    """
    Return a duration in words, in its two largest units.

    Parameters
    ----------
    seconds : float
        Duration from 0; seconds beside minutes are rounded to tens.

    Returns
    -------
    str
        Words.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.3, 12.2, 193.0, 7300.0, 200_000.0)]
    ['under 1 s', '12 s', '3 min 10 s', '2 h 1 min', '2 d 7 h']
    """
    whole = round(seconds) if seconds < 60 else 10 * round(seconds / 10)
    if whole < 1:
        return "under 1 s"
    largest = next(i for i, (size, _) in enumerate(_PARTS) if whole >= size)
    words = []
    for size, unit in _PARTS[largest : largest + 2]:
        count, whole = divmod(whole, size)
        words += [f"{count} {unit}"] if count else []
    return " ".join(words)


def memory(num_bytes: float, /) -> str:
    """
    Return an amount of memory in words.

    Parameters
    ----------
    num_bytes : float
        Number of bytes.

    Returns
    -------
    str
        Words, with two digits.

    Examples
    --------
    >>> memory(3.0e6), memory(1.24e8), memory(2.31e9)
    ('3 MB', '120 MB', '2.3 GB')
    """
    if num_bytes >= 1e9:
        return f"{num_bytes / 1e9:.{1 if num_bytes < 1e10 else 0}f} GB"
    digits = -1 if num_bytes >= 1e8 else 0
    return f"{round(num_bytes / 1e6, digits):.0f} MB"
