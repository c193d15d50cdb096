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
        Its name.
    long_name : str
        What it is, in words that stand alone as the label of an axis.
    units : str
        ``"1"`` if dimensionless, ``"w2"`` for weight units squared, ``""`` for text and codes.
    formula : str
        How it is computed.
    references : str
        The paper or program that it comes from.
    dims : tuple of str, default: ("layer",)
        Its dimensions.
    kind : {"float", "int", "str", "flag"}, default: "float"
        What it holds. Counts that may be missing are floats, missing being ``nan``.
    flags : type of IntEnum, optional
        The codes of a flag; 0 stands for what is missing.
    group : str, default: ""
        The subject: ``"layer"``, ``"size"``, ``"tail"``, ``"noise"``, ``"tensor"``, ``"summary"``.
    head : str, default: ""
        Head of its column in a table; its name if empty.
    digits : int, optional
        Digits after the point in a table.
    help : str, default: ""
        One line on its column for a person; `long_name` if empty.

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

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes that go into the Dataset."""
        words = {
            "long_name": self.long_name,
            "units": self.units,
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
        Its name.
    variables : iterable of Variable
        Its members.

    Returns
    -------
    tuple of Variable
        The same variables with that group.

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
        Its dimensions.
    head : str, default: ""
        Head of its column.
    digits : int, optional
        Digits of its column.
    help : str, default: ""
        One line on its column.

    Returns
    -------
    Variable
        Of kind float.

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
        Its dimensions.
    head : str, default: ""
        Head of its column.
    help : str, default: ""
        One line on its column.

    Returns
    -------
    Variable
        Of kind int.

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
        The codes.
    head : str, default: ""
        Head of its column.
    help : str, default: ""
        One line on its column.

    Returns
    -------
    Variable
        Of kind flag.

    Examples
    --------
    >>> from spectra.results.verdicts import Verdict
    >>> flag("verdict", "band of alpha", "", "", Verdict).kind
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
    Declare words.

    Parameters
    ----------
    name, long_name : str
        As in :class:`Variable`.
    dim : str
        The dimension: ``"layer"`` or ``"tensor"``.
    references : str, default: "the model file"
        Where they come from.
    head : str, default: ""
        Head of its column.
    help : str, default: ""
        One line on its column.

    Returns
    -------
    Variable
        Of kind str.

    Examples
    --------
    >>> text("tensor_name", "tensor that holds the layer", "layer").kind
    'str'
    """
    return Variable(name, long_name, "", "", references, (dim,), "str", head=head, help=help)
