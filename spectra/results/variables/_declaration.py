"""The declaration of a variable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import IntEnum

__all__ = ["Kind", "Variable", "count", "flag", "grouped", "number", "text"]

Kind = Literal["float", "int", "str", "flag"]
"""The type of the values: counts that may be missing are floats, missing being ``nan``."""


@dataclass(frozen=True, slots=True)
class Variable:
    """
    One variable of a Dataset, described once for its attributes, tables, help and pages.

    Parameters
    ----------
    name : str
        Name of the variable in the Dataset.
    long_name : str
        Description in words that stand alone as the label of an axis.
    units : str
        ``"1"`` if dimensionless, ``"w2"`` for weight units squared, ``""`` for text and codes.
    formula : str
        Formula of the value, in the notation of the page on variables.
    references : str
        Paper or program that defines the variable.
    dims : tuple of str, default: ("layer",)
        Dimensions of the variable.
    kind : {"float", "int", "str", "flag"}, default: "float"
        Type of the values. Counts that may be missing are floats, missing being ``nan``.
    flags : type of IntEnum, optional
        Codes of a flag with their names; 0 stands for a missing value.
    group : str, default: ""
        Subject of the variable: ``"diagnosis"``, ``"layer"``, ``"size"``, ``"tail"``, ``"noise"``,
        ``"tensor"`` or ``"summary"``.
    head : str, default: ""
        Head of the column in a table; `name` if empty.
    digits : int, optional
        Digits after the point in a table.
    help : str, default: ""
        One line that explains the column to a reader; `long_name` if empty.
    noise : str, default: ""
        Name of the variable that holds what noise of the same shape gives, or words for it.
    error : str or tuple of str, default: ""
        Names of the variables that are the ends of an interval, or of one that is a standard error;
        or words for how sure the number is.
    method : str, default: ""
        Name of the page of the documentation on the method of the variable, as in
        ``docs/methods/power-law.md``.

    Examples
    --------
    >>> trace = Variable("trace", "trace of W.T @ W", "w2", "sum(lambda)", "linear algebra")
    >>> trace.attrs["units"]
    'w2'
    """

    name: str
    long_name: str
    units: str
    formula: str
    references: str
    dims: tuple[str, ...] = ("layer",)
    kind: Kind = "float"
    flags: type[IntEnum] | None = None
    group: str = ""
    head: str = ""
    digits: int | None = None
    help: str = ""
    noise: str = ""
    error: str | tuple[str, ...] = ""
    method: str = ""

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the variable in a Dataset."""
        words = {
            "long_name": self.long_name,
            "units": "" if self.units == "1" else self.units,  # an axis would say [1]
            "formula": self.formula,
            "references": self.references,
            "group": self.group,
        }
        attrs: dict[str, Any] = {key: text for key, text in words.items() if text}
        if self.flags is not None:
            attrs["flag_values"] = np.array(list(self.flags), dtype=np.int8)
            attrs["flag_meanings"] = " ".join(flag.name.lower() for flag in self.flags)
        return attrs


def grouped(group: str, variables: Iterable[Variable], /) -> tuple[Variable, ...]:
    """
    Put variables into a group.

    Parameters
    ----------
    group : str
        Name of the group.
    variables : iterable of Variable
        Variables that belong to the group.

    Returns
    -------
    tuple of Variable
        Copies of the variables with the group set.

    Examples
    --------
    >>> grouped("size", [number("trace", "trace", "w2", "sum(lambda)", "")])[0].group
    'size'
    """
    return tuple(replace(variable, group=group) for variable in variables)


def number(
    name: str,
    long_name: str,
    units: str,
    formula: str,
    references: str,
    /,
    *,
    dims: tuple[str, ...] = ("layer",),
    head: str = "",
    digits: int | None = None,
    help: str = "",  # noqa: A002
) -> Variable:
    """
    Declare a real number, by default one per layer.

    Parameters
    ----------
    name, long_name, units, formula, references : str
        As in :class:`Variable`.
    dims : tuple of str, default: ("layer",)
        Dimensions of the variable.
    head : str, default: ""
        Head of the column in a table; `name` if empty.
    digits : int, optional
        Digits after the point in a table.
    help : str, default: ""
        One line that explains the column to a reader; `long_name` if empty.

    Returns
    -------
    Variable
        Declaration of kind ``"float"``.

    Examples
    --------
    >>> number("trace", "trace", "w2", "sum(lambda)", "linear algebra").dims
    ('layer',)
    """
    source = (formula, references, dims)
    return Variable(name, long_name, units, *source, head=head, digits=digits, help=help)


def count(
    name: str,
    long_name: str,
    formula: str,
    /,
    *,
    dims: tuple[str, ...] = ("layer",),
    head: str = "",
    help: str = "",  # noqa: A002
) -> Variable:
    """
    Declare a count that is never missing.

    Parameters
    ----------
    name, long_name, formula : str
        As in :class:`Variable`.
    dims : tuple of str, default: ("layer",)
        Dimensions of the variable.
    head : str, default: ""
        Head of the column in a table; `name` if empty.
    help : str, default: ""
        One line that explains the column to a reader; `long_name` if empty.

    Returns
    -------
    Variable
        Declaration of kind ``"int"``.

    Examples
    --------
    >>> count("M", "shorter side", "min(rows, columns)").kind
    'int'
    """
    source = "the tensor's shape"
    return Variable(name, long_name, "1", formula, source, dims, "int", head=head, help=help)


def flag(
    name: str,
    long_name: str,
    formula: str,
    references: str,
    flags: type[IntEnum],
    /,
    *,
    head: str = "",
    help: str = "",  # noqa: A002
) -> Variable:
    """
    Declare a code of a layer.

    Parameters
    ----------
    name, long_name, formula, references : str
        As in :class:`Variable`.
    flags : type of IntEnum
        Codes of the flag with their names; 0 stands for a missing value.
    head : str, default: ""
        Head of the column in a table; `name` if empty.
    help : str, default: ""
        One line that explains the column to a reader; `long_name` if empty.

    Returns
    -------
    Variable
        Declaration of kind ``"flag"``.

    Examples
    --------
    >>> from spectra.results.verdicts import Verdict
    >>> flag("verdict", "what the evidence says", "", "", Verdict).kind
    'flag'
    """
    dims = ("layer",)
    return Variable(
        name, long_name, "", formula, references, dims, "flag", flags, head=head, help=help
    )


def text(
    name: str,
    long_name: str,
    dim: str,
    references: str = "the model file",
    /,
    *,
    head: str = "",
    help: str = "",  # noqa: A002
) -> Variable:
    """
    Declare a text, one per layer or tensor.

    Parameters
    ----------
    name, long_name : str
        As in :class:`Variable`.
    dim : str
        Dimension of the variable: ``"layer"`` or ``"tensor"``.
    references : str, default: "the model file"
        Source of the words.
    head : str, default: ""
        Head of the column in a table; `name` if empty.
    help : str, default: ""
        One line that explains the column to a reader; `long_name` if empty.

    Returns
    -------
    Variable
        Declaration of kind ``"str"``.

    Examples
    --------
    >>> text("tensor_name", "tensor that holds the layer", "layer").kind
    'str'
    """
    return Variable(name, long_name, "", "", references, (dim,), "str", head=head, help=help)
