"""JSON texts: parse headers and indexes of strangers, whose cost is bounded by counting first."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

__all__ = ["Refused", "parsed"]

_BYTES_PER_BRACKET = 12  # at least; nested or empty lists would fill the memory
_FEW = 1 << 10  # brackets of a short text


class Refused(ValueError):
    """
    A JSON text that is too large or ambiguous.

    Examples
    --------
    >>> raise Refused("'a' stands in it twice")
    Traceback (most recent call last):
        ...
    spectra_io.formats.json_texts.Refused: 'a' stands in it twice
    """


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        msg = f"{next(key for key in counts if counts[key] > 1)!r} stands in it twice"
        raise Refused(msg)
    return found


def _no_constant(word: str) -> float:
    msg = f"{word} is not a JSON number"
    raise ValueError(msg)


def parsed(text: bytes, /, *, most: int) -> Any:
    """
    Parse a JSON text, after counting what it holds.

    Parameters
    ----------
    text : bytes
        The text, in UTF-8.
    most : int
        Largest number of strings, and of other values, that is accepted.

    Returns
    -------
    dict, list, str, int, float, bool or None
        The value.

    Raises
    ------
    Refused
        If the text holds too many values, or a key occurs twice in an object.
    ValueError
        If the text is not JSON, or mostly brackets.
    RecursionError
        If it is nested too deeply.

    Examples
    --------
    >>> parsed(b'{"a": [1, 2]}', most=9)
    {'a': [1, 2]}
    >>> parsed(b'{"a": 1, "a": 2}', most=9)
    Traceback (most recent call last):
        ...
    spectra_io.formats.json_texts.Refused: 'a' stands in it twice
    """
    if (text.count(b"[") + text.count(b"{")) * _BYTES_PER_BRACKET > len(text) + _FEW:
        msg = "it is mostly brackets"
        raise ValueError(msg)
    count = max(text.count(b'"') // 2, text.count(b","))
    if count > most:
        msg = f"it holds {count} values; at most {most} are read"
        raise Refused(msg)
    return json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
