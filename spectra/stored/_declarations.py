"""Declarations of variables as JSON has them, and back."""

from __future__ import annotations

from dataclasses import fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from spectra.results.variables import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_json", "from_json"]

_FIELDS = tuple(each.name for each in fields(Variable))


def as_json(variable: Variable, /) -> dict[str, Any]:
    """Return a declaration as plain values; the codes of a flag by their names."""
    found = {name: getattr(variable, name) for name in _FIELDS}
    flags = variable.flags
    words = None if flags is None else {each.name: int(each) for each in flags}
    return {**found, "dims": list(variable.dims), "flags": words}


def from_json(values: Mapping[str, Any], /) -> Variable:
    """Return the declaration of which these are the values."""
    words = values["flags"]
    flags: Any = None if words is None else IntEnum("Flags", words)
    return Variable(**{**values, "dims": tuple(values["dims"]), "flags": flags})
