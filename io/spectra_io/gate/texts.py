"""A report as text, for a terminal or the log of a build."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectra.results.reading import in_words
from spectra_io.terminal import layer_tables
from spectra_io.terminal.columns import LAST_RESORT, Column, TextTable, laid_out
from spectra_io.terminal.logs import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra.results.rules import Breach, Outcome
    from spectra_io.gate.reports import Checked, Report
    from spectra_io.terminal.markdown import Part

__all__ = ["HEAD", "heads", "parts", "row", "text"]

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


def parts(report: Report, /) -> list[Part]:
    """
    Return a report as texts and tables, for a terminal.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    list of str or TextTable
        The rules, then for each model the broken rules with the layers at fault, and the layers to
        look at first; last the outcome.

    Examples
    --------
    >>> from spectra_io.gate.reports import Checked, Report
    >>> parts(Report((), "default", (Checked("a.onnx", problem="no such file"),)))[-1]
    'not checked: no such file'
    """
    found: list[Part] = []
    for head, table in _blocks(report):
        found += [head] if head else []
        found += [table] if table else []
    return found


def text(report: Report, /) -> str:
    """
    Return a report as text, of which no line begins with what stands in a model.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        The :func:`parts`, with something before every row of a table.

    Examples
    --------
    >>> from spectra_io.gate.reports import Checked, Report
    >>> print(text(Report((), "default", (Checked("a.onnx", problem="no such file"),))))
    spectra check: 0 rules (default)
    <BLANKLINE>
    model a.onnx: 0 layers, 0 with a spectrum
    <BLANKLINE>
    not checked: no such file
    """
    blocks = []
    for words, table in _blocks(report):
        lines = [words] if words else []
        if table:
            head, *rows = table.lines()
            lines += [f"    {head}", *(f"  - {row}" for row in rows)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _blocks(report: Report) -> Iterator[tuple[str, TextTable | None]]:
    """Yield what belongs together: a text, and a table below it or none."""
    rules = [f"  {harmless(rule.text)}" for rule in report.rules]
    source = harmless(report.source)
    head = f"{HEAD}{len(rules)} rule{'s' if len(rules) != 1 else ''} ({source})"
    yield "\n".join([head, *rules]), None
    for model in report.models:
        yield from _model(model)
        if len(report.models) > 1:
            yield harmless(model.sentence), None
    yield harmless(report.sentence), None


def _model(model: Checked) -> Iterator[tuple[str, TextTable | None]]:
    path = harmless(model.path)
    yield f"model {path}: {model.num_layers} layers, {model.num_computed} with a spectrum", None
    for outcome in model.broken:
        num, total = len(outcome.breaches), outcome.num_layers
        yield f"broken: {harmless(outcome.rule.text)} ({num} of {total} layers)", _table(outcome)
    if model.first:
        yield "", layer_tables.finding_table(model.first)
    if rest := layer_tables.rest_line(model.first):
        yield rest, None


def _table(outcome: Outcome) -> TextTable:
    """Return the layers at fault; a narrow screen keeps the first number that was compared."""
    columns = tuple(
        Column(name, name, left=name in _WORDS, expendable=_order(name, outcome))
        for name in heads(outcome)
    )
    return laid_out(columns, [row(breach) for breach in outcome.breaches])


_WORDS = {"layer", "verdict", "why"}


def _order(name: str, outcome: Outcome) -> int:
    """Return the order in which a narrow screen drops a column: other numbers, then the verdict."""
    compared = outcome.rule.variables
    if name in compared:
        return 0 if name == compared[0] else len(compared) - compared.index(name)
    return LAST_RESORT if name == "verdict" else 0
