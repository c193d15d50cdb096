"""Lengths: integers that a graph computes from the lengths that its inputs have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.models.lazy import Held
from spectra_io.formats.onnx_model.graph.shapes.rules import sketches
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING, of_constant
from spectra_io.formats.onnx_model.graph.values import Stored, of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.shapes.sketches import Sketch
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["Lengths"]


class Lengths:
    """
    Lengths in a graph that are sure: those of its inputs, and what is computed from them.

    Lengths that a graph only claims for an inner value are not among them: a tool that opens a
    length of an input leaves them as they were.

    Parameters
    ----------
    inputs : mapping of str to Sketch
        The inputs of the graph, as it declares them; a runtime refuses other ones.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.shapes.sketches import Sketch
    >>> lengths = Lengths({"x": Sketch((2, 8))})
    >>> lengths.add(Call("Shape", {}, ["x"], [None], ["s"]))["s"].source()
    array([2, 8])
    """

    def __init__(self, inputs: Mapping[str, Sketch]) -> None:
        self._known = dict(inputs)

    def add(self, call: Call, /) -> dict[str, Value]:
        """
        Add an operator; return those of its results that are known integers, as constants.

        Parameters
        ----------
        call : Call
            The operator, after those that make its inputs.

        Returns
        -------
        dict of str to Value
            Constants of 64-bit integers by name.
        """
        if not any(name in self._known for name in call.names):
            return {}  # a result of constants alone is a constant already
        given = [
            self._known.get(name, NOTHING) if value is None else of_constant(value)
            for name, value in zip(call.names, call.inputs, strict=True)
        ]
        made = {n: s for n, s in zip(call.outputs, sketches(call, given), strict=False) if n}
        self._known |= made
        whole = {n: s.numbers for n, s in made.items() if s.numbers is not None}
        return {
            name: of(Stored(name, numbers.shape, "int64", Held(numbers.astype(np.int64))))
            for name, numbers in whole.items()
            if all(isinstance(number, int) for number in numbers.ravel())
        }
