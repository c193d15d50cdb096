"""Patterns of PEFT: the first key of a dictionary that matches the name of a module."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Match", "first_matches"]

MOST_EXPRESSIONS = 100
LONGEST = 500  # characters of an expression
MOST_REPEATS = 1000  # the product of all counts in braces; `regex` writes repeats out in memory
PATIENCE = 0.1  # seconds for one match
BUDGET = 2.0  # seconds for all names together

_TOO_LONG = f"matching takes longer than {BUDGET:g} s"
_PLAIN = re.compile(r"\^?(?:[\w-]|\\?\.|\\-)+\$?\Z")
_TOKEN = re.compile(r"\\?(.)")
_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_OTHERWISE = re.compile(r"\{(?!\d*(?:,\d*)?\})|\[[^\]]*(?:\[|--|&&|\|\||~~)")
"""Spellings that `regex` reads otherwise than `re` does: fuzzy matches, nested sets."""


class Match(NamedTuple):
    """The first key that matches a name, or the reason why that key is not known."""

    key: str | None = None
    why: str = ""


class _Shape(NamedTuple):
    """What plain keys have in common: length, places of ``.``, only whole names."""

    length: int
    dots: tuple[int, ...]
    anchored: bool


def _plain(key: str) -> tuple[_Shape, str]:
    """Return the shape of a plain key and its characters, with NUL for any character."""
    body = key.removeprefix("^").removesuffix("$")
    tokens = [token.group() for token in _TOKEN.finditer(body)]
    text = "".join("\0" if token == "." else token[-1] for token in tokens)
    dots = tuple(at for at, character in enumerate(text) if character == "\0")
    return _Shape(len(text), dots, key.startswith("^")), text


def _ends(name: str) -> Iterator[tuple[str, bool]]:
    """Yield a name and what follows each of its dots, and whether that is the whole name."""
    yield name, True
    for dot in re.finditer(r"\.", name):
        yield name[dot.end() :], False


def _masked(text: str, dots: Sequence[int]) -> str:
    characters = list(text)
    for at in dots:
        characters[at] = "\0"
    return "".join(characters)


def _why_not(key: str) -> str:
    """Return the reason why an expression is not run, or "" if it is."""
    if len(key) > LONGEST:
        return f"it has {len(key)} characters; at most {LONGEST} are run"
    counts = [int(n) for pair in _COUNT.findall(key) for n in pair if n and len(n) < 10]
    if math.prod(max(1, n) for n in counts) > MOST_REPEATS:
        return f"it repeats more than {MOST_REPEATS} times"
    if _OTHERWISE.search(key):
        return "it has braces or brackets of another meaning"
    try:
        re.compile(rf"(.*\.)?({key})$")
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is not a valid expression: {error}"
    return ""


class _Expressions:
    """Keys that are regular expressions, checked at first use; a key that fails stays failed."""

    def __init__(self, keys: Sequence[str], deadline: float) -> None:
        self.keys = keys
        self.deadline = deadline
        self.why = dict.fromkeys(keys[MOST_EXPRESSIONS:], f"only {MOST_EXPRESSIONS} are run")
        self.checked: set[str] = set()

    def matches(self, key: str, name: str) -> bool:
        """Return whether a key matches; if that cannot be said, False, and `why` has the key."""
        import regex

        if key not in self.checked and key not in self.why:
            self.checked.add(key)
            if why := _why_not(key):
                self.why[key] = why
        left = self.deadline - time.monotonic()
        if key not in self.why and left <= 0:
            self.why[key] = _TOO_LONG
        if key in self.why:
            return False
        try:
            return bool(regex.match(rf"(.*\.)?({key})$", name, timeout=min(left, PATIENCE)))
        except TimeoutError:
            self.why[key] = f"it takes longer than {PATIENCE:g} s"
        except (regex.error, RecursionError, MemoryError) as error:
            self.why[key] = f"it is not a valid expression: {error}"
        return False


def first_matches(keys: Sequence[str], names: Iterable[str], /) -> dict[str, Match]:
    r"""
    Find the first key that matches each name, as PEFT does.

    Parameters
    ----------
    keys : sequence of str
        Keys of a pattern, in their order; PEFT reads each as a regular expression that matches the
        whole name, or its end after a dot.
    names : iterable of str
        Names of modules, without ``base_model.model.``.

    Returns
    -------
    dict of str to Match
        For each name its key, None if there is none. If an expression that cannot be run comes
        before every key that matches, the key is None, with the reason.

    Notes
    -----
    PEFT runs ``re.match(rf"(.*\.)?({key})$", name)``, for ever if need be. Here expressions are
    bounded in number, length, repeats and time; keys that are names are looked up in dictionaries
    by their length and the places of their dots, which match any character.

    Examples
    --------
    >>> keys = ["layers.0.q", r"layers\.[01]\..*"]
    >>> [match.key for match in first_matches(keys, ["m.layers.0.q", "layers.1.k", "q"]).values()]
    ['layers.0.q', 'layers\\.[01]\\..*', None]
    """
    if not keys:
        return {name: Match() for name in names}
    order = {key: at for at, key in reversed([*enumerate(keys)])}
    shapes: dict[int, dict[_Shape, dict[str, str]]] = {}
    for key in filter(_PLAIN.match, keys):
        shape, text = _plain(key)
        shapes.setdefault(shape.length, {}).setdefault(shape, {}).setdefault(text, key)
    deadline = time.monotonic() + BUDGET
    expressions = _Expressions([key for key in keys if not _PLAIN.match(key)], deadline)
    found = {}
    for name in names:
        if time.monotonic() > deadline:
            found[name] = Match(None, f"of all {_TOO_LONG}")
            continue
        plain = [
            texts[masked]
            for end, whole in _ends(name)
            for shape, texts in shapes.get(len(end), {}).items()
            if (whole or not shape.anchored) and (masked := _masked(end, shape.dots)) in texts
        ]
        best = min(plain, key=order.__getitem__, default=None)
        found[name] = Match(best)
        for key in expressions.keys:
            if best is not None and order[key] > order[best]:
                break
            if expressions.matches(key, name):
                found[name] = Match(key)
                break
            if key in expressions.why:
                found[name] = Match(None, f"{key[:60]!r}: {expressions.why[key]}")
                break
    return found
