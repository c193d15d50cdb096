"""Parser of rules: from a line of text to a condition, a count and a pattern."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from spectra.errors import ArgumentError, SpectraError, UnknownNameError, unknown_name
from spectra.results.rules._conditions import ORDER, Comparison, Condition, Joined
from spectra.results.rules._counts import Count, count
from spectra.results.variables import VARIABLES, Variable
from spectra.results.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Rule", "parse"]

_LONGEST = 1000  # characters of a rule
_DEEPEST = 10  # parentheses within each other
_SHOWN = 80  # characters of a rule in a message
_TOKEN = re.compile(
    r" *(?:(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(?![\w.])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>[=!<>]=|[<>(){},])|(?P<end>$))"
)
_KEYWORDS = frozenset({"and", "or", "in", "not", "missing"})
_NEEDED_BY_TRAPPED = ("num_traps", "trap_p")  # without them no layer is called trapped


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Rule that a model must not break.

    Parameters
    ----------
    text : str
        Text of the rule.
    condition : Comparison or Joined
        Condition that a layer at fault satisfies.
    count : Count
        Number of layers at fault that breaks the rule.
    pattern : str, default: ""
        Pattern of the names of the layers that the rule looks at; all if empty.

    Examples
    --------
    >>> rule = parse("alpha > 6 and M >= 50: more than 10 % of *.mlp.*")
    >>> rule.variables, rule.count.number, rule.pattern
    (('alpha', 'M'), 10.0, '*.mlp.*')
    """

    text: str
    condition: Condition
    count: Count
    pattern: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that are compared."""
        return self.condition.variables

    @property
    def needs(self) -> tuple[str, ...]:
        """Names that results must have: those compared, and those behind a trapped verdict."""
        trapped = any(
            one.variable == "verdict" and Verdict.TRAPPED in one.values
            for one in _comparisons(self.condition)
        )
        return (*self.variables, *(_NEEDED_BY_TRAPPED if trapped else ()))


def parse(text: str, /, *, variables: Iterable[Variable] = ()) -> Rule:
    """
    Parse a rule.

    Parameters
    ----------
    text : str
        Rule in one line of at most 1000 characters, as the module describes it.
    variables : iterable of Variable, optional
        Declarations of variables of your own, beside
        :data:`~spectra.results.variables.VARIABLES`.

    Returns
    -------
    Rule
        The rule.

    Raises
    ------
    ArgumentError
        If the text is not a rule; the message says what was wanted.
    UnknownNameError
        If there is no such variable, or no such word of a flag variable.

    Notes
    -----
    A variable has one number or code per layer; texts, arrays and what belongs to tensors or to the
    whole model cannot be compared. A pattern without ``*``, ``?`` or ``[...]`` is a part of the
    name of a layer, one with them matches all of it.

    Examples
    --------
    >>> parse("verdict in {broken, trapped}").needs
    ('verdict', 'num_traps', 'trap_p')
    >>> parse("alpha > 6: more than 3").count.number
    3.0
    >>> parse("verdict == brokn")
    Traceback (most recent call last):
        ...
    spectra.errors.UnknownNameError: rule 'verdict == brokn': no word of verdict 'brokn'; the \
