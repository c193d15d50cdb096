"""Link the names in the docstring of a package, which are plain code in the source."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from public_names import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

NAME = re.compile(r"(?<!`)``([A-Za-z_][\w.]*)``(?!`)")
BULLET = re.compile(r"- (?::mod:`|``)([\w.]+)`")


def home(subject: ModuleType, name: str, package: ModuleType) -> str | None:
    """Return the full name of what a name means in a module, in its package or by itself."""
    for module in (subject, package):
        thing: Any = module
        for part in name.split("."):
            thing = getattr(thing, part, None)
        if thing is not None and name.split(".")[0] in module.__all__:
            return f"{module.__name__}.{name}"
    return name if name in modules() else None


def module_named(name: str, package: ModuleType) -> ModuleType:
    """Return the module of a name, whole or within a package, or else the package."""
    thing = sys.modules.get(name) if name.startswith("spectra") else getattr(package, name, None)
    return thing if isinstance(thing, ModuleType) else package


def linked(lines: list[str], package: ModuleType) -> Iterator[str]:
    """Link the names of each line: a bullet that begins with a module is about its names."""
    subject = package
    for line in lines:
        if line.lstrip().startswith("- ") or not line.strip():
            found = BULLET.match(line.lstrip())
            subject = module_named(found[1], package) if found else package

        def link(name: re.Match[str], subject: ModuleType = subject) -> str:
            target = home(subject, name[1], package)
            return f":py:obj:`{name[1]} <{target}>`" if target else name[0]

        yield NAME.sub(link, line)


def link_names(
    _: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Link the names in the docstring of a module."""
    if what == "module" and isinstance(thing, ModuleType):
        lines[:] = linked(lines, thing)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("autodoc-process-docstring", link_names, priority=900)  # after numpydoc
    return {"parallel_read_safe": True}
