"""References: what the code of a function reads by name, and what it imports when it runs."""

from __future__ import annotations

import dis
import importlib
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NoIdentityError", "imported", "names_in"]

_READ = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}


class NoIdentityError(Exception):
    """A value has no content by which it could be known again."""


def names_in(code: CodeType, /) -> Iterator[str]:
    """Yield the global names that a code and the codes within it read."""
    for each in _codes(code):
        yield from (step.argval for step in dis.get_instructions(each) if step.opname in _READ)


def imported(code: CodeType, known: Mapping[str, Any], /) -> list[object]:
    """
    Return the modules, and the objects of modules, that a code and the codes within it import.

    They are imported here, as they will be where the function runs; raises
    :class:`NoIdentityError` if that fails.
    """
    found: list[object] = []
    try:
        for each in _codes(code):
            module: Any = None
            before: list[Any] = []
            for step in dis.get_instructions(each):
                if step.opname == "IMPORT_NAME":
                    level, names = before[-2:]
                    module = _module(step.argval, level, known)
                    found += [] if names else [module]
                elif step.opname == "IMPORT_FROM":
                    found.append(_member(module, step.argval))
                before.append(step.argval)
    except Exception as error:  # of any module
        msg = f"what it imports: {error}"
        raise NoIdentityError(msg) from error
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and the codes within it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def _module(name: str, level: int, known: Mapping[str, Any]) -> Any:
    package = known.get("__package__") if level else None
    return importlib.import_module("." * level + name, package)


def _member(module: Any, name: str) -> object:
    """Return what a module has by a name, or its module of that name."""
    if hasattr(module, name):
        return getattr(module, name)
    return importlib.import_module(f"{module.__name__}.{name}")
