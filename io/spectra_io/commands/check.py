"""The command ``spectra check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import spectra
from spectra import measures
from spectra.errors import SpectraError
from spectra.models.model import Model
from spectra.results import rules, scale_collapse, triage
from spectra.results.left_out import left_out_line
from spectra.results.variables import Status
from spectra_io.commands import failures, options, signals, steps, stops, work
from spectra_io.commands.selected import opened_each
from spectra_io.gate import files, sources, texts
from spectra_io.gate.reports import Checked, Report
from spectra_io.runs.plans import Resources
from spectra_io.terminal import screen
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from spectra.results.rules import Breach, Rule
    from spectra_io.results.stores import FolderStore

    _Results = tuple[xr.Dataset, xr.Dataset]  # of a store: tensors and layers

__all__ = ["check"]

_READ = rules.DEFAULT[-1]  # broken by a layer that could not be read or computed
_HELP = f"""Check models against rules, for continuous integration.

A rule says which layers are at fault and, after a colon, how many of them break it:

\b
  alpha > 6                        any layer
  alpha > 6: more than 3           also: at least N, all, more than P %, at least P %
  alpha > 6: any of *.mlp.*        only layers whose name fits the pattern
  verdict in {{broken, trapped}}     words of verdict, status, phase, ...
  alpha > 6 and num_evals >= 100   also: or, parentheses, not in {{...}}
  alpha == missing                 a missing number satisfies no other comparison

Variables are those of the results (docs/variables.md) with one number or word per layer; what a
rule needs is computed. Without --fail-on and --rules the rules are fail-on = [...] of the table
[tool.weightspectra.check] of the first pyproject.toml in the working directory or above; without
these: {"; ".join(rules.DEFAULT)}.

