"""Calls: an operator with its attributes, and the constants among its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.values import Value, small

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

__all__ = ["Call", "counted"]

_QUANTIZED_PAIRS = frozenset(("QLinearAdd", "QLinearMul", "QLinearMatMul"))


@dataclass(frozen=True)
class Call:
    """
    An operator with its attributes, and the constants among its inputs.

    Examples
    --------
    >>> Call("Transpose", {}, ["x"], [None], ["y"]).unknown(0)
    True
    """

    operator: str
    """Type of the operator."""
    attributes: Mapping[str, onnx.AttributeProto]
    """Attributes by name, with the references to attributes of a function resolved."""
    names: Sequence[str]
    """Names of the inputs; empty for an optional input that is left out."""
    inputs: Sequence[Value | None]
    """Values of the inputs; ``None`` for an input that is not a known constant."""
    outputs: Sequence[str]
    """Names of the outputs."""
    label: str = ""
    """Name of the operator itself."""
    scopes: str = ""
    """Modules that the operator is in, as PyTorch notes them: a list of strings as text."""
    order: int = 0
    """Place in the order of computation."""
    domain: str = ""
    """Domain that defines the operator."""
    is_embedding: bool = False
    """Whether PyTorch notes that the operator belongs to an embedding module."""

    @property
    def kind(self) -> str:
        """Type of the operator on real numbers, as Add for QLinearAdd."""
        return self.operator.removeprefix("QLinear")

    @property
    def operands(self) -> tuple[int, ...]:
        """Positions of the inputs that are not scales or zero points."""
        wanted = (0, 3) if self.operator in _QUANTIZED_PAIRS else range(len(self.names))
        return tuple(index for index in wanted if index < len(self.names))

    def input(self, index: int) -> Value | None:
        """
        Return the constant at an input.

        Parameters
        ----------
        index : int
            Position of the input; -1 for none.

        Returns
        -------
        Value or None
            ``None`` if the input is left out, or not a known constant.
        """
        return self.inputs[index] if 0 <= index < len(self.inputs) else None

    def unknown(self, index: int) -> bool:
        """
        Return whether an input is present, but not a known constant.

        Parameters
        ----------
        index : int
            Position of the input; -1 for none.

        Returns
        -------
        bool
            ``False`` for a constant, and for an input that is left out.
        """
        given = 0 <= index < len(self.names) and self.names[index] != ""
        return given and self.inputs[index] is None

    def whole(self, name: str, default: int) -> int:
        """
        Return an integer attribute.

        Parameters
        ----------
        name : str
            Name of the attribute.
        default : int
            Value if the attribute is missing.

        Returns
        -------
        int
            Value of the attribute.
        """
        return int(self.attributes[name].i) if name in self.attributes else default

    def number(self, name: str, default: float) -> float:
        """
        Return an attribute that is a real number.

        Parameters
        ----------
        name : str
            Name of the attribute.
        default : float
            Value if the attribute is missing.

        Returns
        -------
        float
            Value of the attribute.
        """
        return float(self.attributes[name].f) if name in self.attributes else default

    def wholes(self, name: str, index: int) -> list[int] | None:
        """
        Return integers that are an attribute in old versions of ONNX, and an input in new ones.

        Parameters
        ----------
        name : str
            Name of the attribute.
        index : int
            Position of the input.

        Returns
        -------
        list of int or None
            The integers; ``None`` if neither attribute nor input has them.
        """
        if name in self.attributes:
            return [int(n) for n in self.attributes[name].ints]
        return small(self.input(index))


def counted(axis: int, ndim: int, /) -> int:
    """
    Return a possibly negative axis as one counted from the first.

    Parameters
    ----------
    axis : int
        Axis; if negative, counted from the last.
    ndim : int
        Number of axes.

    Returns
    -------
    int
        Axis counted from the first; out of range if the given one is.

    Examples
    --------
    >>> counted(-1, 3)
    2
    """
    return axis + ndim if axis < 0 else axis
