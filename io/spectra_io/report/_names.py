"""Short names of models, which tell them apart: without what all names have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectra.errors import one_line
from spectra_io.plots._names import common_start, short

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["brief"]

_WHOLE = 16  # characters of names that are short enough to stay whole
_LONGEST = 24
_WORD = re.compile(r"[^/._\s-]*\Z")  # after the last separator
_FIRST_WORD = re.compile(r"\A[^/._\s-]*")
_STEP_AND_HASH = re.compile(r"(\d+)[._-][0-9a-f]{6,64}")


def brief(names: Sequence[str], /) -> list[str]:
    """Return names of at most 24 characters: what all begin and end with is left out, by words."""
    lines = [one_line(name) for name in names]
    if len(lines) > 1 and max(map(len, lines)) > _WHOLE:
        start = len(_WORD.sub("", common_start(lines)))
        lines = [line[start:] for line in lines]
        ending = common_start([line[::-1] for line in lines])[::-1]
        end = len(_FIRST_WORD.sub("", ending))
        lines = _without_hashes([line[: len(line) - end] or line for line in lines])
    cut = [short([line], _LONGEST)[0] for line in lines]
    return [
        name if cut.count(name) == 1 else f"{i}: {short([name], _LONGEST - 5)[0]}"
        for i, name in enumerate(cut, start=1)
    ]


def _without_hashes(names: list[str]) -> list[str]:
    """Return steps without the hashes behind them, if the steps are enough to tell names apart."""
    found = [_STEP_AND_HASH.fullmatch(name) for name in names]
    steps = [match[1] for match in found if match]
    return steps if len({*steps}) == len(names) else names
