"""Make index entries of the line of a page that begins with "Also searched as", for its search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils.nodes import paragraph
from sphinx import addnodes

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

START = "Also searched as: "
PLACE = "also-searched-as"


def phrases(text: str) -> list[str]:
    """Return the phrases of a line, empty if the line is another one."""
    if not text.startswith(START):
        return []
    return text.removeprefix(START).replace("\n", " ").rstrip(".").split(", ")


def add_entries(_: Sphinx, page: document) -> None:
    """Add an entry to the index for each phrase under which a page is searched."""
    for line in [*page.findall(paragraph)]:
        if found := phrases(line.astext()):
            line["ids"].append(PLACE)
            entries = [("single", phrase, PLACE, "main", None) for phrase in found]
            line.parent.insert(line.parent.index(line), addnodes.index(entries=entries))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("doctree-read", add_entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