Exit code: 0 if all rules hold, 1 if a rule is broken, 2 after an error, or if a model could not be
checked as a whole: no layer has a spectrum, a tensor is missing, a layer was not reached, a layer
could not be read and no rule is about status, or a pattern fits no layer of any model. 2 outweighs
1 among several models.
"""


@click.command(short_help="Check models against rules; for CI.", help=_HELP)
@options.models
@options.resources
@options.store
@options.device
@click.option(
    "--fail-on",
    multiple=True,
    metavar="RULE",
    help="Rule that the model must not break. Repeatable.",
)
@click.option(
    "--rules",
    "rule_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='TOML file with the rules: fail-on = ["RULE", ...]. Repeatable.',
)
@click.option(
    "--format",
    "form",
    type=click.Choice(files.FORMATS),
    default="text",
    show_default=True,
    help="Format of the report on stdout.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the report to FILE too: .txt, .md, .json or .sarif. Only an earlier report is "
    "replaced. Repeatable.",
)
def check(
    paths: Sequence[str],
    include: Sequence[str],
    exclude: Sequence[str],
    pool: bool,
    redirect_to: Sequence[str],
    workers: int | None,
    memory: int | None,
    store: FolderStore | Path | None,
    device: str | None,
    fail_on: Sequence[str],
    rule_files: Sequence[Path],
    form: str,
    outputs: Sequence[Path],
) -> int:
    """Check models against rules."""
    chosen, source = sources.chosen(fail_on, rule_files)
    for output in outputs:
        files.check(output)
    limits = Resources(workers, memory, device=device)
    opened: list[Model | Exception] | list[_Results]
    if known := steps.loaded(paths, unused=options.CHOICES):
        opened = list(zip(*known, strict=True))
    else:
        opened = opened_each(paths, include, exclude, redirect_to=redirect_to)
    models: list[Checked] = []
    stopped = 0
    for path, found in zip(paths, opened, strict=True):
        try:
            model, stopped = _checked(path, found, chosen, pool=pool, store=store, limits=limits)
        except (KeyboardInterrupt, signals.Terminated) as error:
            ended = isinstance(error, signals.Terminated)
            stopped = signals.TERMINATED if ended else signals.INTERRUPTED
            model = Checked(shown(path), problem="the work was stopped before a layer was done")
        models.append(model)
        if stopped:
            break
    report = Report(chosen, source, tuple(models))
    _finish(report, form, outputs)
    for path in paths[len(models) :]:
        screen.note(f"not begun: {shown(path)}")
    return stopped or report.code


def _checked(
    path: str,
    opened: Model | Exception | _Results,
    chosen: Sequence[Rule],
    *,
    pool: bool,
    store: FolderStore | Path | None,
    limits: Resources,
) -> tuple[Checked, int]:
    """
    Check one model, and return the exit code of the signal that stopped the work, or 0.

    Errors of the model are part of the report, and stop no other model.
    """
    needed = {name for rule in chosen for name in rule.needs}
    by_status = "status" in needed
    ds: xr.Dataset | None = None
    try:
        if isinstance(opened, Exception):
            raise opened
        if isinstance(opened, Model):
            tensors = spectra.describe(opened, pool=pool)
            asked = measures.returning(*needed)
            ds = work.analyzed(opened, pool=pool, measures=asked, store=store, resources=limits)
        else:
            tensors, ds = opened
        if not needed <= {*ds.data_vars}:
            ds = ds.assign(scale_collapse.find(ds).data_vars)
        lacking = sorted(needed - {*ds.data_vars, *ds.coords})
        if lacking and not isinstance(opened, Model):
            steps.refuse_lacking(path, lacking)
        *outcomes, unread = rules.check(ds, [*chosen, _READ], unmatched_ok=True)
        if line := left_out_line(tensors, ds):
            screen.note(line, fold=True)
        code = stops.code_of(ds)
        found = Checked(
            path=shown(path),
            num_layers=ds.sizes["layer"],
            num_computed=_num_computed(ds),
            outcomes=tuple(outcomes),
            first=tuple(triage.findings(ds)),
            problem=_problem(ds, tensors, [] if by_status else unread.breaches),
        )
        return found, code
    except (SpectraError, OSError, MemoryError) as error:
        problem = failures.public(failures.message(error), [path]).removeprefix(f"{shown(path)}: ")
        screen.note(f"spectra: {shown(path)}: {problem}")
        counts = (ds.sizes["layer"], _num_computed(ds)) if ds is not None else (0, 0)
        return Checked(shown(path), *counts, problem=problem), 0


def _num_computed(ds: xr.Dataset) -> int:
    """Return how many layers have a spectrum."""
    return int((ds.status == Status.COMPUTED).sum())


def _problem(ds: xr.Dataset, tensors: xr.Dataset, unread: Sequence[Breach]) -> str:
    """Return why a model could not be checked as a whole; empty if it could."""
    if line := stops.stopped(ds, 0):
        return line.removeprefix("spectra: ").partition(";")[0]
    if unseen := int((ds.status == Status.NOT_REACHED).sum()):  # of a stored run that was stopped
        return f"layers that the work did not reach: {unseen} of {ds.sizes['layer']}"
    missing = tensors.tensor.values[(tensors.tensor_role == "missing").values].tolist()
    if not (ds.status == Status.COMPUTED).any():
        return "no layer has a spectrum"
    if len(missing):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"missing from the model: tensor {missing[0]!r}{more}"
    return f"layers that could not be read or computed: {len(unread)}" if unread else ""


def _finish(report: Report, form: str, outputs: Sequence[Path]) -> None:
    """Print the report, and write every file that can be written."""
    problems = []
    try:
        if form == "text" and screen.on_terminal():
            screen.show(texts.parts(report))
        else:  # every format has its own escapes
            content = files.rendered(report, form) + "\n"
            screen.show(content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        problems.append(f"{error.filename}: not written: {error.strerror}")
    for output in outputs:
        try:
            files.save(report, output)
            screen.note(f"wrote {output}")
        except (OSError, SpectraError) as error:
            problems.append(failures.message(error))
    if problems:
        raise click.ClickException("; ".join(problems))
