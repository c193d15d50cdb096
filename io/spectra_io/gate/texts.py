"""A report as text, for a terminal or the log of a build."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra.results.reading import in_words
from spectra_io.terminal.columns import Column, TextTable, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra.results.rules import Breach, Outcome
    from spectra_io.gate.reports import Checked, Report

__all__ = ["HEAD", "heads", "row", "text"]

HEAD = "spectra check: "
"""First letters of a report as text."""


def heads(outcome: Outcome, /) -> list[str]:
    """
    Return the heads of a table of layers at fault.

    Parameters
    ----------
    outcome : Outcome
        Outcome of a rule.

    Returns
    -------
    list of str
        The layer, the variables of the rule, verdict and reason, each once.

    Examples
    --------
    >>> from spectra.results import rules
    >>> heads(rules.Outcome(rules.parse("alpha > 6"), 3, ()))
    ['layer', 'alpha', 'verdict', 'why']
    """
    return list(dict.fromkeys(["layer", *outcome.rule.variables, "verdict", "why"]))


def row(breach: Breach, /) -> dict[str, str]:
    """
    Return the entries of a layer in a table of layers at fault.

    Parameters
    ----------
    breach : Breach
        Layer at fault.

    Returns
    -------
    dict of str to str
        Entries by head; a dash where there is none.

    Examples
    --------
    >>> from spectra.results.rules import Breach
    >>> row(Breach("fc1", {"alpha": 7.31234}, "like_noise", ""))
    {'verdict': 'like noise', 'why': '-', 'alpha': '7.312', 'layer': 'fc1'}
    """
    values = {name: _value(value) for name, value in breach.values.items()}
    words = {"verdict": in_words(breach.verdict) or "-", "why": breach.reason or "-"}
    return {**words, **values, "layer": breach.layer}


def _value(value: float | str) -> str:
    if isinstance(value, str):  # a word as rules spell it
        return value
    return "missing" if math.isnan(value) else f"{value:.4g}"


def text(report: Report, /) -> str:
    """
    Return a report as text.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        The rules, then for each model the broken rules with the layers at fault, and the layers to
        look at first; last the outcome.

    Examples
    --------
    >>> from spectra_io.gate.reports import Checked, Report
    >>> print(text(Report((), "default", (Checked("a.onnx", problem="no such file"),))))
    spectra check: 0 rules (default)
    <BLANKLINE>
    model a.onnx: 0 layers, 0 with a spectrum
    not checked: no such file
    """
    rules = [f"  {harmless(rule.text)}" for rule in report.rules]
    source = harmless(report.source)
    lines = [f"{HEAD}{len(rules)} rule{'s' if len(rules) != 1 else ''} ({source})", *rules, ""]
    for model in report.models:
        lines += _model(model)
        lines += [harmless(model.sentence), ""] if len(report.models) > 1 else []
    return "\n".join([*lines, harmless(report.sentence)])


def _model(model: Checked) -> Iterator[str]:
    path = harmless(model.path)
    yield f"model {path}: {model.num_layers} layers, {model.num_computed} with a spectrum"
    for outcome in model.broken:
        num, total = len(outcome.breaches), outcome.num_layers
        yield f"\nbroken: {harmless(outcome.rule.text)} ({num} of {total} layers)"
        names = heads(outcome)
        rows = [[harmless(row(breach)[name]) for name in names] for breach in outcome.breaches]
        yield from _table(names, rows)
    if model.first:
        yield "\nlook at these first"
        rows = [[harmless(x) for x in (p.layer, p.verdict, p.reason)] for p in model.first]
        yield from _table(["layer", "verdict", "why"], rows)
    if model.first or model.broken:
        yield ""


def _table(names: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Lay out a table; no line begins with what stands in it."""
    columns = tuple(Column(name, name, left=name in {"layer", "verdict", "why"}) for name in names)
    head, *lines = TextTable(columns, rows).lines()
    yield f"    {head}"
    yield from (f"  - {line}" for line in lines)
