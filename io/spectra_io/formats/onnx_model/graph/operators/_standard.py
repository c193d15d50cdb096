"""Operators of ONNX itself and of ai.onnx.ml: what each does with its constant inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._attributes import (
    classifier,
    regressor,
    vector_classifier,
    vector_regressor,
)
from spectra_io.formats.onnx_model.graph.operators._cells import gates
from spectra_io.formats.onnx_model.graph.operators._integers import integers, scaled, unknown_scale
from spectra_io.formats.onnx_model.graph.operators._kernels import kernel, transposed_kernel
from spectra_io.formats.onnx_model.graph.operators._parts import Purpose
from spectra_io.formats.onnx_model.graph.operators._products import (
    einsum,
    gemm,
    gemm_left,
    left_factor,
    right_factor,
)
from spectra_io.formats.onnx_model.graph.operators._tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONV", "DENSE", "GEMM", "MACHINE_LEARNING", "STANDARD"]

_NORM, _BIAS = Purpose("norm"), Purpose("bias")
_CELL = {1: Purpose("recurrent", gates), 2: Purpose("recurrent", gates), 3: _BIAS}

DENSE: Mapping[int, Purpose] = {
    0: Purpose("dense", left_factor),
    1: Purpose("dense", right_factor),
}
"""Inputs of MatMul and its kin."""

GEMM: Mapping[int, Purpose] = {
    0: Purpose("dense", gemm_left),
    1: Purpose("dense", gemm),
    2: _BIAS,
}
"""Inputs of Gemm and its kin."""

CONV: Mapping[int, Purpose] = {1: Purpose("conv", kernel), 2: _BIAS}
"""Inputs of Conv and its kin."""

STANDARD: Mapping[str, Mapping[int, Purpose]] = {
    "Gemm": GEMM,
    "MatMul": DENSE,
    "Einsum": {0: Purpose("dense", einsum), 1: Purpose("dense", einsum)},
    "Conv": CONV,
    "ConvTranspose": {1: Purpose("conv", transposed_kernel), 2: _BIAS},
    "DeformConv": {1: Purpose("conv", kernel), 3: _BIAS},
    "CausalConvWithState": CONV,
    "Gather": {0: Purpose("embedding", table)},
    "LSTM": {**_CELL, 7: _BIAS},
    "GRU": _CELL,
    "RNN": _CELL,
    "BatchNormalization": dict.fromkeys(range(1, 5), _NORM),
    "InstanceNormalization": dict.fromkeys((1, 2), _NORM),
    "LayerNormalization": dict.fromkeys((1, 2), _NORM),
    "GroupNormalization": dict.fromkeys((1, 2), _NORM),
    "RMSNormalization": {1: _NORM},
    "DequantizeLinear": {0: Purpose("quantized", unknown_scale)},
    "QLinearConv": {3: Purpose("conv", scaled(kernel, 4, 5, 0)), 8: _BIAS},
    "QLinearMatMul": {
        0: Purpose("dense", scaled(left_factor, 1, 2, -2)),
        3: Purpose("dense", scaled(right_factor, 4, 5, -1)),
    },
    "ConvInteger": {1: Purpose("conv", integers(kernel, 1, 3, 0))},
    "MatMulInteger": {
        0: Purpose("dense", integers(left_factor, 0, 2, -2)),
        1: Purpose("dense", integers(right_factor, 1, 3, -1)),
    },
}
"""Purposes of inputs of the operators of ONNX, by operator and position."""

MACHINE_LEARNING: Mapping[str, Mapping[int, Purpose]] = {
    "LinearRegressor": {1: Purpose("dense", regressor), 2: _BIAS},
    "LinearClassifier": {1: Purpose("dense", classifier), 2: _BIAS},
    "SVMRegressor": dict.fromkeys((1, 3), Purpose("dense", vector_regressor)) | {2: _BIAS},
    "SVMClassifier": dict.fromkeys((1, 3), Purpose("dense", vector_classifier)) | {2: _BIAS},
}
"""Purposes of attributes of the operators of ai.onnx.ml, which count as inputs."""
