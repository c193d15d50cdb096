"""Sketches: what a graph tells of the shapes and small integers that it computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.shapes._sides import (
    MAX_NDIM,
    MAX_NUMBERS,
    Length,
    array_of,
)
from spectra_io.formats.onnx_model.graph.values import small
from spectra_io.formats.onnx_model.structure import text

if TYPE_CHECKING:
    import onnx

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["NOTHING", "Sketch", "declared", "of_constant"]


class Sketch(NamedTuple):
    """
    Known lengths and elements of an array that is computed from the input of a network.

    Examples
    --------
    >>> Sketch(("batch", None, 8)).ndim, Sketch().ndim
    (3, None)
    """

    shape: tuple[Length, ...] | None = None
    """Length of each axis; ``None`` if their number is unknown."""
    numbers: AnyArray | None = None
    """Elements of a small array of integers, each known as a length is."""

    @property
    def ndim(self) -> int | None:
        """Number of axes, if known."""
        return None if self.shape is None else len(self.shape)


NOTHING = Sketch()
"""The sketch of an array of which nothing is known."""


def declared(info: onnx.ValueInfoProto, /) -> Sketch:
    """
    Return the sketch of an array whose type a graph declares.

    Parameters
    ----------
    info : onnx.ValueInfoProto
        Declaration of an input, output or inner value.

    Returns
    -------
    Sketch
        Its shape. The open lengths that a graph gives a name are equal, as ONNX wants it; one
        without a name is equal to itself only.

    Examples
    --------
    >>> import onnx
    >>> declared(onnx.helper.make_tensor_value_info("x", 1, ["batch", 8])).shape
    ('batch', 8)
    """
    kind = info.type.tensor_type
    if not info.type.HasField("tensor_type") or not kind.HasField("shape"):
        return NOTHING
    sides = kind.shape.dim[: MAX_NDIM + 1]
    if len(sides) > MAX_NDIM:
        return NOTHING
    return Sketch(
        tuple(
            d.dim_value
            if d.dim_value >= 0 and d.HasField("dim_value")
            else _name(d, info.name, axis)
            for axis, d in enumerate(sides)
        )
    )


def _name(side: onnx.TensorShapeProto.Dimension, value: str | bytes, axis: int) -> str:
    """Return the name of an open length; onnxruntime takes one below 0 as open, too."""
    return text(side.dim_param) or f"\0{text(value)}\0{axis}"


def of_constant(value: Value, /) -> Sketch:
    """
    Return the sketch of a constant.

    Parameters
    ----------
    value : Value
        The constant.

    Returns
    -------
    Sketch
        Its shape; the elements too, of a few integers of 32 or 64 bits.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra_io.formats.onnx_model.graph.values import Stored, of
    >>> of_constant(of(Stored("axes", (1,), "int64", lambda: np.array([-1])))).numbers
    array([-1], dtype=object)
    """
    known = value.dtype in ("int64", "int32") and value.size <= MAX_NUMBERS
    few = small(value) if known else None
    return Sketch(value.shape, None if few is None else array_of(few, value.shape))
