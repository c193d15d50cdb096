"""Leave pages that are still to be written out of the contents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def drop(app: Sphinx, page: str, source: list[str]) -> None:
    """Drop the lines of a toctree for which there is no page."""
    if page.startswith("contents/"):
        lines = source[0].splitlines(keepends=True)
        source[0] = "".join(line for line in lines if is_written(line.strip(), Path(app.srcdir)))


def is_written(entry: str, docs: Path) -> bool:
    """Return whether there is a page for an entry; other lines stay as they are."""
    return not entry.startswith("/") or any(docs.glob(f"{entry[1:]}.[mr]*"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("source-read", drop)
    return {"parallel_read_safe": True}
