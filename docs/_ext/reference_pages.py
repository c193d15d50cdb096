"""Write the pages of the reference, and copy those outside of docs/, before Sphinx reads them."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from public_names import commands, constants, modules, twins

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx

FOLDER = "reference"  # within docs/, ignored by git
FROM_THE_TOP = {"changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md"}
UNSEARCHED = {"changelog": "---\nnosearch: true\n---\n\n"}  # it has a word of everything
COMMANDS = """
Options of the commands
=======================

What ``spectra --help`` and the help of each command say. :doc:`/command-line` explains the output
and has examples.

.. click:: spectra_io.commands.main:cli
   :prog: spectra
   :nested: full
"""


def entry(kind: str, name: str, module: str, text: str) -> str:
    """Return the description of a name that autodoc does not see."""
    return f".. py:{kind}:: {name}\n   :module: {module}\n\n{indent(text, '   ')}\n"


def module_page(name: str, among: dict[str, ModuleType]) -> str:
    """Return the page of a module: its docstring, the names of its ``__all__``, its modules."""
    module = among[name]
    classes, data = dict(twins(module)), dict((*constants(module), *commands(module)))
    parts = [f"{name}\n{'=' * len(name)}\n", f".. automodule:: {name}\n"]
    if classes or data:
        parts[-1] += f"   :exclude-members: {', '.join((*classes, *data))}\n"
    parts += [entry("class", public, name, text) for public, text in classes.items()]
    parts += [entry("data", public, name, text) for public, text in data.items()]
    below = [other for other in among if other.rpartition(".")[0] == name]
    inner = [f"   {other.rpartition('.')[2]} <{other}>\n" for other in below]
    if inner:
        parts.append(f".. toctree::\n   :hidden:\n\n{''.join(inner)}")
    return "\n".join(parts)


def pages(top: Path) -> dict[str, str]:
    """Return the text of every page that is made, by the name of its file."""
    found = modules()
    made = {f"{name}.rst": module_page(name, found) for name in found}
    copied = {
        f"{page}.mdown": UNSEARCHED.get(page, "") + (top / file).read_text(encoding="utf-8")
        for page, file in FROM_THE_TOP.items()
    }
    return {**made, **copied, "commands.rst": COMMANDS}


def write(app: Sphinx) -> None:
    """Write the pages that changed, and remove those of modules that are gone."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = pages(Path(app.srcdir).parent)
    for old in set(folder.iterdir()) - {folder / name for name in wanted}:
        old.unlink()
    for name, text in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
