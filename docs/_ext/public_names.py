"""List the public modules, and describe the names in them that autodoc does not see."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from textwrap import dedent
from types import GenericAlias
from typing import TYPE_CHECKING

import click
from sphinx.pycode import ModuleAnalyzer

import spectra
import spectra_io

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FACES = (spectra, spectra_io)


@cache
def modules() -> dict[str, ModuleType]:
    """Return the public modules, those without an underscore in their path, by name."""
    names = [face.__name__ for face in FACES]
    for face in FACES:
        names += [info.name for info in pkgutil.walk_packages(face.__path__, f"{face.__name__}.")]
    return {name: importlib.import_module(name) for name in sorted(names) if "._" not in name}


@cache
def homes() -> dict[int, str]:
    """Return the deepest public name of every class that a private module defines."""
    found = {}
    for name, module in sorted(modules().items(), key=lambda item: item[0].count(".")):
        for public in module.__all__:
            thing = getattr(module, public)
            if inspect.isclass(thing) and "._" in thing.__module__:
                found[id(thing)] = f"{name}.{public}"
    return found


def twins(module: ModuleType) -> Iterator[tuple[str, str]]:
    """List classes that are described in another module: Sphinx takes one description."""
    deepest = homes()
    for public in module.__all__:
        name = f"{module.__name__}.{public}"
        if (home := deepest.get(id(getattr(module, public)), name)) != name:
            yield public, f"The same as :class:`{home}`."


def imports(module: ModuleType) -> dict[str, str]:
    """Return the modules that a module imports its names from, by name."""
    return {
        alias.name: str(node.module)
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def is_constant(thing: object) -> bool:
    """Return whether a name stands for a constant or for a type made of others."""
    kinds = (inspect.isclass, inspect.isroutine, inspect.ismodule)
    return not any(is_kind(thing) for is_kind in kinds) and not isinstance(thing, click.Command)


def docstring(module: ModuleType, constant: str) -> str:
    """Return the docstring of a constant from the module that it is imported from at last."""
    while home := imports(module).get(constant):
        module = importlib.import_module(home)
    docs = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
    return dedent("\n".join(docs["", constant])).strip()


def constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """List constants that a package imports, and types that autodoc takes for functions."""
    found = imports(module)
    for public in module.__all__:
        thing = getattr(module, public)
        if is_constant(thing) and (public in found or isinstance(thing, GenericAlias)):
            yield public, docstring(module, public)


def commands(module: ModuleType) -> Iterator[tuple[str, str]]:
    """List commands of the command line, whose help is on a page of its own."""
    for public in module.__all__:
        if isinstance(getattr(module, public), click.Command):
            yield public, "A command; its help is in :doc:`/reference/commands`."
