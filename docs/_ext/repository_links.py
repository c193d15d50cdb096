"""Link the files outside of docs/, and the source of names, to the repository."""

from __future__ import annotations

import importlib
import inspect
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_pages import FOLDER, FROM_THE_TOP

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TOP = Path(__file__).parents[2]
FILES = "https://github.com/weightspectra/weightspectra/blob/main"
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
ARTICLES = "examples/articles"  # scripts, of which the site has pages
MADE = {file: page for page, file in FROM_THE_TOP.items()}


def rewritten(text: str, folder: str, here: str) -> str:
    """Return Markdown whose links, relative to a folder of the repository, suit the page here."""

    def target(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        if path in MADE:
            path = f"docs/{FOLDER}/{MADE[path]}.mdown"
        elif posixpath.dirname(path) == ARTICLES:
            path = f"docs/articles/{posixpath.basename(path).removesuffix('.py')}.rst"
        elif path == ARTICLES:
            path = "docs/articles/index.rst"
        elif not path.startswith("docs/"):
            return f"{FILES}/{path}{link[2] or ''}"
        return posixpath.relpath(path, here) + (link[2] or "")

    return LINK.sub(target, text)


def rewrite(app: Sphinx, page: str, source: list[str]) -> None:
    """Rewrite the links of a page that Sphinx has read."""
    if not app.env.doc2path(page).suffix.startswith(".m"):
        return
    here = posixpath.dirname(f"docs/{page}")
    copied = page.removeprefix(f"{FOLDER}/") in FROM_THE_TOP
    source[0] = rewritten(source[0], "." if copied else here, here)


def source_of(domain: str, info: dict[str, str]) -> str | None:
    """Return where the repository has the source of a name, or None if it cannot be told."""
    if domain != "py":
        return None
    thing: Any = importlib.import_module(info["module"])
    for part in filter(None, info["fullname"].split(".")):
        thing = getattr(thing, part, None)
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(thing))
        file = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "").relative_to(TOP)
    except (TypeError, OSError, ValueError):
        return None
    return f"{FILES}/{file.as_posix()}#L{first}-L{first + len(lines) - 1}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("source-read", rewrite)
    app.config.linkcode_resolve = source_of
    return {"parallel_read_safe": True}
