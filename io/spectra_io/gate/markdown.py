"""A report as Markdown, for the summary of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.gate.texts import heads, row
from spectra_io.terminal.layer_tables import SHOWN, rest_line
from spectra_io.terminal.markdown import code, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spectra_io.gate.reports import Checked, Report

__all__ = ["HEAD", "markdown"]

HEAD = "<!-- spectra check -->\n"
"""First line of a report as Markdown."""

_MOST = 50  # rows of a table; a summary of GitHub holds 1 MiB


def markdown(report: Report, /) -> str:
    """
    Return a report as Markdown.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        The outcome as a heading, the rules, and for each model tables of up to 50 layers at fault.

    Examples
    --------
    >>> from spectra_io.gate.reports import Checked, Report
    >>> made = markdown(Report((), "default", (Checked("a.onnx", problem="no such file"),)))
    >>> print(made.partition(HEAD)[2])
    ## spectra check: not checked
    <BLANKLINE>
    Rules (default):
    <BLANKLINE>
    ### `a.onnx`
    <BLANKLINE>
    not checked: no such file
    <BLANKLINE>
    **not checked: no such file**
    """
    rules = [f"- {code(rule.text)}" for rule in report.rules]
    lines = [f"## spectra check: {report.word}", "", f"Rules ({escaped(report.source)}):", ""]
    lines += [*rules, ""] if rules else []
    for model in report.models:
        lines += [f"### {code(model.path)}", "", escaped(model.sentence), *_tables(model), ""]
    return HEAD + "\n".join([*lines, f"**{escaped(report.sentence)}**"])


def _tables(model: Checked) -> Iterator[str]:
    for outcome in model.broken:
        names = heads(outcome)
        found = (row(breach) for breach in outcome.breaches[:_MOST])
        rows = [[code(each["layer"]), *(escaped(each[n]) for n in names[1:])] for each in found]
        num, total = len(outcome.breaches), outcome.num_layers
        yield f"\n**Broken:** {code(outcome.rule.text)} ({num} of {total} layers)\n"
        yield from _table(names, rows, num)
    if model.first:
        shown = model.first[:SHOWN]
        rows = [[code(p.layer), escaped(p.verdict), escaped(p.reason)] for p in shown]
        yield "\n**Look at these first**\n"
        yield from _table(["layer", "verdict", "why"], rows, len(rows))
    if rest := rest_line(model.first):
        yield f"\n{escaped(rest)}"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], num: int) -> Iterator[str]:
    yield f"| {' | '.join(map(_head, names))} |"
    yield f"|{' --- |' * len(names)}"
    yield from (f"| {' | '.join(entries)} |" for entries in rows)
    if num > _MOST:
        yield f"\nand {num - _MOST} more"


def _head(name: str) -> str:
    return code(name) if "_" in name else name
