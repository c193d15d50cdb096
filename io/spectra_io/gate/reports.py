"""Reports: what the rules say of every model, and the exit code that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectra.results.rules import Outcome, Rule
    from spectra.results.triage import Finding

__all__ = ["BROKEN", "NOT_DONE", "PASSED", "Checked", "Report"]

PASSED = 0
"""Exit code if all rules hold."""
BROKEN = 1
"""Exit code if a rule is broken."""
NOT_DONE = 2
"""Exit code if a model could not be checked."""

_WORDS = {PASSED: "passed", BROKEN: "failed", NOT_DONE: "not checked"}


@dataclass(frozen=True)
class Checked:
    """
    Model that was checked, or could not be.

    Parameters
    ----------
    path : str
        Path of the model as it was given, a URL without its secrets.
    num_layers : int, default: 0
        Layers of the model.
    num_computed : int, default: 0
        Layers with a spectrum.
    outcomes : tuple of Outcome, optional
        Outcomes of the rules.
    first : tuple of Finding, optional
        Layers to look at first.
    problem : str, default: ""
        Reason for which the model could not be checked, or not as a whole.

    Examples
    --------
    >>> Checked("a.onnx", problem="no such file").sentence
    'not checked: no such file'
    """

    path: str
    num_layers: int = 0
    num_computed: int = 0
    outcomes: tuple[Outcome, ...] = ()
    first: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def broken(self) -> list[Outcome]:
        """Outcomes of the rules that are broken."""
        return [outcome for outcome in self.outcomes if outcome.is_broken]

    @property
    def code(self) -> int:
        """Exit code for this model alone."""
        if self.num_computed and self.broken:
            return BROKEN
        return NOT_DONE if self.problem or not self.num_computed else PASSED

    @property
    def sentence(self) -> str:
        """Outcome of the model in one line."""
        rules, broken = len(self.outcomes), len(self.broken)
        said = [self.problem] if self.problem else []
        if broken:
            verb = "is" if broken == 1 else "are"
            said = [f"{broken} of {_number(rules, 'rule')} {verb} broken", *said]
        elif not said:
            holds = "holds" if rules == 1 else "hold"
            said = [f"{_number(rules, 'rule')} {holds} for {_number(self.num_layers, 'layer')}"]
        return f"{_WORDS[self.code]}: {'; '.join(said)}"


@dataclass(frozen=True)
class Report:
    """
    Report on models that were checked by the same rules.

    Parameters
    ----------
    rules : tuple of Rule
        The rules.
    source : str
        Source of the rules.
    models : tuple of Checked
        The models.

    Examples
    --------
    >>> Report((), "default", (Checked("a.onnx", problem="no such file"),)).code
    2
    """

    rules: tuple[Rule, ...]
    source: str
    models: tuple[Checked, ...]

    @property
    def code(self) -> int:
        """Exit code: 2 if a model could not be checked, else 1 if a rule is broken, else 0."""
        if self.unmatched:
            return NOT_DONE
        return max((model.code for model in self.models), default=NOT_DONE)

    @property
    def unmatched(self) -> list[Rule]:
        """Rules whose pattern fits the name of no layer of any model."""
        seen = {o.rule for model in self.models for o in model.outcomes if o.num_layers}
        done = any(model.num_computed for model in self.models)
        return [rule for rule in self.rules if done and rule.pattern and rule not in seen]

    @property
    def word(self) -> str:
        """Outcome in a word or two: passed, failed or not checked."""
        return _WORDS[self.code]

    @property
    def sentence(self) -> str:
        """Outcome of all models in one line."""
        if self.unmatched:
            return f"{self.word}: no layer fits the pattern of rule {self.unmatched[0].text!r}"
        if len(self.models) == 1:
            return self.models[0].sentence
        counts = {code: sum(model.code == code for model in self.models) for code in _WORDS}
        told = [f"{num} {_WORDS[code]}" for code, num in counts.items() if num]
        return f"{self.word}: of {len(self.models)} models {', '.join(told)}"


def _number(num: int, noun: str) -> str:
    return f"{num} {noun}" if num == 1 else f"{num} {noun}s"
