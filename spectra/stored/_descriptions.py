"""Descriptions: plain tuples that tell functions, classes and other objects by their content."""

from __future__ import annotations

import copyreg
import enum
import inspect
import operator
import random
import sys
from collections.abc import Iterator
from functools import cached_property, partial
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from spectra._version import __version__
from spectra.stored._references import NoIdentityError, imported, names_in

__all__ = ["Describer", "homes_of"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_CHANGING = (  # another content after each use
    random.Random,
    np.random.Generator,
    np.random.RandomState,
    np.random.BitGenerator,
    Iterator,
)
_BOUND = (MethodType, BuiltinMethodType, MethodWrapperType)
_OF_C = (MethodDescriptorType, WrapperDescriptorType)
_SLOTS = (GetSetDescriptorType, MemberDescriptorType)
_SAYS_NOTHING = {  # names in a class of what its other members say, or nobody computes with
    *("__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "_abc_impl"),
    *("__annotations__", "__annotate_func__", "__annotations_cache__", "__orig_bases__"),
    *("__parameters__", "__static_attributes__", "__type_params__"),
}
_LIBRARIES = ("numpy", "scipy")  # whose versions are in that of the method
_UFUNCS = ("numpy", "scipy.special")


def root_of(module: object) -> str:
    """Return the name of the package of a module."""
    return module.partition(".")[0] if isinstance(module, str) else ""


def homes_of(value: Any) -> set[str]:
    """Return the packages that a function is made in, with those of what it decorates."""
    found = set()
    for _ in range(100):  # decorators
        found.add(root_of(getattr(value, "__module__", "")))
        if isinstance(value, FunctionType):
            found.add(root_of(value.__globals__.get("__name__")))
        inner = getattr(value, "func", getattr(value, "__wrapped__", None))
        if inner is None:
            break
        value = inner
    return found


class Describer:
    """Description of values by plain tuples; `homes` are packages whose versions say nothing."""

    def __init__(self, homes: set[str]) -> None:
        self._homes = homes
        self._seen: dict[int, tuple[int, object]] = {}

    def of(self, value: Any) -> tuple[object, ...]:
        """Return the description of a value, or raise :class:`NoIdentityError`."""
        kind = type(value)
        if kind in _PLAIN:
            return (kind.__name__, repr(value))
        if kind in (tuple, list):
            return (kind.__name__, *map(self.of, value))
        if kind in (set, frozenset):
            return (kind.__name__, *sorted(map(self.of, value), key=ascii))
        if kind in (dict, MappingProxyType):
            items = [(self.of(key), self.of(item)) for key, item in value.items()]
            return ("mapping", *sorted(items, key=ascii))
        if (kind is np.ndarray or isinstance(value, np.generic)) and not value.dtype.hasobject:
            return ("array", repr(value.dtype), value.dtype.str, value.shape, value.tobytes())
        if id(value) in self._seen:  # it refers to itself
            return ("again", self._seen[id(value)][0])
        self._seen[id(value)] = len(self._seen), value  # kept, so that its id is of no other
        if isinstance(value, enum.Enum):
            return ("enum", self.of(kind), value.name, self.of(value.value))
        return self._named(value) or self._by_code(value) or self._by_state(value)

    def _all(self, word: str, *values: Any) -> tuple[object, ...]:
        return (word, *map(self.of, values))

    def _named(self, value: Any) -> tuple[object, ...]:
        """Return name and version of what a library has by this name; empty for all others."""
        module: object
        name: object
        if isinstance(value, np.ufunc):
            places = [m for m in _UFUNCS if _found(m, value.__name__) is value]
            module, name = (places or [""])[0], value.__name__
        elif isinstance(value, ModuleType):
            module, name = value.__name__, ""
        else:
            module = getattr(value, "__module__", None)
            name = getattr(value, "__qualname__", getattr(value, "__name__", None))
        if not isinstance(module, str) or not isinstance(name, str):
            return ()
        version = self._version(module)
        is_it = bool(version) and _found(module, name) is value
        return ("named", module, name, version) if is_it and not _is_of_object(value) else ()

    def _version(self, module: str) -> str:
        """Return the version of the package of a module, empty if it says nothing of the code."""
        root = root_of(module)
        if root == root_of(__name__):
            return __version__
        if root in self._homes and root not in _LIBRARIES:
            return ""
        if root in sys.stdlib_module_names:
            return sys.version if root != "__main__" else ""
        version = getattr(sys.modules.get(root), "__version__", "")
        return version if isinstance(version, str) else ""

    def _by_code(self, value: Any) -> tuple[object, ...]:
        """Return the description of what has code, and of what holds it; empty for all others."""
        if isinstance(value, partial):
            return self._partial(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return self._all("method", value.__func__, value.__self__)
        if isinstance(value, _BOUND):
            return self._all("method", value.__name__, value.__self__)
        if isinstance(value, _OF_C):
            return self._all("of a type", value.__name__, value.__objclass__)
        if isinstance(value, property):
            return self._all("property", value.fget, value.fset, value.fdel)
        if isinstance(value, staticmethod | classmethod):
            return self._all(type(value).__name__, value.__func__)
        if isinstance(value, cached_property):
            return self._all("cached_property", value.func)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType):
            return ("source", _source(value))
        inner = getattr(value, "__wrapped__", None)  # of functools.cache
        if inner is not None and self._version(type(value).__module__):
            return self._all("wrapped", type(value).__name__, inner)
        return ()

    def _partial(self, value: partial[Any]) -> tuple[object, ...]:
        """Return the description of a function with options: itself if all are its defaults."""
        defaults = getattr(value.func, "__kwdefaults__", None) or {}
        chosen = {k: x for k, x in value.keywords.items() if not _is_same(x, defaults.get(k, ...))}
        if not value.args and not chosen and not vars(value):
            return self.of(value.func)
        return self._all("partial", value.func, value.args, chosen, vars(value))

    def _class(self, value: type) -> tuple[object, ...]:
        """Return the description of a class by its members, and those of the classes below it."""
        members = {
            name: member
            for name, member in vars(value).items()
            if name not in _SAYS_NOTHING and not isinstance(member, _SLOTS)
        }
        return self._all("class", value.__qualname__, type(value), value.__bases__, members)

    def _by_state(self, value: Any) -> tuple[object, ...]:
        """Return the description of any other object: its class, and its state when it is sent."""
        if isinstance(value, _CHANGING):
            raise _unknown(value)
        special: Any = copyreg.dispatch_table.get(type(value))
        try:
            found = value.__reduce_ex__(4) if special is None else special(value)
        except Exception as error:  # of code of its own
            raise _unknown(value) from error
        if not isinstance(found, tuple):  # a name
            raise _unknown(value)
        made_by, given, state, items, pairs = (*found, *[None] * 5)[:5]
        return self._all(
            "object", type(value), made_by, given, state, list(items or ()), list(pairs or ())
        )

    def _function(self, function: FunctionType) -> tuple[object, ...]:
        cells = [_content(cell) for cell in function.__closure__ or ()]
        code, known = function.__code__, function.__globals__
        used = {name: known[name] for name in sorted({*names_in(code)} & known.keys())}
        values = (function.__defaults__, function.__kwdefaults__, cells, used, vars(function))
        return ("function", self._code(code), *map(self.of, (*values, imported(code, known))))

    def _code(self, code: CodeType) -> tuple[object, ...]:
        constants = [
            self._code(one) if isinstance(one, CodeType) else self.of(one) for one in code.co_consts
        ]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_flags)
        return ("code", code.co_code, code.co_exceptiontable, names, *constants)


def _is_same(value: object, other: object) -> bool:
    """Return whether plain values are the same, of one type; of all others, no."""
    return type(value) in _PLAIN and type(value) is type(other) and repr(value) == repr(other)


def _found(module: str, name: str) -> object:
    """Return what a module has by a name, the module itself for an empty one."""
    place = sys.modules.get(module)
    if not name:
        return place
    try:
        return operator.attrgetter(name)(place)
    except AttributeError:
        return None


def _is_of_object(value: Any) -> bool:
    """Return whether a method is that of an object, rather than of a class or a module."""
    own = getattr(value, "__self__", None)
    return isinstance(value, _BOUND) and not isinstance(own, type | ModuleType | None)


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError) as error:
        raise NoIdentityError(str(error)) from error


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError as error:  # not assigned yet
        raise NoIdentityError(str(error)) from error


def _unknown(value: object) -> NoIdentityError:
    return NoIdentityError(f"an object of type {type(value).__name__}")
