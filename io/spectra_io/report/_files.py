"""Write reports to files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spectra_io.report._markdown import markdown
from spectra_io.report._pages import START, page, templates
from spectra_io.storage.outputs import check_writable, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["FORMATS", "check", "to_file"]

FORMATS = (".html", ".md")
"""Endings of the file names that :func:`to_file` writes."""

_FIRST, _LAST = "# Spectra of ", re.compile(r"Made by weightspectra \S+\.")


def _is_report(path: Path) -> bool:
    """Return whether a file is a report of this program, from its first words to its last."""
    if path.suffix.lower() == ".md":
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        return lines[0].startswith(_FIRST) and bool(_LAST.fullmatch(lines[-1]))
    with path.open("rb") as file:
        return file.read(len(START)) == START.encode()


def check(path: Path, /) -> None:
    """
    Check that a report can be written to a file, before the analysis.

    Parameters
    ----------
    path : Path
        File to write.

    Raises
    ------
    SpectraError
        If a package is missing that a page of HTML needs.
    ArgumentError
        If the ending is not one of :data:`FORMATS`, the file cannot be written, or it exists and
        is not a report that :func:`to_file` wrote.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("report.pdf"))
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: report.pdf: its name must end in .html or .md
    """
    check_writable(path, FORMATS, is_ours=_is_report)
    if path.suffix.lower() == ".html":
        templates()


def to_file(
    models: Any,
    path: Path,
    /,
    *,
    not_begun: Mapping[str, str] | None = None,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> None:
    """
    Write a report to a file.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`, as in :func:`page`.
    path : Path
        File to write, which :func:`check` accepts: ``.html`` for a page, ``.md`` for Markdown.
    not_begun : mapping of str to str, optional
        Reasons why other models, which were asked for, have no results, by their names.
    watch : callable, default: iter
        Function that yields the names of the layers again, as in :func:`page`.

    Raises
    ------
    SpectraError
        If a package is missing that a page of HTML needs.
    ArgumentError
        If :func:`check` rejects the file, or there is no model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).standard_normal((200, 100))})
    >>> path = Path(tempfile.mkdtemp()) / "report.md"
    >>> to_file(ds, path)
    >>> path.exists()
    True
    """
    check(path)
    if path.suffix.lower() == ".html":
        text = page(models, not_begun=not_begun, watch=watch)
    else:
        text = markdown(models, not_begun=not_begun)
    with written(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
