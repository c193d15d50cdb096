"""Scales and zero points among the inputs of operators, those of activations too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._parts import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["with_scales"]

_SCALE = Purpose("scale")
_MOST = 32  # arrays that are joined by QLinearConcat
_OF_TWO, _OF_ONE = (1, 2, 4, 5, 6, 7), (1, 2, 3, 4)
_PLACES: dict[str, Iterable[int]] = {
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), (1, 2)),
    **dict.fromkeys(("ConvInteger", "MatMulInteger"), (2, 3)),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "QLinearAdd", "QLinearMul"), _OF_TWO),
    "QLinearConvTranspose": _OF_TWO,
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), _OF_ONE),
    **dict.fromkeys(("QLinearAveragePool", "QLinearGlobalAveragePool"), _OF_ONE),
    "QLinearReduceMean": _OF_ONE,
    "QLinearWhere": (2, 3, 5, 6, 7, 8),
    "QLinearConcat": (0, 1, *(i for i in range(2, 3 * _MOST) if i % 3 != 2)),
    "QGemm": (1, 2, 4, 5, 7, 8),
    "QAttention": (3, 4, 6, 7),
    "MatMulIntegerToFloat": (2, 3, 4, 5),
    "DynamicQuantizeMatMul": (2, 3),
}


def with_scales(
    purposes: Mapping[str, Mapping[int, Purpose]],
) -> dict[str, dict[int, Purpose]]:
    """Return purposes of inputs, by operator and position, with the scales and zero points."""
    return {
        operator: {
            **dict.fromkeys(_PLACES.get(operator, ()), _SCALE),
            **purposes.get(operator, {}),
        }
        for operator in {**purposes, **_PLACES}
    }
