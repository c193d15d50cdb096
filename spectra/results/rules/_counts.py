"""Counts of rules: how many layers at fault break one."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from spectra.errors import ArgumentError

__all__ = ["Count", "count"]

_FORM = re.compile(r"(more than|at least) ([0-9]{1,9}(?:\.[0-9]{1,9})?)( ?%)?")
_WANTED = "any, all, more than N, at least N, more than P %, at least P %"


class Count(NamedTuple):
    """
    Number of layers at fault that breaks a rule.

    Examples
    --------
    >>> Count("more than", 50.0, share=True).is_reached(3, 5), Count("all").is_reached(3, 5)
    (True, False)
    """

    word: str
    """``all``, ``more than`` or ``at least``."""
    number: float = math.nan
    """Number or percentage of layers; ``nan`` for ``all``."""
    share: bool = False
    """Whether the number is a percentage of the layers that the rule looks at."""

    def is_reached(self, num: int, total: int, /) -> bool:
        """
        Return whether so many layers break the rule.

        Parameters
        ----------
        num : int
            Layers at fault.
        total : int
            Layers that the rule looks at.

        Returns
        -------
        bool
            Whether the rule is broken; never by no layer.
        """
        if not num or self.word == "all":
            return 0 < num == total
        number = Fraction(repr(self.number))  # as it was written: 16.1 % of 1000 layers are 161
        left, right = (100 * num, number * total) if self.share else (num, number)
        return left > right if self.word == "more than" else left >= right


def count(text: str, /) -> Count:
    """
    Parse a count.

    Parameters
    ----------
    text : str
        Words of the count; empty for ``any``.

    Returns
    -------
    Count
        The number of layers that breaks a rule.

    Raises
    ------
    ArgumentError
        If the text is not a count, or one that is always or never reached.

    Examples
    --------
    >>> count("more than 10 %")
    Count(word='more than', number=10.0, share=True)
    >>> count("any")
    Count(word='at least', number=1.0, share=False)
    """
    words = " ".join(text.split())
    if words in {"", "any"}:
        return Count("at least", 1.0)
    if words == "all":
        return Count("all")
    if not (found := _FORM.fullmatch(words)):
        msg = f"wanted a count after ':', which is one of {_WANTED}; got {words!r}"
        raise ArgumentError(msg)
    word, number, share = found[1], float(found[2]), bool(found[3])
    if not share and not number.is_integer():
        msg = f"a number of layers is whole, got {words!r}; write {words} % for a share"
        raise ArgumentError(msg)
    if (share and number > 100) or (share and word == "more than" and number == 100):
        msg = f"no layers are {words} of all"
        raise ArgumentError(msg)
    if word == "at least" and number == 0:
        msg = f"every model has {words}; wanted at least 1, or a share above 0 %"
        raise ArgumentError(msg)
    return Count(word, number, share)
