"""Identities: digests of measures, of their options, and of the version of the method."""

from __future__ import annotations

import dis
import enum
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib import metadata, resources
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._version import __version__

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["NoIdentityError", "digest", "identity", "method_version"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_DIGITS = 32  # hexadecimal digits of a digest: 128 bits


class NoIdentityError(Exception):
    """A value has no content by which it could be known again."""


def digest(*values: object) -> str:
    """Return the digest of plain values and tuples of them."""
    return hashlib.sha256(ascii(values).encode("ascii")).hexdigest()[:_DIGITS]


def identity(value: object, /) -> str:
    """
    Return a digest of a function with its options, or of other values, by content.

    Functions of this package, of Python and of libraries with a version count by their name and
    that version; any other function by its code, its defaults, and all that its code refers to.
    Raises :class:`NoIdentityError` if it refers to an object whose content cannot be told.
    """
    function = getattr(value, "func", value)
    return digest(_Describer(_root(getattr(function, "__module__", "") or "")).of(value))


def _root(module: str) -> str:
    return module.partition(".")[0]


class _Describer:
    """Description of values by plain tuples; `home` is the package whose version says nothing."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._seen: dict[int, int] = {}

    def of(self, value: Any) -> tuple[object, ...]:
        """Return the description of a value."""
        kind = type(value)
        if kind in _PLAIN:
            return (kind.__name__, repr(value))
        if kind in (tuple, list):
            return (kind.__name__, *map(self.of, value))
        if kind in (set, frozenset):
            return (kind.__name__, *sorted(map(self.of, value), key=ascii))
        if isinstance(value, Mapping):
            items = [(self.of(key), self.of(item)) for key, item in value.items()]
            return ("mapping", *sorted(items, key=ascii))
        if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
            return ("array", value.dtype.str, value.shape, value.tobytes())
        if isinstance(value, enum.Enum):
            return ("enum", self.of(kind), value.name)
        if isinstance(value, partial):
            return ("partial", *map(self.of, (value.func, value.args, value.keywords)))
        return self._by_source(value)

    def _by_source(self, value: Any) -> tuple[object, ...]:
        """Return the description of what has code: functions, classes and modules."""
        if id(value) in self._seen:  # it calls itself
            return ("again", self._seen[id(value)])
        self._seen[id(value)] = len(self._seen)
        is_module = isinstance(value, ModuleType)
        module = value.__name__ if is_module else getattr(value, "__module__", None)
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        if isinstance(module, str) and (version := self._version(module)) and name:
            return ("named", module, name, version)
        if isinstance(value, FunctionType):
            return self._function(value)
        if is_module or isinstance(value, type):
            try:
                return ("source", inspect.getsource(value))
            except (OSError, TypeError) as error:
                raise NoIdentityError(str(error)) from error
        inner = getattr(value, "__wrapped__", None)  # of functools.cache
        if inner is not None and self._version(_root(type(value).__module__)):
            return ("wrapped", type(value).__name__, self.of(inner))
        msg = f"an object of type {type(value).__name__}"
        raise NoIdentityError(msg)

    def _version(self, module: str) -> str:
        """Return the version of the package of a module, empty if it says nothing of the code."""
        root = _root(module)
        if root == _root(__name__):
            return __version__
        if root == self._home:
            return ""
        if root in sys.stdlib_module_names:
            return sys.version if root != "__main__" else ""
        version = getattr(sys.modules.get(root), "__version__", "")
        return version if isinstance(version, str) else ""

    def _function(self, function: FunctionType) -> tuple[object, ...]:
        cells = [_content(cell) for cell in function.__closure__ or ()]
        names = sorted({*_global_names(function.__code__)} & function.__globals__.keys())
        used = {name: function.__globals__[name] for name in names}
        values = (function.__defaults__, function.__kwdefaults__, cells, used)
        return ("function", self._code(function.__code__), *map(self.of, values))

    def _code(self, code: CodeType) -> tuple[object, ...]:
        constants = [
            self._code(one) if isinstance(one, CodeType) else self.of(one) for one in code.co_consts
        ]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_flags)
        return ("code", code.co_code, code.co_exceptiontable, names, *constants)


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError as error:  # not assigned yet
        raise NoIdentityError(str(error)) from error


def _global_names(code: CodeType) -> Iterator[str]:
    """Yield the global names that a code and the codes within it read."""
    for step in dis.get_instructions(code):
        if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            yield step.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _global_names(inner)


def _sources(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the digest of each file of a package, in no particular order."""
    for item in folder.iterdir():
        if item.is_dir() and item.name != "__pycache__":
            yield from _sources(item, f"{path}{item.name}/")
        elif item.name.endswith((".py", ".pyc", ".so", ".pyd")):
            yield f"{path}{item.name}", hashlib.sha256(item.read_bytes()).hexdigest()


@cache
def method_version() -> str:
    """
    Return the digest of the version of the method: this package with its source, NumPy and SciPy.

    The source tells two states of a version in development apart. Random draws and the last digits
    of linear algebra depend on the libraries.
    """
    source = tuple(sorted(_sources(resources.files(_root(__name__)))))
    return digest(__version__, source, np.__version__, metadata.version("scipy"))
