"""Names from files, short enough for the figures of any library."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from spectra.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["common_start", "end_of", "layers", "short"]

_WORD = re.compile(r"[^/._:\s-]*\Z")  # after the last separator
_FIRST_WORD = re.compile(r"\A[^/._:\s-]*")


def short(names: Sequence[str], length: int = 32) -> list[str]:
    """Shorten names: cut their common ending and beginning, then the middle of long names."""
    several = len(names) > 1
    ending = len(common_start([name[::-1] for name in names])) if several else 0
    start = len(common_start(names)) if several and max(map(len, names)) > length else 0
    cut = [f"{name[:-ending]}…" if ending > 8 else name for name in names]
    cut = [f"…{name[start:]}" if start > 8 and len(name) > start + 1 else name for name in cut]
    half = length // 2
    return [n if len(n) <= length else f"{n[:half]}…{n[-half + 1 :]}" for n in cut]


def layers(names: Sequence[str], length: int = 32) -> list[str]:
    """Shorten names of layers from the front: what all share first; their ends tell them apart."""
    lines = [one_line(name) for name in names]
    if len(lines) < 2 or max(map(len, lines)) <= length:
        return short(lines, length)
    start = len(_WORD.sub("", common_start(lines)))
    same = common_start([line[::-1] for line in lines])[::-1]
    ending = len(_FIRST_WORD.sub("", same))
    cut = [f"{line[:-ending]}…" if ending > 8 else line for line in lines]
    cut = [f"…{line[start:]}" if start > 1 and len(line) > start + 1 else line for line in cut]
    cut = [end_of(line, length) for line in cut]
    return cut if len({*cut}) == len({*lines}) else short(lines, length)


def common_start(names: Sequence[str]) -> str:
    """Return the beginning that all names have in common."""
    letters = zip(*names, strict=False)
    same = takewhile(lambda found: len(set(found)) == 1, letters)
    return "".join(found[0] for found in same)


def end_of(name: str, length: int = 26) -> str:
    """Return the end of a long name, which tells the layers of a model apart."""
    word = one_line(name)
    return word if len(word) <= length else f"…{word[1 - length :]}"