nearest of 8 are 'broken'
    """
    if not isinstance(text, str):
        msg = f"a rule must be a string, as in 'alpha > 6: more than 3', got {type(text).__name__}"
        raise ArgumentError(msg)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    if len(text) > _LONGEST:
        msg = f"a rule may have {_LONGEST} characters, got {len(text):,}: {shown!r}"
        raise ArgumentError(msg)
    try:
        return _rule(text.strip(" "), {**VARIABLES, **{v.name: v for v in variables}})
    except SpectraError as error:
        kind = UnknownNameError if isinstance(error, UnknownNameError) else ArgumentError
        msg = f"rule {shown!r}: {error}"
        raise kind(msg) from error


def _rule(text: str, known: Mapping[str, Variable]) -> Rule:
    if not text.isprintable():
        msg = "a rule is one line of printable characters"
        raise ArgumentError(msg)
    head, colon, tail = text.partition(":")
    words, of, pattern = f" {tail} ".partition(" of ")
    if colon and not words.strip():
        msg = "wanted a count after ':', such as any, all, more than 3 or at least 10 %"
        raise ArgumentError(msg)
    if of and not pattern.strip():
        msg = "wanted a pattern of layer names after 'of', such as *.mlp.*"
        raise ArgumentError(msg)
    condition = _Parser(head, known).whole()
    return Rule(text, condition, count(words), pattern.strip())


def _comparisons(condition: Condition) -> list[Comparison]:
    if isinstance(condition, Comparison):
        return [condition]
    return [one for part in condition.parts for one in _comparisons(part)]


class _Parser:
    """A text, the place in it, and the token that begins there."""

    def __init__(self, text: str, known: Mapping[str, Variable]) -> None:
        self.text, self.known = text, known
        self.place, self.depth, self.token = 0, 0, ""
        self.step()

    def step(self) -> str:
        """Move on by one token, and return the one that was left behind."""
        before, found = self.token, _TOKEN.match(self.text, self.place)
        if not found:
            self.strange()
        self.kind, self.token = str(found.lastgroup), found[0].strip(" ")
        self.place = found.end()
        return before

    def strange(self) -> NoReturn:
        word = self.text[self.place :].split()[0]
        hint = {"=": "; write ==", "≥": "; write >=", "≤": "; write <=", "≠": "; write !="}
        msg = f"{word!r} is not part of a rule{hint.get(word[0], '')}"
        raise ArgumentError(msg)

    def wanted(self, what: str) -> NoReturn:
        got = f"got {self.token!r}" if self.token else "got the end"
        msg = f"wanted {what}, {got}"
        raise ArgumentError(msg)

    def whole(self) -> Condition:
        condition = self.joined()
        if self.kind != "end":
            self.wanted("and, or, ':' or the end")
        return condition

    def joined(self) -> Condition:
        return self.several("or", lambda: self.several("and", self.one))

    def several(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.token == word:
            self.step()
            parts.append(part())
        return Joined(word, tuple(parts)) if len(parts) > 1 else parts[0]

    def one(self) -> Condition:
        if self.token != "(":
            return self.comparison()
        self.step()
        self.depth += 1
        if self.depth > _DEEPEST:
            msg = f"parentheses are nested more than {_DEEPEST} deep"
            raise ArgumentError(msg)
        condition = self.joined()
        if self.token != ")":
            self.wanted("')'")
        self.step()
        self.depth -= 1
        return condition

    def comparison(self) -> Comparison:
        if self.kind != "word" or self.token in _KEYWORDS:
            self.wanted("a variable")
        variable = self.variable(self.step())
        if self.token in {"in", "not"}:
            return Comparison(variable.name, self.membership(), self.braces(variable))
        if self.kind != "sign" or self.token not in {"==", "!=", *ORDER}:
            self.wanted(f"one of == != < <= > >= in after {variable.name}")
        if variable.flags is not None and self.token in ORDER:
            msg = f"{variable.name} has words, which have no order; compare them with == != in"
            raise ArgumentError(msg)
        sign = self.step()
        if sign in ORDER and self.token == "missing":
            msg = f"a missing number has no order; write {variable.name} == missing"
            raise ArgumentError(msg)
        return Comparison(variable.name, sign, (self.value(variable),))

    def membership(self) -> str:
        if self.step() == "in":
            return "in"
        if self.token != "in":
            self.wanted("in after not; there is no other not")
        self.step()
        return "not in"

    def braces(self, variable: Variable) -> tuple[float, ...]:
        if self.token != "{":
            self.wanted("values in braces, as in {a, b}")
        values: list[float] = []
        while not values or self.token == ",":
            self.step()
            values.append(self.value(variable))
        if self.token != "}":
            self.wanted("',' or '}'")
        self.step()
        return tuple(values)

    def value(self, variable: Variable) -> float:
        """Return a number, the code of a word, or nan for missing."""
        if self.kind not in {"number", "word"}:
            self.wanted(f"a value of {variable.name}")
        kind, token = self.kind, self.step()
        if variable.flags is not None:
            words = {flag.name.lower(): float(flag) for flag in variable.flags}
            if token not in words:
                raise unknown_name(token, words, what=f"word of {variable.name}")
            return words[token]
        if token == "missing":
            return math.nan
        if kind == "word" or not math.isfinite(number := float(token)):
            msg = f"{variable.name} is a finite number or missing, got {token!r}"
            raise ArgumentError(msg)
        return number

    def variable(self, name: str) -> Variable:
        fit = {n: v for n, v in self.known.items() if v.dims == ("layer",) and v.kind != "str"}
        if name in fit:
            return fit[name]
        if name not in self.known:
            raise unknown_name(name, fit, what="variable")
        text = self.known[name].dims == ("layer",)
        why = "a text" if text else "not one number per layer"
        msg = f"{name} is {why}; a rule compares numbers and words of single layers"
        raise ArgumentError(msg)
