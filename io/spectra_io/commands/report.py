"""The command ``spectra report``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spectra import measures
from spectra.results.left_out import left_out_line
from spectra_io import report as reports
from spectra_io.commands import options, steps, stops, work
from spectra_io.commands.selected import opened_all
from spectra_io.runs import progress
from spectra_io.runs.plans import Resources
from spectra_io.terminal import screen
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from spectra_io.results.stores import FolderStore

__all__ = ["report"]

_HELP = """Write a report on one or more models for people: a page of HTML, or Markdown.

With -o report.html the report is a page of HTML, which needs no network. Without -o it is printed
as Markdown, for a model card or a pull request; -o report.md writes that.

The page opens with the diagnosis in words and the layers to look at first, and has a table of all
layers that can be sorted and filtered. Click a layer for its pictures, and for each number its
meaning, what noise of the same shape would give, and how sure it is. Several models or checkpoints
stand side by side: layers of the same name are compared.
"""


@click.command(short_help="Write a report for people: HTML, or Markdown.", help=_HELP)
@options.models
@options.resources
@options.store
@options.device
@click.option(
    "--noise/--no-noise",
    "permuted",
    default=False,
    help="Look for traps and permute the elements too, which takes a second spectrum of each "
    "layer; not by default.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md"]),
    help="Format of the report; by default that of the file, or Markdown on stdout.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of the report, .html or .md. Only an earlier report is replaced. HTML needs the "
    "extra report.",
)
def report(
    paths: Sequence[str],
    pool: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    redirect_to: Sequence[str],
    workers: int | None,
    memory: int | None,
    store: FolderStore | None,
    device: str | None,
    permuted: bool,
    form: str | None,
    output: Path | None,
) -> int:
    """Write a report on one or more models."""
    _check(form, output)
    if known := steps.loaded(paths, unused=[*options.CHOICES, "permuted"]):
        kept, (tensors, found) = list(paths), known
    else:
        asked = [*measures.CORE, measures.bulk_fit]
        asked += [one for one in measures.RANDOM_MATRIX if permuted and one not in asked]
        limits = Resources(workers, memory, device=device)
        kept, models = opened_all(paths, include, exclude, redirect_to=redirect_to)
        tensors = work.described(models, asked, limits, pool=pool)
        found = work.analyzed_each(models, pool=pool, measures=asked, store=store, resources=limits)
    named = list(zip(_names(paths), paths, strict=True))
    names = [name for name, path in named if path in kept]
    not_begun = {n: f"no tensor matches {' or '.join(include)}" for n, p in named if p not in kept}
    not_begun |= dict.fromkeys(names[len(found) :], stops.before_its_turn(found[-1]))
    _write(dict(zip(names, found, strict=False)), not_begun, output)
    for name, described, ds in zip(kept, tensors, found, strict=False):
        if steps.exit_code(ds, described) and (line := left_out_line(described, ds)):
            screen.note(f"{shown(name)}: {line}", fold=True)
    if line := stops.stopped(found[-1], int(output is not None)):
        screen.note(line, fold=True)
    for path in kept[len(found) :]:
        screen.note(f"not begun: {shown(path)}")
    code = max(map(steps.exit_code, found, tensors))
    return code if len(kept) == len(paths) else max(code, steps.INCOMPLETE)


def _check(form: str | None, output: Path | None) -> None:
    """Refuse what cannot be written, before any work."""
    if output is None:
        if form == "html":
            msg = "a page of HTML needs a file: -o report.html"
            raise click.UsageError(msg)
        return
    reports.check(output)
    ending = output.suffix.lower().removeprefix(".")
    if form and form != ending:
        msg = f"--format {form} is not that of {output}"
        raise click.UsageError(msg)


def _names(paths: Sequence[str]) -> list[str]:
    """Return the last parts of the paths, as many as tell the models apart."""
    words = [shown(path).rstrip("/") for path in paths]
    for parts in range(1, 1 + max(word.count("/") + 1 for word in words)):
        names = ["/".join(word.split("/")[-parts:]) for word in words]
        if len({*names}) == len(names):
            return names
    return [f"{word} ({i})" for i, word in enumerate(words, start=1)]


def _write(found: dict[str, xr.Dataset], not_begun: dict[str, str], output: Path | None) -> None:
    if output is None:
        text = reports.markdown(found, not_begun=not_begun)
        screen.show(text.encode("utf-8", "backslashreplace"))
        return
    watch = partial(progress.each, noun="layers drawn")
    reports.to_file(found, output, not_begun=not_begun, watch=watch)
    screen.note(f"wrote {output}")
