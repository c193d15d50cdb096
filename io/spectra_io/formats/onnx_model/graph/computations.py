"""Computations: all operators whose result is a constant if their inputs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.arithmetic import ARITHMETIC
from spectra_io.formats.onnx_model.graph.casts import CASTS
from spectra_io.formats.onnx_model.graph.dequantization import DEQUANTIZATIONS
from spectra_io.formats.onnx_model.graph.filling import FILLINGS
from spectra_io.formats.onnx_model.graph.movements import MOVEMENTS
from spectra_io.formats.onnx_model.graph.products import PRODUCTS
from spectra_io.formats.onnx_model.graph.reductions import REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["COMPUTATIONS"]

COMPUTATIONS: Mapping[str, Callable[[Call, Value], list[Value | None]]] = {
    **MOVEMENTS,
    **CASTS,
    **ARITHMETIC,
    **REDUCTIONS,
    **FILLINGS,
    **PRODUCTS,
    **DEQUANTIZATIONS,
}
"""Outputs of an operator, given its first input; ``None`` for an output that is not followed."""
