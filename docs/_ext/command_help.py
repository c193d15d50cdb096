"""Show the help of the commands as a terminal does: plain text, not markup."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

EVENTS = ("description", "options", "arguments", "epilog")
AS_IT_STANDS = "| "  # how sphinx-click begins a line that click does not fold
MARKUP = re.compile(r"[*`_@|\\]|:(?=//)")


def plain(lines: list[str]) -> Iterator[str]:
    """List lines of help as reStructuredText: tables are literal, other text is escaped."""
    for is_table, group in groupby(lines, key=lambda line: line.startswith(AS_IT_STANDS)):
        if is_table:
            yield from ["", ".. code-block:: text", ""]
            yield from (f"    {line.removeprefix(AS_IT_STANDS)}" for line in group)
            yield ""
        else:
            yield from map(escaped, group)


def escaped(line: str) -> str:
    """Return a line without markup, unless it is a directive that sphinx-click wrote."""
    is_directive = line.lstrip().startswith((".. ", ":"))
    return line if is_directive else MARKUP.sub(r"\\\g<0>", line)


def escape(_: Sphinx, context: object, lines: list[str]) -> None:
    """Escape the help that sphinx-click takes for reStructuredText."""
    lines[:] = plain(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("sphinx_click")
    for event in EVENTS:
        app.connect(f"sphinx-click-process-{event}", escape)
    return {"parallel_read_safe": True}
