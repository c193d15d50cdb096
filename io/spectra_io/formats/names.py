"""Names of tensors and files: their natural order, and short lists of them in messages."""

from __future__ import annotations

import re
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["listed", "natural"]

_MAX_NATURAL = 1000  # characters of a name in which numbers are looked for
_LISTED = 5
_LONGEST = 100  # characters of a name in a list


def natural(name: str, /) -> list[tuple[int, str]]:
    """
    Return a sort key that puts layer 2 before layer 10.

    Parameters
    ----------
    name : str
        Name of a tensor or file.

    Returns
    -------
    list of tuple
        Key for ``sorted``.

    Examples
    --------
    >>> sorted(["h.10", "h.9", "h.2.b"], key=natural)
    ['h.2.b', 'h.9', 'h.10']
    """
    if len(name) > _MAX_NATURAL:
        return [(0, name)]
    parts = re.split(r"([0-9]+)", name)
    digits = [p.lstrip("0") for p in parts[1::2]]
    numbers = [(len(d), d) for d in digits]  # longer is larger, however long
    words = [(0, p) for p in parts[::2]]
    return [part for pair in zip_longest(words, numbers) for part in pair if part]


def listed(names: Collection[str], /) -> str:
    """
    List the first few names, and count the others.

    Parameters
    ----------
    names : collection of str
        Names of tensors or files.

    Returns
    -------
    str
        At most five names, each cut after a hundred characters, and the number of the others.

    Examples
    --------
    >>> listed(["a", "b"]), listed("abcdefg")
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    first = [n if len(n) <= _LONGEST else n[:_LONGEST] + "..." for n in islice(names, _LISTED)]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
