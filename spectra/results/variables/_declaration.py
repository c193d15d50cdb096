"""What it takes to declare a variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from enum import IntEnum

__all__ = ["Variable", "count", "flag", "layer", "text"]


@dataclass(frozen=True, slots=True)
class Variable:
    """
    One variable of a Dataset.

    Parameters
    ----------
    name : str
        Its name.
    long_name : str
        What it is, in words.
    units : str
        ``"1"`` if dimensionless, ``"w2"`` for weight units squared, ``""`` for text and codes.
    formula : str
        How it is computed.
    source : str
        Where that comes from.
    dims : tuple of str, default: ("layer",)
        Its dimensions.
    kind : {"float", "int", "str", "flag"}, default: "float"
        What it holds. Counts that may be missing are floats, missing being ``nan``.
    flags : type of IntEnum, optional
        The codes of a flag; 0 stands for what is missing.

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
    source: str
    dims: tuple[str, ...] = ("layer",)
    kind: Literal["float", "int", "str", "flag"] = "float"
    flags: type[IntEnum] | None = None

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes that go into the Dataset."""
        words = {
            "long_name": self.long_name,
            "units": self.units,
            "formula": self.formula,
            "source": self.source,
        }
        attrs: dict[str, Any] = {key: text for key, text in words.items() if text}
        if self.flags is not None:
            attrs["flag_values"] = np.array(list(self.flags), dtype=np.int8)
            attrs["flag_meanings"] = " ".join(flag.name.lower() for flag in self.flags)
        return attrs


def layer(name: str, long_name: str, units: str, formula: str, source: str, /) -> Variable:
    """
    Declare a number of a layer.

    Parameters
    ----------
    name, long_name, units, formula, source : str
        As in :class:`Variable`.

    Returns
    -------
    Variable
        Of kind float.

    Examples
    --------
    >>> layer("trace", "trace", "w2", "sum(lambda)", "linear algebra").dims
    ('layer',)
    """
    return Variable(name, long_name, units, formula, source)


def count(name: str, long_name: str, formula: str, /) -> Variable:
    """
    Declare a count that is never missing.

    Parameters
    ----------
    name, long_name, formula : str
        As in :class:`Variable`.

    Returns
    -------
    Variable
        Of kind int.

    Examples
    --------
    >>> count("M", "shorter side", "min(rows, columns)").kind
    'int'
    """
    return Variable(name, long_name, "1", formula, "the tensor's shape", kind="int")


def flag(name: str, long_name: str, formula: str, source: str, flags: type[IntEnum], /) -> Variable:
    """
    Declare a code of a layer.

    Parameters
    ----------
    name, long_name, formula, source : str
        As in :class:`Variable`.
    flags : type of IntEnum
        The codes.

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
    return Variable(name, long_name, "", formula, source, kind="flag", flags=flags)


def text(name: str, long_name: str, dim: str, source: str = "the model file", /) -> Variable:
    """
    Declare words.

    Parameters
    ----------
    name, long_name : str
        As in :class:`Variable`.
    dim : str
        What they are said of.
    source : str, default: "the model file"
        Where they come from.

    Returns
    -------
    Variable
        Of kind str.

    Examples
    --------
    >>> text("tensor_name", "tensor the layer is a view of", "layer").kind
    'str'
    """
    return Variable(name, long_name, "", "", source, dims=(dim,), kind="str")
