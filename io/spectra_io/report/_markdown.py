"""Report as Markdown: the diagnosis, models side by side, and the table, folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import spectra
from spectra.errors import counted
from spectra_io.report._comparisons import side_by_side
from spectra_io.report._contents import checked, said_of
from spectra_io.terminal import layer_tables
from spectra_io.terminal import markdown as _markdown
from spectra_io.terminal.columns import Column, TextTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from spectra_io.report._contents import Said
    from spectra_io.terminal.markdown import Part

__all__ = ["markdown"]

_NAMED = 3  # models that the title names


def markdown(models: Any, /, *, not_begun: Mapping[str, str] | None = None) -> str:
    """
    Write a report as Markdown, for a model card or a pull request.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`, as in :func:`page`.
    not_begun : mapping of str to str, optional
        Reasons why other models, which were asked for, have no results, by their names.

    Returns
    -------
    str
        Diagnosis of each model with the layers to look at first, several models side by side, and
        the tables of all layers, folded away. Names from files are plain text.

    Raises
    ------
    ArgumentError
        If there is no model, or a Dataset is not the result of an analysis.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({"fc": rng.standard_normal((200, 100))})
    >>> print(markdown({"net": ds}).splitlines()[0])
    # Spectra of net
    """
    known = checked(models)
    said = [said_of(name, ds) for name, ds in known.items()]
    names = [_markdown.escaped(name) for name in known]
    whose = " and ".join(names) if len(names) <= _NAMED else counted(len(names), "model")
    parts = [f"# Spectra of {whose}"]
    for name, reason in (not_begun or {}).items():
        parts.append(f"Not begun: {_markdown.escaped(name)}: {_markdown.escaped(reason)}.")
    if len(known) > 1:
        seen = [each.seen for each in said]
        rows = [[label, *texts] for label, texts in side_by_side(known, seen)]
        columns = (Column("", "", left=True), *(Column(name, name) for name in known))
        parts.append(_markdown.markdown([TextTable(columns, rows)]).strip())
    for each, ds in zip(said, known.values(), strict=True):
        parts += [f"## {_markdown.escaped(each.name)}"] * (len(known) > 1) + _of_model(each, ds)
    parts.append(f"Made by weightspectra {spectra.__version__}.")
    return "\n\n".join(parts) + "\n"


def _of_model(said: Said, ds: xr.Dataset) -> list[str]:
    """Return what is said of a model, and its table between tags that fold it away."""
    table = layer_tables.layer_table(ds)
    found = layer_tables.finding_table(said.seen.findings)
    num = len(said.seen.findings) - len(found.rows)
    rest = f"and {counted(num, 'more layer')} to look at" if num else ""
    parts: list[Part] = [f"{said.seen.gist}.", said.seen.sentence, *([found] if found.rows else [])]
    above = _markdown.markdown([*parts, *([rest] if rest else []), *said.lines]).strip()
    if not table.rows:
        return [above]
    return [
        above,
        "<details><summary>All layers</summary>",
        _markdown.markdown([table]).strip(),
        "</details>",
    ]
