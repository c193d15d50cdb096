"""Calls: operators, and the constants that reach them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.values import Value, small

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

__all__ = ["Call", "counted"]


@dataclass(frozen=True)
class Call:
    """
    An operator, and the constants that reach it.

    Examples
    --------
    >>> Call("Transpose", {}, ["x"], [None], ["y"]).unknown(0)
    True
    """

    operator: str
    """Its type."""
    attributes: Mapping[str, onnx.AttributeProto]
    """By name, those that a function's caller gives already filled in."""
    names: Sequence[str]
    """Names of its inputs; empty where one is left out."""
    inputs: Sequence[Value | None]
    """The constants among them."""
    outputs: Sequence[str]
    """Names of what comes out."""

    def input(self, index: int) -> Value | None:
        """
        Return an input.

        Parameters
        ----------
        index : int
            Which one.

        Returns
        -------
        Value or None
            ``None`` if it is left out, or no constant.
        """
        return self.inputs[index] if index < len(self.inputs) else None

    def unknown(self, index: int) -> bool:
        """
        Tell whether an input is there, but no constant.

        Parameters
        ----------
        index : int
            Which one.

        Returns
        -------
        bool
            Whether it is.
        """
        return index < len(self.names) and self.names[index] != "" and self.inputs[index] is None

    def whole(self, name: str, default: int) -> int:
        """
        Return an attribute that is a whole number.

        Parameters
        ----------
        name : str
            Its name.
        default : int
            What it is if it is not there.

        Returns
        -------
        int
            The number.
        """
        return int(self.attributes[name].i) if name in self.attributes else default

    def wholes(self, name: str, index: int) -> list[int] | None:
        """
        Return numbers that are an attribute in old versions, and an input in new ones.

        Parameters
        ----------
        name : str
            Name of the attribute.
        index : int
            Which input.

        Returns
        -------
        list of int or None
            ``None`` if they are neither.
        """
        if name in self.attributes:
            return [int(n) for n in self.attributes[name].ints]
        return small(self.input(index))


def counted(axis: int, ndim: int, /) -> int:
    """
    Count an axis from the first.

    Parameters
    ----------
    axis : int
        Negative if it is counted from the last.
    ndim : int
        How many there are.

    Returns
    -------
    int
        Where it is; out of range if it was.

    Examples
    --------
    >>> counted(-1, 3)
    2
    """
    return axis + ndim if axis < 0 else axis
